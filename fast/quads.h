/* quads.h - the tile of product.h with up to four columns more.
 *
 * In a vector of their own they would leave most of it empty: four rows share one, the columns of
 * row r in the last lanes of 4 r to 4 r + 3. The lanes before them compute what is not wanted.
 */
#ifndef FAST_QUADS_H
#define FAST_QUADS_H

#include "fast/product.h"

/* Rows of a tile, and its vectors before the columns that share one. */
enum { QUAD_ROWS = V_ACCUMULATORS < 24 ? 4 : 8, QUAD_VECTORS = V_ACCUMULATORS < 24 ? 1 : 3 };

/* n columns of four rows. */
static inline void quad_copy(const float *from, size_t from_row, int n, float *to, size_t to_row)
{
    for (int r = 0; r < 4; r++)
        for (int k = 0; k < n; k++)
            to[r * to_row + k] = from[r * from_row + k];
}

/* QUAD_ROWS rows of p, of its last columns: QUAD_VECTORS vectors, and n more. It has steps, and a
 * start for each column. */
static void quad_tile(const struct product *p, int row, int n)
{
    enum { R = QUAD_ROWS, C = QUAD_VECTORS };
    const int col = p->cols - n - 16 * C;
    const float *start = p->start + row * p->start_row + col;
    const float *a = p->a + row * p->a_row, *m = p->m + col;
    const size_t start_row = p->start_row, a_row = p->a_row, out_row = p->out_row;
    float *out = p->out + row * out_row + col;
    _Alignas(64) float lanes[16] = { 0 };
    v sum[R][C], shared[R / 4];
    UNROLL
    for (int r = 0; r < R; r++)
        UNROLL
        for (int c = 0; c < C; c++)
            sum[r][c] = v_load(start + r * start_row + 16 * c);
    UNROLL
    for (int r = 0; r < R; r += 4) {
        quad_copy(start + r * start_row + 16 * C, start_row, n, lanes + 4 - n, 4);
        shared[r / 4] = v_load(lanes);
    }
    for (int k = p->depth; k > 0; k--, a += p->step.a, m += p->step.m) {
        const v few = v_hold(v_quad(m + 16 * C + n - 4));
        v term[C], factors = few;
        UNROLL
        for (int c = 0; c < C; c++)
            term[c] = v_hold(v_load(m + 16 * c));
        UNROLL
        for (int r = 0; r < R; r++) {
            const v f = v_set1(a[r * a_row]);
            UNROLL
            for (int c = 0; c < C; c++)
                sum[r][c] = v_fma(f, term[c], sum[r][c]);
            factors = r % 4 ? v_select(m_first(r % 4 * 4), factors, f) : f;
            if (r % 4 == 3)
                shared[r / 4] = v_fma(factors, few, shared[r / 4]);
        }
    }
    UNROLL
    for (int r = 0; r < R; r++)
        UNROLL
        for (int c = 0; c < C; c++)
            v_store(out + r * out_row + 16 * c, sum[r][c]);
    UNROLL
    for (int r = 0; r < R; r += 4) {
        v_store(lanes, shared[r / 4]);
        quad_copy(lanes + 4 - n, 4, n, out + r * out_row + 16 * C, out_row);
    }
}

#endif
