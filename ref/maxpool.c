#include "ref/maxpool.h"

/* The place of the maximum in the k x k window at `window` of a plane w wide. */
static size_t argmax(const double *window, int k, int w)
{
    size_t best = 0;
    for (int p = 0; p < k; p++)
        for (int q = 0; q < k; q++) {
            const size_t here = (size_t)p * w + q;
            const double a = window[here], b = window[best];
            if (a > b || (a != a && b == b))
                best = here;
        }
    return best;
}

static void forward(const struct maxpool_shape *s, const double *x, double *y)
{
    const int oh = maxpool_oh(s), ow = maxpool_ow(s);
    for (int m = 0; m < s->n * s->c; m++)
        for (int i = 0; i < oh; i++)
            for (int j = 0; j < ow; j++) {
                const double *window =
                    x + ((size_t)m * s->h + (size_t)i * s->stride) * s->w + (size_t)j * s->stride;
                y[((size_t)m * oh + i) * ow + j] = window[argmax(window, s->k, s->w)];
            }
}

static void backward(const struct maxpool_shape *s, const double *x, const double *dy, double *dx)
{
    const int oh = maxpool_oh(s), ow = maxpool_ow(s);
    for (size_t i = 0; i < (size_t)s->n * s->c * s->h * s->w; i++)
        dx[i] = 0.0;
    for (int m = 0; m < s->n * s->c; m++)
        for (int i = 0; i < oh; i++)
            for (int j = 0; j < ow; j++) {
                const size_t start =
                    ((size_t)m * s->h + (size_t)i * s->stride) * s->w + (size_t)j * s->stride;
                dx[start + argmax(x + start, s->k, s->w)] += dy[((size_t)m * oh + i) * ow + j];
            }
}

const struct maxpool_double maxpool_ref = { forward, backward };
