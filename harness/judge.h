/* judge.h - one function, one shape, one set of inputs: ref says what is right, fast is tried.
 *
 *     judge_begin(j, check, function, shape)    allocates every operand
 *     ... the caller writes the inputs into j->ref[], exact in float ...
 *     judge_reference(j, exact)                 runs ref and computes the bounds
 *     judge_fast(j, isa, where, &trial)         runs fast under guard and judges it, repeatedly; at
 *                                               the end of pages once more in place, if outputs may
 *                                               lie over inputs
 *     judge_double(j, kernel, where, &trial)    the same for a kernel over double in fast's place
 *     judge_end(j)
 *
 * The first set tried must be ISA_scalar: the others have to give its bits; or it is ISA_plugin,
 * whose first call, against the start of a page, gives them.
 */
#ifndef HARNESS_JUDGE_H
#define HARNESS_JUDGE_H

#include "harness/check.h"
#include "harness/compare.h"
#include "harness/guard.h"

struct judge {
    const struct check *check;
    const struct function *function;
    const void *shape;
    struct guard *guard;
    int operands;
    size_t count[MAX_OPERANDS];
    bool absent[MAX_OPERANDS];
    double *ref[MAX_OPERANDS];   /* inputs, and what ref makes of them */
    double *bound[MAX_OPERANDS]; /* of OUT operands; NULL: fast must give ref rounded to float */
    double *sum[MAX_OPERANDS];   /* S of OUT operands */
    bool flags;                  /* set by the caller: fast may raise nothing beyond `raised` */
    int raised;                  /* what ref raises, and what float may raise beyond double */
    float *input[MAX_OPERANDS];
    float *scalar[MAX_OPERANDS]; /* what ISA_scalar gave, or a plugin at first */
    float *output[MAX_OPERANDS]; /* where the last trial left its outputs, until the next one */
    float *rounded[MAX_OPERANDS];
    double *written[MAX_OPERANDS]; /* likewise, of judge_double, before rounding to output */
};

/* The judge that rejected, or none: memory that is not the kernel's, an element that it never
 * wrote, another value than ref, one out of bounds, other bits than scalar, an
 * exception that ref does not raise. */
enum judge_name { JUDGE_NONE, JUDGE_GUARD, JUDGE_POISON, JUDGE_EXACT, JUDGE_BOUND, JUDGE_BITS,
                  JUDGE_FLAGS, JUDGES };
extern const char *const judge_label[JUDGES];

struct trial {
    enum judge_name rejected_by;
    char reason[320];
    double headroom; /* the worst error as a part of its bound; negative: nothing was bounded */
    int calls;       /* that were guarded */
};

void judge_begin(struct judge *j, const struct check *c, const struct function *f,
                 const void *shape);
void judge_reference(struct judge *j, bool exact);
bool judge_fast(struct judge *j, enum isa isa, enum placement where, struct trial *t);

/* A kernel over double with the arguments of function.ref; what it gives is rounded to float. */
typedef void double_kernel(const void *shape, double *const *operand);
bool judge_double(struct judge *j, double_kernel *kernel, enum placement where, struct trial *t);

/* Whether the last call raised nothing that ref does not; true unless j->flags. */
bool judge_flags(const struct judge *j, struct trial *t);

/* Whether it never wrote an element of judge->written. */
bool never_written(const double *element);

void judge_end(struct judge *j);

/* Where element `at` of an operand stands: "y[2,0,17]". */
void element_name(const struct judge *j, int operand, size_t at, char text[96]);

/* S and the bound of an OUT operand in a precision, around the values in `center`. */
void judge_bound(const struct judge *j, int operand, const struct precision *p,
                 const double *center, double *bound);

#endif
