/* test_equal_terms.c - long sums of equal terms, whose roundings all go one way, are within the
 * bound of those that do not conspire. */
#include "harness/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof (table) / sizeof *(table))

struct sum {
    const char *name, *shape;
    double first[2], other[2]; /* of a row of each input: the first number, and all others */
};

static void fill(const struct judge *j, const struct sum *s)
{
    const size_t len = (size_t)key_value(key_named(j->check, "len", 3), j->shape);
    for (int i = 0; i + 1 < j->operands; i++)
        for (size_t k = 0; k < j->count[i]; k++)
            j->ref[i][k] = (float)(k % len ? s->other[i] : s->first[i]);
}

/* The last operand is the output. */
static void try_sum(const struct sum *s)
{
    struct judge j = { .guard = NULL };
    const struct check *c;
    const struct function *f = find_function(s->name, &c);
    float *operand[MAX_OPERANDS];
    union any_shape shape;
    struct error e;
    assert_true(shape_parse(c, s->shape, "case", &shape, &e));
    judge_begin(&j, c, f, &shape);
    fill(&j, s);
    judge_reference(&j, false);
    const int last = j.operands - 1;
    const size_t count = j.count[last];
    memcpy(operand, j.input, sizeof operand);
    float *const out = operand[last] = malloc(count * sizeof *out);
    assert_non_null(out);
    f->fast(isa_best(), &shape, operand, NULL);
    if (!compare_bound(out, j.ref[last], j.bound[last], count).agree)
        fail_msg("%s, %s: out of bounds", s->name, s->shape);
    free(out);
    judge_end(&j);
}

static void equal_terms_are_within_the_bound(void **state)
{
    (void)state;
    static const struct sum table[] = {
        { "bce.forward", "n=1000,len=1000,eps=0", { 0x1.4p-9, 1 }, { 0x1.4p-9, 1 } },
        { "bce_logits.forward", "n=512,len=1000", { 2, 0 }, { 2, 0 } },
        /* one label: all terms are in one lane */
        { "xent.forward", "n=16384,len=2", { 0, 1 }, { 2.375, 0 } },
        { "xent.forward", "n=50000,len=10", { 0, 1 }, { -0.0625, 0 } },
        /* in long rows */
        { "xent.forward", "n=1,len=1000000", { 0, 0x1.22p-21 }, { -1, 0x1.22p-21 } },
        { "xent.backward", "n=1,len=1000000", { 0, 1 }, { -0.0625, 0 } },
        { "softmax.forward", "n=1,len=1000000", { 0 }, { -0.0625 } },
        { "softmax.backward", "n=1,len=1000000", { 0.25, 0.25 }, { 0x1.eeep-21, 1 } },
    };
    for (size_t i = 0; i < COUNT(table); i++)
        try_sum(&table[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_terms_are_within_the_bound),
    };
    return cmocka_run_group_tests_name("equal terms", tests, NULL, NULL);
}
