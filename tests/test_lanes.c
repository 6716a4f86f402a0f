/* test_lanes.c - kernels that are right on ordinary data where buffers begin with a cache line, and
 * wrong elsewhere: what is said of each. */
#include "harness/campaign.h"
#include "ref/relu.h"
#include "ref/sgd.h"

#include <fcntl.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(table) (sizeof (table) / sizeof *(table))
#define RELU(name)                                                                                 \
    static void name(enum isa isa, const void *shape, float *const *a, float *work)                \
    {                                                                                              \
        const int len = ((const struct relu_shape *)shape)->len;                                   \
        (void)work;                                                                                \
        relu_fast(isa)->forward(shape, a[0], a[1]);

RELU(sound)
    (void)len;
}

/* The first lane of a vector reaches the others, times zero. */
RELU(leaking)
    for (int i = 0; i < len; i++)
        a[1][i] += 0.0f * a[0][i / 16 * 16];
}

/* The lanes behind the last one are stored where a vector of an unaligned row ends. */
RELU(straying)
    if ((uintptr_t)a[1] % 64 == 20)
        a[1][len] = 0.0f;
}

RELU(misaligned)
    if ((uintptr_t)a[1] % 64 == 32)
        a[1][len - 1] = -1.0f;
}

/* What comes before a NaN is looked at, be it there or not. */
RELU(looking)
    for (int i = 0; i < len; i++)
        if (isnan(a[0][i]))
            (void)((const volatile float *)a[0])[i - 1];
}

/* One special number alone, the last. */
RELU(lonely)
    int specials = 0;
    for (int i = 0; i < len; i++)
        specials += !isfinite(a[0][i]);
    if (specials == 1 && !isfinite(a[0][len - 1]))
        a[1][0] = -1.0f;
}

static volatile float zero = 0.0f, largest = FLT_MAX;

RELU(invalid)
    const volatile float unused = len ? zero / zero : 0.0f;
    (void)unused;
}

RELU(dividing)
    const volatile float unused = len ? 1.0f / zero : 0.0f;
    (void)unused;
}

RELU(overflowing)
    const volatile float unused = len ? largest * largest : 0.0f;
    (void)unused;
}

RELU(inexact)
    const volatile float unused = len ? (zero + 1.0f) / 3.0f : 0.0f;
    (void)unused;
}

RELU(underflowing)
    const volatile float unused = len ? 1.0f / largest * 0.3f : 0.0f;
    (void)unused;
}

/* Rounds once or twice, both within the bound, and which it is depends on all of x. */
static void two_ways(enum isa isa, const void *shape, float *const *a, float *work)
{
    const struct sgd_shape *s = shape;
    bool finite = true;
    (void)work;
    for (int i = 0; i < s->len; i++)
        finite = finite && isfinite(a[0][i]);
    sgd_fast(isa)->step(shape, a[0], a[1], a[2]);
    for (int i = 0; !finite && i < s->len; i++) {
        const volatile float step = (float)s->lr * a[1][i];
        a[2][i] = a[0][i] - step;
    }
}

static const struct {
    const char *function, *text;
    void (*fast)(enum isa isa, const void *shape, float *const *a, float *work);
    const char *said;
} table[] = {
    { "relu.forward", "len=37", sound, "" },
    { "relu.forward", "len=37", inexact, "" },
    { "relu.forward", "len=37", leaking, "NaN in x[0]: exact judge: y[1] is nan" },
    { "relu.forward", "len=37", straying, "guard judge: wrote to y, 0 bytes past its end" },
    { "relu.forward", "len=32", misaligned, "32 bytes from unmapped pages: exact judge: y[31] is" },
    { "relu.forward", "len=33", looking, "NaN in x[0]: guard judge: touched x, 4 bytes before" },
    { "relu.forward", "len=33", lonely, "NaN in x[32]: exact judge: y[0] is" },
    { "relu.forward", "len=33", invalid, "flags judge: raised invalid" },
    { "relu.forward", "len=33", dividing, "flags judge: raised divide-by-zero" },
    { "relu.forward", "len=33", overflowing, "flags judge: raised overflow" },
    { "relu.forward", "len=33", underflowing, "flags judge: raised underflow" },
    { "sgd.step", "len=37,lr=0.1", two_ways, ", which does not depend on it: " },
};

static void what_is_wrong_beside_the_ordinary_is_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        const struct check *c;
        struct function f = *find_function(table[i].function, &c);
        struct tally t = { .check = c, .function = &f };
        struct campaign run = { .only = table[i].text, .seed = 1, .shard = 1, .shards = 1,
                                .threads = 1, .tally = &t, .tallies = 1, .use = { true } };
        const int silent = open("/dev/null", O_WRONLY), before = dup(1);
        f.fast = table[i].fast;
        fflush(stdout);
        dup2(silent, 1);
        campaign_lanes(&run);
        fflush(stdout);
        dup2(before, 1);
        close(silent);
        close(before);
        if (t.rejected != !!*table[i].said || !strstr(t.failure, table[i].said))
            fail_msg("row %zu: '%s'", i, t.failure);
        assert_true(t.rejected || t.lanes > 16);
    }
}

/* With any seed: an infinity must not meet what vanishes in float and not in double, nor a row that
 * has to sum to one, and an infinite range that makes 0 of -0 has changed it. */
static void what_is_right_passes_with_any_seed(void **state)
{
    (void)state;
    static const struct { const char *function, *text; } right[] = {
        { "xent.forward", "n=1,len=2" },
        { "minmax.backward", "len=3" },
        { "sigmoid.backward", "len=3380" },
        { "tanh.backward", "len=1000" },
    };
    for (size_t i = 0; i < COUNT(right); i++)
        for (uint64_t seed = 1; seed <= 20; seed++) {
            const struct check *c;
            struct tally t = { .function = find_function(right[i].function, &c) };
            struct campaign run = { .only = right[i].text, .seed = seed, .shard = 1, .shards = 1,
                                    .threads = 1, .tally = &t, .tallies = 1, .use = { true } };
            t.check = c;
            campaign_lanes(&run);
            if (t.rejected)
                fail_msg("%s, seed %d: '%s'", right[i].function, (int)seed, t.failure);
        }
}

static void every_alignment_is_met(void **state)
{
    (void)state;
    struct guard *g = guard_create();
    for (int where = 0; where < PLACEMENTS; where++) {
        bool met[16] = { false };
        for (int floats = 0; floats < 16; floats++) {
            guard_keep_apart(g, floats);
            met[(uintptr_t)guard_place(g, 0, "x", NULL, 37, (enum placement)where) / 4 % 16] = true;
        }
        for (int i = 0; i < 16; i++)
            assert_true(met[i]);
    }
    guard_destroy(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_beside_the_ordinary_is_said),
        cmocka_unit_test(what_is_right_passes_with_any_seed),
        cmocka_unit_test(every_alignment_is_met),
    };
    return cmocka_run_group_tests_name("lanes", tests, NULL, NULL);
}
