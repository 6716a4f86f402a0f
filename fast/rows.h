/* rows.h - what softmax and the cross-entropy of logits take of a row: its maximum, the
 * exponentials of its differences from that, and their sum.
 *
 * A short row has 16 elements or fewer: one vector at most. Where there are many, 16 of them make a
 * group. What is taken of each of its rows, the maximum or the sum, is a lane of one vector; its
 * elements are gone through as they lie, row after row, in `len` whole vectors, and each of them
 * meets what was taken of its own row.
 */
#ifndef FAST_ROWS_H
#define FAST_ROWS_H

#include "fast/flight.h"
#include "fast/vmath.h"

#include <math.h>

/* The maximum of a row, in every lane; of a row that holds a NaN, whose exponentials are all NaN,
 * any number of it. A short row is one vector, of a long one the last vectors overlap, which
 * changes no maximum. */
INLINED v short_max(const float *x, int len)
{
    return v_across(load_rest(x, len, x[0]), v_max);
}

INLINED v long_max(const float *x, int len)
{
    v best[4];
    if (len < 64) {
        v all = v_load(x);
        for (int j = 16; j < len; j += 16)
            all = v_max(all, v_load(x + (j + 16 < len ? j : len - 16)));
        return v_across(all, v_max);
    }
    UNROLL
    for (int k = 0; k < 4; k++)
        best[k] = v_load(x + 16 * k);
    for (int j = 64; j < len; j += 64) {
        UNROLL
        for (int k = 0; k < 4; k++)
            best[k] = v_max(best[k], v_load(x + (j + 64 < len ? j : len - 64) + 16 * k));
    }
    return v_across(v_max(v_max(best[0], best[1]), v_max(best[2], best[3])), v_max);
}

/* exp(x - max). */
INLINED v exp_below(const v *max, v x, v unused)
{
    (void)unused;
    return v_exp(v_sub(x, *max));
}

/* The longest short row; groups that go together. A load from lines that were stored in other parts
 * waits for the stores: with MANY rows there is enough to do meanwhile. In what follows G, a
 * constant where it is called, is the number of groups, and vector g of what is taken is of group
 * g. */
enum { SHORT = 16, GROUP = 16, GROUPS = 4, MANY = GROUPS * GROUP };

/* Of a row that holds a NaN, whose exponentials are all NaN, the maximum is any number of it. */
INLINED void group_maxima(const float *x, int len, v *max, const int G)
{
    for (int g = 0; g < G; g++) {
        v row[16];
        UNROLL
        for (int r = 0; r < 16; r++)
            row[r] = load_rest(x + (g * GROUP + r) * len, len, -INFINITY);
        max[g] = v_maxima(row);
    }
}

INLINED void group_sums(const float *x, int len, v *sum, const int G)
{
    for (int g = 0; g < G; g++) {
        v row[16];
        UNROLL
        for (int r = 0; r < 16; r++)
            row[r] = v_load_n(x + (g * GROUP + r) * len, len);
        sum[g] = v_sums(row);
    }
}

/* The rows of the elements of vector k: element i is of row i / len, to which (i + 1/2) / len - 1/2
 * is nearest. */
INLINED vi rows_of(int k, int len)
{
    static const float lane[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
    const v middle = v_add(v_load(lane), v_set1((float)(16 * k) + 0.5f));
    const v row = v_sub(v_mul(middle, v_set1(1.0f / (float)len)), v_set1(0.5f));
    return i_and(v_bits(v_add(row, v_set1(0x1.8p23f))), i_set1(15));
}

/* y = f(x, what was taken of its row). */
INLINED void group_each(const float *x, int len, const v *taken, float *y, v (*f)(v x, v own),
                        const int G)
{
    for (int k = 0; k < len; k++) {
        const vi row = rows_of(k, len);
        UNROLL
        for (int g = 0; g < G; g++) {
            const int at = 16 * (g * len + k);
            v_store(y + at, f(v_load(x + at), v_spread(taken[g], row)));
        }
    }
}

INLINED v exp_of(const v *unused, v x, v none)
{
    (void)unused, (void)none;
    return v_exp(x);
}

/* y = exp(x - max). */
INLINED void group_exps(const float *x, int len, const v *max, float *y, const int G)
{
    group_each(x, len, max, y, v_sub, G);
    fly(G * GROUP * len, y, NULL, y, 0.0f, exp_of, NULL);
}

#endif
