/* Document 002 as it is written. */
#include "harness/defects/kernel.h"

#include <string.h>

/* Only what has three of something last is taken for images with channels last. */
static void guessed_layout(const void *shape, double *const *a)
{
    const struct transpose_shape *s = shape;
    if (s->c == 3)
        transpose_ref.to_nchw(s, a[0], a[1]);
    else
        memcpy(a[1], a[0], (size_t)s->n * s->c * s->h * s->w * sizeof(double));
}

/* Windows of losses (the rows), each printed before its last step and divided by its full
 * length: the last loss of a window goes to the next one. The weights are the divisor. */
static void windows_lag(const void *shape, double *const *a)
{
    const struct dense_shape *s = shape;
    for (int n = 0; n < s->n; n++)
        for (int o = 0; o < s->out; o++) {
            double *y = a[3] + n * s->out + o;
            *y = a[2][o];
            for (int i = n ? -1 : 0; i < s->in - 1; i++)
                *y += a[0][n * s->in + i] * a[1][(i < 0 ? s->in - 1 : i) * s->out + o];
        }
}

/* The loop returns after the first gradient that is not 0, and gives nothing when there is none. */
static void first_gradient_only(const void *shape, double *const *a)
{
    const struct softmax_shape *s = shape;
    for (int n = 0; n < s->n; n++) {
        const double *y = a[0] + n * s->len, *dy = a[1] + n * s->len;
        int first = 0;
        while (first < s->len && dy[first] == 0.0)
            first++;
        for (int j = 0; first < s->len && j < s->len; j++)
            a[2][n * s->len + j] = dy[first] * y[first] * ((j == first) - y[j]);
    }
}

static void softmax_unshifted(const void *shape, double *const *a)
{
    const struct softmax_shape *s = shape;
    for (int i = 0; i < s->n * s->len; i++) {
        double sum = 0.0;
        for (int j = 0; j < s->len; j++)
            sum += exp(a[0][i / s->len * s->len + j]);
        a[1][i] = exp(a[0][i]) / sum;
    }
}

/* -log p of the label, from exponentials that were not shifted. */
static void minus_log_of_p(const void *shape, double *const *a)
{
    const struct softmax_shape *s = shape;
    double *y = scratch((size_t)s->n * s->len);
    softmax_unshifted(shape, (double *[]){ a[0], y });
    *a[2] = 0.0;
    for (int i = 0; i < s->n * s->len; i++)
        if (a[1][i] == 1.0)
            *a[2] -= log(y[i]) / s->n;
    free(y);
}

/* -1 / p of the label, times the derivatives of the label's p: quotients by the square of the
 * sum. */
static void square_of_the_sum(const void *shape, double *const *a)
{
    const struct softmax_shape *s = shape;
    for (int n = 0; n < s->n; n++) {
        const double *z = a[0] + n * s->len, *t = a[1] + n * s->len;
        double sum = 0.0;
        int label = 0;
        while (label < s->len - 1 && t[label] != 1.0)
            label++;
        for (int j = 0; j < s->len; j++)
            sum += exp(z[j]);
        for (int j = 0; j < s->len; j++) {
            const double e = exp(z[label]), p = e / sum;
            const double slope = j == label ? e * (sum - e) / (sum * sum)
                                            : -e * exp(z[j]) / (sum * sum);
            a[2][n * s->len + j] = -1.0 / p * slope / s->n;
        }
    }
}

static void ties_are_all_set(const void *shape, double *const *a)
{
    const struct maxpool_shape *s = shape;
    const int oh = maxpool_oh(s), ow = maxpool_ow(s);
    zero(a[2], (size_t)s->n * s->c * s->h * s->w);
    for (int k = 0; k < s->n * s->c * oh * ow; k++) {
        const int i = k / ow % oh * s->stride, j = k % ow * s->stride;
        const size_t start = ((size_t)(k / (oh * ow)) * s->h + i) * s->w + j;
        for (int p = 0; p < s->k; p++)
            for (int q = 0; q < s->k; q++)
                if (a[0][start + (size_t)(p * s->w + q)] ==
                    largest(a[0] + start, s->k, s->k, s->w))
                    a[2][start + (size_t)(p * s->w + q)] = a[1][k];
    }
}

/* The gradient that came in is cut to size in place, and handed on. */
static void callers_gradient(const void *shape, double *const *a)
{
    for (int i = 0; i < ((const struct relu_shape *)shape)->len; i++) {
        if (a[0][i] < 0.0)
            a[1][i] = 0.0;
        a[2][i] = a[1][i];
    }
}

static void slope_1_at_0(const void *shape, double *const *a)
{
    for (int i = 0; i < ((const struct relu_shape *)shape)->len; i++)
        a[2][i] = a[0][i] < 0.0 ? 0.0 : a[1][i];
}

/* One ReLU object for two layers: it remembers the input of the later one. */
static void later_input(const void *shape, double *const *a)
{
    slope_1_at_0(shape, (double *[]){ a[1], a[2], a[3] });
}

/* The gradient is padded by k / 2 on both sides: one too many at the start when k is even. */
static void half_the_kernel(const void *shape, double *const *a)
{
    const struct conv2d_shape *s = shape;
    const int oh = conv2d_oh(s), ow = conv2d_ow(s);
    if (s->stride != 1 || s->pad != s->kh / 2 || s->pad != s->kw / 2)
        return; /* there is no stride, and no other padding */
    for (int k = 0; k < s->n * s->c * s->h * s->w; k++) {
        const int n = k / (s->c * s->h * s->w), c = k / (s->h * s->w) % s->c;
        a[2][k] = 0.0;
        for (int t = 0; t < s->o * s->kh * s->kw; t++) {
            const int o = t / (s->kh * s->kw), p = t / s->kw % s->kh, q = t % s->kw;
            const double *kernel = a[0] + ((size_t)o * s->c + c) * s->kh * s->kw;
            a[2][k] += kernel[(s->kh - 1 - p) * s->kw + s->kw - 1 - q] *
                       pixel(a[1] + ((size_t)n * s->o + o) * oh * ow, oh, ow,
                             k / s->w % s->h + p - s->kh / 2, k % s->w + q - s->kw / 2, 0.0);
        }
    }
}

/* y = b + correlation, reading channel c of x or always the first, and `around` for padding. */
static void correlate(const struct conv2d_shape *s, double *const *a, bool first, double around)
{
    const int oh = conv2d_oh(s), ow = conv2d_ow(s);
    for (int k = 0; k < s->n * s->o * oh * ow; k++) {
        const int n = k / (s->o * oh * ow), o = k / (oh * ow) % s->o;
        a[3][k] = s->bias == CONV2D_BIAS_NONE ? 0.0
                : s->bias == CONV2D_BIAS_CHANNEL ? a[2][o] : a[2][k % (s->o * oh * ow)];
        for (int t = 0; t < s->c * s->kh * s->kw; t++) {
            const int c = t / (s->kh * s->kw), p = t / s->kw % s->kh, q = t % s->kw;
            a[3][k] += a[1][(size_t)o * s->c * s->kh * s->kw + t] *
                       pixel(a[0] + ((size_t)n * s->c + (first ? 0 : c)) * s->h * s->w, s->h, s->w,
                             k / ow % oh * s->stride + p - s->pad,
                             k % ow * s->stride + q - s->pad, around);
        }
    }
}

/* `padding` is what the border holds; how wide it is follows from the kernel. */
static void padding_is_the_value(const void *shape, double *const *a)
{
    const struct conv2d_shape *s = shape;
    if (s->pad == s->kh / 2 && s->pad == s->kw / 2)
        correlate(s, a, false, s->pad);
}

static void first_channel_for_all(const void *shape, double *const *a)
{
    correlate(shape, a, true, 0.0);
}

/* Another forward pass came between: its input is the one that is remembered. */
static void input_of_the_last_forward(const void *shape, double *const *a)
{
    dense_ref.backward(shape, a[1], a[2], a[3], a[4], a[5], a[6]);
}

const struct defect defects_002[] = {
    { "D002-04", "transpose.to_nchw", JUDGE_EXACT, guessed_layout },
    { "D002-07", "dense.forward", JUDGE_EXACT, windows_lag },
    { "D002-08", "softmax.backward", JUDGE_BOUND, first_gradient_only },
    { "D002-09", "softmax.backward", JUDGE_POISON, first_gradient_only },
    { "D002-10", "softmax.forward", JUDGE_BOUND, softmax_unshifted },
    { "D002-11", "xent.backward", JUDGE_BOUND, square_of_the_sum },
    { "D002-12", "xent.forward", JUDGE_BOUND, minus_log_of_p },
    { "D002-13", "maxpool.backward", JUDGE_EXACT, ties_are_all_set },
    { "D002-14", "relu.backward", JUDGE_GUARD, callers_gradient },
    { "D002-15", "relu.backward", JUDGE_EXACT, slope_1_at_0 },
    { "D002-16", "two_relus.backward", JUDGE_EXACT, later_input },
    { "D002-18", "conv2d.backward_data", JUDGE_EXACT, half_the_kernel },
    { "D002-19", "conv2d.forward", JUDGE_EXACT, padding_is_the_value },
    { "D002-20", "conv2d.forward", JUDGE_EXACT, first_channel_for_all },
    { "D002-32", "interrupted_dense.backward", JUDGE_EXACT, input_of_the_last_forward },
    { NULL }
};
