#include "harness/check.h"
#include "ref/relu.h"

static const char *invalid(const void *shape)
{
    const struct relu_shape *s = shape;
    return s->len < 1 ? "len of at least 1" : NULL;
}

static const char *const cases[] = {
    "len=3380", "len=6272", "len=216320", "len=1", "len=15", "len=16", "len=17", "len=1000", NULL
};

static const char *const trouble[] = {
    "len=1", "len=2", "len=127", "len=1021", NULL
};

static const char *const large[] = { "len=16777216", NULL };

CALL(relu, forward, a[0], a[1])
CALL(relu, backward, a[0], a[1], a[2])

const struct check relu_check = {
    CHECKS(relu),
    .key = { INT_KEY(relu, len, 1, 100) },
    .invalid = invalid,
    .cases = cases, .trouble = trouble, .documents = 3, .large = large,
    .function = {
        { CALLS(forward), .rule = RULE_SAME, .exact = true,
          .operand = { { "x", IN, "len" },
                       { "y", OUT, "len", .over = "x" } } },
        { CALLS(backward), .rule = RULE_SAME, .exact = true,
          .operand = { { "x", IN, "len", .selects = true },
                       { "dy", IN, "len" },
                       { "dx", OUT, "len", .over = "dy" } } },
    },
};
