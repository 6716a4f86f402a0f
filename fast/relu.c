#include "ref/relu.h"
#include "fast/each.h"

static inline v clipped(v x)
{
    const v zero = v_set1(0.0f);
    return v_select(v_le(x, zero), zero, x);
}

static inline v slope(v x, v dy)
{
    const v zero = v_set1(0.0f);
    return v_select(v_le(x, zero), zero, dy);
}

static void forward(const struct relu_shape *s, const float *x, float *y)
{
    each(s->len, x, y, clipped);
}

static void backward(const struct relu_shape *s, const float *x, const float *dy, float *dx)
{
    each_gradient(s->len, x, dy, dx, slope);
}

const struct relu_float FAST_TABLE(relu) = { forward, backward };
