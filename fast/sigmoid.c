#include "ref/sigmoid.h"
#include "fast/flight.h"
#include "fast/vmath.h"

INLINED v value(const v *given, v x, v unused)
{
    (void)given, (void)unused;
    return v_sigmoid(x);
}

static void forward(const struct sigmoid_shape *s, const float *x, float *y)
{
    fly(s->len, x, NULL, y, 0.0f, value, NULL);
}

INLINED v gradient(const v *given, v x, v dy)
{
    (void)given;
    return v_mul(dy, v_dsigmoid(x));
}

static void backward(const struct sigmoid_shape *s, const float *x, const float *dy, float *dx)
{
    fly(s->len, x, dy, dx, 0.0f, gradient, NULL);
}

const struct sigmoid_float FAST_TABLE(sigmoid) = { forward, backward };
