#include "ref/bce_logits.h"

#include <math.h>

static void forward(const struct bce_logits_shape *s, const double *z, const double *t,
                    double *loss)
{
    const int count = s->n * s->len;
    double sum = 0.0;
    for (int i = 0; i < count; i++)
        sum += (z[i] <= 0.0 ? 0.0 : z[i]) - z[i] * t[i] + log1p(exp(-fabs(z[i])));
    *loss = sum / count;
}

static void backward(const struct bce_logits_shape *s, const double *z, const double *t, double *dz)
{
    const int count = s->n * s->len;
    for (int i = 0; i < count; i++)
        dz[i] = (1.0 / (1.0 + exp(-z[i])) - t[i]) / count;
}

const struct bce_logits_double bce_logits_ref = { forward, backward };
