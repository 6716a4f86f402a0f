#include "harness/check.h"
#include "ref/bce_logits.h"

#include <math.h>

static const char *invalid(const void *shape)
{
    const struct bce_logits_shape *s = shape;
    return s->n < 1 || s->len < 1 ? "every key of at least 1" : NULL;
}

static const char *const cases[] = {
    "n=1,len=2", "n=1000,len=1", "n=1,len=1", "n=2,len=8", "n=17,len=1", "n=10,len=10", NULL
};

static const char *const trouble[] = {
    "n=1", "len=1", "n=131,len=1", "n=1,len=131", NULL
};

static const char *const large[] = { "n=1024,len=1024", NULL };

CALL(bce_logits, forward, a[0], a[1], a[2])
CALL(bce_logits, backward, a[0], a[1], a[2])

static void forward_magnitude(const void *shape, double *const *a)
{
    const struct bce_logits_shape *s = shape;
    double sum = 0.0;
    for (int i = 0; i < s->n * s->len; i++) {
        const double z = a[0][i];
        sum += fmax(z, 0.0) + fabs(z * a[1][i]) + log1p(exp(-fabs(z)));
    }
    *a[2] = sum / (s->n * s->len);
}

static void backward_magnitude(const void *shape, double *const *a)
{
    const struct bce_logits_shape *s = shape;
    const int count = s->n * s->len;
    for (int i = 0; i < count; i++)
        a[2][i] = (1.0 / (1.0 + exp(-a[0][i])) + fabs(a[1][i])) / count;
}

const struct check bce_logits_check = {
    CHECKS(bce_logits),
    .key = { INT_KEY(bce_logits, n, 1, 9), INT_KEY(bce_logits, len, 1, 20) },
    .invalid = invalid,
    .cases = cases, .trouble = trouble, .documents = 2, .large = large,
    .function = {
        { CALLS(forward), .elements = "n len", .operations = 42,
          .magnitude = forward_magnitude,
          .operand = { { "z", IN, "n len", FILL_LOGITS },
                       { "t", IN, "n len", FILL_TARGETS },
                       { "loss", OUT, "", .terms = "n len", .more = 8 } } },
        { CALLS(backward), .elements = "n len", .operations = 29, .divisions = 2,
          .magnitude = backward_magnitude,
          .operand = { { "z", IN, "n len", FILL_LOGITS },
                       { "t", IN, "n len", FILL_TARGETS },
                       { "dz", OUT, "n len", .terms = "", .more = 4 } } },
    },
};
