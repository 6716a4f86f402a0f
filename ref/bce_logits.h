/* bce_logits.h - sigmoid and binary cross-entropy in one stable step, the mean over all elements.
 *
 * Source     document 003, class Sigmoid followed by binary_cross_entropy: the same function,
 *            without the 0 / 0 of a saturated sigmoid.
 *
 * Shapes     z, t, dz  (N, len)     logits, and targets in [0, 1]
 *            loss      one number
 *
 * forward    loss = (1 / (N len)) sum max(z, 0) - z t + log(1 + exp(-|z|))
 * backward   dz = (sigmoid(z) - t) / (N len)
 *
 * Needs      N, len >= 1; outputs overlap nothing; any alignment.
 * Fails      never.
 * Special    NaN gives NaN; an infinite logit gives an infinite loss or, where the formula meets
 *            inf - inf or inf * 0, NaN.
 * Error      |fast - ref| <= c(n) u S + u |ref| + n 2^-149
 *            loss  n = N len + 8, S the sum of the absolute values of the three terms of every
 *                  element, divided by N len
 *            dz    n = 5, S = (sigmoid(z) + |t|) / (N len)
 */
#ifndef REF_BCE_LOGITS_H
#define REF_BCE_LOGITS_H

#include "ref/layers.h"

struct bce_logits_shape {
    int n, len;
};

#define bce_logits_kernels(real)                                                                   \
    void (*forward)(const struct bce_logits_shape *s, const real *z, const real *t, real *loss);   \
    void (*backward)(const struct bce_logits_shape *s, const real *z, const real *t, real *dz);

LAYER(bce_logits)

#endif
