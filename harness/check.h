/* check.h - how a layer is exercised, as data: its shapes, operands, calls, and how errors are
 * judged.
 *
 * harness/check/x.c describes layer x in one `const struct check x_check`; verify, run and the
 * tests all read the same description, and none of them knows a formula.
 */
#ifndef HARNESS_CHECK_H
#define HARNESS_CHECK_H

#include "fast/isa/isa.h"
#include "fast/plugin.h"
#include "harness/error.h"
#include "harness/rng.h"
#include "ref/layers.h"

#include <stddef.h>
#include <stdint.h>

enum { MAX_KEYS = 16, MAX_OPERANDS = 8, MAX_FUNCTIONS = 5, MAX_DIMS = 4, MAX_CASES = 72,
       SHAPE_TEXT = 256 };

/* One key of a case: a member of the shape, or a number derived from it. */
struct key {
    const char *name;
    enum { KEY_INT, KEY_REAL, KEY_CHOICE, KEY_DERIVED } kind;
    size_t offset;             /* of the int or double in the shape */
    int least, most;           /* what random cases draw from, for KEY_INT */
    const char *const *choice; /* the names of 0, 1, ..., ended by NULL, for KEY_CHOICE */
    const double *values;      /* what random cases draw from, ended by a NaN, for KEY_REAL */
    int (*derived)(const void *shape);
};

#define INT_KEY(layer, member, from, to)                                                           \
    { .name = #member, .kind = KEY_INT, .offset = offsetof(struct layer##_shape, member),          \
      .least = from, .most = to }
#define REAL_KEY(layer, member, list)                                                              \
    { .name = #member, .kind = KEY_REAL, .offset = offsetof(struct layer##_shape, member),         \
      .values = list }

/* What the reals of an operand look like. Integers, for the exact judge, are drawn alike for
 * all. */
enum fill {
    FILL_REALS,         /* unit normals among zeros, tiny and huge numbers, with either sign */
    FILL_REPEATS,       /* the same, but one in four repeats an earlier one */
    FILL_NORMALS,       /* unit normals */
    FILL_LOGITS,        /* normals with a standard deviation of 10, now and then around +-2000 */
    FILL_PROBABILITIES, /* in [0, 1], the ends included now and then */
    FILL_TARGETS,       /* 0 or 1 */
    FILL_ONE_HOT,       /* rows of the last dimension: one 1, else 0 */
    FILL_DISTRIBUTION   /* rows of the last dimension: positive, with sum 1 */
};

/* An array that a function reads or writes. `dims` and `terms` name keys: "n o oh ow". Alternatives
 * stand between bars and are picked by the value of the function's first KEY_CHOICE; an empty one
 * means that the array is absent and NULL. */
struct operand {
    const char *name;
    enum { IN, OUT } role;
    const char *dims;
    enum fill fill;    /* IN */
    bool selects;      /* IN: it picks terms rather than scaling them: S is taken with it as is */
    const char *terms; /* OUT: the product of these keys (1 for ""), plus `more`, is n: terms, or
                        * roundings; NULL: nothing is ever rounded */
    int more;
    const char *over;  /* OUT: the input before it that it may lie over; NULL: none */
};

/* How `fast` is judged against `ref` on real data. */
enum rule {
    RULE_BOUND, /* c(n) u S + u |ref| + n 2^-149 */
    RULE_ULP,   /* one unit in the last place of ref */
    RULE_SAME   /* the same value: ref rounded to float */
};

struct function {
    const char *name;
    struct operand operand[MAX_OPERANDS]; /* in the order of the contract, ended by a NULL name */
    void (*ref)(const void *shape, double *const *operand);
    void (*fast)(enum isa isa, const void *shape, float *const *operand, float *work);
    size_t (*workspace)(enum isa isa, const void *shape); /* in floats; NULL: none */
    bool (*plugged)(void); /* whether the plugin has it */
    const char *flops; /* the product of these keys, times `each`, is what it computes; NULL: it is
                        * held against memory alone */
    int each;
    const char *elements; /* the product of these keys is how many numbers it computes, of which 16
                           * take */
    int operations, divisions; /* so many vector operations and divisions; NULL: not counted */
    enum rule rule;
    bool exact; /* integers in, small enough, give exact sums, where the reals among the keys are
                 * whole halves: judged bit for bit as well */
    /* S, written into the OUT operands; NULL: ref on the absolute values of what does not
     * select. */
    void (*magnitude)(const void *shape, double *const *operand);
};

struct check {
    const char *layer;
    size_t shape_size;
    const char *kernels; /* what fast/plugin.h compares */
    struct key key[MAX_KEYS]; /* ended by a NULL name; those of a case first, derived ones last */
    /* What the contract needs and the shape lacks, or NULL. */
    const char *(*invalid)(const void *shape);
    const char *const *cases; /* MAX_CASES shapes at most, always tried, as text, ended by NULL */
    const char *const *trouble; /* what every second random shape is made to hold, one of these,
                                 * ended by NULL: "kh=h,stride=kw+1" */
    int documents; /* so many of the cases, the first, are the documents' own: bench times them */
    const char *const *large; /* more that it times, as large networks have them, ended by NULL */
    struct function function[MAX_FUNCTIONS]; /* ended by a NULL name */
};

/* Calls layer.function on both sides, with the arguments after the shape given in terms of a[] and
 * `work`, which the reference never needs. */
#define CALL(layer, function, ...)                                                                 \
    static void function##_ref(const void *s, double *const *a)                                    \
    {                                                                                              \
        double *const work = NULL;                                                                 \
        (void)work;                                                                                \
        layer##_ref.function(s, __VA_ARGS__);                                                      \
    }                                                                                              \
    static void function##_fast(enum isa isa, const void *s, float *const *a, float *work)         \
    {                                                                                              \
        (void)work;                                                                                \
        layer##_fast(isa)->function(s, __VA_ARGS__);                                               \
    }                                                                                              \
    static bool function##_plugged(void)                                                           \
    {                                                                                              \
        return layer##_fast(ISA_plugin) && layer##_fast(ISA_plugin)->function;                     \
    }
#define CALLS(function)                                                                            \
    .name = #function, .ref = function##_ref, .fast = function##_fast,                             \
    .plugged = function##_plugged
#define CHECKS(layer_)                                                                             \
    .layer = #layer_, .shape_size = sizeof(struct layer_##_shape), .kernels = KERNELS_TEXT(layer_)

/* A shape large enough for any layer's. */
union any_shape {
    double align;
    char bytes[128];
};

/* Every layer's check, in the order of ref/layers.h, ended by NULL. */
extern const struct check *const checks[];

/* The function called "layer.function"; NULL when there is none. */
const struct function *find_function(const char *name, const struct check **check);

/* Reads "n=2,c=3,bias=none" (the keys of a case, each once, in any order) and checks the contract's
 * needs; `where` begins the message when that fails. */
bool shape_parse(const struct check *c, const char *text, const char *where, void *shape,
                 struct error *e);
void shape_print(const struct check *c, const void *shape, char text[SHAPE_TEXT]);

/* What a case that is called `name` has for a shape: all of it, or what stands before '#' and a
 * label. */
void shape_of(const char *name, char text[SHAPE_TEXT]);

/* Whether it is 0 or, as a float, a normal number. */
bool zero_or_normal(double x);

/* Draws a shape that meets the contract's needs: sizes from their ranges, with a weight on the
 * least, on what a vector leaves over and on primes; and in half of the shapes a row of
 * c->trouble. */
void shape_random(const struct check *c, struct rng *r, void *shape);

/* The key called so; NULL when there is none. And its value in a shape, unless it is a KEY_REAL. */
const struct key *key_named(const struct check *c, const char *name, size_t length);
int key_value(const struct key *k, const void *shape);
void key_set(const struct key *k, void *shape, int value);

/* The dimensions of an operand for a shape (returns how many), its number of elements, and whether
 * it is absent altogether: then the number is 0. */
int operand_dims(const struct check *c, const struct operand *o, const void *shape,
                 int dim[MAX_DIMS]);
size_t operand_count(const struct check *c, const struct operand *o, const void *shape);
bool operand_absent(const struct check *c, const struct operand *o, const void *shape);

/* Whether the exact judge has a say. */
bool function_exact(const struct check *c, const struct function *f, const void *shape);

/* No operand is so large that what is tried many times over would take long. */
bool shape_is_small(const struct check *c, const struct function *f, const void *shape);

/* n of the bound, for an OUT operand. */
double operand_terms(const struct check *c, const struct operand *o, const void *shape);

/* The input that an operand may lie over; negative: none. */
int operand_beneath(const struct function *f, int operand);

/* The floating-point operations of a call; 0 where none are counted. */
double function_flops(const struct check *c, const struct function *f, const void *shape);

/* How many vectors of 16 it computes, where that counts; else 0. */
double function_vectors(const struct check *c, const struct function *f, const void *shape);

#endif
