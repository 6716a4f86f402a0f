/* one_example.h - one example back through a dense layer, in one pass over its weights.
 *
 *     dx[i]      = sum_o dy[o] w[i][o]
 *     made[i][o] = make(w[i][o], x[i], dy[o], constant)
 *
 * where `made` are the gradients of the weights, or the weights after their step. It may be w
 * itself, otherwise outputs overlap nothing. dx is summed in 16 strided lanes, o in lane o mod 16,
 * folded by v_sum. A weight is read once, for both.
 */
#ifndef FAST_ONE_EXAMPLE_H
#define FAST_ONE_EXAMPLE_H

#include "fast/threads.h"
#include "fast/vec.h"

struct example {
    int in, out;
    float constant;
    const float *x, *w, *dy;
    float *dx, *made;
};

/* What becomes of a weight; `constant` stays in a register. */
typedef v make_weight(v w, v x, v dy, v constant);

/* Rows of less than a vector, so many together. They are loaded before one is stored: a load beside
 * what was just stored under a mask waits for it. */
enum { ROWS = V_ACCUMULATORS < 4 ? 2 : V_ACCUMULATORS < 8 ? 4 : 8 };

/* R rows from i on, with the lanes of their sums to `sums`. R and make are constants where this is
 * called, here and below. */
INLINED void narrow_group(const struct example *a, int i, float *sums, make_weight *make,
                          const int R)
{
    const int n = a->out;
    const size_t at = (size_t)i * n;
    const v dy = v_load_n(a->dy, n), zero = v_set1(0.0f), constant = v_set1(a->constant);
    v w[ROWS];
    UNROLL
    for (int r = 0; r < R; r++) {
        w[r] = v_hold(v_load_n(a->w + at + (size_t)r * n, n));
        v_store(sums + 16 * r, v_fma(dy, w[r], zero));
    }
    UNROLL
    for (int r = 0; r < R; r++)
        v_store_n(a->made + at + (size_t)r * n, make(w[r], v_set1(a->x[i + r]), dy, constant), n);
}

/* `count` rows of less than a vector, 16 at most. */
INLINED void narrow_rows(const struct example *a, int i, int count, make_weight *make)
{
    _Alignas(64) float sums[16 * 16];
    v x[16];
    int r = 0;
    for (; r + ROWS <= count; r += ROWS)
        narrow_group(a, i + r, sums + 16 * r, make, ROWS);
    for (; r < count; r++)
        narrow_group(a, i + r, sums + 16 * r, make, 1);
    for (int l = 0; l < 16; l++)
        x[l] = l < count ? v_load(sums + 16 * l) : v_set1(0.0f);
    v_store_n(a->dx + i, v_sums(x), count);
}

/* Of two groups of 16 rows, `apart` floats from one to the next, a row each: they lie alike in the
 * lines of a cache whatever the length of a row, and neither sum waits for the other. */
struct rows {
    const float *w;
    float *made;
    size_t apart;
    v constant, x[2], sum[2];
};

/* What two steps of v_sum leave of row r's sum, of 16 rows, for v_ends. */
static inline void store_lanes(float *sums, int r, v sum)
{
    v_store_quarter(sums + 16 * (r % 4) + r / 4 * 4, sum);
}

/* Whole vectors of G rows, a constant where this is called. Operands are held, or each use of them
 * would load them again. */
INLINED void whole(struct rows *a, const float *dy, int vectors, make_weight *make, const int G)
{
    for (; vectors > 0; vectors--, dy += 16, a->w += 16, a->made += 16) {
        const v slope = v_hold(v_load(dy));
        UNROLL
        for (int g = 0; g < G; g++) {
            const v old = v_hold(v_load(a->w + g * a->apart));
            a->sum[g] = v_fma(slope, old, a->sum[g]);
            v_store(a->made + g * a->apart, make(old, a->x[g], slope, a->constant));
        }
    }
}

/* The n first or last weights of rows, in lane `lane` and the next ones. */
INLINED void few(struct rows *a, const float *dy, int lane, int n, make_weight *make, const int G)
{
    if (n == 0) /* what is loaded after a store under a mask waits for it, even if it stored none */
        return;
    const v slope = v_load_n(dy, n), turned = v_load_part(dy - lane, lane, lane + n);
    UNROLL
    for (int g = 0; g < G; g++) {
        const float *w = a->w + g * a->apart;
        a->sum[g] = v_fma(turned, v_load_part(w - lane, lane, lane + n), a->sum[g]);
        v_store_n(a->made + g * a->apart, make(v_load_n(w, n), a->x[g], slope, a->constant), n);
    }
    a->w += n;
    a->made += n;
}

/* The vector with the last n weights of rows r and the first ones of the next, the inputs of which
 * are at x and x + 16: it counts in the sums of both. */
INLINED void border(struct rows *a, const float *dy, int out, int n, const float *x, float *sums,
                    int r, make_weight *make, const int G)
{
    const vm own = m_first(n);
    const v slope = v_hold(v_select(own, v_load_n(dy + out - n, n), v_load_part(dy - n, n, 16)));
    const v zero = v_set1(0.0f);
    UNROLL
    for (int g = 0; g < G; g++) {
        const v old = v_hold(v_load(a->w + g * a->apart)), next = v_set1(x[16 * g]);
        store_lanes(sums + 64 * g, r, v_select(own, v_fma(slope, old, a->sum[g]), a->sum[g]));
        a->sum[g] = v_select(own, zero, v_fma(slope, old, zero));
        v_store(a->made + g * a->apart,
                make(old, v_select(own, a->x[g], next), slope, a->constant));
        a->x[g] = next;
    }
    a->w += 16;
    a->made += 16;
}

/* `count` rows from i on, and as many of a second group. They lie behind one another, and are taken
 * as they lie in lines. So the lanes of a sum are turned, and stay so: v_sum adds those that are 8
 * apart, then 4, 2 and 1, turned or not. */
INLINED void wide_groups(const struct example *a, int i, int count, make_weight *make, const int G)
{
    _Alignas(64) float sums[2 * 64];
    const float *const x = a->x + i, *const dy = a->dy;
    const int out = a->out;
    const size_t start = (size_t)i * out;
    struct rows rows = { .w = a->w + start, .made = a->made + start,
                         .apart = 16 * (size_t)out, .constant = v_set1(a->constant) };
    const int first = (int)(-((uintptr_t)rows.w / sizeof(float)) % 16); /* before a line begins */
    UNROLL
    for (int g = 0; g < G; g++)
        rows.x[g] = v_set1(x[16 * g]);
    few(&rows, dy, 16 - first, first, make, G);
    for (int r = 0, at = first; r < count; r++) {
        const int rest = (out - at) % 16;
        whole(&rows, dy + at, (out - at) / 16, make, G);
        if (rest && r + 1 < count) {
            border(&rows, dy, out, rest, x + r + 1, sums, r, make, G);
            at = 16 - rest;
            continue;
        }
        few(&rows, dy + out - rest, 0, rest, make, G);
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

/* How many times 32 rows there are, or 16 of less than a vector; the last of them fewer. */
static inline int example_parts(const struct example *a)
{
    return a->out < 16 ? (a->in + 15) / 16 : (a->in + 31) / 32;
}

/* The k-th of these from the end: forward went through the last rows last, and a cache that does
 * not hold all of the weights still has them. */
INLINED void example_rows(const struct example *of, int k, make_weight *make)
{
    const struct example a = *of; /* a copy, which no store can change */
    if (a.out < 16) {
        const int i = (a.in - 1) / 16 * 16 - 16 * k;
        narrow_rows(&a, i, a.in - i < 16 ? a.in - i : 16, make);
        return;
    }
    const int i = (a.in - 1) / 32 * 32 - 32 * k, count = a.in - i;
    if (count >= 32) {
        wide_groups(&a, i, 16, make, 2);
        return;
    }
    for (int r = count > 16 ? 16 : 0; r >= 0; r -= 16)
        wide_groups(&a, i + r, count - r < 16 ? count - r : 16, make, 1);
}

#endif
