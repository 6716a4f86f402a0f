/* softmax.h - positive numbers that sum to one, from any numbers, row by row.
 *
 * Source     document 001, class Softmax; 002, class SoftMax; 004, y = exp(x) / sum(exp(x)).
 *
 * Shapes     x, dx, y, dy  (N, len); every row by itself
 *
 * forward    y[j] = exp(x[j] - m) / sum_k exp(x[k] - m),  m = max_k x[k]
 * backward   dx[j] = y[j] (dy[j] - sum_k y[k] dy[k])         from y, the forward's output
 *
 * Needs      N, len >= 1; outputs overlap nothing; any alignment.
 * Fails      never.
 * Special    A NaN or +inf in a row, or a row of -inf only, makes the row NaN. An element of -inf
 *            among finite ones gives 0.
 * Error      |fast - ref| <= c(n) u S + u |ref| + n 2^-149
 *            forward   n = len + 6 roundings, S = y[j] (1 + |x[j] - m| + sum_k y[k] |x[k] - m|)
 *            backward  n = len + 3 roundings, S = y[j] (|dy[j]| + sum_k |y[k] dy[k]|)
 */
#ifndef REF_SOFTMAX_H
#define REF_SOFTMAX_H

#include "ref/layers.h"

struct softmax_shape {
    int n, len;
};

#define softmax_kernels(real)                                                                      \
    void (*forward)(const struct softmax_shape *s, const real *x, real *y);                        \
    void (*backward)(const struct softmax_shape *s, const real *y, const real *dy, real *dx);

LAYER(softmax)

#endif
