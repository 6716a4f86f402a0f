/* compare.h - whether numbers agree, and the bounds that decide it.
 *
 * The bound of an element that is a sum of n terms with absolute values summing to S, computed with
 * relative rounding error u and smallest positive number tiny, against a reference value ref:
 *
 *     c(n) u S + u |ref| + n tiny,    c(n) = min(n + 2, 6 sqrt(n))
 *
 * n + 2 is proven (every rounding at its worst, all in one direction); 6 sqrt(n) is six standard
 * deviations of roundings that do not conspire. `n tiny` is what n products lose to underflow.
 *
 * NaN agrees with NaN whatever its payload, and with nothing else. An infinity agrees with itself,
 * and with a reference that rounds to it. The test is !(error <= bound): under a bound that is NaN
 * no number agrees, not even with itself. An empty comparison agrees.
 */
#ifndef HARNESS_COMPARE_H
#define HARNESS_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

struct precision {
    double u, tiny;
};
extern const struct precision single_precision, double_precision;

double sum_bound(const struct precision *p, double n, double sum, double ref);

/* One unit in the last place of ref as a float: the distance to the next float away from 0. */
double ulp_bound(double ref);

struct comparison {
    bool agree;
    size_t at;       /* the first element that does not, or the one with the least headroom */
    double headroom; /* the worst error as a part of its bound; 0 when nothing was bounded */
};

/* a against ref, element by element within bound[i]. */
struct comparison compare_bound(const float *a, const double *ref, const double *bound,
                                size_t count);
struct comparison compare_bound_double(const double *a, const double *ref, const double *bound,
                                       size_t count);

/* a is ref rounded to float, bit for bit: -0 is not +0. */
struct comparison compare_same(const float *a, const double *ref, size_t count);

/* a and b are the same bits. */
struct comparison compare_bits(const float *a, const float *b, size_t count);

#endif
