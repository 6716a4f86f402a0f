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

/* The gradient is rounded as if it were kept. */
INLINED v step(v w, v x, v minus_lr, v dy)
{
    return v_fma(minus_lr, v_fma(x, dy, v_set1(0.0f)), w);
}

/* Rows of less than a vector, so many together. They are loaded before one is stored: a load beside
 * what was just stored under a mask waits for it. */
enum { ROWS = V_ACCUMULATORS < 4 ? 2 : V_ACCUMULATORS < 8 ? 4 : 8 };

/* Leaves the lanes of each row's sum in `sums`. R is a constant where this is called. */
INLINED void narrow_rows(const struct call *a, int i, float *sums, const int R)
{
    const int n = a->out;
    const size_t at = (size_t)i * n;
    const v dy = v_load_n(a->dy, n), zero = v_set1(0.0f), minus_lr = v_set1(a->minus_lr);
    v w[ROWS];
    UNROLL
    for (int r = 0; r < R; r++) {
        w[r] = v_hold(v_load_n(a->w + at + (size_t)r * n, n));
        v_store(sums + 16 * r, v_fma(dy, w[r], zero));
    }
    UNROLL
    for (int r = 0; r < R; r++)
        v_store_n(a->stepped + at + (size_t)r * n,
                  step(w[r], v_set1(a->x[i + r]), minus_lr, dy), n);
}

/* Whole vectors of a row; returns the sum with theirs. Both operands are held, or each use of them
 * would load them again. */
INLINED v whole(const float *w, const float *dy, float *stepped, size_t vectors, v x, v minus_lr,
                v sum)
{
    for (size_t k = 0; k < 16 * vectors; k += 16) {
        const v old = v_hold(v_load(w + k)), slope = v_hold(v_load(dy + k));
        sum = v_fma(slope, old, sum);
        v_store(stepped + k, step(old, x, minus_lr, slope));
    }
    return sum;
}

/* Rows of a vector and more lie behind one another, and are taken as they lie in the lines of a
 * cache. A vector in which a row ends and the next begins counts in the sums of both. So lanes are
 * turned, and stay so: v_sum adds those that are 8 apart, then 4, 2 and 1, turned or not. */
INLINED void wide_rows(const struct call *a, int i, int count, float *sums)
{
    const float *w = a->w + (size_t)i * a->out, *dy = a->dy;
    float *stepped = a->stepped + (size_t)i * a->out;
    const v zero = v_set1(0.0f), one = v_set1(1.0f), minus_lr = v_set1(a->minus_lr);
    const int first = (int)(-((uintptr_t)w / sizeof *w) % 16); /* so many before a line begins */
    v x = v_set1(a->x[i]);
    v sum = v_fma(v_load_part(dy + first - 16, 16 - first, 16),
                  v_load_part(w + first - 16, 16 - first, 16), zero);
    v_store_n(stepped, step(v_load_n(w, first), x, minus_lr, v_load_n(dy, first)), first);
    w += first;
    stepped += first;
    for (int r = 0, at = first, rest;; r++, at = 16 - rest) {
        const size_t vectors = (size_t)(a->out - at) / 16;
        rest = (a->out - at) % 16;
        sum = whole(w, dy + at, stepped, vectors, x, minus_lr, sum);
        w += 16 * vectors;
        stepped += 16 * vectors;
        const v last = v_load_n(dy + a->out - rest, rest);
        if (r + 1 == count) {
            const v old = v_load_n(w, rest);
            v_store_n(stepped, step(old, x, minus_lr, last), rest);
            v_store(sums + 16 * r, v_fma(last, old, sum));
            return;
        }
        const vm own = v_eq(v_keep(one, rest), one);
        const v old = v_load(w), next = v_load_part(dy - rest, rest, 16);
        const v x_next = v_set1(a->x[i + r + 1]);
        v_store(stepped, step(old, v_select(own, x, x_next), minus_lr, v_select(own, last, next)));
        v_store(sums + 16 * r, v_fma(last, v_select(own, old, zero), sum));
        sum = v_fma(next, v_select(own, zero, old), zero);
        x = x_next;
        w += 16;
        stepped += 16;
    }
}

/* The last rows first: forward went through them last, and a cache that does not hold all of the
 * weights still has them. */
static void rows(const void *context, int k, int thread)
{
    const struct call a = *(const struct call *)context; /* a copy, which no store can change */
    const int i = (a.in - 1) / 16 * 16 - 16 * k, count = a.in - i < 16 ? a.in - i : 16;
    _Alignas(64) float sums[16 * 16];
    v x[16];
    int r = 0;
    (void)thread;
    if (a.out >= 16)
        wide_rows(&a, i, count, sums);
    for (; a.out < 16 && r + ROWS <= count; r += ROWS)
        narrow_rows(&a, i + r, sums + 16 * r, ROWS);
    for (; a.out < 16 && r < count; r++)
        narrow_rows(&a, i + r, sums + 16 * r, 1);
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
