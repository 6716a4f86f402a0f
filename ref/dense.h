/* dense.h - the fully connected layer, y = x W + b.
 *
 * Source     document 000, "Affine Layer"; 001, class Dense; 002, class SoftMax; 003, class Dense;
 *            004, w (there shaped like the feature map: the same numbers in the same order).
 *
 * Shapes     row-major, N examples at a time:
 *     x, dx  (N, I)     activations in, and the gradient of the loss with respect to them
 *     w, dw  (I, O)     weights
 *     b, db  (O)        biases
 *     y, dy  (N, O)     activations out
 *
 * forward    y[n][o] = b[o] + sum_i x[n][i] w[i][o]
 * backward   dx[n][i] = sum_o dy[n][o] w[i][o]          dx may be NULL: not wanted
 *            dw[i][o] = sum_n x[n][i] dy[n][o]
 *            db[o]    = sum_n dy[n][o]
 *
 * Needs      N, I, O >= 1; outputs overlap nothing; any alignment.
 * Fails      never.
 * Special    NaN and infinities propagate as the formulas say.
 * Error      |fast - ref| <= c(n) u S + u |ref| + n 2^-149, S the sum of the absolute values of the
 *            n terms: I + 1 for y, O for dx, N for dw and db.
 */
#ifndef REF_DENSE_H
#define REF_DENSE_H

#include "ref/layers.h"

struct dense_shape {
    int n, in, out;
};

#define dense_kernels(real)                                                                        \
    void (*forward)(const struct dense_shape *s, const real *x, const real *w, const real *b,      \
                    real *y);                                                                      \
    void (*backward)(const struct dense_shape *s, const real *x, const real *w, const real *dy,    \
                     real *dx, real *dw, real *db);

LAYER(dense)

#endif
