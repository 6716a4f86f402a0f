/* zeros.h - whether terms may be left out of a sum since one factor is a zero beyond a tensor's
 * ends.
 *
 * If the other factor is infinite or a NaN, such a term is a NaN, and else a zero. A zero changes a
 * sum only if that is -0, which one that starts from +0 comes to where a product is below all
 * floats.
 */
#ifndef FAST_ZEROS_H
#define FAST_ZEROS_H

#include "fast/vec.h"

/* Whether none of them is infinite or a NaN. Four sums: one would wait for itself. */
static int all_finite(const float *x, size_t count)
{
    v sum[4];
    size_t k = 0;
    UNROLL
    for (int c = 0; c < 4; c++)
        sum[c] = v_set1(0.0f);
    for (; k + 64 <= count; k += 64) {
        UNROLL
        for (int c = 0; c < 4; c++)
            sum[c] = v_fma(v_load(x + k + 16 * c), v_set1(0.0f), sum[c]);
    }
    for (; k < count; k += 16)
        sum[0] = v_fma(v_load_n(x + k, count - k < 16 ? (int)(count - k) : 16), v_set1(0.0f),
                       sum[0]);
    return v_sum(v_add(v_add(sum[0], sum[1]), v_add(sum[2], sum[3]))) == 0.0f;
}

/* -1 in lanes that are -0, and 1 in others: +0 added to a -0 changes its sign. */
INLINED v minus_zero(v x)
{
    const vi sign = i_xor(v_bits(x), v_bits(v_add(x, v_set1(0.0f))));
    return v_from_bits(i_xor(sign, v_bits(v_set1(1.0f))));
}

#endif
