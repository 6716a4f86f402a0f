#include "harness/check.h"
#include "ref/sigmoid.h"

#include <math.h>

static const char *invalid(const void *shape)
{
    const struct sigmoid_shape *s = shape;
    return s->len < 1 ? "len of at least 1" : NULL;
}

static const char *const cases[] = {
    "len=100", "len=3380", "len=216320", "len=1", "len=15", "len=16", "len=17", "len=1000", NULL
};

static const char *const trouble[] = {
    "len=1", "len=2", "len=127", "len=1021", NULL
};

static const char *const large[] = { "len=4194304", NULL };

CALL(sigmoid, forward, a[0], a[1])
CALL(sigmoid, backward, a[0], a[1], a[2])

/* The slope is rounded to float before dy scales it: below 2^-126 that costs an absolute 2^-149. */
static void backward_magnitude(const void *shape, double *const *a)
{
    const struct sigmoid_shape *s = shape;
    sigmoid_ref.backward(s, a[0], a[1], a[2]);
    for (int i = 0; i < s->len; i++)
        a[2][i] = fabs(a[2][i]) + fabs(a[1][i]) * 0x1p-125;
}

const struct check sigmoid_check = {
    CHECKS(sigmoid),
    .key = { INT_KEY(sigmoid, len, 1, 100) },
    .invalid = invalid,
    .cases = cases, .trouble = trouble, .documents = 3, .large = large,
    .function = {
        { CALLS(forward), .elements = "len", .operations = 28, .divisions = 1, .rule = RULE_ULP,
          .operand = { { "x", IN, "len" },
                       { "y", OUT, "len", .terms = "", .more = 6 } } },
        { CALLS(backward), .elements = "len", .operations = 34, .divisions = 1,
          .magnitude = backward_magnitude,
          .operand = { { "x", IN, "len" },
                       { "dy", IN, "len" },
                       { "dx", OUT, "len", .terms = "", .more = 6 } } },
    },
};
