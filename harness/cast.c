/* cast.c - the operands of a layer by name, and calls on them. */
#include "harness/relations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *allocate(size_t count, size_t size)
{
    void *p = calloc(count + 1, size);
    if (!p)
        abort();
    return p;
}

void cast_begin(struct cast *cast, const struct check *c, const void *shape)
{
    *cast = (struct cast){ .check = c, .shape = shape };
    for (const struct function *f = c->function; f->name; f++)
        for (const struct operand *o = f->operand; o->name; o++) {
            struct member *m = cast_find(cast, o->name);
            if (m) {
                m->operand = o->role == IN ? o : m->operand; /* it says what to draw */
                continue;
            }
            m = &cast->member[cast->count++];
            m->operand = o;
            m->size = operand_count(c, o, shape);
            m->data = allocate(m->size, sizeof *m->data);
        }
}

void cast_end(struct cast *cast)
{
    for (int i = 0; i < cast->count; i++)
        free(cast->member[i].data);
    cast->count = 0;
}

struct member *cast_find(struct cast *cast, const char *name)
{
    for (int i = 0; i < cast->count; i++)
        if (!strcmp(cast->member[i].operand->name, name))
            return &cast->member[i];
    return NULL;
}

/* Through float and back; inputs that a relation draws are exact in it. */
static void call_fast(const struct cast *cast, const struct performer *who,
                      const struct function *f, double *const *operand, const size_t *size)
{
    float *copy[MAX_OPERANDS] = { NULL };
    float *work = allocate(f->workspace ? f->workspace(who->isa, cast->shape) : 0, sizeof *work);
    for (int i = 0; f->operand[i].name; i++) {
        copy[i] = operand[i] ? allocate(size[i], sizeof *copy[i]) : NULL;
        for (size_t k = 0; operand[i] && k < size[i]; k++)
            copy[i][k] = (float)operand[i][k];
    }
    f->fast(who->isa, cast->shape, copy, work);
    for (int i = 0; f->operand[i].name; i++) {
        for (size_t k = 0; operand[i] && f->operand[i].role == OUT && k < size[i]; k++)
            operand[i][k] = copy[i][k];
        free(copy[i]);
    }
    free(work);
}

void cast_call(struct cast *cast, const struct performer *who, const struct function *f)
{
    double *operand[MAX_OPERANDS] = { NULL };
    size_t size[MAX_OPERANDS] = { 0 };
    for (int i = 0; f->operand[i].name; i++) {
        const struct member *m = cast_find(cast, f->operand[i].name);
        size[i] = m->size;
        operand[i] = operand_absent(cast->check, &f->operand[i], cast->shape) ? NULL : m->data;
    }
    if (who->fast && (who->isa != ISA_plugin || f->plugged())) /* ref stands in for what it lacks */
        call_fast(cast, who, f, operand, size);
    else
        (f == who->replaced ? who->by : f->ref)(cast->shape, operand);
}

void cast_draw(struct cast *cast, struct rng *r, double (*draw)(struct rng *r))
{
    for (struct member *m = cast->member; m < cast->member + cast->count; m++) {
        int dim[MAX_DIMS], rank = operand_dims(cast->check, m->operand, cast->shape, dim);
        const size_t row = rank ? (size_t)dim[rank - 1] : 1;
        const enum fill fill = m->operand->fill;
        const size_t shares = row < 20 ? row : 20; /* 1/2, 1/4, ..., the last one twice: 1 in all */
        for (size_t k = 0; k < m->size; k++)
            m->data[k] = fill == FILL_PROBABILITIES ? rng_int(r, 1, 3) / 4.0
                       : fill == FILL_TARGETS       ? rng_int(r, 0, 1)
                       : fill == FILL_ONE_HOT       ? k % row == k / row % row
                       : fill != FILL_DISTRIBUTION  ? draw(r)
                       : k % row >= shares          ? 0.0
                       : 1.0 / (double)(2u << (k % row - (k % row == shares - 1 && shares > 1)));
        for (size_t k = 0; fill == FILL_DISTRIBUTION && shares == 1 && k < m->size; k++)
            m->data[k] = 1.0;
    }
}
