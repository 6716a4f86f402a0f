/* differences.c - gradients against central differences of the forward function. */
#include "harness/relations.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ELEMENTS = 24 }; /* of a gradient, at most */

static double normal(struct rng *r)
{
    return rng_normal(r);
}

/* The output of a forward function; the losses have no dy, for them it is 1. */
static struct member *output_of(struct cast *cast, const struct function *forward)
{
    const struct operand *o = forward->operand;
    while (o->role == IN)
        o++;
    return cast_find(cast, o->name);
}

/* sum dy (y at x + h, less y at x - h) / 2 h for one element, and how wrong rounding may make
 * it. */
static double difference(struct cast *cast, const struct performer *who,
                         const struct function *forward, double *element, double *tolerance)
{
    const struct member *y = output_of(cast, forward), *dy = cast_find(cast, "dy");
    const double x = *element, h = 1e-5;
    double *up = malloc((y->size + 1) * sizeof *up), sum = 0.0, terms = 0.0, values = 0.0;
    if (!up)
        abort();
    *element = x + h;
    cast_call(cast, who, forward);
    memcpy(up, y->data, y->size * sizeof *up);
    *element = x - h;
    cast_call(cast, who, forward);
    *element = x;
    for (size_t k = 0; k < y->size; k++) {
        const double factor = dy ? dy->data[k] : 1.0;
        const double term = factor * (up[k] - y->data[k]) / (2.0 * h);
        sum += term;
        terms += fabs(term);
        values += fabs(factor) * (fabs(up[k]) + fabs(y->data[k]));
    }
    free(up);
    *tolerance = 1e-6 * terms + 4.0 * DBL_EPSILON * values / h;
    return sum;
}

/* Every gradient "dX" that `backward` gives, for which `forward` has an X. */
static enum outcome compare_gradients(struct cast *cast, const struct performer *who,
                                      const struct function *forward,
                                      const struct function *backward, struct error *e)
{
    enum outcome outcome = OUTCOME_NONE;
    cast_call(cast, who, forward);
    cast_call(cast, who, backward);
    for (const struct operand *o = backward->operand; o->name; o++) {
        struct member *x = cast_find(cast, o->name + 1), *dx = cast_find(cast, o->name);
        if (o->role == IN || !x || x->operand->role == OUT)
            continue;
        const size_t stride = dx->size / ELEMENTS + 1;
        for (size_t k = 0; k < dx->size; k += stride) {
            double tolerance;
            const double gradient = dx->data[k];
            const double numeric = difference(cast, who, forward, &x->data[k], &tolerance);
            outcome = OUTCOME_HELD;
            if (!(fabs(gradient - numeric) <= tolerance || (isnan(gradient) && isnan(numeric)))) {
                fail(e, "%s[%zu] is %.9g, central differences give %.9g", o->name, k, gradient,
                     numeric);
                return OUTCOME_BROKEN;
            }
        }
    }
    return outcome;
}

enum outcome differences_outcome(const struct performer *who, const struct check *c,
                                 const struct function *f, const void *shape, uint64_t seed,
                                 struct error *e)
{
    const struct function *forward = &c->function[0];
    enum outcome outcome = OUTCOME_NONE;
    if (strcmp(forward->name, "forward") || who->fast)
        return OUTCOME_NONE; /* float is too coarse to differ by little */
    for (const struct function *b = forward + 1; b->name && outcome != OUTCOME_BROKEN; b++) {
        struct cast cast;
        struct rng r = rng_named(seed, c->layer);
        if (strncmp(b->name, "backward", 8) || (f != forward && f != b))
            continue;
        cast_begin(&cast, c, shape);
        cast_draw(&cast, &r, normal);
        const enum outcome one = compare_gradients(&cast, who, forward, b, e);
        outcome = one > outcome ? one : outcome;
        cast_end(&cast);
    }
    return outcome;
}
