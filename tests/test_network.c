/* test_network.c - the tables: their shapes, parameters and first values. */
#include "harness/network.h" /* before cmocka.h, which has a macro named fail */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct layout layout_of(const char *name, const char *form)
{
    struct error e;
    struct layout layout;
    struct network network;
    if (!network_find(name, form, &network, &e) || !network_layout(&network, &layout, &e))
        fail_msg("%s", e.text);
    return layout;
}

static void check_parameter(const struct layout *layout, int i, const char *name, int rank, int d0,
                            int d1, int d2, int d3)
{
    const int dim[] = { d0, d1, d2, d3 };
    const struct parameter *p = &layout->parameter[i];
    int count = 1;
    assert_string_equal(p->name, name);
    assert_int_equal(p->rank, rank);
    for (int k = 0; k < rank; k++) {
        assert_int_equal(p->dim[k], dim[k]);
        count *= dim[k];
    }
    assert_int_equal(p->count, count);
    assert_int_equal(p->offset % 16, 0);
    if (i > 0)
        assert_true(p->offset >= p[-1].offset + p[-1].count);
    assert_true(layout->total >= p->offset + p->count);
}

/* As the documents have them, but for the 600 of document 003 that are 2880. */
static void test_documents(void **state)
{
    (void)state;
    struct layout l = layout_of("mnist01-relu", NULL);
    assert_int_equal(l.layers, 6);
    assert_int_equal(l.parameters, 6);
    check_parameter(&l, 0, "0.conv2d.w", 4, 5, 1, 3, 3);
    check_parameter(&l, 1, "0.conv2d.b", 3, 5, 26, 26, 0);
    check_parameter(&l, 2, "3.dense.w", 2, 3125, 100, 0, 0);
    check_parameter(&l, 3, "3.dense.b", 1, 100, 0, 0, 0);
    check_parameter(&l, 4, "5.dense.w", 2, 100, 2, 0, 0);
    check_parameter(&l, 5, "5.dense.b", 1, 2, 0, 0, 0);
    l = layout_of("mnist01-sigmoid", NULL);
    assert_int_equal(l.layers, 7);
    assert_int_equal(l.parameters, 8);
    check_parameter(&l, 0, "0.conv2d.w", 4, 5, 1, 3, 3);
    check_parameter(&l, 1, "0.conv2d.b", 3, 5, 26, 26, 0);
    check_parameter(&l, 2, "2.conv2d.w", 4, 5, 5, 3, 3);
    check_parameter(&l, 3, "2.conv2d.b", 3, 5, 24, 24, 0);
    check_parameter(&l, 4, "4.dense.w", 2, 2880, 100, 0, 0);
    check_parameter(&l, 7, "6.dense.b", 1, 2, 0, 0, 0);
    l = layout_of("fashion", NULL);
    assert_int_equal(l.parameters, 4);
    check_parameter(&l, 0, "0.conv2d.w", 4, 8, 1, 5, 5);
    check_parameter(&l, 1, "0.conv2d.b", 3, 8, 28, 28, 0);
    check_parameter(&l, 2, "3.dense.w", 2, 1568, 10, 0, 0);
    l = layout_of("mnist10", NULL);
    assert_int_equal(l.parameters, 6);
    check_parameter(&l, 0, "0.conv2d.w", 4, 16, 1, 8, 8);
    check_parameter(&l, 2, "2.conv2d.w", 4, 8, 16, 4, 4);
    check_parameter(&l, 3, "2.conv2d.b", 1, 8, 0, 0, 0);
    check_parameter(&l, 4, "4.dense.w", 2, 648, 10, 0, 0);
}

static void check_nodes(const struct layout *l, const char *names)
{
    char all[200] = "";
    for (int i = 0; i < l->layers; i++)
        strcat(strcat(all, i ? " " : ""), l->layer[i].name);
    assert_string_equal(all, names);
}

/* A form has the nodes that are its own beside those that all have, and its own way to train. */
static void test_forms(void **state)
{
    (void)state;
    struct network n;
    struct error e;
    struct layout l = layout_of("chihuahua-muffin", NULL);
    check_nodes(&l, "to_nchw conv2d maxpool to_nhwc minmax relu dense dense minmax");
    assert_int_equal(l.parameters, 8);
    check_parameter(&l, 0, "1.conv2d.w", 4, 36, 3, 7, 7);
    check_parameter(&l, 1, "1.conv2d.b", 1, 36, 0, 0, 0);
    check_parameter(&l, 2, "4.minmax.range", 1, 2, 0, 0, 0);
    check_parameter(&l, 3, "6.dense.w", 2, 9216, 50, 0, 0);
    check_parameter(&l, 5, "7.dense.w", 2, 50, 1, 0, 0);
    check_parameter(&l, 7, "8.minmax.range", 1, 2, 0, 0, 0);
    assert_int_equal(l.layer[4].range, 2);
    assert_int_equal(l.layer[5].range, -1);
    l = layout_of("chihuahua-muffin", "logits");
    check_nodes(&l, "to_nchw conv2d maxpool to_nhwc minmax relu dense dense");
    l = layout_of("chihuahua-muffin", "plain");
    check_nodes(&l, "to_nchw conv2d maxpool to_nhwc relu dense relu dense");
    l = layout_of("fashion", "two-convolutions");
    check_nodes(&l, "conv2d relu conv2d relu maxpool dense");
    check_parameter(&l, 2, "2.conv2d.w", 4, 6, 6, 5, 5);
    check_parameter(&l, 4, "5.dense.w", 2, 1176, 10, 0, 0);
    l = layout_of("fashion", "document");
    check_nodes(&l, "conv2d relu maxpool dense");

    assert_true(network_find("chihuahua-muffin", NULL, &n, &e));
    assert_string_equal(n.form[0].name, "document");
    assert_true(n.form->scale == 1.0 && n.form->shift == 0.0 && n.form->lr == 1.0);
    assert_null(n.form[1].name);
    assert_true(network_find("chihuahua-muffin", "plain", &n, &e));
    assert_string_equal(n.form[0].name, "plain");
    assert_true(n.form->scale == 1.0 / 255.0 && n.form->shift == -0.2 && n.form->lr == 0.05);
    assert_null(n.form[1].name);
}

static void test_unknown_name(void **state)
{
    (void)state;
    struct error e;
    struct network n;
    assert_false(network_find("mnist02", NULL, &n, &e));
    assert_string_equal(e.text, "unknown network 'mnist02'; there are: chihuahua-muffin "
                                "mnist01-relu fashion mnist01-sigmoid mnist10");
    assert_false(network_find("fashion", "plain", &n, &e));
    assert_string_equal(e.text, "fashion has no form 'plain'; there are: document "
                                "two-convolutions");
}

static void test_tables_that_do_not_fit(void **state)
{
    (void)state;
    struct error e;
    struct layout layout;
    const struct {
        struct node node;
        int classes;
        const char *reason;
    } cases[] = {
        { { .op = OP_CONV2D, .out = 1, .kernel = 6, .stride = 1 }, 1, "does not fit" },
        { { .op = OP_CONV2D, .out = 1, .kernel = 6, .stride = 0, .pad = 1 }, 1, "does not fit" },
        { { .op = OP_MAXPOOL, .kernel = 6, .stride = 1 }, 1, "does not fit" },
        { { .op = OP_DENSE }, 1, "does not fit" },
        { { .op = OP_DENSE, .out = 3 }, 2, "3 outputs for 2 classes" },
        { { .op = OP_DENSE, .out = 1 }, 2, "1 outputs for 2 classes" }, /* of a softmax */
        { { .op = OP_RELU }, 35, "0 parameters" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct network n = { .name = "n", .channels = 1, .height = 5, .width = 7 };
        n.node[0] = cases[i].node;
        n.classes = cases[i].classes;
        assert_false(network_layout(&n, &layout, &e));
        assert_non_null(strstr(e.text, cases[i].reason));
    }
}

static double *first_values(const struct layout *l, enum init_mode mode, uint64_t seed)
{
    double *p = malloc((size_t)l->total * sizeof *p);
    assert_non_null(p);
    network_init(l, mode, seed, p);
    return p;
}

/* Mean and standard deviation within five standard errors, for 100 values and more. */
static void check_values(const struct parameter *p, const double *values, double mean, double std,
                         double kurtosis)
{
    double sum = 0.0, squares = 0.0;
    for (int i = 0; i < p->count; i++)
        sum += values[i];
    for (int i = 0; i < p->count; i++)
        squares += (values[i] - sum / p->count) * (values[i] - sum / p->count);
    const double root = sqrt(p->count), error = std * sqrt(kurtosis - 1.0) / 2.0;
    if (p->count < 100)
        return;
    if (!(fabs(sum / p->count - mean) <= 5.0 * std / root) ||
        !(fabs(sqrt(squares / (p->count - 1)) - std) <= 5.0 * error / root))
        fail_msg("%s: mean %g and standard deviation %g, not %g and %g", p->name, sum / p->count,
                 sqrt(squares / (p->count - 1)), mean, std);
}

static void test_first_values(void **state)
{
    (void)state;
    const double NORMAL = 3.0, UNIFORM = 1.8; /* kurtosis */
    const struct layout l = layout_of("mnist01-sigmoid", NULL);
    double *scaled = first_values(&l, INIT_SCALED, 1);
    double *document = first_values(&l, INIT_DOCUMENT, 1);
    for (int i = 0; i < l.parameters; i++) {
        const struct parameter *p = &l.parameter[i];
        const double *s = scaled + p->offset, *d = document + p->offset;
        const bool weights = i % 2 == 0;
        if (weights) {
            const double std = p->rank == 4 ? sqrt(2.0 / (p->dim[1] * p->dim[2] * p->dim[3]))
                                            : 1.0 / sqrt(p->dim[0]);
            check_values(p, s, 0.0, std, NORMAL);
            check_values(p, d, 0.0, 1.0, NORMAL);
        } else {
            check_values(p, d, 0.5, sqrt(1.0 / 12.0), UNIFORM);
        }
        for (int k = 0; k < p->count && !weights; k++) {
            assert_true(s[k] == 0.0);
            assert_true(d[k] >= 0.0 && d[k] < 1.0);
        }
        const int end = i + 1 < l.parameters ? p[1].offset : l.total;
        for (int k = p->count; k < end - p->offset; k++)
            assert_true(s[k] == 0.0 && d[k] == 0.0);
    }
    free(scaled);
    free(document);
}

/* The document's own first weights of the others: document 002 divides its normals, 004's are
 * centred. */
static void test_other_documents(void **state)
{
    (void)state;
    const struct layout fashion = layout_of("fashion", NULL), mnist10 = layout_of("mnist10", NULL);
    double *a = first_values(&fashion, INIT_DOCUMENT, 1);
    double *b = first_values(&mnist10, INIT_DOCUMENT, 1);
    check_values(&fashion.parameter[0], a + fashion.parameter[0].offset, 0.0, 0.04, 3.0);
    check_values(&fashion.parameter[1], a + fashion.parameter[1].offset, 0.0, 1.0 / 1024.0, 3.0);
    check_values(&mnist10.parameter[0], b + mnist10.parameter[0].offset, 0.0, sqrt(1.0 / 12.0),
                 1.8);
    for (int k = 0; k < mnist10.parameter[4].count; k++)
        assert_true(fabs(b[mnist10.parameter[4].offset + k]) <= 0.5);
    assert_true(b[mnist10.parameter[1].offset] == 0.0);
    free(a);
    free(b);
}

static void test_seeds(void **state)
{
    (void)state;
    const struct layout l = layout_of("mnist01-relu", NULL);
    const size_t size = (size_t)l.total * sizeof(double);
    double *a = first_values(&l, INIT_DOCUMENT, 7), *b = first_values(&l, INIT_DOCUMENT, 7),
           *c = first_values(&l, INIT_DOCUMENT, 8);
    assert_memory_equal(a, b, size);
    assert_memory_not_equal(a, c, size);
    free(a);
    free(b);
    free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_unknown_name),
        cmocka_unit_test(test_tables_that_do_not_fit),
        cmocka_unit_test(test_first_values),
        cmocka_unit_test(test_other_documents),
        cmocka_unit_test(test_seeds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
