/* bce.h - binary cross-entropy of probabilities, the mean over all elements.
 *
 * Source     document 000, "Binary Cross-Entropy Loss" (eps 1e-15); 001, log_loss, and 003,
 *            binary_cross_entropy (both without a clip: eps 0).
 *
 * Shapes     p, t, dp  (N, len)     probabilities and targets, both in [0, 1]
 *            loss      one number
 *
 * forward    loss = -(1 / (N len)) sum t log(max(p, eps)) + (1 - t) log(max(1 - p, eps))
 * backward   dp = ((1 - t) [1 - p >= eps] / (1 - p) - t [p >= eps] / p) / (N len)
 *
 * Needs      N, len >= 1; eps 0 or in [2^-149, 1/2]; every t 0, or at least 2^-100; outputs overlap
 *            nothing; any alignment.
 * Fails      never.
 * Special    With eps 0 and p exactly 0 or 1 both give NaN or infinity, even where the prediction
 *            is perfect: 0 log 0 and 0 / 0. That is the documents' formula, and the reason why
 *            training uses bce_logits and xent. Each side rounds eps to its own precision: a p
 *            between eps and its rounding may be clipped by one side only.
 * Error      |fast - ref| <= c(n) u S + u |ref| + n 2^-149
 *            loss  n = N len + 8, S the sum of t (1 + |log max(p, eps)|) and
 *                  (1 - t) (1 + |log max(1 - p, eps)|), divided by N len
 *            dp    n = 7, S the sum of the absolute values of its two quotients over N len
 */
#ifndef REF_BCE_H
#define REF_BCE_H

#include "ref/layers.h"

struct bce_shape {
    int n, len;
    double eps;
};

#define bce_kernels(real)                                                                          \
    void (*forward)(const struct bce_shape *s, const real *p, const real *t, real *loss);          \
    void (*backward)(const struct bce_shape *s, const real *p, const real *t, real *dp);

LAYER(bce)

#endif
