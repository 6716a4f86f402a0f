#include "harness/check.h"
#include "ref/bce.h"

#include <math.h>

static const char *invalid(const void *shape)
{
    const struct bce_shape *s = shape;
    if (s->n < 1 || s->len < 1)
        return "n and len of at least 1";
    return s->eps == 0.0 || (s->eps >= 0x1p-149 && s->eps <= 0.5) ? NULL
                                                                  : "eps 0 or in [2^-149, 1/2]";
}

static const double clips[] = { 1e-15, 0.0, 1e-7, 0.01, NAN };

static const char *const cases[] = {
    "n=1,len=2,eps=1e-15", "n=1000,len=1,eps=1e-15", "n=1,len=1,eps=1e-15", "n=1,len=2,eps=0",
    "n=3,len=5,eps=0.01", "n=20,len=1,eps=1e-15", "n=4,len=25,eps=0",
    /* logarithms of denormals, and no infinity that hides them */
    "n=4,len=25,eps=0x1p-133", NULL
};

static const char *const trouble[] = {
    "n=1", "len=1", "n=131,len=1", "n=1,len=131", NULL
};

static const char *const large[] = { "n=1024,len=1024,eps=1e-15", NULL };

CALL(bce, forward, a[0], a[1], a[2])
CALL(bce, backward, a[0], a[1], a[2])

/* The logarithm of a number that carries an error of u, as 1 - p and the rounded eps do, is wrong
 * by u however small it is itself: hence the ones. */
static void forward_magnitude(const void *shape, double *const *a)
{
    const struct bce_shape *s = shape;
    double sum = 0.0;
    for (int i = 0; i < s->n * s->len; i++) {
        const double p = fmax(a[0][i], s->eps), q = fmax(1.0 - a[0][i], s->eps), t = a[1][i];
        sum += fabs(t) * (1.0 + fabs(log(p))) + fabs(1.0 - t) * (1.0 + fabs(log(q)));
    }
    *a[2] = sum / (s->n * s->len);
}

static void backward_magnitude(const void *shape, double *const *a)
{
    const struct bce_shape *s = shape;
    const int count = s->n * s->len;
    for (int i = 0; i < count; i++) {
        const double p = a[0][i], t = a[1][i];
        a[2][i] = ((1.0 - p < s->eps ? 0.0 : fabs((1.0 - t) / (1.0 - p))) +
                   (p < s->eps ? 0.0 : fabs(t / p))) / count;
    }
}

const struct check bce_check = {
    CHECKS(bce),
    .key = { INT_KEY(bce, n, 1, 9), INT_KEY(bce, len, 1, 9), REAL_KEY(bce, eps, clips) },
    .invalid = invalid,
    .cases = cases, .trouble = trouble, .documents = 2, .large = large,
    .function = {
        { CALLS(forward), .elements = "n len", .operations = 53,
          .magnitude = forward_magnitude,
          .operand = { { "p", IN, "n len", FILL_PROBABILITIES },
                       { "t", IN, "n len", FILL_TARGETS },
                       { "loss", OUT, "", .terms = "n len", .more = 8 } } },
        { CALLS(backward), .elements = "n len", .operations = 9, .divisions = 4,
          .magnitude = backward_magnitude,
          .operand = { { "p", IN, "n len", FILL_PROBABILITIES },
                       { "t", IN, "n len", FILL_TARGETS },
                       { "dp", OUT, "n len", .terms = "", .more = 6 } } },
    },
};
