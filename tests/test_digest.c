/* test_digest.c - kernels whose bits are not the same everywhere, and the digest that says so. */
#include "harness/digest.h"
#include "ref/dense.h"

#include "tests/cli.h"

#include <math.h>

#ifdef _OPENMP
#include <omp.h>
#else
#define omp_get_max_threads() 1
#endif

static enum defect {
    SOUND, WRONG_TAIL, LANE_LEAK, UNWRITTEN, STALE, SET_ORDER, THREAD_ORDER, ALIGNED_ORDER, WORK,
    BATCH_ORDER, ONE_ROUNDING, FLUSHED, BEFORE_WORK, FAR_BEHIND_WORK, BEHIND_OUTPUT
} defect;

enum { WORKSPACE = 64 };

/* Whether the sums of a call run from the last term to the first. */
static bool backwards(const struct dense_shape *s, enum isa isa, const float *x)
{
    return (defect == SET_ORDER && isa != ISA_scalar && isa == isa_best()) ||
           (defect == THREAD_ORDER && omp_get_max_threads() == 3) ||
           (defect == ALIGNED_ORDER && (uintptr_t)x % 64 == 0) ||
           (defect == BATCH_ORDER && s->n <= 2);
}

/* dense.forward in plain loops, but for what `defect` says, which may be to read beyond an
 * array. */
static __attribute__((no_sanitize("address"))) void
forward(enum isa isa, const void *shape, float *const *a, float *work)
{
    const struct dense_shape *s = shape;
    const float *const x = a[0], *const w = a[1], *const b = a[2];
    const bool reversed = backwards(s, isa, x);
    const int written = s->n * s->out - (defect == UNWRITTEN && s->out == 97);
    for (int k = 0; k < written; k++) {
        const int n = k / s->out, o = k % s->out, tail = s->out / 16 * 16;
        float sum = b[defect == WRONG_TAIL && o >= tail && o > 0 ? o - 1 : o];
        for (int t = 0; t < s->in + (defect == LANE_LEAK && s->in == 3); t++) {
            const int i = reversed ? s->in - 1 - t : t;
            if (defect == ONE_ROUNDING)
                sum += x[n * s->in + i] * w[i * s->out + o];
            else
                sum = fmaf(x[n * s->in + i], w[i * s->out + o], sum);
        }
        if (defect == FLUSHED && fpclassify(sum) == FP_SUBNORMAL)
            sum = 0.0f;
        sum += defect == STALE && s->n == 9 ? a[3][k] : 0.0f;
        sum += defect == WORK ? work[0] : 0.0f;
        a[3][k] = sum;
    }
    if (defect == BEFORE_WORK && omp_get_max_threads() == 2)
        work[-1] = 0.0f;
    if (defect == FAR_BEHIND_WORK && s->out == 97)
        work[2 * WORKSPACE - 1] = 0.0f;
    if (defect == BEHIND_OUTPUT && s->out == 97)
        a[3][s->n * s->out] = 0.0f;
}

static size_t workspace(enum isa isa, const void *shape)
{
    (void)isa;
    (void)shape;
    return WORKSPACE;
}

static struct digest digest_of(enum defect d)
{
    struct digest_plan plan = { .seed = 1, .threads = 1 };
    struct digest result;
    const struct check *check;
    struct function f = *find_function("dense.forward", &check);
#ifdef _OPENMP
    plan.threads = 4;
#endif
    for (int isa = 0; isa < ISA_COUNT; isa++)
        plan.use[isa] = isa_usable((enum isa)isa);
    f.fast = forward;
    f.workspace = workspace;
    defect = d;
    digest_function(&plan, check, &f, &result);
    return result;
}

static void bits_that_change_within_a_run_are_said(void **state)
{
    (void)state;
    static const struct { enum defect defect; const char *said; } table[] = {
        { LANE_LEAK, "n=5,in=3,out=97, ordinary: y[0,0] is " },
        { UNWRITTEN, "n=5,in=3,out=97, ordinary: y[4,96] is " },
        { STALE, "n=9,in=17,out=16, ordinary: y[0,0] is " },
        { WORK, "n=1,in=3125,out=100, ordinary: y[0,0] is " },
        { SET_ORDER, "on avx" },
        { THREAD_ORDER, "with 3 threads" },
        { ALIGNED_ORDER, "y[0,0] is " },
        { BATCH_ORDER, "when the batch is split in two" },
        { BEFORE_WORK, "memory before the workspace was written to" },
        { FAR_BEHIND_WORK, "memory behind the workspace was written to" },
        { BEHIND_OUTPUT, "n=5,in=3,out=97, ordinary: memory behind y was written to" },
    };
    const struct digest sound = digest_of(SOUND);
    assert_int_equal(sound.different, 0);
    for (size_t i = 0; i < COUNT(table); i++) {
        const bool possible = (table[i].defect != SET_ORDER || isa_best() != ISA_scalar) &&
                              (table[i].defect != THREAD_ORDER || omp_get_max_threads() > 1);
        const struct digest d = digest_of(table[i].defect);
        if (possible && (d.different == 0 || !strstr(d.failure, table[i].said)))
            fail_msg("not said: %s; but: %s", table[i].said, d.failure);
    }
}

static void bits_that_are_wrong_throughout_give_another_hash(void **state)
{
    (void)state;
    static const enum defect table[] = { WRONG_TAIL, ONE_ROUNDING, FLUSHED };
    const struct digest sound = digest_of(SOUND), again = digest_of(SOUND);
    assert_true(sound.hash == again.hash);
    for (size_t i = 0; i < COUNT(table); i++) {
        const struct digest d = digest_of(table[i]);
        assert_int_equal(d.different, 0);
        assert_int_equal(d.cases, sound.cases);
        assert_true(d.hash != sound.hash);
    }
}

static void the_committed_digest_is_that_of_every_set(void **state)
{
    (void)state;
    const char *command = "cnncheck digest --layer 'dense*' --check '%s/fixtures/DIGEST' %s";
    shell(command, SOURCE_DIR, ""); /* of the other layers `make verify` asks */
    assert_ended(0, "HELD: 3 functions, ", "digest");
    assert_null(strstr(out, "FAIL"));
    shell(command, SOURCE_DIR, "--isa scalar --threads 1");
    assert_ended(0, "on scalar, 1 to 1 threads; 0 differ", "digest of scalar alone");
}

static void a_digest_is_written_and_compared(void **state)
{
    (void)state;
    shell("cnncheck digest --layer relu --out d");
    assert_ended(0, "HELD: 2 functions, ", "out");
    shell("cnncheck digest --layer relu.forward --check d");
    assert_ended(0, "HELD: 1 functions, ", "check");
    shell("cnncheck digest --layer tanh.forward --check d");
    assert_ended(1, "FAIL tanh.forward: not in d\n", "a function that is not there");
    shell("sed 's/^\\(relu.backward .*  \\).*/\\10123456789abcdef/' d >e");
    shell("cnncheck digest --layer relu --check e --out d");
    assert_ended(1, "FAIL relu.backward: e says ", "another hash");
    assert_null(strstr(out, "FAIL relu.forward"));
    assert_non_null(strstr(out, "FAILED: 2 functions, "));
    shell("(cat d; echo 'relu.gone  3  0123456789abcdef') >g; "
          "cnncheck digest --layer relu --check g");
    assert_ended(1, "FAIL relu.gone: in g, and there is no such function\n", "one that is no more");
    assert_non_null(strstr(out, "FAILED: 2 functions, "));
    shell("cnncheck digest --layer relu.forward --check g"); /* which asks for neither other */
    assert_ended(0, "HELD: 1 functions, ", "a part of the file");
    shell("cnncheck digest --layer relu --seed 2 --out f && cat f && cnncheck digest --layer relu "
          "--seed 2 --check f");
    assert_ended(0, "digest with seed 2\n", "another seed");
    shell("cnncheck digest --layer relu --check d"); /* what failed has not overwritten it */
    assert_ended(0, "HELD", "as it was");
    shell("cnncheck digest --help");
    assert_ended(0, "usage: cnncheck digest", "help");
}

static void a_mistake_is_one_line_that_names_it(void **state)
{
    (void)state;
    static const char *const mistakes[][2] = {
        { "--layer nosuch", "--layer nosuch matches no function" },
        { "--isa sse9", "--isa: unknown instruction set 'sse9'" },
        { "--threads 0", "--threads: '0'" },
        { "--seed x", "--seed: 'x'" },
        { "--check missing", "missing: No such file" },
        { "--check d --seed 3", "d: made with --seed 1, not 3" },
        { "--check other", "other: not a digest" },
        { "--check short", "short: line 2 is not a function, its cases and a hash" },
        { "--out missing/d", "missing/d: cannot be written: " },
        { "--bogus", "--bogus: not an option" },
        { "extra", "extra: digest takes options only" },
    };
    shell("cnncheck digest --layer relu --out d; echo 1 >other; "
          "printf 'digest with seed 1\\nrelu.forward  3\\n' >short");
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        shell("cnncheck digest %s", mistakes[i][0]);
        assert_ended(2, mistakes[i][1], mistakes[i][0]);
        if (strncmp(err, "cnncheck: ", 10) || strchr(err, '\n') != err + strlen(err) - 1)
            fail_msg("%s: not one line:\n%s", mistakes[i][0], err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_that_change_within_a_run_are_said),
        cmocka_unit_test(bits_that_are_wrong_throughout_give_another_hash),
        cmocka_unit_test(the_committed_digest_is_that_of_every_set),
        cmocka_unit_test(a_digest_is_written_and_compared),
        cmocka_unit_test(a_mistake_is_one_line_that_names_it),
    };
    return cmocka_run_group_tests_name("digest", tests, make_folder, remove_folder);
}
