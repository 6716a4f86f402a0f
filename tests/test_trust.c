/* test_trust.c - what is no evidence is not counted as such, and sets that were missed are
 * failures. */
#include "harness/campaign.h"
#include "harness/trust.h"

#include "tests/cli.h"

#include <math.h>

static void zeros_and_constants_are_no_evidence(void **state)
{
    (void)state;
    static const struct { size_t count; double value[8]; bool evidence; } table[] = {
        { 0, { 0 }, true }, /* an absent array speaks neither way */
        { 1, { 0 }, false },
        { 1, { -0.0 }, false },
        { 1, { 3 }, true },
        { 4, { 0, 0, 0, 1 }, true },
        { 4, { 0, 0, 0, 0 }, false },
        { 5, { 0, 0, 0, 0, 1 }, false },
        { 7, { 2, 2, 2, 2, 2, 2, 2 }, true },
        { 8, { 2, 2, 2, 2, 2, 2, 2, 2 }, false },
        { 8, { 2, 2, 2, 2, 2, 2, 2, 3 }, true },
        { 8, { 0, 0, 0, 0, 0, 0, 1, 2 }, true },
        { 8, { 0, 0, 0, 0, 0, 0, 0, 2 }, false },
        { 8, { NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN }, false },
        { 8, { NAN, 1, NAN, NAN, NAN, NAN, NAN, NAN }, true },
    };
    for (size_t i = 0; i < COUNT(table); i++)
        if (values_are_evidence(table[i].value, table[i].count) != table[i].evidence)
            fail_msg("row %zu", i);
}

/* Every output of a case must be: here db is, and dw is not. */
static void a_case_is_evidence_when_all_its_outputs_are(void **state)
{
    (void)state;
    for (int zero = -1; zero <= 2; zero++) {
        struct judge j = { .guard = NULL };
        const struct check *c;
        const struct function *f = find_function("dense.backward", &c);
        union any_shape shape;
        struct error e;
        assert_true(shape_parse(c, "n=2,in=3,out=5", "case", &shape, &e));
        judge_begin(&j, c, f, &shape);
        for (int i = 0; i <= 2; i++)
            for (size_t k = 0; k < j.count[i]; k++)
                j.ref[i][k] = i == zero ? 0.0 : (double)(k + 1);
        judge_reference(&j, true);
        assert_int_equal(case_is_evidence(&j), zero == -1);
        judge_end(&j);
    }
}

static void a_function_without_evidence_and_a_set_that_was_missed_are_rejected(void **state)
{
    (void)state;
    const int widest = (int)isa_best();
    const struct { long cases, trusted; bool lowered, used, called; long rejected; } table[] = {
        { 99, 0, false, true, true, 0 },    /* too few to say so */
        { 100, 25, false, true, true, 0 },
        { 100, 24, false, true, true, 1 },
        { 200, 200, false, true, false, 1 },  /* asked for, and never called */
        { 200, 200, false, false, false, 1 }, /* forgotten */
        { 200, 200, true, false, false, 0 },  /* left out on purpose */
        { 200, 10, false, false, false, 2 },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct tally t = { .cases = table[i].cases, .trusted = table[i].trusted };
        struct campaign c = { .tally = &t, .tallies = 1, .lowered = table[i].lowered };
        for (int isa = 0; isa < ISA_COUNT; isa++) {
            c.use[isa] = isa_usable((enum isa)isa) && (isa != widest || table[i].used);
            t.calls[isa] = isa != widest || table[i].called;
        }
        if (campaign_rejected(&c) != table[i].rejected)
            fail_msg("row %zu: %ld rejected", i, campaign_rejected(&c));
        assert_int_equal(campaign_set(&c, (enum isa)widest),
                         table[i].called    ? SET_RAN
                         : table[i].lowered ? SET_LOWERED
                                            : SET_MISSED);
    }
}

/* The program without the objects of the architecture's widest set, as a compiler would make it
 * that lacks it: a failure where the machine has that set, and nothing to miss where it has not. */
static void a_build_without_a_set_says_so_and_fails(void **state)
{
    (void)state;
    const enum isa widest = (enum isa)(ISA_plugin - 1);
    const char *const set = isa_name[widest];
    char wanted[128];
    shell("cd '%s/..' && flags=$(cat '%s/flags') && eval \"${flags%%%% -l*} -o '%s/cnncheck' "
          "$(find '%s/ref' '%s/fast' '%s/harness' -name '*.o' ! -name '*.%s.o' | tr '\\n' ' ') "
          "-l${flags#* -l}\"", BUILD_DIR, BUILD_DIR, folder, BUILD_DIR, BUILD_DIR, BUILD_DIR, set);
    assert_ended(0, "", "link");
    shell("./cnncheck verify --layer relu --tier smoke --json v.json --junit v.xml");
    if (!isa_present(widest)) {
        assert_ended(0, "\nHELD: 2 functions, ", "no set of this machine");
        return;
    }
    snprintf(wanted, sizeof wanted, "FAIL %s: this machine has it, but this build does not", set);
    assert_ended(1, wanted, "a build without");
    assert_non_null(strstr(out, "\nFAILED: 2 functions, "));
    shell("grep '\"%s\": \"missed\"' v.json && grep -A1 'name=\"%s\"' v.xml | grep '<failure'", set,
          set);
    assert_ended(0, "", "told in all formats");
    shell("./cnncheck verify --layer relu --tier smoke --isa scalar");
    assert_ended(0, "not run, since another set was asked for: ", "on purpose");
    shell("./cnncheck verify --layer relu --isa %s", set);
    snprintf(wanted, sizeof wanted, "--isa: this build has no %s", set);
    assert_ended(2, wanted, "asked for");
    shell("./cnncheck info");
    snprintf(wanted, sizeof wanted, "%s (not in this build)", set);
    assert_ended(0, wanted, "info");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeros_and_constants_are_no_evidence),
        cmocka_unit_test(a_case_is_evidence_when_all_its_outputs_are),
        cmocka_unit_test(a_function_without_evidence_and_a_set_that_was_missed_are_rejected),
        cmocka_unit_test(a_build_without_a_set_says_so_and_fails),
    };
    return cmocka_run_group_tests_name("trust", tests, make_folder, remove_folder);
}
