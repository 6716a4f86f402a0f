#include "harness/compare.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

const struct precision single_precision = { 0x1p-24, 0x1p-149 };
const struct precision double_precision = { 0x1p-53, 0x1p-1074 };

double sum_bound(const struct precision *p, double n, double sum, double ref)
{
    const double proven = n + 2.0, statistical = 6.0 * sqrt(n);
    return (proven < statistical ? proven : statistical) * p->u * sum + p->u * fabs(ref) +
           n * p->tiny;
}

double ulp_bound(double ref)
{
    const float a = fabsf((float)ref);
    return a < FLT_MAX ? (double)nextafterf(a, INFINITY) - a : 0x1p104;
}

/* The error of one element as a part of its bound; above 1, or NaN, when the two do not agree.
 * `rounded` is ref in the precision of a. */
static double part_of_bound(double a, double ref, double rounded, double bound)
{
    if ((isnan(a) && isnan(ref)) || (isinf(a) && rounded == a))
        return 0.0;
    const double error = fabs(a - ref);
    if (error == 0.0 && bound >= 0.0)
        return 0.0;
    return error <= bound ? error / bound : INFINITY;
}

static void judge(struct comparison *c, size_t i, double part)
{
    if (!c->agree)
        return;
    if (!(part <= 1.0)) {
        *c = (struct comparison){ false, i, INFINITY };
    } else if (part > c->headroom) {
        c->headroom = part;
        c->at = i;
    }
}

struct comparison compare_bound(const float *a, const double *ref, const double *bound,
                                size_t count)
{
    struct comparison c = { true, 0, 0.0 };
    for (size_t i = 0; i < count; i++)
        judge(&c, i, part_of_bound(a[i], ref[i], (float)ref[i], bound[i]));
    return c;
}

struct comparison compare_bound_double(const double *a, const double *ref, const double *bound,
                                       size_t count)
{
    struct comparison c = { true, 0, 0.0 };
    for (size_t i = 0; i < count; i++)
        judge(&c, i, part_of_bound(a[i], ref[i], ref[i], bound[i]));
    return c;
}

static bool same_bits(float a, float b)
{
    return (isnan(a) && isnan(b)) || !memcmp(&a, &b, sizeof a);
}

struct comparison compare_same(const float *a, const double *ref, size_t count)
{
    struct comparison c = { true, 0, 0.0 };
    for (size_t i = 0; i < count; i++)
        judge(&c, i, same_bits(a[i], (float)ref[i]) ? 0.0 : INFINITY);
    return c;
}

struct comparison compare_bits(const float *a, const float *b, size_t count)
{
    struct comparison c = { true, 0, 0.0 };
    for (size_t i = 0; i < count; i++)
        judge(&c, i, same_bits(a[i], b[i]) ? 0.0 : INFINITY);
    return c;
}
