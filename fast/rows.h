/* rows.h - what softmax and the cross-entropy of logits take of a row: its maximum, the
 * exponentials of its differences from that, and their sum. A short row, of 16 or fewer, is one
 * vector, and several go together. */
#ifndef FAST_ROWS_H
#define FAST_ROWS_H

#include "fast/flight.h"
#include "fast/vmath.h"

/* The largest lane, in every lane. */
INLINED v lanes_max(v x)
{
    UNROLL
    for (int halves = 0; halves < 4; halves++)
        x = v_max(v_zip_low(x, x), v_zip_high(x, x));
    return x;
}

/* The maximum of a row, in every lane; of a row that holds a NaN, whose exponentials are all NaN,
 * any number of it. A short row is one vector, of a long one the last vectors overlap, which
 * changes no maximum. */
INLINED v short_max(const float *x, int len)
{
    return lanes_max(load_rest(x, len, x[0]));
}

INLINED v long_max(const float *x, int len)
{
    v best[4];
    if (len < 64) {
        v all = v_load(x);
        for (int j = 16; j < len; j += 16)
            all = v_max(all, v_load(x + (j + 16 < len ? j : len - 16)));
        return lanes_max(all);
    }
    UNROLL
    for (int k = 0; k < 4; k++)
        best[k] = v_load(x + 16 * k);
    for (int j = 64; j < len; j += 64) {
        UNROLL
        for (int k = 0; k < 4; k++)
            best[k] = v_max(best[k], v_load(x + (j + 64 < len ? j : len - 64) + 16 * k));
    }
    return lanes_max(v_max(v_max(best[0], best[1]), v_max(best[2], best[3])));
}

/* exp(x - max). */
INLINED v exp_below(const v *max, v x, v unused)
{
    (void)unused;
    return v_exp(v_sub(x, *max));
}

#endif
