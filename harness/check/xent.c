#include "harness/check.h"
#include "ref/xent.h"

#include <math.h>

static const char *invalid(const void *shape)
{
    const struct xent_shape *s = shape;
    return s->n < 1 || s->len < 1 ? "every key of at least 1" : NULL;
}

static const char *const cases[] = {
    "n=1,len=2", "n=1,len=10", "n=1,len=1", "n=70,len=33", "n=83,len=7", "n=5,len=16",
    /* whose sums are of two blocks: of a row, of all rows, where these are short and where not */
    "n=2,len=65555", "n=515,len=3", "n=250,len=301",
    "n=3,len=17", "n=2,len=50", NULL
};

static const char *const trouble[] = {
    "n=1", "len=1", "len=2", "len=509", "n=67,len=3", NULL
};

static const char *const large[] = { "n=256,len=1000", NULL };

CALL(xent, forward, a[0], a[1], a[2])
CALL(xent, backward, a[0], a[1], a[2])

/* max_k z[k] and sum_k exp(z[k] - max) of a row, and how far the errors of the arguments of its
 * exponentials, |z[k] - max| u, move the logarithm of the sum: 1 + sum_k y[k] |z[k] - max|. */
static double spread(const double *z, int len, double *max, double *sum)
{
    double weighted = 0.0;
    *max = z[0];
    for (int k = 1; k < len; k++)
        *max = z[k] > *max ? z[k] : *max;
    *sum = 0.0;
    for (int k = 0; k < len; k++) {
        const double e = exp(z[k] - *max);
        *sum += e;
        weighted += e > 0.0 ? e * (*max - z[k]) : 0.0;
    }
    return 1.0 + weighted / *sum;
}

static void forward_magnitude(const void *shape, double *const *a)
{
    const struct xent_shape *s = shape;
    double total = 0.0;
    for (int n = 0; n < s->n; n++) {
        const double *z = a[0] + (size_t)n * s->len, *t = a[1] + (size_t)n * s->len;
        double max, sum;
        const double moved = spread(z, s->len, &max, &sum);
        for (int j = 0; j < s->len; j++)
            if (t[j] != 0.0)
                total += fabs(t[j]) * (moved + log(sum) + (max - z[j]));
    }
    *a[2] = total / s->n;
}

static void backward_magnitude(const void *shape, double *const *a)
{
    const struct xent_shape *s = shape;
    for (int n = 0; n < s->n; n++) {
        const double *z = a[0] + (size_t)n * s->len, *t = a[1] + (size_t)n * s->len;
        double *dz = a[2] + (size_t)n * s->len, max, sum;
        const double moved = spread(z, s->len, &max, &sum);
        for (int j = 0; j < s->len; j++) {
            const double y = exp(z[j] - max) / sum;
            dz[j] = ((y > 0.0 ? y * (moved + max - z[j]) : 0.0) + fabs(t[j])) / s->n;
        }
    }
}

const struct check xent_check = {
    CHECKS(xent),
    .key = { INT_KEY(xent, n, 1, 9), INT_KEY(xent, len, 1, 40) },
    .invalid = invalid,
    .cases = cases, .trouble = trouble, .documents = 2, .large = large,
    .function = {
        { CALLS(forward), .elements = "n len", .operations = 26,
          .magnitude = forward_magnitude,
          .operand = { { "z", IN, "n len", FILL_LOGITS },
                       { "t", IN, "n len", FILL_ONE_HOT },
                       { "loss", OUT, "", .terms = "n len", .more = 8 } } },
        { CALLS(backward), .elements = "n len", .operations = 20, .divisions = 2,
          .magnitude = backward_magnitude,
          .operand = { { "z", IN, "n len", FILL_LOGITS },
                       { "t", IN, "n len", FILL_ONE_HOT },
                       { "dz", OUT, "n len", .terms = "len", .more = 7 } } },
    },
};
