#include "ref/elementary.h"
#include "fast/vmath.h"

static void exp_of(const struct elementary_shape *s, const float *x, float *y)
{
    for (int i = 0; i < s->len; i += 16)
        v_store_n(y + i, v_exp(v_load_n(x + i, s->len - i)), s->len - i);
}

static void log_of(const struct elementary_shape *s, const float *x, float *y)
{
    for (int i = 0; i < s->len; i += 16)
        v_store_n(y + i, v_log(v_load_n(x + i, s->len - i)), s->len - i);
}

static void log1p_of(const struct elementary_shape *s, const float *x, float *y)
{
    for (int i = 0; i < s->len; i += 16)
        v_store_n(y + i, v_log1p(v_load_n(x + i, s->len - i)), s->len - i);
}

const struct elementary_float FAST_TABLE(elementary) = { exp_of, log_of, log1p_of };
