/* test_scripts.c - the scripts that train: what they refuse before any work. */
#include "tests/cli.h"

/* A run that is misspelled is not one that is left out. */
static void unknown_runs_are_refused_with_the_known_ones(void **state)
{
    (void)state;
    static const struct { const char *line, *said[3]; } table[] = {
        { "train.sh cnncheck made 003 004-beter",
          { "train.sh: 004-beter: no such run; there are 001 002 002-two 003 ",
            " 004-better-seed-5 ", " 000-plain-better-seed-5\n" } },
        { "train.sh cnncheck made ''", { "train.sh: '': no such run; there are 001 " } },
        { "train.sh cnncheck made '001 002'", { "train.sh: 001 002: no such run; there are " } },
        { "train_defects.py cnncheck made 003 005",
          { "train_defects.py: 005: no such run; there are 000 001 002 003 004, and of them "
            "000-01-1 000-02-1 ", " 001-08-3 ", " 004-" } },
        { "train_defects.py cnncheck made 001-08-4",
          { "train_defects.py: 001-08-4: no such run; there are " } },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        shell("'" SOURCE_DIR "'/scripts/%s", table[i].line);
        for (int k = 0; k < 3 && table[i].said[k]; k++)
            assert_ended(2, table[i].said[k], table[i].line);
        assert_string_equal(out, "");
        assert_ptr_equal(strchr(err, '\n'), err + strlen(err) - 1);
        assert_int_not_equal(access("made", F_OK), 0);
    }
}

/* With a program that only says what it is asked: a run that is named is the only one. */
static void known_runs_are_run(void **state)
{
    (void)state;
    shell("printf '#!/bin/sh\\necho \"$@\" right\\n' >echo; chmod +x echo; "
          "'" SOURCE_DIR "'/scripts/train.sh ./echo made 003 && ls made/train");
    assert_ended(0, "train mnist01-sigmoid --impl ref --log made/train/003.ref.tsv", "train.sh");
    assert_non_null(strstr(out, "right\n003.fast.txt\n003.ref.txt\n"));
    shell("'" SOURCE_DIR "'/scripts/train_defects.py ./echo made 003-20-1 && ls made/defects");
    assert_ended(0, "003-20-1.txt\n", "train_defects.py");
    assert_ptr_equal(strstr(out, ".txt\n"), out + strlen(out) - 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_runs_are_refused_with_the_known_ones),
        cmocka_unit_test(known_runs_are_run),
    };
    return cmocka_run_group_tests_name("scripts", tests, make_folder, remove_folder);
}
