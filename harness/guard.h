/* guard.h - calling a kernel where it can do no harm unseen.
 *
 * Every buffer of a call lies between two unmapped pages, tight against the one before it or
 * against the one behind it. Inputs are read-only. Outputs hold signalling NaNs, and what is left
 * of a page around them a pattern that must survive. The floating-point environment (rounding,
 * flush-to-zero, masks; not the flags) must come back as it was. A kernel that faults or calls
 * abort() comes back, too.
 *
 * One thread uses one guard; several threads may use several guards at once.
 */
#ifndef HARNESS_GUARD_H
#define HARNESS_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GUARD_BUFFERS = 10, GUARD_MESSAGE = 160 };

/* Where a buffer lies: its first byte on the first of a page, or its last on the last of one. */
enum placement { PLACE_START, PLACE_END, PLACEMENTS };
extern const char *const placement_name[PLACEMENTS];

struct guard;
struct guard *guard_create(void);
void guard_destroy(struct guard *g);

/* How far from the unmapped pages the buffers placed from now on lie; at first 0. The pattern is
 * between, so that a kernel meets every alignment of 4 bytes where nothing is its own. */
void guard_keep_apart(struct guard *g, int floats);

/* Lays out buffer `slot` anew: `count` floats, copied from `data` and read-only, or, with data
 * NULL, writable and poisoned. `name` is what messages call it. Stops the program when memory runs
 * out. */
float *guard_place(struct guard *g, int slot, const char *name, const float *data, size_t count,
                   enum placement where);

/* Makes an input writable, since an output lies over it; where it is. */
float *guard_share(struct guard *g, int slot);

/* Calls call(context) and looks for everything above; true when all was well, otherwise `message`
 * says what was not. The buffers may be read until they are placed again. */
bool guard_call(struct guard *g, void (*call)(void *context), void *context,
                char message[GUARD_MESSAGE]);

/* The floating-point exceptions, of <fenv.h>, that the last call raised. */
int guard_raised(const struct guard *g);

/* The poison: a signalling NaN that no computation gives. */
bool guard_is_poison(float x);

#endif
