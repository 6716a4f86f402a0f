#include "harness/check.h"
#include "ref/maxpool.h"

static int oh(const void *s)
{
    return maxpool_oh(s);
}

static int ow(const void *s)
{
    return maxpool_ow(s);
}

static const char *invalid(const void *shape)
{
    const struct maxpool_shape *s = shape;
    if (s->n < 1 || s->c < 1 || s->h < 1 || s->w < 1 || s->k < 1 || s->stride < 1)
        return "every key of at least 1";
    if (s->k > s->h || s->k > s->w)
        return "a window that fits into the image";
    if ((double)s->k * s->w > 16777216.0)
        return "k w of at most 2^24";
    return NULL;
}

static const char *const cases[] = {
    "n=1,c=36,h=32,w=32,k=2,stride=2", /* document 000 */
    "n=1,c=5,h=26,w=26,k=2,stride=1",  /* 001: windows overlap */
    "n=1,c=8,h=28,w=28,k=2,stride=2",  /* 002 */
    "n=1,c=1,h=1,w=1,k=1,stride=1",
    "n=2,c=1,h=5,w=19,k=3,stride=1",
    "n=1,c=3,h=7,w=38,k=3,stride=2",
    "n=1,c=2,h=9,w=59,k=2,stride=3",
    "n=1,c=1,h=9,w=20,k=3,stride=3",
    "n=1,c=1,h=1,w=20,k=1,stride=1", /* of one row, which ends with the tensor */
    "n=1,c=1,h=8,w=20,k=4,stride=2",
    "n=1,c=1,h=7,w=37,k=5,stride=2", /* no column is left over */
    "n=1,c=1,h=6,w=35,k=6,stride=2",
    "n=1,c=2,h=5,w=17,k=2,stride=2",
    "n=1,c=2,h=18,w=70,k=3,stride=2", /* beyond the first block, whole and not */
    "n=1,c=1,h=17,w=66,k=3,stride=1",
    NULL
};

static const char *const trouble[] = {
    "h=1,k=1", "w=1,k=1", "k=h", "k=w", "k=1", "h=11,w=13", "h=3,w=97", "c=67,h=3,w=5",
    "stride=k", "stride=k+1", "stride=k+2", "stride=1",
    NULL
};

static const char *const large[] = { "n=4,c=64,h=112,w=112,k=3,stride=2", NULL };

CALL(maxpool, forward, a[0], a[1])
CALL(maxpool, backward, a[0], a[1], a[2])

const struct check maxpool_check = {
    CHECKS(maxpool),
    .key = { INT_KEY(maxpool, n, 1, 3), INT_KEY(maxpool, c, 1, 4), INT_KEY(maxpool, h, 1, 20),
             INT_KEY(maxpool, w, 1, 40), INT_KEY(maxpool, k, 1, 5), INT_KEY(maxpool, stride, 1, 4),
             { .name = "oh", .kind = KEY_DERIVED, .derived = oh },
             { .name = "ow", .kind = KEY_DERIVED, .derived = ow } },
    .invalid = invalid,
    .cases = cases, .trouble = trouble, .documents = 3, .large = large,
    .function = {
        { CALLS(forward), .rule = RULE_SAME, .exact = true,
          .operand = { { "x", IN, "n c h w" },
                       { "y", OUT, "n c oh ow" } } },
        { CALLS(backward), .exact = true,
          .operand = { { "x", IN, "n c h w", FILL_REPEATS, .selects = true },
                       { "dy", IN, "n c oh ow" },
                       { "dx", OUT, "n c h w", .terms = "k k" } } },
    },
};
