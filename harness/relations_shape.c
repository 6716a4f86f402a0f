/* relations_shape.c - relations between calls of different shapes. */
#include "harness/relations.h"

#include "ref/conv2d.h"
#include "ref/dense.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double digit(struct rng *r)
{
    return rng_int(r, -3, 3);
}

static const struct key *find_key(const struct check *c, const char *name)
{
    for (const struct key *k = c->key; k->name; k++)
        if (!strcmp(k->name, name) && k->kind == KEY_INT)
            return k;
    return NULL;
}

static bool equal(const char *what, const char *name, double a, double b, struct error *e)
{
    return a == b || (isnan(a) && isnan(b)) ||
           fail(e, "%s: %s is %.9g, not %.9g", what, name, a, b);
}

static bool by_example(const struct operand *o)
{
    return !strncmp(o->dims, "n ", 2);
}

/* What a batch gives for an example, the example gives alone; gradients of parameters add up. */
static bool one_by_one(const struct performer *who, const struct check *c, const struct function *f,
                       const void *shape, uint64_t seed, struct error *e)
{
    const struct key *n = find_key(c, "n");
    const int batch = key_value(n, shape), single = 1;
    struct cast all, one;
    union any_shape alone;
    struct rng r = rng_named(seed, c->layer);
    double *sum[MAX_OPERANDS];
    bool good = true;
    memcpy(&alone, shape, c->shape_size);
    memcpy((char *)&alone + n->offset, &single, sizeof single);
    cast_begin(&all, c, shape);
    cast_begin(&one, c, &alone);
    cast_draw(&all, &r, digit);
    cast_call(&all, who, f);
    for (int i = 0; f->operand[i].name; i++)
        sum[i] = calloc(cast_find(&one, f->operand[i].name)->size + 1, sizeof *sum[i]);
    for (int example = 0; example < batch && good; example++) {
        for (int i = 0; f->operand[i].name; i++) {
            const struct operand *o = &f->operand[i];
            const struct member *to = cast_find(&one, o->name), *from = cast_find(&all, o->name);
            const size_t start = by_example(o) ? (size_t)example * to->size : 0;
            for (size_t k = 0; o->role == IN && k < to->size; k++)
                to->data[k] = from->data[start + k];
        }
        cast_call(&one, who, f);
        for (int i = 0; f->operand[i].name && good; i++) {
            const struct operand *o = &f->operand[i];
            const struct member *part = cast_find(&one, o->name), *whole = cast_find(&all, o->name);
            for (size_t k = 0; o->role == OUT && k < part->size && good; k++) {
                sum[i][k] += part->data[k];
                if (by_example(o))
                    good = equal("an example alone", o->name, part->data[k],
                                 whole->data[(size_t)example * part->size + k], e);
                else if (example == batch - 1)
                    good = equal("all examples one by one", o->name, sum[i][k], whole->data[k], e);
            }
        }
    }
    for (int i = 0; f->operand[i].name; i++)
        free(sum[i]);
    cast_end(&all);
    cast_end(&one);
    return good;
}

/* An image moved to the left by one stride gives an output moved by one, but for the last
 * column. */
static bool translated(const struct performer *who, const struct check *c, const struct function *f,
                       const void *shape, uint64_t seed, struct error *e)
{
    const int w = key_value(find_key(c, "w"), shape);
    const int stride = key_value(find_key(c, "stride"), shape);
    struct cast cast;
    struct rng r = rng_named(seed, c->layer);
    int dim[MAX_DIMS];
    cast_begin(&cast, c, shape);
    cast_draw(&cast, &r, digit);
    struct member *x = cast_find(&cast, "x"), *y = cast_find(&cast, "y");
    struct member *b = cast_find(&cast, "b");
    const int ow = (operand_dims(c, y->operand, shape, dim), dim[3]);
    for (size_t k = 0; b && k < b->size; k++)
        b->data[k] = 0.0; /* one for each position would not move */
    cast_call(&cast, who, f);
    double *before = malloc((y->size + 1) * sizeof *before);
    bool good = before;
    for (size_t k = 0; before && k < y->size; k++)
        before[k] = y->data[k];
    for (size_t k = 0; k < x->size; k++)
        x->data[k] = (int)(k % (size_t)w) + stride < w ? x->data[k + (size_t)stride] : 0.0;
    cast_call(&cast, who, f);
    for (size_t k = 0; k < y->size && good; k++)
        if ((int)(k % (size_t)ow) + 1 < ow)
            good = equal("an image moved by one step", "y", y->data[k], before[k + 1], e);
    free(before);
    cast_end(&cast);
    return good;
}

/* A 1 x 1 convolution of an image is a dense layer over its pixels. */
static bool dense_pixels(const struct performer *who, const struct check *c,
                         const struct function *f, uint64_t seed, struct error *e)
{
    const struct conv2d_shape s = { 1, 3, 4, 5, 2, 1, 1, 1, 0, CONV2D_BIAS_CHANNEL };
    const struct dense_shape d = { s.h * s.w, s.c, s.o };
    const struct check *dense;
    const struct function *of_dense = find_function("dense.forward", &dense);
    const struct function *of_conv2d = find_function("conv2d.forward", &c);
    struct cast image, pixels;
    struct rng r = rng_named(seed, f->name);
    bool good = true;
    cast_begin(&image, c, &s);
    cast_begin(&pixels, dense, &d);
    cast_draw(&image, &r, digit);
    for (int i = 0; i < d.n * s.c; i++)
        cast_find(&pixels, "x")->data[i % d.n * s.c + i / d.n] = cast_find(&image, "x")->data[i];
    for (int i = 0; i < s.o * s.c; i++)
        cast_find(&pixels, "w")->data[i % s.c * s.o + i / s.c] = cast_find(&image, "w")->data[i];
    memcpy(cast_find(&pixels, "b")->data, cast_find(&image, "b")->data, sizeof(double) * s.o);
    cast_call(&image, who, of_conv2d);
    cast_call(&pixels, who, of_dense);
    for (int i = 0; i < d.n * s.o && good; i++)
        good = equal("a 1 x 1 convolution, as a dense layer", "y", cast_find(&image, "y")->data[i],
                     cast_find(&pixels, "y")->data[i % d.n * s.o + i / d.n], e);
    cast_end(&image);
    cast_end(&pixels);
    return good;
}

/* How a dimension lies in an operand: `outer` blocks of `size` slices of `inner` numbers. */
struct slices {
    size_t outer, size, inner;
};

static bool find_slices(const struct cast *cast, const struct operand *o, const char *key,
                        struct slices *s)
{
    int dim[MAX_DIMS], at = 0;
    const int rank = operand_dims(cast->check, o, cast->shape, dim);
    const char *word = strchr(o->dims, '|') ? strrchr(o->dims, '|') + 1 : o->dims;
    *s = (struct slices){ 1, 1, 1 };
    while (at < rank && (strncmp(word, key, strlen(key)) || (word[strlen(key)] & ~' '))) {
        s->outer *= (size_t)dim[at++];
        word += strcspn(word, " ") + 1;
    }
    for (int i = at + 1; i < rank; i++)
        s->inner *= (size_t)dim[i];
    s->size = at < rank ? (size_t)dim[at] : 1;
    return at < rank;
}

static void reverse(const struct cast *cast, const struct member *m, const char *key, double *data)
{
    struct slices s;
    if (!m->size || !find_slices(cast, m->operand, key, &s))
        return;
    for (size_t k = 0; k < m->size; k++) {
        const size_t block = k / (s.size * s.inner), slice = k / s.inner % s.size;
        const size_t other = (block * s.size + s.size - 1 - slice) * s.inner + k % s.inner;
        if (other > k) {
            const double kept = data[k];
            data[k] = data[other];
            data[other] = kept;
        }
    }
}

/* Whatever has a dimension called so is reversed along it: so are the outputs, and the rest
 * stays. */
static bool permuted(const struct performer *who, const struct check *c, const struct function *f,
                     const void *shape, uint64_t seed, const char *key, struct error *e)
{
    struct cast cast;
    struct rng r = rng_named(seed, c->layer);
    double *wanted[MAX_OPERANDS] = { NULL };
    char what[64];
    bool good = true;
    snprintf(what, sizeof what, "with %s reversed", key);
    cast_begin(&cast, c, shape);
    cast_draw(&cast, &r, digit);
    cast_call(&cast, who, f);
    for (int i = 0; f->operand[i].name; i++) {
        struct member *m = cast_find(&cast, f->operand[i].name);
        if (f->operand[i].role == OUT && (wanted[i] = calloc(m->size + 1, sizeof(double))))
            memcpy(wanted[i], m->data, m->size * sizeof(double));
        reverse(&cast, &(struct member){ &f->operand[i], m->size, NULL }, key,
                wanted[i] ? wanted[i] : m->data);
    }
    cast_call(&cast, who, f);
    for (int i = 0; f->operand[i].name; i++) {
        const struct member *m = cast_find(&cast, f->operand[i].name);
        for (size_t k = 0; wanted[i] && k < m->size && good; k++)
            good = equal(what, f->operand[i].name, m->data[k], wanted[i][k], e);
        free(wanted[i]);
    }
    cast_end(&cast);
    return good;
}

enum outcome relation_shapes(const struct performer *who, const struct check *c,
                             const struct function *f, const void *shape, uint64_t seed,
                             struct error *e)
{
    static const char *const reversible[] = { "n", "c", "o", "in", "out" };
    enum outcome outcome = OUTCOME_NONE;
    bool good = true;
    const struct key *n = find_key(c, "n"), *pad = find_key(c, "pad"), *w = find_key(c, "w");
    const bool rows = function_exact(c, f, shape) || !strcmp(c->layer, "softmax");
    const bool forward = !strcmp(f->name, "forward");
    if (n && rows && key_value(n, shape) > 1) {
        good = one_by_one(who, c, f, shape, seed, e);
        outcome = OUTCOME_HELD;
    }
    if (good && forward && w && (!pad || key_value(pad, shape) == 0)) {
        good = translated(who, c, f, shape, seed, e);
        outcome = OUTCOME_HELD;
    }
    if (good && forward && (!strcmp(c->layer, "conv2d") || !strcmp(c->layer, "dense"))) {
        good = dense_pixels(who, c, f, seed, e);
        outcome = OUTCOME_HELD;
    }
    for (size_t i = 0; i < sizeof reversible / sizeof *reversible; i++)
        if (good && rows && find_key(c, reversible[i])) {
            good = permuted(who, c, f, shape, seed, reversible[i], e);
            outcome = OUTCOME_HELD;
        }
    return good ? outcome : OUTCOME_BROKEN;
}
