/* shrink.h - a case that fails, made as small as it can be and still fail.
 *
 * One key after the other: a size becomes the least of its range or, where that does not fail,
 * comes closer to it by half of the way, a quarter, ... one; a choice becomes its first. Over
 * again, until none of these steps fails any more or SHRINK_TRIALS have been made, each about as
 * long as the first at most. The way is always the same.
 */
#ifndef HARNESS_SHRINK_H
#define HARNESS_SHRINK_H

#include "harness/check.h"

enum { SHRINK_TRIALS = 500 };

/* Whether a shape that meets the contract's needs fails too. */
typedef bool still_fails(void *context, const void *shape);

/* Makes `shape`, which fails, smaller in place; the last call of `fails` that was true was for what
 * it leaves. Returns how often it asked. */
int shrink(const struct check *c, void *shape, still_fails *fails, void *context);

#endif
