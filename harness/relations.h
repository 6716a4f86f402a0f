/* relations.h - what holds between calls of a layer's functions, whoever makes them.
 *
 * adjoint       <dy, forward(x)> = <backward(dy), x> for every pair that is linear in x (or, as
 *               pooling and ReLU, scales with it), exact on integers
 * metamorphic   linearity; reversed batches and channels; a batch one example at a time; an image
 *               that moves; a 1 x 1 convolution is a dense layer; and what a function makes of an
 *               input that was scaled and shifted: softmax, pooling, normalisation, tanh. All
 *               exact: integers, and halves and quarters where probabilities are asked for
 * differences   a backward function against central differences of its forward, in double, to
 *               1e-6 of the sum of the absolute terms, plus what rounding makes of them
 */
#ifndef HARNESS_RELATIONS_H
#define HARNESS_RELATIONS_H

#include "harness/check.h"

/* Who makes the calls: fast (a plugin with ref for the functions that it lacks), or ref with one
 * function, if any, in another's hands. */
struct performer {
    bool fast;
    enum isa isa;
    const struct function *replaced;
    void (*by)(const void *shape, double *const *operand);
};

enum relation { RELATION_ADJOINT, RELATION_METAMORPHIC, RELATION_DIFFERENCES, RELATIONS };
extern const char *const relation_name[RELATIONS];

/* What came of all relations of a kind that f takes part in, on a shape of its layer. */
enum outcome { OUTCOME_NONE, OUTCOME_HELD, OUTCOME_BROKEN };
enum outcome relation_outcome(enum relation kind, const struct performer *who,
                              const struct check *c, const struct function *f, const void *shape,
                              uint64_t seed, struct error *e);

/* The operands of a layer by name, all functions' together, for one shape. */
struct cast {
    const struct check *check;
    const void *shape;
    int count;
    struct member {
        const struct operand *operand;
        size_t size; /* 0: absent */
        double *data;
    } member[16];
};

void cast_begin(struct cast *cast, const struct check *c, const void *shape);
void cast_end(struct cast *cast);

/* The member called so; NULL when there is none. */
struct member *cast_find(struct cast *cast, const char *name);

/* Calls f on the members that its operands name. */
void cast_call(struct cast *cast, const struct performer *who, const struct function *f);

/* Draws every input that f or the forward of its layer reads, by `draw` or, where the operand wants
 * targets or probabilities, such. */
void cast_draw(struct cast *cast, struct rng *r, double (*draw)(struct rng *r));

/* Relations between shapes (a batch and its examples, an image and one moved by a step, a 1 x 1
 * convolution and a dense layer), a part of the metamorphic ones; and relation_outcome for
 * differences: in files of their own. */
enum outcome relation_shapes(const struct performer *who, const struct check *c,
                             const struct function *f, const void *shape, uint64_t seed,
                             struct error *e);
enum outcome differences_outcome(const struct performer *who, const struct check *c,
                                 const struct function *f, const void *shape, uint64_t seed,
                                 struct error *e);

#endif
