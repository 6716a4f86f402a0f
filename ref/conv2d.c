#include "ref/conv2d.h"

/* Element (i, j) of an h x w plane, and the 0 that surrounds it. */
static double at(const double *plane, int h, int w, int i, int j)
{
    return i < 0 || i >= h || j < 0 || j >= w ? 0.0 : plane[(size_t)i * w + j];
}

static void forward(const struct conv2d_shape *s, const double *x, const double *w,
                    const double *b, double *y, double *work)
{
    (void)work;
    const int oh = conv2d_oh(s), ow = conv2d_ow(s);
    for (int n = 0; n < s->n; n++)
        for (int o = 0; o < s->o; o++)
            for (int i = 0; i < oh; i++)
                for (int j = 0; j < ow; j++) {
                    double sum = 0.0;
                    if (s->bias == CONV2D_BIAS_CHANNEL)
                        sum = b[o];
                    if (s->bias == CONV2D_BIAS_POSITION)
                        sum = b[((size_t)o * oh + i) * ow + j];
                    for (int c = 0; c < s->c; c++) {
                        const double *image = x + ((size_t)n * s->c + c) * s->h * s->w;
                        const double *kernel = w + ((size_t)o * s->c + c) * s->kh * s->kw;
                        for (int p = 0; p < s->kh; p++)
                            for (int q = 0; q < s->kw; q++)
                                sum += kernel[p * s->kw + q] *
                                       at(image, s->h, s->w, i * s->stride + p - s->pad,
                                          j * s->stride + q - s->pad);
                    }
                    y[(((size_t)n * s->o + o) * oh + i) * ow + j] = sum;
                }
}

/* y[i] took x[i stride + p - pad] with weight p: so x[i] takes back dy[(i + pad - p) / stride], for
 * p = (i + pad) mod stride and every stride-th after it, while dy is walked backwards. */
static void backward_data(const struct conv2d_shape *s, const double *w, const double *dy,
                          double *dx, double *work)
{
    (void)work;
    const int oh = conv2d_oh(s), ow = conv2d_ow(s), st = s->stride;
    for (int n = 0; n < s->n; n++)
        for (int c = 0; c < s->c; c++)
            for (int i = 0; i < s->h; i++)
                for (int j = 0; j < s->w; j++) {
                    double sum = 0.0;
                    for (int o = 0; o < s->o; o++) {
                        const double *grad = dy + ((size_t)n * s->o + o) * oh * ow;
                        const double *kernel = w + ((size_t)o * s->c + c) * s->kh * s->kw;
                        int a = (i + s->pad) / st;
                        for (int p = (i + s->pad) % st; p < s->kh; p += st, a--) {
                            int e = (j + s->pad) / st;
                            for (int q = (j + s->pad) % st; q < s->kw; q += st, e--)
                                sum += kernel[p * s->kw + q] * at(grad, oh, ow, a, e);
                        }
                    }
                    dx[(((size_t)n * s->c + c) * s->h + i) * s->w + j] = sum;
                }
}

static void weight_gradient(const struct conv2d_shape *s, const double *x, const double *dy,
                            double *dw)
{
    const int oh = conv2d_oh(s), ow = conv2d_ow(s);
    for (int o = 0; o < s->o; o++)
        for (int c = 0; c < s->c; c++)
            for (int p = 0; p < s->kh; p++)
                for (int q = 0; q < s->kw; q++) {
                    double sum = 0.0;
                    for (int n = 0; n < s->n; n++) {
                        const double *image = x + ((size_t)n * s->c + c) * s->h * s->w;
                        const double *grad = dy + ((size_t)n * s->o + o) * oh * ow;
                        for (int i = 0; i < oh; i++)
                            for (int j = 0; j < ow; j++)
                                sum += grad[i * ow + j] *
                                       at(image, s->h, s->w, i * s->stride + p - s->pad,
                                          j * s->stride + q - s->pad);
                    }
                    dw[(((size_t)o * s->c + c) * s->kh + p) * s->kw + q] = sum;
                }
}

static void backward_weights(const struct conv2d_shape *s, const double *x, const double *dy,
                             double *dw, double *db, double *work)
{
    (void)work;
    weight_gradient(s, x, dy, dw);
    if (s->bias == CONV2D_BIAS_NONE)
        return;
    const int plane = conv2d_oh(s) * conv2d_ow(s);
    const int entries = s->bias == CONV2D_BIAS_CHANNEL ? s->o : s->o * plane;
    const int span = s->bias == CONV2D_BIAS_CHANNEL ? plane : 1;
    for (int k = 0; k < entries; k++) {
        double sum = 0.0;
        for (int n = 0; n < s->n; n++)
            for (int i = 0; i < span; i++)
                sum += dy[(size_t)n * s->o * plane + (size_t)k * span + i];
        db[k] = sum;
    }
}

static size_t workspace(const struct conv2d_shape *s)
{
    (void)s;
    return 0;
}

const struct conv2d_double conv2d_ref = { forward, backward_data, backward_weights, workspace };
