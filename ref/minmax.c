#include "ref/minmax.h"

/* The place of the first minimum of sign * x. */
static int first_least(const double *x, int len, double sign)
{
    int best = 0;
    for (int i = 1; i < len; i++) {
        const double a = sign * x[i], b = sign * x[best];
        if (a < b || (a != a && b == b))
            best = i;
    }
    return best;
}

static void statistics(const struct minmax_shape *s, const double *x, double *range)
{
    range[0] = x[first_least(x, s->len, 1.0)];
    range[1] = x[first_least(x, s->len, -1.0)];
}

static void apply(const struct minmax_shape *s, const double *x, const double *range, double *y)
{
    for (int i = 0; i < s->len; i++)
        y[i] = 2.0 * ((x[i] - range[0]) / (range[1] - range[0])) - 1.0;
}

static void forward(const struct minmax_shape *s, const double *x, double *y)
{
    double range[2];
    statistics(s, x, range);
    apply(s, x, range, y);
}

static void backward(const struct minmax_shape *s, const double *x, const double *dy, double *dx)
{
    const int a = first_least(x, s->len, 1.0), b = first_least(x, s->len, -1.0);
    const double min = x[a], max = x[b], size = max - min;
    double of_min = 0.0, of_max = 0.0;
    for (int k = 0; k < s->len; k++) {
        of_min += dy[k] * ((max - x[k]) / size);
        of_max += dy[k] * ((x[k] - min) / size);
    }
    for (int i = 0; i < s->len; i++) {
        double sum = dy[i];
        if (i == a)
            sum -= of_min;
        if (i == b)
            sum -= of_max;
        dx[i] = 2.0 / size * sum;
    }
}

const struct minmax_double minmax_ref = { forward, backward, statistics, apply };
