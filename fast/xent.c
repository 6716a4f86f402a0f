/* Sums over a row run in 16 strided lanes, element j in lane j mod 16, by blocks: flight.h. So does
 * the loss, over the rows of a block one after the other, and v_sum folds it at the end. */
#include "ref/xent.h"
#include "fast/rows.h"

/* given: max, and the logarithm of the sum. A t of +0 stands in the lanes beyond the row. */
INLINED v term(const v *given, v z, v t)
{
    const v zero = v_set1(0.0f), nats = v_sub(given[1], v_sub(z, given[0]));
    return v_select(v_eq(t, zero), zero, v_mul(t, nats));
}

/* Adds the nats of R rows of one vector each. R is a constant where this is called. */
INLINED v short_nats(const float *z, const float *t, int len, v total, const int R)
{
    v nats[FLIGHT];
    UNROLL
    for (int r = 0; r < R; r++) {
        const v max = short_max(z + r * len, len);
        const v e = exp_below(&max, v_load_n(z + r * len, len), max);
        const v given[] = { max, v_log(v_set1(v_sum(v_keep(e, len)))) };
        nats[r] = term(given, v_load_n(z + r * len, len), v_load_n(t + r * len, len));
    }
    UNROLL
    for (int r = 0; r < R; r++)
        total = v_add(total, nats[r]);
    return total;
}

/* Adds the nats of G groups of short rows. G is a constant where this is called. */
INLINED v group_nats(const float *z, const float *t, int len, v total, const int G)
{
    float e[MANY * SHORT], max[MANY], nats[MANY];
    v taken[GROUPS];
    group_maxima(z, len, taken, G);
    group_exps(z, len, taken, e, G);
    for (int g = 0; g < G; g++)
        v_store(max + GROUP * g, taken[g]);
    group_sums(e, len, taken, G);
    for (int g = 0; g < G; g++)
        v_store(nats + GROUP * g, v_log(taken[g]));
    for (int r = 0; r < G * GROUP; r++) {
        const v given[] = { v_set1(max[r]), v_set1(nats[r]) };
        total = v_add(total, term(given, v_load_n(z + r * len, len), v_load_n(t + r * len, len)));
    }
    return total;
}

APART v many_nats(const float *z, const float *t, int len, v total)
{
    return group_nats(z, t, len, total, GROUPS);
}

APART v one_nats(const float *z, const float *t, int len, v total)
{
    return group_nats(z, t, len, total, 1);
}

static v part_nats(const v *given, const float *z, const float *t, int len, v total)
{
    for (int j = 0; j < len; j += 16)
        total = v_add(total, term(given, v_load_n(z + j, len - j), v_load_n(t + j, len - j)));
    return total;
}

/* A row longer than a block is alone in its own, and one block is added to the other. */
APART v long_nats(const float *z, const float *t, int len, v total)
{
    const v max = long_max(z, len);
    const v sum = v_set1(v_sum(fly_sum(len, z, NULL, NULL, 0.0f, exp_below, &max)));
    const v given[] = { max, v_log(sum) };
    total = part_nats(given, z, t, sum_part(len), total);
    for (long j = SUM_BLOCK; j < len; j += SUM_BLOCK)
        total = v_add(total, part_nats(given, z + j, t + j, sum_part(len - j), v_set1(0.0f)));
    return total;
}

/* The nats of `all` rows. */
static v block_nats(const float *z, const float *t, int len, size_t all)
{
    v total = v_set1(0.0f);
    size_t n = 0;
    for (; len <= SHORT && n + MANY <= all; n += MANY)
        total = many_nats(z + n * len, t + n * len, len, total);
    for (; len <= SHORT && n + GROUP <= all; n += GROUP)
        total = one_nats(z + n * len, t + n * len, len, total);
    for (; len <= SHORT && n + FLIGHT <= all; n += FLIGHT)
        total = short_nats(z + n * len, t + n * len, len, total, FLIGHT);
    for (; len <= SHORT && n < all; n++)
        total = short_nats(z + n * len, t + n * len, len, total, 1);
    for (; n < all; n++)
        total = long_nats(z + n * len, t + n * len, len, total);
    return total;
}

/* The rows of a block: rows of one label have their terms in one lane. */
static int block_rows(int len)
{
    return len <= SUM_BLOCK / SUM_STEPS ? SUM_STEPS : len < SUM_BLOCK ? SUM_BLOCK / len : 1;
}

static void forward(const struct xent_shape *s, const float *z, const float *t, float *loss)
{
    const size_t all = (size_t)s->n, len = (size_t)s->len, rows = (size_t)block_rows(s->len);
    v total = v_set1(0.0f);
    for (size_t n = 0; n < all; n += rows)
        total = v_add(total, block_nats(z + n * len, t + n * len, s->len,
                                        all - n < rows ? all - n : rows));
    *loss = v_sum(total) / (float)s->n;
}

/* given: the number of rows. */
INLINED v gradient(const v *rows, v y, v t)
{
    return v_div(v_sub(y, t), *rows);
}

/* R rows of one vector each. R is a constant where this is called. */
INLINED void short_rows(const float *z, const float *t, int len, v rows, float *dz, const int R)
{
    v d[FLIGHT];
    UNROLL
    for (int r = 0; r < R; r++) {
        const v max = short_max(z + r * len, len);
        const v e = exp_below(&max, v_load_n(z + r * len, len), max);
        const v y = v_div(e, v_set1(v_sum(v_keep(e, len))));
        d[r] = gradient(&rows, y, v_load_n(t + r * len, len));
    }
    UNROLL
    for (int r = 0; r < R; r++)
        v_store_n(dz + r * len, d[r], len);
}

/* G groups of short rows. G is a constant where this is called. */
INLINED void group_rows(const float *z, const float *t, int len, v rows, float *dz, const int G)
{
    v taken[GROUPS];
    group_maxima(z, len, taken, G);
    group_exps(z, len, taken, dz, G);
    group_sums(dz, len, taken, G);
    group_each(dz, len, taken, dz, v_div, G);
    fly(G * GROUP * len, dz, t, dz, 0.0f, gradient, &rows);
}

APART void many_rows(const float *z, const float *t, int len, v rows, float *dz)
{
    group_rows(z, t, len, rows, dz, GROUPS);
}

APART void one_group(const float *z, const float *t, int len, v rows, float *dz)
{
    group_rows(z, t, len, rows, dz, 1);
}

static void long_row(const float *z, const float *t, int len, v rows, float *dz)
{
    const v max = long_max(z, len);
    const v sum = v_set1(v_sum(fly_sum(len, z, NULL, dz, 0.0f, exp_below, &max)));
    for (int j = 0; j < len; j += 16) {
        const v y = v_div(v_load_n(dz + j, len - j), sum);
        v_store_n(dz + j, gradient(&rows, y, v_load_n(t + j, len - j)), len - j);
    }
}

static void backward(const struct xent_shape *s, const float *z, const float *t, float *dz)
{
    const int len = s->len;
    const v rows = v_set1((float)s->n);
    const size_t all = (size_t)s->n;
    size_t n = 0;
    for (; len <= SHORT && n + MANY <= all; n += MANY)
        many_rows(z + n * len, t + n * len, len, rows, dz + n * len);
    for (; len <= SHORT && n + GROUP <= all; n += GROUP)
        one_group(z + n * len, t + n * len, len, rows, dz + n * len);
    for (; len <= SHORT && n + FLIGHT <= all; n += FLIGHT)
        short_rows(z + n * len, t + n * len, len, rows, dz + n * len, FLIGHT);
    for (; len <= SHORT && n < all; n++)
        short_rows(z + n * len, t + n * len, len, rows, dz + n * len, 1);
    for (; n < all; n++)
        long_row(z + n * len, t + n * len, len, rows, dz + n * len);
}

const struct xent_float FAST_TABLE(xent) = { forward, backward };
