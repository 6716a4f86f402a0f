/* dx is summed over o in 16 strided lanes, o in lane o mod 16, folded by v_sum, as dense.backward does for
 * one example. 16 rows of weights are read from afar once, for their products and their step. */
#include "ref/dense_sgd.h"
#include "fast/dots.h"
#include "fast/threads.h"

struct call {
    const struct dense_sgd_shape *s;
    const float *x, *w, *dy;
    float *dx, *stepped;
};

/* One row: the gradient is rounded as if it were kept. */
static void step(const float *w, v x, v minus_lr, const float *dy, int out, float *stepped)
{
    const v zero = v_set1(0.0f);
    int o = 0;
    for (; o + 16 <= out; o += 16)
        v_store(stepped + o, v_fma(minus_lr, v_fma(x, v_load(dy + o), zero), v_load(w + o)));
    if (o < out) {
        const v gradient = v_fma(x, v_load_n(dy + o, out - o), zero);
        v_store_n(stepped + o, v_fma(minus_lr, gradient, v_load_n(w + o, out - o)), out - o);
    }
}

/* The last rows first: forward went through them last, and a cache that does not hold all of the weights
 * still has them. */
static void rows(const void *context, int k, int thread)
{
    const struct call *a = context;
    const int i = (a->s->in - 1) / 16 * 16 - 16 * k, out = a->s->out;
    const int count = a->s->in - i < 16 ? a->s->in - i : 16;
    const float *w = a->w + (size_t)i * out;
    const v minus_lr = v_set1(-(float)a->s->lr);
    (void)thread;
    v_store_n(a->dx + i, dots(w, count, out, a->dy), count);
    for (int r = 0; r < count; r++)
        step(w + (size_t)r * out, v_set1(a->x[i + r]), minus_lr, a->dy, out,
             a->stepped + (size_t)(i + r) * out);
}

static void backward(const struct dense_sgd_shape *s, const float *x, const float *w, const float *b,
                     const float *dy, float *dx, float *stepped, float *settled)
{
    const struct call a = { s, x, w, dy, dx, stepped };
    thread_each((s->in + 15) / 16, (double)s->in * s->out, rows, &a);
    step(b, v_set1(1.0f), v_set1(-(float)s->lr), dy, s->out, settled);
}

const struct dense_sgd_float FAST_TABLE(dense_sgd) = { backward };
