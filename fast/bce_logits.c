/* The loss is summed in 16 strided lanes, element i in lane i mod 16, folded by v_sum. */
#include "ref/bce_logits.h"
#include "fast/vmath.h"

static void forward(const struct bce_logits_shape *s, const float *z, const float *t, float *loss)
{
    const int count = s->n * s->len;
    const v zero = v_set1(0.0f);
    v sum = zero;
    for (int i = 0; i < count; i += 16) {
        const v a = v_load_n(z + i, count - i), b = v_load_n(t + i, count - i);
        const v softplus = v_log1p(v_exp(v_neg(v_abs(a))));
        const v linear = v_fma(v_neg(a), b, v_select(v_le(a, zero), zero, a));
        sum = v_add(sum, v_keep(v_add(linear, softplus), count - i));
    }
    *loss = v_sum(sum) / (float)count;
}

static void backward(const struct bce_logits_shape *s, const float *z, const float *t, float *dz)
{
    const int count = s->n * s->len;
    const v scale = v_set1((float)count);
    for (int i = 0; i < count; i += 16) {
        const v y = v_sigmoid(v_load_n(z + i, count - i));
        v_store_n(dz + i, v_div(v_sub(y, v_load_n(t + i, count - i)), scale), count - i);
    }
}

const struct bce_logits_float FAST_TABLE(bce_logits) = { forward, backward };
