#include "harness/check.h"
#include "ref/sgd.h"

#include <math.h>

static const char *invalid(const void *shape)
{
    const struct sgd_shape *s = shape;
    if (s->len < 1)
        return "len of at least 1";
    return zero_or_normal(s->lr) ? NULL : "lr 0 or a normal float";
}

static const double rates[] = { 1.0, 0.5, 2.0, 0.1, 0.01, 0.0003, NAN };

static const char *const cases[] = {
    "len=9586,lr=0.0003", "len=22162,lr=0.005", "len=316227,lr=0.01", "len=1,lr=1",
    "len=16,lr=0.5", "len=1000,lr=0.01", NULL
};

static const char *const trouble[] = {
    "len=1", "len=2", "len=127", "len=1021", NULL
};

static const char *const large[] = { "len=25557032,lr=0.1", NULL };

CALL(sgd, step, a[0], a[1], a[2])

static void magnitude(const void *shape, double *const *a)
{
    const struct sgd_shape *s = shape;
    for (int i = 0; i < s->len; i++)
        a[2][i] = fabs(a[0][i]) + fabs(s->lr * a[1][i]);
}

const struct check sgd_check = {
    CHECKS(sgd),
    .key = { INT_KEY(sgd, len, 1, 100), REAL_KEY(sgd, lr, rates) },
    .invalid = invalid,
    .cases = cases, .trouble = trouble, .documents = 3, .large = large,
    .function = {
        { CALLS(step), .exact = true, .magnitude = magnitude,
          .operand = { { "w", IN, "len" },
                       { "dw", IN, "len" },
                       { "updated", OUT, "len", .terms = "", .more = 1, .over = "w" } } },
    },
};
