/* The loss is summed in 16 strided lanes, element i in lane i mod 16, folded by v_sum. */
#include "ref/bce.h"
#include "fast/vmath.h"

static v clipped_log(v p, v eps)
{
    return v_log(v_select(v_lt(p, eps), eps, p));
}

/* Lanes that are not there hold 1/2, of which no logarithm and no quotient is special. */
static v load_probabilities(const float *p, int n)
{
    const v one = v_set1(1.0f);
    return n >= 16 ? v_load(p) : v_select(v_lt(v_keep(one, n), one), v_set1(0.5f), v_load_n(p, n));
}

/* a / total / b where b is not clipped, else 0 / total / 1: lanes that are thrown away raise no flag. */
static v unclipped_quotient(v a, v total, v b, v eps)
{
    const vm clipped = v_lt(b, eps);
    const v part = v_div(v_select(clipped, v_set1(0.0f), a), total);
    return v_div(part, v_select(clipped, v_set1(1.0f), b));
}

static void forward(const struct bce_shape *s, const float *p, const float *t, float *loss)
{
    const int count = s->n * s->len;
    const v one = v_set1(1.0f), eps = v_set1((float)s->eps);
    v sum = v_set1(0.0f);
    for (int i = 0; i < count; i += 16) {
        const v a = load_probabilities(p + i, count - i), b = v_load_n(t + i, count - i);
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
    const v one = v_set1(1.0f), eps = v_set1((float)s->eps), total = v_set1((float)count);
    for (int i = 0; i < count; i += 16) {
        const v a = load_probabilities(p + i, count - i), b = v_load_n(t + i, count - i);
        const v up = unclipped_quotient(v_sub(one, b), total, v_sub(one, a), eps);
        const v down = unclipped_quotient(b, total, a, eps);
        v_store_n(dp + i, v_sub(up, down), count - i);
    }
}

const struct bce_float FAST_TABLE(bce) = { forward, backward };
