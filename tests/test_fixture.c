/* test_fixture.c - the fixtures are those that their scripts made; and of three opinions, which of
 * ref, fast and NumPy is said to stand alone. */
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

/* What scripts/fixtures.py --check says in minutes and with NumPy, but for NumPy's own part. */
static void the_manifest_is_of_these_scripts_and_files(void **state)
{
    (void)state;
    static const char *const same[][2] = {
        { "fixtures/MANIFEST was written by other scripts than these: run scripts/fixtures.py",
          "[ \"$(sha256sum scripts/fixtures.py scripts/layers.py scripts/networks.py)\" = "
          "\"$(sed -n 's/# \\(scripts.*\\) \\(.*\\)/\\2  \\1/p' fixtures/MANIFEST)\" ]" },
        { "fixtures/MANIFEST has another hash of a file",
          "cd fixtures && grep -v '^#' MANIFEST | sha256sum --check --quiet --strict" },
        { "fixtures/MANIFEST lists other files than there are",
          "cd fixtures && [ \"$(find *.* networks -type f | LC_ALL=C sort)\" = "
          "\"$(sed -n 's/^[0-9a-f]*  //p' MANIFEST | LC_ALL=C sort)\" ]" },
    };
    for (size_t i = 0; i < COUNT(same); i++) {
        char line[1024];
        snprintf(line, sizeof line, "cd '%s' && %s", SOURCE_DIR, same[i][1]);
        if (system(line) != 0)
            fail_msg("%s", same[i][0]);
    }
}

/* relu.forward, wrong in one element, on either side. */
static double wrong_by;

static void wrong_ref(const void *shape, double *const *a)
{
    const struct check *c;
    find_function("relu.forward", &c)->ref(shape, a);
    a[1][9] += wrong_by;
}

static void wrong_fast(enum isa isa, const void *shape, float *const *a, float *work)
{
    const struct check *c;
    find_function("relu.forward", &c)->fast(isa, shape, a, work);
    a[1][9] += 1.0f;
}

static void of_three_opinions_the_lonely_one_is_named(void **state)
{
    (void)state;
    static const struct { bool fast; double ref; const char *verdict; } table[] = {
        { false, 0.0, "" },
        { true, 0.0, "scalar len=16: fixture: fast stands alone; fast: exact judge: y[9] is " },
        { false, 2.0, "scalar len=16: fixture: ref stands alone; y[9]: ref " },
        { true, 2.0, "scalar len=16: fixture: no two agree; y[9]: ref " },
        { true, 1.0, "scalar len=16: fixture: numpy stands alone; y[9]: ref " },
        { false, 1e-12, "scalar len=16: fixture: ref and numpy differ, by too little for fast to "
                        "side with either; y[9]: ref " },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        const struct check *c;
        struct function f = *find_function("relu.forward", &c);
        struct tally t = { .check = c, .function = &f };
        struct campaign campaign = { .only = "len=16", .use = { true }, .seed = 1, .shard = 1,
                                     .shards = 1, .threads = 1, .tally = &t, .tallies = 1 };
        const int silent = open("/dev/null", O_WRONLY), before = dup(1);
        wrong_by = table[i].ref;
        f.ref = table[i].ref != 0.0 ? wrong_ref : f.ref;
        f.fast = table[i].fast ? wrong_fast : f.fast;
        fflush(stdout);
        dup2(silent, 1);
        campaign_fixtures(&campaign);
        fflush(stdout);
        dup2(before, 1);
        close(silent);
        close(before);
        free(t.spread);
        if (strncmp(t.failure, table[i].verdict, strlen(table[i].verdict)) ||
            t.rejected != (i > 0) || t.fixtures != (i == 0))
            fail_msg("row %zu: %s", i, t.failure);
    }
}

/* Both round: five units in the last place of 16 are within twice the bound of three terms, and ten
 * are not. */
static void ref_and_numpy_may_each_round(void **state)
{
    (void)state;
    struct judge j = { .guard = NULL };
    union any_shape shape;
    struct error e;
    const struct check *c;
    const struct function *f = find_function("dense.forward", &c);
    assert_true(shape_parse(c, "n=1,in=2,out=1", "case", &shape, &e));
    judge_begin(&j, c, f, &shape);
    j.ref[0][0] = 1.0, j.ref[0][1] = 2.0;
    j.ref[1][0] = 3.0, j.ref[1][1] = 4.0;
    j.ref[2][0] = 5.0;
    judge_reference(&j, false);
    assert_true(fixture_compare(&j, 3, (const double[]){ 16.0 + 5 * 0x1p-48 }).agree);
    assert_false(fixture_compare(&j, 3, (const double[]){ 16.0 + 10 * 0x1p-48 }).agree);
    judge_end(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_manifest_is_of_these_scripts_and_files),
        cmocka_unit_test(ref_and_numpy_may_each_round),
        cmocka_unit_test(of_three_opinions_the_lonely_one_is_named),
    };
    return cmocka_run_group_tests_name("fixture", tests, NULL, NULL);
}
