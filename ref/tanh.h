/* tanh.h - the hyperbolic tangent, element by element.
 *
 * Source     document 001, class TanH (whose quotient of exponentials ends in NaN beyond 709).
 *
 * Shapes     x, dx, y, dy  (len)
 *
 * forward    y = tanh x
 * backward   dx = dy (1 - y^2), with 1 - y^2 computed as 1 / cosh^2 x, which does not cancel
 *
 * Needs      len >= 1; outputs overlap nothing; any alignment.
 * Fails      never.
 * Special    NaN gives NaN; tanh(+-0) is +-0; tanh(+-inf) is +-1 with derivative 0. An infinite dy
 *            gives NaN where the derivative is 0 as a real.
 * Error      forward: less than one unit in the last place, on all 2^32 floats.
 *            backward: |fast - ref| <= c(n) u S + u |ref| + n 2^-149 with n = 7 roundings,
 *            S = |dx| + 2^-125 |dy|.
 */
#ifndef REF_TANH_H
#define REF_TANH_H

#include "ref/layers.h"

struct tanh_shape {
    int len;
};

#define tanh_kernels(real)                                                                         \
    void (*forward)(const struct tanh_shape *s, const real *x, real *y);                           \
    void (*backward)(const struct tanh_shape *s, const real *x, const real *dy, real *dx);

LAYER(tanh)

#endif
