#include "harness/rng.h"

#include <math.h>

struct rng rng_named(uint64_t seed, const char *name)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
    struct rng r = { hash ^ (seed * 0xd1342543de82ef95u) };
    rng_next(&r);
    return r;
}

uint64_t rng_next(struct rng *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

double rng_uniform(struct rng *r)
{
    return (double)(rng_next(r) >> 11) * 0x1p-53;
}

double rng_normal(struct rng *r)
{
    double x, y, square;
    do {
        x = 2.0 * rng_uniform(r) - 1.0;
        y = 2.0 * rng_uniform(r) - 1.0;
        square = x * x + y * y;
    } while (square >= 1.0 || square == 0.0);
    return x * sqrt(-2.0 * log(square) / square);
}

int rng_int(struct rng *r, int least, int most)
{
    return least + (int)(rng_uniform(r) * ((double)most - least + 1.0));
}

void rng_permutation(struct rng *r, int count, int *order)
{
    for (int i = 0; i < count; i++)
        order[i] = i;
    for (int i = count - 1; i > 0; i--) {
        const int j = rng_int(r, 0, i), swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
}
