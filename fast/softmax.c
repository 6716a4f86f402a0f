/* Sums over a row run in 16 strided lanes, element j in lane j mod 16, folded by v_sum. */
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

static void long_row(const float *x, int len, float *y)
{
    const v max = long_max(x, len);
    const v sum = v_set1(v_sum(fly(len, x, NULL, y, 0.0f, exp_below, &max)));
    for (int j = 0; j < len; j += 16)
        v_store_n(y + j, v_div(v_load_n(y + j, len - j), sum), len - j);
}

static void forward(const struct softmax_shape *s, const float *x, float *y)
{
    const int len = s->len;
    int n = 0;
    for (; len <= 16 && n + FLIGHT <= s->n; n += FLIGHT, x += FLIGHT * len, y += FLIGHT * len)
        short_rows(x, len, y, FLIGHT);
    for (; len <= 16 && n < s->n; n++, x += len, y += len)
        short_rows(x, len, y, 1);
    for (; n < s->n; n++, x += len, y += len)
        long_row(x, len, y);
}

static void backward(const struct softmax_shape *s, const float *y, const float *dy, float *dx)
{
    const int len = s->len;
    for (int n = 0; n < s->n; n++, y += len, dy += len, dx += len) {
        v sum = v_set1(0.0f);
        for (int j = 0; j < len; j += 16)
            sum = v_fma(v_load_n(y + j, len - j), v_load_n(dy + j, len - j), sum);
        const v dot = v_set1(v_sum(sum));
        for (int j = 0; j < len; j += 16) {
            const v centred = v_sub(v_load_n(dy + j, len - j), dot);
            v_store_n(dx + j, v_mul(v_load_n(y + j, len - j), centred), len - j);
        }
    }
}

const struct softmax_float FAST_TABLE(softmax) = { forward, backward };
