#include "ref/bce.h"

#include <math.h>

static double clip(double p, double eps)
{
    return p < eps ? eps : p;
}

static void forward(const struct bce_shape *s, const double *p, const double *t, double *loss)
{
    const int count = s->n * s->len;
    double sum = 0.0;
    for (int i = 0; i < count; i++)
        sum -= t[i] * log(clip(p[i], s->eps)) + (1.0 - t[i]) * log(clip(1.0 - p[i], s->eps));
    *loss = sum / count;
}

static void backward(const struct bce_shape *s, const double *p, const double *t, double *dp)
{
    const int count = s->n * s->len;
    for (int i = 0; i < count; i++) {
        const double up = 1.0 - p[i] < s->eps ? 0.0 : (1.0 - t[i]) / (1.0 - p[i]);
        const double down = p[i] < s->eps ? 0.0 : t[i] / p[i];
        dp[i] = (up - down) / count;
    }
}

const struct bce_double bce_ref = { forward, backward };
