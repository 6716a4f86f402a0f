/* Weights are stepped in the pass that sums dx, as one_example.h says and dense.backward does. */
#include "ref/dense_sgd.h"
#include "fast/one_example.h"

/* The gradient is rounded as if it were kept. */
INLINED v step(v w, v x, v dy, v minus_lr)
{
    return v_fma(minus_lr, v_mul(x, dy), w);
}

static void some_rows(const void *context, int k, int thread)
{
    (void)thread;
    example_rows(context, k, step);
}

static void backward(const struct dense_sgd_shape *s, const float *x, const float *w,
                     const float *b, const float *dy, float *dx, float *stepped, float *settled)
{
    const struct example a = { s->in, s->out, -(float)s->lr, x, w, dy, dx, stepped };
    const v one = v_set1(1.0f), minus_lr = v_set1(a.constant);
    thread_each(example_parts(&a), (double)s->in * s->out, some_rows, &a);
    for (int o = 0; o < s->out; o += 16) {
        const int n = s->out - o;
        v_store_n(settled + o, step(v_load_n(b + o, n), one, v_load_n(a.dy + o, n), minus_lr), n);
    }
}

const struct dense_sgd_float FAST_TABLE(dense_sgd) = { backward };
