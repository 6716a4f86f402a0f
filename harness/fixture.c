/* fixture.c - NumPy as the third opinion: fixtures/<layer>.<function>/<case>/<operand>.npy. */
#include "harness/fixture.h"

#include "harness/campaign.h"
#include "harness/npy.h"
#include "harness/trust.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef FIXTURES_DIR
#define FIXTURES_DIR "fixtures"
#endif

const char *fixtures_dir(void)
{
    const char *dir = getenv("CNNCHECK_FIXTURES");
    return dir && *dir ? dir : FIXTURES_DIR;
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int fixture_entries(const char *folder, struct dirent ***entry)
{
    *entry = NULL;
    const int count = scandir(folder, entry, visible, alphasort);
    return count < 0 ? 0 : count;
}

bool fixture_operand(const struct judge *j, int i, const char *folder, double *out,
                         struct error *e)
{
    const struct operand *o = &j->function->operand[i];
    char path[4400];
    int dim[MAX_DIMS];
    struct npy a;
    snprintf(path, sizeof path, "%s/%s.npy", folder, o->name);
    if (!npy_read(path, &a, e))
        return false;
    const int rank = operand_dims(j->check, o, j->shape, dim);
    bool fits = a.rank == rank && !memcmp(a.dim, dim, sizeof *dim * (size_t)rank);
    if (fits)
        memcpy(out, a.data, a.count * sizeof *out);
    npy_free(&a);
    return fits || fail(e, "%s: not of the shape that its case gives %s", path, o->name);
}

struct comparison fixture_compare(struct judge *j, int i, const double *numpy)
{
    double *bound = calloc(j->count[i] + 1, sizeof *bound);
    if (!bound)
        abort();
    if (j->function->operand[i].terms)
        judge_bound(j, i, &double_precision, numpy, bound);
    for (size_t k = 0; k < j->count[i]; k++)
        bound[k] *= 2.0;
    const struct comparison c = compare_bound_double(j->ref[i], numpy, bound, j->count[i]);
    free(bound);
    return c;
}

/* Whether what fast left agrees with NumPy, by the rule that it is held to against ref. */
static bool fast_agrees_with_numpy(struct judge *j, double *const *numpy)
{
    for (int i = 0; i < j->operands; i++) {
        if (j->function->operand[i].role == IN)
            continue;
        const struct comparison c =
            j->bound[i] ? compare_bound(j->output[i], numpy[i], j->bound[i], j->count[i])
                        : compare_same(j->output[i], numpy[i], j->count[i]);
        if (!c.agree)
            return false;
    }
    return true;
}

/* Three opinions, two by two: the one that stands alone is named. */
static const char *odd_one_out(bool ref_numpy, bool fast_ref, bool fast_numpy)
{
    if (ref_numpy)
        return fast_ref ? "all agree" : "fast stands alone";
    if (fast_ref)
        return fast_numpy ? "ref and numpy differ, by too little for fast to side with either"
                          : "numpy stands alone";
    return fast_numpy ? "ref stands alone" : "no two agree";
}

static void judge_fixture(struct campaign *c, struct judge *j, struct tally *t, const char *text,
                          double *const *numpy)
{
    char difference[256] = "";
    bool ref_numpy = true;
    double headroom = -1.0;
    enum isa worst = ISA_scalar;
    judge_reference(j, false);
    for (int i = 0; i < j->operands; i++) {
        if (j->function->operand[i].role == IN)
            continue;
        const struct comparison with = fixture_compare(j, i, numpy[i]);
        if (!with.agree && ref_numpy) {
            char where[96];
            element_name(j, i, with.at, where);
            snprintf(difference, sizeof difference, "; %s: ref %.17g, numpy %.17g", where,
                     j->ref[i][with.at], numpy[i][with.at]);
        }
        ref_numpy = ref_numpy && with.agree;
    }
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        struct trial trial;
        char reason[700];
        if (!campaign_runs(c, isa))
            continue;
        const bool fast_ref = judge_fast(j, (enum isa)isa, PLACE_START, &trial);
        t->calls[isa] += trial.calls;
        const bool spoken = fast_ref || (trial.rejected_by != JUDGE_GUARD &&
                                         trial.rejected_by != JUDGE_POISON);
        const bool fast_numpy = spoken && fast_agrees_with_numpy(j, numpy);
        if (!ref_numpy || !fast_ref) {
            snprintf(reason, sizeof reason, "fixture: %s%s%s%s%s%s",
                     odd_one_out(ref_numpy, fast_ref, fast_numpy), difference,
                     fast_ref ? "" : "; fast: ",
                     fast_ref ? "" : judge_label[trial.rejected_by],
                     fast_ref ? "" : " judge: ", fast_ref ? "" : trial.reason);
            tally_failure(c, t, text, (enum isa)isa, reason, NULL);
            return;
        }
        if (trial.headroom > headroom) {
            headroom = trial.headroom;
            worst = (enum isa)isa;
        }
    }
    tally_case(c, t, text, "fixture", headroom, worst, case_is_evidence(j));
}

/* One case; `text` is its folder's name: a shape, and perhaps '#' and a label. */
static void run_fixture(struct campaign *c, struct judge *j, struct tally *t, const char *folder,
                        const char *text)
{
    char shape_text[SHAPE_TEXT];
    union any_shape shape;
    struct error e;
    shape_of(text, shape_text);
    if (!shape_parse(t->check, shape_text, folder, &shape, &e)) {
        tally_failure(c, t, text, ISA_scalar, e.text, NULL);
        return;
    }
    double *numpy[MAX_OPERANDS] = { NULL };
    bool good = true;
    judge_begin(j, t->check, t->function, &shape);
    for (int i = 0; good && i < j->operands; i++) {
        double *out = j->ref[i];
        if (t->function->operand[i].role == OUT)
            out = numpy[i] = calloc(j->count[i] + 1, sizeof *out);
        good = j->absent[i] || fixture_operand(j, i, folder, out, &e);
    }
    if (good)
        judge_fixture(c, j, t, text, numpy);
    else
        tally_failure(c, t, text, ISA_scalar, e.text, NULL);
    for (int i = 0; i < j->operands; i++)
        free(numpy[i]);
    judge_end(j);
}

void campaign_fixtures(struct campaign *c)
{
    struct judge j = { .guard = guard_create() };
    long number = 0;
    for (struct tally *t = c->tally; t < c->tally + c->tallies; t++) {
        char folder[2048];
        struct dirent **entry;
        snprintf(folder, sizeof folder, "%s/%s.%s", fixtures_dir(), t->check->layer,
                 t->function->name);
        const int count = fixture_entries(folder, &entry);
        if (count < 1)
            tally_failure(c, t, "fixtures", ISA_scalar, "this function has no fixtures", "");
        for (int i = 0; i < count; i++) {
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", folder, entry[i]->d_name);
            if (c->only ? !strcmp(c->only, entry[i]->d_name)
                        : number++ % c->shards == c->shard - 1)
                run_fixture(c, &j, t, path, entry[i]->d_name);
            free(entry[i]);
        }
        free(entry);
    }
    guard_destroy(j.guard);
}
