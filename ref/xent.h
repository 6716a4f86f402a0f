/* xent.h - softmax and cross-entropy in one stable step, the mean over the rows.
 *
 * Source     document 001, class Softmax followed by log_loss (for two classes the same function);
 *            002, softmax followed by -log(out[label]); 004, dLdx.
 *
 * Shapes     z, t, dz  (N, len)     logits, and targets: every row of t sums to one, mostly one-hot
 *            loss      one number
 *
 * forward    loss = (1 / N) sum_n sum_j t[n][j] (log sum_k exp(z[n][k] - m) - (z[n][j] - m)),
 *            m = max_k z[n][k]; a term whose t is 0 is 0
 * backward   dz[n][j] = (softmax(z[n])[j] - t[n][j]) / N
 *
 * Needs      N, len >= 1; rows of t sum to one; outputs overlap nothing; any alignment.
 * Fails      never.
 * Special    A NaN or +inf in a row, or a row of -inf only, gives NaN.
 * Error      |fast - ref| <= c(n) u S + u |ref| + n 2^-149, with y the softmax and
 *            D = 1 + sum_k y[k] |z[k] - m| of a row:
 *            loss  n = N len + 8, S = (1 / N) sum t[j] (D + log sum_k exp(z[k] - m) + |z[j] - m|)
 *            dz    n = len + 7, S = (y[j] (D + |z[j] - m|) + |t[j]|) / N
 */
#ifndef REF_XENT_H
#define REF_XENT_H

#include "ref/layers.h"

struct xent_shape {
    int n, len;
};

#define xent_kernels(real)                                                                         \
    void (*forward)(const struct xent_shape *s, const real *z, const real *t, real *loss);         \
    void (*backward)(const struct xent_shape *s, const real *z, const real *t, real *dz);

LAYER(xent)

#endif
