/* test_exhaust.c - one wrong float among all is found and named. */
#include "harness/campaign.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(table) (sizeof (table) / sizeof *(table))

static enum isa wrong_at;

/* tanh.forward, wrong for 1.5 at one set. */
static void wrong_fast(enum isa isa, const void *shape, float *const *a, float *work)
{
    const struct check *c;
    int len;
    find_function("tanh.forward", &c)->fast(isa, shape, a, work);
    memcpy(&len, shape, sizeof len);
    for (int i = 0; i < len && isa == wrong_at; i++)
        a[1][i] += a[0][i] == 1.5f ? 0x1p-22f : 0.0f;
}

static void one_wrong_float_is_found_in_its_block(void **state)
{
    (void)state;
    enum { BLOCKS = 65536, BLOCK_OF_1_5 = 0x3fc00000 >> 16 };
    static const struct { bool wrong; int block; const char *said; } table[] = {
        { false, BLOCK_OF_1_5, "" },
        { true, BLOCK_OF_1_5, "all floats: tanh(0x1.8p+0) is 0x1" },
        { true, BLOCK_OF_1_5 + 1, "" },
        { true, BLOCK_OF_1_5 | 0x8000, "" }, /* -1.5 */
    };
    for (size_t i = 0; i < COUNT(table); i++)
        for (int set = 0; set < ISA_COUNT; set++) {
            const struct check *c;
            struct function f = *find_function("tanh.forward", &c);
            struct tally t = { .check = c, .function = &f };
            struct campaign campaign = { .shard = table[i].block + 1, .shards = BLOCKS, .seed = 1,
                                         .threads = 1, .tally = &t, .tallies = 1 };
            const char *const name = *table[i].said ? isa_name[set] : "";
            if (!isa_usable((enum isa)set))
                continue;
            const int silent = open("/dev/null", O_WRONLY), before = dup(1);
            campaign.use[set] = true;
            wrong_at = (enum isa)set;
            f.fast = table[i].wrong ? wrong_fast : f.fast;
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
            assert_true(t.rejected || t.exhausted == 65536L);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_wrong_float_is_found_in_its_block),
    };
    return cmocka_run_group_tests_name("exhaust", tests, NULL, NULL);
}
