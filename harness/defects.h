/* defects.h - what is wrong in the documents: every finding by name, and the code of those that
 * compute something, kept beside the case that catches it.
 *
 * A defect's function does what the document does, in double, with the arguments of the
 * layer.function that it stands in for. Four things are proven of each, on the case in
 * fixtures/defects/<id>/<shape>, which scripts/defects.py makes:
 *     faithful   it gives the numbers that NumPy gives for the document's code
 *     caught     in the place of fast it is rejected, by the judge that stands in its row
 *     mended     ref and fast pass on the same case, and NumPy agrees with ref
 *     sure       on other numbers some check sees it with every one of SEEDS seeds
 *
 * Where the document's code stops with an exception, its function returns and leaves its outputs as
 * they are; a row that says GUARD does instead what C would: it goes on past the end of an array.
 */
#ifndef HARNESS_DEFECTS_H
#define HARNESS_DEFECTS_H

#include "harness/judge.h"

/* A finding, in words. */
struct finding {
    const char *id; /* "D004-07": the seventh of document 004 */
    enum finding_kind { DEFECT, HAZARD, DESIGN, PROSE, EVALUATION, ENVIRONMENT } kind;
    const char *place;       /* in the document */
    const char *does;        /* what the document does there */
    const char *correct;     /* and what it should do */
    const char *consequence; /* in training, or where it shows */
    const char *reason;      /* why it has no function; NULL: it has one */
};
extern const char *const finding_kind_name[];

/* A finding that computes. */
struct defect {
    const char *id;
    const char *stands_for; /* a layer.function, or one of steps[] */
    enum judge_name judge;  /* that must reject it on its case */
    double_kernel *kernel;
};

/* Five tables of each, one a document, each ended by a NULL id; the lists end with NULL. */
extern const struct finding *const findings[];
extern const struct defect *const defects[];

const struct finding *find_finding(const char *id);
const struct defect *find_defect(const char *id);

/* What documents do in more than one step, so that one step can be wrong with respect to another:
 * described like layers, made of calls of their kernels. Ended by NULL. */
extern const struct check *const steps[];

/* A layer.function or a step. */
const struct function *find_function_or_step(const char *name, const struct check **check);

/* The checks of the kill matrix: which of them, alone, sees a defect on shapes like its case's.
 * INTEGERS and REALS are the exact and the bound judge on numbers drawn at random; SPECIALS both of
 * them with a NaN or an infinity in one element; FLAGS the exceptions raised; POISON and PAGES the
 * two parts of the guard; FIXTURES those of the layer, which know no seed. What only float, vectors
 * and threads can do wrong is not here but in tests/breaks.c. */
enum sight { SIGHT_INTEGERS, SIGHT_REALS, SIGHT_SPECIALS, SIGHT_FLAGS, SIGHT_DIFFERENCES,
             SIGHT_ADJOINT, SIGHT_METAMORPHIC, SIGHT_POISON, SIGHT_PAGES, SIGHT_FIXTURES, SIGHTS };
extern const char *const sight_name[SIGHTS];

enum { SEEDS = 10, NOT_APPLICABLE = -1 };

/* What came of one defect. */
struct proof {
    const struct defect *defect;
    const struct check *check;
    const struct function *function;
    char shape_text[SHAPE_TEXT];
    bool faithful, caught, mended, sure;
    double seconds;
    char failure[512];      /* the first that failed */
    char caught_by[400];    /* what the judge said */
    int seen[SIGHTS];       /* with how many of SEEDS seeds, or NOT_APPLICABLE */
};

static inline bool proof_held(const struct proof *p)
{
    return p->faithful && p->caught && p->mended && p->sure;
}

/* Fills the proof of a defect; true when all four hold. `use` are the sets that fast is tried at,
 * and `seed` draws the seeds of the kill matrix. */
bool defect_prove(const struct defect *d, const bool use[ISA_COUNT], uint64_t seed, struct guard *g,
                  struct proof *out);

/* The case of a defect: its folder, shape and function. */
bool defect_case(const struct defect *d, struct proof *out, char folder[4096],
                 union any_shape *shape, struct error *e);

/* A row of the kill matrix: proof->seen. */
void defect_look(struct proof *p, const union any_shape *shape, uint64_t seed, struct guard *g);

#endif
