/* test_breaks.c - every class of check sees the break that it is there for, in kernels that are right
 * but for that one, and lets the right ones pass. */
#include "tests/cli.h"

#include <stdbool.h>

static int make_plugin(void **state)
{
    if (make_folder(state))
        return -1;
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

/* What breaks, in which function on which case, and what a FAIL line of it says. */
static const struct { const char *name, *where, *said; } breaks[] = {
    { "masked load", RELU, "guard judge: touched x, 0 bytes past its end" },
    { "stray store", RELU, "guard judge: wrote to y, 0 bytes past its end" },
    { "store before", RELU, "guard judge: touched y, 4 bytes before its start" },
    { "flush to zero", RELU, "guard judge: left the floating-point environment changed" },
    { "rounding", RELU, "guard judge: left the floating-point environment changed" },
    { "tail left out", RELU, "poison judge: never wrote y[32]" },
    { "lane before", RELU, "exact judge: y[3" },
    { "no bias", DENSE, "integers, against the start of a page: exact judge: y[0,0]" },
    { "missing term", DENSE, "exact judge: y[0," },
    { "half precision", DENSE, "reals, against the start of a page: bound judge: y[0," },
    { "adds to its output", DENSE, "exact judge: y[0,0] is nan" },
    { "order by address", DENSE, "reals, against the end of a page: bits judge: y[0," },
    { "order by call", DENSE, "reals, against the end of a page: bits judge: y[0," },
    { "state", DENSE, "exact judge: y[0,0]" },
    { "writes to an input", DENSE, "guard judge: wrote to the input w, byte 0" },
    { "small window", POOL, "exact judge: y[0,0," },
    { "narrow kernel", CONV, "exact judge: y[0,0,0,0]" },
    { "trusts its workspace", CONV, "exact judge: y[0,0,0,0] is nan" },
    { "beyond its workspace", CONV, "guard judge: wrote to the workspace, 0 bytes past its end" },
};

static void every_break_is_named_by_its_judge(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(breaks); i++) {
        const int length = (int)strcspn(breaks[i].where, " ");
        const char *shape = breaks[i].where + length + 1;
        char repro[1024];
        shell("BREAK='%s' cnncheck verify --plugin breaks.so --layer %.*s --case %s --threads 1",
              breaks[i].name, length, breaks[i].where, shape);
        assert_ended(1, "FAIL ", breaks[i].name);
        const char *said = strstr(out, breaks[i].said);
        if (!said || sscanf(said, "%*[^\n]\nREPRO: %1023[^\n]", repro) != 1)
            fail_msg("%s: no '%s' in\n%s", breaks[i].name, breaks[i].said, out);
        shell("BREAK='%s'; export BREAK; %s --threads 1", breaks[i].name, repro);
        assert_ended(1, breaks[i].said, repro);
        shell("BREAK='%s' cnncheck verify --plugin breaks.so --layer %.*s --tier smoke",
              breaks[i].name, length, breaks[i].where);
        assert_ended(1, "FAIL ", breaks[i].name);
    }
}

/* NaN in one element must not change the outputs of others. */
static void a_lane_that_leaks_is_seen(void **state)
{
    (void)state;
    shell("BREAK='lane leak' cnncheck verify --plugin breaks.so --layer relu");
    assert_ended(1, ": NaN in x[", "lane leak");
}

/* What only threads and other batches show is digest's to see. */
static void digest_sees_other_orders(void **state)
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
        shell("BREAK='%s' cnncheck digest --plugin breaks.so", table[i].name);
        assert_ended(1, "FAIL dense.forward: in ", table[i].name);
        if (!strstr(out, table[i].said))
            fail_msg("%s: no '%s' in\n%s", table[i].name, table[i].said, out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_kernels_pass),
        cmocka_unit_test(every_break_is_named_by_its_judge),
        cmocka_unit_test(a_lane_that_leaks_is_seen),
        cmocka_unit_test(digest_sees_other_orders),
    };
    return cmocka_run_group_tests_name("breaks", tests, make_plugin, remove_folder);
}
