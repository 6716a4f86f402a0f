/* rng.h - the one generator of random numbers: SplitMix64 (Steele, Lea and Flood, 2014).
 *
 * The state is a counter that grows by 2^64 / golden ratio; an output is that counter, mixed.
 * Everything drawn here is double, so that ref and fast start from the same numbers; who wants
 * floats rounds once.
 */
#ifndef HARNESS_RNG_H
#define HARNESS_RNG_H

#include <stdint.h>

struct rng {
    uint64_t state;
};

/* A generator for `seed` and a name: other names give unrelated streams. */
struct rng rng_named(uint64_t seed, const char *name);

uint64_t rng_next(struct rng *r);

/* Uniform in [0, 1), on the grid of 2^-53. */
double rng_uniform(struct rng *r);

/* Normal with mean 0 and standard deviation 1, by Marsaglia's polar method; two uniforms or more
 * each. */
double rng_normal(struct rng *r);

/* Uniform in least .. most, both included. */
int rng_int(struct rng *r, int least, int most);

/* A uniformly random permutation of 0 .. count - 1 (Fisher and Yates). */
void rng_permutation(struct rng *r, int count, int *order);

#endif
