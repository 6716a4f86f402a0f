/* trust.h - whether a case is evidence at all.
 *
 * A kernel that writes zeros, or one number everywhere, must not pass for right because nothing
 * else was expected of it. A case counts as evidence when the expected value, ref's, of every
 * output
 *
 *     is not zero in more than three quarters of its elements, and
 *     is not the same in all of them, where there are eight and more.
 *
 * A function with TRUST_ASKED_FROM cases and more, as the full tier has for every one, is rejected
 * where fewer than TRUSTED_AT_LEAST in a hundred of them are evidence, whatever they say. It is not
 * half of them for the sake of pooling, whose gradient is zero for all but one element of a window:
 * two in five of its cases are evidence. Fewer cases, of a shard or the smoke tier, may come out so
 * by chance.
 */
#ifndef HARNESS_TRUST_H
#define HARNESS_TRUST_H

#include "harness/judge.h"

enum { TRUSTED_AT_LEAST = 25, TRUST_ASKED_FROM = 100 };

bool values_are_evidence(const double *expected, size_t count);

/* After judge_reference. */
bool case_is_evidence(const struct judge *j);

#endif
