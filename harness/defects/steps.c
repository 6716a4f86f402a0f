/* steps.c - what documents do in more than one step, done right by the kernels of ref and of
 * fast. */
#include "harness/defects/kernel.h"
#include "harness/train.h"
#include "ref/sgd.h"

extern const struct check conv2d_check, minmax_check;

/* Both sides of a step: a list of kernel calls, read once with those of ref and once with
 * fast's. */
#define REF_KERNELS(layer) (&layer##_ref)
#define FAST_KERNELS(layer) layer##_fast(isa)
#define BOTH(name, shape_type, calls)                                                              \
    static void name##_ref(const void *shape, double *const *a)                                    \
    {                                                                                              \
        const struct shape_type *s = shape;                                                        \
        double *const work = NULL;                                                                 \
        (void)work;                                                                                \
        calls(REF_KERNELS)                                                                         \
    }                                                                                              \
    static void name##_fast(enum isa isa, const void *shape, float *const *a, float *work)         \
    {                                                                                              \
        const struct shape_type *s = shape;                                                        \
        (void)work;                                                                                \
        calls(FAST_KERNELS)                                                                        \
    }
#define STEP(step) .name = "backward", .ref = step##_ref, .fast = step##_fast

static int one(const void *shape)
{
    (void)shape;
    return 1;
}

static const char *dense_invalid(const void *shape)
{
    const struct dense_shape *s = shape;
    return s->n < 1 || s->in < 1 || s->out < 1 ? "every key of at least 1" : NULL;
}

static const char *len_invalid(const void *shape)
{
    return ((const struct relu_shape *)shape)->len < 1 ? "len of at least 1" : NULL;
}

static const char *rows_invalid(const void *shape)
{
    const struct softmax_shape *s = shape;
    return s->n < 1 || s->len < 1 || s->len > CLASSES_MAX ? "n of at least 1, len from 1 to 10"
                                                          : NULL;
}

static int oh(const void *shape)
{
    return conv2d_oh(shape);
}

static int ow(const void *shape)
{
    return conv2d_ow(shape);
}

static const char *conv2d_invalid(const void *shape)
{
    return conv2d_check.invalid(shape);
}

static size_t conv2d_workspace(enum isa isa, const void *shape)
{
    return conv2d_fast(isa)->workspace(shape);
}

#define DENSE_KEYS(step) INT_KEY(step, n, 1, 9), INT_KEY(step, in, 1, 40), INT_KEY(step, out, 1, 40)
#define CONV2D_KEY(member, from, to)                                                               \
    { .name = #member, .offset = offsetof(struct conv2d_shape, member), .least = from, .most = to }
#define CONV2D_KEYS                                                                                \
    CONV2D_KEY(n, 1, 3), CONV2D_KEY(c, 1, 4), CONV2D_KEY(h, 1, 9), CONV2D_KEY(w, 1, 9),            \
        CONV2D_KEY(o, 1, 5), CONV2D_KEY(kh, 1, 4), CONV2D_KEY(kw, 1, 4),                           \
        CONV2D_KEY(stride, 1, 3), CONV2D_KEY(pad, 0, 2),                                           \
        { .name = "oh", .kind = KEY_DERIVED, .derived = oh },                                      \
        { .name = "ow", .kind = KEY_DERIVED, .derived = ow }
static const double powers_of_2[] = { 1.0, 0.5, 0.25, NAN };

/* A dense layer behind a ReLU. */
#define RELU_DENSE(K)                                                                              \
    K(relu)->forward(&(struct relu_shape){ s->n * s->in }, a[0], a[3]);                            \
    K(dense)->backward(s, a[3], a[1], a[2], NULL, a[4], a[5]);
BOTH(relu_dense, dense_shape, RELU_DENSE)

static const struct check relu_dense = {
    .layer = "relu_dense", .shape_size = sizeof(struct dense_shape), .invalid = dense_invalid,
    .key = { DENSE_KEYS(dense) },
    .function = { { STEP(relu_dense), .exact = true,
        .operand = { { "x", IN, "n in", .selects = true }, { "w", IN, "in out" },
                     { "dy", IN, "n out" }, { "y", OUT, "n in", .terms = "", .more = 1 },
                     { "dw", OUT, "in out", .terms = "n" },
                     { "db", OUT, "out", .terms = "n" } } } },
};

/* A convolution without bias and its update. */
#define CONV2D_STEP(K)                                                                             \
    const struct conv2d_shape *c = &s->conv2d;                                                     \
    K(conv2d)->backward_weights(c, a[0], a[2], a[3], NULL, work);                                  \
    K(conv2d)->backward_data(c, a[1], a[2], a[4], work);                                           \
    K(sgd)->step(&(struct sgd_shape){ c->o * c->c * c->kh * c->kw, s->lr }, a[1], a[3], a[5]);
BOTH(conv2d_step, conv2d_step_shape, CONV2D_STEP)

static const struct check conv2d_step = {
    .layer = "conv2d_step", .shape_size = sizeof(struct conv2d_step_shape),
    .invalid = conv2d_invalid, .key = { CONV2D_KEYS, REAL_KEY(conv2d_step, lr, powers_of_2) },
    .function = { { STEP(conv2d_step), .exact = true, .workspace = conv2d_workspace,
        .operand = { { "x", IN, "n c h w" }, { "w", IN, "o c kh kw" }, { "dy", IN, "n o oh ow" },
                     { "dw", OUT, "o c kh kw", .terms = "n oh ow" },
                     { "dx", OUT, "n c h w", .terms = "o kh kw" },
                     { "updated", OUT, "o c kh kw", .terms = "n oh ow", .more = 2 } } } },
};

/* A convolution that its bias scales, as document 000 has it: y = b (x * w). With y / b known, the
 * gradient of b is that of w, before it is scaled, times w: each kernel's part of sum y dy. */
static void scaled_conv2d_ref(const void *shape, double *const *a)
{
    const struct conv2d_shape *s = shape;
    const int taps = s->c * s->kh * s->kw, plane = conv2d_oh(s) * conv2d_ow(s);
    conv2d_ref.forward(s, a[0], a[1], NULL, a[4], NULL);
    conv2d_ref.backward_weights(s, a[0], a[3], a[5], NULL, NULL);
    for (int o = 0; o < s->o; o++) {
        a[6][o] = 0.0;
        for (int t = o * taps; t < (o + 1) * taps; t++) {
            a[6][o] += a[5][t] * a[1][t];
            a[5][t] *= a[2][o];
        }
    }
    for (int k = 0; k < s->n * s->o * plane; k++)
        a[4][k] *= a[2][k / plane % s->o];
}

static void scaled_conv2d_fast(enum isa isa, const void *shape, float *const *a, float *work)
{
    const struct conv2d_shape *s = shape;
    const int taps = s->c * s->kh * s->kw, plane = conv2d_oh(s) * conv2d_ow(s);
    conv2d_fast(isa)->forward(s, a[0], a[1], NULL, a[4], work);
    conv2d_fast(isa)->backward_weights(s, a[0], a[3], a[5], NULL, work);
    for (int o = 0; o < s->o; o++) {
        a[6][o] = 0.0f;
        for (int t = o * taps; t < (o + 1) * taps; t++) {
            a[6][o] += a[5][t] * a[1][t];
            a[5][t] *= a[2][o];
        }
    }
    for (int k = 0; k < s->n * s->o * plane; k++)
        a[4][k] *= a[2][k / plane % s->o];
}

static const struct check scaled_conv2d = {
    .layer = "scaled_conv2d", .shape_size = sizeof(struct conv2d_shape), .invalid = conv2d_invalid,
    .key = { CONV2D_KEYS },
    .function = { { STEP(scaled_conv2d), .exact = true, .workspace = conv2d_workspace,
        .operand = { { "x", IN, "n c h w" }, { "w", IN, "o c kh kw" }, { "b", IN, "o" },
                     { "dy", IN, "n o oh ow" },
                     { "y", OUT, "n o oh ow", .terms = "c kh kw", .more = 1 },
                     { "dw", OUT, "o c kh kw", .terms = "n oh ow", .more = 1 },
                     { "db", OUT, "o", .terms = "n oh ow c kh kw" } } } },
};

/* A ReLU, after which another one saw another input. */
#define TWO_RELUS(K) K(relu)->backward(s, a[0], a[2], a[3]);
BOTH(two_relus, relu_shape, TWO_RELUS)

static const struct check two_relus = {
    .layer = "two_relus", .shape_size = sizeof(struct relu_shape), .invalid = len_invalid,
    .key = { INT_KEY(relu, len, 1, 100) },
    .function = { { STEP(two_relus), .exact = true, .rule = RULE_SAME,
        .operand = { { "x", IN, "len" }, { "other", IN, "len" }, { "dy", IN, "len" },
                     { "dx", OUT, "len" } } } },
};

/* A dense layer that was asked about another input in between. */
#define INTERRUPTED(K) K(dense)->backward(s, a[0], a[2], a[3], a[4], a[5], a[6]);
BOTH(interrupted_dense, dense_shape, INTERRUPTED)

static const struct check interrupted_dense = {
    .layer = "interrupted_dense", .shape_size = sizeof(struct dense_shape),
    .invalid = dense_invalid, .key = { DENSE_KEYS(dense) },
    .function = { { STEP(interrupted_dense), .exact = true,
        .operand = { { "x", IN, "n in" }, { "other", IN, "n in" }, { "w", IN, "in out" },
                     { "dy", IN, "n out" }, { "dx", OUT, "n in", .terms = "out" },
                     { "dw", OUT, "in out", .terms = "n" },
                     { "db", OUT, "out", .terms = "n" } } } },
};

/* One weight of 1 and one bias of 0 before a normalisation, which takes either's effect away: both
 * gradients are 0. */
#define MINMAX_DENSE(K)                                                                            \
    K(minmax)->backward(&(struct minmax_shape){ s->n }, a[0], a[1], a[2]);                         \
    K(dense)->backward(&(struct dense_shape){ s->n, 1, 1 }, a[0], a[0], a[2], NULL, a[3], a[4]);
BOTH(minmax_dense, dense_shape, MINMAX_DENSE)

static void minmax_dense_magnitude(const void *shape, double *const *a)
{
    const int n = ((const struct dense_shape *)shape)->n;
    minmax_check.function[1].magnitude(&(struct minmax_shape){ n }, a);
    *a[3] = *a[4] = 0.0;
    for (int i = 0; i < n; i++) {
        *a[3] += fabs(a[0][i]) * a[2][i];
        *a[4] += a[2][i];
    }
}

static const struct check minmax_dense = {
    .layer = "minmax_dense", .shape_size = sizeof(struct dense_shape), .invalid = dense_invalid,
    .key = { INT_KEY(dense, n, 1, 40), INT_KEY(dense, in, 1, 1), INT_KEY(dense, out, 1, 1),
             { .name = "one", .kind = KEY_DERIVED, .derived = one } },
    .function = { { STEP(minmax_dense), .magnitude = minmax_dense_magnitude,
        .operand = { { "x", IN, "n" }, { "dy", IN, "n" },
                     { "dx", OUT, "n", .terms = "", .more = 6 },
                     { "dw", OUT, "one", .terms = "n", .more = 6 },
                     { "db", OUT, "one", .terms = "n", .more = 6 } } } },
};

/* The share of right answers, which is NaN when any answer is. */
static double accuracy(const struct softmax_shape *s, const double *z, const double *t)
{
    struct score score = { .count = s->n };
    for (int n = 0; n < s->n; n++, z += s->len, t += s->len) {
        int best = 0;
        bool finite = true;
        for (int j = 0; j < s->len; j++) {
            finite = finite && isfinite(z[j]);
            best = z[j] > z[best] ? j : best;
        }
        score.nonfinite += !finite;
        score.correct += t[best] == 1.0;
    }
    return score_accuracy(&score);
}

static void accuracy_ref(const void *shape, double *const *a)
{
    *a[2] = accuracy(shape, a[0], a[1]);
}

static void accuracy_fast(enum isa isa, const void *shape, float *const *a, float *work)
{
    const struct softmax_shape *s = shape;
    double *copy = scratch(2 * (size_t)s->n * s->len);
    (void)isa, (void)work;
    for (int k = 0; k < 2 * s->n * s->len; k++)
        copy[k] = k < s->n * s->len ? a[0][k] : a[1][k - s->n * s->len];
    *a[2] = (float)accuracy(s, copy, copy + s->n * s->len);
    free(copy);
}

static const struct check accuracy_check = {
    .layer = "accuracy", .shape_size = sizeof(struct softmax_shape), .invalid = rows_invalid,
    .key = { INT_KEY(softmax, n, 1, 9), INT_KEY(softmax, len, 1, 10) },
    .function = { { .name = "forward", .ref = accuracy_ref, .fast = accuracy_fast,
                    .rule = RULE_SAME,
        .operand = { { "z", IN, "n len", FILL_LOGITS }, { "t", IN, "n len", FILL_ONE_HOT },
                     { "accuracy", OUT, "" } } } },
};

const struct check *const steps[] = {
    &relu_dense, &conv2d_step, &scaled_conv2d, &two_relus, &interrupted_dense,
    &minmax_dense, &accuracy_check, NULL
};
