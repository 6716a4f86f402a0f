/* sights.c - a row of the kill matrix: how many seeds show a defect to each check, by itself. */
#include "harness/campaign.h"
#include "harness/fill.h"
#include "harness/relations.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A defect under one seed. */
struct look {
    const struct defect *defect;
    const struct check *check;
    const struct function *function;
    const union any_shape *shape;
    const char *shape_text;
    struct rng seeds; /* one for each of its draws */
    struct judge judge;
    bool asked[SIGHTS], seen[SIGHTS];
};

static void see(struct look *l, enum sight sight, bool seen)
{
    l->asked[sight] = true;
    l->seen[sight] = l->seen[sight] || seen;
}

/* What the judge says of the inputs in its hands; the guard watches, and what it sees is its
 * own. */
static void judge(struct look *l, enum sight sight, bool exact)
{
    struct trial trial;
    judge_reference(&l->judge, exact);
    judge_double(&l->judge, l->defect->kernel, PLACE_END, &trial);
    see(l, SIGHT_POISON, trial.rejected_by == JUDGE_POISON);
    see(l, SIGHT_PAGES, trial.rejected_by == JUDGE_GUARD);
    if (trial.rejected_by == JUDGE_GUARD)
        return;
    see(l, sight, trial.rejected_by > JUDGE_POISON);
    if (sight != SIGHT_SPECIALS) /* the contract speaks of finite inputs */
        see(l, SIGHT_FLAGS, !judge_flags(&l->judge, &trial));
}

/* NaN or an infinity in the first element of an input, the last, or any, until one shows it. */
static void look_at_specials(struct look *l, struct rng *r, bool exact)
{
    struct judge *j = &l->judge;
    for (int i = 0; i < j->operands; i++) {
        if (j->function->operand[i].role == OUT || j->absent[i])
            continue;
        const size_t place[] = { 0, j->count[i] - 1, (size_t)rng_int(r, 0, (int)j->count[i] - 1) };
        for (int p = 0; p < 3; p++)
            for (const double *x = fill_specials(j->function->operand[i].fill);
                 *x != 0.0 && !l->seen[SIGHT_SPECIALS]; x++) {
                double *element = &j->ref[i][place[p]];
                const double before = *element;
                *element = *x;
                judge(l, SIGHT_SPECIALS, exact);
                *element = before;
            }
    }
}

/* Numbers at random on the case's shape. */
static void look_at_random(struct look *l)
{
    enum { DRAWS = 4 };
    const bool may = function_exact(l->check, l->function, l->shape);
    for (int draw = 0; draw < 2 * DRAWS; draw++) {
        const bool exact = draw % 2;
        const uint64_t seed = rng_next(&l->seeds);
        if (exact && !may)
            continue;
        judge_begin(&l->judge, l->check, l->function, l->shape);
        draw_inputs(seed, &l->judge, l->shape_text, exact);
        l->judge.flags = true;
        judge(l, exact ? SIGHT_INTEGERS : SIGHT_REALS, exact);
        if (draw < 2 && exact == may)
            look_at_specials(l, &l->seeds, exact);
        judge_end(&l->judge);
    }
}

static void look_at_relations(struct look *l)
{
    static const enum sight sight[] = { SIGHT_ADJOINT, SIGHT_METAMORPHIC, SIGHT_DIFFERENCES };
    const struct performer who = { .replaced = l->function, .by = l->defect->kernel };
    const uint64_t seed = rng_next(&l->seeds);
    struct error e;
    for (int kind = 0; kind < RELATIONS; kind++) {
        const enum outcome outcome = relation_outcome((enum relation)kind, &who, l->check,
                                                      l->function, l->shape, seed, &e);
        if (outcome != OUTCOME_NONE)
            see(l, sight[kind], outcome == OUTCOME_BROKEN);
    }
}

/* The fixtures that every kernel of this layer.function has to pass. */
static void look_at_fixtures(struct look *l)
{
    struct dirent **entry;
    struct judge *j = &l->judge;
    char folder[2048];
    snprintf(folder, sizeof folder, "%s/%s", fixtures_dir(), l->defect->stands_for);
    const int count = fixture_entries(folder, &entry);
    for (int i = 0; i < count; i++) {
        union any_shape shape;
        char path[4096], text[SHAPE_TEXT];
        struct trial trial;
        struct error e;
        snprintf(path, sizeof path, "%s/%s", folder, entry[i]->d_name);
        shape_of(entry[i]->d_name, text);
        bool good = !l->seen[SIGHT_FIXTURES] && shape_parse(l->check, text, path, &shape, &e);
        if (good)
            judge_begin(j, l->check, l->function, &shape);
        for (int k = 0; good && k < j->operands; k++)
            if (l->function->operand[k].role == IN && !j->absent[k])
                good = fixture_operand(j, k, path, j->ref[k], &e);
        if (good) {
            judge_reference(j, false);
            see(l, SIGHT_FIXTURES, !judge_double(j, l->defect->kernel, PLACE_END, &trial));
        }
        judge_end(j);
        free(entry[i]);
    }
    free(entry);
}

void defect_look(struct proof *p, const union any_shape *shape, uint64_t seed, struct guard *g)
{
    struct rng seeds = rng_named(seed, p->defect->id);
    bool asked[SIGHTS] = { false };
    for (int i = 0; i < SEEDS; i++) {
        struct look l = { p->defect, p->check, p->function, shape, p->shape_text,
                          { rng_next(&seeds) }, .judge.guard = g };
        look_at_random(&l);
        if (p->defect->judge != JUDGE_GUARD) { /* it would go beyond arrays that nobody guards */
            look_at_relations(&l);
            if (i == 0) /* no seed changes them */
                look_at_fixtures(&l);
        }
        for (int k = 0; k < SIGHTS; k++) {
            asked[k] = asked[k] || l.asked[k];
            p->seen[k] += l.seen[k] * (k == SIGHT_FIXTURES ? SEEDS : 1);
        }
    }
    for (int k = 0; k < SIGHTS; k++)
        p->seen[k] = asked[k] ? p->seen[k] : NOT_APPLICABLE;
}
