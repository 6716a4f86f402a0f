#include "ref/elementary.h"
#include "fast/each.h"
#include "fast/vmath.h"

static void exp_of(const struct elementary_shape *s, const float *x, float *y)
{
    each(s->len, x, y, v_exp);
}

static void log_of(const struct elementary_shape *s, const float *x, float *y)
{
    each(s->len, x, y, v_log);
}

static void log1p_of(const struct elementary_shape *s, const float *x, float *y)
{
    each(s->len, x, y, v_log1p);
}

const struct elementary_float FAST_TABLE(elementary) = { exp_of, log_of, log1p_of };
