/* elementary.h - exp, log and log(1 + x) of arrays: not layers, but what layers are made of.
 *
 * They stand here so that all floats can be tried on them: softmax and the losses reach only some.
 *
 * Source     none of the documents; the C library says what they mean.
 *
 * Shapes     x, y  (len)
 *
 * exp        y = e^x
 * log        y = ln x
 * log1p      y = ln(1 + x)
 *
 * Needs      len >= 1; outputs overlap nothing; any alignment; log1p: x in [0, 1] or NaN.
 * Fails      never.
 * Special    exp(-inf) = 0, exp(inf) = inf; log(+-0) = -inf, log(x < 0) = NaN, log(inf) = inf; NaN
 *            gives NaN.
 * Error      1 ulp on all floats; worst seen in fast/vmath.h.
 */
#ifndef REF_ELEMENTARY_H
#define REF_ELEMENTARY_H

#include "ref/layers.h"

struct elementary_shape {
    int len;
};

#define elementary_kernels(real)                                                                   \
    void (*exp)(const struct elementary_shape *s, const real *x, real *y);                         \
    void (*log)(const struct elementary_shape *s, const real *x, real *y);                         \
    void (*log1p)(const struct elementary_shape *s, const real *x, real *y);

LAYER(elementary)

#endif
