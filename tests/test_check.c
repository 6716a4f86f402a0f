/* test_check.c - what a case is read from: shapes as text, operands, and shapes at random. */
#include "harness/check.h"
#include "harness/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define INT_LIMITS ": a whole number in 0 .. 268435456"
#define COUNT(table) (sizeof (table) / sizeof *(table))

static void parse(const struct check *c, const char *text, union any_shape *shape)
{
    struct error e;
    memset(shape, 0x5c, sizeof *shape);
    if (!shape_parse(c, text, "case", shape, &e))
        fail_msg("%s %s: %s", c->layer, text, e.text);
}

/* text, printed as it was understood, and its keys from the last to the first. */
static void assert_round_trip(const struct check *c, const char *text)
{
    char printed[SHAPE_TEXT], copy[SHAPE_TEXT], turned[SHAPE_TEXT + 1] = "";
    union any_shape first, second, third;
    parse(c, text, &first);
    shape_print(c, &first, printed);
    parse(c, printed, &second);
    strcpy(copy, text);
    for (char *comma; (comma = strrchr(copy, ',')) != NULL; *comma = '\0')
        strcat(strcat(turned, comma + 1), ",");
    parse(c, strcat(turned, copy), &third);
    assert_memory_equal(&first, &second, c->shape_size);
    assert_memory_equal(&first, &third, c->shape_size);
    assert_null(c->invalid(&first));
}

static void every_check_describes_its_layer(void **state)
{
    (void)state;
    const struct check *sgd;
    assert_in_range(GUARD_BUFFERS, MAX_OPERANDS + 1, 100); /* one more, for the workspace */
    for (int i = 0; checks[i]; i++) {
        int cases = 0;
        assert_true(checks[i]->shape_size <= sizeof(union any_shape));
        for (; checks[i]->cases[cases]; cases++)
            assert_round_trip(checks[i], checks[i]->cases[cases]);
        assert_in_range(cases, 1, MAX_CASES); /* a campaign has room for so many */
        for (const struct function *f = checks[i]->function; f->name; f++) {
            const struct check *found;
            char name[64];
            int operands = 0, outputs = 0;
            snprintf(name, sizeof name, "%s.%s", checks[i]->layer, f->name);
            assert_ptr_equal(find_function(name, &found), f);
            assert_ptr_equal(found, checks[i]);
            assert_null(find_function(strcat(name, "s"), &found));
            for (const struct operand *o = f->operand; o->name; o++, operands++) {
                outputs += o->role == OUT;
                assert_true(o->role == IN || o->terms || f->rule == RULE_SAME);
                assert_true(o->role == OUT || outputs == 0); /* inputs first */
            }
            assert_in_range(operands, 2, MAX_OPERANDS - 1);
            assert_true(outputs > 0);
        }
        assert_null(find_function(checks[i]->layer, &(const struct check *){ NULL }));
    }
    assert_null(find_function("relu_forward", &(const struct check *){ NULL }));
    find_function("sgd.step", &sgd);
    assert_round_trip(sgd, "len=3,lr=0.12345678901234567");
    assert_round_trip(sgd, "len=268435456,lr=-1.1754943508222875e-38");
}

#define CONV "n=1,c=2,h=5,w=6,o=3,"
static void bad_cases_give_one_clear_line(void **state)
{
    (void)state;
    static const char *const table[][3] = {
        { "dense", "n=1,in=2", "key out of dense is missing" },
        { "dense", "in=2,n=1,in=2,out=3", "key in is given twice" },
        { "dense", "n=1,in=2,out=3,q=4", "dense has no key 'q'" },
        { "dense", "n=1,i=2,out=3", "dense has no key 'i'" },
        { "dense", "n=1,ins=2,out=3", "dense has no key 'ins'" },
        { "dense", "n=1,=2,out=3", "dense has no key ''" },
        { "dense", "n=1,in,out=3", "'in' is not KEY=VALUE" },
        { "relu", "", "'' is not KEY=VALUE" },
        { "relu", "len=1,", "'' is not KEY=VALUE" },
        { "relu", "len=", "'' is no value for key len" INT_LIMITS },
        { "relu", "len=x", "'x' is no value for key len" INT_LIMITS },
        { "relu", "len=1x", "'1x' is no value for key len" INT_LIMITS },
        { "relu", "len= 1", "' 1' is no value for key len" INT_LIMITS },
        { "relu", "len=+1", "'+1' is no value for key len" INT_LIMITS },
        { "relu", "len=1.5", "'1.5' is no value for key len" INT_LIMITS },
        { "relu", "len=0x10", "'0x10' is no value for key len" INT_LIMITS },
        { "relu", "len=-1", "'-1' is no value for key len" INT_LIMITS },
        { "relu", "len=268435457", "'268435457' is no value for key len" INT_LIMITS },
        { "relu", "len=4294967297", "'4294967297' is no value for key len" INT_LIMITS },
        { "relu", "len=99999999999999999999",
          "'99999999999999999999' is no value for key len" INT_LIMITS },
        { "relu", "len=0", "relu needs len of at least 1" },
        { "sgd", "len=1,lr=", "'' is no value for key lr: a finite number" },
        { "sgd", "len=1,lr=nan", "'nan' is no value for key lr: a finite number" },
        { "sgd", "len=1,lr=inf", "'inf' is no value for key lr: a finite number" },
        { "sgd", "len=1,lr=1e999", "'1e999' is no value for key lr: a finite number" },
        { "sgd", "len=1,lr=1;2", "'1;2' is no value for key lr: a finite number" },
        { "bce", "n=1,len=1,eps=0.7", "bce needs eps 0 or in [2^-149, 1/2]" },
        { "bce", "n=1,len=1,eps=-0.1", "bce needs eps 0 or in [2^-149, 1/2]" },
        { "bce", "n=1,len=1,eps=1e-50", "bce needs eps 0 or in [2^-149, 1/2]" },
        { "sgd", "len=1,lr=1e-40", "sgd needs lr 0 or a normal float" },
        { "sgd", "len=1,lr=-1e39", "sgd needs lr 0 or a normal float" },
        { "dense_sgd", "in=1,out=1,lr=1e-250", "dense_sgd needs lr 0 or a normal float" },
        { "maxpool", "n=1,c=1,h=4,w=3,k=4,stride=1",
          "maxpool needs a window that fits into the image" },
        { "maxpool", "n=1,c=1,h=4,w=4,k=2,stride=0", "maxpool needs every key of at least 1" },
        { "conv2d", CONV "kh=6,kw=2,stride=1,pad=0,bias=none",
          "conv2d needs a kernel that fits into the padded image" },
        { "conv2d", CONV "kh=2,kw=9,stride=1,pad=1,bias=none",
          "conv2d needs a kernel that fits into the padded image" },
        { "conv2d", CONV "kh=2,kw=2,stride=0,pad=0,bias=none",
          "conv2d needs a stride of at least 1 and no negative pad" },
        { "conv2d", CONV "kh=2,kw=2,stride=1,pad=-1,bias=none",
          "'-1' is no value for key pad" INT_LIMITS },
        { "conv2d", CONV "kh=2,kw=2,stride=1,pad=0,bias=both",
          "'both' is no value for key bias: none, channel, position" },
        { "conv2d", CONV "kh=2,kw=2,stride=1,pad=0,bias=0",
          "'0' is no value for key bias: none, channel, position" },
        { "conv2d", CONV "kh=2,kw=2,stride=1,pad=0,bias=none,oh=4", "conv2d has no key 'oh'" },
        { "conv2d", CONV "kh=2,kw=2,stride=1,pad=100000000,bias=none",
          "conv2d needs padded and packed images below 2^31 elements" },
        { "dense", "n=1,in=65536,out=32768",
          "w would have 2147483648 elements; the most is 2^31 - 1" },
        { "dense", "n=268435456,in=268435456,out=1",
          "x would have 72057594037927936 elements; the most is 2^31 - 1" },
        { "softmax", "n=46341,len=46341",
          "x would have 2147488281 elements; the most is 2^31 - 1" },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        char name[64], wanted[512];
        const struct check *c = NULL;
        union any_shape shape;
        struct error e = { "" };
        for (int k = 0; checks[k]; k++)
            c = strcmp(checks[k]->layer, table[i][0]) ? c : checks[k];
        snprintf(name, sizeof name, "%s", table[i][0]);
        snprintf(wanted, sizeof wanted, "case: %s", table[i][2]);
        if (shape_parse(c, table[i][1], "case", &shape, &e) || strcmp(e.text, wanted))
            fail_msg("%s %s: '%s', not '%s'", name, table[i][1], e.text, wanted);
    }
    char longest[SHAPE_TEXT + 1] = "";
    union any_shape shape;
    struct error e;
    memset(longest, '1', SHAPE_TEXT);
    assert_false(shape_parse(checks[0], longest, "case", &shape, &e));
    assert_string_equal(e.text, "case: the case is longer than 255 characters");
    longest[SHAPE_TEXT - 1] = '\0';
    assert_false(shape_parse(checks[0], longest, "case", &shape, &e));
    assert_non_null(strstr(e.text, "is not KEY=VALUE"));
}

static void operands_have_the_dimensions_of_the_contract(void **state)
{
    (void)state;
    static const char shape_text[] = "n=2,c=3,h=5,w=6,o=4,kh=2,kw=3,stride=2,pad=1,bias=";
    static const struct {
        const char *function, *shape, *bias;
        int operand, rank, dim[MAX_DIMS];
        double terms; /* of outputs */
    } table[] = { /* oh is 3, ow is 3 */
        { "conv2d.forward", shape_text, "none", 0, 4, { 2, 3, 5, 6 }, 0 },
        { "conv2d.forward", shape_text, "none", 1, 4, { 4, 3, 2, 3 }, 0 },
        { "conv2d.forward", shape_text, "none", 2, -1, { 0 }, 0 },
        { "conv2d.forward", shape_text, "channel", 2, 1, { 4 }, 0 },
        { "conv2d.forward", shape_text, "position", 2, 3, { 4, 3, 3 }, 0 },
        { "conv2d.forward", shape_text, "none", 3, 4, { 2, 4, 3, 3 }, 19 },
        { "conv2d.backward_data", shape_text, "none", 2, 4, { 2, 3, 5, 6 }, 24 },
        { "conv2d.backward_weights", shape_text, "none", 2, 4, { 4, 3, 2, 3 }, 18 },
        { "conv2d.backward_weights", shape_text, "none", 3, -1, { 0 }, 1 },
        { "conv2d.backward_weights", shape_text, "channel", 3, 1, { 4 }, 18 },
        { "conv2d.backward_weights", shape_text, "position", 3, 3, { 4, 3, 3 }, 2 },
        { "dense.backward", "n=5,in=6,out=7", "", 4, 2, { 6, 7 }, 5 },
        { "xent.forward", "n=5,len=6", "", 1, 2, { 5, 6 }, 0 },
        { "xent.forward", "n=5,len=6", "", 2, 0, { 0 }, 38 },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        const struct check *c;
        const struct operand *o = &find_function(table[i].function, &c)->operand[table[i].operand];
        char text[SHAPE_TEXT];
        int dim[MAX_DIMS], rank = table[i].rank < 0 ? 0 : table[i].rank;
        size_t count = table[i].rank >= 0;
        union any_shape shape;
        snprintf(text, sizeof text, "%s%s", table[i].shape, table[i].bias);
        parse(c, text, &shape);
        for (int k = 0; k < rank; k++)
            count *= (size_t)table[i].dim[k];
        if (operand_dims(c, o, &shape, dim) != rank ||
            memcmp(dim, table[i].dim, sizeof *dim * (size_t)rank) ||
            operand_count(c, o, &shape) != count ||
            operand_absent(c, o, &shape) != (table[i].rank < 0) ||
            (o->terms && operand_terms(c, o, &shape) != table[i].terms))
            fail_msg("row %zu, %s %s", i, table[i].function, o->name);
    }
}

static void integers_are_exact_where_no_real_key_rounds(void **state)
{
    (void)state;
    static const struct {
        const char *function, *shape;
        bool exact;
    } table[] = {
        { "dense.backward", "n=2,in=3,out=4", true },
        { "sigmoid.forward", "len=3", false },
        { "sgd.step", "len=3,lr=1", true },
        { "sgd.step", "len=3,lr=0.5", true },
        { "sgd.step", "len=3,lr=0.1", false },
        { "dense_sgd.backward", "in=3,out=4,lr=0.5", true },
        { "dense_sgd.backward", "in=3,out=4,lr=0.25", false },
        { "bce.forward", "n=1,len=2,eps=0", false },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct check *c;
        union any_shape shape;
        struct error e;
        const struct function *f = find_function(table[i].function, &c);
        if (!f || !shape_parse(c, table[i].shape, "case", &shape, &e) ||
            function_exact(c, f, &shape) != table[i].exact)
            fail_msg("%s of %s", table[i].function, table[i].shape);
    }
}

/* What is tried many times over: the largest operand decides. */
static void shapes_of_up_to_4096_numbers_are_small(void **state)
{
    (void)state;
    static const struct {
        const char *function, *shape;
        bool small;
    } table[] = {
        { "relu.forward", "len=4096", true },
        { "relu.forward", "len=4097", false },
        { "dense.forward", "n=64,in=64,out=64", true },
        { "dense.forward", "n=65,in=64,out=1", false },
        { "dense.forward", "n=1,in=65,out=64", false },
        { "dense.forward", "n=65,in=1,out=64", false },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        const struct check *c;
        union any_shape shape;
        const struct function *f = find_function(table[i].function, &c);
        parse(c, table[i].shape, &shape);
        if (shape_is_small(c, f, &shape) != table[i].small)
            fail_msg("%s of %s", table[i].function, table[i].shape);
    }
}

/* Two operations for each product of a sum, and vectors of 16. */
static void work_is_counted_from_the_shape(void **state)
{
    (void)state;
    static const struct {
        const char *function, *shape;
        double flops, vectors;
    } table[] = {
        { "dense.forward", "n=2,in=3,out=5", 60, 0 },
        { "tanh.forward", "len=40", 0, 2.5 },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        const struct check *c;
        union any_shape shape;
        const struct function *f = find_function(table[i].function, &c);
        parse(c, table[i].shape, &shape);
        if (function_flops(c, f, &shape) != table[i].flops ||
            function_vectors(c, f, &shape) != table[i].vectors)
            fail_msg("%s of %s", table[i].function, table[i].shape);
    }
}

/* The value of a key by its name, or of a number, and perhaps 1 or 2 more. */
static int value_of(const struct check *c, const char *text, const void *shape)
{
    const size_t name = strcspn(text, "+,");
    const struct key *k = key_named(c, text, name);
    return k ? key_value(k, shape) + atoi(text + name) : atoi(text);
}

/* Whether a shape is as a row of c->trouble says, which names sizes only. */
static bool holds(const struct check *c, const char *row, const void *shape)
{
    for (const char *p = row; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL) {
        const struct key *k = key_named(c, p, strcspn(p, "="));
        if (!k || k->kind != KEY_INT)
            fail_msg("%s: '%s' names no size", c->layer, row);
        if (key_value(k, shape) != value_of(c, strchr(p, '=') + 1, shape))
            return false;
    }
    return true;
}

static void random_shapes_meet_the_needs_and_look_for_trouble(void **state)
{
    (void)state;
    enum { DRAWS = 6000 };
    static const int tails[] = { 15, 16, 17, 31, 32, 33 };
    for (int i = 0; checks[i]; i++) {
        const struct check *c = checks[i];
        struct rng r = rng_named(1, c->layer);
        int seen[MAX_KEYS][2048] = { { 0 } }, held[32] = { 0 }, rows = 0;
        for (int draw = 0; draw < DRAWS; draw++) {
            union any_shape shape;
            char text[SHAPE_TEXT];
            shape_random(c, &r, &shape);
            shape_print(c, &shape, text);
            assert_round_trip(c, text);
            for (rows = 0; c->trouble[rows]; rows++)
                held[rows] += holds(c, c->trouble[rows], &shape);
            for (const struct key *k = c->key; k->name && k->kind == KEY_INT; k++) {
                const int value = key_value(k, &shape);
                assert_in_range(value, k->least, 2047);
                seen[k - c->key][value]++;
            }
        }
        for (int row = 0; row < rows; row++)
            if (held[row] < DRAWS / (8 * rows))
                fail_msg("%s: %s held only %d times", c->layer, c->trouble[row], held[row]);
        for (const struct key *k = c->key; k->name && k->kind == KEY_INT; k++) {
            for (int value = k->least; value <= k->most; value++)
                if (!seen[k - c->key][value])
                    fail_msg("%s: %s=%d was never drawn", c->layer, k->name, value);
            int tail = 0;
            for (size_t t = 0; t < COUNT(tails); t++)
                tail += seen[k - c->key][tails[t]];
            if (k->most >= 33 && tail < DRAWS / 20)
                fail_msg("%s: %s is around 16 or 32 only %d times", c->layer, k->name, tail);
            assert_true(seen[k - c->key][k->least] >= DRAWS / 20);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_check_describes_its_layer),
        cmocka_unit_test(bad_cases_give_one_clear_line),
        cmocka_unit_test(operands_have_the_dimensions_of_the_contract),
        cmocka_unit_test(integers_are_exact_where_no_real_key_rounds),
        cmocka_unit_test(shapes_of_up_to_4096_numbers_are_small),
        cmocka_unit_test(work_is_counted_from_the_shape),
        cmocka_unit_test(random_shapes_meet_the_needs_and_look_for_trouble),
    };
    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
