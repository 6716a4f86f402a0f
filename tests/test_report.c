/* test_report.c - the table, the JSON and the JUnit file of a campaign in which of each kind of
 * check one held and one did not. Python reads the files. */
#include "harness/campaign.h"

#include "tests/cli.h"

#include <math.h>
#include <unistd.h>

/* No UTF-8: half a surrogate, a detour, a letter beyond the last one, and one that is cut off. */
#define NO_LETTERS "\xed\xa0\x80 \xc0\xaf \xf4\x90\x80\x80 \xe2\x82"
#define MARKS "??? ?? ???? ??"
#define TROUBLE \
    "scalar n=1: a <tag> & \"quotes\", a \\ and a\ttab\nof \xc3\xa9t\xc3\xa9 " NO_LETTERS

static struct campaign campaign;
static struct tally tallies[6];
static struct following followings[2];
static struct training trainings[2];
static struct proof proofs[2];
static double spread[3] = { 0.5, 0.125, 0.25 };

static struct tally tally(const char *name, long cases, long trusted)
{
    struct tally t = { .cases = cases, .trusted = trusted, .seconds = 0.25 };
    t.function = find_function(name, &t.check);
    t.calls[ISA_scalar] = cases;
    return t;
}

static int make_campaign(void **state)
{
    campaign = (struct campaign){
        .use = { true }, .lowered = true, .seed = 4711, .tier = TIER_EXHAUSTIVE,
        .shard = 2, .shards = 3, .threads = 4, .seconds = 12.25,
        .tally = tallies, .tallies = COUNT(tallies),
        .following = followings, .followings = COUNT(followings),
        .training = trainings, .trainings = COUNT(trainings),
        .proof = proofs, .proofs = COUNT(proofs),
    };
    tallies[0] = tally("relu.forward", 200, 190);
    tallies[1] = tally("conv2d.forward", 150, 24); /* rejected, trusted or not */
    tallies[1].calls[ISA_plugin] = 7;
    tallies[1].exact = 70;
    tallies[1].bound = 60;
    tallies[1].fixtures = 5;
    tallies[1].lanes = 40;
    tallies[1].relations = 30;
    tallies[1].rejected = 2;
    tallies[1].spread = spread;
    tallies[1].spreads = 3;
    tallies[1].headroom = 0.5;
    strcpy(tallies[1].witness, "scalar n=1");
    strcpy(tallies[1].failure, TROUBLE);
    tallies[2] = tally("bce.forward", 100, 24); /* not trusted */
    tallies[3] = tally("sgd.step", 0, 0);       /* not run */
    tallies[4] = tally("tanh.forward", 9, 9);   /* and tried on all floats */
    tallies[4].exhausted = 1L << 32;
    tallies[4].ulps = 0.778;
    tallies[4].ulps_at = -0x1.8p-3;
    tallies[5] = tally("relu.backward", 0, 0); /* on these alone */
    tallies[5].exhausted = 1L << 32;
    followings[0] = (struct following){ networks[0], 8, 19, 0, 7.5e-12, 0.25, 1.5, "" };
    followings[1] = (struct following){ networks[1], 3, 10, 1, 0.0, 0.5, 0.5, TROUBLE };
    trainings[0] = (struct training){ networks[1], 2, { 0.5, 0.25 }, { 0.5, 0.375 }, 1.0, 0.995,
                                      0.125, true, 2.5, "" };
    trainings[1] = (struct training){ networks[3], 2, { NAN, 0.0 }, { 0.0 }, 0.0, 0.0, 0.0, false,
                                      0.5, TROUBLE };
    for (int i = 0; i < 2; i++) {
        proofs[i] = (struct proof){ .defect = find_defect(i ? "D004-07" : "D000-01"),
                                    .shape_text = "n=1", .faithful = true, .caught = !i,
                                    .mended = true, .sure = true, .seconds = 0.125,
                                    .seen = { 10, [SIGHT_REALS] = NOT_APPLICABLE } };
        strcpy(proofs[i].failure, i ? TROUBLE : "");
    }
    return make_folder(state);
}

/* Has Python read a file into `out`. */
static void read_report(const char *path)
{
    shell("'%s/tests/read_report.py' '%s'", SOURCE_DIR, path);
    assert_ended(0, "/", path);
    assert_string_equal(err, "");
}

static void assert_told(const char *const *lines)
{
    char line[1024];
    for (; *lines; lines++) {
        snprintf(line, sizeof line, "\n%s\n", *lines);
        if (strncmp(out, *lines, strlen(*lines)) && !strstr(out, line))
            fail_msg("no line '%s' in\n%s", *lines, out);
    }
}

static int count(const char *what)
{
    int found = 0;
    for (const char *p = out; (p = strstr(p, what)) != NULL; p++)
        found++;
    return found;
}

#define READ_JSON \
    "scalar n=1: a <tag> & \\\"quotes\\\", a \\\\ and a\\ttab\\nof \\u00e9t\\u00e9 " MARKS "\""

static void json_has_all_of_it(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "/tier \"exhaustive\"", "/seed 4711", "/shard/0 2", "/shard/1 3", "/threads 4",
        "/seconds 12.2", "/held false", "/sets/0 \"scalar\"", "/states/scalar \"ran\"",
        "/functions/relu.forward/cases 200", "/functions/relu.forward/trusted 190",
        "/functions/relu.forward/rejected 0", "/functions/relu.forward/distrusted false",
        "/functions/relu.forward/headroom null", "/functions/relu.forward/median null",
        "/functions/relu.forward/ulps null", "/functions/relu.forward/failure \"\"",
        "/functions/conv2d.forward/exact 70", "/functions/conv2d.forward/bound 60",
        "/functions/conv2d.forward/fixtures 5", "/functions/conv2d.forward/lanes 40",
        "/functions/conv2d.forward/relations 30", "/functions/conv2d.forward/calls 157",
        "/functions/conv2d.forward/rejected 2", "/functions/conv2d.forward/distrusted true",
        "/functions/conv2d.forward/headroom 0.5", "/functions/conv2d.forward/median 0.25",
        "/functions/conv2d.forward/witness \"scalar n=1\"",
        "/functions/conv2d.forward/failure \"" READ_JSON,
        "/functions/bce.forward/rejected 0", "/functions/bce.forward/distrusted true",
        "/functions/bce.forward/trusted 24",
        "/functions/sgd.step/cases 0", "/functions/sgd.step/distrusted false",
        "/functions/tanh.forward/exhausted 4294967296", "/functions/tanh.forward/ulps 0.778",
        "/functions/tanh.forward/ulps_at \"-0x1.8p-3\"", "/functions/relu.backward/ulps 0",
        "/networks/chihuahua-muffin/steps 19", "/networks/chihuahua-muffin/off 7.5e-12",
        "/networks/chihuahua-muffin/rejected 0", "/networks/mnist01-relu/rejected 1",
        "/networks/mnist01-relu/failure \"" READ_JSON,
        "/defects/D000-01/caught true", "/defects/D000-01/judge \"exact\"",
        "/defects/D000-01/stands_for \"conv2d.forward\"", "/defects/D000-01/case \"n=1\"",
        "/defects/D000-01/seen/integers 10", "/defects/D000-01/seen/reals null",
        "/defects/D004-07/caught false", "/defects/D004-07/failure \"" READ_JSON,
        "/training/mnist01-relu/held true", "/training/mnist01-relu/accuracy_fast 0.995",
        "/training/mnist01-relu/difference 0.125", "/training/mnist01-relu/loss_ref/0 0.5",
        "/training/mnist01-relu/loss_fast/1 0.375", "/training/mnist01-relu/failure \"\"",
        "/training/mnist01-sigmoid/held false", "/training/mnist01-sigmoid/loss_ref/0 null",
        "/training/mnist01-sigmoid/failure \"" READ_JSON, NULL
    };
    struct error e;
    assert_true(report_json(&campaign, "v.json", &e));
    read_report("v.json");
    assert_told(lines);
    assert_int_equal(count("/distrusted "), COUNT(tallies));
    assert_null(strstr(out, "/states/plugin "));
    campaign.use[ISA_plugin] = true;
    const bool written = report_json(&campaign, "v.json", &e);
    campaign.use[ISA_plugin] = false;
    assert_true(written);
    read_report("v.json");
    assert_told((const char *const[]){ "/states/plugin \"missed\"", NULL });
}

/* XML gives white space in an attribute back as blanks. */
#define READ_XML \
    "scalar n=1: a <tag> & \\\"quotes\\\", a \\\\ and a tab of \\u00e9t\\u00e9 " MARKS "\""
#define OF(suite, name) "/cnncheck verify/" suite "/" name

static void junit_has_the_same(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "/cnncheck verify/failures \"5\"", "/cnncheck verify/errors \"0\"",
        "/cnncheck verify/functions/tests \"6\"", "/cnncheck verify/functions/failures \"2\"",
        "/cnncheck verify/functions/skipped \"1\"", "/cnncheck verify/functions/time \"1.500\"",
        "/cnncheck verify/networks on fixtures/failures \"1\"",
        "/cnncheck verify/training/failures \"1\"", "/cnncheck verify/training/time \"3.000\"",
        "/cnncheck verify/defects of the documents/failures \"1\"",
        OF("functions", "relu.forward/time \"0.250\""),
        OF("functions", "conv2d.forward/failure/type \"rejected\""),
        OF("functions", "conv2d.forward/failure/message \"") READ_XML,
        OF("functions", "bce.forward/failure/message \"too few of its cases are evidence\""),
        OF("functions", "sgd.step/skipped/message \"nothing of it was run\""),
        OF("networks on fixtures", "mnist01-relu.fixtures/failure/message \"") READ_XML,
        OF("training", "mnist01-sigmoid.train/failure/message \"") READ_XML,
        OF("defects of the documents", "defects.D004-07/failure/message \"") READ_XML, NULL
    };
    struct error e;
    assert_true(report_junit(&campaign, "v.xml", &e));
    read_report("v.xml");
    assert_told(lines);
    assert_int_equal(count("/failure/message "), 5);
    shell("grep -c '<skipped' v.xml");
    assert_int_equal(strtol(out, NULL, 10), ISA_plugin); /* all sets but one, and sgd.step */
}

static void the_table_has_a_verdict_for_each(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "relu.forward                 200      0      0        0         0      190    exact"
        "          held",
        "conv2d.forward               150     70     60        5        30       24    0.500"
        "   0.250  2 REJECTED",
        "bce.forward                  100      0      0        0         0       24    exact"
        "          NOT TRUSTED",
        "sgd.step                       0      0      0        0         0        0"
        "                   nothing run",
        "relu.backward                  0      0      0        0         0        0"
        "                   held",
        "all floats, in a row      worst error    at                 floats",
        "tanh.forward              0.778 ulp      -0x1.8p-3          4294967296",
        "relu.backward             ref rounded                       4294967296",
        "network on NumPy's fixtures  cases  steps  ref off by  fast's headroom  verdict",
        "chihuahua-muffin                 8     19     7.5e-12            0.250  held",
        "mnist01-relu                     3     10     0.0e+00            0.500  1 REJECTED",
        "FAIL mnist01-relu.fixtures: " TROUBLE,
        "REPRO: cnncheck verify --layer mnist01-relu.fixtures",
        "defects of the documents: 1 of 2 faithful, caught, mended and sure",
        "mnist01-relu, trained by both sides from the same weights in the same order",
        "      2    0.25000000    0.37500000",
        "  largest difference 0.12; test accuracy 100.00 % and 99.50 %",
        "FAIL mnist01-sigmoid.train: " TROUBLE,
        "REPRO: cnncheck verify --layer mnist01-sigmoid.train --seed 4711",
        "FAILED: 6 functions, 3 networks, 472 cases, 466 guarded calls on scalar; 7 rejected; "
        "seed 4711, 12.2 s",
        NULL
    };
    fflush(stdout);
    const int before = dup(STDOUT_FILENO);
    assert_non_null(freopen("table", "w", stdout));
    const bool held = report_summary(&campaign);
    fflush(stdout);
    dup2(before, STDOUT_FILENO);
    close(before);
    read_all("table", out, sizeof out);
    assert_false(held);
    assert_told(lines);
    assert_int_equal(count("REPRO: "), 2);
    assert_int_equal(count("all floats, in a row"), 1);
    char lowered[256] = "not run, since another set was asked for: ";
    const size_t start = strlen(lowered);
    for (int isa = ISA_scalar + 1; isa < ISA_plugin; isa++)
        if (isa_present((enum isa)isa))
            strcat(strcat(lowered, lowered[start] ? ", " : ""), isa_name[isa]);
    if (lowered[start])
        assert_told((const char *const[]){ lowered, NULL });
    assert_int_equal(count("not run, since"), lowered[start] != '\0');
}

/* A file that cannot be written says so, and nothing is left half-done. */
static void a_folder_is_no_file(void **state)
{
    (void)state;
    struct error e;
    assert_false(report_json(&campaign, "missing/v.json", &e));
    assert_non_null(strstr(e.text, "missing/v.json: cannot be written: "));
    assert_false(report_junit(&campaign, "missing/v.xml", &e));
    assert_non_null(strstr(e.text, "missing/v.xml: cannot be written: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_has_all_of_it),
        cmocka_unit_test(junit_has_the_same),
        cmocka_unit_test(the_table_has_a_verdict_for_each),
        cmocka_unit_test(a_folder_is_no_file),
    };
    return cmocka_run_group_tests_name("report", tests, make_campaign, remove_folder);
}
