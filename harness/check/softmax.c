#include "harness/check.h"
#include "ref/softmax.h"

#include <math.h>

static const char *invalid(const void *shape)
{
    const struct softmax_shape *s = shape;
    return s->n < 1 || s->len < 1 ? "every key of at least 1" : NULL;
}

static const char *const cases[] = {
    "n=1,len=2", "n=1,len=10", "n=64,len=10", "n=1,len=1", "n=70,len=33", "n=83,len=7",
    "n=3,len=16",
    "n=2,len=65555", /* whose sums are of two blocks */
    "n=2,len=17", "n=1,len=100", NULL
};

static const char *const trouble[] = {
    "n=1", "len=1", "len=2", "len=509", "n=67,len=3", NULL
};

static const char *const large[] = { "n=256,len=1000", NULL };

CALL(softmax, forward, a[0], a[1])
CALL(softmax, backward, a[0], a[1], a[2])

/* The error of an exponential is that of its argument, |x - max| u, and it reaches every element of
 * the row through the sum. */
static void forward_magnitude(const void *shape, double *const *a)
{
    const struct softmax_shape *s = shape;
    softmax_ref.forward(s, a[0], a[1]);
    for (int n = 0; n < s->n; n++) {
        const double *x = a[0] + (size_t)n * s->len;
        double *y = a[1] + (size_t)n * s->len, max = x[0], spread = 0.0;
        for (int j = 1; j < s->len; j++)
            max = x[j] > max ? x[j] : max;
        for (int j = 0; j < s->len; j++)
            spread += y[j] > 0.0 ? y[j] * (max - x[j]) : 0.0;
        for (int j = 0; j < s->len; j++)
            y[j] *= y[j] > 0.0 ? 1.0 + (max - x[j]) + spread : 1.0;
    }
}

static void backward_magnitude(const void *shape, double *const *a)
{
    const struct softmax_shape *s = shape;
    for (int n = 0; n < s->n; n++) {
        const double *y = a[0] + (size_t)n * s->len, *dy = a[1] + (size_t)n * s->len;
        double dot = 0.0;
        for (int k = 0; k < s->len; k++)
            dot += fabs(y[k] * dy[k]);
        for (int j = 0; j < s->len; j++)
            a[2][(size_t)n * s->len + j] = fabs(y[j]) * (fabs(dy[j]) + dot);
    }
}

const struct check softmax_check = {
    CHECKS(softmax),
    .key = { INT_KEY(softmax, n, 1, 5), INT_KEY(softmax, len, 1, 60) },
    .invalid = invalid,
    .cases = cases, .trouble = trouble, .documents = 2, .large = large,
    .function = {
        { CALLS(forward), .elements = "n len", .operations = 20, .divisions = 1,
          .magnitude = forward_magnitude,
          .operand = { { "x", IN, "n len", FILL_LOGITS },
                       { "y", OUT, "n len", .terms = "len", .more = 6 } } },
        { CALLS(backward), .magnitude = backward_magnitude,
          .operand = { { "y", IN, "n len", FILL_DISTRIBUTION },
                       { "dy", IN, "n len" },
                       { "dx", OUT, "n len", .terms = "len", .more = 3 } } },
    },
};
