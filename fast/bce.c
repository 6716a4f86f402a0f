/* The loss is summed in 16 strided lanes, element i in lane i mod 16, folded by v_sum. Lanes that
 * are not there hold 1/2, of which no logarithm and no quotient is special. */
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
    *loss = v_sum(fly(count, p, t, NULL, 0.5f, term, &eps)) / (float)count;
}

/* share(a) / b where b is not clipped, else share(0) / 1: lanes that are thrown away raise no
 * flag. */
INLINED v unclipped_quotient(v a, v b, const v *given, v (*share)(v a, v b))
{
    const vm clipped = v_lt(b, given[0]);
    const v part = share(v_select(clipped, v_set1(0.0f), a), given[1]);
    return v_div(part, v_select(clipped, v_set1(1.0f), b));
}

/* The targets are shared out first: their quotient by a tiny p alone may overflow. */
INLINED v difference(const v *given, v p, v t, v (*share)(v a, v b))
{
    const v one = v_set1(1.0f);
    const v up = unclipped_quotient(v_sub(one, t), v_sub(one, p), given, share);
    return v_sub(up, unclipped_quotient(t, p, given, share));
}

INLINED v gradient(const v *given, v p, v t)
{
    return difference(given, p, t, v_div);
}

INLINED v product(const v *given, v p, v t)
{
    return difference(given, p, t, v_mul);
}

static void backward(const struct bce_shape *s, const float *p, const float *t, float *dp)
{
    const int count = s->n * s->len;
    const int exact = is_power_of_two(count);
    const float size = (float)count;
    const v given[] = { v_set1((float)s->eps), v_set1(exact ? 1.0f / size : size) };
    if (exact)
        fly(count, p, t, dp, 0.5f, product, given);
    else
        fly(count, p, t, dp, 0.5f, gradient, given);
}

const struct bce_float FAST_TABLE(bce) = { forward, backward };
