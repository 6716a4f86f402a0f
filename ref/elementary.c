#include "ref/elementary.h"

#include <math.h>

static void exp_of(const struct elementary_shape *s, const double *x, double *y)
{
    for (int i = 0; i < s->len; i++)
        y[i] = exp(x[i]);
}

static void log_of(const struct elementary_shape *s, const double *x, double *y)
{
    for (int i = 0; i < s->len; i++)
        y[i] = log(x[i]);
}

static void log1p_of(const struct elementary_shape *s, const double *x, double *y)
{
    for (int i = 0; i < s->len; i++)
        y[i] = log1p(x[i]);
}

const struct elementary_double elementary_ref = { exp_of, log_of, log1p_of };
