#include "harness/shadow.h"

#include "harness/judge.h"
#include "harness/network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One output of one kernel in one place of a network, over all calls. */
struct tensor {
    char place[32];
    const struct function *function;
    const char *layer, *name;
    long calls, rejected;
    double headroom;
    long worst_step;
    char failure[200];
};

struct shadow {
    int every, tensors;
    long step, steps; /* the one under way, and how many were looked at */
    struct tensor tensor[8 * NODES_MAX];
};

struct shadow *shadow_create(int every)
{
    struct shadow *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->every = every;
    return s;
}

void shadow_destroy(struct shadow *s)
{
    free(s);
}

bool shadow_step(struct shadow *s, long step)
{
    const bool look = (step - 1) % s->every == 0;
    s->step = step;
    s->steps += look;
    return look;
}

static struct tensor *find_tensor(struct shadow *s, const char *place, const struct check *c,
                                  const struct function *f, const char *name)
{
    for (int i = 0; i < s->tensors; i++)
        if (s->tensor[i].function == f && s->tensor[i].name == name &&
            strcmp(s->tensor[i].place, place) == 0)
            return &s->tensor[i];
    struct tensor *t = &s->tensor[s->tensors++];
    *t = (struct tensor){ .function = f, .layer = c->layer, .name = name };
    snprintf(t->place, sizeof t->place, "%s", place);
    return t;
}

static void judge_output(struct shadow *s, const char *place, const struct judge *j, int i,
                         const float *fast)
{
    struct tensor *t = find_tensor(s, place, j->check, j->function, j->function->operand[i].name);
    const struct comparison c = j->bound[i]
                                    ? compare_bound(fast, j->ref[i], j->bound[i], j->count[i])
                                    : compare_same(fast, j->ref[i], j->count[i]);
    t->calls++;
    if (!c.agree && t->rejected++ == 0) {
        char where[96];
        element_name(j, i, c.at, where);
        snprintf(t->failure, sizeof t->failure, "step %ld: %s is %.9g, ref %.17g", s->step, where,
                 (double)fast[c.at], j->ref[i][c.at]);
    }
    if (c.agree && c.headroom > t->headroom) {
        t->headroom = c.headroom;
        t->worst_step = s->step;
    }
}

void shadow_trace(void *context, const char *place, const char *kernel, const void *shape,
                  const void *const *operands)
{
    struct shadow *s = context;
    const struct check *check;
    const struct function *f = find_function(kernel, &check);
    struct judge j = { 0 };
    judge_begin(&j, check, f, shape);
    for (int i = 0; i < j.operands; i++) {
        const float *x = operands[i];
        for (size_t k = 0; f->operand[i].role == IN && x && k < j.count[i]; k++)
            j.ref[i][k] = x[k];
    }
    judge_reference(&j, false);
    for (int i = 0; i < j.operands; i++)
        if (f->operand[i].role == OUT && operands[i])
            judge_output(s, place, &j, i, operands[i]);
    judge_end(&j);
}

bool shadow_held(const struct shadow *s, double *headroom, struct error *e)
{
    bool held = true;
    *headroom = 0.0;
    for (const struct tensor *t = s->tensor; t < s->tensor + s->tensors; t++) {
        *headroom = fmax(*headroom, t->headroom);
        if (held && t->rejected)
            held = fail(e, "%s: %s.%s: %s", t->place, t->layer, t->function->name, t->failure);
    }
    return held;
}

bool shadow_report(const struct shadow *s)
{
    struct error e;
    double worst;
    printf("\nshadow: ref beside fast in %ld steps\n%-14s %-24s %-6s %8s %9s %8s  %s\n", s->steps,
           "layer", "function", "tensor", "calls", "headroom", "at step", "verdict");
    for (const struct tensor *t = s->tensor; t < s->tensor + s->tensors; t++) {
        char name[64];
        snprintf(name, sizeof name, "%s.%s", t->layer, t->function->name);
        printf("%-14s %-24s %-6s %8ld %9.3f %8ld  %s%s\n", t->place, name, t->name, t->calls,
               t->headroom, t->worst_step, t->rejected ? "REJECTED: " : "held", t->failure);
    }
    const bool held = shadow_held(s, &worst, &e);
    printf("worst error: %.3f of its bound\n", worst);
    return held;
}
