/* Document 004 as it is written. It adds what others subtract: its L is a log-likelihood. */
#include "harness/defects/kernel.h"
#include "ref/dense_sgd.h"

#include <string.h>

static void no_relu(const void *shape, double *const *a)
{
    memcpy(a[1], a[0], (size_t)((const struct relu_shape *)shape)->len * sizeof(double));
}

/* w is updated first; what goes on backwards goes through the new one. */
static void dense_updated_before_use(const void *shape, double *const *a)
{
    const struct dense_sgd_shape *s = shape;
    for (int i = 0; i < s->in; i++) {
        a[4][i] = 0.0;
        for (int o = 0; o < s->out; o++) {
            const int at = i * s->out + o;
            a[5][at] = a[1][at] - s->lr * (a[0][i] * a[3][o]);
            a[4][i] += a[3][o] * a[5][at];
        }
    }
    for (int o = 0; o < s->out; o++)
        a[6][o] = a[2][o] - s->lr * a[3][o];
}

static void conv2d_updated_before_use(const void *shape, double *const *a)
{
    const struct conv2d_step_shape *s = shape;
    conv2d_ref.backward_weights(&s->conv2d, a[0], a[2], a[3], NULL, NULL);
    for (int k = 0; k < s->conv2d.o * s->conv2d.c * s->conv2d.kh * s->conv2d.kw; k++)
        a[5][k] = a[1][k] - s->lr * a[3][k];
    conv2d_ref.backward_data(&s->conv2d, a[5], a[2], a[4], NULL);
}

/* Neighbours of the input instead of every stride-th of it. */
static void stride_forgotten(const void *shape, double *const *a)
{
    const struct conv2d_shape *s = shape;
    const int oh = conv2d_oh(s), ow = conv2d_ow(s);
    conv2d_ref.backward_weights(s, a[0], a[1], a[2], a[3], NULL);
    for (int k = 0; k < s->o * s->c * s->kh * s->kw; k++) {
        const int o = k / (s->c * s->kh * s->kw), c = k / (s->kh * s->kw) % s->c;
        a[2][k] = 0.0;
        for (int n = 0; n < s->n; n++)
            for (int i = 0; i < oh; i++)
                for (int j = 0; j < ow; j++)
                    a[2][k] += a[1][(((size_t)n * s->o + o) * oh + i) * ow + j] *
                               pixel(a[0] + ((size_t)n * s->c + c) * s->h * s->w, s->h, s->w,
                                     k / s->kw % s->kh + i - s->pad, k % s->kw + j - s->pad, 0.0);
    }
}

/* As many rows as the gradient has columns, and the reverse: beyond the end of a wide image. */
static void rows_for_columns(const void *shape, double *const *a)
{
    const struct conv2d_shape *s = shape;
    const int oh = conv2d_oh(s), ow = conv2d_ow(s);
    conv2d_ref.backward_weights(s, a[0], a[1], a[2], a[3], NULL);
    for (int k = 0; k < s->o * s->c * s->kh * s->kw; k++) {
        const int o = k / (s->c * s->kh * s->kw), c = k / (s->kh * s->kw) % s->c;
        a[2][k] = 0.0;
        for (int n = 0; n < s->n; n++)
            for (int i = 0; i < ow; i++)
                for (int j = 0; j < oh; j++)
                    a[2][k] += a[1][(((size_t)n * s->o + o) * oh + i) * ow + j] *
                               a[0][(((size_t)n * s->c + c) * s->h + k / s->kw % s->kh + i) * s->w +
                                    k % s->kw + j];
    }
}

/* Computed, and applied to nothing. */
static void frozen_bias(const void *shape, double *const *a)
{
    const struct conv2d_shape *s = shape;
    conv2d_ref.backward_weights(s, a[0], a[1], a[2], a[3], NULL);
    if (s->bias != CONV2D_BIAS_NONE)
        zero(a[3], (size_t)s->o *
                       (s->bias == CONV2D_BIAS_CHANNEL ? 1 : conv2d_oh(s) * conv2d_ow(s)));
}

/* 1 / y of the label, times derivatives of y that divide by the square of the sum. */
static void ascent(const struct softmax_shape *s, double *const *a, double sign)
{
    for (int n = 0; n < s->n; n++) {
        const double *x = a[0] + n * s->len, *t = a[1] + n * s->len;
        double sum = 0.0;
        int label = 0;
        while (label < s->len - 1 && t[label] != 1.0)
            label++;
        for (int j = 0; j < s->len; j++)
            sum += exp(x[j]);
        const double e = exp(x[label]), to_y = 1.0 / (e / sum);
        for (int j = 0; j < s->len; j++) {
            const double slope = j == label ? e * (sum - e) / (sum * sum)
                                            : -e * exp(x[j]) / (sum * sum);
            a[2][n * s->len + j] = sign * (to_y * slope) / s->n;
        }
    }
}

static void quotients_overflow(const void *shape, double *const *a)
{
    ascent(shape, a, -1.0);
}

static void likelihood_for_loss(const void *shape, double *const *a)
{
    ascent(shape, a, 1.0);
}

/* Half of the test images stand for all, and a row of NaN is an answer: class 0. */
static void first_images_only(const void *shape, double *const *a)
{
    const struct softmax_shape *s = shape;
    const int rows = (s->n + 1) / 2;
    int correct = 0;
    for (int n = 0; n < rows; n++) {
        const double *x = a[0] + n * s->len;
        int best = 0;
        for (int j = 1; j < s->len; j++)
            best = x[j] > x[best] || (isnan(x[j]) && !isnan(x[best])) ? j : best;
        correct += a[1][n * s->len + best] == 1.0;
    }
    *a[2] = (double)correct / rows;
}

const struct defect defects_004[] = {
    { "D004-04", "relu.forward", JUDGE_EXACT, no_relu },
    { "D004-05", "dense_sgd.backward", JUDGE_EXACT, dense_updated_before_use },
    { "D004-06", "conv2d_step.backward", JUDGE_EXACT, conv2d_updated_before_use },
    { "D004-07", "conv2d.backward_weights", JUDGE_EXACT, stride_forgotten },
    { "D004-08", "conv2d.backward_weights", JUDGE_EXACT, stride_forgotten },
    { "D004-09", "conv2d.backward_weights", JUDGE_GUARD, rows_for_columns },
    { "D004-10", "conv2d.backward_weights", JUDGE_EXACT, frozen_bias },
    { "D004-11", "xent.backward", JUDGE_BOUND, quotients_overflow },
    { "D004-12", "xent.backward", JUDGE_BOUND, quotients_overflow },
    { "D004-14", "xent.backward", JUDGE_BOUND, likelihood_for_loss },
    { "D004-25", "accuracy.forward", JUDGE_EXACT, first_images_only },
    { NULL }
};
