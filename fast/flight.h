/* flight.h - a function of vectors, of several at a time.
 *
 * One alone is a long chain of operations, and a core does not look far enough ahead to begin the
 * next before it ends. So a few stand side by side for the compiler to weave into one another. Sums
 * are added up in the order of the elements: 16 strided lanes, element i in lane i mod 16.
 *
 * `f` and `given`, what it needs beside the elements, are known where these are called; lanes
 * beyond the end hold `rest` in place of x, and 0 in place of y.
 */
#ifndef FAST_FLIGHT_H
#define FAST_FLIGHT_H

#include "fast/vec.h"

enum { FLIGHT = (V_ACCUMULATORS + 3) / 4 };

INLINED v load_rest(const float *p, int n, float rest)
{
    const v one = v_set1(1.0f);
    return v_select(v_eq(v_keep(one, n), one), v_load_n(p, n), v_set1(rest));
}

/* z[i] = f(given, x[i], y[i]), unless z is NULL; returns the lanes of their sum. */
INLINED v fly(int len, const float *x, const float *y, float *z, float rest,
              v (*f)(const v *given, v x, v y), const v *given)
{
    v sum = v_set1(0.0f), t[FLIGHT];
    int i = 0;
    for (; i + 16 * FLIGHT <= len; i += 16 * FLIGHT) {
        UNROLL
        for (int k = 0; k < FLIGHT; k++)
            t[k] = f(given, v_load(x + i + 16 * k), y ? v_load(y + i + 16 * k) : v_set1(0.0f));
        UNROLL
        for (int k = 0; k < FLIGHT; k++) {
            sum = v_add(sum, t[k]);
            if (z)
                v_store(z + i + 16 * k, t[k]);
        }
    }
    for (; i < len; i += 16) {
        const int n = len - i;
        t[0] = f(given, load_rest(x + i, n, rest), y ? v_load_n(y + i, n) : v_set1(0.0f));
        sum = v_add(sum, v_keep(t[0], n));
        if (z)
            v_store_n(z + i, t[0], n);
    }
    return sum;
}

#endif
