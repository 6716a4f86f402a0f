/* test_mutate.c - scripts/mutate.py on a copy of the sources: nothing of a small kernel survives
 * the harness, and what a harness that has been weakened lets through is said to survive. */
#include "tests/cli.h"

#define MUTATE "tree/scripts/mutate.py --file fast/sgd.c "
#define WEAKEN(file, from, to) "sed -i 's," from "," to ",' tree/harness/" file "; "

static void a_sound_harness_leaves_no_survivor(void **state)
{
    (void)state;
    shell("mkdir tree && cd '%s' && "
          "cp -r Makefile ref fast harness fixtures scripts tests \"$OLDPWD/tree\"",
          SOURCE_DIR);
    assert_ended(0, "", "cp");
    shell(MUTATE);
    assert_ended(0, "\nHELD: ", "a sound harness");
    assert_non_null(strstr(out, " 0 survived; "));
    assert_non_null(strstr(out, "\nkilled by ")); /* and by whom: */
    assert_non_null(strstr(out, " guard "));
    shell("grep -c '\"verdict\": \"killed\"' tree/build/mutation/mutation.json");
    assert_in_range(strtol(out, NULL, 10), 10, 100);
    shell(MUTATE "--smoke 3 --seed 2");
    assert_ended(0, "\nHELD: ", "a part of them");
}

/* The comparisons, those of bits too, hold always; all else is as it was. */
static void a_weakened_harness_lets_mutants_survive(void **state)
{
    (void)state;
    shell(WEAKEN("compare.c", "return error <= bound ?.*", "return 0.0;")
          WEAKEN("compare.c", "return (isnan(a) \\&\\& isnan(b)) ||.*", "return true;")
          WEAKEN("command_digest.c", "known\\[i\\].hash == mine->hash", "true") MUTATE);
    assert_ended(1, "\nSURVIVED fast/sgd.c:", "a weak harness");
    assert_non_null(strstr(out, "\nSURVIVED: "));
    assert_string_equal(err, "");
}

static void proofs_are_matched_by_their_lines(void **state)
{
    (void)state;
    shell("rm -f tree/scripts/mutants.txt; " MUTATE
          "| sed -n '/^SURVIVED fast/{s/SURVIVED //;s/:.*//;p;n;s/^  //;p;n;s/^  //;p;a proof.\n"
          "a\\\n\n}' >proofs; cp proofs tree/scripts/mutants.txt; cat proofs; " MUTATE);
    assert_ended(0, " 0 survived; ", "proven ones are not run");
    assert_null(strstr(out, " 0 proven, "));
    shell("sed 's/^- /- no longer there /' proofs >tree/scripts/mutants.txt; " MUTATE);
    assert_ended(2, "scripts/mutants.txt: no such mutant of fast/sgd.c any more: ", "stale");
    shell("echo fast/sgd.c >tree/scripts/mutants.txt; " MUTATE);
    assert_ended(2, "scripts/mutants.txt: not a file, - line, + line and a proof", "bad");
}

static void what_cannot_be_run_is_said(void **state)
{
    (void)state;
    shell("tree/scripts/mutate.py --file 'nosuch*'");
    assert_ended(2, "mutate.py: --file nosuch*: no file of fast/ ", "no file");
    shell("rm tree/scripts/mutants.txt; echo broken >>tree/ref/sgd.c; " MUTATE);
    assert_ended(2, "mutate.py: the sources do not build: ", "sources that do not build");
    shell("tree/scripts/mutate.py --help");
    assert_ended(0, "--smoke N", "help");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_harness_leaves_no_survivor),
        cmocka_unit_test(a_weakened_harness_lets_mutants_survive),
        cmocka_unit_test(proofs_are_matched_by_their_lines),
        cmocka_unit_test(what_cannot_be_run_is_said),
    };
    return cmocka_run_group_tests_name("mutate", tests, make_folder, remove_folder);
}
