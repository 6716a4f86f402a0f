#include "harness/judge.h"

#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const judge_label[JUDGES] = { "none", "guard", "poison", "exact", "bound", "bits",
                                   "flags" };

static void *allocate(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size); /* an empty operand has an address too */
    if (!p) {
        fprintf(stderr, "cnncheck: no memory for a case of %zu elements\n", count);
        exit(2);
    }
    return p;
}

void judge_begin(struct judge *j, const struct check *c, const struct function *f,
                 const void *shape)
{
    *j = (struct judge){ .check = c, .function = f, .shape = shape, .guard = j->guard };
    for (const struct operand *o = f->operand; o->name; o++) {
        const int i = j->operands++;
        j->absent[i] = operand_absent(c, o, shape);
        j->count[i] = operand_count(c, o, shape);
        j->ref[i] = allocate(j->count[i], sizeof(double));
        if (o->role == IN) {
            j->input[i] = allocate(j->count[i], sizeof(float));
        } else {
            j->scalar[i] = allocate(j->count[i], sizeof(float));
            j->rounded[i] = allocate(j->count[i], sizeof(float));
            j->sum[i] = allocate(j->count[i], sizeof(double));
        }
    }
}

void judge_end(struct judge *j)
{
    while (j->operands > 0) {
        const int i = --j->operands;
        free(j->ref[i]);
        free(j->bound[i]);
        free(j->sum[i]);
        free(j->input[i]);
        free(j->scalar[i]);
        free(j->rounded[i]);
    }
}

/* S: by the check's own formula, or by ref on absolute values. */
static void sum_of_absolutes(struct judge *j)
{
    const struct function *f = j->function;
    double *operand[MAX_OPERANDS] = { NULL }, *copy[MAX_OPERANDS] = { NULL };
    for (int i = 0; f->operand[i].name; i++) {
        operand[i] = f->operand[i].role == OUT ? j->sum[i] : j->ref[i];
        if (f->operand[i].role == IN && !f->magnitude && !f->operand[i].selects) {
            operand[i] = copy[i] = allocate(j->count[i], sizeof(double));
            for (size_t k = 0; k < j->count[i]; k++)
                copy[i][k] = fabs(j->ref[i][k]);
        }
        if (j->absent[i])
            operand[i] = NULL;
    }
    (f->magnitude ? f->magnitude : f->ref)(j->shape, operand);
    for (int i = 0; f->operand[i].name; i++)
        free(copy[i]);
}

void judge_bound(const struct judge *j, int operand, const struct precision *p,
                 const double *center, double *bound)
{
    const struct operand *o = &j->function->operand[operand];
    const double n = o->terms ? operand_terms(j->check, o, j->shape) : 1.0;
    for (size_t k = 0; k < j->count[operand]; k++)
        bound[k] = sum_bound(p, n, fabs(j->sum[operand][k]), center[k]);
}

void judge_reference(struct judge *j, bool exact)
{
    const struct function *f = j->function;
    double *operand[MAX_OPERANDS] = { NULL };
    for (int i = 0; f->operand[i].name; i++) {
        operand[i] = j->absent[i] ? NULL : j->ref[i];
        for (size_t k = 0; j->input[i] && k < j->count[i]; k++)
            j->input[i][k] = (float)j->ref[i][k];
    }
    feclearexcept(FE_ALL_EXCEPT);
    f->ref(j->shape, operand);
    j->raised = fetestexcept(FE_ALL_EXCEPT) | FE_INEXACT | (exact ? 0 : FE_OVERFLOW | FE_UNDERFLOW);
    if (j->raised & (FE_INVALID | FE_DIVBYZERO)) /* one singularity, two ways to meet it */
        j->raised |= FE_INVALID | FE_DIVBYZERO;
    if (f->rule == RULE_BOUND)
        sum_of_absolutes(j);
    for (int i = 0; f->operand[i].name; i++) {
        for (size_t k = 0; f->rule != RULE_BOUND && j->sum[i] && k < j->count[i]; k++)
            j->sum[i][k] = j->ref[i][k]; /* one term: the value itself */
        free(j->bound[i]);
        j->bound[i] = NULL;
        if (f->operand[i].role == IN || exact || f->rule == RULE_SAME)
            continue;
        j->bound[i] = allocate(j->count[i], sizeof(double));
        if (f->rule == RULE_BOUND)
            judge_bound(j, i, &single_precision, j->ref[i], j->bound[i]);
        for (size_t k = 0; f->rule == RULE_ULP && k < j->count[i]; k++)
            j->bound[i][k] = ulp_bound(j->ref[i][k]);
    }
}

void element_name(const struct judge *j, int operand, size_t at, char text[96])
{
    const struct operand *o = &j->function->operand[operand];
    int dim[MAX_DIMS], rank = operand_dims(j->check, o, j->shape, dim), used;
    size_t below = j->count[operand];
    used = snprintf(text, 96, "%s", o->name);
    for (int i = 0; i < rank; i++) {
        below /= (size_t)dim[i];
        used += snprintf(text + used, 96 - (size_t)used, "%c%zu", i ? ',' : '[', at / below);
        at %= below;
    }
    if (rank)
        snprintf(text + used, 96 - (size_t)used, "]");
}

/* The calls that a guard makes. */
struct call {
    const struct judge *judge;
    enum isa isa;
    float *operand[MAX_OPERANDS], *work;
};

struct double_call {
    const struct judge *judge;
    double_kernel *kernel;
    double *operand[MAX_OPERANDS];
};

static void make_call(void *context)
{
    struct call *c = context;
    c->judge->function->fast(c->isa, c->judge->shape, c->operand, c->work);
}

static void make_double_call(void *context)
{
    struct double_call *c = context;
    c->kernel(c->judge->shape, c->operand);
}

static bool reject(struct trial *t, enum judge_name by)
{
    t->rejected_by = by;
    return false;
}

/* One OUT operand: everything written, right by its rule, and the bits of the level that leads. */
static bool judge_output(struct judge *j, int i, enum isa isa, bool first, struct trial *t)
{
    const float *y = j->output[i];
    char where[96];
    for (size_t k = 0; k < j->count[i]; k++)
        if (guard_is_poison(y[k])) {
            element_name(j, i, k, where);
            snprintf(t->reason, sizeof t->reason, "never wrote %s", where);
            return reject(t, JUDGE_POISON);
        }
    struct comparison c = j->bound[i]
                              ? compare_bound(y, j->ref[i], j->bound[i], j->count[i])
                              : compare_same(y, j->ref[i], j->count[i]);
    if (!c.agree) {
        element_name(j, i, c.at, where);
        snprintf(t->reason, sizeof t->reason, "%s is %.9g, ref %.17g, bound %.3g", where,
                 (double)y[c.at], j->ref[i][c.at], j->bound[i] ? j->bound[i][c.at] : 0.0);
        return reject(t, j->bound[i] ? JUDGE_BOUND : JUDGE_EXACT);
    }
    if (j->bound[i] && c.headroom > t->headroom)
        t->headroom = c.headroom;
    if (isa_leads(isa) && first)
        memcpy(j->scalar[i], y, j->count[i] * sizeof *y);
    c = compare_bits(y, j->scalar[i], j->count[i]);
    if (!c.agree) {
        element_name(j, i, c.at, where);
        snprintf(t->reason, sizeof t->reason, "%s is %a, %s gave %a", where, (double)y[c.at],
                 isa == ISA_plugin ? "its first call" : "scalar", (double)j->scalar[i][c.at]);
        return reject(t, JUDGE_BITS);
    }
    return true;
}

bool judge_flags(const struct judge *j, struct trial *t)
{
    static const struct { int flag; const char *name; } flags[] = {
        { FE_INVALID, "invalid" }, { FE_DIVBYZERO, "divide-by-zero" },
        { FE_OVERFLOW, "overflow" }, { FE_UNDERFLOW, "underflow" }, { .name = NULL },
    };
    const int more = j->flags ? guard_raised(j->guard) & ~j->raised : 0;
    for (int i = 0; flags[i].name; i++)
        if (more & flags[i].flag) {
            snprintf(t->reason, sizeof t->reason, "raised %s, as ref does not", flags[i].name);
            return reject(t, JUDGE_FLAGS);
        }
    return true;
}

static bool try_fast(struct judge *j, enum isa isa, enum placement where, bool in_place,
                     struct trial *t)
{
    const struct function *f = j->function;
    struct call call = { .judge = j, .isa = isa };
    char message[GUARD_MESSAGE];
    for (int i = 0; f->operand[i].name; i++) {
        const int under = in_place ? operand_beneath(f, i) : -1;
        j->output[i] = under >= 0 ? guard_share(j->guard, under)
                                  : guard_place(j->guard, i, f->operand[i].name, j->input[i],
                                                j->count[i], where);
        call.operand[i] = j->absent[i] ? NULL : j->output[i];
    }
    const size_t work = f->workspace ? f->workspace(isa, j->shape) : 0;
    call.work = guard_place(j->guard, j->operands, "the workspace", NULL, work, where);
    for (size_t k = 0; k < work; k++)
        call.work[k] = NAN; /* quiet: a kernel may compute with what it throws away */
    t->calls++;
    if (!guard_call(j->guard, make_call, &call, message)) {
        snprintf(t->reason, sizeof t->reason, "%s", message);
        return reject(t, JUDGE_GUARD);
    }
    for (int i = 0; f->operand[i].name; i++)
        if (f->operand[i].role == OUT &&
            !judge_output(j, i, isa, where == PLACE_START, t))
            return false;
    return judge_flags(j, t);
}

bool judge_fast(struct judge *j, enum isa isa, enum placement where, struct trial *t)
{
    bool shares = false;
    *t = (struct trial){ .headroom = -1.0 };
    for (int i = 0; i < j->operands; i++)
        shares = shares || operand_beneath(j->function, i) >= 0;
    if (!try_fast(j, isa, where, false, t))
        return false;
    if (where != PLACE_END || !shares || try_fast(j, isa, where, true, t))
        return true;
    strcat(t->reason, ", in place");
    return false;
}

bool never_written(const double *element)
{
    float half[2];
    memcpy(half, element, sizeof half);
    return guard_is_poison(half[0]) && guard_is_poison(half[1]);
}

/* To float; what was never written stays so. */
static void round_written(struct judge *j, int i)
{
    j->output[i] = j->rounded[i];
    for (size_t k = 0; k < j->count[i]; k++)
        if (never_written(&j->written[i][k]))
            memcpy(&j->output[i][k], &j->written[i][k], sizeof(float));
        else
            j->output[i][k] = (float)j->written[i][k];
}

/* To the guard a double is two floats. */
bool judge_double(struct judge *j, double_kernel *kernel, enum placement where, struct trial *t)
{
    const struct function *f = j->function;
    struct double_call call = { .judge = j, .kernel = kernel };
    char message[GUARD_MESSAGE];
    *t = (struct trial){ .headroom = -1.0 };
    for (int i = 0; f->operand[i].name; i++) {
        const void *input = f->operand[i].role == IN ? j->ref[i] : NULL;
        void *at = guard_place(j->guard, i, f->operand[i].name, input, 2 * j->count[i], where);
        j->written[i] = at;
        call.operand[i] = j->absent[i] ? NULL : at;
    }
    if (!guard_call(j->guard, make_double_call, &call, message)) {
        snprintf(t->reason, sizeof t->reason, "%s", message);
        return reject(t, JUDGE_GUARD);
    }
    for (int i = 0; f->operand[i].name; i++)
        if (f->operand[i].role == OUT)
            round_written(j, i);
    for (int i = 0; f->operand[i].name; i++)
        if (f->operand[i].role == OUT && !judge_output(j, i, ISA_scalar, true, t))
            return false;
    return true;
}
