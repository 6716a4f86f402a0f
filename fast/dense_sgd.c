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
    return v_fma(minus_lr, v_mul(x, dy), w);
}

/* Rows of less than a vector, so many together. They are loaded before one is stored: a load beside
 * what was just stored under a mask waits for it. */
enum { ROWS = V_ACCUMULATORS < 4 ? 2 : V_ACCUMULATORS < 8 ? 4 : 8 };

/* R rows from i on, a constant where this is called, with the lanes of their sums to `sums`. */
INLINED void narrow_group(const struct call *a, int i, float *sums, const int R)
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

/* 16 rows of less than a vector, the last ones first: forward went through them last, and a cache
 * that does not hold all of the weights still has them. */
static void narrow_rows(const void *context, int k, int thread)
{
    const struct call a = *(const struct call *)context; /* a copy, which no store can change */
    const int i = (a.in - 1) / 16 * 16 - 16 * k, count = a.in - i < 16 ? a.in - i : 16;
    _Alignas(64) float sums[16 * 16];
    v x[16];
    int r = 0;
    (void)thread;
    for (; r + ROWS <= count; r += ROWS)
        narrow_group(&a, i + r, sums + 16 * r, ROWS);
    for (; r < count; r++)
        narrow_group(&a, i + r, sums + 16 * r, 1);
    for (int l = 0; l < 16; l++)
        x[l] = l < count ? v_load(sums + 16 * l) : v_set1(0.0f);
    v_store_n(a.dx + i, v_sums(x), count);
}

/* Of two groups of 16 rows, `apart` floats from one to the next, a row each: they lie alike in the
 * lines of a cache whatever the length of a row, and neither sum waits for the other. */
struct rows {
    const float *w;
    float *stepped;
    size_t apart;
    v minus_lr, x[2], sum[2];
};

/* What two steps of v_sum leave of row r's sum, of 16 rows, for v_ends. */
static inline void store_lanes(float *sums, int r, v sum)
{
    v_store_quarter(sums + 16 * (r % 4) + r / 4 * 4, sum);
}

/* Whole vectors of G rows, a constant where this is called. Operands are held, or each use of them
 * would load them again. */
INLINED void whole(struct rows *a, const float *dy, int vectors, const int G)
{
    for (; vectors > 0; vectors--, dy += 16, a->w += 16, a->stepped += 16) {
        const v slope = v_hold(v_load(dy));
        UNROLL
        for (int g = 0; g < G; g++) {
            const v old = v_hold(v_load(a->w + g * a->apart));
            a->sum[g] = v_fma(slope, old, a->sum[g]);
            v_store(a->stepped + g * a->apart, step(old, a->x[g], a->minus_lr, slope));
        }
    }
}

/* The n first or last weights of rows, in lane `lane` and the next ones. */
INLINED void few(struct rows *a, const float *dy, int lane, int n, const int G)
{
    if (n == 0) /* what is loaded after a store under a mask waits for it, even if it stored none */
        return;
    const v slope = v_load_n(dy, n), turned = v_load_part(dy - lane, lane, lane + n);
    UNROLL
    for (int g = 0; g < G; g++) {
        const float *w = a->w + g * a->apart;
        a->sum[g] = v_fma(turned, v_load_part(w - lane, lane, lane + n), a->sum[g]);
        v_store_n(a->stepped + g * a->apart, step(v_load_n(w, n), a->x[g], a->minus_lr, slope), n);
    }
    a->w += n;
    a->stepped += n;
}

/* The vector with the last n weights of rows r and the first ones of the next, the inputs of which
 * are at x and x + 16: it counts in the sums of both. */
INLINED void border(struct rows *a, const float *dy, int out, int n, const float *x, float *sums,
                    int r, const int G)
{
    const vm own = m_first(n);
    const v slope = v_hold(v_select(own, v_load_n(dy + out - n, n), v_load_part(dy - n, n, 16)));
    const v zero = v_set1(0.0f);
    UNROLL
    for (int g = 0; g < G; g++) {
        const v old = v_hold(v_load(a->w + g * a->apart)), next = v_set1(x[16 * g]);
        store_lanes(sums + 64 * g, r, v_select(own, v_fma(slope, old, a->sum[g]), a->sum[g]));
        a->sum[g] = v_select(own, zero, v_fma(slope, old, zero));
        v_store(a->stepped + g * a->apart,
                step(old, v_select(own, a->x[g], next), a->minus_lr, slope));
        a->x[g] = next;
    }
    a->w += 16;
    a->stepped += 16;
}

/* `count` rows from i on, and as many of a second group. They lie behind one another, and are taken
 * as they lie in lines. So the lanes of a sum are turned, and stay so: v_sum adds those that are 8
 * apart, then 4, 2 and 1, turned or not. */
INLINED void wide_groups(const struct call *a, int i, int count, const int G)
{
    _Alignas(64) float sums[2 * 64];
    const float *const x = a->x + i, *const dy = a->dy;
    const int out = a->out;
    const size_t start = (size_t)i * out;
    struct rows rows = { .w = a->w + start, .stepped = a->stepped + start,
                         .apart = 16 * (size_t)out, .minus_lr = v_set1(a->minus_lr) };
    const int first = (int)(-((uintptr_t)rows.w / sizeof(float)) % 16); /* before a line begins */
    UNROLL
    for (int g = 0; g < G; g++)
        rows.x[g] = v_set1(x[16 * g]);
    few(&rows, dy, 16 - first, first, G);
    for (int r = 0, at = first; r < count; r++) {
        const int rest = (out - at) % 16;
        whole(&rows, dy + at, (out - at) / 16, G);
        if (rest && r + 1 < count) {
            border(&rows, dy, out, rest, x + r + 1, sums, r, G);
            at = 16 - rest;
            continue;
        }
        few(&rows, dy + out - rest, 0, rest, G);
        UNROLL
        for (int g = 0; g < G; g++) {
            store_lanes(sums + 64 * g, r, rows.sum[g]);
            rows.sum[g] = v_set1(0.0f);
            if (r + 1 < count)
                rows.x[g] = v_set1(x[16 * g + r + 1]);
        }
        at = 0;
    }
    for (int r = count; r < 16; r++)
        store_lanes(sums, r, v_set1(0.0f));
    UNROLL
    for (int g = 0; g < G; g++) {
        const float *of = sums + 64 * g;
        const v quarter[4] = { v_load(of), v_load(of + 16), v_load(of + 32), v_load(of + 48) };
        v_store_n(a->dx + i + 16 * g, v_ends(quarter), count);
    }
}

/* 32 rows of a vector and more, the last ones first too. */
static void wide_rows(const void *context, int k, int thread)
{
    const struct call a = *(const struct call *)context;
    const int i = (a.in - 1) / 32 * 32 - 32 * k, count = a.in - i;
    (void)thread;
    if (count >= 32) {
        wide_groups(&a, i, 16, 2);
        return;
    }
    if (count > 16)
        wide_groups(&a, i + 16, count - 16, 1);
    wide_groups(&a, i, count < 16 ? count : 16, 1);
}

static void backward(const struct dense_sgd_shape *s, const float *x, const float *w,
                     const float *b, const float *dy, float *dx, float *stepped, float *settled)
{
    const struct call a = { s->in, s->out, -(float)s->lr, x, w, dy, dx, stepped };
    const v one = v_set1(1.0f), minus_lr = v_set1(a.minus_lr);
    const double work = (double)s->in * s->out;
    if (s->out < 16)
        thread_each((s->in + 15) / 16, work, narrow_rows, &a);
    else
        thread_each((s->in + 31) / 32, work, wide_rows, &a);
    for (int o = 0; o < s->out; o += 16) {
        const int n = s->out - o;
        v_store_n(settled + o, step(v_load_n(b + o, n), one, minus_lr, v_load_n(a.dy + o, n)), n);
    }
}

const struct dense_sgd_float FAST_TABLE(dense_sgd) = { backward };
