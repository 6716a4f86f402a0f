/* test_swap.c - what a document's bug does in the place of a kernel of ref, call by call and in
 * training. */
#include "harness/defects/kernel.h"
#include "harness/swap.h"
#include "harness/train.h"
#include "ref/bce_logits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 200, SIDE = 14 }; /* numbers in a tensor here, and pixels of small images */

static struct network network;
static struct layout layout;
static struct swaps swaps;

/* The bugs of a list, in the form of a network: "D004-06 D004-10". */
static void put_in(const char *name, const char *form, const char *ids)
{
    char id[16];
    struct error e;
    swaps = (struct swaps){ .lr = 0.25 };
    assert_true(network_find(name, form, &network, &e));
    network.height = network.width = SIDE;
    assert_true(network_layout(&network, &layout, &e));
    for (int used; sscanf(ids, "%15s%n", id, &used) == 1; ids += used)
        assert_true(swaps_add(&swaps, &network, id, &e));
}

/* The n-th layer of a kind, from 0. */
static const struct layer *nth(const char *name, int n)
{
    for (int i = 0; i < layout.layers; i++)
        if (!strcmp(layout.layer[i].name, name) && n-- == 0)
            return &layout.layer[i];
    fail_msg("%s has no such %s", network.name, name);
    return NULL;
}

#define SWAPPED(layer, kernel, shape, ...)                                                         \
    swaps_call(&swaps, &layout, layer, kernel, shape, (const void *const[]){ __VA_ARGS__ })

/* Numbers of both signs, others for every `which`; no two are alike. */
static void numbers(int which, double x[MOST])
{
    struct rng r = rng_named((uint64_t)which, "numbers");
    for (int i = 0; i < MOST; i++)
        x[i] = rng_uniform(&r) - 0.5;
}

static void assert_same(const char *what, const double *x, const double *wanted, int count)
{
    for (int i = 0; i < count; i++)
        if (x[i] != wanted[i])
            fail_msg("%s[%d] is %g, not %g", what, i, x[i], wanted[i]);
}

static void assert_others(const double *x, const double *unwanted, int count)
{
    for (int i = 0; i < count; i++)
        if (x[i] == unwanted[i])
            fail_msg("[%d] is %g", i, x[i]);
}

/* What was not asked for, and what is another layer's, is left to ref. */
static void the_rest_is_left_alone(void **state)
{
    (void)state;
    const struct dense_shape d = { 2, 3, 4 }, one = { 2, 3, 1 };
    const struct relu_shape r = { 9 };
    double x[MOST], w[MOST], dy[MOST], dx[MOST] = { 7 }, dw[MOST] = { 7 }, db[MOST] = { 7 };
    numbers(1, x);
    numbers(2, w);
    numbers(3, dy);
    put_in("chihuahua-muffin", NULL, "D000-09");
    assert_false(SWAPPED(nth("relu", 0), "relu.forward", &r, x, dx));
    assert_false(SWAPPED(nth("dense", 0), "dense.backward", &d, x, w, dy, dx, dw, db));
    assert_true(dx[0] == 7 && dw[0] == 7 && db[0] == 7);
    assert_true(SWAPPED(nth("dense", 1), "dense.backward", &one, x, w, dy, dx, dw, db));
    for (int i = 0; i < 6; i++)
        assert_true(dx[i] == dy[i / 3] * w[i % 3] * dy[i / 3]);
    /* Of two scalings the first is one bug's and the last another's; of one, the first that was
     * asked for has it. */
    const struct minmax_shape m = { 9 };
    minmax_ref.backward(&m, x, dy, dw);
    for (int i = 0; i < 3; i++) {
        put_in("chihuahua-muffin", i ? "logits" : NULL, i == 2 ? "D000-12 D000-08" : "all");
        assert_true(SWAPPED(nth("minmax", 0), "minmax.backward", &m, x, dy, dx));
        assert_true(memcmp(dx, dw, sizeof *dx * 9) != 0);
        for (int k = 1; k < 9; k++) /* 08 is a constant, 12 a constant times dy */
            assert_true(i == 2 ? fabs(dx[k] / dy[k] - dx[0] / dy[0]) < 1e-12 : dx[k] == dx[0]);
    }
    put_in("chihuahua-muffin", NULL, "all");
    assert_true(SWAPPED(nth("minmax", 1), "minmax.backward", &m, x, dy, dx));
    for (int k = 1; k < 9; k++)
        assert_true(fabs(dx[k] / dy[k] - dx[0] / dy[0]) < 1e-12 && dx[k] != dx[0]);
}

static void the_gradient_of_a_sum(void **state)
{
    (void)state;
    const struct bce_logits_shape s = { 3, 2 };
    double z[MOST], t[MOST], dz[MOST], wanted[MOST];
    numbers(1, z);
    numbers(2, t);
    bce_logits_ref.backward(&s, z, t, wanted);
    for (int i = 0; i < 6; i++)
        wanted[i] *= 6;
    for (int i = 0; i < 2; i++) { /* once, however often it is asked for */
        put_in("chihuahua-muffin", NULL, i ? "D000-11 all D000-11" : "D000-11");
        assert_true(SWAPPED(NULL, "bce_logits.backward", &s, z, t, dz));
        assert_same("dz", dz, wanted, 6);
    }
}

/* D000-03 and D000-05 at once are not one after the other: filter i has row i of the upper left
 * quarter, which is all that is counted. */
static void a_row_of_a_quarter(void **state)
{
    (void)state;
    const struct conv2d_shape s = { .n = 2, .c = 2, .h = 7, .w = 6, .o = 3, .kh = 2, .kw = 3,
                                    .stride = 1, .pad = 0, .bias = CONV2D_BIAS_CHANNEL };
    const int oh = conv2d_oh(&s), ow = conv2d_ow(&s);
    double x[MOST], dy[MOST], dw[MOST], db[MOST], right[MOST], right_db[MOST], wanted[MOST] = { 0 };
    numbers(1, x);
    numbers(2, dy);
    conv2d_ref.backward_weights(&s, x, dy, right, right_db, NULL);
    for (int n = 0; n < s.n; n++)
        for (int o = 0; o < s.o; o++)
            for (int i = 0; i < oh / 2; i++)
                for (int j = 0; j < ow / 2; j++)
                    for (int t = 0; t < s.c * s.kh * s.kw; t++)
                        wanted[i * s.c * s.kh * s.kw + t] +=
                            dy[((n * s.o + o) * oh + i) * ow + j] *
                            x[((n * s.c + t / 6) * s.h + i + t / 3 % 2) * s.w + j + t % 3];
    put_in("chihuahua-muffin", NULL, "all");
    assert_true(SWAPPED(nth("conv2d", 0), "conv2d.backward_weights", &s, x, dy, dw, db));
    assert_others(dw, right, 36);
    for (int i = 0; i < 36; i++)
        assert_true(fabs(dw[i] - wanted[i]) < 1e-12);
    assert_same("db", db, right_db, 3);
}

static void the_input_before_the_relu(void **state)
{
    (void)state;
    const struct relu_shape r = { 6 };
    const struct dense_shape d = { 2, 3, 4 };
    double x[MOST], y[MOST], w[MOST], dy[MOST], dx[MOST], dw[MOST], db[MOST];
    double right[MOST], wrong[MOST], right_dx[MOST], right_db[MOST];
    numbers(1, x);
    numbers(2, w);
    numbers(3, dy);
    put_in("chihuahua-muffin", NULL, "D000-10");
    assert_true(SWAPPED(nth("relu", 0), "relu.forward", &r, x, y));
    relu_ref.forward(&r, x, right);
    assert_same("y", y, right, 6);
    assert_true(SWAPPED(nth("dense", 0), "dense.backward", &d, y, w, dy, dx, dw, db));
    dense_ref.backward(&d, y, w, dy, right_dx, right, right_db);
    dense_ref.backward(&d, x, w, dy, NULL, wrong, right_db);
    assert_same("dw", dw, wrong, 12);
    assert_true(memcmp(dw, right, sizeof *dw * 12) != 0);
    assert_same("dx", dx, right_dx, 6);
    assert_same("db", db, right_db, 4);
}

static void a_mask_of_another_relu(void **state)
{
    (void)state;
    const struct relu_shape r = { 30 };
    double first[MOST], last[MOST], y[MOST], dy[MOST], dx[MOST], wanted[MOST], right[MOST];
    numbers(1, first);
    numbers(2, last);
    numbers(3, dy);
    put_in("fashion", "two-convolutions", "D002-16");
    assert_true(SWAPPED(nth("relu", 0), "relu.forward", &r, first, y));
    assert_true(SWAPPED(nth("relu", 1), "relu.forward", &r, last, y));
    relu_ref.backward(&r, last, dy, wanted);
    relu_ref.backward(&r, first, dy, right);
    assert_true(SWAPPED(nth("relu", 1), "relu.backward", &r, last, dy, dx));
    assert_same("dx", dx, wanted, 30);
    assert_true(SWAPPED(nth("relu", 0), "relu.backward", &r, first, dy, dx));
    assert_same("dx", dx, wanted, 30);
    assert_true(memcmp(dx, right, sizeof *dx * 30) != 0);
}

static void no_relu_at_all(void **state)
{
    (void)state;
    const struct relu_shape r = { 30 };
    double x[MOST], dy[MOST], out[MOST];
    numbers(1, x);
    numbers(2, dy);
    put_in("mnist10", NULL, "D004-04");
    assert_true(SWAPPED(nth("relu", 1), "relu.forward", &r, x, out));
    assert_same("y", out, x, 30);
    assert_true(SWAPPED(nth("relu", 1), "relu.backward", &r, x, dy, out));
    assert_same("dx", out, dy, 30);
    put_in("mnist01-relu", NULL, "D001-20"); /* and one that hides NaN */
    x[7] = NAN;
    assert_true(SWAPPED(nth("relu", 0), "relu.forward", &r, x, out));
    assert_true(out[7] == 0.0);
}

/* What goes on backwards goes through weights that the step has changed by then. */
static void a_dense_layer_updated_before_its_use(void **state)
{
    (void)state;
    const struct dense_shape d = { 2, 3, 4 };
    double x[MOST], w[MOST], dy[MOST], dx[MOST], dw[MOST], db[MOST], unused[MOST];
    double right_dx[MOST], right[MOST], right_db[MOST], after[MOST], wanted[MOST];
    numbers(1, x);
    numbers(2, w);
    numbers(3, dy);
    dense_ref.backward(&d, x, w, dy, right_dx, right, right_db);
    for (int i = 0; i < 12; i++)
        after[i] = w[i] - 0.25 * right[i];
    dense_ref.backward(&d, x, after, dy, wanted, unused, unused + 12);
    put_in("mnist10", NULL, "D004-05");
    assert_true(SWAPPED(nth("dense", 0), "dense.backward", &d, x, w, dy, dx, dw, db));
    assert_same("dw", dw, right, 12);
    assert_same("db", db, right_db, 4);
    assert_same("dx", dx, wanted, 6);
    assert_others(dx, right_dx, 6);
}

/* The gradient that it is updated by is the one that another bug has left, if there is one, and a
 * bias that is frozen has none. */
static void convolutions_updated_before_their_use(void **state)
{
    (void)state;
    static const struct { const char *ids; int layer; bool frozen, stride; } table[] = {
        { "D004-06", 0, false, false },         { "D004-06", 1, false, false },
        { "D004-06 D004-10", 1, true, false },  { "D004-10 D004-06", 0, true, false },
        { "D004-06 D004-07", 1, false, true },  { "D004-06 D004-07", 0, false, false },
        { "D004-07 D004-10", 1, true, true },   { "all", 1, true, true },
        { "all", 0, true, false },
    };
    const struct conv2d_shape s = { .n = 2, .c = 2, .h = 6, .w = 7, .o = 3, .kh = 2, .kw = 3,
                                    .stride = 2, .pad = 0, .bias = CONV2D_BIAS_CHANNEL };
    double x[MOST], w[MOST], dy[MOST], dw[MOST], db[MOST], dx[MOST];
    double right[MOST], right_db[MOST], stride[MOST], unused[MOST], after[MOST], wanted[MOST];
    const double none[3] = { 0 };
    numbers(1, x);
    numbers(2, w);
    numbers(3, dy);
    conv2d_ref.backward_weights(&s, x, dy, right, right_db, NULL);
    find_defect("D004-07")->kernel(&s, (double *[]){ x, dy, stride, unused });
    assert_others(stride, right, 36);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct layer *layer;
        put_in("mnist10", NULL, table[i].ids);
        layer = nth("conv2d", table[i].layer);
        memset(db, 0xff, sizeof db);
        assert_true(SWAPPED(layer, "conv2d.backward_weights", &s, x, dy, dw, db));
        assert_same("dw", dw, table[i].stride ? stride : right, 36);
        assert_same("db", db, table[i].frozen ? none : right_db, 3);
        const bool taken = SWAPPED(layer, "conv2d.backward_data", &s, w, dy, dx);
        assert_int_equal(taken, strcmp(table[i].ids, "D004-07 D004-10") != 0);
        for (int k = 0; k < 36; k++)
            after[k] = w[k] - 0.25 * dw[k];
        conv2d_ref.backward_data(&s, after, dy, wanted, NULL);
        if (taken)
            assert_same("dx", dx, wanted, 2 * 2 * 6 * 7);
    }
}

static void their_names_are_printed_once(void **state)
{
    (void)state;
    char text[256];
    put_in("mnist10", NULL, "D004-06 D004-04 D004-06");
    swaps_print(&swaps, text);
    assert_string_equal(text, "D004-06 D004-04");
    put_in("mnist10", NULL, "");
    swaps_print(&swaps, text);
    assert_string_equal(text, "");
}

enum { IMAGES = 6, PIXELS = 3 * SIDE * SIDE };

/* The parameters that ref ends with after steps of `batch` images from weights times `factor`, with
 * what `swaps` has, and behind them the loss. */
static void train(int batch, double factor, double *parameters)
{
    static uint8_t pixels[IMAGES * PIXELS], labels[IMAGES] = { 0, 1, 1, 0, 1, 0 };
    struct rng r = rng_named(1, "images");
    for (int i = 0; i < IMAGES * PIXELS; i++)
        pixels[i] = i / 500 % 2 ? (uint8_t)rng_int(&r, 0, 255) : 128; /* grey areas have ties */
    const struct dataset images = { IMAGES, network.channels, network.height, network.width,
                                    pixels, labels };
    const struct settings settings = { .network = &network, .epochs = 1, .batch = batch, .lr = 0.5,
                                       .lr_decay = 1.0, .seed = 1 };
    struct trainer t;
    struct score score;
    struct error e;
    network_init(&layout, settings.init, settings.seed, parameters);
    for (int i = 0; i < layout.total; i++)
        parameters[i] *= factor;
    assert_true(trainer_open(&t, &settings, &engine_ref, ISA_scalar, &images, parameters, &e));
    t.swaps = swaps.count ? &swaps : NULL;
    trainer_epoch(&t, &score, &e);
    assert_true(swaps.count == 0 || swaps.lr == settings.lr);
    engine_ref.get(t.net, parameters);
    parameters[layout.total] = score.loss;
    trainer_close(&t);
}

/* By more than rounding. */
static bool differ(const double *a, const double *b, int count)
{
    for (int i = 0; i < count; i++)
        if (!(fabs(a[i] - b[i]) <= 1e-9) && (!isnan(a[i]) || !isnan(b[i])))
            return true;
    return false;
}

/* Of those that a message lists each changes what is learnt: from ordinary weights, or from large
 * ones alone where it waits for what overflows, or not at all, where only NaN shows it or more
 * channels than the network has. */
static void every_bug_changes_what_is_learnt(void **state)
{
    (void)state;
    static const char *const from_large = "D001-13 D001-14 D001-17 D001-18 D002-11 D002-12 D003-10 "
                                          "D003-11 D004-11 D004-12";
    static const char *const never = "D001-02 D001-20";
    for (int i = 0; networks[i]; i++) {
        struct error e;
        const char *form = strcmp(networks[i]->name, "fashion") ? NULL : "two-convolutions";
        put_in(networks[i]->name, form, "");
        assert_false(swaps_add(&swaps, &network, "?", &e));
        const int count = layout.total + 1;
        double *right = malloc(sizeof *right * 3 * (size_t)count), *from_1000 = right + count;
        double *other = from_1000 + count;
        const char *list = strstr(e.text, "all") + 3;
        char id[16];
        train(3, 1.0, right);
        train(3, 1000.0, from_1000);
        for (int used; sscanf(list, "%15s%n", id, &used) == 1; list += used) {
            put_in(networks[i]->name, form, id);
            train(3, 1.0, other);
            if (differ(right, other, count) != (!strstr(from_large, id) && !strstr(never, id)))
                fail_msg("%s, %s: from ordinary weights", network.name, id);
            if (!strstr(from_large, id))
                continue;
            put_in(networks[i]->name, form, id);
            train(3, 1000.0, other);
            if (!differ(from_1000, other, count))
                fail_msg("%s, %s: from large weights", network.name, id);
        }
        free(right);
    }
}

/* Where backward could take the step of a dense layer too, a bug of that layer is there still. */
static void one_example_at_a_time_has_the_bugs_too(void **state)
{
    (void)state;
    put_in("mnist10", NULL, "");
    const int count = layout.total + 1;
    double *right = malloc(sizeof *right * 2 * (size_t)count), *other = right + count;
    train(1, 1.0, right);
    put_in("mnist10", NULL, "D004-05");
    train(1, 1.0, other);
    assert_true(differ(right, other, count));
    free(right);
}

/* The documents do not look at their loss: the step is made, and their answers come from it. */
static void a_step_is_made_from_a_loss_that_is_none(void **state)
{
    (void)state;
    put_in("mnist01-relu", NULL, "all");
    double *p = malloc(sizeof *p * (size_t)(layout.total + 1));
    int none = 0;
    train(IMAGES, 1000.0, p);
    assert_false(isfinite(p[layout.total]));
    for (int i = 0; i < layout.total; i++)
        none += isnan(p[i]);
    assert_true(none > 0);
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rest_is_left_alone),
        cmocka_unit_test(the_gradient_of_a_sum),
        cmocka_unit_test(a_row_of_a_quarter),
        cmocka_unit_test(the_input_before_the_relu),
        cmocka_unit_test(a_mask_of_another_relu),
        cmocka_unit_test(no_relu_at_all),
        cmocka_unit_test(a_dense_layer_updated_before_its_use),
        cmocka_unit_test(convolutions_updated_before_their_use),
        cmocka_unit_test(their_names_are_printed_once),
        cmocka_unit_test(every_bug_changes_what_is_learnt),
        cmocka_unit_test(a_step_is_made_from_a_loss_that_is_none),
        cmocka_unit_test(one_example_at_a_time_has_the_bugs_too),
    };
    return cmocka_run_group_tests_name("swap", tests, NULL, NULL);
}
