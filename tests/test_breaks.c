/* test_breaks.c - every class of check sees the break that it is there for, with each of ten seeds,
 * in kernels that are right but for that one, and lets the right ones pass. */
#include "harness/defects.h"
#include "tests/cli.h"

static int make_plugin(void **state)
{
    if (make_folder(state))
        return -1;
    setenv("ASAN_OPTIONS", "detect_leaks=0", 1); /* it stumbles over what a break may leave */
    shell("${CC:-cc} -O2 -shared -fPIC $(cnncheck info | grep -q OpenMP, && echo -fopenmp) "
          "-I '%s' '%s/tests/breaks.c' -o breaks.so", SOURCE_DIR, SOURCE_DIR);
    assert_ended(0, "", "the compiler");
    return 0;
}

static void right_kernels_pass(void **state)
{
    (void)state;
    shell("cnncheck verify --plugin breaks.so --tier smoke");
    assert_ended(0, "\nHELD: 4 functions, ", "verify");
    assert_null(strstr(out, "nothing run"));
    shell("cnncheck digest --plugin breaks.so");
    assert_ended(0, "\nHELD: 4 functions, ", "digest");
}

#define RELU "relu.forward len=37"
#define DENSE "dense.forward n=9,in=17,out=15"
#define POOL "maxpool.forward n=2,c=3,h=9,w=17,k=2,stride=2"
#define CONV "conv2d.forward n=2,c=3,h=7,w=18,o=2,kh=3,kw=3,stride=1,pad=1,bias=channel"

#define GUARDED " of a page: guard judge: "
#define INTEGERS "integers, against the start of a page: exact judge: "

/* What breaks, in which function on which case; who says so, with any seed, and what of the
 * default. */
static const struct { const char *name, *where, *by, *said; } breaks[] = {
    { "masked load", RELU, GUARDED, "touched x, 0 bytes past its end" },
    { "stray store", RELU, GUARDED, "wrote to y, 0 bytes past its end" },
    { "store before", RELU, GUARDED, "touched y, 4 bytes before its start" },
    { "flush to zero", RELU, GUARDED, "left the floating-point environment changed" },
    { "rounding", RELU, GUARDED, "left the floating-point environment changed" },
    { "raises an exception", RELU, "flags judge: ", "raised divide-by-zero, as ref does not" },
    { "tail left out", RELU, "poison judge: ", "never wrote y[32]" },
    { "lane before", RELU, "exact judge: ", "y[3" },
    { "wipes first", RELU, "end of a page: exact judge: ",
      "y[0] is 0, ref 1.0512396097183228, bound 0, in place" },
    { "lane leak", RELU, ": NaN in x[", "0]: exact judge: y[1] is nan" },
    { "no bias", DENSE, INTEGERS, "y[0,0]" },
    { "missing term", DENSE, INTEGERS, "y[0," },
    { "missing at one alignment", DENSE, ": 8 bytes from unmapped pages: exact judge: ", "y[0," },
    { "half precision", DENSE, "reals, against the start of a page: bound judge: ", "y[0," },
    { "adds to its output", DENSE, "exact judge: ", "y[0,0] is nan" },
    { "order by address", DENSE, "reals, against the end of a page: bits judge: ", "y[0," },
    { "order by call", DENSE, "reals, against the end of a page: bits judge: ", "y[0," },
    { "state", DENSE, "exact judge: ", "y[0,0]" },
    { "skips zeros", DENSE, ": fast, ", "adjoint: <dy, forward(x)> is " },
    { "writes to an input", DENSE, GUARDED, "wrote to the input w, byte 0" },
    { "small window", POOL, "exact judge: ", "y[0,0," },
    { "narrow kernel", CONV, INTEGERS, "y[0,0,0,0]" },
    { "trusts its workspace", CONV, "exact judge: ", "y[0,0,0,0] is nan" },
    { "beyond its workspace", CONV, GUARDED, "wrote to the workspace, 0 bytes past its end" },
};

static void every_break_is_named_by_its_judge_with_any_seed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(breaks); i++) {
        const int length = (int)strcspn(breaks[i].where, " ");
        const char *shape = breaks[i].where + length + 1;
        char said[256], repro[1024];
        snprintf(said, sizeof said, "%s%s", breaks[i].by, breaks[i].said);
        for (int seed = SEEDS; seed > 0; seed--) {
            shell("BREAK='%s' cnncheck verify --plugin breaks.so --layer %.*s --case %s --seed %d "
                  "--threads 1", breaks[i].name, length, breaks[i].where, shape, seed);
            assert_ended(1, "FAIL ", breaks[i].name);
            const char *line = strstr(out, seed == 1 ? said : breaks[i].by);
            if (!line || sscanf(line, "%*[^\n]\nREPRO: %1023[^\n]", repro) != 1)
                fail_msg("%s, seed %d: no '%s' in\n%s", breaks[i].name, seed,
                         seed == 1 ? said : breaks[i].by, out);
        }
        shell("BREAK='%s'; export BREAK; %s --threads 1", breaks[i].name, repro);
        assert_ended(1, said, repro);
        shell("BREAK='%s' cnncheck verify --plugin breaks.so --layer %.*s --tier smoke",
              breaks[i].name, length, breaks[i].where);
        assert_ended(1, "FAIL ", breaks[i].name);
    }
}

/* And no judge is there that never had anything to say. */
static void every_judge_has_its_break(void **state)
{
    (void)state;
    for (int judge = JUDGE_NONE + 1; judge < JUDGES; judge++) {
        char by[32];
        size_t i = 0;
        snprintf(by, sizeof by, "%s judge: ", judge_label[judge]);
        while (i < COUNT(breaks) && !strstr(breaks[i].by, by))
            i++;
        if (i == COUNT(breaks))
            fail_msg("nothing trips the %s judge", judge_label[judge]);
    }
}

/* What only threads and other batches show is digest's to see. */
static void digest_sees_other_orders_with_any_seed(void **state)
{
    (void)state;
    static const struct { const char *name, *said; } table[] = {
        { "order by address", " at offset " },
        { "order by call", "dense.forward: in " },
        { "order by threads", " with 2 threads at offset " },
        { "order by batch", " on plugin when the batch is split in two" },
    };
    shell("cnncheck info");
    const bool threads = strstr(out, "OpenMP,") != NULL;
    for (size_t i = 0; i < COUNT(table); i++) {
        if (strstr(table[i].name, "threads") && !threads)
            continue;
        for (int seed = 1; seed <= SEEDS; seed++) {
            shell("BREAK='%s' cnncheck digest --plugin breaks.so --layer dense --seed %d",
                  table[i].name, seed);
            assert_ended(1, "FAIL dense.forward: in ", table[i].name);
            if (!strstr(out, table[i].said))
                fail_msg("%s: no '%s' in\n%s", table[i].name, table[i].said, out);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_kernels_pass),
        cmocka_unit_test(every_break_is_named_by_its_judge_with_any_seed),
        cmocka_unit_test(every_judge_has_its_break),
        cmocka_unit_test(digest_sees_other_orders_with_any_seed),
    };
    return cmocka_run_group_tests_name("breaks", tests, make_plugin, remove_folder);
}
