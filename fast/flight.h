/* flight.h - a function of vectors, of several at a time.
 *
 * One alone is a long chain of operations, and a core does not look far enough ahead to begin the
 * next before it ends. So a few stand side by side for the compiler to weave into one another. Sums
 * are added up in the order of the elements: 16 strided lanes, element i in lane i mod 16. Long
 * ones are summed by blocks of SUM_BLOCK elements, whose sums are added one after the other.
 *
 * `f` and `given`, what it needs beside the elements, are known where these are called; lanes
 * beyond the end hold `rest` in place of x, and 0 in place of y.
 */
#ifndef FAST_FLIGHT_H
#define FAST_FLIGHT_H

#include "fast/vec.h"

/* Of numbers that are equal all roundings may go one way. So many are summed by 16 lanes, and by
 * one alone, within 6 sqrt(n) u of their sum nevertheless. */
enum { FLIGHT = (V_ACCUMULATORS + 2) / 3, SUM_BLOCK = 1 << 16, SUM_STEPS = 1 << 9 };

INLINED v load_rest(const float *p, int n, float rest)
{
    return v_select(m_first(n), v_load_n(p, n), v_set1(rest));
}

/* The operands of fly and where it has come to. */
struct flight {
    int at, len;
    const float *x, *y;
    float *z;
    v sum;
};

/* Goes on while there are as many whole vectors as `abreast`, a constant where this is called. */
INLINED void fly_abreast(struct flight *a, const int abreast, v (*f)(const v *given, v x, v y),
                         const v *given)
{
    v t[FLIGHT];
    for (; a->len - a->at >= 16 * abreast; a->at += 16 * abreast) {
        const int i = a->at;
        UNROLL
        for (int k = 0; k < abreast; k++)
            t[k] = f(given, v_load(a->x + i + 16 * k),
                     a->y ? v_load(a->y + i + 16 * k) : v_set1(0.0f));
        UNROLL
        for (int k = 0; k < abreast; k++) {
            a->sum = v_add(a->sum, t[k]);
            if (a->z)
                v_store(a->z + i + 16 * k, t[k]);
        }
    }
}

/* z[i] = f(given, x[i], y[i]), unless z is NULL; returns the lanes of their sum. */
INLINED v fly(int len, const float *x, const float *y, float *z, float rest,
              v (*f)(const v *given, v x, v y), const v *given)
{
    struct flight a = { 0, len, x, y, z, v_set1(0.0f) };
    fly_abreast(&a, FLIGHT, f, given);
    if (FLIGHT > 3) /* what is left over is too much to go one by one */
        fly_abreast(&a, 3, f, given);
    for (long i = a.at; i < len; i += 16) {
        const int n = (int)(len - i);
        const v t = f(given, load_rest(x + i, n, rest), y ? v_load_n(y + i, n) : v_set1(0.0f));
        a.sum = v_add(a.sum, v_keep(t, n));
        if (z)
            v_store_n(z + i, t, n);
    }
    return a.sum;
}

INLINED int sum_part(long left)
{
    return left < SUM_BLOCK ? (int)left : SUM_BLOCK;
}

/* The same where the sum may be long. */
INLINED v fly_sum(int len, const float *x, const float *y, float *z, float rest,
                  v (*f)(const v *given, v x, v y), const v *given)
{
    v sum = v_set1(0.0f);
    for (long i = 0; i < len; i += SUM_BLOCK)
        sum = v_add(sum, fly(sum_part(len - i), x + i, y ? y + i : NULL, z ? z + i : NULL, rest, f,
                             given));
    return sum;
}

#endif
