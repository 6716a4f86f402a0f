#include "harness/campaign.h"

#include "harness/fill.h"
#include "harness/plugin.h"
#include "harness/progress.h"
#include "harness/shrink.h"
#include "harness/trust.h"

#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool campaign_takes(const struct campaign *c, const char *name, const char *function)
{
    char full[128];
    snprintf(full, sizeof full, "%s.%s", name, function);
    return !fnmatch(c->glob, full, 0) || !fnmatch(c->glob, name, 0);
}

bool campaign_runs(const struct campaign *c, int isa)
{
    return c->use[isa] || (isa == ISA_scalar && !c->use[ISA_plugin]);
}

enum isa campaign_lead(const struct campaign *c)
{
    return c->use[ISA_plugin] ? ISA_plugin : ISA_scalar;
}

void tally_case(struct campaign *c, struct tally *t, const char *text, const char *what,
                double headroom, enum isa isa, bool evidence)
{
    (void)c;
#pragma omp critical(tally)
    {
        t->cases++;
        t->trusted += evidence;
        t->exact += !strcmp(what, "integers");
        t->bound += headroom >= 0.0;
        t->fixtures += !strcmp(what, "fixture");
        if (headroom >= 0.0) {
            if ((t->spreads & (t->spreads - 1)) == 0) { /* full: room for twice as many */
                t->spread = realloc(t->spread, sizeof *t->spread * (size_t)(2 * t->spreads + 1));
                if (!t->spread)
                    abort();
            }
            t->spread[t->spreads++] = headroom;
        }
        if (headroom > t->headroom) {
            t->headroom = headroom;
            snprintf(t->witness, sizeof t->witness, "%s %s", isa_name[isa], text);
        }
    }
}

void tally_failure(struct campaign *c, struct tally *t, const char *text, enum isa isa,
                   const char *reason, const char *again)
{
#pragma omp critical(tally)
    {
        if (t->rejected++ == 0)
            snprintf(t->failure, sizeof t->failure, "%s %s: %s", isa_name[isa], text, reason);
        if (t->rejected <= REJECTIONS_TOLD) {
            progress_clear();
            printf("FAIL %s.%s %s %s: %s\n", t->check->layer, t->function->name, isa_name[isa],
                   text, reason);
            printf("REPRO: cnncheck verify --layer %s.%s %s%s%s --seed %llu ", t->check->layer,
                   t->function->name, isa == ISA_plugin ? "--plugin \"" : "--isa ",
                   isa == ISA_plugin ? plugin_file() : isa_name[isa],
                   isa == ISA_plugin ? "\"" : "", (unsigned long long)c->seed);
            printf(again ? "%s\n" : "--case \"%s\"\n", again ? again : text);
            fflush(stdout);
        }
    }
}

/* A case that waits for its turn. */
struct item {
    struct tally *tally;
    char text[SHAPE_TEXT];
};

/* The largest integer whose sums of n products stay exact in float, but not more than 9. */
static int largest_integer(const struct judge *j)
{
    double n = 1.0;
    for (const struct operand *o = j->function->operand; o->name; o++)
        if (o->role == OUT && o->terms)
            n = fmax(n, operand_terms(j->check, o, j->shape));
    return (int)fmax(1.0, fmin(9.0, floor(sqrt(0x1p24 / n))));
}

void draw_inputs(uint64_t seed, struct judge *j, const char *text, bool exact)
{
    char stream[SHAPE_TEXT + 128];
    snprintf(stream, sizeof stream, "%s.%s %s %s", j->check->layer, j->function->name, text,
             exact ? "integers" : "reals");
    struct rng r = rng_named(seed, stream);
    /* Huge and tiny numbers widen bounds: every second case goes without, and selects from ties. */
    const bool plain = rng_int(&r, 0, 1);
    for (int i = 0; i < j->operands; i++) {
        const struct operand *o = &j->function->operand[i];
        const enum fill fill = o->fill == FILL_REALS && plain ? FILL_NORMALS : o->fill;
        int dim[MAX_DIMS];
        const int rank = operand_dims(j->check, o, j->shape, dim);
        if (o->role == OUT)
            continue;
        if (exact)
            fill_integers(&r, j->ref[i], j->count[i], o->selects && plain ? 2 : largest_integer(j));
        else
            fill_reals(&r, fill, j->ref[i], j->count[i], rank ? dim[rank - 1] : 1);
    }
}

/* What came of one case with one kind of inputs. */
struct verdict {
    long calls[ISA_COUNT];
    bool evidence;
    struct trial trial; /* the last one, */
    enum isa isa;       /* its set, or the one with the worst headroom, */
    enum placement where;
    double headroom;
};

/* Every set, at every place; ISA_scalar comes first, for its bits, even where it was not asked
 * for. */
static bool judge_sets(const struct campaign *c, struct judge *j, struct verdict *v)
{
    *v = (struct verdict){ .headroom = -1.0, .evidence = case_is_evidence(j) };
    for (int isa = 0; isa < ISA_COUNT; isa++)
        for (int where = 0; where < PLACEMENTS; where++) {
            if (!c->use[isa] && (!campaign_runs(c, isa) || where != PLACE_START))
                continue;
            const bool held = judge_fast(j, (enum isa)isa, (enum placement)where, &v->trial);
            v->calls[isa] += v->trial.calls;
            if (!held) {
                v->isa = (enum isa)isa;
                v->where = (enum placement)where;
                return false;
            }
            if (v->trial.headroom > v->headroom) {
                v->headroom = v->trial.headroom;
                v->isa = (enum isa)isa;
            }
        }
    return true;
}

/* A case at work, and what came of it. */
struct work {
    const struct campaign *campaign;
    const struct tally *tally;
    struct guard *guard;
    bool exact;
    struct verdict verdict;
};

static bool try_shape(struct work *w, const void *shape, struct verdict *v)
{
    struct judge j = { .guard = w->guard };
    char text[SHAPE_TEXT];
    shape_print(w->tally->check, shape, text);
    judge_begin(&j, w->tally->check, w->tally->function, shape);
    draw_inputs(w->campaign->seed, &j, text, w->exact);
    j.flags = true;
    judge_reference(&j, w->exact);
    const bool held = judge_sets(w->campaign, &j, v);
    judge_end(&j);
    return held;
}

/* Rejected by the same judge, whatever the set. */
static bool fails_too(void *context, const void *shape)
{
    struct work *w = context;
    struct verdict v;
    if (try_shape(w, shape, &v) || v.trial.rejected_by != w->verdict.trial.rejected_by)
        return false;
    w->verdict = v;
    return true;
}

/* Tells of a case that was rejected, or, unless it was asked for, of the smallest such. */
static void reject(struct campaign *c, struct work *w, struct tally *t, union any_shape *shape)
{
    char text[SHAPE_TEXT], first[SHAPE_TEXT], reason[720];
    shape_print(t->check, shape, first);
    if (!c->only && t->rejected < REJECTIONS_TOLD)
        shrink(t->check, shape, fails_too, w);
    shape_print(t->check, shape, text);
    snprintf(reason, sizeof reason, "%s, against the %s of a page: %s judge: %s%s%s",
             w->exact ? "integers" : "reals", placement_name[w->verdict.where],
             judge_label[w->verdict.trial.rejected_by], w->verdict.trial.reason,
             strcmp(first, text) ? "; reduced from " : "", strcmp(first, text) ? first : "");
    tally_failure(c, t, text, w->verdict.isa, reason, NULL);
}

static void run_item(struct campaign *c, struct guard *guard, const struct item *item)
{
    union any_shape shape;
    struct error e;
    struct tally *t = item->tally;
    if (!shape_parse(t->check, item->text, "case", &shape, &e)) {
        tally_failure(c, t, item->text, ISA_scalar, e.text, NULL);
        return;
    }
    for (int exact = 0; exact <= function_exact(t->check, t->function, &shape); exact++) {
        struct work w = { c, t, guard, exact };
        const double start = seconds_now();
        const bool held = try_shape(&w, &shape, &w.verdict);
        for (int isa = 0; isa < ISA_COUNT; isa++)
#pragma omp atomic
            t->calls[isa] += w.verdict.calls[isa];
#pragma omp atomic
        t->seconds += seconds_now() - start;
        if (held)
            tally_case(c, t, item->text, exact ? "integers" : "reals", w.verdict.headroom,
                       w.verdict.isa, w.verdict.evidence);
        else
            reject(c, &w, t, &shape);
    }
}

static void run_items(struct campaign *c, const struct item *item, int count, bool shown)
{
    int done = 0;
#pragma omp parallel num_threads(c->threads)
    {
        struct guard *guard = guard_create();
#pragma omp for schedule(dynamic)
        for (int i = 0; i < count; i++) {
            run_item(c, guard, &item[i]);
            int finished;
#pragma omp atomic capture
            finished = ++done;
            if (shown)
                progress("cases", c->start, finished, count);
        }
        guard_destroy(guard);
    }
}

/* Adds a case unless it belongs to another shard; returns the new count. */
static int add_item(struct campaign *c, struct item *item, int count, long *number,
                    struct tally *t, const char *text)
{
    if ((*number)++ % c->shards != c->shard - 1)
        return count;
    item[count].tally = t;
    snprintf(item[count].text, SHAPE_TEXT, "%s", text);
    return count + 1;
}

/* `random` drawn cases of every function taken, after the listed ones when `listed`. */
static int gather(struct campaign *c, struct item *item, long *number, bool listed, int random,
                  uint64_t draw)
{
    int count = 0;
    for (struct tally *t = c->tally; t < c->tally + c->tallies; t++) {
        char text[SHAPE_TEXT], stream[128];
        for (const char *const *p = t->check->cases; listed && *p; p++)
            count = add_item(c, item, count, number, t, *p);
        snprintf(stream, sizeof stream, "shapes of %s.%s", t->check->layer, t->function->name);
        struct rng r = rng_named(c->seed + draw, stream);
        for (int i = 0; i < random; i++) {
            union any_shape shape;
            shape_random(t->check, &r, &shape);
            shape_print(t->check, &shape, text);
            count = add_item(c, item, count, number, t, text);
        }
    }
    return count;
}

void campaign_cases(struct campaign *c)
{
    static const int drawn[] = { [TIER_SMOKE] = 10, [TIER_FULL] = 120, [TIER_EXHAUSTIVE] = 120 };
    enum { BATCH = 10 };
    struct item *item = malloc(sizeof *item * (size_t)((c->tallies + 1) * (MAX_CASES + 120)));
    long number = 0;
    if (!item)
        abort();
    if (c->only) {
        for (struct tally *t = c->tally; t < c->tally + c->tallies; t++) {
            item->tally = t;
            shape_of(c->only, item->text);
            run_items(c, item, 1, false);
        }
    } else {
        run_items(c, item, gather(c, item, &number, true, drawn[c->tier], 0), true);
        const double end = seconds_now() + c->budget;
        for (uint64_t draw = 1; seconds_now() < end; draw++) {
            progress("random cases", end - c->budget, c->budget - (end - seconds_now()), c->budget);
            run_items(c, item, gather(c, item, &number, false, BATCH, draw), false);
        }
    }
    free(item);
}
