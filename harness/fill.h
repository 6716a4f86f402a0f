/* fill.h - what the inputs of a case hold. Everything drawn is exact in float, whatever its
 * type. */
#ifndef HARNESS_FILL_H
#define HARNESS_FILL_H

#include "harness/check.h"

/* Integers of absolute value at most `largest`, and zeros of either sign. */
void fill_integers(struct rng *r, double *x, size_t count, int largest);

/* What an element may be beside a number, ended by 0: NaN, and an infinity where no row has to sum
 * to one. */
const double *fill_specials(enum fill fill);

/* Reals as the operand's description asks for; `row` is its last dimension. */
void fill_reals(struct rng *r, enum fill fill, double *x, size_t count, int row);

#endif
