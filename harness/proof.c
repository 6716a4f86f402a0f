/* proof.c - one defect, three proofs and a row of the kill matrix. */
#include "harness/campaign.h"
#include "harness/relations.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* The names in a folder, in order; 0 where there is none. */
static int entries(const char *folder, struct dirent ***entry)
{
    const int count = scandir(folder, entry, visible, alphasort);
    return count < 0 ? 0 : count;
}

bool defect_case(const struct defect *d, struct proof *out, char folder[4096],
                 union any_shape *shape, struct error *e)
{
    struct dirent **entry = NULL;
    char above[2048];
    *out = (struct proof){ .defect = d };
    snprintf(above, sizeof above, "%s/defects/%s", fixtures_dir(), d->id);
    const int count = entries(above, &entry);
    if (count == 1)
        snprintf(out->shape_text, sizeof out->shape_text, "%s", entry[0]->d_name);
    for (int i = 0; i < count; i++)
        free(entry[i]);
    free(count ? entry : NULL);
    snprintf(folder, 4096, "%s/%s", above, out->shape_text);
    out->function = find_function_or_step(d->stands_for, &out->check);
    if (count != 1)
        return fail(e, "%s: there is not one case; scripts/defects.py makes it", above);
    return shape_parse(out->check, out->shape_text, folder, shape, e);
}

/* The case of a defect, being proven. */
struct trials {
    const struct defect *defect;
    const bool *use;
    uint64_t seed;
    struct judge judge;
    char folder[4096];
    union any_shape shape;
    double *written[MAX_OPERANDS]; /* by the document's code; NULL: as it was before */
    double *correct[MAX_OPERANDS]; /* NumPy's */
    bool raises;
};

static double *numbers(const struct judge *j, int i)
{
    double *p = calloc(j->count[i] + 1, sizeof *p);
    if (!p)
        abort();
    return p;
}

static bool read_case(struct trials *t, struct error *e)
{
    struct judge *j = &t->judge;
    char path[4400], written[4200];
    bool good = true;
    snprintf(path, sizeof path, "%s/raises", t->folder);
    snprintf(written, sizeof written, "%s/written", t->folder);
    t->raises = access(path, R_OK) == 0;
    for (int i = 0; good && i < j->operands; i++) {
        const struct operand *o = &j->function->operand[i];
        if (j->absent[i])
            continue;
        if (o->role == OUT)
            t->correct[i] = numbers(j, i);
        good = fixture_operand(j, i, t->folder, o->role == OUT ? t->correct[i] : j->ref[i], e);
        snprintf(path, sizeof path, "%s/%s.npy", written, o->name);
        if (good && !t->raises && (o->role == OUT || access(path, R_OK) == 0)) {
            t->written[i] = numbers(j, i);
            good = fixture_operand(j, i, written, t->written[i], e);
        }
    }
    return good;
}

/* Both sides round, each result within the bound of as many terms as the largest. */
static bool agrees(const struct judge *j, int i, const double *a, const double *numpy, size_t *at)
{
    const struct operand *o = &j->function->operand[i];
    const double n = o->role == OUT && o->terms ? operand_terms(j->check, o, j->shape) : 1.0;
    double most = 0.0;
    for (size_t k = 0; k < j->count[i]; k++)
        most = isfinite(numpy[k]) ? fmax(most, fabs(numpy[k])) : most;
    double *bound = numbers(j, i);
    for (size_t k = 0; k < j->count[i]; k++)
        bound[k] = 2.0 * sum_bound(&double_precision, n, most, numpy[k]);
    const struct comparison c = compare_bound_double(a, numpy, bound, j->count[i]);
    *at = c.at;
    free(bound);
    return c.agree;
}

/* On copies without guard, where it may write to its inputs: what it never writes is NaN. */
static bool faithful(struct trials *t, struct error *e)
{
    struct judge *j = &t->judge;
    struct trial trial;
    double *copy[MAX_OPERANDS] = { NULL }, *operand[MAX_OPERANDS] = { NULL };
    bool good = true;
    if (t->raises)
        return (!judge_double(j, t->defect->kernel, PLACE_END, &trial) &&
                trial.rejected_by == JUDGE_GUARD) ||
               fail(e, "NumPy stops with an exception, this goes on within its arrays");
    for (int i = 0; i < j->operands; i++) {
        copy[i] = numbers(j, i);
        operand[i] = j->absent[i] ? NULL : copy[i];
        for (size_t k = 0; k < j->count[i]; k++)
            copy[i][k] = j->function->operand[i].role == IN ? j->ref[i][k] : NAN;
    }
    t->defect->kernel(&t->shape, operand);
    for (int i = 0; i < j->operands; i++) {
        const double *numpy = t->written[i] ? t->written[i] : j->ref[i];
        size_t at;
        if (good && !j->absent[i] && !agrees(j, i, copy[i], numpy, &at)) {
            char where[96];
            element_name(j, i, at, where);
            good = fail(e, "%s is %.17g, NumPy gives %.17g for the document's code", where,
                        copy[i][at], numpy[at]);
        }
        free(copy[i]);
    }
    return good;
}

static bool caught(struct trials *t, struct proof *out, struct error *e)
{
    const enum judge_name wanted = t->defect->judge;
    struct trial trial;
    if (judge_double(&t->judge, t->defect->kernel, PLACE_END, &trial))
        return fail(e, "nobody rejects it: it does what ref does");
    snprintf(out->caught_by, sizeof out->caught_by, "%s judge: %s", judge_label[trial.rejected_by],
             trial.reason);
    return trial.rejected_by == wanted || fail(e, "not rejected by the %s judge, but by the %s",
                                               judge_label[wanted], out->caught_by);
}

static bool mended(struct trials *t, struct error *e)
{
    struct judge *j = &t->judge;
    for (int i = 0; i < j->operands; i++)
        if (j->function->operand[i].role == OUT && !j->absent[i]) {
            const struct comparison c = fixture_compare(j, i, t->correct[i]);
            char where[96];
            element_name(j, i, c.at, where);
            if (!c.agree)
                return fail(e, "%s: ref gives %.17g, right is %.17g", where, j->ref[i][c.at],
                            t->correct[i][c.at]);
        }
    for (int isa = 0; isa < ISA_COUNT; isa++)
        for (int where = 0; where < PLACEMENTS; where++) {
            struct trial trial;
            if (!t->use[isa] && (isa != ISA_scalar || where != PLACE_START))
                continue;
            if (!judge_fast(j, (enum isa)isa, (enum placement)where, &trial))
                return fail(e, "fast, %s: %s", isa_name[isa], trial.reason);
        }
    return true;
}

static void look(struct proof *out, enum sight sight, bool seen)
{
    if (out->seen[sight] != SEEN)
        out->seen[sight] = seen ? SEEN : UNSEEN;
}

/* Numbers at random on the case's shape; the guard watches, and what it sees is its own. */
static void look_at_random(struct trials *t, struct proof *out)
{
    enum { DRAWS = 4 };
    for (int draw = 0; draw < 2 * DRAWS; draw++) {
        const bool exact = draw % 2;
        struct judge j = { .guard = t->judge.guard };
        struct trial trial;
        if (exact && !out->function->exact)
            continue;
        judge_begin(&j, out->check, out->function, &t->shape);
        draw_inputs(t->seed + (uint64_t)draw, &j, out->shape_text, exact);
        judge_reference(&j, exact);
        judge_double(&j, t->defect->kernel, PLACE_END, &trial);
        look(out, SIGHT_POISON, trial.rejected_by == JUDGE_POISON);
        look(out, SIGHT_PAGES, trial.rejected_by == JUDGE_GUARD);
        if (trial.rejected_by != JUDGE_GUARD)
            look(out, exact ? SIGHT_INTEGERS : SIGHT_REALS,
                 trial.rejected_by > JUDGE_POISON);
        judge_end(&j);
    }
}

static void look_at_relations(const struct trials *t, struct proof *out)
{
    static const enum sight sight[] = { SIGHT_ADJOINT, SIGHT_METAMORPHIC, SIGHT_DIFFERENCES };
    const struct performer who = { .replaced = out->function, .by = t->defect->kernel };
    struct error e;
    for (int kind = 0; kind < RELATIONS; kind++) {
        const enum outcome outcome = relation_outcome((enum relation)kind, &who, out->check,
                                                      out->function, &t->shape, t->seed, &e);
        if (outcome != OUTCOME_NONE)
            look(out, sight[kind], outcome == OUTCOME_BROKEN);
    }
}

/* The fixtures that every kernel of this layer.function has to pass. */
static void look_at_fixtures(struct trials *t, struct proof *out)
{
    struct dirent **entry = NULL;
    char folder[2048];
    snprintf(folder, sizeof folder, "%s/%s", fixtures_dir(), t->defect->stands_for);
    const int count = entries(folder, &entry);
    for (int i = 0; i < count; i++) {
        struct judge j = { .guard = t->judge.guard };
        union any_shape shape;
        char path[4096], text[SHAPE_TEXT];
        struct trial trial;
        struct error e;
        snprintf(path, sizeof path, "%s/%s", folder, entry[i]->d_name);
        snprintf(text, sizeof text, "%.*s", (int)strcspn(entry[i]->d_name, "#"), entry[i]->d_name);
        bool good = out->seen[SIGHT_FIXTURES] != SEEN &&
                    shape_parse(out->check, text, path, &shape, &e);
        if (good)
            judge_begin(&j, out->check, out->function, &shape);
        for (int k = 0; good && k < j.operands; k++)
            if (out->function->operand[k].role == IN && !j.absent[k])
                good = fixture_operand(&j, k, path, j.ref[k], &e);
        if (good) {
            judge_reference(&j, false);
            look(out, SIGHT_FIXTURES, !judge_double(&j, t->defect->kernel, PLACE_END, &trial));
        }
        judge_end(&j);
        free(entry[i]);
    }
    free(count ? entry : NULL);
}

bool defect_prove(const struct defect *d, const bool use[ISA_COUNT], uint64_t seed, struct guard *g,
                  struct proof *out)
{
    struct trials t = { .defect = d, .use = use, .seed = seed, .judge.guard = g };
    struct error e = { "" }, first = { "" };
    if (!defect_case(d, out, t.folder, &t.shape, &first)) {
        snprintf(out->failure, sizeof out->failure, "%s", first.text);
        return false;
    }
    for (int i = 0; i < SIGHTS; i++)
        out->seen[i] = NOT_APPLICABLE;
    judge_begin(&t.judge, out->check, out->function, &t.shape);
    if (read_case(&t, &e)) {
        judge_reference(&t.judge, d->judge == JUDGE_EXACT);
        out->mended = mended(&t, &e);
        if (!out->mended)
            fail(&first, "not mended: %.480s", e.text);
        out->caught = caught(&t, out, &e);
        if (!out->caught && !*first.text)
            fail(&first, "not caught: %.480s", e.text);
        out->faithful = faithful(&t, &e);
        if (!out->faithful && !*first.text)
            fail(&first, "not faithful: %.480s", e.text);
        look_at_random(&t, out);
        if (d->judge != JUDGE_GUARD) { /* it would go beyond arrays that nobody guards */
            look_at_relations(&t, out);
            look_at_fixtures(&t, out);
        }
    } else {
        first = e;
    }
    judge_end(&t.judge);
    for (int i = 0; i < MAX_OPERANDS; i++) {
        free(t.written[i]);
        free(t.correct[i]);
    }
    snprintf(out->failure, sizeof out->failure, "%s", first.text);
    return proof_held(out);
}
