/* The loss is summed in 16 strided lanes, element i in lane i mod 16, by blocks: flight.h; and
 * folded by v_sum. */
#include "ref/bce_logits.h"
#include "fast/flight.h"
#include "fast/vmath.h"

INLINED v term(const v *given, v z, v t)
{
    const v zero = v_set1(0.0f), softplus = v_log1p(v_exp(v_neg(v_abs(z))));
    (void)given;
    return v_add(v_fma(v_neg(z), t, v_select(v_le(z, zero), zero, z)), softplus);
}

static void forward(const struct bce_logits_shape *s, const float *z, const float *t, float *loss)
{
    const int count = s->n * s->len;
    *loss = v_sum(fly_sum(count, z, t, NULL, 0.0f, term, NULL)) / (float)count;
}

INLINED v gradient(const v *count, v z, v t)
{
    return v_div(v_sub(v_sigmoid(z), t), *count);
}

static void backward(const struct bce_logits_shape *s, const float *z, const float *t, float *dz)
{
    const v count = v_set1((float)(s->n * s->len));
    fly(s->n * s->len, z, t, dz, 0.0f, gradient, &count);
}

const struct bce_logits_float FAST_TABLE(bce_logits) = { forward, backward };
