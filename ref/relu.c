#include "ref/relu.h"

static void forward(const struct relu_shape *s, const double *x, double *y)
{
    for (int i = 0; i < s->len; i++)
        y[i] = x[i] <= 0.0 ? 0.0 : x[i];
}

static void backward(const struct relu_shape *s, const double *x, const double *dy, double *dx)
{
    for (int i = 0; i < s->len; i++)
        dx[i] = x[i] <= 0.0 ? 0.0 : dy[i];
}

const struct relu_double relu_ref = { forward, backward };
