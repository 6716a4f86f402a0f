#include "harness/check.h"
#include "ref/transpose.h"

static const char *invalid(const void *shape)
{
    const struct transpose_shape *s = shape;
    return s->n < 1 || s->c < 1 || s->h < 1 || s->w < 1 ? "every key of at least 1" : NULL;
}

static const char *const cases[] = {
    "n=2,c=3,h=32,w=32",  /* document 000: its images, */
    "n=2,c=36,h=16,w=16", /* and its feature maps before they are flattened */
    "n=1,c=1,h=1,w=1",
    "n=2,c=1,h=28,w=28",
    "n=3,c=50,h=1,w=1",
    "n=1,c=16,h=4,w=4",
    "n=2,c=17,h=5,w=3",
    "n=1,c=15,h=3,w=11",
    "n=1,c=32,h=1,w=47",
    NULL
};

static const char *const trouble[] = {
    "h=1", "w=1", "c=1", "h=1,w=1", "c=131,h=2,w=3", "c=h", "c=w", "h=w", NULL
};

static const char *const large[] = { "n=1000,c=3,h=32,w=32", "n=16,c=64,h=56,w=56", NULL };

CALL(transpose, to_nchw, a[0], a[1])
CALL(transpose, to_nhwc, a[0], a[1])

const struct check transpose_check = {
    CHECKS(transpose),
    .key = { INT_KEY(transpose, n, 1, 3), INT_KEY(transpose, c, 1, 40),
             INT_KEY(transpose, h, 1, 9), INT_KEY(transpose, w, 1, 20) },
    .invalid = invalid,
    .cases = cases, .trouble = trouble, .documents = 2, .large = large,
    .function = {
        { CALLS(to_nchw), .rule = RULE_SAME, .exact = true,
          .operand = { { "x", IN, "n h w c" },
                       { "y", OUT, "n c h w" } } },
        { CALLS(to_nhwc), .rule = RULE_SAME, .exact = true,
          .operand = { { "x", IN, "n c h w" },
                       { "y", OUT, "n h w c" } } },
    },
};
