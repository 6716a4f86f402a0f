/* test_judge_double.c - kernels over double in the place of fast: what judge_double says of them,
 * and where it leaves what they wrote. */
#include "harness/judge.h"
#include "ref/dense.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof (table) / sizeof *(table))

/* dense.forward of 2 examples, 3 inputs and 5 outputs: x, w, b and the 10 elements of y. */
enum { X, W, B, Y, LAST = 9 };

static enum defect {
    SOUND, BELOW_FLOAT, FIRST_WRONG, LAST_WRONG, FIRST_UNWRITTEN, LAST_UNWRITTEN, LOW_HALF,
    HIGH_HALF, PAST_END, BEFORE_START, READ_PAST_END, WRITE_INPUT
} defect;

static void dense_forward(const void *shape, double *const *a)
{
    double y[LAST + 1];
    dense_ref.forward(shape, a[X], a[W], a[B], y);
    for (int k = 0; k <= LAST; k++) {
        const bool wrong = (defect == FIRST_WRONG && k == 0) || (defect == LAST_WRONG && k == LAST);
        const double value = wrong ? y[k] + 1.0 : defect == BELOW_FLOAT ? y[k] + 0x1p-40 : y[k];
        char *const at = (char *)&a[Y][k];
        const bool little = *(const unsigned char *)&(const int){ 1 };
        const size_t from = k == LAST && (defect == LOW_HALF) != !little ? 0 : 4;
        if (k == LAST && (defect == LOW_HALF || defect == HIGH_HALF))
            memcpy(at + from, (const char *)&value + from, 4);
        else if (!(defect == FIRST_UNWRITTEN && k == 0) && !(defect == LAST_UNWRITTEN && k == LAST))
            a[Y][k] = value;
    }
    if (defect == PAST_END)
        a[Y][LAST + 1] = 1.0;
    if (defect == BEFORE_START)
        a[Y][-1] = 1.0;
    if (defect == READ_PAST_END)
        (void)((const volatile double *)a[W])[15];
    if (defect == WRITE_INPUT)
        a[X][5] = 1.0;
}

static void begin(struct judge *j, const struct check *c, const struct function *f,
                  const char *text, union any_shape *shape)
{
    struct error e;
    *j = (struct judge){ .guard = guard_create() };
    assert_true(shape_parse(c, text, "case", shape, &e));
    judge_begin(j, c, f, shape);
    for (int i = 0; i < j->operands; i++)
        for (size_t k = 0; f->operand[i].role == IN && k < j->count[i]; k++)
            j->ref[i][k] = (double)(k % 5) - 1.0 + i;
}

static void end(struct judge *j)
{
    judge_end(j);
    guard_destroy(j->guard);
}

static void every_defect_is_rejected_by_its_judge(void **state)
{
    (void)state;
    static const struct {
        enum defect defect;
        enum judge_name integers, reals;
        const char *at_start, *at_end; /* how the reason begins */
    } table[] = {
        { SOUND, JUDGE_NONE, JUDGE_NONE, "", "" },
        { BELOW_FLOAT, JUDGE_NONE, JUDGE_NONE, "", "" },
        { FIRST_WRONG, JUDGE_EXACT, JUDGE_BOUND, "y[0,0] is ", "y[0,0] is " },
        { LAST_WRONG, JUDGE_EXACT, JUDGE_BOUND, "y[1,4] is ", "y[1,4] is " },
        { FIRST_UNWRITTEN, JUDGE_POISON, JUDGE_POISON, "never wrote y[0,0]", "never wrote y[0,0]" },
        { LAST_UNWRITTEN, JUDGE_POISON, JUDGE_POISON, "never wrote y[1,4]", "never wrote y[1,4]" },
        { LOW_HALF, JUDGE_EXACT, JUDGE_BOUND, "y[1,4] is inf", "y[1,4] is inf" },
        { HIGH_HALF, JUDGE_EXACT, JUDGE_NONE, "", "" }, /* right to 20 bits */
        { PAST_END, JUDGE_GUARD, JUDGE_GUARD, "wrote to y, 0 bytes past its end",
          "touched y, 0 bytes past its end" },
        { BEFORE_START, JUDGE_GUARD, JUDGE_GUARD, "touched y, 8 bytes before its start",
          "wrote to y, 8 bytes before its start" },
        { READ_PAST_END, JUDGE_NONE, JUDGE_NONE, "", "touched w, 0 bytes past its end" },
        { WRITE_INPUT, JUDGE_GUARD, JUDGE_GUARD, "wrote to the input x, byte 40",
          "wrote to the input x, byte 40" },
    };
    const struct check *c;
    const struct function *f = find_function("dense.forward", &c);
    for (size_t i = 0; i < 4 * COUNT(table); i++) {
        const bool exact = i % 2;
        const enum placement where = (enum placement)(i / 2 % 2);
        const size_t row = i / 4;
        const char *reason = where == PLACE_START ? table[row].at_start : table[row].at_end;
        enum judge_name wanted = exact ? table[row].integers : table[row].reals;
        struct judge j;
        struct trial t;
        union any_shape shape;
        if (*reason && wanted == JUDGE_NONE) /* a read that only an unmapped page sees */
            wanted = JUDGE_GUARD;
        begin(&j, c, f, "n=2,in=3,out=5", &shape);
        judge_reference(&j, exact);
        defect = table[row].defect;
        t.rejected_by = JUDGE_BITS;
        const bool held = judge_double(&j, dense_forward, where, &t);
        if (held != (wanted == JUDGE_NONE) || t.rejected_by != wanted ||
            strncmp(t.reason, reason, strlen(reason)) != 0)
            fail_msg("defect %d, %s, %s: %s judge: %s", table[row].defect,
                     exact ? "integers" : "reals", placement_name[where],
                     judge_label[t.rejected_by], t.reason);
        assert_true(!held || (exact ? t.headroom < 0.0 : t.headroom >= 0.0));
        if (wanted == JUDGE_EXACT)
            assert_non_null(strstr(t.reason, ", bound 0"));
        end(&j);
    }
}

static void what_it_wrote_is_kept_as_it_was_and_rounded(void **state)
{
    (void)state;
    const struct check *c;
    const struct function *f = find_function("dense.forward", &c);
    struct judge j;
    struct trial t;
    union any_shape shape;
    begin(&j, c, f, "n=2,in=3,out=5", &shape);
    judge_reference(&j, false);
    defect = BELOW_FLOAT;
    assert_true(judge_double(&j, dense_forward, PLACE_END, &t));
    for (int k = 0; k <= LAST; k++) {
        assert_true(j.written[Y][k] == j.ref[Y][k] + 0x1p-40 && !never_written(&j.written[Y][k]));
        assert_true(j.output[Y][k] == (float)j.written[Y][k]);
    }
    defect = LAST_UNWRITTEN;
    assert_false(judge_double(&j, dense_forward, PLACE_END, &t));
    for (int k = 0; k <= LAST; k++)
        assert_true(never_written(&j.written[Y][k]) == (k == LAST));
    assert_true(guard_is_poison(j.output[Y][LAST]) && !guard_is_poison(j.output[Y][0]));
    end(&j);
}

/* dense.backward; the first element of dx or of db is off by so much of its bound. */
static double *bound_of_dx, *bound_of_db, part_of_dx, part_of_db;

static void nearly_dense_backward(const void *shape, double *const *a)
{
    dense_ref.backward(shape, a[0], a[1], a[2], a[3], a[4], a[5]);
    a[3][0] += part_of_dx * *bound_of_dx;
    a[5][0] += part_of_db * *bound_of_db;
}

static void the_worst_of_all_outputs_is_the_headroom(void **state)
{
    (void)state;
    const struct { double dx, db; } table[] = { { 0.0, 0.0 }, { 0.75, 0.0 }, { 0.0, 0.75 },
                                                { 0.5, 0.75 }, { 0.75, 0.5 } };
    const struct check *c;
    const struct function *f = find_function("dense.backward", &c);
    struct judge j;
    union any_shape shape;
    begin(&j, c, f, "n=2,in=3,out=5", &shape);
    judge_reference(&j, false);
    bound_of_dx = j.bound[3];
    bound_of_db = j.bound[5];
    for (size_t i = 0; i < COUNT(table); i++) {
        struct trial t;
        part_of_dx = table[i].dx;
        part_of_db = table[i].db;
        assert_true(judge_double(&j, nearly_dense_backward, PLACE_START, &t));
        const double worst = fmax(part_of_dx, part_of_db); /* and what rounding to float adds */
        if (!(fabs(t.headroom - worst) < 0.2))
            fail_msg("row %zu: headroom %g, not about %g", i, t.headroom, worst);
    }
    end(&j);
}

/* What is absent has no address, as for ref. */
static const double *bias_given;

static void conv2d_forward(const void *shape, double *const *a)
{
    bias_given = a[2];
    find_function("conv2d.forward", &(const struct check *){ NULL })->ref(shape, a);
}

static void an_absent_operand_is_null(void **state)
{
    (void)state;
    static const char *const bias[] = { "bias=none", "bias=channel" };
    const struct check *c;
    const struct function *f = find_function("conv2d.forward", &c);
    for (int k = 0; k < 2; k++) {
        struct judge j;
        struct trial t;
        union any_shape shape;
        char text[96] = "n=1,c=1,h=3,w=3,o=2,kh=2,kw=2,stride=1,pad=0,";
        begin(&j, c, f, strcat(text, bias[k]), &shape);
        judge_reference(&j, true);
        assert_true(judge_double(&j, conv2d_forward, PLACE_END, &t));
        assert_true(!bias_given == !k);
        end(&j);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_defect_is_rejected_by_its_judge),
        cmocka_unit_test(what_it_wrote_is_kept_as_it_was_and_rounded),
        cmocka_unit_test(the_worst_of_all_outputs_is_the_headroom),
        cmocka_unit_test(an_absent_operand_is_null),
    };
    return cmocka_run_group_tests_name("judge_double", tests, NULL, NULL);
}
