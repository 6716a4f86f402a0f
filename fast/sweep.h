/* sweep.h - taps over rows, for few channels of outputs: many rows of one use what is loaded once.
 *
 * A tile has R rows of outputs, one below the other, and the input goes past it row by row: each
 * lies under one row of the kernel for one row of outputs, and under the next one for the next. So
 * rows of outputs take the place of channels, and the planes need no copies for the shifts.
 *
 *     out[channel][row][col] = sum over (plane, p, q) in this order of
 *         w[plane][q][p][channel] x[plane][row + kh - 1 - p][col + kw - 1 - q]
 *
 * In w the factors for one column of inputs lie together, so that their places are constants.
 *
 * Rows of x that are zeros throughout are left out by the tiles of tall kernels, for which they are
 * many. A zero that they would have added changes a sum only if that is -0, which a sum below all
 * floats may come to: so +0 is added to each at its end.
 */
#ifndef FAST_SWEEP_H
#define FAST_SWEEP_H

#include "fast/product.h"

#include <limits.h>

struct sweep {
    int planes, channels, rows, cols, kh, kw; /* SWEEP_CHANNELS at most */
    int from, end;  /* the rows of x that may be other than 0 */
    const float *x; /* rows `pitch` wide; behind the last one, 15 floats more may be read */
    size_t x_plane, pitch;
    const float *w;
    float *out;
    size_t out_channel, out_row;
};

enum { SWEEP_CHANNELS = 3, SWEEP_ROWS = 8, SWEEP_STRANDS = V_ACCUMULATORS < 12 ? 2 : 4,
       SWEEP_TALL = 6 };

/* The rows of a tile of so many channels, at most, and then its strands. */
static inline int sweep_rows(int channels)
{
    const int most = V_ACCUMULATORS / channels / (V_ACCUMULATORS < 12 ? 1 : 2);
    return most < 1 ? 1 : most < SWEEP_ROWS ? most : SWEEP_ROWS;
}

static inline int sweep_strands(int channels, int rows)
{
    const int most = (V_ACCUMULATORS < 12 ? 5 : V_ACCUMULATORS) / (channels * rows);
    return most >= SWEEP_STRANDS ? SWEEP_STRANDS : most < 2 ? 1 : 2;
}

/* A vector of each of the R rows: its last row, of that the input and the output, and how many
 * columns. */
struct strand {
    const float *x;
    float *out;
    int n, last;
};

/* The row of inputs at x, under row `w` of the kernel for row 0 of the tile: it is one for rows LO
 * to HI - 1. B, C, LO and HI are constants where this is called. */
INLINED void sweep_step(const struct sweep *s, const float *const x[4], ptrdiff_t offset,
                        const float *w, v sum[SWEEP_CHANNELS][SWEEP_ROWS][4], const int B,
                        const int C, const int LO, const int HI)
{
    const size_t column = (size_t)s->kh * B;
    for (int q = s->kw; q > 0; q--, w += column) {
        v term[4];
        offset--;
        UNROLL
        for (int c = 0; c < C; c++)
            term[c] = v_hold(v_load(x[c] + offset));
        UNROLL
        for (int b = 0; b < B; b++) {
            UNROLL
            for (int r = LO; r < HI; r++) {
                const v f = v_set1(w[b - r * B]);
                UNROLL
                for (int c = 0; c < C; c++)
                    sum[b][r][c] = v_fma(f, term[c], sum[b][r][c]);
            }
        }
    }
}

/* B channels by R rows by C strands, R of kh at most. */
INLINED void sweep_tile(const struct sweep *s, const struct strand *strand, const int B,
                        const int R, const int C)
{
    v sum[SWEEP_CHANNELS][SWEEP_ROWS][4];
    const float *x[4];
    UNROLL
    for (int c = 0; c < C; c++) {
        x[c] = strand[c].x;
        UNROLL
        for (int b = 0; b < B; b++) {
            UNROLL
            for (int r = 0; r < R; r++)
                sum[b][r][c] = v_set1(0.0f);
        }
    }
    const ptrdiff_t pitch = (ptrdiff_t)s->pitch;
    const size_t w_plane = (size_t)s->kh * s->kw * B;
    const int kh = s->kh; /* and the steps over rows that are wanted for any strand */
    const int from = kh + strand[0].last - s->end, end = kh + strand[C - 1].last - s->from;
    for (int k = 0; k < s->planes; k++) {
        const float *w = s->w + k * w_plane;
        ptrdiff_t at = (ptrdiff_t)(k * s->x_plane) + s->kw;
#define STEP(step, lo, hi)                                                                         \
    do {                                                                                           \
        if (R < SWEEP_TALL || (step >= from && step < end))                                        \
            sweep_step(s, x, at, w, sum, B, C, lo, hi);                                            \
        at -= pitch, w += B;                                                                       \
    } while (0)
        if (R > 1) STEP(0, 0, 1);
        if (R > 2) STEP(1, 0, 2);
        if (R > 3) STEP(2, 0, 3);
        if (R > 4) STEP(3, 0, 4);
        if (R > 5) STEP(4, 0, 5);
        if (R > 6) STEP(5, 0, 6);
        if (R > 7) STEP(6, 0, 7);
        for (int p = R - 1; p < kh; p++)
            STEP(p, 0, R);
        if (R > 1) STEP(kh, 1, R);
        if (R > 2) STEP(kh + 1, 2, R);
        if (R > 3) STEP(kh + 2, 3, R);
        if (R > 4) STEP(kh + 3, 4, R);
        if (R > 5) STEP(kh + 4, 5, R);
        if (R > 6) STEP(kh + 5, 6, R);
        if (R > 7) STEP(kh + 6, 7, R);
#undef STEP
    }
    UNROLL
    for (int b = 0; b < B; b++) {
        UNROLL
        for (int r = 0; r < R; r++) {
            UNROLL
            for (int c = 0; c < C; c++)
                v_store_n(strand[c].out + b * s->out_channel - r * s->out_row,
                          v_add(sum[b][r][c], v_set1(0.0f)), strand[c].n);
        }
    }
}

/* All strands, of R rows each. Where they do not come out even the last ones are taken
 * again, as are rows: that writes the same once more. */
INLINED void sweep_block(const struct sweep *s, const int B, const int R)
{
    const int C = sweep_strands(B, R);
    struct strand strand[4];
    int count = 0;
    for (int row = 0; row < s->rows; row += R) {
        const int last = (row + R < s->rows ? row + R : s->rows) - 1;
        for (int col = 0; col < s->cols; col += 16) {
            strand[count++] = (struct strand){ s->x + (last + s->kh - 1) * s->pitch + col,
                                               s->out + last * s->out_row + col, s->cols - col,
                                               last };
            if (count == C) {
                sweep_tile(s, strand, B, R, C);
                count = 0;
            }
        }
    }
    if (count) {
        for (int c = count; c < C; c++)
            strand[c] = strand[count - 1];
        sweep_tile(s, strand, B, R, C);
    }
}

/* The rows of the tiles that are done first with all strands: each of their steps takes as long as
 * its multiply-adds do, or its loads, of a factor for a row and of two lines for a strand. */
static int sweep_fit(const struct sweep *s)
{
    const int kh = s->kh < s->rows ? s->kh : s->rows, room = sweep_rows(s->channels);
    int fit = 1, least = INT_MAX;
    for (int r = kh < room ? kh : room; r > 0; r--) {
        const int c = sweep_strands(s->channels, r), factors = r * s->channels;
        const int strands = (s->rows + r - 1) / r * ((s->cols + 15) / 16);
        const int step = factors * c > factors + 2 * c ? factors * c : factors + 2 * c;
        if ((strands + c - 1) / c * step < least) {
            least = (strands + c - 1) / c * step;
            fit = r;
        }
    }
    return fit;
}

INLINED void sweep_channels(const struct sweep *s, const int B)
{
    switch (sweep_fit(s)) {
    case 1: sweep_block(s, B, 1); break;
    case 2: sweep_block(s, B, 2); break;
    case 3: sweep_block(s, B, 3); break;
    case 4: sweep_block(s, B, 4); break;
    case 5: sweep_block(s, B, 5); break;
    case 6: sweep_block(s, B, 6); break;
    case 7: sweep_block(s, B, 7); break;
    case 8: sweep_block(s, B, 8); break;
    }
}

static void sweep(const struct sweep *s)
{
    switch (s->channels) {
    case 1: sweep_channels(s, 1); break;
    case 2: sweep_channels(s, 2); break;
    case 3: sweep_channels(s, 3); break;
    }
}

#endif
