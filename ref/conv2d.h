/* conv2d.h - two-dimensional convolution, as the field says: correlation, no kernel is flipped.
 *
 * Source     document 000, "Convolution"; 001, class Convolutional; 002, class ConvLayer;
 *            003, class Convolution; 004, kern and kern2.
 *
 * Shapes     NCHW and OIHW, row-major:
 *     x, dx  (N, C, H, W)       OH = (H + 2 pad - KH) / stride + 1, rounded down; OW likewise
 *     w, dw  (O, C, KH, KW)
 *     y, dy  (N, O, OH, OW)
 *     b, db  (O) when bias is CHANNEL; (O, OH, OW) when it is POSITION, as documents 001, 002 and
 *            003 have it; neither read nor written when it is NONE: pass NULL
 *
 * forward           y[n][o][i][j] = b + sum_{c,p,q} w[o][c][p][q] x[n][c][i stride + p - pad]
 *                                                                       [j stride + q - pad]
 * backward_data     dx[n][c][i][j] = sum_{o,p,q} w[o][c][p][q] dy[n][o][(i + pad - p) / stride]
 *                                                                      [(j + pad - q) / stride]
 *                   over those p and q for which neither division leaves a remainder
 * backward_weights  dw[o][c][p][q] = sum_{n,i,j} dy[n][o][i][j] x[n][c][i stride + p - pad]
 *                                                                      [j stride + q - pad]
 *                   db = dy summed over n, and over i and j too when bias is CHANNEL
 *
 *            Outside their bounds x and dy are 0, and that 0 is a factor like any other.
 *
 * Needs      every size and the stride >= 1, pad >= 0, H + 2 pad >= KH, W + 2 pad >= KW; images
 *            that can be packed: with M the larger of C and O, R = H + 2 pad + KH and
 *            L = W + 2 pad + KW, each of M R (L + stride), KW R L and 2 M KH KW L below 2^31;
 *            outputs overlap nothing; any alignment; workspace(shape) reals of scratch.
 * Fails      never: shapes are checked once, when a net is built or a case is read.
 * Special    NaN and infinities propagate as the formulas say: an infinite weight times a zero of
 *            the padding is NaN, as with np.pad.
 * Error      |fast - ref| <= c(n) u S + u |ref| + n 2^-149, S the sum of the absolute values of the
 *            n terms: C KH KW + 1 for y, O KH KW for dx, N OH OW for dw; for db as many as for dw
 *            when bias is CHANNEL, N when it is POSITION.
 */
#ifndef REF_CONV2D_H
#define REF_CONV2D_H

#include "ref/layers.h"

enum conv2d_bias { CONV2D_BIAS_NONE, CONV2D_BIAS_CHANNEL, CONV2D_BIAS_POSITION };

struct conv2d_shape {
    int n, c, h, w, o, kh, kw, stride, pad;
    enum conv2d_bias bias;
};

static inline int conv2d_oh(const struct conv2d_shape *s)
{
    return (s->h + 2 * s->pad - s->kh) / s->stride + 1;
}

static inline int conv2d_ow(const struct conv2d_shape *s)
{
    return (s->w + 2 * s->pad - s->kw) / s->stride + 1;
}

#define conv2d_kernels(real)                                                                       \
    void (*forward)(const struct conv2d_shape *s, const real *x, const real *w, const real *b,     \
                    real *y, real *work);                                                          \
    void (*backward_data)(const struct conv2d_shape *s, const real *w, const real *dy, real *dx,   \
                          real *work);                                                             \
    void (*backward_weights)(const struct conv2d_shape *s, const real *x, const real *dy,          \
                             real *dw, real *db, real *work);                                      \
    size_t (*workspace)(const struct conv2d_shape *s);

LAYER(conv2d)

#endif
