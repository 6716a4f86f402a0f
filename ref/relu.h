/* relu.h - the rectifier, element by element.
 *
 * Source     document 000, "ReLU Activation"; 001 and 002, class ReLU; 004, prose.
 *
 * Shapes     x, dx, y, dy  (len)
 *
 * forward    y = 0 where x <= 0, else x
 * backward   dx = 0 where x <= 0, else dy
 *
 * Needs      len >= 1; y may be x itself and dx dy, otherwise outputs overlap nothing; any
 *            alignment. backward does the same with y in the place of x.
 * Fails      never.
 * Special    relu(NaN) is NaN, and a NaN in x lets dy pass; the derivative at 0 is 0; -0 gives +0,
 *            as np.maximum(0, x) does.
 * Error      none: the same value, on all 2^32 floats.
 */
#ifndef REF_RELU_H
#define REF_RELU_H

#include "ref/layers.h"

struct relu_shape {
    int len;
};

#define relu_kernels(real)                                                                         \
    void (*forward)(const struct relu_shape *s, const real *x, real *y);                           \
    void (*backward)(const struct relu_shape *s, const real *x, const real *dy, real *dx);

LAYER(relu)

#endif
