/* spread.h - backward_data with channels in the lanes, where a row of inputs is one tile.
 *
 * An element of the gradient goes to as many inputs side by side as a kernel is wide, and the next
 * one to those two columns farther. So both phases of a row of inputs are summed from rows of the
 * gradient as they lie, and the zeros beyond its ends are met by none.
 */
#ifndef FAST_SPREAD_H
#define FAST_SPREAD_H

#include "fast/zeros.h"

/* out[16 j + lane] = sum over (k, p, q) in this order of
 *     w[k w_plane + p w_row + 16 q + lane] x[k x_plane - p x_row + i],  j = SPREAD i + q - before
 *
 * for k < planes, p < high, q < wide, i < cols, and j < count; 0 where there is no term. */
struct spread {
    int planes, high, wide, cols, before, count;
    int cut; /* whether rows of a kernel beyond `high` would meet zeros */
    const float *w, *x;
    ptrdiff_t w_plane, w_row, x_plane, x_row;
    float *out;
};

/* From an element's inputs to the next one's; and the columns of a kernel. */
enum { SPREAD = 2, SPREAD_NARROW = 4, SPREAD_WIDE = 5, SPREAD_COLS = 11 };

static inline int spread_sums(int cols, int wide)
{
    return SPREAD * (cols - 1) + wide;
}

/* C elements of a row by Q columns of a kernel, which are constants where this is called. Returns
 * whether no sum is -0 of those that lack terms. */
INLINED int spread_tile(const struct spread *s, const int C, const int Q)
{
    const int sums = spread_sums(C, Q);
    v sum[SPREAD * (SPREAD_COLS - 1) + SPREAD_WIDE];
    UNROLL
    for (int j = 0; j < sums; j++)
        sum[j] = v_set1(0.0f);
    const float *plane = s->x, *w_plane = s->w;
    for (int k = s->planes; k > 0; k--, plane += s->x_plane, w_plane += s->w_plane) {
        const float *x = plane, *w = w_plane;
        for (int p = s->high; p > 0; p--, x -= s->x_row, w += s->w_row) {
            UNROLL
            for (int q = 0; q < Q; q++) {
                const v term = v_hold(v_load(w + 16 * q));
                UNROLL
                for (int i = 0; i < C; i++)
                    sum[SPREAD * i + q] = v_fma(v_set1(x[i]), term, sum[SPREAD * i + q]);
            }
        }
    }
    v least = v_set1(1.0f);
    const int before = s->before, count = s->count, cut = s->cut;
    float *out = s->out - 16 * before;
    UNROLL
    for (int j = 0; j < sums; j++) {
        if (j >= before && j - before < count)
            v_store(out + 16 * j, sum[j]);
        if (cut || j < Q - SPREAD || j >= SPREAD * C)
            least = v_min(least, minus_zero(sum[j]));
    }
    for (int j = sums; j - before < count; j++)
        v_store(out + 16 * j, v_set1(0.0f));
    return v_sum(least) == 16.0f;
}

INLINED int spread_part(const struct spread *s, const int C, const int Q)
{
    if (spread_sums(C, Q) <= V_ACCUMULATORS) /* no code for more */
        return spread_tile(s, C, Q);
    return 0;
}

INLINED int spread_cols(const struct spread *s, const int Q)
{
    switch (s->cols) {
    case 4: return spread_part(s, 4, Q);
    case 5: return spread_part(s, 5, Q);
    case 6: return spread_part(s, 6, Q);
    case 7: return spread_part(s, 7, Q);
    case 8: return spread_part(s, 8, Q);
    case 9: return spread_part(s, 9, Q);
    case 10: return spread_part(s, 10, Q);
    case 11: return spread_part(s, 11, Q);
    }
    return 0;
}

APART int spread(const struct spread *s)
{
    switch (s->wide) {
    case 4: return spread_cols(s, 4);
    case 5: return spread_cols(s, 5);
    }
    return 0;
}

#endif
