/* shadow.h - training as verification: ref beside every kernel call of fast, on the same numbers.
 *
 * Every so many steps the inputs of each kernel call are given to ref as well, and what fast made
 * of them is judged by the bounds of `cnncheck verify`; the worst error of every tensor of every
 * layer - activations, gradients, updated parameters - is kept as a part of its bound.
 */
#ifndef HARNESS_SHADOW_H
#define HARNESS_SHADOW_H

#include "harness/error.h"

struct shadow; /* looks at every `every`-th step, the first included */
struct shadow *shadow_create(int every);
void shadow_destroy(struct shadow *s);

/* Whether the step with this number, from 1, is one to look at: then it wants shadow_trace. */
bool shadow_step(struct shadow *s, long step);

/* A net_trace for a net of fast; `context` is the shadow. */
void shadow_trace(void *context, const char *place, const char *kernel, const void *shape,
                  const void *const *operands);

/* False when any tensor was ever outside its bound: then *e names the first such, and where. The
 * worst error of all, as a part of its bound, is in *headroom. */
bool shadow_held(const struct shadow *s, double *headroom, struct error *e);

/* Prints a table of all tensors; false as shadow_held. */
bool shadow_report(const struct shadow *s);

#endif
