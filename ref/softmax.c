#include "ref/softmax.h"

#include <math.h>

static void forward(const struct softmax_shape *s, const double *x, double *y)
{
    for (int n = 0; n < s->n; n++, x += s->len, y += s->len) {
        double max = x[0];
        for (int j = 1; j < s->len; j++)
            if (x[j] > max)
                max = x[j];
        double sum = 0.0;
        for (int j = 0; j < s->len; j++) {
            y[j] = exp(x[j] - max);
            sum += y[j];
        }
        for (int j = 0; j < s->len; j++)
            y[j] /= sum;
    }
}

static void backward(const struct softmax_shape *s, const double *y, const double *dy, double *dx)
{
    for (int n = 0; n < s->n; n++, y += s->len, dy += s->len, dx += s->len) {
        double dot = 0.0;
        for (int k = 0; k < s->len; k++)
            dot += y[k] * dy[k];
        for (int j = 0; j < s->len; j++)
            dx[j] = y[j] * (dy[j] - dot);
    }
}

const struct softmax_double softmax_ref = { forward, backward };
