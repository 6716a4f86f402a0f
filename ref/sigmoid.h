/* sigmoid.h - the logistic function, element by element.
 *
 * Source     document 000, "Sigmoid Activation"; 003, class Sigmoid.
 *
 * Shapes     x, dx, y, dy  (len)
 *
 * forward    y = 1 / (1 + exp(-x))
 * backward   dx = dy y (1 - y), with 1 - y computed as 1 / (1 + exp(x)), which does not cancel
 *
 * Needs      len >= 1; outputs overlap nothing; any alignment.
 * Fails      never.
 * Special    NaN gives NaN; -inf gives 0 and +inf gives 1, both with derivative 0. An infinite dy
 *            gives NaN where the derivative is 0 as a real.
 * Error      forward: less than one unit in the last place, on all 2^32 floats.
 *            backward: |fast - ref| <= c(n) u S + u |ref| + n 2^-149 with n = 7 roundings,
 *            S = |dx| + 2^-125 |dy|.
 */
#ifndef REF_SIGMOID_H
#define REF_SIGMOID_H

#include "ref/layers.h"

struct sigmoid_shape {
    int len;
};

#define sigmoid_kernels(real)                                                                      \
    void (*forward)(const struct sigmoid_shape *s, const real *x, real *y);                        \
    void (*backward)(const struct sigmoid_shape *s, const real *x, const real *dy, real *dx);

LAYER(sigmoid)

#endif
