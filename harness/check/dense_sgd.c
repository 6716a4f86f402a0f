#include "harness/check.h"
#include "ref/dense_sgd.h"

#include <math.h>

static const char *invalid(const void *shape)
{
    const struct dense_sgd_shape *s = shape;
    if (s->in < 1 || s->out < 1)
        return "in and out of at least 1";
    return zero_or_normal(s->lr) ? NULL : "lr 0 or a normal float";
}

static const double rates[] = { 1.0, 0.5, 0.1, 0.01, 0.0003, NAN };

static const char *const cases[] = {
    "in=3125,out=100,lr=0.01", /* document 001 */
    "in=100,out=2,lr=0.01",
    "in=1568,out=10,lr=0.005", /* 002 */
    "in=2880,out=100,lr=0.1",  /* 003 */
    "in=648,out=10,lr=0.0003", /* 004 */
    "in=1,out=1,lr=1",
    "in=15,out=16,lr=0.5",
    "in=16,out=17,lr=0.5",
    "in=33,out=130,lr=0.1",
    "in=49,out=17,lr=0.1", /* 17 rows are left of groups */
    NULL
};

static const char *const trouble[] = {
    "in=1", "out=1", "in=1021,out=3", "in=3,out=1021", NULL
};

static const char *const large[] = { "in=4096,out=4096,lr=0.1", NULL };

CALL(dense_sgd, backward, a[0], a[1], a[2], a[3], a[4], a[5], a[6])

static void magnitude(const void *shape, double *const *a)
{
    const struct dense_sgd_shape *s = shape;
    for (int i = 0; i < s->in; i++) {
        a[4][i] = 0.0;
        for (int o = 0; o < s->out; o++) {
            const size_t at = (size_t)i * s->out + o;
            a[4][i] += fabs(a[3][o] * a[1][at]);
            a[5][at] = fabs(a[1][at]) + fabs(s->lr * a[0][i] * a[3][o]);
        }
    }
    for (int o = 0; o < s->out; o++)
        a[6][o] = fabs(a[2][o]) + fabs(s->lr * a[3][o]);
}

const struct check dense_sgd_check = {
    CHECKS(dense_sgd),
    .key = { INT_KEY(dense_sgd, in, 1, 70), INT_KEY(dense_sgd, out, 1, 120),
             REAL_KEY(dense_sgd, lr, rates) },
    .invalid = invalid,
    .cases = cases, .trouble = trouble, .documents = 5, .large = large,
    .function = {
        { CALLS(backward), .flops = "in out", .each = 5, .exact = true,
          .magnitude = magnitude,
          .operand = { { "x", IN, "in" },
                       { "w", IN, "in out" },
                       { "b", IN, "out" },
                       { "dy", IN, "out" },
                       { "dx", OUT, "in", .terms = "out" },
                       { "stepped", OUT, "in out", .terms = "", .more = 2, .over = "w" },
                       { "settled", OUT, "out", .terms = "", .more = 1, .over = "b" } } },
    },
};
