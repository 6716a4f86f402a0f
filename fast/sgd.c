#include "ref/sgd.h"
#include "fast/threads.h"
#include "fast/vec.h"

struct call {
    float minus_lr;
    const float *w, *dw;
    float *updated;
};

static void slice(const void *context, int from, int end)
{
    const struct call a = *(const struct call *)context; /* a copy, which no store can change */
    const v minus_lr = v_set1(a.minus_lr);
    for (int i = from; i < end; i += 16) {
        const v gradient = v_load_n(a.dw + i, end - i);
        v_store_n(a.updated + i, v_fma(minus_lr, gradient, v_load_n(a.w + i, end - i)), end - i);
    }
}

static void step(const struct sgd_shape *s, const float *w, const float *dw, float *updated)
{
    thread_slices(s->len, slice, &(struct call){ -(float)s->lr, w, dw, updated });
}

const struct sgd_float FAST_TABLE(sgd) = { step };
