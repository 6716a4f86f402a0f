/* test_judge.c - wrong kernels in the place of right ones, and the judge that rejects each. */
#include "harness/fill.h"
#include "harness/judge.h"
#include "ref/conv2d.h"
#include "ref/dense.h"
#include "ref/maxpool.h"
#include "ref/minmax.h"
#include "ref/relu.h"
#include "ref/sgd.h"
#include "ref/sigmoid.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <cmocka.h>

#define COUNT(table) (sizeof (table) / sizeof *(table))
#define KERNEL(name) static void name(enum isa isa, const void *shape, float *const *a, float *work)

static enum defect {
    SOUND, TAIL_INDEX, NO_BIAS, STALE, LAST_ROW, MISSING_TERM, DOUBLED_TERM, SIGN, ROUNDED_WEIGHT,
    OTHER_ORDER, UNSTEADY, PAST_END, PAST_END_READ
} defect;

/* x rounded to eight significant bits, which small integers do not notice. */
static float half_of(float x)
{
    return x * 65537.0f - (x * 65537.0f - x);
}

/* dense.forward, in the same order as the true kernel, but for what `defect` says. */
KERNEL(dense_forward)
{
    static int calls;
    const struct dense_shape *s = shape;
    const float *const x = a[0], *const w = a[1], *const b = a[2];
    float *const y = a[3];
    const bool backwards = defect == OTHER_ORDER ? isa != ISA_scalar && isa == isa_best()
                                                 : defect == UNSTEADY && calls++ > 0;
    (void)work;
    for (int n = 0; n < s->n - (defect == LAST_ROW); n++)
        for (int o = 0; o < s->out; o++) {
            float sum = defect == NO_BIAS ? 0.0f : b[o];
            for (int k = 0; k < s->in - (defect == MISSING_TERM); k++) {
                const int i = backwards ? s->in - 1 - k : k;
                const int from = defect == TAIL_INDEX && o / 16 == s->out / 16 ? o - 1 : o;
                const float weight = w[i * s->out + from];
                const bool rounded = defect == ROUNDED_WEIGHT && i == 3 && o == 4;
                sum = fmaf(x[n * s->in + i], rounded ? half_of(weight) : weight, sum);
            }
            sum = defect == DOUBLED_TERM ? fmaf(x[n * s->in], w[o], sum) : sum;
            sum = defect == STALE ? sum + y[n * s->out + o] : sum;
            y[n * s->out + o] = defect == SIGN && o == 5 ? -sum : sum;
        }
    if (defect == PAST_END)
        y[s->n * s->out] = 1.0f;
    if (defect == PAST_END_READ)
        (void)((const volatile float *)w)[s->in * s->out];
}

/* The gradient of x gets one lane too many: the first of the next row, where there is one. */
KERNEL(leaking_dense_backward)
{
    const struct dense_shape *s = shape;
    (void)work;
    dense_fast(isa)->backward(shape, a[0], a[1], a[2], a[3], a[4], a[5]);
    for (int n = 0; n + 1 < s->n; n++)
        for (int i = 0; i + 1 < s->in; i++)
            a[3][n * s->in + i] = fmaf(a[2][(n + 1) * s->out], a[1][(i + 1) * s->out],
                                       a[3][n * s->in + i]);
}

static float *copy_of(const float *x, size_t count)
{
    float *copy = malloc((count + 1) * sizeof *copy);
    memcpy(copy, x, count * sizeof *copy);
    copy[count] = 0.0f;
    return copy;
}

/* Windows that begin one column too far to the right. */
KERNEL(shifted_maxpool)
{
    const struct maxpool_shape *s = shape;
    float *x = copy_of(a[0], (size_t)s->n * s->c * s->h * s->w);
    (void)work;
    maxpool_fast(isa)->forward(shape, x + 1, a[1]);
    free(x);
}

/* x backwards: what was the last of equals is the first. */
static float *turn(float *x, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        const float swap = x[i];
        x[i] = x[count - 1 - i];
        x[count - 1 - i] = swap;
    }
    return x;
}

KERNEL(last_of_ties)
{
    const struct maxpool_shape *s = shape;
    const size_t in = (size_t)s->n * s->c * s->h * s->w;
    const size_t out = (size_t)s->n * s->c * maxpool_oh(s) * maxpool_ow(s);
    float *x = turn(copy_of(a[0], in), in), *dy = turn(copy_of(a[1], out), out);
    (void)work;
    maxpool_fast(isa)->backward(shape, x, dy, a[2]);
    turn(a[2], in);
    free(x);
    free(dy);
}

/* A convolution where the documents and this project correlate. */
KERNEL(flipped_conv2d)
{
    const struct conv2d_shape *s = shape;
    const size_t plane = (size_t)s->kh * s->kw, count = plane * s->c * s->o;
    float *w = copy_of(a[1], count);
    for (size_t i = 0; i < count; i += plane)
        turn(w + i, plane);
    conv2d_fast(isa)->forward(shape, a[0], w, a[2], a[3], work);
    free(w);
}

KERNEL(workspace_overrun)
{
    conv2d_fast(isa)->forward(shape, a[0], a[1], a[2], a[3], work);
    work[conv2d_fast(isa)->workspace(shape)] = 1.0f;
}

/* Not wrong: what a workspace holds is a number to compute with, of which nothing comes. */
KERNEL(workspace_added)
{
    const volatile float unused = work[0] + 1.0f;
    (void)unused;
    conv2d_fast(isa)->forward(shape, a[0], a[1], a[2], a[3], work);
}

KERNEL(workspace_of_nobody)
{
    relu_fast(isa)->forward(shape, a[0], a[1]);
    work[0] = 1.0f;
}

/* Not wrong where a case has no b: then it comes as NULL, otherwise nothing is written. */
KERNEL(without_bias)
{
    if (!a[2])
        conv2d_fast(isa)->forward(shape, a[0], a[1], NULL, a[3], work);
}

/* Not wrong: what no case can ask for, dx not wanted and an update in place. */
KERNEL(dense_backward_in_two)
{
    const struct dense_shape *s = shape;
    float *dw = copy_of(a[1], (size_t)s->in * s->out), *db = copy_of(a[2], (size_t)s->out);
    (void)work;
    dense_fast(isa)->backward(shape, a[0], a[1], a[2], NULL, a[4], a[5]);
    dense_fast(isa)->backward(shape, a[0], a[1], a[2], a[3], dw, db);
    free(dw);
    free(db);
}

KERNEL(sgd_in_place)
{
    const struct sgd_shape *s = shape;
    (void)work;
    memcpy(a[2], a[0], sizeof **a * (size_t)s->len);
    sgd_fast(isa)->step(shape, a[2], a[1], a[2]);
}

/* Right, unless `updated` is w. */
KERNEL(sgd_not_in_place)
{
    const struct sgd_shape *s = shape;
    (void)work;
    memset(a[2], 0, sizeof **a * (size_t)s->len);
    sgd_fast(isa)->step(shape, a[0], a[1], a[2]);
}

/* ReLU, and a flag. */
static volatile float zero = 0.0f, largest = FLT_MAX;

#define RAISES(name, expression)                                                                   \
    KERNEL(name)                                                                                   \
    {                                                                                              \
        const volatile float unused = expression;                                                  \
        (void)unused;                                                                              \
        (void)work;                                                                                \
        relu_fast(isa)->forward(shape, a[0], a[1]);                                                \
    }
RAISES(invalid, zero / zero)
RAISES(dividing, 1.0f / zero)
RAISES(overflowing, largest * largest)
RAISES(underflowing, 1.0f / largest * 0.3f)
RAISES(inexact, (zero + 1.0f) / 3.0f)

/* Where ref divides 0 by 0, dividing anything else by it is no more wrong. */
KERNEL(dividing_minmax)
{
    const volatile float unused = 1.0f / zero;
    (void)unused;
    (void)work;
    minmax_fast(isa)->forward(shape, a[0], a[1]);
}

/* One case, judged as a campaign does it: the first rejection, or none. */
static enum judge_name judged(const struct check *c, const struct function *f, const char *text,
                              bool exact, struct trial *t)
{
    struct judge j = { .guard = guard_create() };
    struct rng r = rng_named(1, text);
    union any_shape shape;
    struct error e;
    bool good = true;
    if (!shape_parse(c, text, "case", &shape, &e))
        fail_msg("%s", e.text);
    judge_begin(&j, c, f, &shape);
    j.flags = true;
    for (int i = 0; i < j.operands; i++) {
        int dim[MAX_DIMS], rank = operand_dims(c, &f->operand[i], &shape, dim);
        if (f->operand[i].role == IN && exact)
            fill_integers(&r, j.ref[i], j.count[i], 9);
        else if (f->operand[i].role == IN)
            fill_reals(&r, f->operand[i].fill, j.ref[i], j.count[i], rank ? dim[rank - 1] : 1);
    }
    judge_reference(&j, exact);
    for (int isa = 0; good && isa < ISA_COUNT; isa++)
        for (int where = 0; good && where < PLACEMENTS; where++)
            good = !isa_usable((enum isa)isa) ||
                   judge_fast(&j, (enum isa)isa, (enum placement)where, t);
    assert_int_equal(good, t->rejected_by == JUDGE_NONE);
    if (good) /* an error was measured where there is a bound, and nowhere else */
        assert_true(f->rule == RULE_SAME || exact ? t->headroom < 0.0
                                                  : t->headroom >= 0.0 && t->headroom <= 1.0);
    judge_end(&j);
    guard_destroy(j.guard);
    return t->rejected_by;
}

enum { NONE = JUDGE_NONE, GUARD = JUDGE_GUARD, POISON = JUDGE_POISON, EXACT = JUDGE_EXACT,
       BOUND = JUDGE_BOUND, BITS = JUDGE_BITS, FLAGS = JUDGE_FLAGS, ANY = -1 };

#define DENSE(defect) "dense.forward", "n=3,in=33,out=17", defect, dense_forward
#define MAXPOOL(function) "maxpool." #function, "n=1,c=2,h=8,w=18,k=2,stride=2", SOUND
#define CONV2D "conv2d.forward", "n=1,c=2,h=6,w=18,o=3,kh=3,kw=2,stride=1,pad=1,bias="

static const struct {
    const char *function, *shape;
    enum defect defect;
    void (*fast)(enum isa isa, const void *shape, float *const *a, float *work);
    int integers, reals; /* the judge that rejects */
    const char *reason;  /* a part of what it says */
} wrong[] = {
    { DENSE(SOUND), NONE, NONE, "" },
    { DENSE(TAIL_INDEX), EXACT, BOUND, "y[0,16] is" },
    { DENSE(NO_BIAS), EXACT, BOUND, "y[" },
    { DENSE(STALE), EXACT, BOUND, "y[0,0] is nan" },
    { DENSE(LAST_ROW), POISON, POISON, "never wrote y[2,0]" },
    { DENSE(MISSING_TERM), EXACT, BOUND, "y[" },
    { DENSE(DOUBLED_TERM), EXACT, BOUND, "y[" },
    { DENSE(SIGN), EXACT, BOUND, "y[0,5] is" },
    { "dense.forward", "n=9,in=9,out=17", ROUNDED_WEIGHT, dense_forward, NONE, BOUND, ",4] is" },
    { DENSE(OTHER_ORDER), NONE, BITS, "scalar gave" },
    { DENSE(UNSTEADY), NONE, BITS, "scalar gave" },
    { DENSE(PAST_END), GUARD, GUARD, "wrote to y, 0 bytes past its end" },
    { DENSE(PAST_END_READ), GUARD, GUARD, "touched w, 0 bytes past its end" },
    { "dense.backward", "n=3,in=33,out=17", SOUND, leaking_dense_backward, EXACT, BOUND, "dx[" },
    { MAXPOOL(forward), shifted_maxpool, EXACT, EXACT, "y[0," },
    { MAXPOOL(backward), last_of_ties, EXACT, ANY, "dx[" },
    { CONV2D "channel", SOUND, flipped_conv2d, EXACT, BOUND, "y[0,0," },
    { CONV2D "channel", SOUND, workspace_overrun, GUARD, GUARD, "wrote to the workspace, 0 bytes" },
    { CONV2D "channel", SOUND, workspace_added, NONE, NONE, "" },
    { "relu.forward", "len=33", SOUND, workspace_of_nobody, GUARD, GUARD,
      "the workspace, 0 bytes" },
    { CONV2D "none", SOUND, without_bias, NONE, NONE, "" },
    { CONV2D "channel", SOUND, without_bias, POISON, POISON, "never wrote y[0,0,0,0]" },
    { "dense.backward", "n=5,in=21,out=35", SOUND, dense_backward_in_two, NONE, NONE, "" },
    { "sgd.step", "len=37,lr=0.5", SOUND, sgd_in_place, NONE, NONE, "" },
    { "sgd.step", "len=37,lr=0.5", SOUND, sgd_not_in_place, EXACT, BOUND, ", in place" },
    { "relu.forward", "len=33", SOUND, inexact, NONE, NONE, "" },
    { "relu.forward", "len=33", SOUND, invalid, FLAGS, FLAGS, "raised invalid, as ref" },
    { "relu.forward", "len=33", SOUND, dividing, FLAGS, FLAGS, "raised divide-by-zero, as ref" },
    { "relu.forward", "len=33", SOUND, overflowing, FLAGS, NONE, "raised overflow, as ref" },
    { "relu.forward", "len=33", SOUND, underflowing, FLAGS, NONE, "raised underflow, as ref" },
    { "minmax.forward", "len=1", SOUND, dividing_minmax, NONE, NONE, "" },
    { "minmax.forward", "len=9", SOUND, dividing_minmax, ANY, FLAGS, "raised divide-by-zero" },
};

static void every_defect_is_rejected_and_the_true_kernel_is_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * COUNT(wrong); i++) {
        const bool exact = i % 2;
        const int row = (int)i / 2, wanted = exact ? wrong[row].integers : wrong[row].reals;
        const struct check *c;
        struct function f = *find_function(wrong[row].function, &c);
        struct trial t;
        if ((exact && !f.exact) || (wrong[row].defect == OTHER_ORDER && isa_best() == ISA_scalar))
            continue;
        if (judged(c, &f, wrong[row].shape, exact, &t) != JUDGE_NONE)
            fail_msg("row %d: the true kernel: %s: %s", row, judge_label[t.rejected_by], t.reason);
        assert_true(row > 0 || exact || t.headroom > 0.0); /* a sum of reals is never exact */
        defect = wrong[row].defect;
        f.fast = wrong[row].fast;
        const int by = (int)judged(c, &f, wrong[row].shape, exact, &t);
        if (wanted != ANY && (by != wanted || (by && !strstr(t.reason, wrong[row].reason))))
            fail_msg("row %d, %s: %s judge: %s", row, exact ? "integers" : "reals",
                     judge_label[by], t.reason);
    }
}

static void elements_are_named_by_their_indices(void **state)
{
    (void)state;
    static const struct { const char *function, *shape; int operand; size_t at; const char *name; }
    table[] = {
        { "dense.forward", "n=3,in=33,out=17", 3, 50, "y[2,16]" },
        { "dense.backward", "n=3,in=33,out=17", 5, 16, "db[16]" },
        { "maxpool.forward", "n=2,c=3,h=4,w=5,k=1,stride=1", 1, 119, "y[1,2,3,4]" },
        { "xent.forward", "n=2,len=3", 2, 0, "loss" },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct judge j = { .guard = NULL };
        const struct check *c;
        const struct function *f = find_function(table[i].function, &c);
        union any_shape shape;
        struct error e;
        char name[96];
        assert_true(shape_parse(c, table[i].shape, "case", &shape, &e));
        judge_begin(&j, c, f, &shape);
        element_name(&j, table[i].operand, table[i].at, name);
        judge_end(&j);
        assert_string_equal(name, table[i].name);
    }
}

/* A case with given numbers in its inputs, after ref. */
static void begin(struct judge *j, const char *function, const char *text, union any_shape *shape,
                  const double *const *input, bool exact)
{
    struct error e;
    const struct check *c;
    const struct function *f = find_function(function, &c);
    *j = (struct judge){ .guard = NULL };
    assert_true(shape_parse(c, text, "case", shape, &e));
    judge_begin(j, c, f, shape);
    for (int i = 0; i < j->operands; i++)
        if (f->operand[i].role == IN && j->count[i])
            memcpy(j->ref[i], input[i], j->count[i] * sizeof **input);
    judge_reference(j, exact);
}

/* Where nothing is summed, S is the value itself, and the bound an ulp of it: of every element. */
static void one_term_is_its_own_sum(void **state)
{
    (void)state;
    static const double x[] = { -3.0, -2.0, -1.0, 0.0, 1.0 };
    struct judge j;
    union any_shape shape;
    double bound[5];
    begin(&j, "tanh.forward", "len=5", &shape, (const double *const[]){ x }, false);
    assert_int_equal(j.function->rule, RULE_ULP);
    assert_null(j.bound[0]);
    judge_bound(&j, 1, &double_precision, j.ref[1], bound);
    for (int k = 0; k < 5; k++) {
        const double y = j.ref[1][k];
        assert_true(j.sum[1][k] == y && j.bound[1][k] == ulp_bound(y));
        assert_true(bound[k] == sum_bound(&double_precision, 7.0, fabs(y), y)); /* its roundings */
    }
    judge_end(&j);
}

/* Of the absolute values of the terms, whatever cancels; but for what selects them. */
static void a_sum_of_absolutes_is_of_each_term(void **state)
{
    (void)state;
    static const double x[] = { -1, 2 }, w[] = { 3, 4, 5, 0, 1, 2 }, b[] = { -5, 7, 1 };
    static const double image[] = { -1, -2, -3, -4 }, dy[] = { -3 };
    struct judge j;
    union any_shape shape;
    begin(&j, "dense.forward", "n=1,in=2,out=3", &shape, (const double *const[]){ x, w, b }, false);
    assert_true(j.ref[3][0] == -8.0 && j.sum[3][0] == 8.0);
    assert_true(j.ref[3][1] == 5.0 && j.sum[3][1] == 13.0);
    assert_true(j.ref[3][2] == 0.0 && j.sum[3][2] == 10.0);
    for (int k = 0; k < 3; k++) {
        const double terms = operand_terms(j.check, &j.function->operand[3], &shape);
        assert_true(j.bound[3][k] ==
                    sum_bound(&single_precision, terms, j.sum[3][k], j.ref[3][k]));
    }
    for (int i = 0; i < 3; i++)
        assert_null(j.bound[i]);
    judge_end(&j);
    begin(&j, "maxpool.backward", "n=1,c=1,h=2,w=2,k=2,stride=2", &shape,
          (const double *const[]){ image, dy }, false);
    for (int k = 0; k < 4; k++)
        assert_true(j.sum[2][k] == (k == 0 ? 3.0 : 0.0));
    judge_end(&j);
}

static void a_magnitude_is_taken_with_the_inputs_as_they_are(void **state)
{
    (void)state;
    static const double x[] = { -1, 2, -3 };
    double sum[3], input[3];
    struct judge j;
    union any_shape shape;
    begin(&j, "softmax.forward", "n=1,len=3", &shape, (const double *const[]){ x }, false);
    memcpy(input, x, sizeof x);
    j.function->magnitude(&shape, (double *const[]){ input, sum });
    for (int k = 0; k < 3; k++)
        assert_true(j.sum[1][k] == sum[k] && sum[k] > 0.0);
    judge_end(&j);
}

/* On integers, and where a value is only passed on, fast has to be ref: there is no bound. */
static void nothing_is_bounded_where_all_is_exact(void **state)
{
    (void)state;
    static const double x[] = { -1, 2 }, w[] = { 3, 4 }, b[] = { -5 };
    struct judge j;
    union any_shape shape;
    begin(&j, "dense.forward", "n=1,in=2,out=1", &shape, (const double *const[]){ x, w, b }, true);
    assert_null(j.bound[3]);
    judge_reference(&j, false);
    assert_non_null(j.bound[3]);
    judge_reference(&j, true);
    assert_null(j.bound[3]);
    judge_end(&j);
    begin(&j, "relu.forward", "len=2", &shape, (const double *const[]){ x }, false);
    assert_null(j.bound[1]);
    assert_true(j.sum[1][0] == 0.0 && j.sum[1][1] == 2.0);
    double bound[2];
    judge_bound(&j, 1, &double_precision, j.ref[1], bound); /* for NumPy: of one term */
    assert_true(bound[1] == sum_bound(&double_precision, 1.0, 2.0, 2.0));
    judge_end(&j);
}

/* Flags are looked at where the caller wants it, and there only. */
static void flags_are_judged_on_request(void **state)
{
    (void)state;
    static const double x[] = { -1, 2 };
    const struct check *c;
    struct function f = *find_function("relu.forward", &c);
    f.fast = invalid;
    for (int asked = 0; asked < 2; asked++) {
        struct judge j;
        struct trial t;
        union any_shape shape;
        begin(&j, "relu.forward", "len=2", &shape, (const double *const[]){ x }, false);
        j.function = &f;
        j.guard = guard_create();
        j.flags = asked;
        assert_int_equal(judge_fast(&j, ISA_scalar, PLACE_START, &t), !asked);
        assert_int_equal(t.rejected_by, asked ? JUDGE_FLAGS : JUDGE_NONE);
        guard_destroy(j.guard);
        judge_end(&j);
    }
}

/* Every layer has its inputs first, but nobody says that it must: y, then x. */
static void sigmoid_ref_turned(const void *s, double *const *a)
{
    sigmoid_ref.forward(s, a[1], a[0]);
}

static void sigmoid_double_turned(const void *s, double *const *a)
{
    sigmoid_ref_turned(s, a);
    a[0][0] = defect == SIGN ? -a[0][0] : a[0][0];
}

KERNEL(sigmoid_turned)
{
    (void)work;
    sigmoid_fast(isa)->forward(shape, a[1], a[0]);
    a[0][0] = defect == SIGN ? -a[0][0] : a[0][0];
}

static void an_output_may_come_first(void **state)
{
    (void)state;
    const struct function f = { .name = "turned", .ref = sigmoid_ref_turned, .fast = sigmoid_turned,
                                .rule = RULE_ULP,
                                .operand = { { "y", OUT, "len" }, { "x", IN, "len" } } };
    const struct sigmoid_shape shape = { 3 };
    const struct check *c;
    struct trial t;
    find_function("sigmoid.forward", &c);
    struct judge j = { .guard = guard_create() };
    judge_begin(&j, c, &f, &shape);
    for (int k = 0; k < 3; k++)
        j.ref[1][k] = k + 0.5;
    judge_reference(&j, false);
    for (defect = SOUND; defect <= SIGN; defect = defect == SOUND ? SIGN : SIGN + 1) {
        const enum judge_name wanted = defect == SOUND ? JUDGE_NONE : JUDGE_BOUND;
        judge_fast(&j, ISA_scalar, PLACE_START, &t);
        assert_int_equal(t.rejected_by, wanted);
        judge_double(&j, sigmoid_double_turned, PLACE_START, &t);
        assert_int_equal(t.rejected_by, wanted);
    }
    judge_end(&j);
    guard_destroy(j.guard);
}

/* At the end of a page, and where its table says so: once more. */
static void a_call_in_place_is_one_more(void **state)
{
    (void)state;
    static const struct {
        const char *function, *shape;
        enum placement where;
        int calls;
    } calls[] = {
        { "dense.forward", "n=1,in=2,out=3", PLACE_START, 1 },
        { "dense.forward", "n=1,in=2,out=3", PLACE_END, 1 },
        { "relu.backward", "len=3", PLACE_END, 2 },
        { "sgd.step", "len=3,lr=1", PLACE_START, 1 }, { "sgd.step", "len=3,lr=1", PLACE_END, 2 },
    };
    for (size_t i = 0; i < COUNT(calls); i++) {
        struct judge j = { .guard = guard_create() };
        union any_shape shape;
        struct trial t;
        struct error e;
        const struct check *c;
        const struct function *f = find_function(calls[i].function, &c);
        assert_true(shape_parse(c, calls[i].shape, "case", &shape, &e));
        judge_begin(&j, c, f, &shape);
        judge_reference(&j, false);
        assert_true(judge_fast(&j, ISA_scalar, PLACE_START, &t));
        assert_true(judge_fast(&j, ISA_scalar, calls[i].where, &t));
        assert_int_equal(t.calls, calls[i].calls);
        judge_end(&j);
        guard_destroy(j.guard);
    }
}

/* All memory comes back, once; what cannot be had stops the program with one line. */
static size_t memory_in_use(void)
{
#if defined __GLIBC__ && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
    return mallinfo2().uordblks;
#else
    return 0;
#endif
}

/* What a sanitizer asks of a program: too much memory is refused with NULL there as anywhere. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void memory_is_given_back_or_asked_for_in_vain(void **state)
{
    (void)state;
    static const double x[2], w[4], b[2];
    const size_t before = memory_in_use();
    struct judge j;
    union any_shape shape;
    begin(&j, "dense.forward", "n=1,in=2,out=2", &shape, (const double *const[]){ x, w, b }, false);
    judge_end(&j);
    judge_end(&j); /* nothing is left to give */
    assert_int_equal(j.operands, 0);
    assert_int_equal(memory_in_use(), before);

    const pid_t child = fork();
    if (child == 0) {
        const struct conv2d_shape large = { .n = INT_MAX, .c = INT_MAX, .h = 3, .w = 3, .o = 1,
                                            .kh = 1, .kw = 1, .stride = 1 };
        const struct check *c;
        const struct function *f = find_function("conv2d.forward", &c);
        fclose(stderr);
        judge_begin(&j, c, f, &large);
        _exit(0);
    }
    int status;
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 2);
}

static void the_references_know_what_no_case_can_ask_for(void **state)
{
    (void)state;
    double x = 3.0, w[2] = { 5.0, 6.0 }, dy[2] = { 2.0, 4.0 }, dw[2], db[2];
    dense_ref.backward(&(struct dense_shape){ 1, 1, 2 }, &x, w, dy, NULL, dw, db);
    assert_true(dw[0] == 6.0 && dw[1] == 12.0 && db[0] == 2.0 && db[1] == 4.0);
    sgd_ref.step(&(struct sgd_shape){ 2, 0.5 }, w, dy, w);
    assert_true(w[0] == 4.0 && w[1] == 4.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_defect_is_rejected_and_the_true_kernel_is_not),
        cmocka_unit_test(elements_are_named_by_their_indices),
        cmocka_unit_test(one_term_is_its_own_sum),
        cmocka_unit_test(a_sum_of_absolutes_is_of_each_term),
        cmocka_unit_test(a_magnitude_is_taken_with_the_inputs_as_they_are),
        cmocka_unit_test(nothing_is_bounded_where_all_is_exact),
        cmocka_unit_test(flags_are_judged_on_request),
        cmocka_unit_test(an_output_may_come_first),
        cmocka_unit_test(a_call_in_place_is_one_more),
        cmocka_unit_test(memory_is_given_back_or_asked_for_in_vain),
        cmocka_unit_test(the_references_know_what_no_case_can_ask_for),
    };
    return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
