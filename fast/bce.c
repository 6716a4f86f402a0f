/* The loss is summed in 16 strided lanes, element i in lane i mod 16, folded by v_sum. */
#include "ref/bce.h"
#include "fast/vmath.h"

static v clipped_log(v p, v eps)
{
    return v_log(v_select(v_lt(p, eps), eps, p));
}

static void forward(const struct bce_shape *s, const float *p, const float *t, float *loss)
{
    const int count = s->n * s->len;
    const v one = v_set1(1.0f), eps = v_set1((float)s->eps);
    v sum = v_set1(0.0f);
    for (int i = 0; i < count; i += 16) {
        const v a = v_load_n(p + i, count - i), b = v_load_n(t + i, count - i);
        const v off = v_mul(v_sub(one, b), clipped_log(v_sub(one, a), eps));
        const v term = v_fma(b, clipped_log(a, eps), off);
        sum = v_sub(sum, v_keep(term, count - i));
    }
    *loss = v_sum(sum) / (float)count;
}

/* The targets are divided by the count first: their quotient by a tiny p alone may overflow. */
static void backward(const struct bce_shape *s, const float *p, const float *t, float *dp)
{
    const int count = s->n * s->len;
    const v zero = v_set1(0.0f), one = v_set1(1.0f), eps = v_set1((float)s->eps);
    const v total = v_set1((float)count);
    for (int i = 0; i < count; i += 16) {
        const v a = v_load_n(p + i, count - i), b = v_load_n(t + i, count - i);
        const v rest = v_sub(one, a);
        const v up = v_select(v_lt(rest, eps), zero, v_div(v_div(v_sub(one, b), total), rest));
        const v down = v_select(v_lt(a, eps), zero, v_div(v_div(b, total), a));
        v_store_n(dp + i, v_sub(up, down), count - i);
    }
}

const struct bce_float FAST_TABLE(bce) = { forward, backward };
