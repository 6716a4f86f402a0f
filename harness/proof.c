/* proof.c - one defect and its four proofs. */
#include "harness/campaign.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool defect_case(const struct defect *d, struct proof *out, char folder[4096],
                 union any_shape *shape, struct error *e)
{
    struct dirent **entry;
    char above[2048];
    *out = (struct proof){ .defect = d };
    snprintf(above, sizeof above, "%s/defects/%s", fixtures_dir(), d->id);
    const int count = fixture_entries(above, &entry);
    if (count == 1)
        snprintf(out->shape_text, sizeof out->shape_text, "%s", entry[0]->d_name);
    for (int i = 0; i < count; i++)
        free(entry[i]);
    free(entry);
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

static bool sure(const struct proof *p, struct error *e)
{
    int best = 0;
    for (int k = 1; k < SIGHTS; k++)
        best = p->seen[k] > p->seen[best] ? k : best;
    return p->seen[best] == SEEDS ||
           fail(e, "no check sees it with every seed; %s with %d of %d", sight_name[best],
                p->seen[best] > 0 ? p->seen[best] : 0, SEEDS);
}

bool defect_prove(const struct defect *d, const bool use[ISA_COUNT], uint64_t seed, struct guard *g,
                  struct proof *out)
{
    struct trials t = { .defect = d, .use = use, .judge.guard = g };
    struct error e = { "" }, first = { "" };
    if (!defect_case(d, out, t.folder, &t.shape, &first)) {
        snprintf(out->failure, sizeof out->failure, "%s", first.text);
        return false;
    }
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
        defect_look(out, &t.shape, seed, g);
        out->sure = sure(out, &e);
        if (!out->sure && !*first.text)
            fail(&first, "not sure: %.480s", e.text);
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
