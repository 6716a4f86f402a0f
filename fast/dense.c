/* One product serves both directions. Every sum runs in one lane, in the order of its formula: over i
 * from the bias for y, over n from +0 for dw and db. dx is summed over o in 16 strided lanes, o in
 * lane o mod 16, folded by v_sum. */
#include "ref/dense.h"
#include "fast/threads.h"
#include "fast/vec.h"

/* out[r][c] = start[c] + sum_k a[r a_row + k a_depth] m[k][c], m and out with rows `cols` long; start
 * NULL is zero. */
struct product {
    int rows, cols, depth;
    const float *a;
    size_t a_row, a_depth;
    const float *m, *start;
    float *out;
};

/* R rows by C vectors, of which the last has n columns. R and C are constants where this is called,
 * so that the sums stay in registers. */
static inline __attribute__((always_inline)) void tile(const struct product *p, int row, int col,
                                                       const int R, const int C, int n)
{
    v sum[8][8];
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++)
            sum[r][c] = p->start ? v_load_n(p->start + col + 16 * c, c < C - 1 ? 16 : n)
                                 : v_set1(0.0f);
    const float *a = p->a + row * p->a_row, *m = p->m + col;
    for (int k = 0; k < p->depth; k++, a += p->a_depth, m += p->cols) {
        v x[8];
        for (int c = 0; c < C; c++)
            x[c] = c < C - 1 ? v_load(m + 16 * c) : v_load_n(m + 16 * c, n);
        for (int r = 0; r < R; r++)
            for (int c = 0; c < C; c++)
                sum[r][c] = v_fma(v_set1(a[r * p->a_row]), x[c], sum[r][c]);
    }
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++)
            v_store_n(p->out + (size_t)(row + r) * p->cols + col + 16 * c, sum[r][c],
                      c < C - 1 ? 16 : n);
}

enum { TILE_ROWS = V_ACCUMULATORS < 4 ? V_ACCUMULATORS : 4 };

/* As many vectors side by side as the registers hold for R rows of sums. */
static inline __attribute__((always_inline)) void rows(const struct product *p, int row, const int R)
{
    const int most = V_ACCUMULATORS / R < 6 ? V_ACCUMULATORS / R : 6;
    for (int col = 0; col < p->cols;) {
        const int left = (p->cols - col + 15) / 16;
        const int wide = left < most ? left : most;
        const int n = p->cols - col - 16 * (wide - 1);
        switch (wide) {
        case 1: tile(p, row, col, R, 1, n); break;
        case 2: tile(p, row, col, R, 2, n); break;
        case 3: tile(p, row, col, R, 3, n); break;
        case 4: tile(p, row, col, R, 4, n); break;
        case 5: tile(p, row, col, R, 5, n); break;
        case 6: tile(p, row, col, R, 6, n); break;
        }
        col += 16 * wide;
    }
}

static void multiply(const struct product *p)
{
    const double work = (double)p->rows * p->cols * p->depth;
#pragma omp parallel for if (work > THREAD_WORK)
    for (int row = 0; row < p->rows; row += TILE_ROWS) {
        if (row + TILE_ROWS <= p->rows)
            rows(p, row, TILE_ROWS);
        else
            for (int last = row; last < p->rows; last++)
                rows(p, last, 1);
    }
}

static void forward(const struct dense_shape *s, const float *x, const float *w, const float *b,
                    float *y)
{
    multiply(&(struct product){ .rows = s->n, .cols = s->out, .depth = s->in,
                                .a = x, .a_row = (size_t)s->in, .a_depth = 1,
                                .m = w, .start = b, .out = y });
}

static void input_gradient(const struct dense_shape *s, const float *w, const float *dy, float *dx)
{
    const double work = (double)s->n * s->in * s->out;
#pragma omp parallel for if (work > THREAD_WORK)
    for (int n = 0; n < s->n; n++)
        for (int i = 0; i < s->in; i++) {
            const float *grad = dy + (size_t)n * s->out, *row = w + (size_t)i * s->out;
            v sum = v_set1(0.0f);
            for (int o = 0; o < s->out; o += 16)
                sum = v_fma(v_load_n(grad + o, s->out - o), v_load_n(row + o, s->out - o), sum);
            dx[(size_t)n * s->in + i] = v_sum(sum);
        }
}

static void backward(const struct dense_shape *s, const float *x, const float *w, const float *dy,
                     float *dx, float *dw, float *db)
{
    if (dx)
        input_gradient(s, w, dy, dx);
    multiply(&(struct product){ .rows = s->in, .cols = s->out, .depth = s->n,
                                .a = x, .a_row = 1, .a_depth = (size_t)s->in,
                                .m = dy, .out = dw });
    for (int o = 0; o < s->out; o += 16) {
        v sum = v_set1(0.0f);
        for (int n = 0; n < s->n; n++)
            sum = v_add(sum, v_load_n(dy + (size_t)n * s->out + o, s->out - o));
        v_store_n(db + o, sum, s->out - o);
    }
}

const struct dense_float FAST_TABLE(dense) = { forward, backward };
