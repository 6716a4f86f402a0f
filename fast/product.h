/* product.h - the one tile of products that convolution and dense layers are made of.
 *
 *     out[row][col] = start[row][col] + sum over k < depth of a[row][k] m[k][col]
 *
 * each sum in one lane, in the order of k. The places of a[row][k] and m[k][col] are
 *
 *     a + row a_row + at(k).a        m + at(k).m + col
 *
 * where at(k) comes from a table, or is k times `step` where there is none. Start is 0 when it is
 * NULL, and else start[row start_row + col], or there is but one for each row or one for each
 * vector of columns. Behind the columns that a table leads to, 15 floats more may be read.
 */
#ifndef FAST_PRODUCT_H
#define FAST_PRODUCT_H

#include "fast/threads.h"
#include "fast/vec.h"

struct place {
    int32_t m, a;
};

struct product {
    int rows, cols, depth, most; /* most: rows of a tile, MOST_ROWS or fewer */
    const float *a, *m;
    size_t a_row;
    const struct place *table;
    struct { size_t m, a; } step;
    const float *start;
    size_t start_row;
    enum { EACH_COLUMN, EACH_ROW, EACH_VECTOR } start_of;
    float *out;
    size_t out_row;
};

/* As equal parts of `total` as there can be of at most `most`: the size of the one at `at`. */
static inline int part_size(int total, int at, int most)
{
    const int parts = (total + most - 1) / most, size = (total + parts - 1) / parts;
    return total - at < size ? total - at : size;
}

/* Whether there is a table, and whether to ask for what it leads to AHEAD terms before: processors
 * do not foresee its jumps. */
enum { NO_TABLE, NEAR_TABLE, FAR_TABLE, AHEAD = 16 };

/* What the sums of a tile start from. One choice for all rows: each would cost a jump, and a mask
 * of its own for the last vector. */
INLINED void product_start(const struct product *p, int row, int col, v sum[8][8], const int R,
                           const int C, int n)
{
    const int last = C - 1;
    if (!p->start) {
        UNROLL
        for (int r = 0; r < R; r++) {
            UNROLL
            for (int c = 0; c < C; c++)
                sum[r][c] = v_set1(0.0f);
        }
        return;
    }
    const float *start = p->start + row * p->start_row;
    const size_t step = p->start_row;
    if (p->start_of == EACH_COLUMN) {
        start += col;
        UNROLL
        for (int r = 0; r < R; r++, start += step) {
            UNROLL
            for (int c = 0; c < last; c++)
                sum[r][c] = v_load(start + 16 * c);
            sum[r][last] = n < 16 ? v_load_n(start + 16 * last, n) : v_load(start + 16 * last);
        }
    } else if (p->start_of == EACH_VECTOR) {
        start += col / 16;
        UNROLL
        for (int r = 0; r < R; r++, start += step) {
            UNROLL
            for (int c = 0; c < C; c++)
                sum[r][c] = v_set1(start[c]);
        }
    } else {
        UNROLL
        for (int r = 0; r < R; r++, start += step) {
            UNROLL
            for (int c = 0; c < C; c++)
                sum[r][c] = v_set1(*start);
        }
    }
}

/* R rows by C vectors, of which the last has n columns. R, C and the kind of table are constants
 * where this is called, so that the sums stay in registers. */
INLINED void product_tile(const struct product *p, int row, int col, const int R, const int C,
                          int n, const int table)
{
    v sum[8][8];
    product_start(p, row, col, sum, R, C, n);
    const float *a = p->a + row * p->a_row, *m = p->m + col;
    const size_t a_row = p->a_row, step_m = p->step.m, step_a = p->step.a;
    const struct place *at = p->table;
    for (int k = p->depth; k > 0; k--, at++) {
        const float *x = table ? m + at->m : m, *factor = table ? a + at->a : a;
        v term[8];
        UNROLL
        for (int c = 0; c < C && table == FAR_TABLE; c++)
            v_fetch(m + at[k > AHEAD ? AHEAD : 0].m + 16 * c);
        UNROLL
        for (int c = 0; c < C; c++)
            term[c] = v_hold(table || c < C - 1 ? v_load(x + 16 * c) : v_load_n(x + 16 * c, n));
        UNROLL
        for (int r = 0; r < R; r++) {
            const v f = v_set1(factor[r * a_row]);
            UNROLL
            for (int c = 0; c < C; c++)
                sum[r][c] = v_fma(f, term[c], sum[r][c]);
        }
        if (!table) {
            m += step_m;
            a += step_a;
        }
    }
    UNROLL
    for (int r = 0; r < R; r++) {
        float *out = p->out + (row + r) * p->out_row + col;
        UNROLL
        for (int c = 0; c < C - 1; c++)
            v_store(out + 16 * c, sum[r][c]);
        v_store_n(out + 16 * (C - 1), sum[r][C - 1], n);
    }
}

enum { MOST_ROWS = V_ACCUMULATORS < 8 ? V_ACCUMULATORS : 8 };

/* All columns of R rows. */
INLINED void product_rows(const struct product *p, int row, const int R, const int table)
{
    const int vectors = (p->cols + 15) / 16;
    const int most = V_ACCUMULATORS / R < 8 ? V_ACCUMULATORS / R : 8;
    for (int k = 0, size; k < vectors && R <= MOST_ROWS; k += size) { /* no code for more */
        size = part_size(vectors, k, most);
        const int n = p->cols - 16 * (k + size - 1);
        switch (size) {
        case 1: product_tile(p, row, 16 * k, R, 1, n, table); break;
        case 2: if (most >= 2) product_tile(p, row, 16 * k, R, 2, n, table); break;
        case 3: if (most >= 3) product_tile(p, row, 16 * k, R, 3, n, table); break;
        case 4: if (most >= 4) product_tile(p, row, 16 * k, R, 4, n, table); break;
        case 5: if (most >= 5) product_tile(p, row, 16 * k, R, 5, n, table); break;
        case 6: if (most >= 6) product_tile(p, row, 16 * k, R, 6, n, table); break;
        case 7: if (most >= 7) product_tile(p, row, 16 * k, R, 7, n, table); break;
        case 8: if (most >= 8) product_tile(p, row, 16 * k, R, 8, n, table); break;
        }
    }
}

/* The rows from `row` on that belong together. */
INLINED void product_block(const struct product *p, int row, const int table)
{
    switch (part_size(p->rows, row, p->most)) {
    case 1: product_rows(p, row, 1, table); break;
    case 2: product_rows(p, row, 2, table); break;
    case 3: product_rows(p, row, 3, table); break;
    case 4: product_rows(p, row, 4, table); break;
    case 5: product_rows(p, row, 5, table); break;
    case 6: product_rows(p, row, 6, table); break;
    case 7: product_rows(p, row, 7, table); break;
    case 8: product_rows(p, row, 8, table); break;
    }
}

#endif
