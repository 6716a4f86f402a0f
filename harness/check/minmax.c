#include "harness/check.h"
#include "ref/minmax.h"

#include <math.h>

static int two(const void *shape)
{
    (void)shape;
    return 2;
}

static const char *invalid(const void *shape)
{
    const struct minmax_shape *s = shape;
    return s->len < 1 || s->len > 1 << 28 ? "len from 1 to 2^28" : NULL;
}

static const char *const cases[] = {
    "len=1000",  /* document 000: the output of its batch */
    "len=27648", /* and three of its images, flattened */
    "len=1", "len=2", "len=3", "len=15", "len=16", "len=17", "len=31", "len=32", "len=33", NULL
};

static const char *const trouble[] = {
    "len=1", "len=2", "len=127", "len=1021", NULL
};

static const char *const large[] = { "len=9216000", NULL };

CALL(minmax, forward, a[0], a[1])
CALL(minmax, backward, a[0], a[1], a[2])
CALL(minmax, statistics, a[0], a[1])
CALL(minmax, apply, a[0], a[1], a[2])

/* Two terms, 2 (x - min) / R and 1. The first is rounded three times, at the difference, at R and
 * at the quotient, which c(2) = 4 covers; taking 1 away is the rounding of y itself. */
static void apply_magnitude(const void *shape, double *const *a)
{
    const struct minmax_shape *s = shape;
    const double min = a[1][0], max = a[1][1];
    for (int i = 0; i < s->len; i++)
        a[2][i] = fabs(2.0 * ((a[0][i] - min) / (max - min))) + 1.0;
}

static void forward_magnitude(const void *shape, double *const *a)
{
    double range[2];
    minmax_ref.statistics(shape, a[0], range);
    apply_magnitude(shape, (double *[]){ a[0], range, a[1] });
}

/* An element of dx is rounded at most six times beside the additions of a sum: max - x or x - min,
 * R, their quotient, the difference from dy, R once more and the last quotient. The sums of a and b
 * add len roundings, which stray as far as sqrt(len) of them: with n = 6, c(6) sqrt(len), which is
 * 8 sqrt(len), is more than the proven len + 6 up to a len of 50, more than 6 sqrt(len) + 6 from 9
 * on. What underflows, a quotient or a product, errs by u 2^-126 and not by a part of itself. */
static void backward_magnitude(const void *shape, double *const *operand)
{
    const struct minmax_shape *s = shape;
    const double *x = operand[0], *dy = operand[1], least = 0x1p-126;
    double range[2], of_min = 0.0, of_max = 0.0, *sum = operand[2];
    int a = 0, b = 0;
    minmax_ref.statistics(s, x, range);
    const double min = range[0], max = range[1], scale = 2.0 / (max - min);
    while (a < s->len - 1 && x[a] != min)
        a++;
    while (b < s->len - 1 && x[b] != max)
        b++;
    for (int k = 0; k < s->len; k++) {
        of_min += fabs(dy[k]) * ((max - x[k]) / (max - min) + least) + least;
        of_max += fabs(dy[k]) * ((x[k] - min) / (max - min) + least) + least;
        sum[k] = scale * fabs(dy[k]);
    }
    sum[a] += scale * sqrt(s->len) * of_min;
    sum[b] += scale * sqrt(s->len) * of_max;
}

const struct check minmax_check = {
    CHECKS(minmax),
    .key = { INT_KEY(minmax, len, 1, 100), { .name = "two", .kind = KEY_DERIVED, .derived = two } },
    .invalid = invalid,
    .cases = cases, .trouble = trouble, .documents = 2, .large = large,
    .function = {
        { CALLS(forward), .magnitude = forward_magnitude,
          .operand = { { "x", IN, "len", FILL_REPEATS },
                       { "y", OUT, "len", .terms = "", .more = 1 } } },
        { CALLS(backward), .elements = "len", .divisions = 2, .magnitude = backward_magnitude,
          .operand = { { "x", IN, "len", FILL_REPEATS },
                       { "dy", IN, "len" },
                       { "dx", OUT, "len", .terms = "", .more = 5 } } },
        { CALLS(statistics), .rule = RULE_SAME, .exact = true,
          .operand = { { "x", IN, "len", FILL_REPEATS },
                       { "range", OUT, "two" } } },
        { CALLS(apply), .elements = "len", .divisions = 1, .magnitude = apply_magnitude,
          .operand = { { "x", IN, "len" },
                       { "range", IN, "two" },
                       { "y", OUT, "len", .terms = "", .more = 1 } } },
    },
};
