/* Document 000 as it is written. Its tensors are (image, row, column, channel); here they are
 * NCHW. */
#include "harness/defects/kernel.h"

static void bias_is_a_factor(const void *shape, double *const *a)
{
    struct conv2d_shape s = *(const struct conv2d_shape *)shape;
    const size_t plane = (size_t)conv2d_oh(&s) * (size_t)conv2d_ow(&s);
    if (s.bias != CONV2D_BIAS_CHANNEL)
        return; /* the document has no other */
    s.bias = CONV2D_BIAS_NONE;
    conv2d_ref.forward(&s, a[0], a[1], NULL, a[3], NULL);
    for (size_t k = 0; k < (size_t)s.n * (size_t)s.o * plane; k++)
        a[3][k] *= a[2][k / plane % (size_t)s.o];
}

/* y is the product; what comes back is the gradient of a sum. */
static void gradient_of_an_added_bias(const void *shape, double *const *a)
{
    struct conv2d_shape s = *(const struct conv2d_shape *)shape;
    s.bias = CONV2D_BIAS_CHANNEL;
    bias_is_a_factor(&s, (double *[]){ a[0], a[1], a[2], a[4] });
    conv2d_ref.backward_weights(&s, a[0], a[3], a[5], a[6], NULL);
}

/* Adds to dw[to] what every output of rows x cols positions hands back, filter `to` being the
 * row of the position, or its own. */
static void patches(const struct conv2d_shape *s, const double *x, const double *dy, int rows,
                    int cols, bool to_row, double *dw)
{
    const int oh = conv2d_oh(s), ow = conv2d_ow(s), taps = s->c * s->kh * s->kw;
    zero(dw, (size_t)s->o * (size_t)taps);
    for (int n = 0; n < s->n; n++)
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < cols; j++)
                for (int o = 0; o < s->o; o++)
                    for (int t = 0; t < taps; t++) {
                        const int c = t / (s->kh * s->kw), p = t / s->kw % s->kh, q = t % s->kw;
                        const double *image = x + ((size_t)n * s->c + c) * s->h * s->w;
                        dw[(to_row ? i : o) * taps + t] +=
                            dy[(((size_t)n * s->o + o) * oh + i) * ow + j] *
                            pixel(image, s->h, s->w, i * s->stride + p - s->pad,
                                  j * s->stride + q - s->pad, 0.0);
                    }
}

static void filter_is_the_row(const void *shape, double *const *a)
{
    const struct conv2d_shape *s = shape;
    if (conv2d_oh(s) > s->o)
        return; /* IndexError */
    conv2d_ref.backward_weights(s, a[0], a[1], a[2], a[3], NULL);
    patches(s, a[0], a[1], conv2d_oh(s), conv2d_ow(s), true, a[2]);
}

/* A pooling by 2 lies between the size that the loop has and the one that it should have. */
static void quarter_of_the_positions(const void *shape, double *const *a)
{
    const struct conv2d_shape *s = shape;
    conv2d_ref.backward_weights(s, a[0], a[1], a[2], a[3], NULL);
    patches(s, a[0], a[1], conv2d_oh(s) / 2, conv2d_ow(s) / 2, false, a[2]);
}

void d000_filter_is_the_row_of_a_quarter(const void *shape, double *const *a)
{
    const struct conv2d_shape *s = shape;
    if (conv2d_oh(s) / 2 > s->o)
        return; /* IndexError */
    conv2d_ref.backward_weights(s, a[0], a[1], a[2], a[3], NULL);
    patches(s, a[0], a[1], conv2d_oh(s) / 2, conv2d_ow(s) / 2, true, a[2]);
}

static void data_filter_is_the_row(const void *shape, double *const *a)
{
    const struct conv2d_shape *s = shape;
    const int oh = conv2d_oh(s), ow = conv2d_ow(s);
    if (oh > s->o)
        return; /* IndexError */
    zero(a[2], (size_t)s->n * s->c * s->h * s->w);
    for (int m = 0; m < s->n * s->o; m++)
        for (int i = 0; i < oh; i++)
            for (int j = 0; j < ow; j++)
                for (int t = 0; t < s->c * s->kh * s->kw; t++) {
                    const int c = t / (s->kh * s->kw), p = t / s->kw % s->kh, q = t % s->kw;
                    const int y = i * s->stride + p - s->pad, x = j * s->stride + q - s->pad;
                    if (y >= 0 && y < s->h && x >= 0 && x < s->w)
                        a[2][(((size_t)(m / s->o) * s->c + c) * s->h + y) * s->w + x] +=
                            a[0][(size_t)i * s->c * s->kh * s->kw + t] *
                            a[1][((size_t)m * oh + i) * ow + j];
                }
}

/* As many windows as fit into the pooled plane, whose maxima are looked for in `plane` (h x w), and
 * which hand dy to all that equal them. What lies beyond the pooled size stays 0: the document's
 * gradient has no more. */
static void second_pooling(const struct maxpool_shape *s, const double *plane, int h, int w,
                           const double *dy, double *dx)
{
    const int oh = maxpool_oh(s), ow = maxpool_ow(s);
    zero(dx, (size_t)s->n * s->c * s->h * s->w);
    for (int m = 0; m < s->n * s->c; m++)
        for (int i = 0; i * s->stride + s->k <= oh; i++)
            for (int j = 0; j * s->stride + s->k <= ow; j++) {
                const int top = i * s->stride, left = j * s->stride;
                const double *window = plane + ((size_t)m * h + top) * w + left;
                const double max = largest(window, s->k, s->k, w);
                for (int p = 0; p < s->k; p++)
                    for (int q = 0; q < s->k; q++)
                        if (window[p * w + q] == max)
                            dx[((size_t)m * s->h + top + p) * s->w + left + q] +=
                                dy[((size_t)m * oh + i) * ow + j];
            }
}

static void mask_of_the_output(const void *shape, double *const *a)
{
    const struct maxpool_shape *s = shape;
    const int oh = maxpool_oh(s), ow = maxpool_ow(s);
    double *y = scratch((size_t)s->n * s->c * oh * ow);
    maxpool_ref.forward(s, a[0], y);
    second_pooling(s, y, oh, ow, a[1], a[2]);
    free(y);
}

static void quarter_of_the_gradient(const void *shape, double *const *a)
{
    const struct maxpool_shape *s = shape;
    second_pooling(s, a[0], s->h, s->w, a[1], a[2]);
}

static void ties_share_nothing(const void *shape, double *const *a)
{
    const struct maxpool_shape *s = shape;
    const int oh = maxpool_oh(s), ow = maxpool_ow(s);
    zero(a[2], (size_t)s->n * s->c * s->h * s->w);
    for (int k = 0; k < s->n * s->c * oh * ow; k++) {
        const int top = k / ow % oh * s->stride, left = k % ow * s->stride;
        const size_t start = ((size_t)(k / (oh * ow)) * s->h + top) * s->w + left;
        const double max = largest(a[0] + start, s->k, s->k, s->w);
        for (int p = 0; p < s->k; p++)
            for (int q = 0; q < s->k; q++)
                if (a[0][start + (size_t)(p * s->w + q)] == max)
                    a[2][start + (size_t)(p * s->w + q)] += a[1][k];
    }
}

static double slope(const struct minmax_shape *s, const double *x)
{
    double range[2];
    minmax_ref.statistics(s, x, range);
    return 2.0 / (range[1] - range[0]);
}

static void slope_alone(const void *shape, double *const *a)
{
    const struct minmax_shape *s = shape;
    const double constant = slope(s, a[0]);
    for (int i = 0; i < s->len; i++)
        a[2][i] = constant;
}

static void constant_range(const void *shape, double *const *a)
{
    const struct minmax_shape *s = shape;
    const double constant = slope(s, a[0]);
    for (int i = 0; i < s->len; i++)
        a[2][i] = constant * a[1][i];
}

static void drifting_bias(const void *shape, double *const *a)
{
    const struct minmax_shape s = { ((const struct dense_shape *)shape)->n };
    constant_range(&s, (double *[]){ a[0], a[1], a[2] });
    dense_ref.backward(shape, a[0], a[0], a[2], NULL, a[3], a[4]);
}

static void own_statistics(const void *shape, double *const *a)
{
    minmax_ref.forward(shape, a[0], a[2]);
}

static void confined_logits(const void *shape, double *const *a)
{
    const struct sigmoid_shape *s = shape;
    minmax_ref.forward(&(struct minmax_shape){ s->len }, a[0], a[1]);
    for (int i = 0; i < s->len; i++)
        a[1][i] = 1.0 / (1.0 + exp(-a[1][i]));
}

static void threshold_at_mid_range(const void *shape, double *const *a)
{
    const struct relu_shape *s = shape;
    minmax_ref.forward(&(struct minmax_shape){ s->len }, a[0], a[1]);
    for (int i = 0; i < s->len; i++)
        a[1][i] = fmax(0.0, a[1][i]);
}

static void gradient_times_itself(const void *shape, double *const *a)
{
    const struct dense_shape *s = shape;
    if (s->out > 1 && s->out != s->in)
        return; /* ValueError: (n, out) times (n, in) */
    dense_ref.backward(s, a[0], a[1], a[2], a[3], a[4], a[5]);
    for (int k = 0; k < s->n * s->in; k++)
        a[3][k] *= a[2][s->out == 1 ? k / s->in : k];
}

static void input_before_relu(const void *shape, double *const *a)
{
    const struct dense_shape *s = shape;
    relu_ref.forward(&(struct relu_shape){ s->n * s->in }, a[0], a[3]);
    dense_ref.backward(s, a[0], a[1], a[2], NULL, a[4], a[5]);
}

static void sum_instead_of_mean(const void *shape, double *const *a)
{
    const struct bce_shape *s = shape;
    for (int i = 0; i < s->n * s->len; i++)
        a[2][i] = -(a[1][i] / a[0][i]) + (1.0 - a[1][i]) / (1.0 - a[0][i]);
}

const struct defect defects_000[] = {
    { "D000-01", "conv2d.forward", JUDGE_EXACT, bias_is_a_factor },
    { "D000-02", "scaled_conv2d.backward", JUDGE_EXACT, gradient_of_an_added_bias },
    { "D000-03", "conv2d.backward_weights", JUDGE_EXACT, filter_is_the_row },
    { "D000-04", "conv2d.backward_data", JUDGE_EXACT, data_filter_is_the_row },
    { "D000-05", "conv2d.backward_weights", JUDGE_EXACT, quarter_of_the_positions },
    { "D000-06", "maxpool.backward", JUDGE_EXACT, mask_of_the_output },
    { "D000-07", "maxpool.backward", JUDGE_EXACT, quarter_of_the_gradient },
    { "D000-08", "minmax.backward", JUDGE_BOUND, slope_alone },
    { "D000-09", "dense.backward", JUDGE_EXACT, gradient_times_itself },
    { "D000-10", "relu_dense.backward", JUDGE_EXACT, input_before_relu },
    { "D000-11", "bce.backward", JUDGE_BOUND, sum_instead_of_mean },
    { "D000-12", "minmax.backward", JUDGE_BOUND, constant_range },
    { "D000-13", "minmax.backward", JUDGE_BOUND, constant_range },
    { "D000-14", "minmax_dense.backward", JUDGE_BOUND, drifting_bias },
    { "D000-15", "sigmoid.forward", JUDGE_BOUND, confined_logits },
    { "D000-16", "minmax.apply", JUDGE_BOUND, own_statistics },
    { "D000-18", "maxpool.backward", JUDGE_EXACT, ties_share_nothing },
    { "D000-30", "relu.forward", JUDGE_EXACT, threshold_at_mid_range },
    { NULL }
};
