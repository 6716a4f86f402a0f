/* Sums over a row run in 16 strided lanes, element j in lane j mod 16, by blocks: flight.h; and are
 * folded by v_sum. */
#include "ref/softmax.h"
#include "fast/rows.h"

/* R rows of one vector each. R is a constant where this is called. */
INLINED void short_rows(const float *x, int len, float *y, const int R)
{
    v t[FLIGHT];
    UNROLL
    for (int r = 0; r < R; r++) {
        const v max = short_max(x + r * len, len);
        const v e = exp_below(&max, v_load_n(x + r * len, len), max);
        t[r] = v_div(e, v_set1(v_sum(v_keep(e, len))));
    }
    UNROLL
    for (int r = 0; r < R; r++)
        v_store_n(y + r * len, t[r], len);
}

/* G is a constant where this is called. */
INLINED void group_rows(const float *x, int len, float *y, const int G)
{
    v max[GROUPS], sum[GROUPS];
    group_maxima(x, len, max, G);
    group_exps(x, len, max, y, G);
    group_sums(y, len, sum, G);
    group_each(y, len, sum, y, v_div, G);
}

APART void many_rows(const float *x, int len, float *y)
{
    group_rows(x, len, y, GROUPS);
}

APART void one_group(const float *x, int len, float *y)
{
    group_rows(x, len, y, 1);
}

static void long_row(const float *x, int len, float *y)
{
    const v max = long_max(x, len);
    const v sum = v_set1(v_sum(fly_sum(len, x, NULL, y, 0.0f, exp_below, &max)));
    for (int j = 0; j < len; j += 16)
        v_store_n(y + j, v_div(v_load_n(y + j, len - j), sum), len - j);
}

static void forward(const struct softmax_shape *s, const float *x, float *y)
{
    const int len = s->len;
    const size_t all = (size_t)s->n;
    size_t n = 0;
    for (; len <= SHORT && n + MANY <= all; n += MANY)
        many_rows(x + n * len, len, y + n * len);
    for (; len <= SHORT && n + GROUP <= all; n += GROUP)
        one_group(x + n * len, len, y + n * len);
    for (; len <= SHORT && n + FLIGHT <= all; n += FLIGHT)
        short_rows(x + n * len, len, y + n * len, FLIGHT);
    for (; len <= SHORT && n < all; n++)
        short_rows(x + n * len, len, y + n * len, 1);
    for (; n < all; n++)
        long_row(x + n * len, len, y + n * len);
}

/* G is a constant where this is called. */
INLINED void group_gradients(const float *y, const float *dy, int len, float *dx, const int G)
{
    const v zero = v_set1(0.0f);
    v row[16], dot[GROUPS];
    for (int g = 0; g < G; g++) {
        UNROLL
        for (int r = 0; r < 16; r++) {
            const int at = (g * GROUP + r) * len;
            row[r] = v_fma(v_load_n(y + at, len), v_load_n(dy + at, len), zero);
        }
        dot[g] = v_sums(row);
    }
    for (int k = 0; k < len; k++) {
        const vi own = rows_of(k, len);
        UNROLL
        for (int g = 0; g < G; g++) {
            const int at = 16 * (g * len + k);
            const v centred = v_sub(v_load(dy + at), v_spread(dot[g], own));
            v_store(dx + at, v_mul(v_load(y + at), centred));
        }
    }
}

APART void many_gradients(const float *y, const float *dy, int len, float *dx)
{
    group_gradients(y, dy, len, dx, GROUPS);
}

APART void one_gradients(const float *y, const float *dy, int len, float *dx)
{
    group_gradients(y, dy, len, dx, 1);
}

static v part_dot(const float *y, const float *dy, int len)
{
    v sum = v_set1(0.0f);
    for (int j = 0; j < len; j += 16)
        sum = v_fma(v_load_n(y + j, len - j), v_load_n(dy + j, len - j), sum);
    return sum;
}

static void row_gradient(const float *y, const float *dy, int len, float *dx)
{
    v sum = part_dot(y, dy, sum_part(len));
    for (long j = SUM_BLOCK; j < len; j += SUM_BLOCK)
        sum = v_add(sum, part_dot(y + j, dy + j, sum_part(len - j)));
    const v dot = v_set1(v_sum(sum));
    for (int j = 0; j < len; j += 16) {
        const v centred = v_sub(v_load_n(dy + j, len - j), dot);
        v_store_n(dx + j, v_mul(v_load_n(y + j, len - j), centred), len - j);
    }
}

static void backward(const struct softmax_shape *s, const float *y, const float *dy, float *dx)
{
    const int len = s->len;
    const size_t all = (size_t)s->n;
    size_t n = 0;
    for (; len <= SHORT && n + MANY <= all; n += MANY)
        many_gradients(y + n * len, dy + n * len, len, dx + n * len);
    for (; len <= SHORT && n + GROUP <= all; n += GROUP)
        one_gradients(y + n * len, dy + n * len, len, dx + n * len);
    for (; n < all; n++)
        row_gradient(y + n * len, dy + n * len, len, dx + n * len);
}

const struct softmax_float FAST_TABLE(softmax) = { forward, backward };
