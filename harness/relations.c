/* relations.c - adjoint and metamorphic relations, mostly as tables. */
#include "harness/relations.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const relation_name[] = { "adjoint", "metamorphic", "differences" };

/* One call after another on one cast. */
struct test {
    struct cast cast;
    const struct performer *who;
    struct rng r;
    struct error *e;
};

static double digit(struct rng *r)
{
    return rng_int(r, -3, 3);
}

static double *copied(const struct member *m)
{
    double *p = malloc((m->size + 1) * sizeof *p);
    if (!p)
        abort();
    return memcpy(p, m->data, m->size * sizeof *p);
}

static void assign(struct member *m, const double *a, const double *b)
{
    for (size_t k = 0; k < m->size; k++)
        m->data[k] = (a ? a[k] : 0.0) + (b ? b[k] : 0.0);
}

static double dot(const struct member *m, const double *a, const double *minus)
{
    double sum = 0.0;
    for (size_t k = 0; k < m->size; k++)
        sum += m->data[k] * (a[k] - (minus ? minus[k] : 0.0));
    return sum;
}

static bool same(struct test *t, const char *what, const struct member *m, const double *wanted)
{
    for (size_t k = 0; k < m->size; k++)
        if (!(m->data[k] == wanted[k] || (isnan(m->data[k]) && isnan(wanted[k]))))
            return fail(t->e, "%s: %s[%zu] is %.9g, not %.9g", what, m->operand->name, k,
                        m->data[k], wanted[k]);
    return true;
}

/* Pairs: forward reads x and gives y, backward reads dy and gives dx. */
static const struct pair {
    const char *layer, *forward, *x, *y, *backward, *dy, *dx;
} pairs[] = {
    { "conv2d", "forward", "x", "y", "backward_data", "dy", "dx" },
    { "conv2d", "forward", "w", "y", "backward_weights", "dy", "dw" },
    { "conv2d", "forward", "b", "y", "backward_weights", "dy", "db" },
    { "dense", "forward", "x", "y", "backward", "dy", "dx" },
    { "dense", "forward", "w", "y", "backward", "dy", "dw" },
    { "dense", "forward", "b", "y", "backward", "dy", "db" },
    { "maxpool", "forward", "x", "y", "backward", "dy", "dx" },
    { "relu", "forward", "x", "y", "backward", "dy", "dx" },
    { "transpose", "to_nchw", "x", "y", "to_nhwc", "x", "y" },
};

static const struct function *named(const struct check *c, const char *name)
{
    const struct function *f = c->function;
    while (strcmp(f->name, name))
        f++;
    return f;
}

/* <dy, forward(x) - forward(0)> = <x, backward(dy)>. */
static bool adjoint(struct test *t, const struct pair *p)
{
    struct cast *cast = &t->cast;
    const struct function *forward = named(cast->check, p->forward);
    struct member *x = cast_find(cast, p->x), *y = cast_find(cast, p->y);
    struct member *dy = cast_find(cast, p->dy), *dx = cast_find(cast, p->dx);
    double *x0 = copied(x), *y1, *y0, *dy0 = copied(dy), there, back;
    cast_call(cast, t->who, forward);
    y1 = copied(y);
    assign(x, NULL, NULL);
    cast_call(cast, t->who, forward);
    y0 = copied(y);
    assign(x, x0, NULL);
    assign(dy, dy0, NULL); /* a layer may be its own adjoint, and dy its x */
    there = dot(dy, y1, y0);
    cast_call(cast, t->who, named(cast->check, p->backward));
    back = dot(dx, x0, NULL);
    free(x0), free(y1), free(y0), free(dy0);
    return there == back || fail(t->e, "<%s, %s(%s)> is %.9g, <%s, %s> %.9g", p->dy, p->forward,
                                 p->x, there, p->dx, p->x, back);
}

/* Linear in an operand, up to what the others add. */
static const struct line {
    const char *function, *operand;
} lines[] = {
    { "conv2d.forward", "x" },           { "conv2d.forward", "w" },
    { "conv2d.forward", "b" },           { "conv2d.backward_data", "w" },
    { "conv2d.backward_data", "dy" },    { "conv2d.backward_weights", "x" },
    { "conv2d.backward_weights", "dy" }, { "dense.forward", "x" },
    { "dense.forward", "w" },            { "dense.forward", "b" },
    { "dense.backward", "x" },           { "dense.backward", "w" },
    { "dense.backward", "dy" },          { "maxpool.backward", "dy" },
    { "relu.backward", "dy" },           { "softmax.backward", "dy" },
    { "transpose.to_nchw", "x" },        { "transpose.to_nhwc", "x" },
};

/* f(a + b) + f(0) = f(a) + f(b), for every output. */
static bool linear(struct test *t, const struct function *f, const char *operand)
{
    struct cast *cast = &t->cast;
    struct member *x = cast_find(cast, operand);
    double *a = copied(x), *b = copied(x), *sum[MAX_OPERANDS] = { NULL };
    bool good = true;
    for (size_t k = 0; k < x->size; k++)
        b[k] = digit(&t->r);
    for (int call = 0; call < 4; call++) {
        assign(x, call == 0 || call == 2 ? a : NULL, call == 1 || call == 2 ? b : NULL);
        cast_call(cast, t->who, f);
        for (int i = 0; f->operand[i].name; i++) {
            const struct member *m = cast_find(cast, f->operand[i].name);
            if (f->operand[i].role == IN)
                continue;
            sum[i] = sum[i] ? sum[i] : calloc(m->size + 1, sizeof(double));
            for (size_t k = 0; sum[i] && k < m->size; k++)
                sum[i][k] += call < 2 ? m->data[k] : -m->data[k];
        }
    }
    for (int i = 0; f->operand[i].name; i++) {
        const struct member *m = cast_find(cast, f->operand[i].name);
        for (size_t k = 0; sum[i] && k < m->size && good; k++)
            good = sum[i][k] == 0.0 || fail(t->e, "%s is not linear in %s: %s[%zu] differs by %.9g",
                                            f->name, operand, m->operand->name, k, sum[i][k]);
        free(sum[i]);
    }
    free(a), free(b);
    return good;
}

/* What scale * x + shift does to every output. */
static const struct map {
    const char *function, *operand;
    double scale, shift, out_scale, out_shift;
} maps[] = {
    { "softmax.forward", "x", 1, 3, 1, 0 },     { "softmax.backward", "dy", 1, 3, 1, 0 },
    { "xent.forward", "z", 1, 3, 1, 0 },        { "xent.backward", "z", 1, 3, 1, 0 },
    { "maxpool.forward", "x", 2, 1, 2, 1 },     { "maxpool.backward", "x", 2, 1, 1, 0 },
    { "relu.forward", "x", 2, 0, 2, 0 },        { "relu.backward", "x", 2, 0, 1, 0 },
    { "minmax.forward", "x", 2, 1, 1, 0 },      { "minmax.backward", "x", 2, 1, 0.5, 0 },
    { "minmax.statistics", "x", 2, 1, 2, 1 },   { "tanh.forward", "x", -1, 0, -1, 0 },
    { "tanh.backward", "x", -1, 0, 1, 0 },      { "sigmoid.backward", "x", -1, 0, 1, 0 },
};

static bool mapped(struct test *t, const struct function *f, const struct map *map)
{
    struct member *x = cast_find(&t->cast, map->operand), *y = NULL;
    char what[96];
    cast_call(&t->cast, t->who, f);
    for (const struct operand *o = f->operand; o->name; o++)
        y = o->role == OUT ? cast_find(&t->cast, o->name) : y;
    double *wanted = copied(y);
    for (size_t k = 0; k < y->size; k++)
        wanted[k] = map->out_scale * wanted[k] + map->out_shift;
    for (size_t k = 0; k < x->size; k++)
        x->data[k] = map->scale * x->data[k] + map->shift;
    cast_call(&t->cast, t->who, f);
    snprintf(what, sizeof what, "%s of %g %s + %g", f->name, map->scale, map->operand, map->shift);
    const bool good = same(t, what, y, wanted);
    free(wanted);
    return good;
}

static bool is(const struct check *c, const struct function *f, const char *name)
{
    char full[64];
    snprintf(full, sizeof full, "%s.%s", c->layer, f->name);
    return !strcmp(full, name);
}

/* Inputs for the next relation, the last one's outcome having been noted. */
static struct test *begin(struct test *t, const struct check *c, const void *shape, uint64_t seed)
{
    cast_end(&t->cast);
    t->r = rng_named(seed, c->layer);
    cast_begin(&t->cast, c, shape);
    cast_draw(&t->cast, &t->r, digit);
    return t;
}

static enum outcome outcome_of(bool held)
{
    return held ? OUTCOME_HELD : OUTCOME_BROKEN;
}

static enum outcome all_adjoint(struct test *t, const struct check *c, const struct function *f,
                                const void *shape, uint64_t seed)
{
    enum outcome outcome = OUTCOME_NONE;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs && outcome != OUTCOME_BROKEN; i++) {
        const struct pair *p = &pairs[i];
        if (strcmp(p->layer, c->layer) ||
            (strcmp(p->forward, f->name) && strcmp(p->backward, f->name)))
            continue;
        if (cast_find(&begin(t, c, shape, seed)->cast, p->x)->size)
            outcome = outcome_of(adjoint(t, p));
    }
    return outcome;
}

static enum outcome all_metamorphic(struct test *t, const struct check *c, const struct function *f,
                                    const void *shape, uint64_t seed)
{
    enum outcome outcome = relation_shapes(t->who, c, f, shape, seed, t->e);
    for (size_t i = 0; i < sizeof lines / sizeof *lines && outcome != OUTCOME_BROKEN; i++)
        if (is(c, f, lines[i].function))
            outcome = outcome_of(linear(begin(t, c, shape, seed), f, lines[i].operand));
    for (size_t i = 0; i < sizeof maps / sizeof *maps && outcome != OUTCOME_BROKEN; i++)
        if (is(c, f, maps[i].function))
            outcome = outcome_of(mapped(begin(t, c, shape, seed), f, &maps[i]));
    return outcome;
}

enum outcome relation_outcome(enum relation kind, const struct performer *who,
                              const struct check *c, const struct function *f, const void *shape,
                              uint64_t seed, struct error *e)
{
    struct test t = { .who = who, .e = e };
    enum outcome outcome;
    if (kind == RELATION_DIFFERENCES)
        return differences_outcome(who, c, f, shape, seed, e);
    outcome = (kind == RELATION_ADJOINT ? all_adjoint : all_metamorphic)(&t, c, f, shape, seed);
    cast_end(&t.cast);
    return outcome;
}
