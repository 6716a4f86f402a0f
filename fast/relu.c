#include "ref/relu.h"
#include "fast/vec.h"

static void forward(const struct relu_shape *s, const float *x, float *y)
{
    const v zero = v_set1(0.0f);
    for (int i = 0; i < s->len; i += 16) {
        const v a = v_load_n(x + i, s->len - i);
        v_store_n(y + i, v_select(v_le(a, zero), zero, a), s->len - i);
    }
}

static void backward(const struct relu_shape *s, const float *x, const float *dy, float *dx)
{
    const v zero = v_set1(0.0f);
    for (int i = 0; i < s->len; i += 16) {
        const v a = v_load_n(x + i, s->len - i), grad = v_load_n(dy + i, s->len - i);
        v_store_n(dx + i, v_select(v_le(a, zero), zero, grad), s->len - i);
    }
}

const struct relu_float FAST_TABLE(relu) = { forward, backward };
