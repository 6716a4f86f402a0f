/* test_train.c - the loop: the order of images, what is counted, where it stops; saved weights. */
#include "harness/npz.h" /* before cmocka.h, which has a macro named fail */
#include "harness/train.h"
#include "harness/weights.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { COUNT = 23, SIDE_H = 4, SIDE_W = 5, IMAGE = SIDE_H * SIDE_W };

static const struct network small = {
    .name = "small",
    .channels = 1, .height = SIDE_H, .width = SIDE_W,
    .node = {
        { .op = OP_CONV2D, .out = 3, .kernel = 2, .stride = 1, .bias = CONV2D_BIAS_CHANNEL,
          .weights = { INIT_NORMAL, 1.0 } },
        { .op = OP_TANH },
        { .op = OP_DENSE, .out = 2, .weights = { INIT_NORMAL, 1.0 } },
    },
    .output = OUTPUT_SIGMOID_BCE,
    .classes = 2,
    .form = { { "document", .scale = 1.0 / 255.0 } },
};

static uint8_t pixels[COUNT * IMAGE], labels[COUNT];
static const struct dataset images = { COUNT, 1, SIDE_H, SIDE_W, pixels, labels };
static char folder[400];

/* Image i begins with i; class 1 is bright at the bottom, class 0 at the top. */
static void draw_images(void)
{
    struct rng r = rng_named(3, "images");
    for (int i = 0; i < COUNT; i++) {
        labels[i] = (uint8_t)rng_int(&r, 0, 1);
        for (int k = 0; k < IMAGE; k++) {
            const bool bright = (k >= IMAGE / 2) == labels[i];
            pixels[i * IMAGE + k] = (uint8_t)(rng_int(&r, 0, 99) + (bright ? 150 : 0));
        }
        pixels[i * IMAGE] = (uint8_t)i;
    }
}

static const struct settings plain = {
    .network = &small, .epochs = 30, .batch = 4, .lr = 0.5, .lr_decay = 1.0, .seed = 1,
};

static struct layout small_layout(void)
{
    struct error e;
    struct layout l;
    assert_true(network_layout(&small, &l, &e));
    return l;
}

static size_t small_size(void)
{
    return (size_t)small_layout().total * sizeof(double);
}

static double *first_values(void)
{
    const struct layout l = small_layout();
    double *p = malloc(small_size());
    assert_non_null(p);
    network_init(&l, INIT_SCALED, 1, p);
    return p;
}

static struct trainer open_trainer(const struct engine *engine, const struct settings *settings,
                                   const double *weights)
{
    struct error e;
    struct trainer t;
    double *first = first_values();
    if (!trainer_open(&t, settings, engine, isa_best(), &images, weights ? weights : first, &e))
        fail_msg("%s", e.text);
    free(first);
    return t;
}

static const struct engine *const engines[] = { &engine_ref, &engine_fast };

/* Which images the first kernel was given, by their first pixel. */
struct seen {
    bool single;
    int count, image[4 * COUNT];
};

static void look(void *context, const char *place, const char *kernel, const void *shape,
                 const void *const *operand)
{
    (void)place;
    struct seen *seen = context;
    const struct conv2d_shape *s = shape;
    if (strcmp(kernel, "conv2d.forward") != 0)
        return;
    for (int n = 0; n < s->n; n++) {
        const double value = seen->single ? (double)((const float *)operand[0])[n * IMAGE]
                                          : ((const double *)operand[0])[n * IMAGE];
        seen->image[seen->count++] = (int)lround(value * 255.0);
    }
}

static void test_every_epoch_has_every_image_once(void **state)
{
    (void)state;
    struct seen seen[2] = { { .single = false }, { .single = true } };
    struct score score;
    struct error e;
    for (int side = 0; side < 2; side++) {
        struct trainer t = open_trainer(engines[side], &plain, NULL);
        t.engine->trace(t.net, look, &seen[side]);
        for (int epoch = 0; epoch < 3; epoch++) {
            int times[COUNT] = { 0 };
            assert_true(trainer_epoch(&t, &score, &e));
            assert_int_equal(score.count, COUNT);
            assert_int_equal(seen[side].count, (epoch + 1) * COUNT);
            for (int i = 0; i < COUNT; i++)
                times[seen[side].image[epoch * COUNT + i]]++;
            for (int i = 0; i < COUNT; i++)
                assert_int_equal(times[i], 1);
        }
        assert_int_equal(t.step, 3 * ((COUNT + plain.batch - 1) / plain.batch));
        trainer_close(&t);
    }
    assert_memory_equal(seen[0].image, seen[1].image, 3 * COUNT * sizeof(int));
    assert_memory_not_equal(seen[0].image, seen[0].image + COUNT, COUNT * sizeof(int));
}

static void test_learns(void **state)
{
    (void)state;
    struct score first, score, test;
    struct error e;
    for (int side = 0; side < 2; side++) {
        struct trainer t = open_trainer(engines[side], &plain, NULL);
        assert_true(trainer_epoch(&t, &first, &e));
        for (int epoch = 1; epoch < plain.epochs; epoch++)
            assert_true(trainer_epoch(&t, &score, &e));
        assert_true(score.loss < 0.1 * first.loss);
        assert_true(score_accuracy(&score) == 1.0);
        net_test(t.engine, t.net, t.batch, &images, NULL, &test);
        assert_int_equal(test.count, COUNT);
        assert_int_equal(test.correct, test.confusion[0][0] + test.confusion[1][1]);
        assert_int_equal(test.correct, COUNT);
        trainer_close(&t);
    }
}

/* The last batch is smaller than the others, and counts for less. */
static void test_mean_loss(void **state)
{
    (void)state;
    struct score one, four;
    struct trainer t = open_trainer(&engine_ref, &plain, NULL);
    assert_int_not_equal(COUNT % t.batch, 0);
    net_test(t.engine, t.net, 1, &images, NULL, &one);
    net_test(t.engine, t.net, t.batch, &images, NULL, &four);
    assert_true(fabs(one.loss - four.loss) <= 1e-15 * COUNT);
    trainer_close(&t);
    struct settings still = plain; /* so is that of an epoch in which nothing is learnt */
    struct error e;
    still.lr = 0.0;
    still.batch = 1000; /* no more than there are */
    t = open_trainer(&engine_ref, &still, NULL);
    assert_int_equal(t.batch, COUNT);
    assert_true(trainer_epoch(&t, &four, &e));
    assert_true(fabs(one.loss - four.loss) <= 1e-15 * COUNT);
    trainer_close(&t);
}

/* What is applied outside of training is the mean of the ranges that the batches have with the
 * weights at the end of the epoch, and not what the last step happened to find. */
static void test_ranges_at_the_end(void **state)
{
    (void)state;
    struct network scaled = small;
    struct settings settings = plain;
    struct layout l;
    struct score score;
    struct error e;
    scaled.node[3] = scaled.node[2];
    scaled.node[2] = (struct node){ .op = OP_MINMAX };
    settings.network = &scaled;
    assert_true(network_layout(&scaled, &l, &e));
    const struct parameter *range = &l.parameter[l.layer[2].range];
    double *p = malloc((size_t)l.total * sizeof *p);
    assert_non_null(p);
    for (int side = 0; side < 2; side++)
        for (int batch = 4; batch <= COUNT; batch += COUNT - 4) {
            struct trainer t;
            double kept[2], mean[2] = { 0.0, 0.0 };
            int batches = 0;
            settings.batch = batch;
            network_init(&l, INIT_SCALED, 1, p);
            assert_true(trainer_open(&t, &settings, engines[side], isa_best(), &images, p, &e));
            assert_true(trainer_epoch(&t, &score, &e));
            t.engine->get(t.net, p);
            memcpy(kept, p + range->offset, sizeof kept);
            for (int from = 0; from < COUNT; from += batch, batches++) {
                const int n = COUNT - from < batch ? COUNT - from : batch;
                for (int slot = 0; slot < n; slot++) {
                    const int image = t.order[from + slot];
                    t.engine->fill(t.net, slot, pixels + image * IMAGE, labels[image]);
                }
                t.engine->forward(t.net, n, true);
                t.engine->get(t.net, p);
                mean[0] += p[range->offset];
                mean[1] += p[range->offset + 1];
            }
            for (int k = 0; k < 2; k++)
                assert_true(kept[k] == (side ? (float)(mean[k] / batches) : mean[k] / batches));
            t.engine->get(t.net, p);
            memcpy(kept, p + range->offset, sizeof kept);
            net_test(t.engine, t.net, t.batch, &images, NULL, &score); /* and stays so */
            t.engine->get(t.net, p);
            assert_memory_equal(kept, p + range->offset, sizeof kept);
            trainer_close(&t);
        }
    free(p);
}

static net_trace *looking, *looked;

static void set_trace(struct net *net, net_trace *trace, void *context)
{
    looking = trace;
    looked = trace ? trace : looked;
    engine_fast.trace(net, trace, context);
}

/* What comes after an epoch is no step of it. */
static void test_the_shadow_goes_with_the_epoch(void **state)
{
    (void)state;
    struct engine engine = engine_fast;
    struct score score;
    struct error e;
    engine.trace = set_trace;
    struct trainer t = open_trainer(&engine, &plain, NULL);
    t.shadow = shadow_create(1);
    assert_true(trainer_epoch(&t, &score, &e));
    assert_true(looked == shadow_trace && !looking);
    shadow_destroy(t.shadow);
    trainer_close(&t);
}

static void test_decay(void **state)
{
    (void)state;
    struct settings settings = plain;
    struct score score;
    struct error e;
    double *before = malloc(small_size()), *after = malloc(small_size());
    settings.lr_decay = 0.0;
    struct trainer t = open_trainer(&engine_ref, &settings, NULL);
    engine_ref.get(t.net, before);
    assert_true(trainer_epoch(&t, &score, &e));
    engine_ref.get(t.net, after);
    assert_memory_not_equal(before, after, small_size());
    assert_true(trainer_epoch(&t, &score, &e)); /* with a learning rate of 0 */
    engine_ref.get(t.net, before);
    assert_memory_equal(before, after, small_size());
    trainer_close(&t);
    free(before);
    free(after);
}

/* argmax of NaN is 0: counted as answers, images of class 0 would look right. */
static void test_no_accuracy_without_numbers(void **state)
{
    (void)state;
    struct score score;
    double *weights = first_values(), *nothing = calloc(small_size(), 1);
    assert_non_null(nothing);
    weights[0] = NAN;
    int zeros = 0;
    for (int i = 0; i < COUNT; i++)
        zeros += labels[i] == 0;
    assert_in_range(zeros, 1, COUNT - 1);
    for (int side = 0; side < 2; side++) {
        struct trainer t = open_trainer(engines[side], &plain, weights);
        net_test(t.engine, t.net, t.batch, &images, NULL, &score);
        assert_int_equal(score.count, COUNT);
        assert_int_equal(score.nonfinite, COUNT);
        assert_true(score_as_counted(&score) == (double)zeros / COUNT);
        assert_int_equal(score.correct, 0);
        assert_true(isnan(score_accuracy(&score)));
        trainer_close(&t);
        t = open_trainer(engines[side], &plain, nothing); /* of equal logits, the first */
        net_test(t.engine, t.net, t.batch, &images, NULL, &score);
        assert_int_equal(score.confusion[0][0], zeros);
        assert_int_equal(score.confusion[1][0], COUNT - zeros);
        trainer_close(&t);
    }
    free(weights);
    free(nothing);
}

/* `text` follows the name of the side; what follows it is free. */
static void check_stops(const struct settings *settings, const double *weights, const char *text)
{
    struct score score;
    for (int side = 0; side < 2; side++) {
        struct error e = { "" };
        char expected[300];
        struct trainer t = open_trainer(engines[side], settings, weights);
        assert_false(trainer_epoch(&t, &score, &e));
        snprintf(expected, sizeof expected, "%s: %s", t.engine->name, text);
        if (strncmp(e.text, expected, strlen(expected)) != 0)
            fail_msg("'%s' should begin with '%s'", e.text, expected);
        trainer_close(&t);
    }
}

static void test_stops(void **state)
{
    (void)state;
    struct settings settings = plain;
    const struct layout l = small_layout();
    struct rng r = rng_named(settings.seed, "order");
    int order[COUNT];
    char text[300];
    rng_permutation(&r, COUNT, order);
    settings.batch = 1;

    /* Logits of thousands, apart from the loss: the first image ends it, whichever it is. */
    double *weights = first_values();
    for (int i = 0; i < l.total; i++)
        weights[i] *= 1e4;
    settings.loss = LOSS_DOCUMENT;
    snprintf(text, sizeof text, "step 1 (epoch 1, image %d): the loss is ", order[0]);
    check_stops(&settings, weights, text);

    settings.loss = LOSS_FUSED;
    weights[l.parameter[2].offset] = NAN; /* of 2.dense.w */
    snprintf(text, sizeof text,
             "step 1 (epoch 1, image %d): the loss is nan; the first number that is not finite is "
             "2.dense.w (nan), computed before this step", order[0]);
    check_stops(&settings, weights, text);
    free(weights);

    /* A step too far: the second image meets it. */
    settings.lr = INFINITY;
    snprintf(text, sizeof text, "step 2 (epoch 1, image %d): the loss is ", order[1]);
    check_stops(&settings, NULL, text);

    /* One step an epoch: nobody looks at the loss behind it. */
    settings.batch = COUNT;
    settings.lr = INFINITY;
    check_stops(&settings, NULL, "step 1 (epoch 1): the first number that is not finite is "
                                 "0.conv2d.w (");
}

#ifdef HAVE_LIBZIP

static const char *in_folder(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static double *train_on(const struct engine *engine, const double *weights)
{
    struct score score;
    struct error e;
    double *p = malloc(small_size());
    struct trainer t = open_trainer(engine, &plain, weights);
    assert_true(trainer_epoch(&t, &score, &e));
    engine->get(t.net, p);
    trainer_close(&t);
    return p;
}

/* What was saved trains on like what was not; ref's weights, read by fast, are rounded once. */
static void test_round_trip(void **state)
{
    (void)state;
    const char *path = in_folder("weights.npz");
    for (int side = 0; side < 2; side++) {
        const struct engine *engine = engines[side];
        char impl[8];
        struct error e;
        double *learnt = train_on(engine, NULL), *loaded = malloc(small_size());
        struct trainer t = open_trainer(engine, &plain, learnt);
        assert_true(weights_save(path, &small, engine, t.net, &e));
        trainer_close(&t);
        assert_true(weights_load(path, &small, loaded, impl, &e));
        assert_string_equal(impl, engine->name);
        assert_memory_equal(loaded, learnt, small_size());
        for (int other = 0; other < 2; other++) {
            double *a = train_on(engines[other], learnt), *b = train_on(engines[other], loaded);
            assert_memory_equal(a, b, small_size());
            free(a);
            free(b);
        }
        free(learnt);
        free(loaded);
    }
    unlink(path);
}

/* A file of these parts of small's weights; part 0 is the network's name. */
enum { STRINGS = 4, PARTS = STRINGS + 4 };

static void write_parts(const char *path, int without, const char *name, const char *form,
                        const int shape_of_w[4])
{
    static const float zeros[IMAGE * 36];
    const struct layout l = small_layout();
    struct npz_array all[PARTS] = { { "network", .element_size = 1, .data = name },
                                    { "form", .element_size = 1, .data = form },
                                    { "version", .element_size = 1, .data = "0.1.0" },
                                    { "impl", .element_size = 1, .data = "fast" } };
    struct npz_array kept[PARTS];
    struct error e;
    int n = 0;
    for (int i = 0; i < l.parameters; i++) {
        struct npz_array *a = &all[STRINGS + i];
        *a = (struct npz_array){ .rank = l.parameter[i].rank, .element_size = 4, .data = zeros };
        strcpy(a->name, l.parameter[i].name);
        memcpy(a->dim, l.parameter[i].dim, sizeof a->dim);
    }
    if (shape_of_w)
        memcpy(all[STRINGS].dim, shape_of_w, sizeof all[STRINGS].dim);
    for (int i = 0; i < PARTS; i++)
        if (i != without)
            kept[n++] = all[i];
    assert_true(npz_write(path, kept, n, &e));
}

static void check_refused(const char *path, const char *reason)
{
    char impl[8];
    struct error e;
    double *p = malloc(small_size());
    assert_false(weights_load(path, &small, p, impl, &e));
    if (strncmp(e.text, path, strlen(path)) != 0 || !strstr(e.text, reason) ||
        strchr(e.text, '\n'))
        fail_msg("'%s' should begin with '%s' and say '%s'", e.text, path, reason);
    free(p);
}

static void test_wrong_weights(void **state)
{
    (void)state;
    const char *path = in_folder("wrong.npz");
    static const char *const missing[PARTS] = { "'network'",    "'form'",       "'version'",
                                                "'impl'",       "'0.conv2d.w'", "'0.conv2d.b'",
                                                "'2.dense.w'",  "'2.dense.b'" };
    char impl[8];
    struct error e;
    double *p = malloc(small_size());
    write_parts(path, -1, "small", "document", NULL);
    assert_true(weights_load(path, &small, p, impl, &e));
    free(p);
    for (int i = 0; i < PARTS; i++) {
        write_parts(path, i, "small", "document", NULL);
        check_refused(path, missing[i]);
    }
    write_parts(path, -1, "mnist01-relu", "document", NULL);
    check_refused(path, "weights of mnist01-relu, not of small");
    write_parts(path, -1, "small", "plain", NULL);
    check_refused(path, "weights of the form plain of small, not of its form document");
    write_parts(path, -1, "small", "document", (const int[]){ 3, 1, 1, 4 });
    check_refused(path, "0.conv2d.w: its shape is (3, 1, 1, 4), and the network's (3, 1, 2, 2)");
    unlink(path);
    check_refused(path, "No such file");
}

#endif

static int prepare(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    draw_images();
    snprintf(folder, sizeof folder, "%s/test_train.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    return mkdtemp(folder) ? 0 : -1;
}

static int clean_up(void **state)
{
    (void)state;
    return rmdir(folder); /* fails if a test left anything behind */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_epoch_has_every_image_once),
        cmocka_unit_test(test_learns),
        cmocka_unit_test(test_mean_loss),
        cmocka_unit_test(test_ranges_at_the_end),
        cmocka_unit_test(test_the_shadow_goes_with_the_epoch),
        cmocka_unit_test(test_decay),
        cmocka_unit_test(test_no_accuracy_without_numbers),
        cmocka_unit_test(test_stops),
#ifdef HAVE_LIBZIP
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_wrong_weights),
#endif
    };
    return cmocka_run_group_tests(tests, prepare, clean_up);
}
