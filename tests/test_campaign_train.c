/* test_campaign_train.c - training by both sides in verify: a kernel or images that are wrong are
 * seen, and told by the side that they are on. */
#include "harness/campaign.h"
#include "harness/idx.h"

#include "ref/relu.h"
#include "ref/sgd.h"
#include "ref/xent.h"
#include "tests/cli.h"

#include <math.h>
#include <sys/stat.h>

enum { TRAINED = 80, TESTED = 50 };

static void write_idx(const char *name, const char *kind, int rank, int count, const uint8_t *bytes,
                      size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "mnist01/%s-%s-idx%d-ubyte", name, kind, rank);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    const uint8_t head[16] = { 0, 0, 8, (uint8_t)rank, 0, 0, (uint8_t)(count >> 8), (uint8_t)count,
                               0, 0, 0, 28, 0, 0, 0, 28 };
    fwrite(head, 1, rank == 3 ? 16 : 8, f);
    fwrite(bytes, 1, size, f);
    assert_int_equal(fclose(f), 0);
}

/* The first images of the fixtures; with `swapped` the zeros are called ones, and the reverse. */
static void write_images(const char *split, int count, bool swapped)
{
    struct dataset d;
    struct error e;
    mkdir("mnist01", 0755);
    assert_true(idx_read(SOURCE_DIR "/fixtures/mnist01", split, &d, &e));
    assert_true(d.count > count && d.height == 28 && d.width == 28);
    for (int i = 0; i < count; i++)
        d.labels[i] ^= swapped;
    write_idx(split, "images", 3, count, d.pixels, (size_t)count * 28 * 28);
    write_idx(split, "labels", 1, count, d.labels, (size_t)count);
    dataset_free(&d);
}

static struct campaign c;

/* Trains with the kernels of isa_plugin[] on the side of fast, or with those of the machine. */
static const struct training *train(const char *glob, bool plugin)
{
    free(c.training);
    c = (struct campaign){ .glob = glob, .seed = 1, .threads = 1, .lowered = plugin };
    for (int isa = 0; isa < ISA_COUNT; isa++)
        c.use[isa] = plugin ? isa == ISA_plugin : isa_usable((enum isa)isa);
    campaign_train(&c);
    return c.training;
}

static void both_sides_learn_the_same(void **state)
{
    (void)state;
    const struct training *t = train("mnist01-relu.train", false);
    double most = 0.0;
    assert_int_equal(c.trainings, 1);
    assert_string_equal(t->network->name, "mnist01-relu");
    assert_string_equal(t->failure, "");
    assert_true(t->held && t->seconds > 0.0);
    assert_int_equal(t->epochs, 2);
    assert_true(t->accuracy_ref >= 0.99 && t->accuracy_fast >= 0.99);
    for (int i = 0; i < t->epochs; i++) {
        assert_true(t->loss_ref[i] > 0.0 && t->loss_ref[i] < (i ? t->loss_ref[0] : log(2.0)));
        most = fmax(most, fabs(t->loss_ref[i] - t->loss_fast[i]));
    }
    assert_true(t->difference == most && most > 0.0 && most < 1e-6);
    assert_int_equal(campaign_rejected(&c), 0);
    train("fashion", false); /* no images are embedded for it */
    assert_int_equal(c.trainings, 0);
}

#define NUMBER(layer) LAYER_##layer,
enum { LAYERS(NUMBER) };
#define DECLARE(layer)                                                                             \
    struct layer##_float;                                                                          \
    const struct layer##_float *layer##_fast(int isa);
LAYERS(DECLARE)
#define PLUG(layer) isa_plugin[LAYER_##layer] = layer##_fast((int)isa_best());

static void one_bit(const struct relu_shape *s, const float *x, float *y)
{
    relu_fast((int)isa_best())->forward(s, x, y);
    for (int i = 0; i < s->len; i++)
        y[i] = y[i] > 0.0f ? nextafterf(y[i], INFINITY) : y[i];
}

static void not_a_number(const struct relu_shape *s, const float *x, float *y)
{
    static int calls;
    relu_fast((int)isa_best())->forward(s, x, y);
    if (++calls > 7)
        y[s->len / 2] = NAN;
}

static void no_gradient(const struct xent_shape *s, const float *z, const float *t, float *dz)
{
    (void)z;
    (void)t;
    memset(dz, 0, sizeof *dz * (size_t)(s->n * s->len));
}

static void uphill(const struct sgd_shape *s, const float *w, const float *dw, float *updated)
{
    const struct sgd_shape up = { s->len, -s->lr };
    sgd_fast((int)isa_best())->step(&up, w, dw, updated);
}

static void a_wrong_kernel_is_seen(void **state)
{
    (void)state;
    const struct relu_float right = *relu_fast((int)isa_best());
    const struct relu_float bit = { one_bit, right.backward };
    const struct relu_float nan = { not_a_number, right.backward };
    const struct xent_float still = { xent_fast((int)isa_best())->forward, no_gradient };
    const struct sgd_float away = { uphill };
    const struct { int layer; const void *table; const char *failure; } table[] = {
        { LAYER_relu, relu_fast((int)isa_best()), "" },
        { LAYER_relu, &bit, "plugin and scalar end with other parameters after 80 images" },
        { LAYER_relu, &nan, "fast: step 8 (epoch 1, image " },
        { LAYER_xent, &still, "fast gets " },
        { LAYER_sgd, &away, "the losses of ref and fast are " },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        LAYERS(PLUG)
        isa_plugin[table[i].layer] = table[i].table;
        const struct training *t = train("mnist01-relu", true);
        if (t->held != !*table[i].failure ||
            strncmp(t->failure, table[i].failure, strlen(table[i].failure)))
            fail_msg("row %zu: held %d, %s", i, t->held, t->failure);
        assert_int_equal(campaign_rejected(&c), i > 0);
    }
}

#define VERIFY "CNNCHECK_FIXTURES=. cnncheck verify --layer mnist01-relu.train "

static void verify_tells_what_came_of_it(void **state)
{
    (void)state;
    shell(VERIFY "--json v.json");
    assert_ended(0, "\nmnist01-relu, trained by both sides from the same weights in the same "
                    "order\n  epoch   loss of ref  loss of fast\n      1    0.", "right");
    assert_null(strstr(out, "FAIL"));
    shell("grep -c '\"network\": \"mnist01-relu\", \"held\": true, ' v.json");
    assert_ended(0, "1\n", "JSON");
}

/* Each of the test has the other's label: both sides get all wrong, and ref is asked first. */
static void wrong_images_are_seen(void **state)
{
    (void)state;
    write_images("t10k", TESTED, true);
    const struct training *t = train("mnist01-relu.train", false);
    assert_false(t->held);
    assert_string_equal(t->failure, "ref gets 0.00 % of the test images right, not 99 %");
    shell(VERIFY "--junit v.xml; echo $?; grep -A1 'classname=\"mnist01-relu\"' v.xml");
    assert_ended(0, "\nFAIL mnist01-relu.train: ref gets 0.00 % of the test images right, not "
                    "99 %\nREPRO: cnncheck verify --layer mnist01-relu.train --seed 1\n\nFAILED: ",
                 "swapped");
    assert_non_null(strstr(out, "\n1\n"));
    assert_non_null(strstr(out, "<failure type=\"rejected\" message=\"ref gets 0.00 %"));
    remove("mnist01/t10k-labels-idx1-ubyte");
    t = train("mnist01-relu.train", false);
    assert_false(t->held);
    assert_non_null(strstr(t->failure, "mnist01/t10k-labels-idx1-ubyte"));
}

static int prepare(void **state)
{
    if (make_folder(state))
        return -1;
    write_images("train", TRAINED, false);
    write_images("t10k", TESTED, false);
    return setenv("CNNCHECK_FIXTURES", ".", 1);
}

static int clear(void **state)
{
    free(c.training);
    return remove_folder(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_learn_the_same),
        cmocka_unit_test(a_wrong_kernel_is_seen),
        cmocka_unit_test(verify_tells_what_came_of_it),
        cmocka_unit_test(wrong_images_are_seen),
    };
    return cmocka_run_group_tests_name("campaign: train", tests, prepare, clear);
}
