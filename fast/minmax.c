/* The minimum and the maximum are found in 16 strided lanes, block after block; then the first
 * element equal to each, in the first block that had it in any lane. Nothing is rounded, so that
 * the order matters only for ties. The two sums of backward run in 16 strided lanes, element k in
 * lane k mod 16, folded by v_sum. */
#include "ref/minmax.h"
#include "fast/flight.h"
#include "fast/threads.h"

#include <math.h>

enum { BLOCK = 256 };

/* In every lane the extremes so far, and the first blocks that had them; and whether all elements
 * were numbers. */
struct extremes {
    v low, low_from, high, high_from;
    vm numbers;
};

/* A block of n elements; in lanes beyond them stands `rest`, which is one of the tensor. n is a
 * constant where this is called, unless the block is the last. */
INLINED void offer_block(struct extremes *e, const float *x, int n, v from, float rest)
{
    v low[2] = { e->low, e->low }, high[2] = { e->high, e->high };
    vm numbers[2] = { e->numbers, e->numbers };
    for (int i = 0; i < n; i += 32) {
        UNROLL
        for (int k = 0; k < 2; k++) {
            const int at = i + 16 * k;
            const v value = n == BLOCK ? v_load(x + at) : load_rest(x + at, n - at, rest);
            low[k] = v_min(value, low[k]);
            high[k] = v_max(value, high[k]);
            numbers[k] = m_and(numbers[k], v_eq(value, value));
        }
    }
    const v least = v_min(low[1], low[0]), most = v_max(high[1], high[0]);
    e->low_from = v_select(v_lt(least, e->low), from, e->low_from);
    e->high_from = v_select(v_lt(e->high, most), from, e->high_from);
    e->low = least;
    e->high = most;
    e->numbers = m_and(numbers[0], numbers[1]);
}

static int first_lane(v x)
{
    float lane[16];
    v_store(lane, x);
    return (int)lane[0];
}

/* The place of the first element equal to `value`, in the first block that had it in any lane. */
static int first_place(const float *x, int len, v value, v best, v from)
{
    const v none = v_set1(INFINITY), step = v_set1(16.0f);
    const int block = BLOCK * first_lane(v_across(v_select(v_eq(best, value), from, none), v_min));
    v at = v_load((const float[]){ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 });
    v first = none;
    for (int i = block; i < len && i < block + BLOCK; i += 16, at = v_add(at, step)) {
        const vm equal = v_eq(load_rest(x + i, len - i, x[0]), value);
        first = v_min(v_select(equal, at, none), first);
    }
    return block + first_lane(v_across(first, v_min));
}

/* The places of minimum and maximum: of the first NaN, if there is one. */
static void find(const float *x, int len, int *a, int *b)
{
    const v inf = v_set1(INFINITY), zero = v_set1(0.0f);
    struct extremes e = { inf, zero, v_neg(inf), zero, v_eq(zero, zero) };
    int i = 0;
    for (; i + BLOCK <= len; i += BLOCK)
        offer_block(&e, x + i, BLOCK, v_set1((float)(i / BLOCK)), x[0]);
    if (i < len)
        offer_block(&e, x + i, len - i, v_set1((float)(i / BLOCK)), x[0]);
    if (v_sum(v_select(e.numbers, zero, v_set1(1.0f))) > 0.0f) {
        for (*a = 0; x[*a] == x[*a];)
            ++*a;
        *b = *a;
        return;
    }
    *a = first_place(x, len, v_across(e.low, v_min), e.low, e.low_from);
    *b = first_place(x, len, v_across(e.high, v_max), e.high, e.high_from);
}

static void statistics(const struct minmax_shape *s, const float *x, float *range)
{
    int a, b;
    find(x, s->len, &a, &b);
    range[0] = x[a];
    range[1] = x[b];
}

/* Quotients a / size from products, as v_div gives them, for 0 <= a <= size: beside the divider,
 * which takes as long as they do. `part` is 1 / size rounded, `rest` what that lacks. `near` is one
 * of the two floats beside a / size, so that what it leaves of a is exact and mends it (Markstein),
 * unless a is so small, below 2^-40 of the size, that this underflows. */
struct divisor {
    v size, part, rest;
};

static int is_moderate(float size)
{
    return size >= 0x1p-60f && size <= 0x1p60f;
}

static struct divisor divisor_of(float x)
{
    const v one = v_set1(1.0f), size = v_set1(x), part = v_div(one, size);
    return (struct divisor){ size, part, v_mul(v_fnma(part, size, one), part) };
}

INLINED v quotient(struct divisor d, v a)
{
    const v near = v_fma(a, d.part, v_mul(a, d.rest));
    return v_fma(v_fnma(near, d.size, a), d.part, near);
}

struct call {
    float min, size; /* of the range */
    int inside;      /* whether it is that of x, and moderate */
    const float *x;
    float *y;
};

static void apply_slice(const void *context, int from, int end)
{
    const struct call a = *(const struct call *)context; /* a copy, which no store can change */
    const v min = v_set1(a.min), size = v_set1(a.size);
    const v two = v_set1(2.0f), minus_one = v_set1(-1.0f);
    int i = from;
    if (a.inside) {
        const struct divisor divisor = divisor_of(a.size);
        for (; i + 32 <= end; i += 32) {
            const v one = v_div(v_sub(v_load(a.x + i), min), size);
            const v other = quotient(divisor, v_sub(v_load(a.x + i + 16), min));
            v_store(a.y + i, v_fma(two, one, minus_one));
            v_store(a.y + i + 16, v_fma(two, other, minus_one));
        }
    }
    for (; i < end; i += 16) {
        const v part = v_div(v_sub(v_load_n(a.x + i, end - i), min), size);
        v_store_n(a.y + i, v_fma(two, part, minus_one), end - i);
    }
}

static void apply(const struct minmax_shape *s, const float *x, const float *range, float *y)
{
    const float size = range[1] - range[0];
    thread_slices(s->len, apply_slice, &(struct call){ range[0], size, 0, x, y });
}

static void forward(const struct minmax_shape *s, const float *x, float *y)
{
    float range[2];
    statistics(s, x, range);
    const float size = range[1] - range[0];
    thread_slices(s->len, apply_slice, &(struct call){ range[0], size, is_moderate(size), x, y });
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
    int k = 0;
    if (is_moderate(range)) {
        const struct divisor divisor = divisor_of(range);
        for (; k + 16 <= len; k += 16) {
            const v value = v_load(x + k), grad = v_load(dy + k);
            of_min = v_fma(grad, v_div(v_sub(max, value), size), of_min);
            of_max = v_fma(grad, quotient(divisor, v_sub(value, min)), of_max);
        }
    }
    for (; k < len; k += 16) { /* beyond the end dy is 0, which adds nothing */
        const v value = v_load_n(x + k, len - k), grad = v_load_n(dy + k, len - k);
        of_min = v_fma(grad, v_div(v_sub(max, value), size), of_min);
        of_max = v_fma(grad, v_div(v_sub(value, min), size), of_max);
    }
    thread_slices(len, scale_slice, &(struct call){ .size = range, .x = dy, .y = dx });
    dx[a] = 2.0f * ((dy[a] - v_sum(of_min)) / range);
    dx[b] = 2.0f * ((dy[b] - v_sum(of_max)) / range);
}

const struct minmax_float FAST_TABLE(minmax) = { forward, backward, statistics, apply };
