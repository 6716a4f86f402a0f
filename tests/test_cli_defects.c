/* test_cli_defects.c - cnncheck defects and train --defect, as people see them. */
#include "tests/cli.h"

static void findings_are_listed_and_shown(void **state)
{
    (void)state;
    static const struct { const char *id, *said[5]; } table[] = {
        { "D000-18", { "defect", "every maximum of a window gets the whole gradient",
                       "as written dx (1, 1, 2, 2)\n            1         1\n"
                       "            0         1\n  correct dx (1, 1, 2, 2)\n"
                       "            1         0\n"
                       "            0         0\n",
                       "Seen by: specials fixtures\n", "Faithful, caught, mended, sure." } },
        { "D001-07", { "NumPy stops: IndexError", "guard judge: touched dy, 0 bytes past its end",
                       "Seen by: pages" } },
        { "D002-14", { "as written dy (2)\n            0         5\n" } },
        { "D003-01", { "as written y", "nan", "never wrote y[0,0,0,0]" } },
        { "D004-01", { "typographic quotes", "No function: no Python" } },
        { "D001-24", { "prose, Dense.forward" } },
    };
    shell("cnncheck defects list");
    assert_ended(0, "156 findings, 76 of them functions", "list");
    assert_non_null(strstr(out, "D004-07  defect       conv2d.backward_weights    neighbours"));
    assert_non_null(strstr(out, "D004-27  prose        -                          arrays of four"));
    for (size_t i = 0; i < COUNT(table); i++) {
        shell("cnncheck defects show %s", table[i].id);
        for (int k = i == 0; k < 5 && table[i].said[k]; k++)
            assert_ended(0, table[i].said[k], table[i].id);
        assert_null(strstr(out, "(null)"));
        assert_null(strstr(out, "-nan"));
    }
}

static void proofs_are_run(void **state)
{
    (void)state;
    static char first[sizeof out];
    shell("cnncheck defects run");
    assert_ended(0, "\n76 of 76 faithful, caught, mended and sure", "run");
    assert_non_null(strstr(out, "\nseen with every seed "));
    assert_null(strstr(out, "FAIL "));
    strcpy(first, out);
    shell("cnncheck defects run --seed 2");
    assert_ended(0, "\n76 of 76 faithful, caught, mended and sure", "run --seed 2");
    assert_string_not_equal(first, out);
    shell("cnncheck defects run D004 D000-01");
    assert_ended(0, "\n12 of 12 faithful, caught, mended and sure", "run D004 D000-01");
    assert_non_null(strstr(out, "D004-07  conv2d.backward_weights    exact"));
    shell("mkdir f; cp -r '" SOURCE_DIR "/fixtures/defects' f/; "
          "rm f/defects/D004-07/*/dw.npy; "
          "CNNCHECK_FIXTURES=f cnncheck defects run D004-07 D004-10");
    assert_ended(1, "\n1 of 2 faithful, caught, mended and sure", "a file is missing");
    assert_non_null(strstr(out, "dw.npy"));
    shell("CNNCHECK_FIXTURES=f cnncheck defects show D004-07");
    assert_ended(1, "dw.npy", "show");
    shell("CNNCHECK_FIXTURES=nowhere cnncheck defects run");
    assert_ended(1, "\nFAIL flags: no defect trips this check\n", "no fixtures");
    shell("CNNCHECK_FIXTURES=nowhere cnncheck defects show D004-07");
    assert_ended(2, "nowhere/defects/D004-07: there is not one case", "show");
}

static void mistakes_give_one_line(void **state)
{
    (void)state;
    static const char *const table[][2] = {
        { "defects", "defects takes list, show ID or run [--seed N] [ID...]; see cnncheck defects "
          "--help" },
        { "defects help", "defects takes list" },
        { "defects list D000-01", "defects takes list" },
        { "defects show", "defects takes list" },
        { "defects list --seed 1", "defects takes list" },
        { "defects run --seed -1", "--seed: '-1' is not a whole number in 0 .. " },
        { "defects run --sed", "--sed: not an option, or one without its value" },
        { "defects show D005-01", "D005-01: no such finding; cnncheck defects list has them" },
        { "defects run D004-99", "D004-99: no such finding" },
        { "defects run D005", "D005: no such finding" },
        { "defects run D004-01", "D004-01: it has no function; cnncheck defects show says why" },
        { "train mnist01-relu --defect D001-01", "--defect D001-01: shows in no training of "
          "mnist01-relu; there are: all D001-02 D001-03" },
        { "train mnist01-relu --defect", "--defect: not an option, or one without its value" },
        { "train mnist01-relu --defect D001-04 --impl fast",
          "--defect: they are put into ref, not into fast" },
        { "train mnist01-relu $(printf ' --defect all%.0s' $(seq 65))",
          "--defect: there are more than 64" },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        shell("cnncheck %s", table[i][0]);
        assert_ended(2, table[i][1], table[i][0]);
        assert_string_equal(out, "");
        assert_ptr_equal(strchr(err, '\n'), err + strlen(err) - 1);
    }
    shell("cnncheck defects --help");
    assert_ended(0, "usage: cnncheck defects list", "--help");
}

static double first_loss(void)
{
    const char *row = strstr(out, "\n    1 ");
    if (!row)
        fail_msg("no epoch in\n%s", out);
    return strtod(row + 7, NULL);
}

/* With the convolution frozen the loss is another one; with what has no effect here it is the
 * same. */
static void defects_change_training(void **state)
{
    (void)state;
#define TRAIN "cnncheck train mnist01-relu --epochs 1 --limit 60 --seed 3 "
    shell(TRAIN "--impl ref");
    const double right = first_loss();
    shell(TRAIN "--defect D001-04");
    assert_ended(0, "ref with D001-04\n", "D001-04");
    const double frozen = first_loss();
    assert_true(frozen != right && frozen < 1.0);
    shell(TRAIN "--defect D001-02"); /* the last channel of one is that one */
    assert_true(first_loss() == right);
    shell(TRAIN "--defect D001-02 --impl ref");
    assert_true(first_loss() == right);
    shell("cnncheck train mnist01-relu --epochs 2 --limit 60 --lr 100 --defect all");
    assert_ended(1, "taken for class 0, as the document takes NaN, 50.0000 % are right", "all");
    assert_non_null(strstr(out, "stopped: ref: step "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(findings_are_listed_and_shown),
        cmocka_unit_test(proofs_are_run),
        cmocka_unit_test(mistakes_give_one_line),
        cmocka_unit_test(defects_change_training),
    };
    return cmocka_run_group_tests_name("cli: defects", tests, make_folder, remove_folder);
}
