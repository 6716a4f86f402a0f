/* The loss is summed in 16 strided lanes, element i in lane i mod 16, by blocks: flight.h; and
 * folded by v_sum. Lanes that are not there hold 1/2, of which no logarithm and no quotient is
 * special. */
#include "ref/bce.h"
#include "fast/flight.h"
#include "fast/vmath.h"

INLINED v clipped_log(v p, v eps)
{
    return v_log(v_max(eps, p));
}

INLINED v term(const v *eps, v p, v t)
{
    const v one = v_set1(1.0f), off = v_mul(v_sub(one, t), clipped_log(v_sub(one, p), *eps));
    return v_neg(v_fma(t, clipped_log(p, *eps), off));
}

static void forward(const struct bce_shape *s, const float *p, const float *t, float *loss)
{
    const int count = s->n * s->len;
    const v eps = v_set1((float)s->eps);
    *loss = v_sum(fly_sum(count, p, t, NULL, 0.5f, term, &eps)) / (float)count;
}

/* a / count / b where b is not clipped, else 0 / count / 1: lanes that are thrown away raise no
 * flag. */
INLINED v unclipped_quotient(v a, v count, v b, v eps)
{
    const vm clipped = v_lt(b, eps);
    const v part = v_div(v_select(clipped, v_set1(0.0f), a), count);
    return v_div(part, v_select(clipped, v_set1(1.0f), b));
}

/* The targets are divided by the count first: their quotient by a tiny p alone may overflow. */
INLINED v gradient(const v *given, v p, v t)
{
    const v one = v_set1(1.0f), eps = given[0], count = given[1];
    const v up = unclipped_quotient(v_sub(one, t), count, v_sub(one, p), eps);
    return v_sub(up, unclipped_quotient(t, count, p, eps));
}

static void backward(const struct bce_shape *s, const float *p, const float *t, float *dp)
{
    const int count = s->n * s->len;
    const v given[] = { v_set1((float)s->eps), v_set1((float)count) };
    fly(count, p, t, dp, 0.5f, gradient, given);
}

const struct bce_float FAST_TABLE(bce) = { forward, backward };
