/* dots.h - the products of one vector with rows of a matrix, 16 rows at a time.
 *
 * Each is summed in 16 strided lanes, o in lane o mod 16, folded by v_sum.
 */
#ifndef FAST_DOTS_H
#define FAST_DOTS_H

#include "fast/vec.h"
#include "fast/isa/part.h"

/* So many sums stay in registers, one part of their lanes each. */
enum { SUMS = V_ACCUMULATORS * PARTS < 8 ? 2 : V_ACCUMULATORS * PARTS < 16 ? 8 : 16 };

/* sums[r] = the lanes of sum_o dy[o] w[r][o], for R rows. R is a constant where this is called. */
INLINED void dot_tile(const float *w, const float *dy, int out, float *sums, const int R)
{
    for (int lane = 0; lane < 16; lane += PART_LANES) {
        part sum[16];
        UNROLL
        for (int r = 0; r < R; r++)
            sum[r] = part_zero();
        for (int o = lane; o < out; o += 16) {
            const part grad = part_hold(part_load_n(dy + o, out - o));
            UNROLL
            for (int r = 0; r < R; r++)
                sum[r] = part_fma(grad, part_load_n(w + (size_t)r * out + o, out - o), sum[r]);
        }
        UNROLL
        for (int r = 0; r < R; r++)
            part_store(sums + 16 * r + lane, sum[r]);
    }
}

/* Lane r = sum_o dy[o] w[r][o], for `rows` rows, 16 at most; of other lanes nothing is said. */
static v dots(const float *w, int rows, int out, const float *dy)
{
    _Alignas(64) float sums[16 * 16];
    v x[16];
    int r = 0;
    for (; r + SUMS <= rows; r += SUMS)
        dot_tile(w + (size_t)r * out, dy, out, sums + 16 * r, SUMS);
    for (; r < 16; r++) /* beyond the last row that again: 16 are folded */
        dot_tile(w + (size_t)(r < rows ? r : rows - 1) * out, dy, out, sums + 16 * r, 1);
    UNROLL
    for (int l = 0; l < 16; l++)
        x[l] = v_load(sums + 16 * l);
    return v_sums(x);
}

#endif
