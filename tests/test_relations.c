/* test_relations.c - relations between calls: they hold for the kernels that there are, and each is
 * broken by a kernel that is wrong in a way of its own. */
#include "harness/campaign.h"
#include "harness/relations.h"

#include "ref/conv2d.h"
#include "ref/dense.h"
#include "ref/maxpool.h"
#include "ref/minmax.h"
#include "ref/relu.h"
#include "ref/sgd.h"
#include "ref/softmax.h"
#include "ref/tanh.h"
#include "ref/transpose.h"
#include "ref/xent.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof (table) / sizeof *(table))
#define CONV2D "n=2,c=3,h=6,w=7,o=4,kh=3,kw=2,stride=2,pad=1,bias=channel"
#define VALID "n=1,c=3,h=6,w=7,o=4,kh=3,kw=2,stride=1,pad=0,bias=none"
#define MAXPOOL "n=2,c=3,h=6,w=7,k=2,stride=2"

static enum outcome outcome(enum relation kind, const struct performer *who, const char *name,
                            const char *text, struct error *e)
{
    const struct check *c;
    const struct function *f = find_function(name, &c);
    union any_shape shape;
    if (!shape_parse(c, text, "case", &shape, e))
        fail_msg("%s", e->text);
    return relation_outcome(kind, who, c, f, &shape, 1, e);
}

static const struct {
    const char *function, *shape;
    enum outcome held[RELATIONS]; /* by ref; by fast too, but for differences */
} sound[] = {
#define HELD OUTCOME_HELD
    { "conv2d.forward", CONV2D, { HELD, HELD, HELD } },
    { "conv2d.forward", VALID, { HELD, HELD, HELD } },
    { "conv2d.backward_data", CONV2D, { HELD, HELD, HELD } },
    { "conv2d.backward_weights", CONV2D, { HELD, HELD, HELD } },
    { "maxpool.forward", MAXPOOL, { HELD, HELD, HELD } },
    { "maxpool.backward", MAXPOOL, { HELD, HELD, HELD } },
    { "dense.forward", "n=3,in=4,out=5", { HELD, HELD, HELD } },
    { "dense.backward", "n=3,in=4,out=5", { HELD, HELD, HELD } },
    { "relu.forward", "len=9", { HELD, HELD, HELD } },
    { "relu.backward", "len=9", { HELD, HELD, HELD } },
    { "tanh.forward", "len=9", { 0, HELD, HELD } },
    { "tanh.backward", "len=9", { 0, HELD, HELD } },
    { "sigmoid.forward", "len=9", { 0, 0, HELD } },
    { "sigmoid.backward", "len=9", { 0, HELD, HELD } },
    { "softmax.forward", "n=2,len=5", { 0, HELD, HELD } },
    { "softmax.backward", "n=2,len=30", { 0, HELD, HELD } },
    { "bce.backward", "n=2,len=3,eps=0", { 0, 0, HELD } },
    { "bce_logits.backward", "n=2,len=3", { 0, 0, HELD } },
    { "xent.forward", "n=2,len=3", { 0, HELD, HELD } },
    { "xent.backward", "n=2,len=3", { 0, HELD, HELD } },
    { "minmax.forward", "len=9", { 0, HELD, HELD } },
    { "minmax.backward", "len=9", { 0, HELD, HELD } },
    { "minmax.statistics", "len=9", { 0, HELD, 0 } },
    { "transpose.to_nhwc", "n=2,c=3,h=2,w=5", { HELD, HELD, 0 } },
    { "sgd.step", "len=9,lr=0.5", { 0, 0, 0 } },
};

static void they_hold_for_ref_and_for_fast(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sound); i++)
        for (int kind = 0; kind < RELATIONS; kind++)
            for (int isa = -1; isa < ISA_COUNT; isa++) {
                const struct performer who = { .fast = isa >= 0,
                                               .isa = (enum isa)(isa < 0 ? 0 : isa) };
                struct error e = { "" };
                const enum outcome wanted =
                    isa >= 0 && kind == RELATION_DIFFERENCES ? OUTCOME_NONE : sound[i].held[kind];
                if (isa >= 0 && !isa_usable((enum isa)isa))
                    continue;
                if (outcome((enum relation)kind, &who, sound[i].function, sound[i].shape, &e) !=
                    wanted)
                    fail_msg("%s, %s, set %d: %s", sound[i].function, relation_name[kind], isa,
                             e.text);
            }
}

static size_t elements(const void *shape, const char *function, int operand)
{
    const struct check *c;
    const struct function *f = find_function(function, &c);
    return operand_count(c, &f->operand[operand], shape);
}

/* The kernels that are wrong. */
static void rectified_data(const void *shape, double *const *a)
{
    conv2d_ref.backward_data(shape, a[0], a[1], a[2], NULL);
    for (size_t i = 0; i < elements(shape, "conv2d.backward_data", 2); i++)
        a[2][i] = fmax(a[2][i], 0.0);
}

static void column_by_column(const void *shape, double *const *a)
{
    const int ow = conv2d_ow(shape);
    conv2d_ref.forward(shape, a[0], a[1], a[2], a[3], NULL);
    for (size_t i = 0; i < elements(shape, "conv2d.forward", 3); i++)
        a[3][i] *= 1.0 + (double)(i % (size_t)ow);
}

static void first_filter_twice(const void *shape, double *const *a)
{
    const struct conv2d_shape *s = shape;
    const int plane = conv2d_oh(s) * conv2d_ow(s);
    conv2d_ref.forward(s, a[0], a[1], a[2], a[3], NULL);
    for (int n = 0; n < s->n; n++)
        memcpy(a[3] + (n * s->o + 1) * plane, a[3] + n * s->o * plane,
               sizeof(double) * (size_t)plane);
}

static void doubled_data(const void *shape, double *const *a)
{
    conv2d_ref.backward_data(shape, a[0], a[1], a[2], NULL);
    for (size_t i = 0; i < elements(shape, "conv2d.backward_data", 2); i++)
        a[2][i] *= 2.0;
}

static void first_example_only(const void *shape, double *const *a)
{
    struct conv2d_shape s = *(const struct conv2d_shape *)shape;
    s.n = 1;
    conv2d_ref.backward_weights(&s, a[0], a[1], a[2], a[3], NULL);
}

static void bias_twice(const void *shape, double *const *a)
{
    const struct dense_shape *s = shape;
    dense_ref.forward(s, a[0], a[1], a[2], a[3]);
    for (int i = 0; i < s->n * s->out; i++)
        a[3][i] += a[2][i % s->out];
}

static void capped_maxpool(const void *shape, double *const *a)
{
    maxpool_ref.forward(shape, a[0], a[1]);
    for (size_t i = 0; i < elements(shape, "maxpool.forward", 1); i++)
        a[1][i] = fmin(a[1][i], 2.0);
}

static void unshifted_softmax(const void *shape, double *const *a)
{
    softmax_ref.forward(shape, a[0], a[1]);
    for (size_t i = 0; i < elements(shape, "softmax.forward", 1); i++)
        a[1][i] += 1e-9 * a[0][i];
}

static void slope_of_1(const void *shape, double *const *a)
{
    memcpy(a[2], a[1], sizeof(double) * (size_t)((const struct relu_shape *)shape)->len);
}

static void slightly_steep(const void *shape, double *const *a)
{
    tanh_ref.backward(shape, a[0], a[1], a[2]);
    a[2][3] *= 1.0 + 1e-5;
}

static void lopsided_tanh(const void *shape, double *const *a)
{
    tanh_ref.forward(shape, a[0], a[1]);
    a[1][0] += 1e-9;
}

static void without_targets(const void *shape, double *const *a)
{
    const struct xent_shape *s = shape;
    softmax_ref.forward(&(struct softmax_shape){ s->n, s->len }, a[0], a[2]);
}

static void untransposed(const void *shape, double *const *a)
{
    memcpy(a[1], a[0], sizeof(double) * elements(shape, "transpose.to_nchw", 0));
}

static void minmax_offset(const void *shape, double *const *a)
{
    minmax_ref.forward(shape, a[0], a[1]);
    a[1][0] += 1e-9 * a[0][0];
}

static const struct {
    enum relation kind;
    const char *function, *shape;
    void (*kernel)(const void *shape, double *const *a);
    const char *said;
} broken[] = {
    { RELATION_ADJOINT, "conv2d.backward_data", CONV2D, doubled_data, "<dy, forward(x)>" },
    { RELATION_ADJOINT, "conv2d.backward_weights", CONV2D, first_example_only, "<dy, forward(w)>" },
    { RELATION_ADJOINT, "dense.forward", "n=3,in=4,out=5", bias_twice, "<dy, forward(b)>" },
    { RELATION_ADJOINT, "relu.backward", "len=9", slope_of_1, "<dx, x>" },
    { RELATION_ADJOINT, "transpose.to_nchw", "n=2,c=3,h=2,w=5", untransposed, "<x, to_nchw(x)>" },
    { RELATION_METAMORPHIC, "conv2d.backward_data", CONV2D, rectified_data, "not linear in w" },
    { RELATION_METAMORPHIC, "conv2d.forward", VALID, column_by_column, "moved by one step" },
    { RELATION_METAMORPHIC, "conv2d.forward", CONV2D, first_filter_twice, "as a dense layer" },
    { RELATION_METAMORPHIC, "conv2d.backward_weights", CONV2D, first_example_only,
      "all examples one by one" },
    { RELATION_METAMORPHIC, "dense.forward", "n=3,in=4,out=5", bias_twice, "as a dense layer" },
    { RELATION_METAMORPHIC, "maxpool.forward", MAXPOOL, capped_maxpool, "2 x + 1" },
    { RELATION_METAMORPHIC, "softmax.forward", "n=2,len=5", unshifted_softmax, "1 x + 3" },
    { RELATION_METAMORPHIC, "tanh.forward", "len=9", lopsided_tanh, "-1 x + 0" },
    { RELATION_METAMORPHIC, "minmax.forward", "len=9", minmax_offset, "2 x + 1" },
    { RELATION_METAMORPHIC, "transpose.to_nchw", "n=2,c=3,h=2,w=5", untransposed,
      "with c reversed" },
    { RELATION_DIFFERENCES, "tanh.backward", "len=9", slightly_steep, "dx[3] is" },
    { RELATION_DIFFERENCES, "xent.backward", "n=2,len=3", without_targets, "dz[0] is" },
    { RELATION_DIFFERENCES, "dense.forward", "n=3,in=4,out=5", bias_twice, "db[0] is" },
    { RELATION_DIFFERENCES, "conv2d.backward_weights", CONV2D, first_example_only, "dw[0] is" },
};

static void a_wrong_kernel_breaks_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(broken); i++) {
        const struct check *c;
        const struct performer who = { .replaced = find_function(broken[i].function, &c),
                                       .by = broken[i].kernel };
        struct error e = { "" };
        const enum outcome o =
            outcome(broken[i].kind, &who, broken[i].function, broken[i].shape, &e);
        if (o != OUTCOME_BROKEN || !strstr(e.text, broken[i].said))
            fail_msg("row %zu, %s, %s: %d, '%s'", i, broken[i].function,
                     relation_name[broken[i].kind], (int)o, e.text);
    }
}

/* What is wrong with an operand of a function; not on the shapes on which a convolution is a dense
 * layer, 4 rows high and 3 wide, for that would be said first. */
static struct fault {
    const struct function *function;
    const struct check *check;
    int operand;
    enum { DOUBLED, ABSOLUTE, LAST_SQUARED, LARGE_DOUBLED, FIRST_DOUBLED, LAST_COLUMN } kind;
} fault;

static int key_of(const void *shape, const char *name)
{
    const struct key *k = key_named(fault.check, name, strlen(name));
    return k ? key_value(k, shape) : 0;
}

/* Everything `by` apart, from the first on. */
static void double_every(double *x, size_t count, size_t by, size_t run)
{
    for (size_t i = 0; i < count; i++)
        x[i] *= i % by < run ? 2.0 : 1.0;
}

static void faulty(const void *shape, double *const *a)
{
    double *operand[MAX_OPERANDS] = { NULL }, *at, *changed = NULL;
    for (int i = 0; fault.function->operand[i].name; i++)
        operand[i] = a[i];
    at = a[fault.operand];
    const size_t count =
        operand_count(fault.check, &fault.function->operand[fault.operand], shape);
    const bool pixels = key_of(shape, "in") == 3 || key_of(shape, "kh") == 1;
    if (fault.kind == ABSOLUTE && !pixels) {
        operand[fault.operand] = changed = calloc(count + 1, sizeof *changed);
        for (size_t i = 0; i < count; i++)
            changed[i] = -fabs(at[i]);
    }
    fault.function->ref(shape, operand);
    if (fault.kind == DOUBLED)
        double_every(at, count, 1, 1);
    if (fault.kind == LAST_SQUARED) /* of dx */
        at[count - 1] = a[1][count - 1] * a[1][count - 1];
    for (size_t i = 0; i < count && fault.kind == LARGE_DOUBLED; i++)
        at[i] *= a[0][i] > 2.0 ? 2.0 : 1.0;
    if (fault.kind == FIRST_DOUBLED && !pixels) { /* filter, or output */
        const size_t plane = (size_t)(key_of(shape, "oh") * key_of(shape, "ow"));
        double_every(at, count, plane ? plane * (size_t)key_of(shape, "o")
                                      : (size_t)key_of(shape, "out"), plane ? plane : 1);
    }
    const size_t ow = (size_t)key_of(shape, "ow");
    for (size_t i = 0; i < count && fault.kind == LAST_COLUMN; i++)
        at[i] += i % ow == ow - 1;
    free(changed);
}

static void every_row_is_needed(void **state)
{
    (void)state;
    static const char dense[] = "n=3,in=4,out=5", nhwc[] = "n=2,c=3,h=2,w=5";
    static const struct {
        const char *function, *shape;
        int operand, kind;
        const char *said;
    } table[] = {
        { "conv2d.backward_data", CONV2D, 2, DOUBLED, "<dy, forward(x)>" },
        { "conv2d.backward_weights", CONV2D, 2, DOUBLED, "<dy, forward(w)>" },
        { "conv2d.backward_weights", CONV2D, 3, DOUBLED, "<dy, forward(b)>" },
        { "dense.backward", dense, 3, DOUBLED, "<dy, forward(x)>" },
        { "dense.backward", dense, 4, DOUBLED, "<dy, forward(w)>" },
        { "dense.backward", dense, 5, DOUBLED, "<dy, forward(b)>" },
        { "maxpool.backward", MAXPOOL, 2, DOUBLED, "<dy, forward(x)>" },
        { "conv2d.forward", CONV2D, 0, ABSOLUTE, "not linear in x:" },
        { "conv2d.forward", CONV2D, 1, ABSOLUTE, "not linear in w:" },
        { "conv2d.forward", CONV2D, 2, ABSOLUTE, "not linear in b:" },
        { "conv2d.backward_data", CONV2D, 0, ABSOLUTE, "not linear in w:" },
        { "conv2d.backward_data", CONV2D, 1, ABSOLUTE, "not linear in dy:" },
        { "conv2d.backward_weights", CONV2D, 0, ABSOLUTE, "not linear in x:" },
        { "conv2d.backward_weights", CONV2D, 1, ABSOLUTE, "not linear in dy:" },
        { "dense.forward", dense, 0, ABSOLUTE, "not linear in x:" },
        { "dense.forward", dense, 1, ABSOLUTE, "not linear in w:" },
        { "dense.forward", dense, 2, ABSOLUTE, "not linear in b:" },
        { "dense.backward", dense, 0, ABSOLUTE, "not linear in x:" },
        { "dense.backward", dense, 1, ABSOLUTE, "not linear in w:" },
        { "dense.backward", dense, 2, ABSOLUTE, "not linear in dy:" },
        { "maxpool.backward", MAXPOOL, 1, ABSOLUTE, "not linear in dy:" },
        { "relu.backward", "len=9", 1, ABSOLUTE, "not linear in dy:" },
        { "relu.backward", "len=9", 2, LAST_SQUARED, "not linear in dy: dx[8]" },
        { "softmax.backward", "n=2,len=30", 1, ABSOLUTE, "not linear in dy:" },
        { "transpose.to_nchw", nhwc, 0, ABSOLUTE, "not linear in x:" },
        { "transpose.to_nhwc", nhwc, 0, ABSOLUTE, "not linear in x:" },
        { "maxpool.backward", MAXPOOL, 2, LARGE_DOUBLED, "of 2 x + 1:" },
        { "relu.backward", "len=9", 2, LARGE_DOUBLED, "of 2 x + 0:" },
        { "conv2d.forward", CONV2D, 3, FIRST_DOUBLED, "with o reversed:" },
        { "dense.forward", dense, 3, FIRST_DOUBLED, "with out reversed:" },
        { "conv2d.forward", VALID, 3, LAST_COLUMN, "moved by one step:" },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        const enum relation kind =
            table[i].kind == DOUBLED ? RELATION_ADJOINT : RELATION_METAMORPHIC;
        struct error e = { "" };
        fault = (struct fault){ .operand = table[i].operand, .kind = table[i].kind };
        fault.function = find_function(table[i].function, &fault.check);
        const struct performer who = { .replaced = fault.function, .by = faulty };
        if (outcome(kind, &who, table[i].function, table[i].shape, &e) != OUTCOME_BROKEN ||
            !strstr(e.text, table[i].said))
            fail_msg("row %zu, %s: '%s', not '%s'", i, table[i].function, e.text, table[i].said);
    }
}

/* tanh's slope under a sign by ref and by one set, and against differences by ref. */
static void a_campaign_has_them_all(void **state)
{
    (void)state;
    struct tally t = { .function = find_function("tanh.backward", &t.check) };
    struct campaign run = { .only = "len=9", .use = { true }, .seed = 1, .shard = 1, .shards = 1,
                            .threads = 1, .tally = &t, .tallies = 1 };
    campaign_relations(&run);
    assert_int_equal(t.rejected, 0);
    assert_int_equal(t.relations, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_hold_for_ref_and_for_fast),
        cmocka_unit_test(a_wrong_kernel_breaks_one),
        cmocka_unit_test(every_row_is_needed),
        cmocka_unit_test(a_campaign_has_them_all),
    };
    return cmocka_run_group_tests_name("relations", tests, NULL, NULL);
}
