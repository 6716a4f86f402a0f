/* Document 001 as it is written; its pooling is in d001_maxpool.c. */
#include "harness/defects/kernel.h"

static void last_channel_only(const void *shape, double *const *a)
{
    const struct conv2d_shape *s = shape;
    const int oh = conv2d_oh(s), ow = conv2d_ow(s), last = s->c - 1;
    if (s->bias != CONV2D_BIAS_POSITION)
        return; /* the document has no other */
    for (int k = 0; k < s->n * s->o * oh * ow; k++) {
        const int n = k / (s->o * oh * ow), o = k / (oh * ow) % s->o, i = k / ow % oh, j = k % ow;
        const double *image = a[0] + ((size_t)n * s->c + last) * s->h * s->w;
        const double *kernel = a[1] + ((size_t)o * s->c + last) * s->kh * s->kw;
        a[3][k] = a[2][k % (s->o * oh * ow)];
        for (int p = 0; p < s->kh; p++)
            for (int q = 0; q < s->kw; q++)
                a[3][k] += kernel[p * s->kw + q] *
                           pixel(image, s->h, s->w, i * s->stride + p - s->pad,
                                 j * s->stride + q - s->pad, 0.0);
    }
}

static void one_sum_for_every_bias(const void *shape, double *const *a)
{
    const struct conv2d_shape *s = shape;
    const int plane = conv2d_oh(s) * conv2d_ow(s);
    const int biases = s->bias == CONV2D_BIAS_CHANNEL ? s->o : s->o * plane;
    double sum = 0.0;
    conv2d_ref.backward_weights(s, a[0], a[1], a[2], a[3], NULL);
    for (int k = 0; k < s->n * s->o * plane; k++)
        sum += a[1][k];
    for (int k = 0; s->bias != CONV2D_BIAS_NONE && k < biases; k++)
        a[3][k] = sum;
}

static double tanh_of_exponentials(double x)
{
    return (exp(x) - exp(-x)) / (exp(x) + exp(-x));
}

static void tanh_quotient(const void *shape, double *const *a)
{
    for (int i = 0; i < ((const struct relu_shape *)shape)->len; i++)
        a[1][i] = tanh_of_exponentials(a[0][i]);
}

static void tanh_quotient_slope(const void *shape, double *const *a)
{
    for (int i = 0; i < ((const struct relu_shape *)shape)->len; i++) {
        const double y = tanh_of_exponentials(a[0][i]);
        a[2][i] = a[1][i] * (1.0 - y * y);
    }
}

static void softmax_row(const double *x, int len, double *y)
{
    double sum = 0.0;
    for (int j = 0; j < len; j++)
        sum += exp(x[j]);
    for (int j = 0; j < len; j++)
        y[j] = exp(x[j]) / sum;
}

static void softmax_unshifted(const void *shape, double *const *a)
{
    const struct softmax_shape *s = shape;
    for (int n = 0; n < s->n; n++)
        softmax_row(a[0] + n * s->len, s->len, a[1] + n * s->len);
}

/* (I - y) * y, of a row where a column was meant, times dy. */
static void softmax_of_a_row(const void *shape, double *const *a)
{
    const struct softmax_shape *s = shape;
    for (int i = 0; i < s->n * s->len; i++) {
        const double *y = a[0] + i / s->len * s->len, *dy = a[1] + i / s->len * s->len;
        a[2][i] = 0.0;
        for (int j = 0; j < s->len; j++)
            a[2][i] += ((i % s->len == j) - y[j]) * y[j] * dy[j];
    }
}

/* Softmax, then the mean of the binary cross-entropies of its outputs; the mean over the rows. */
static void softmax_then_log_loss(const void *shape, double *const *a)
{
    const struct softmax_shape *s = shape;
    double *y = scratch((size_t)s->len);
    *a[2] = 0.0;
    for (int n = 0; n < s->n; n++) {
        const double *t = a[1] + n * s->len;
        softmax_row(a[0] + n * s->len, s->len, y);
        for (int j = 0; j < s->len; j++)
            *a[2] += (-t[j] * log(y[j]) - (1.0 - t[j]) * log(1.0 - y[j])) / s->len / s->n;
    }
    free(y);
}

static void back_through_log_loss_and_softmax(const void *shape, double *const *a)
{
    const struct softmax_shape *s = shape;
    double *y = scratch(2 * (size_t)s->len), *dy = y + s->len;
    const struct softmax_shape row = { 1, s->len };
    for (int n = 0; n < s->n; n++) {
        const double *t = a[1] + n * s->len;
        softmax_row(a[0] + n * s->len, s->len, y);
        for (int j = 0; j < s->len; j++)
            dy[j] = ((1.0 - t[j]) / (1.0 - y[j]) - t[j] / y[j]) / s->len / s->n;
        softmax_ref.backward(&row, y, dy, a[2] + n * s->len);
    }
    free(y);
}

static void nan_is_class_0(const void *shape, double *const *a)
{
    const struct softmax_shape *s = shape;
    int correct = 0;
    for (int n = 0; n < s->n; n++) {
        const double *z = a[0] + n * s->len, *t = a[1] + n * s->len;
        int best = 0;
        for (int j = 1; j < s->len; j++) /* NumPy's argmax: the first NaN is the greatest */
            best = z[j] > z[best] || (isnan(z[j]) && !isnan(z[best])) ? j : best;
        correct += t[best] == 1.0;
    }
    *a[2] = (double)correct / s->n;
}

static void nan_becomes_0(const void *shape, double *const *a)
{
    for (int i = 0; i < ((const struct relu_shape *)shape)->len; i++)
        a[1][i] = a[0][i] > 0.0 ? a[0][i] : 0.0;
}

/* W x is a row, b a column, and their sum out x out: y has room for its first row. */
static void column_of_biases(const void *shape, double *const *a)
{
    const struct dense_shape *s = shape;
    dense_ref.forward(s, a[0], a[1], a[2], a[3]);
    for (int k = 0; k < s->n * s->out; k++)
        a[3][k] += a[2][0] - a[2][k % s->out];
}

const struct defect defects_001[] = {
    { "D001-02", "conv2d.forward", JUDGE_EXACT, last_channel_only },
    { "D001-03", "conv2d.backward_weights", JUDGE_EXACT, one_sum_for_every_bias },
    { "D001-04", "maxpool.backward", JUDGE_EXACT, d001_nothing_comes_back },
    { "D001-05", "maxpool.backward", JUDGE_EXACT, d001_mask_of_the_output },
    { "D001-06", "maxpool.backward", JUDGE_GUARD, d001_stride_twice },
    { "D001-07", "maxpool.backward", JUDGE_GUARD, d001_gradient_at_the_pixel },
    { "D001-08", "maxpool.backward", JUDGE_EXACT, d001_last_window_wins },
    { "D001-09", "maxpool.backward", JUDGE_EXACT, d001_ties_take_all },
    { "D001-10", "maxpool.forward", JUDGE_EXACT, d001_windows_for_2 },
    { "D001-11", "maxpool.backward", JUDGE_EXACT, d001_mask_broadcast },
    { "D001-13", "tanh.forward", JUDGE_BOUND, tanh_quotient },
    { "D001-14", "tanh.backward", JUDGE_BOUND, tanh_quotient_slope },
    { "D001-15", "softmax.forward", JUDGE_BOUND, softmax_unshifted },
    { "D001-16", "softmax.backward", JUDGE_BOUND, softmax_of_a_row },
    { "D001-17", "xent.forward", JUDGE_BOUND, softmax_then_log_loss },
    { "D001-18", "xent.backward", JUDGE_BOUND, back_through_log_loss_and_softmax },
    { "D001-19", "accuracy.forward", JUDGE_EXACT, nan_is_class_0 },
    { "D001-20", "relu.forward", JUDGE_EXACT, nan_becomes_0 },
    { "D001-26", "xent.forward", JUDGE_BOUND, softmax_then_log_loss },
    { "D001-35", "dense.forward", JUDGE_EXACT, column_of_biases },
    { "D001-36", "maxpool.forward", JUDGE_POISON, d001_declared_size },
    { NULL }
};
