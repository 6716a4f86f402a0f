/* transpose.h - the channels of an image last, or first.
 *
 * Source     document 000, whose images and feature maps are (image, row, column, channel); the
 *            others and all other layers here have the channel before row and column.
 *
 * Shapes     row-major, one name of a tensor for the input and one for the output:
 *     to_nchw   x  (N, H, W, C)     y  (N, C, H, W)
 *     to_nhwc   x  (N, C, H, W)     y  (N, H, W, C)
 *
 * to_nchw    y[n][c][i][j] = x[n][i][j][c]
 * to_nhwc    y[n][i][j][c] = x[n][c][i][j]
 *            Each is the other's inverse and its adjoint: the gradient of one is the other of dy.
 *
 * Needs      every size >= 1; outputs overlap nothing; any alignment.
 * Fails      never.
 * Special    All values pass as they are: signed zeros, infinities, a NaN with its payload.
 * Error      none: the same value.
 */
#ifndef REF_TRANSPOSE_H
#define REF_TRANSPOSE_H

#include "ref/layers.h"

struct transpose_shape {
    int n, c, h, w;
};

#define transpose_kernels(real)                                                                    \
    void (*to_nchw)(const struct transpose_shape *s, const real *x, real *y);                      \
    void (*to_nhwc)(const struct transpose_shape *s, const real *x, real *y);

LAYER(transpose)

#endif
