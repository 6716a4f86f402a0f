/* Document 003 as it is written. */
#include "harness/defects/kernel.h"

static void nothing_returned(const void *shape, double *const *a)
{
    (void)shape;
    (void)a;
}

/* Behind the loop over channels its index is still the last of them: that row of the bias map is
 * added to every row. A map with fewer rows has no such row; C goes on into the next map. */
static void row_of_the_last_channel(const void *shape, double *const *a)
{
    struct conv2d_shape s = *(const struct conv2d_shape *)shape;
    const int oh = conv2d_oh(&s), ow = conv2d_ow(&s);
    if (s.bias != CONV2D_BIAS_POSITION)
        return; /* the document has no other */
    s.bias = CONV2D_BIAS_NONE;
    conv2d_ref.forward(&s, a[0], a[1], NULL, a[3], NULL);
    for (int k = 0; k < s.n * s.o * oh * ow; k++)
        a[3][k] += a[2][((size_t)(k / (oh * ow) % s.o) * oh + s.c - 1) * ow + k % ow];
}

/* Of two vectors, what np.dot gives is one number. */
static void inner_product(const void *shape, double *const *a)
{
    const struct dense_shape *s = shape;
    double sum = 0.0;
    if (s->in != s->out)
        return; /* ValueError */
    dense_ref.backward(s, a[0], a[1], a[2], a[3], a[4], a[5]);
    for (int k = 0; k < s->n * s->in; k++)
        sum += a[0][k] * a[2][k];
    for (int k = 0; k < s->in * s->out; k++)
        a[4][k] = sum;
}

static void weights_not_transposed(const void *shape, double *const *a)
{
    const struct dense_shape *s = shape;
    if (s->in != s->out)
        return; /* ValueError */
    dense_ref.backward(s, a[0], a[1], a[2], a[3], a[4], a[5]);
    for (int k = 0; k < s->n * s->in; k++) {
        a[3][k] = 0.0;
        for (int j = 0; j < s->in; j++)
            a[3][k] += a[2][k / s->in * s->in + j] * a[1][j * s->in + k % s->in];
    }
}

/* W x is a column, b a row, and their sum out x out: y has room for its first row. */
static void row_of_biases(const void *shape, double *const *a)
{
    const struct dense_shape *s = shape;
    double *y = scratch((size_t)s->n * s->out);
    dense_ref.forward(s, a[0], a[1], a[2], y);
    for (int k = 0; k < s->n * s->out; k++)
        a[3][k] = y[k / s->out * s->out] - a[2][0] + a[2][k % s->out];
    free(y);
}

/* A column of targets meets a row of probabilities: every one meets every other. */
static void all_pairs(const void *shape, double *const *a)
{
    const struct bce_shape *s = shape;
    const int count = s->n * s->len;
    *a[2] = 0.0;
    for (int i = 0; i < count; i++)
        for (int j = 0; j < count; j++)
            *a[2] += (-a[1][i] * log(a[0][j]) - (1.0 - a[1][i]) * log(1.0 - a[0][j])) /
                     count / count;
}

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

static void sigmoid_then_logarithms(const void *shape, double *const *a)
{
    const struct softmax_shape *s = shape;
    *a[2] = 0.0;
    for (int i = 0; i < s->n * s->len; i++) {
        const double p = sigmoid(a[0][i]), t = a[1][i];
        *a[2] += (-t * log(p) - (1.0 - t) * log(1.0 - p)) / (s->n * s->len);
    }
}

static void quotients_then_sigmoid(const void *shape, double *const *a)
{
    const struct softmax_shape *s = shape;
    for (int i = 0; i < s->n * s->len; i++) {
        const double p = sigmoid(a[0][i]), t = a[1][i];
        a[2][i] = ((1.0 - t) / (1.0 - p) - t / p) / (s->n * s->len) * (p * (1.0 - p));
    }
}

/* The kernels of `w` turned by 180 degrees. */
static double *turned(const double *w, int kernels, int size)
{
    double *out = scratch((size_t)kernels * size);
    for (int k = 0; k < kernels * size; k++)
        out[k] = w[k / size * size + size - 1 - k % size];
    return out;
}

/* The formula of the text says convolution, which turns dy; the code correlates. */
static void convolved_with_the_gradient(const void *shape, double *const *a)
{
    const struct conv2d_shape *s = shape;
    struct conv2d_shape weights = *s;
    double *dy = turned(a[1], s->n * s->o, conv2d_oh(s) * conv2d_ow(s));
    weights.bias = CONV2D_BIAS_NONE;
    conv2d_ref.backward_weights(s, a[0], a[1], a[2], a[3], NULL);
    conv2d_ref.backward_weights(&weights, a[0], dy, a[2], NULL, NULL);
    free(dy);
}

/* A full convolution, which turns the kernel, with a kernel that was turned already. */
static void turned_twice(const void *shape, double *const *a)
{
    const struct conv2d_shape *s = shape;
    double *w = turned(a[0], s->o * s->c, s->kh * s->kw);
    conv2d_ref.backward_data(s, w, a[1], a[2], NULL);
    free(w);
}

const struct defect defects_003[] = {
    { "D003-01", "conv2d.forward", JUDGE_POISON, nothing_returned },
    { "D003-02", "conv2d.forward", JUDGE_EXACT, row_of_the_last_channel },
    { "D003-03", "conv2d.forward", JUDGE_GUARD, row_of_the_last_channel },
    { "D003-06", "dense.backward", JUDGE_EXACT, inner_product },
    { "D003-07", "dense.backward", JUDGE_EXACT, weights_not_transposed },
    { "D003-08", "dense.forward", JUDGE_EXACT, row_of_biases },
    { "D003-09", "bce.forward", JUDGE_BOUND, all_pairs },
    { "D003-10", "bce_logits.forward", JUDGE_BOUND, sigmoid_then_logarithms },
    { "D003-11", "bce_logits.backward", JUDGE_BOUND, quotients_then_sigmoid },
    { "D003-16", "conv2d.backward_weights", JUDGE_EXACT, convolved_with_the_gradient },
    { "D003-17", "conv2d.backward_data", JUDGE_EXACT, turned_twice },
    { NULL }
};
