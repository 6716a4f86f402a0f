/* maxpool.h - the maximum of every k x k window, window and stride independent.
 *
 * Source     document 000, "Max Pooling"; 001, class MaxPool (windows overlap: k 2, stride 1);
 *            002, class MaxPool.
 *
 * Shapes     row-major:
 *     x, dx  (N, C, H, W)       OH = (H - k) / stride + 1, rounded down; OW likewise
 *     y, dy  (N, C, OH, OW)
 *
 * forward    y[n][c][i][j] = max_{p,q < k} x[n][c][i stride + p][j stride + q]
 * backward   dx = the sum of dy over the windows of which that element of x is the maximum
 *
 * Needs      every size >= 1, k <= H, k <= W, k W <= 2^24; outputs overlap nothing; any alignment.
 * Fails      never.
 * Special    Of equal maxima the first in row-major order takes the whole gradient; -0 equals +0.
 *            A NaN is greater than every number, and the first NaN is the maximum. Rows and columns
 *            that no window reaches get a gradient of 0.
 * Error      forward: none, the same value. backward: |fast - ref| <= c(n) u S + u |ref| +
 *            n 2^-149, S the sum of |dy| over the windows that chose the element, n = k^2.
 */
#ifndef REF_MAXPOOL_H
#define REF_MAXPOOL_H

#include "ref/layers.h"

struct maxpool_shape {
    int n, c, h, w, k, stride;
};

static inline int maxpool_oh(const struct maxpool_shape *s)
{
    return (s->h - s->k) / s->stride + 1;
}

static inline int maxpool_ow(const struct maxpool_shape *s)
{
    return (s->w - s->k) / s->stride + 1;
}

#define maxpool_kernels(real)                                                                      \
    void (*forward)(const struct maxpool_shape *s, const real *x, real *y);                        \
    void (*backward)(const struct maxpool_shape *s, const real *x, const real *dy, real *dx);

LAYER(maxpool)

#endif
