#include "ref/sigmoid.h"
#include "fast/vmath.h"

static void forward(const struct sigmoid_shape *s, const float *x, float *y)
{
    for (int i = 0; i < s->len; i += 16)
        v_store_n(y + i, v_sigmoid(v_load_n(x + i, s->len - i)), s->len - i);
}

static void backward(const struct sigmoid_shape *s, const float *x, const float *dy, float *dx)
{
    for (int i = 0; i < s->len; i += 16) {
        const v slope = v_dsigmoid(v_load_n(x + i, s->len - i));
        v_store_n(dx + i, v_mul(v_load_n(dy + i, s->len - i), slope), s->len - i);
    }
}

const struct sigmoid_float FAST_TABLE(sigmoid) = { forward, backward };
