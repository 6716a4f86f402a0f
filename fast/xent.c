/* Sums over a row run in 16 strided lanes, element j in lane j mod 16; so does the loss, over the
 * rows one after the other, and v_sum folds it at the end. */
#include "ref/xent.h"
#include "fast/vmath.h"

/* max_k z[k], and the sum of exp(z[k] - max) through `sum`. */
static v shift(const float *z, int len, v *sum)
{
    float max = z[0];
    for (int j = 1; j < len; j++)
        if (z[j] > max)
            max = z[j];
    v lanes = v_set1(0.0f);
    for (int j = 0; j < len; j += 16) {
        const v e = v_exp(v_sub(v_load_n(z + j, len - j), v_set1(max)));
        lanes = v_add(lanes, v_keep(e, len - j));
    }
    *sum = v_set1(v_sum(lanes));
    return v_set1(max);
}

static void forward(const struct xent_shape *s, const float *z, const float *t, float *loss)
{
    const int len = s->len;
    const v zero = v_set1(0.0f);
    v total = zero;
    for (int n = 0; n < s->n; n++, z += len, t += len) {
        v sum;
        const v max = shift(z, len, &sum), log_sum = v_log(sum);
        for (int j = 0; j < len; j += 16) {
            const v target = v_load_n(t + j, len - j); /* +0 in the lanes beyond the row */
            const v nats = v_sub(log_sum, v_sub(v_load_n(z + j, len - j), max));
            total = v_add(total, v_select(v_eq(target, zero), zero, v_mul(target, nats)));
        }
    }
    *loss = v_sum(total) / (float)s->n;
}

static void backward(const struct xent_shape *s, const float *z, const float *t, float *dz)
{
    const int len = s->len;
    const v rows = v_set1((float)s->n);
    for (int n = 0; n < s->n; n++, z += len, t += len, dz += len) {
        v sum;
        const v max = shift(z, len, &sum);
        for (int j = 0; j < len; j += 16) {
            const v y = v_div(v_exp(v_sub(v_load_n(z + j, len - j), max)), sum);
            v_store_n(dz + j, v_div(v_sub(y, v_load_n(t + j, len - j)), rows), len - j);
        }
    }
}

const struct xent_float FAST_TABLE(xent) = { forward, backward };
