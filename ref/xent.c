#include "ref/xent.h"

#include <math.h>

/* max_k z[k], and the sum of exp(z[k] - max) through `sum`. */
static double shift(const double *z, int len, double *sum)
{
    double max = z[0];
    for (int k = 1; k < len; k++)
        if (z[k] > max)
            max = z[k];
    *sum = 0.0;
    for (int k = 0; k < len; k++)
        *sum += exp(z[k] - max);
    return max;
}

static void forward(const struct xent_shape *s, const double *z, const double *t, double *loss)
{
    double total = 0.0;
    for (int n = 0; n < s->n; n++, z += s->len, t += s->len) {
        double sum;
        const double max = shift(z, s->len, &sum);
        for (int j = 0; j < s->len; j++)
            if (t[j] != 0.0)
                total += t[j] * (log(sum) - (z[j] - max));
    }
    *loss = total / s->n;
}

static void backward(const struct xent_shape *s, const double *z, const double *t, double *dz)
{
    for (int n = 0; n < s->n; n++, z += s->len, t += s->len, dz += s->len) {
        double sum;
        const double max = shift(z, s->len, &sum);
        for (int j = 0; j < s->len; j++)
            dz[j] = (exp(z[j] - max) / sum - t[j]) / s->n;
    }
}

const struct xent_double xent_ref = { forward, backward };
