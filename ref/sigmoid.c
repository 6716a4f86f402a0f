#include "ref/sigmoid.h"

#include <math.h>

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

static void forward(const struct sigmoid_shape *s, const double *x, double *y)
{
    for (int i = 0; i < s->len; i++)
        y[i] = sigmoid(x[i]);
}

static void backward(const struct sigmoid_shape *s, const double *x, const double *dy, double *dx)
{
    for (int i = 0; i < s->len; i++)
        dx[i] = dy[i] * (sigmoid(x[i]) * sigmoid(-x[i]));
}

const struct sigmoid_double sigmoid_ref = { forward, backward };
