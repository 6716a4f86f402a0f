#include "harness/check.h"
#include "ref/dense.h"

static const char *invalid(const void *shape)
{
    const struct dense_shape *s = shape;
    return s->n < 1 || s->in < 1 || s->out < 1 ? "every key of at least 1" : NULL;
}

static const char *const cases[] = {
    "n=1,in=3125,out=100", /* document 001 */
    "n=1,in=100,out=2",
    "n=1,in=1568,out=10",  /* 002 */
    "n=1,in=2880,out=100", /* 003 */
    "n=1,in=648,out=10",   /* 004 */
    "n=6,in=80,out=50",    /* 000, thinned */
    "n=6,in=50,out=1",
    "n=1,in=1,out=1",
    "n=9,in=17,out=16",
    "n=5,in=3,out=97",
    "n=4,in=33,out=130",
    "n=32,in=12,out=48",
    "n=150,in=20,out=10",  /* few outputs; more examples than go at a time */
    "n=1,in=2,out=65537",  /* wider than what is gone through at a time */
    "n=3,in=70,out=131",   /* and than what is turned at a time */
    "n=2,in=65,out=7",     /* one input more than go at a time */
    "n=127,in=131,out=21", /* the last outputs turned, of more examples than go at a time */
    "n=18,in=150,out=1029", /* likewise, and of more inputs */
    "n=18,in=150,out=1026", /* so few that examples share vectors */
    NULL
};

static const char *const trouble[] = {
    "n=1", "in=1", "out=1", "n=1,out=1", "in=1021,out=3", "in=3,out=1021", "n=67,in=5,out=7", NULL
};

static const char *const large[] = {
    "n=1000,in=9216,out=50",
    "n=1,in=4096,out=4096",
    "n=64,in=2048,out=1000",
    "n=256,in=1024,out=1024",
    NULL
};

CALL(dense, forward, a[0], a[1], a[2], a[3])
CALL(dense, backward, a[0], a[1], a[2], a[3], a[4], a[5])

const struct check dense_check = {
    CHECKS(dense),
    .key = { INT_KEY(dense, n, 1, 9), INT_KEY(dense, in, 1, 70), INT_KEY(dense, out, 1, 120) },
    .invalid = invalid,
    .cases = cases, .trouble = trouble, .documents = 5, .large = large,
    .function = {
        { CALLS(forward), .flops = "n in out", .each = 2,
          .exact = true,
          .operand = { { "x", IN, "n in" },
                       { "w", IN, "in out" },
                       { "b", IN, "out" },
                       { "y", OUT, "n out", .terms = "in", .more = 1 } } },
        { CALLS(backward), .flops = "n in out", .each = 4,
          .exact = true,
          .operand = { { "x", IN, "n in" },
                       { "w", IN, "in out" },
                       { "dy", IN, "n out" },
                       { "dx", OUT, "n in", .terms = "out" },
                       { "dw", OUT, "in out", .terms = "n" },
                       { "db", OUT, "out", .terms = "n" } } },
    },
};
