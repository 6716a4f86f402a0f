/* dx is summed over o in 16 strided lanes, o in lane o mod 16, folded by v_sum, as dense.backward
 * does for one example. A weight is read once, for its product and its step. */
#include "ref/dense_sgd.h"
#include "fast/threads.h"
#include "fast/vec.h"

struct call {
    int in, out;
    float minus_lr;
    const float *x, *w, *dy;
    float *dx, *stepped;
};

/* So many rows go together, a sum of each in a register. */
enum { ROWS = V_ACCUMULATORS < 4 ? 2 : V_ACCUMULATORS < 8 ? 4 : 8 };

/* The gradient is rounded as if it were kept. */
INLINED v step(v w, v x, v minus_lr, v dy)
{
    return v_fma(minus_lr, v_fma(x, dy, v_set1(0.0f)), w);
}

/* n columns from o on, of R rows from i on. G rows at a time are loaded before one is stored: a
 * load beside what was just stored under a mask waits for it. */
INLINED void columns(const struct call *a, int i, int o, int n, v *sum, const int R, const int G)
{
    const size_t at = (size_t)i * a->out + o;
    const v dy = v_hold(n < 16 ? v_load_n(a->dy + o, n) : v_load(a->dy + o));
    v row[ROWS];
    UNROLL
    for (int r = 0; r < R; r += G) {
        UNROLL
        for (int k = r; k < r + G; k++) {
            const float *w = a->w + at + (size_t)k * a->out;
            row[k] = v_hold(n < 16 ? v_load_n(w, n) : v_load(w));
            sum[k] = v_fma(dy, row[k], sum[k]);
        }
        UNROLL
        for (int k = r; k < r + G; k++)
            v_store_n(a->stepped + at + (size_t)k * a->out,
                      step(row[k], v_set1(a->x[i + k]), v_set1(a->minus_lr), dy), n);
    }
}

/* Leaves the lanes of each row's sum in `sums`. R is a constant where this is called. */
INLINED void tile(const struct call *a, int i, float *sums, const int R)
{
    v sum[ROWS];
    int o = 0;
    UNROLL
    for (int r = 0; r < R; r++)
        sum[r] = v_set1(0.0f);
    for (; o + 16 <= a->out; o += 16)
        columns(a, i, o, 16, sum, R, 1);
    if (o < a->out)
        columns(a, i, o, a->out - o, sum, R, R);
    UNROLL
    for (int r = 0; r < R; r++)
        v_store(sums + 16 * r, sum[r]);
}

/* The last rows first: forward went through them last, and a cache that does not hold all of the
 * weights still has them. */
static void rows(const void *context, int k, int thread)
{
    const struct call a = *(const struct call *)context; /* a copy, which no store can change */
    const int i = (a.in - 1) / 16 * 16 - 16 * k, count = a.in - i < 16 ? a.in - i : 16;
    _Alignas(64) float sums[16 * 16];
    v x[16];
    int r = count / ROWS * ROWS;
    (void)thread;
    for (int l = count; l-- > r;)
        tile(&a, i + l, sums + 16 * l, 1);
    while ((r -= ROWS) >= 0)
        tile(&a, i + r, sums + 16 * r, ROWS);
    for (int l = 0; l < 16; l++)
        x[l] = l < count ? v_load(sums + 16 * l) : v_set1(0.0f);
    v_store_n(a.dx + i, v_sums(x), count);
}

static void backward(const struct dense_sgd_shape *s, const float *x, const float *w,
                     const float *b, const float *dy, float *dx, float *stepped, float *settled)
{
    const struct call a = { s->in, s->out, -(float)s->lr, x, w, dy, dx, stepped };
    const v one = v_set1(1.0f), minus_lr = v_set1(a.minus_lr);
    thread_each((s->in + 15) / 16, (double)s->in * s->out, rows, &a);
    for (int o = 0; o < s->out; o += 16) {
        const int n = s->out - o;
        v_store_n(settled + o, step(v_load_n(b + o, n), one, minus_lr, v_load_n(a.dy + o, n)), n);
    }
}

const struct dense_sgd_float FAST_TABLE(dense_sgd) = { backward };
