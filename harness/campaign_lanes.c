/* campaign_lanes.c - the lanes of a vector keep to themselves, on the listed shapes that are small.
 *
 * Every buffer at every alignment of 4 bytes between its unmapped pages; and a NaN or an infinity
 * in one element of an input, the first, the last or any. fast is judged as ever, and an output
 * that ref gives as it did before, since it does not depend on that element, must keep its bits.
 */
#include "harness/campaign.h"

#include "harness/fill.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENTS = 16 }; /* of a float in a cache line */

/* A case at work, with its outputs as they were before anything was put into its inputs. */
struct trials {
    struct campaign *campaign;
    struct tally *tally;
    const char *text;
    struct judge judge;
    double *ref[MAX_OPERANDS];
    float *fast[MAX_OPERANDS];
};

static void *copy(const void *from, size_t bytes)
{
    void *p = malloc(bytes + 1);
    if (!p)
        abort();
    return memcpy(p, from, bytes);
}

/* Every set, the leading one where it leaves its bits for the others; `what` is different about
 * this trial. */
static bool held(struct trials *t, const char *what, enum placement where)
{
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        struct trial trial;
        char reason[500];
        if (!campaign_runs(t->campaign, isa))
            continue;
        const bool good = judge_fast(&t->judge, (enum isa)isa,
                                     isa_leads((enum isa)isa) ? PLACE_START : where, &trial);
#pragma omp atomic
        t->tally->calls[isa] += trial.calls;
        if (good)
            continue;
        snprintf(reason, sizeof reason, "%s: %s judge: %s", what, judge_label[trial.rejected_by],
                 trial.reason);
        tally_failure(t->campaign, t->tally, t->text, (enum isa)isa, reason, NULL);
        return false;
    }
    t->tally->lanes++;
    return true;
}

static bool alignments(struct trials *t)
{
    bool good = true;
    for (int k = 0; good && k < ALIGNMENTS * PLACEMENTS; k++) {
        const int floats = k / PLACEMENTS;
        char what[64];
        snprintf(what, sizeof what, "%d bytes from unmapped pages", 4 * floats);
        guard_keep_apart(t->judge.guard, floats);
        good = held(t, what, (enum placement)(k % PLACEMENTS));
    }
    guard_keep_apart(t->judge.guard, 0);
    return good;
}

/* As ref gave it, sign of zero and all; no NaN is. */
static bool as_before(double now, double before)
{
    return now == before && signbit(now) == signbit(before);
}

/* Outputs that ref gives as before have the bits that they had. */
static bool others_kept(struct trials *t, const char *what)
{
    for (int i = 0; i < t->judge.operands; i++)
        for (size_t k = 0; t->fast[i] && k < t->judge.count[i]; k++) {
            char where[96], reason[400];
            if (!as_before(t->judge.ref[i][k], t->ref[i][k]) ||
                !memcmp(&t->judge.scalar[i][k], &t->fast[i][k], sizeof(float)))
                continue;
            element_name(&t->judge, i, k, where);
            snprintf(reason, sizeof reason, "%s changes %s, which does not depend on it: %a to %a",
                     what, where, (double)t->fast[i][k], (double)t->judge.scalar[i][k]);
            tally_failure(t->campaign, t->tally, t->text, campaign_lead(t->campaign), reason, NULL);
            return false;
        }
    return true;
}

static bool one_special(struct trials *t, int operand, size_t at, double value, bool exact)
{
    double *element = &t->judge.ref[operand][at];
    const double before = *element;
    char what[160], where[96];
    element_name(&t->judge, operand, at, where);
    snprintf(what, sizeof what, "%s in %s", isnan(value) ? "NaN" : "an infinity", where);
    *element = value;
    judge_reference(&t->judge, exact);
    const bool good = held(t, what, PLACE_END) && others_kept(t, what);
    *element = before;
    return good;
}

static bool specials(struct trials *t, bool exact)
{
    struct judge *j = &t->judge;
    struct rng r = rng_named(t->campaign->seed, t->text);
    j->flags = false; /* the contract speaks of finite inputs */
    for (int i = 0; i < j->operands; i++) {
        if (j->function->operand[i].role == IN || j->absent[i])
            continue;
        t->ref[i] = copy(j->ref[i], j->count[i] * sizeof **t->ref);
        t->fast[i] = copy(j->scalar[i], j->count[i] * sizeof **t->fast);
    }
    for (int i = 0; i < j->operands; i++) {
        if (j->function->operand[i].role == OUT || j->absent[i])
            continue;
        const size_t place[] = { 0, j->count[i] - 1, (size_t)rng_int(&r, 0, (int)j->count[i] - 1) };
        for (int p = 0; p < 3; p++)
            for (const double *x = fill_specials(j->function->operand[i].fill); *x != 0.0; x++)
                if (!one_special(t, i, place[p], *x, exact))
                    return false;
    }
    return true;
}

/* An infinity times what vanishes in float, and in double does not, is NaN in float alone: unit
 * normals for the reals, where huge and tiny ones would be. */
static void without_extremes(struct trials *t, bool exact)
{
    struct rng r = rng_named(t->campaign->seed, t->text);
    for (int i = 0; !exact && i < t->judge.operands; i++)
        if (t->judge.function->operand[i].role == IN &&
            t->judge.function->operand[i].fill == FILL_REALS)
            fill_reals(&r, FILL_NORMALS, t->judge.ref[i], t->judge.count[i], 1);
}

/* Inputs that are exact where they can be, which is where the judge forgives least. */
static void try_lanes(struct campaign *c, struct guard *guard, struct tally *tally,
                      const char *text)
{
    struct trials t = { .campaign = c, .tally = tally, .text = text, .judge.guard = guard };
    union any_shape shape;
    struct error e;
    if (!shape_parse(tally->check, text, "case", &shape, &e) ||
        !shape_is_small(tally->check, tally->function, &shape))
        return;
    const bool exact = function_exact(tally->check, tally->function, &shape);
    judge_begin(&t.judge, tally->check, tally->function, &shape);
    draw_inputs(c->seed, &t.judge, text, exact);
    without_extremes(&t, exact);
    t.judge.flags = true;
    judge_reference(&t.judge, exact);
    if (alignments(&t))
        specials(&t, exact);
    for (int i = 0; i < t.judge.operands; i++) {
        free(t.ref[i]);
        free(t.fast[i]);
    }
    judge_end(&t.judge);
}

void campaign_lanes(struct campaign *c)
{
#pragma omp parallel num_threads(c->threads)
    {
        struct guard *guard = guard_create();
#pragma omp for schedule(dynamic)
        for (int i = 0; i < c->tallies; i++) {
            struct tally *t = &c->tally[i];
            long number = i;
            char text[SHAPE_TEXT];
            if (c->only) {
                shape_of(c->only, text);
                try_lanes(c, guard, t, text);
            }
            for (const char *const *p = t->check->cases; !c->only && *p; p++)
                if (number++ % c->shards == c->shard - 1)
                    try_lanes(c, guard, t, *p);
        }
        guard_destroy(guard);
    }
}
