/* test_net.c - the engine: its gradients, its two sides, its instruction sets, its trace, and what
 * it says of numbers that are not finite.
 */
#include "harness/command.h"
#include "harness/net.h" /* before cmocka.h, which has a macro named fail */
#include "harness/rng.h"
#include "ref/sgd.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { BATCH = 4, PIXELS = 2 * 7 * 6 };

#define DRAWN .weights = { INIT_NORMAL, 0.5 }, .biases = { INIT_UNIFORM, 0.5 }

/* Every operation, every kind of bias, nothing square. */
static const struct network everything = {
    .name = "everything",
    .channels = 2, .height = 7, .width = 6,
    .node = {
        { .op = OP_CONV2D, .out = 3, .kernel = 3, .stride = 2, .pad = 1,
          .bias = CONV2D_BIAS_CHANNEL, DRAWN },
        { .op = OP_TANH },
        { .op = OP_CONV2D, .out = 4, .kernel = 2, .stride = 1, .pad = 1,
          .bias = CONV2D_BIAS_POSITION, DRAWN },
        { .op = OP_RELU },
        { .op = OP_MAXPOOL, .kernel = 2, .stride = 1 },
        { .op = OP_CONV2D, .out = 2, .kernel = 2, .stride = 1, DRAWN },
        { .op = OP_SIGMOID },
        { .op = OP_DENSE, .out = 5, DRAWN },
        { .op = OP_TANH },
        { .op = OP_DENSE, .out = 2, DRAWN },
    },
    .output = OUTPUT_SOFTMAX_XENT,
    .classes = 2,
    .form = { { "document", .scale = 1.0 / 255.0, .shift = -0.5 } },
};

/* Nothing trainable in front: there is nothing to go back to. */
static const struct network pooling_first = {
    .name = "pooling-first",
    .channels = 2, .height = 7, .width = 6,
    .node = { { .op = OP_MAXPOOL, .kernel = 3, .stride = 2 }, { .op = OP_RELU },
              { .op = OP_DENSE, .out = 3, DRAWN } },
    .output = OUTPUT_SOFTMAX_XENT,
    .classes = 3,
    .form = { { "document", .scale = 1.0 / 255.0, .shift = -0.5 } },
};

static const struct network relu_last = {
    .name = "relu-last",
    .channels = 2, .height = 7, .width = 6,
    .node = { { .op = OP_DENSE, .out = 4, DRAWN }, { .op = OP_DENSE, .out = 3, DRAWN },
              { .op = OP_RELU } },
    .output = OUTPUT_SOFTMAX_XENT,
    .classes = 3,
    .form = { { "document", .scale = 1.0 / 255.0, .shift = -0.5 } },
};

/* As document 000 has it: channels last outside, scaled by the range of its batch, one logit. */
static const struct network ranged = {
    .name = "ranged",
    .channels = 2, .height = 7, .width = 6,
    .node = {
        { .op = OP_TO_NCHW },
        { .op = OP_CONV2D, .out = 3, .kernel = 3, .stride = 1, .pad = 1,
          .bias = CONV2D_BIAS_CHANNEL, DRAWN },
        { .op = OP_MAXPOOL, .kernel = 2, .stride = 2 },
        { .op = OP_TO_NHWC },
        { .op = OP_MINMAX },
        { .op = OP_TANH },
        { .op = OP_DENSE, .out = 4, DRAWN },
        { .op = OP_DENSE, .out = 1, DRAWN },
        { .op = OP_MINMAX },
    },
    .output = OUTPUT_SIGMOID_BCE,
    .classes = 2,
    .eps = 1e-15,
    .form = { { "document", .scale = 1.0 / 255.0 } },
};

static struct layout layout_of(const struct network *network)
{
    struct layout layout;
    struct error e;
    if (!network_layout(network, &layout, &e))
        fail_msg("%s", e.text);
    return layout;
}

static double *numbers(const struct layout *layout)
{
    double *a = calloc((size_t)layout->total, sizeof *a);
    assert_non_null(a);
    return a;
}

static void fill_examples(const struct engine *engine, struct net *net, int n, int classes,
                          uint64_t seed)
{
    for (int slot = 0; slot < n; slot++) {
        struct rng r = rng_named(seed + (uint64_t)slot, "examples");
        uint8_t pixels[PIXELS];
        for (int i = 0; i < PIXELS; i++)
            pixels[i] = (uint8_t)rng_int(&r, 0, 255);
        engine->fill(net, slot, pixels, rng_int(&r, 0, classes - 1));
    }
}

/* A net with the document's first weights and n examples in it. */
static struct net *net_of(const struct engine *engine, const struct network *network, int batch,
                          enum isa isa, enum loss_mode mode)
{
    const struct layout layout = layout_of(network);
    struct error e;
    struct net *net = engine->create(network, batch, isa, mode, &e);
    if (!net)
        fail_msg("%s", e.text);
    double *p = numbers(&layout);
    network_init(&layout, INIT_DOCUMENT, 5, p);
    engine->set(net, p);
    free(p);
    fill_examples(engine, net, batch, network->classes, 11);
    return net;
}

/* Central differences are off by about h^2 and u / h, both near 1e-11 here. */
static void check_gradients(const struct network *network, enum loss_mode mode)
{
    const struct layout layout = layout_of(network);
    const double h = 1e-5;
    struct net *net = net_of(&engine_ref, network, BATCH, ISA_scalar, mode);
    double *p = numbers(&layout), *g = numbers(&layout), largest = 0.0;
    engine_ref.get(net, p);
    engine_ref.forward(net, BATCH, true);
    engine_ref.backward(net);
    engine_ref.gradients(net, g);
    for (int i = 0; i < layout.total; i++)
        largest = fmax(largest, fabs(g[i]));
    assert_true(largest > 1e-3);
    for (int k = 0; k < layout.parameters; k++) {
        const struct parameter *q = &layout.parameter[k];
        for (int i = q->offset; i < q->offset + q->count; i++) {
            const double at = p[i];
            double loss[2];
            for (int side = 0; side < 2; side++) {
                p[i] = side ? at + h : at - h;
                engine_ref.set(net, p);
                loss[side] = engine_ref.forward(net, BATCH, true);
            }
            p[i] = at;
            const double slope = (loss[1] - loss[0]) / (2.0 * h);
            if (!(fabs(slope - g[i]) <= 1e-8 * largest))
                fail_msg("%s, %s[%d]: gradient %.12g, slope of the loss %.12g", network->name,
                         q->name, i - q->offset, g[i], slope);
        }
    }
    engine_ref.destroy(net);
    free(p);
    free(g);
}

static void test_gradients(void **state)
{
    (void)state;
    struct network network = everything;
    check_gradients(&network, LOSS_FUSED);
    check_gradients(&network, LOSS_DOCUMENT);
    network.output = OUTPUT_SIGMOID_BCE;
    check_gradients(&network, LOSS_FUSED);
    check_gradients(&network, LOSS_DOCUMENT);
    check_gradients(&pooling_first, LOSS_FUSED);
    check_gradients(&relu_last, LOSS_FUSED);
    check_gradients(&ranged, LOSS_FUSED);
    check_gradients(&ranged, LOSS_DOCUMENT);
}

/* The range of the last training batch is kept, and no step moves it; outside of training it is
 * applied, and what is said of an image is the same alone, in a batch and on the other side. */
static void test_range_of_the_training_batch(void **state)
{
    (void)state;
    const struct layout layout = layout_of(&ranged);
    for (int side = 0; side < 2; side++) {
        const struct engine *engine = side ? &engine_fast : &engine_ref;
        struct net *net = net_of(engine, &ranged, BATCH, isa_best(), LOSS_FUSED);
        double *trained = numbers(&layout), *p = numbers(&layout);
        double logit[BATCH], again[BATCH], alone;
        engine->forward(net, BATCH, true);
        engine->get(net, trained);
        for (int slot = 0; slot < BATCH; slot++)
            engine->logits(net, slot, &logit[slot]);
        for (int i = 0; i < layout.parameters; i++)
            if (strstr(layout.parameter[i].name, "range"))
                assert_true(trained[layout.parameter[i].offset] <
                            trained[layout.parameter[i].offset + 1]);
        /* -1 and 1 stand where the smallest and the largest value were */
        double least = 2.0, most = -2.0;
        for (int slot = 0; slot < BATCH; slot++) {
            least = fmin(least, logit[slot]);
            most = fmax(most, logit[slot]);
        }
        assert_true(least == -1.0 && most == 1.0);
        engine->forward(net, BATCH, false);
        for (int slot = 0; slot < BATCH; slot++) {
            engine->logits(net, slot, &again[slot]);
            assert_true(again[slot] == logit[slot]);
            assert_int_equal(engine->predict(net, slot), logit[slot] > 0.0);
        }
        engine->forward(net, 1, false);
        engine->logits(net, 0, &alone);
        assert_true(alone == logit[0]);
        engine->forward(net, BATCH, false);
        engine->backward(net);
        engine->step(net, 0.5);
        engine->get(net, p);
        for (int i = 0; i < layout.parameters; i++) {
            const struct parameter *q = &layout.parameter[i];
            const bool same = !memcmp(p + q->offset, trained + q->offset,
                                      (size_t)q->count * sizeof *p);
            if (q->name[strlen(q->name) - 1] != 'b') /* the last scaling undoes some biases */
                assert_int_equal(same, strstr(q->name, "range") != NULL);
        }
        engine->forward(net, 1, true); /* of one image the last logit has no range: 0 / 0 */
        assert_int_equal(engine->predict(net, 0), -1);
        engine->destroy(net);
        free(trained);
        free(p);
    }
}

/* Both pairs are one function, and so is what the two modes compute of it. */
static void test_modes_agree(void **state)
{
    (void)state;
    struct network network = everything;
    for (int output = 0; output < 2; output++) {
        network.output = (enum output)output;
        struct net *fused = net_of(&engine_ref, &network, BATCH, ISA_scalar, LOSS_FUSED);
        struct net *apart = net_of(&engine_ref, &network, BATCH, ISA_scalar, LOSS_DOCUMENT);
        const double a = engine_ref.forward(fused, BATCH, true);
        const double b = engine_ref.forward(apart, BATCH, true);
        assert_true(fabs(a - b) <= 1e-14);
        for (int slot = 0; slot < BATCH; slot++)
            assert_int_equal(engine_ref.predict(fused, slot), engine_ref.predict(apart, slot));
        engine_ref.destroy(fused);
        engine_ref.destroy(apart);
    }
}

static void test_smaller_batch(void **state)
{
    (void)state;
    const struct layout layout = layout_of(&everything);
    for (int side = 0; side < 2; side++) {
        const struct engine *engine = side ? &engine_fast : &engine_ref;
        struct net *wide = net_of(engine, &everything, BATCH, isa_best(), LOSS_FUSED);
        struct net *narrow = net_of(engine, &everything, 2, isa_best(), LOSS_FUSED);
        double *g = numbers(&layout), *expected = numbers(&layout);
        engine->forward(wide, BATCH, true);
        engine->backward(wide);
        assert_true(engine->forward(wide, 2, true) == engine->forward(narrow, 2, true));
        engine->backward(wide);
        engine->backward(narrow);
        engine->gradients(wide, g);
        engine->gradients(narrow, expected);
        assert_memory_equal(g, expected, (size_t)layout.total * sizeof *g);
        engine->destroy(wide);
        engine->destroy(narrow);
        free(g);
        free(expected);
    }
}

/* The parameters after a few steps on changing examples. Where `off` is not 0, each of them is
 * moved up or down by that part of itself before every step. */
static double *train(const struct engine *engine, enum isa isa, double lr, double off,
                     uint64_t seed)
{
    enum { STEPS = 6 };
    const struct layout layout = layout_of(&everything);
    struct net *net = net_of(engine, &everything, BATCH, isa, LOSS_FUSED);
    double *p = numbers(&layout);
    struct rng r = rng_named(seed, "off");
    for (int step = 0; step < STEPS; step++) {
        engine->get(net, p);
        for (int i = 0; i < layout.total && off != 0.0; i++)
            p[i] *= 1.0 + (rng_int(&r, 0, 1) ? off : -off);
        engine->set(net, p);
        const int n = step % 2 ? BATCH - 1 : BATCH;
        fill_examples(engine, net, n, everything.classes, (uint64_t)step * BATCH);
        engine->forward(net, n, true);
        engine->backward(net);
        engine->step(net, lr);
    }
    engine->get(net, p);
    engine->destroy(net);
    return p;
}

/* learn against backward and step, of one example and of several: the same parameters to the bit,
 * on both sides and at every set. */
static void test_learn_is_backward_and_step(void **state)
{
    (void)state;
    const struct layout layout = layout_of(&everything);
    for (int n = 1; n <= 2; n++)
        for (int isa = -1; isa < ISA_COUNT; isa++) { /* -1: ref */
            const struct engine *engine = isa < 0 ? &engine_ref : &engine_fast;
            if (isa >= 0 && !isa_usable((enum isa)isa))
                continue;
            double *p[2];
            for (int together = 0; together < 2; together++) {
                struct net *net = net_of(engine, &everything, BATCH, (enum isa)(isa < 0 ? 0 : isa),
                                         LOSS_FUSED);
                p[together] = numbers(&layout);
                for (int step = 0; step < 3; step++) {
                    fill_examples(engine, net, n, everything.classes, (uint64_t)step * BATCH);
                    engine->forward(net, n, true);
                    if (together) {
                        engine->learn(net, 0.25);
                    } else {
                        engine->backward(net);
                        engine->step(net, 0.25);
                    }
                }
                engine->get(net, p[together]);
                double *after = numbers(&layout); /* a backward takes no step, learnt or not */
                engine->backward(net);
                engine->get(net, after);
                assert_memory_equal(after, p[together], (size_t)layout.total * sizeof *after);
                free(after);
                engine->destroy(net);
            }
            assert_memory_equal(p[0], p[1], (size_t)layout.total * sizeof **p);
            free(p[0]);
            free(p[1]);
        }
}

static double distance(const struct layout *layout, const double *a, const double *b)
{
    double most = 0.0;
    for (int i = 0; i < layout->total; i++)
        most = fmax(most, fabs(a[i] - b[i]));
    return most;
}

/* fast stays as near to ref as ref to itself when each of its parameters is off by one rounding of
 * float, times 6 sqrt(n), n the longest sum: that is what sums of n roundings come to. A learning
 * rate that is off by a thousandth does not. */
static void test_fast_follows_ref(void **state)
{
    (void)state;
    enum { RUNS = 8 };
    const struct layout layout = layout_of(&everything);
    const double lr = 0.2;
    int terms = 1;
    for (int i = 0; i < layout.layers; i++) {
        terms = layout.layer[i].inputs > terms ? layout.layer[i].inputs : terms;
        terms = layout.layer[i].outputs > terms ? layout.layer[i].outputs : terms;
    }
    double *ref = train(&engine_ref, ISA_scalar, lr, 0.0, 0), spread = 0.0;
    for (uint64_t run = 0; run < RUNS; run++) {
        double *off = train(&engine_ref, ISA_scalar, lr, 0x1p-24, run);
        spread = fmax(spread, distance(&layout, ref, off));
        free(off);
    }
    const double bound = 6.0 * sqrt(terms) * spread;
    double *fast = train(&engine_fast, isa_best(), lr, 0.0, 0);
    double *wrong = train(&engine_fast, isa_best(), lr * 1.001, 0.0, 0);
    assert_true(spread > 0.0);
    assert_true(distance(&layout, ref, fast) > 0.0);
    if (!(distance(&layout, ref, fast) <= bound))
        fail_msg("fast is %g away, allowed are %g", distance(&layout, ref, fast), bound);
    assert_false(distance(&layout, ref, wrong) <= bound);
    free(ref);
    free(fast);
    free(wrong);
}

static void test_instruction_sets_give_the_same_bytes(void **state)
{
    (void)state;
    const struct layout layout = layout_of(&everything);
    double *scalar = train(&engine_fast, ISA_scalar, 0.2, 0.0, 0);
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_usable((enum isa)isa))
            continue;
        double *p = train(&engine_fast, (enum isa)isa, 0.2, 0.0, 0);
        assert_memory_equal(p, scalar, (size_t)layout.total * sizeof *p);
        free(p);
    }
    free(scalar);
}

/* What a trace sees: the names, one after the other, and whether sgd's operands are as promised. */
struct log {
    char names[2000];
    int places_missing;
    bool step_is_right;
    int over; /* relus whose y lies over x */
};

static void note(void *context, const char *place, const char *kernel, const void *shape,
                 const void *const *operand)
{
    struct log *log = context;
    strcat(strcat(strcat(strcat(log->names, place), " "), kernel), "\n");
    if (strcmp(kernel, "dense.backward") == 0 && !operand[3])
        log->places_missing++;
    log->over += strcmp(kernel, "relu.forward") == 0 && operand[0] == operand[1];
    if (strcmp(kernel, "sgd.step") == 0) {
        const struct sgd_shape *s = shape;
        const double *w = operand[0], *dw = operand[1], *updated = operand[2];
        log->step_is_right = log->step_is_right && w != updated;
        for (int i = 0; i < s->len; i++)
            log->step_is_right = log->step_is_right && updated[i] == w[i] - s->lr * dw[i];
    }
}

static void look_away(void *context, const char *place, const char *kernel, const void *shape,
                      const void *const *operands)
{
    (void)context, (void)place, (void)kernel, (void)shape, (void)operands;
}

/* A net works over its tensors only while nobody looks at them; that changes no bit, nor does
 * looking every now and then. */
static void test_a_trace_changes_nothing(void **state)
{
    (void)state;
    const struct layout layout = layout_of(&everything);
    for (int side = 0; side < 2; side++) {
        const struct engine *engine = side ? &engine_fast : &engine_ref;
        double *p[3];
        for (int traced = 0; traced < 3; traced++) { /* no step, every one, the second of three */
            struct net *net = net_of(engine, &everything, BATCH, isa_best(), LOSS_FUSED);
            p[traced] = numbers(&layout);
            for (int step = 0; step < 3; step++) {
                const bool look = traced == 1 || (traced == 2 && step == 1);
                engine->trace(net, look ? look_away : NULL, NULL);
                fill_examples(engine, net, BATCH, everything.classes, (uint64_t)step * BATCH);
                engine->forward(net, BATCH, true);
                engine->learn(net, 0.25);
            }
            engine->get(net, p[traced]);
            engine->destroy(net);
        }
        assert_memory_equal(p[0], p[1], (size_t)layout.total * sizeof **p);
        assert_memory_equal(p[0], p[2], (size_t)layout.total * sizeof **p);
        for (int traced = 0; traced < 3; traced++)
            free(p[traced]);
    }
}

static void test_trace(void **state)
{
    (void)state;
    struct log log = { "", 0, true };
    struct net *net = net_of(&engine_ref, &everything, BATCH, ISA_scalar, LOSS_DOCUMENT);
    engine_ref.trace(net, note, &log);
    engine_ref.forward(net, BATCH, true);
    engine_ref.backward(net);
    engine_ref.step(net, 0.1);
    assert_string_equal(log.names,
                        "0.conv2d conv2d.forward\n"
                        "1.tanh tanh.forward\n"
                        "2.conv2d conv2d.forward\n"
                        "3.relu relu.forward\n"
                        "4.maxpool maxpool.forward\n"
                        "5.conv2d conv2d.forward\n"
                        "6.sigmoid sigmoid.forward\n"
                        "7.dense dense.forward\n"
                        "8.tanh tanh.forward\n"
                        "9.dense dense.forward\n"
                        "10.softmax softmax.forward\n"
                        "loss bce.forward\n"
                        "loss bce.backward\n"
                        "10.softmax softmax.backward\n"
                        "9.dense dense.backward\n"
                        "8.tanh tanh.backward\n"
                        "7.dense dense.backward\n"
                        "6.sigmoid sigmoid.backward\n"
                        "5.conv2d conv2d.backward_weights\n"
                        "5.conv2d conv2d.backward_data\n"
                        "4.maxpool maxpool.backward\n"
                        "3.relu relu.backward\n"
                        "2.conv2d conv2d.backward_weights\n"
                        "2.conv2d conv2d.backward_data\n"
                        "1.tanh tanh.backward\n"
                        "0.conv2d conv2d.backward_weights\n"
                        "0.conv2d.w sgd.step\n"
                        "0.conv2d.b sgd.step\n"
                        "2.conv2d.w sgd.step\n"
                        "2.conv2d.b sgd.step\n"
                        "5.conv2d.w sgd.step\n"
                        "7.dense.w sgd.step\n"
                        "7.dense.b sgd.step\n"
                        "9.dense.w sgd.step\n"
                        "9.dense.b sgd.step\n");
    assert_int_equal(log.places_missing, 0);
    assert_true(log.step_is_right);
    assert_int_equal(log.over, 0);
    engine_ref.destroy(net);

    log.names[0] = '\0';
    net = net_of(&engine_ref, &pooling_first, BATCH, ISA_scalar, LOSS_FUSED);
    engine_ref.trace(net, note, &log);
    engine_ref.forward(net, BATCH, true);
    engine_ref.backward(net);
    assert_string_equal(log.names, "0.maxpool maxpool.forward\n"
                                   "1.relu relu.forward\n"
                                   "2.dense dense.forward\n"
                                   "loss xent.forward\n"
                                   "loss xent.backward\n"
                                   "2.dense dense.backward\n");
    assert_int_equal(log.places_missing, 1);
    engine_ref.destroy(net);
}

/* Keeps the input of the first kernel, and the logits and targets of the loss, of one example. */
struct ends {
    double x[PIXELS], z[3], t[3];
};

static void note_ends(void *context, const char *place, const char *kernel, const void *shape,
                      const void *const *operand)
{
    struct ends *ends = context;
    (void)place;
    (void)shape;
    if (strcmp(kernel, "maxpool.forward") == 0)
        memcpy(ends->x, operand[0], sizeof ends->x);
    if (strcmp(kernel, "xent.forward") == 0) {
        memcpy(ends->z, operand[0], sizeof ends->z);
        memcpy(ends->t, operand[1], sizeof ends->t);
    }
}

static void test_pixels_labels_and_answers(void **state)
{
    (void)state;
    struct net *net = net_of(&engine_ref, &pooling_first, 1, ISA_scalar, LOSS_FUSED);
    const struct form *f = pooling_first.form;
    int times[3] = { 0 };
    struct ends ends;
    uint8_t pixels[PIXELS];
    engine_ref.trace(net, note_ends, &ends);
    for (int i = 0; i < 30; i++) {
        struct rng r = rng_named((uint64_t)i, "pixels");
        for (int k = 0; k < PIXELS; k++)
            pixels[k] = (uint8_t)rng_int(&r, 0, 255);
        engine_ref.fill(net, 0, pixels, i % 3);
        engine_ref.forward(net, 1, true);
        for (int k = 0; k < PIXELS; k++)
            assert_true(ends.x[k] == pixels[k] * f->scale + f->shift);
        const int answer = engine_ref.predict(net, 0);
        for (int c = 0; c < 3; c++) {
            assert_true(ends.t[c] == (c == i % 3));
            assert_true(ends.z[c] <= ends.z[answer]);
        }
        times[answer]++;
    }
    assert_true(times[1] > 0 && times[2] > 0);
    engine_ref.destroy(net);
}

/* Two dense layers, for numbers that are chosen. */
static const struct network two_layers = {
    .name = "two-layers",
    .channels = 2, .height = 7, .width = 6,
    .node = { { .op = OP_DENSE, .out = 2, DRAWN }, { .op = OP_TANH },
              { .op = OP_DENSE, .out = 2, DRAWN } },
    .output = OUTPUT_SIGMOID_BCE,
    .classes = 2,
    .form = { { "document", .scale = 1.0 } },
};

enum { W0, B0, W1, B1 }; /* its parameters */

static struct net *chosen(const struct engine *engine, enum loss_mode mode, double w0, double w1)
{
    struct error e;
    const struct layout layout = layout_of(&two_layers);
    struct net *net = engine->create(&two_layers, 2, ISA_scalar, mode, &e);
    assert_non_null(net);
    double *p = numbers(&layout);
    for (int unit = 0; unit < 2; unit++) /* of the first pixel */
        p[layout.parameter[W0].offset + unit] = w0;
    for (int i = 0; i < layout.parameter[W1].count; i++)
        p[layout.parameter[W1].offset + i] = i % 2 ? -w1 : w1;
    engine->set(net, p);
    free(p);
    /* the first pixel of the second image is the only one that is not 0 */
    uint8_t pixels[PIXELS] = { 0 };
    engine->fill(net, 0, pixels, 0);
    pixels[0] = 100;
    engine->fill(net, 1, pixels, 1);
    return net;
}

static void check_found(const struct engine *engine, const struct net *net, const char *place,
                        int slot, bool before)
{
    struct nonfinite found = { .slot = 99 };
    assert_true(engine->find_nonfinite(net, &found));
    assert_string_equal(found.place, place);
    assert_int_equal(found.slot, slot);
    assert_int_equal(found.before, before);
    assert_false(isfinite(found.value));
}

static void test_numbers_that_are_not_finite(void **state)
{
    (void)state;
    struct nonfinite none;
    for (int side = 0; side < 2; side++) {
        const struct engine *engine = side ? &engine_fast : &engine_ref;
        const double huge = side ? FLT_MAX : DBL_MAX;

        struct net *net = chosen(engine, LOSS_FUSED, 0.1, 0.1);
        assert_false(engine->find_nonfinite(net, &none));
        engine->forward(net, 2, true);
        assert_false(engine->find_nonfinite(net, &none));
        engine->backward(net);
        engine->step(net, 0.1);
        assert_false(engine->find_nonfinite(net, &none));
        engine->destroy(net);

        /* An image itself. */
        struct network wild = two_layers;
        struct error e;
        wild.form[0].scale = INFINITY;
        net = engine->create(&wild, 2, ISA_scalar, LOSS_FUSED, &e);
        assert_non_null(net);
        fill_examples(engine, net, 2, wild.classes, 1);
        engine->forward(net, 2, true);
        check_found(engine, net, "0.dense.x", 0, false);
        engine->destroy(net);

        /* An activation, hidden by tanh from the loss: only the second image has it. */
        net = chosen(engine, LOSS_FUSED, huge, 0.1);
        assert_true(isfinite(engine->forward(net, 2, true)));
        check_found(engine, net, "0.dense.y", 1, false);
        assert_int_equal(engine->predict(net, 1), 0);
        engine->destroy(net);

        /* Logits: there is no answer for the second image. */
        net = chosen(engine, LOSS_FUSED, 0.1, huge);
        engine->forward(net, 2, true);
        check_found(engine, net, "2.dense.y", 1, false);
        assert_int_equal(engine->predict(net, 0), 0);
        assert_int_equal(engine->predict(net, 1), -1);
        engine->destroy(net);

        /* The documents' loss of a sigmoid that is exactly 1 and 0, whatever the label. */
        net = chosen(engine, LOSS_DOCUMENT, 0.1, 2000.0);
        assert_false(isfinite(engine->forward(net, 2, true)));
        check_found(engine, net, "bce.loss", 1, false);
        engine->backward(net); /* and its gradient, of an image of a batch that is gone */
        engine->forward(net, 2, true);
        check_found(engine, net, "3.sigmoid.dy", -1, true);
        engine->destroy(net);
        net = chosen(engine, LOSS_FUSED, 0.1, 2000.0);
        assert_true(isfinite(engine->forward(net, 2, true)));
        assert_false(engine->find_nonfinite(net, &none));
        engine->destroy(net);

        /* A gradient, with a loss that is finite; a later forward does not hide it. */
        net = chosen(engine, LOSS_FUSED, 0.0, huge / 10.0);
        assert_true(isfinite(engine->forward(net, 2, true)));
        engine->backward(net);
        check_found(engine, net, "0.dense.dw", -1, false);
        engine->forward(net, 2, true);
        check_found(engine, net, "0.dense.dw", -1, true);
        engine->destroy(net);

        /* A parameter. */
        net = chosen(engine, LOSS_FUSED, NAN, 0.1);
        engine->forward(net, 2, true);
        check_found(engine, net, "0.dense.w", -1, true);
        engine->destroy(net);

        /* A step too far: gradients are finite, parameters are not. */
        net = chosen(engine, LOSS_FUSED, 0.1, 0.1);
        engine->forward(net, 2, true);
        engine->backward(net);
        engine->step(net, INFINITY);
        check_found(engine, net, "0.dense.w", -1, false);
        engine->destroy(net);
    }
}

static void test_refuses_what_cannot_be(void **state)
{
    (void)state;
    struct error e;
    assert_null(engine_ref.create(&pooling_first, 1, ISA_scalar, LOSS_DOCUMENT, &e));
    assert_non_null(strstr(e.text, "pooling-first"));
    assert_null(engine_fast.create(&everything, 1 << 30, ISA_scalar, LOSS_FUSED, &e));
    assert_non_null(strstr(e.text, "no memory"));
}

/* A workspace has room for the threads that there were when the net was made. */
static void test_no_more_threads(void **state)
{
    (void)state;
    struct error e;
    int status;
    use_threads(1, &e);
    struct net *net = engine_fast.create(&everything, BATCH, ISA_scalar, LOSS_FUSED, &e);
    const pid_t child = fork();
    if (child == 0) {
        fclose(stderr);
        signal(SIGABRT, SIG_DFL); /* cmocka has its own */
        if (use_threads(2, &e))
            engine_fast.forward(net, 1, true);
        _exit(use_threads(2, &e) ? 0 : 77); /* 77: a build without threads */
    }
    waitpid(child, &status, 0);
    assert_true((WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) ||
                (WIFEXITED(status) && WEXITSTATUS(status) == 77));
    engine_fast.forward(net, 1, true);
    engine_fast.destroy(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_range_of_the_training_batch),
        cmocka_unit_test(test_modes_agree),
        cmocka_unit_test(test_smaller_batch),
        cmocka_unit_test(test_fast_follows_ref),
        cmocka_unit_test(test_instruction_sets_give_the_same_bytes),
        cmocka_unit_test(test_learn_is_backward_and_step),
        cmocka_unit_test(test_a_trace_changes_nothing),
        cmocka_unit_test(test_trace),
        cmocka_unit_test(test_pixels_labels_and_answers),
        cmocka_unit_test(test_numbers_that_are_not_finite),
        cmocka_unit_test(test_refuses_what_cannot_be),
        cmocka_unit_test(test_no_more_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
