/* exhaust.h - functions of one float, tried on all of them at every set.
 *
 * Where a function has other inputs, they hold ones. Each value is held against ref, which computes
 * in double: within one unit in the last place of float, or exactly where the check says so; at
 * zeros and infinities it is ref rounded; from one float to the next it goes the way that the true
 * function goes; and all sets give the bits of scalar.
 *
 * Double is precise enough to judge that. Its exp, log, log1p, tanh and cosh err by 2 units in its
 * last place at most (so the manual of the GNU C library), and what ref makes of them in a few
 * operations by less than 2^-50 of its value. A unit in the last place of float is 2^-24 of the
 * value and more, so that the errors measured here are off by 2^-26 of a unit: a verdict could only
 * be wrong for one between 1 - 2^-26 and 1 + 2^-26, and the worst, 0.964, is far from there.
 */
#ifndef HARNESS_EXHAUST_H
#define HARNESS_EXHAUST_H

#include "harness/check.h"

/* How a function goes as x goes from 0 to infinity, and from -0 to minus infinity: up (1), down
 * (-1), staying where it is being neither, or nothing is asked (0). */
struct subject {
    const char *name;   /* layer.function */
    int right, left;
    uint32_t last;      /* the bits of the last x: what comes after is not asked of it; 0: all */
    double slack;       /* of the bound, beside the unit in the last place */
};

extern const struct subject subjects[]; /* ended by a NULL name */

/* exp, log and log1p, which are no layer's. */
extern const struct check elementary_check;

#endif
