/* Minimum and maximum are sought in 16 strided lanes, a block after another, whose winners and the
 * elements beyond the last whole vector are then compared one by one: no rounding, so their order
 * matters only to ties. The two sums of backward run in 16 strided lanes, element k in lane k mod
 * 16, folded by v_sum. */
#include "ref/minmax.h"
#include "fast/threads.h"
#include "fast/vec.h"

#include <math.h>

enum { BLOCK = 128 };

/* In every lane the least value so far, and which block it came from; a maximum is the least of the
 * negated values. */
struct least {
    v value, from;
};

/* A value replaces another only if it is less, or a NaN in the place of a number. */
INLINED void offer(struct least *l, v value, v from)
{
    const vm better = m_and(m_not(v_le(l->value, value)), v_eq(l->value, l->value));
    l->value = v_select(better, value, l->value);
    l->from = v_select(better, from, l->from);
}

/* Of a block of `size`, whole vectors, the extremes in every lane, by comparisons that a NaN fails:
 * where there is one it is made both. Size is a constant where this is called, unless the block is
 * the last. */
INLINED void offer_block(struct least *min, struct least *max, const float *x, int size, v from)
{
    v low[2], high[2];
    vm number[2];
    UNROLL
    for (int k = 0; k < 2; k++) {
        low[k] = high[k] = v_load(x);
        number[k] = v_eq(low[k], low[k]);
    }
    for (int i = 16; i < size; i += 16) {
        const int k = i / 16 % 2;
        const v value = v_load(x + i);
        low[k] = v_min(value, low[k]);
        high[k] = v_max(value, high[k]);
        number[k] = m_and(number[k], v_eq(value, value));
    }
    const vm numbers = m_and(number[0], number[1]);
    const v nan = v_from_bits(i_set1(0x7fc00000u));
    const v least = v_min(low[1], low[0]);
    const v most = v_max(high[1], high[0]);
    offer(min, v_select(numbers, least, nan), from);
    offer(max, v_select(numbers, v_neg(most), nan), from);
}

static int less(float a, float b)
{
    return a < b || (a != a && b == b);
}

/* The place of the first minimum of sign * x, after all whole vectors were offered. */
static int first_least(const struct least *l, const float *x, int len, float sign)
{
    const int whole = len / 16 * 16;
    float from[16], value[16];
    int best = 0, lane = 0;
    v_store(from, l->from);
    v_store(value, l->value);
    for (int k = 1; k < 16; k++)
        if (less(value[k], value[lane]) || (from[k] < from[lane] && !less(value[lane], value[k])))
            lane = k;
    if (whole > 0)
        for (best = BLOCK * (int)from[lane]; less(value[lane], sign * x[best]);)
            best++;
    for (int i = whole; i < len; i++)
        if (less(sign * x[i], sign * x[best]))
            best = i;
    return best;
}

/* The places of minimum and maximum. */
static void find(const float *x, int len, int *a, int *b)
{
    const v start = v_set1(INFINITY), zero = v_set1(0.0f);
    struct least min = { start, zero }, max = { start, zero };
    int i = 0;
    for (; i + BLOCK <= len; i += BLOCK)
        offer_block(&min, &max, x + i, BLOCK, v_set1((float)(i / BLOCK)));
    if (i + 16 <= len)
        offer_block(&min, &max, x + i, (len - i) / 16 * 16, v_set1((float)(i / BLOCK)));
    *a = first_least(&min, x, len, 1.0f);
    *b = first_least(&max, x, len, -1.0f);
}

static void statistics(const struct minmax_shape *s, const float *x, float *range)
{
    int a, b;
    find(x, s->len, &a, &b);
    range[0] = x[a];
    range[1] = x[b];
}

struct call {
    float min, size; /* of the range */
    const float *x;
    float *y;
};

static void apply_slice(const void *context, int from, int end)
{
    const struct call a = *(const struct call *)context; /* a copy, which no store can change */
    const v min = v_set1(a.min), size = v_set1(a.size);
    const v two = v_set1(2.0f), minus_one = v_set1(-1.0f);
    for (int i = from; i < end; i += 16) {
        const v part = v_div(v_sub(v_load_n(a.x + i, end - i), min), size);
        v_store_n(a.y + i, v_fma(two, part, minus_one), end - i);
    }
}

static void apply(const struct minmax_shape *s, const float *x, const float *range, float *y)
{
    thread_slices(s->len, apply_slice, &(struct call){ range[0], range[1] - range[0], x, y });
}

static void forward(const struct minmax_shape *s, const float *x, float *y)
{
    float range[2];
    statistics(s, x, range);
    apply(s, x, range, y);
}

static void scale_slice(const void *context, int from, int end)
{
    const struct call a = *(const struct call *)context;
    const v size = v_set1(a.size);
    for (int i = from; i < end; i += 16) {
        const v half = v_div(v_load_n(a.x + i, end - i), size);
        v_store_n(a.y + i, v_add(half, half), end - i);
    }
}

/* dy / R is doubled last: 2 / R may overflow where dx does not. If a and b are one place, R is 0 or
 * NaN and both say NaN. */
static void backward(const struct minmax_shape *s, const float *x, const float *dy, float *dx)
{
    const int len = s->len;
    int a, b;
    find(x, len, &a, &b);
    const float range = x[b] - x[a];
    const v min = v_set1(x[a]), max = v_set1(x[b]), size = v_set1(range);
    v of_min = v_set1(0.0f), of_max = of_min;
    for (int k = 0; k < len; k += 16) { /* beyond the end dy is 0, which adds nothing */
        const v value = v_load_n(x + k, len - k), grad = v_load_n(dy + k, len - k);
        of_min = v_fma(grad, v_div(v_sub(max, value), size), of_min);
        of_max = v_fma(grad, v_div(v_sub(value, min), size), of_max);
    }
    thread_slices(len, scale_slice, &(struct call){ .size = range, .x = dy, .y = dx });
    dx[a] = 2.0f * ((dy[a] - v_sum(of_min)) / range);
    dx[b] = 2.0f * ((dy[b] - v_sum(of_max)) / range);
}

const struct minmax_float FAST_TABLE(minmax) = { forward, backward, statistics, apply };
