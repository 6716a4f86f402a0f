/* Sums over a row run in 16 strided lanes, element j in lane j mod 16, folded by v_sum. */
#include "ref/softmax.h"
#include "fast/vmath.h"

static void forward(const struct softmax_shape *s, const float *x, float *y)
{
    const int len = s->len;
    for (int n = 0; n < s->n; n++, x += len, y += len) {
        float max = x[0];
        for (int j = 1; j < len; j++)
            if (x[j] > max)
                max = x[j];
        v sum = v_set1(0.0f);
        for (int j = 0; j < len; j += 16) {
            const v e = v_exp(v_sub(v_load_n(x + j, len - j), v_set1(max)));
            v_store_n(y + j, e, len - j);
            sum = v_add(sum, v_load_n(y + j, len - j));
        }
        const v total = v_set1(v_sum(sum));
        for (int j = 0; j < len; j += 16)
            v_store_n(y + j, v_div(v_load_n(y + j, len - j), total), len - j);
    }
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
