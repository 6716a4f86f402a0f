#include "ref/sgd.h"
#include "fast/vec.h"

static void step(const struct sgd_shape *s, const float *w, const float *dw, float *updated)
{
    const v minus_lr = v_set1(-(float)s->lr);
    for (int i = 0; i < s->len; i += 16) {
        const int n = s->len - i;
        v_store_n(updated + i, v_fma(minus_lr, v_load_n(dw + i, n), v_load_n(w + i, n)), n);
    }
}

const struct sgd_float FAST_TABLE(sgd) = { step };
