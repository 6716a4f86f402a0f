/* test_bench.c - cnncheck bench as people call it, and the probes that it measures by. */
#include "fast/probe.h"
#include "harness/bench.h"
#include "harness/command.h"
#include "harness/cycles.h"
#include "ref/dense.h"

#include <math.h>
#include <time.h>

#include "cli.h"

static void test_a_table_and_a_file(void **state)
{
    (void)state;
    char json[1 << 14];
    shell("cnncheck bench --layer 'relu.*' --json bench.json");
    assert_int_equal(status, 0);
    assert_non_null(strstr(out, "multiply-add"));
    assert_non_null(strstr(out, "relu.backward"));
    assert_null(strstr(out, "tanh"));
    read_all("bench.json", json, sizeof json);
    assert_non_null(strstr(json, "\"name\": \"relu.forward\", \"shape\": \"len=3380\", "
                                 "\"seconds\": "));
    assert_non_null(strstr(json, "\"over_ref\": "));
}

static void test_shapes(void **state)
{
    (void)state;
    shell("cnncheck bench --layer dense.forward --case n=3,in=40,out=20 --threads 1 --isa scalar");
    assert_int_equal(status, 0);
    assert_non_null(strstr(out, "n=3,in=40,out=20"));
    assert_null(strstr(out, "3125"));
    shell("cnncheck bench --layer xent.forward --shapes large");
    assert_non_null(strstr(out, "n=256,len=1000"));
    assert_null(strstr(out, "n=1,"));
    shell("cnncheck bench --layer xent.forward --shapes all");
    assert_non_null(strstr(out, "n=256,len=1000"));
    assert_non_null(strstr(out, "n=64,len=10")); /* a batch of the documents' own */
}

/* However short a call is, its time has three digits. */
static void test_a_short_call(void **state)
{
    (void)state;
    char us[32];
    shell("cnncheck bench --layer relu.forward --case len=1");
    const char *row = strstr(out, "\nrelu.forward ");
    assert_non_null(row);
    assert_int_equal(sscanf(row, "%*s %*s %31s", us), 1);
    if (strlen(us + strspn(us, "0.")) < 3)
        fail_msg("%s us has not three digits", us);
}

static void test_mistakes(void **state)
{
    (void)state;
    static const struct { const char *arguments, *message; } table[] = {
        { "--layer nothing", "--layer nothing matches no function" },
        { "--shapes small", "--shapes: 'small' is none of notebooks, large, all" },
        { "--threads 0", "--threads: '0' is not a whole number" },
        { "--isa mmx", "unknown instruction set 'mmx'" },
        { "--case n=1", "--case" },
        { "--json nowhere/x.json", "nowhere/x.json: cannot be written" },
        { "extra", "extra: bench takes options only" },
        { "--wrong", "--wrong: not an option" },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        shell("cnncheck bench %s", table[i].arguments);
        assert_ended(2, table[i].message, table[i].arguments);
        assert_string_equal(out, "");
    }
    shell("cnncheck bench --help");
    assert_int_equal(status, 0);
    assert_non_null(strstr(out, "--shapes"));
}

/* A kernel that takes much longer than its limit is far below 100 %, and one counts what it
 * should. */
static void test_numbers(void **state)
{
    (void)state;
    struct timing t;
    struct error e;
    const struct check *check;
    const struct function *forward = find_function("dense.forward", &check);
    const struct dense_shape shape = { 64, 512, 96 };
    use_threads(1, &e);
    bench_function(check, forward, &shape, isa_best(), 1, &t);
    assert_true(t.flops == 2.0 * 64 * 512 * 96);
    assert_true(t.bytes == 4.0 * (64 * 512 + 512 * 96 + 96 + 64 * 96));
    assert_true(t.seconds > 0.0 && t.over_ref > 1.0);
    if (isa_best() != ISA_scalar)
        assert_true(t.limit == LIMIT_COMPUTE && t.part > 0.0);
    bench_function(check, forward, &shape, ISA_scalar, 1, &t);
    assert_true(isnan(t.part)); /* the portable set has no limit to be held against */
}

static int calls;

/* A kernel that takes its time. */
static void slow(enum isa isa, const void *shape, float *const *operand, float *work)
{
    const struct timespec pause = { 0, 410000000 };
    (void)isa, (void)shape, (void)operand, (void)work;
    calls++;
    nanosleep(&pause, NULL);
}

/* Of a call that takes long five turns are enough, each with one call to warm the caches; some more
 * find how long it takes, and how ref compares. */
static void test_a_long_call(void **state)
{
    (void)state;
    struct timing t;
    struct error e;
    union any_shape shape;
    const struct check *check;
    struct function f = *find_function("relu.forward", &check);
    f.fast = slow;
    assert_true(shape_parse(check, "len=16", "case", &shape, &e));
    use_threads(1, &e);
    calls = 0;
    bench_function(check, &f, &shape, ISA_scalar, 1, &t);
    assert_in_range(calls, 10, 20);
    assert_true(t.seconds >= 0.41 && t.spread >= 0.0);
}

/* Everything is read, and everything but the rest of a vector is written. */
static void test_traffic(void **state)
{
    (void)state;
    enum { VECTOR = 16 };
    float a[130], b[1000], c[200], *const outputs[] = { b, c, NULL };
    const float *const inputs[] = { a, NULL };
    const size_t count[] = { 130, 1000, 200 };
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_usable((enum isa)isa))
            continue;
        memset(a, 0, sizeof a);
        memset(b, 0, sizeof b);
        memset(c, 0, sizeof c);
        probe_fast(isa)->traffic(inputs, outputs, count);
        for (int i = 0; i < 1000 / VECTOR * VECTOR; i++)
            assert_true(b[i] == 1.0f);
        for (int i = 0; i < 200 / VECTOR * VECTOR; i++)
            assert_true(c[i] == 1.0f);
        assert_true(b[1000 / VECTOR * VECTOR] == 0.0f && c[200 / VECTOR * VECTOR] == 0.0f);
        a[7] = 5.0f;
        const float more = probe_fast(isa)->traffic(inputs, outputs, count);
        a[7] = 0.0f;
        assert_true(more - probe_fast(isa)->traffic(inputs, outputs, count) == 5.0f);
        assert_true(probe_fast(isa)->multiply_add(3) > 0.0f);
        assert_true(isfinite(probe_fast(isa)->operate(3)));
        assert_true(probe_fast(isa)->divide(2) == probe_fast(isa)->divide(4)); /* 1 / (1 / x) */
    }
}

/* However many inputs and outputs stand side by side: a one in each input adds what a zero does
 * not. */
static void test_traffic_of_many(void **state)
{
    (void)state;
    enum { LENGTH = 528 };
    float in[3][LENGTH] = { { 0 } }, written[3][LENGTH];
    const size_t count[] = { LENGTH, LENGTH, LENGTH, LENGTH, LENGTH, LENGTH };
    for (int isa = 0; isa < ISA_COUNT; isa++)
        for (int k = 1; k < 16; k++) {
            const int inputs = k / 4, outputs = k % 4;
            const float *from[4] = { NULL };
            float *to[4] = { NULL };
            if (!isa_usable((enum isa)isa))
                continue;
            memset(written, 0, sizeof written);
            for (int i = 0; i < inputs; i++)
                from[i] = in[i];
            for (int o = 0; o < outputs; o++)
                to[o] = written[o];
            const float none = probe_fast(isa)->traffic(from, to, count);
            for (int i = 0; i < 3; i++)
                in[i][5 + 260 * i] = 1.0f;
            assert_true(probe_fast(isa)->traffic(from, to, count) - none == (float)inputs);
            memset(in, 0, sizeof in);
            for (int o = 0; o < 3; o++)
                assert_true(written[o][0] == (o < outputs) &&
                            written[o][LENGTH - 1] == (o < outputs));
        }
}

/* Where the system counts none, there are none, and no other number stands for them. */
static void test_cycles(void **state)
{
    (void)state;
    assert_int_equal(cycles_now(), 0); /* not asked for yet */
    const bool counted = cycles_counted();
    const uint64_t first = cycles_now();
    bench_peak(ISA_scalar);
    const uint64_t then = cycles_now();
    assert_true(counted ? then > first : first == 0 && then == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cycles),
        cmocka_unit_test(test_a_table_and_a_file), cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_a_short_call),
        cmocka_unit_test(test_mistakes),           cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_a_long_call),
        cmocka_unit_test(test_traffic),            cmocka_unit_test(test_traffic_of_many),
    };
    return cmocka_run_group_tests_name("bench", tests, make_folder, remove_folder);
}
