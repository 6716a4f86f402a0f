#include "harness/fill.h"

#include <math.h>

void fill_integers(struct rng *r, double *x, size_t count, int largest)
{
    for (size_t i = 0; i < count; i++) {
        x[i] = rng_int(r, -largest, largest);
        if (x[i] == 0.0 && rng_int(r, 0, 1))
            x[i] = -0.0;
    }
}

const double *fill_specials(enum fill fill)
{
    static const double specials[][4] = { { NAN, INFINITY, -INFINITY, 0.0 }, { NAN, 0.0 } };
    return specials[fill >= FILL_ONE_HOT];
}

/* Mostly unit normals; now and then 0, or a number between 2^-20 and 2^20. */
static double any_real(struct rng *r)
{
    const int pick = rng_int(r, 0, 19);
    if (pick == 0)
        return 0.0;
    const double x = rng_normal(r); /* before the power, and not in the order of some compiler */
    return pick < 3 ? ldexp(x, rng_int(r, -20, 20)) : x;
}

/* Mostly within what exp bears; now and then 2000 above or below, where float and double overflow
 * and vanish alike. */
static double logit(struct rng *r)
{
    const int pick = rng_int(r, 0, 63);
    return 10.0 * rng_normal(r) + (pick == 0 ? 2000.0 : pick == 1 ? -2000.0 : 0.0);
}

/* The ends, where logarithms and quotients blow up, and the first floats beside them included. */
static double probability(struct rng *r)
{
    static const double ends[] = { 0.0, 1.0, 0x1p-24, 1.0 - 0x1p-24, 0x1p-60, 0x1p-130 };
    const int pick = rng_int(r, 0, 29);
    return pick < 6 ? ends[pick] : rng_uniform(r);
}

static double draw(struct rng *r, enum fill fill)
{
    switch (fill) {
    case FILL_NORMALS:
        return rng_normal(r);
    case FILL_LOGITS:
        return logit(r);
    case FILL_PROBABILITIES:
        return probability(r);
    case FILL_TARGETS:
        return rng_int(r, 0, 1);
    case FILL_DISTRIBUTION:
        return exp(2.0 * rng_normal(r));
    default:
        return any_real(r);
    }
}

void fill_reals(struct rng *r, enum fill fill, double *x, size_t count, int row)
{
    for (size_t i = 0; i < count; i++)
        if (fill == FILL_REPEATS && i > 0 && rng_int(r, 0, 3) == 0)
            x[i] = x[rng_int(r, 0, (int)i - 1)];
        else
            x[i] = fill == FILL_ONE_HOT ? 0.0 : draw(r, fill);
    for (size_t start = 0; start < count; start += (size_t)row) {
        double sum = 0.0;
        if (fill == FILL_ONE_HOT)
            x[start + (size_t)rng_int(r, 0, row - 1)] = 1.0;
        for (int i = 0; i < row; i++)
            sum += x[start + (size_t)i];
        for (int i = 0; i < row && fill == FILL_DISTRIBUTION; i++)
            x[start + (size_t)i] /= sum;
    }
    for (size_t i = 0; i < count; i++)
        x[i] = (float)x[i];
}
