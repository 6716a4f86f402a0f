/* sgd.h - one step of stochastic gradient descent.
 *
 * Source     all five documents: parameter -= learning rate * gradient.
 *
 * Shapes     w, dw, updated  (len)
 *
 * step       updated = w - lr dw
 *
 * Needs      len >= 1; lr 0 or a normal float; `updated` may be w itself and overlaps nothing
 *            else; any alignment.
 * Fails      never.
 * Special    NaN and infinities propagate as the formula says.
 * Error      |fast - ref| <= c(n) u S + u |ref| + n 2^-149 with n = 2 terms, S = |w| + |lr dw|; lr
 *            is rounded to float.
 */
#ifndef REF_SGD_H
#define REF_SGD_H

#include "ref/layers.h"

struct sgd_shape {
    int len;
    double lr;
};

#define sgd_kernels(real)                                                                          \
    void (*step)(const struct sgd_shape *s, const real *w, const real *dw, real *updated);

LAYER(sgd)

#endif
