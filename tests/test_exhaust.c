/* test_exhaust.c - one wrong float among all is found and named. */
#include "harness/campaign.h"
#include "harness/exhaust.h"

#include <fcntl.h>
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

enum { BLOCKS = 65536, BLOCK_OF_1_5 = 0x3fc0, NEGATIVE = 0x8000, BLOCK_OF_INFINITY = 0x7f80 };

/* What is wrong with a function, at one set. */
static enum way { SOUND, TOO_FAR, OTHER_BITS, BACKWARDS, ZERO, INFINITE, NAN_LOST,
                  DENORMAL } way;
static enum isa wrong_at;
static const struct function *sound;

static void wrong_fast(enum isa isa, const void *shape, float *const *a, float *work)
{
    const float *const x = a[0];
    float *const y = a[sound->operand[1].role == OUT ? 1 : 2];
    int len;
    sound->fast(isa, shape, a, work);
    memcpy(&len, shape, sizeof len);
    for (int i = 0; i < len && isa == wrong_at; i++) {
        if (way == TOO_FAR && x[i] == 1.5f)
            y[i] = nextafterf(nextafterf(y[i], 2.0f), 2.0f);
        if (way == OTHER_BITS && x[i] == 1.5f)
            y[i] = nextafterf(y[i], 2.0f);
        /* The last of a block, past the first of the next, where tanh's steps are smaller than an
         * ulp. */
        if (way == BACKWARDS && x[i] == 0x1.fffffep+2f)
            y[i] = nextafterf(y[i], 2.0f);
        if (way == ZERO && x[i] == 0.0f)
            y[i] = 0.0f;
        if (way == INFINITE && isinf(x[i]))
            y[i] = nextafterf(y[i], 0.0f);
        if (way == DENORMAL && x[i] == 45.0f)
            y[i] += 0x1p-146f;
        if (way == NAN_LOST && isnan(x[i]))
            y[i] = 0.0f;
    }
}

static void one_wrong_float_is_found_in_its_block(void **state)
{
    (void)state;
    static const struct {
        enum way way;
        const char *function;
        int block;
        const char *said;
    } table[] = {
        { SOUND, "tanh.forward", BLOCK_OF_1_5, "" },
        { TOO_FAR, "tanh.forward", BLOCK_OF_1_5, "all floats: tanh(0x1.8p+0) is 0x1" },
        { TOO_FAR, "tanh.forward", BLOCK_OF_1_5 + 1, "" },
        { TOO_FAR, "tanh.forward", BLOCK_OF_1_5 | NEGATIVE, "" },
        { TOO_FAR, "tanh.backward", BLOCK_OF_1_5, "tanh(0x1.8p+0) is 0x1" },
        { TOO_FAR, "relu.forward", BLOCK_OF_1_5, "relu(0x1.8p+0) is 0x1" },
        { OTHER_BITS, "relu.backward", BLOCK_OF_1_5, "relu(0x1.8p+0) is 0x1.000002p+0" },
        { BACKWARDS, "tanh.forward", 0x40ff, "tanh(0x1.fffffep+2) is 0x1" },
        { SOUND, "tanh.forward", NEGATIVE, "" },
        { ZERO, "tanh.forward", 0, "" }, /* it is 0 there */
        { ZERO, "tanh.forward", NEGATIVE, "tanh(-0x0p+0) is 0x0p+0" },
        { INFINITE, "tanh.forward", BLOCK_OF_INFINITY, "tanh(inf) is 0x1.fffffep-1" },
        { INFINITE, "sigmoid.forward", BLOCK_OF_INFINITY, "sigmoid(inf) is 0x1.fffffep-1" },
        { NAN_LOST, "sigmoid.forward", BLOCK_OF_INFINITY, "sigmoid(nan) is 0x0p+0" },
        { NAN_LOST, "relu.forward", BLOCK_OF_INFINITY | NEGATIVE, "relu(-nan) is 0x0p+0" },
        { SOUND, "relu.backward", BLOCK_OF_INFINITY | NEGATIVE, "" }, /* to NaN nothing falls */
        { SOUND, "tanh.backward", 0x4234, "" },                       /* to denormals */
        { DENORMAL, "tanh.backward", 0x4234, "tanh(0x1.68p+5) is 0x" },
    };
    for (size_t i = 0; i < COUNT(table); i++)
        for (int set = 0; set < ISA_COUNT; set++) {
            const struct check *c;
            struct function f = *(sound = find_function(table[i].function, &c));
            struct tally t = { .check = c, .function = &f };
            struct campaign campaign = { .shard = table[i].block + 1, .shards = BLOCKS, .seed = 1,
                                         .threads = 1, .tally = &t, .tallies = 1 };
            const char *const name = *table[i].said ? isa_name[set] : "";
            if (!isa_usable((enum isa)set))
                continue;
            const int silent = open("/dev/null", O_WRONLY), before = dup(1);
            campaign.use[set] = true;
            wrong_at = (enum isa)set;
            way = table[i].way;
            f.fast = wrong_fast;
            fflush(stdout);
            dup2(silent, 1);
            campaign_exhaust(&campaign);
            fflush(stdout);
            dup2(before, 1);
            close(silent);
            close(before);
            if (t.rejected != !!*table[i].said || !strstr(t.failure, table[i].said) ||
                strncmp(t.failure, name, strlen(name)))
                fail_msg("row %zu, %s: '%s'", i, isa_name[set], t.failure);
            const char *const why = set != ISA_scalar  ? "other bits than scalar"
                                    : way == BACKWARDS ? "the next goes the wrong way"
                                                       : "too far from ref";
            assert_true(!t.rejected || strstr(t.failure, why));
            assert_true(t.rejected || t.exhausted == 65536L);
        }
}

/* Those of this shard, and the time that they took. */
static void every_block_of_a_shard_is_tried(void **state)
{
    (void)state;
    struct tally t = { .function = find_function("relu.forward", &t.check) };
    struct campaign campaign = { .shard = 1, .shards = BLOCKS / 4, .seed = 1, .threads = 1,
                                 .use = { true }, .tally = &t, .tallies = 1 };
    campaign_exhaust(&campaign);
    assert_int_equal(t.rejected, 0);
    assert_int_equal(t.exhausted, 4 * 65536);
    assert_true(t.seconds > 0.0);
}

/* Every subject is a function that there is, takes one float as it is called, and holds; log1p ends
 * with 1. */
static void subjects_are_functions_of_one_float(void **state)
{
    (void)state;
    static const int blocks[] = { 0, 0x3eff, 0x3f80, 0x42b1, BLOCK_OF_INFINITY, NEGATIVE,
                                  NEGATIVE | 0x42b1, NEGATIVE | BLOCK_OF_INFINITY };
    for (const struct subject *s = subjects; s->name; s++)
        for (size_t i = 0; i < COUNT(blocks); i++) {
            const struct check *c = &elementary_check;
            const struct function *f = find_function(s->name, &c);
            for (const struct function *e = elementary_check.function; !f && e->name; e++)
                if (!strncmp(s->name, "elementary.", 11) && !strcmp(s->name + 11, e->name))
                    f = e;
            assert_non_null(f);
            struct tally t = { .check = c, .function = f };
            struct campaign campaign = { .shard = blocks[i] + 1, .shards = BLOCKS, .seed = 1,
                                         .threads = 1, .tally = &t, .tallies = 1 };
            for (int set = 0; set < ISA_COUNT; set++)
                campaign.use[set] = isa_usable((enum isa)set);
            campaign_exhaust(&campaign);
            assert_int_equal(t.rejected, 0);
            assert_int_equal(t.exhausted, !s->last || blocks[i] < 0x3f80 ? 65536
                                          : blocks[i] == 0x3f80           ? 1
                                                                          : 0);
            assert_true(t.ulps < 1.0);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_wrong_float_is_found_in_its_block),
        cmocka_unit_test(every_block_of_a_shard_is_tried),
        cmocka_unit_test(subjects_are_functions_of_one_float),
    };
    return cmocka_run_group_tests_name("exhaust", tests, NULL, NULL);
}
