/* 16 neighbouring windows at a time; dx takes its gradients in the order of the windows. */
#include "ref/maxpool.h"
#include "fast/threads.h"
#include "fast/vec.h"

/* Inlined, for windows of 2 x 2 with k and the stride as constants. */
#define INLINED static inline __attribute__((always_inline))

INLINED vm greater(v a, v best)
{
    return m_and(m_not(v_le(a, best)), v_eq(best, best));
}

/* The maxima of n windows that start at x, x + stride, ... */
INLINED v window_max(const float *x, int w, int k, int stride, int n)
{
    v best = v_load_stride(x, stride, n);
    for (int p = 0; p < k; p++)
        for (int q = p ? 0 : 1; q < k; q++) {
            const v a = v_load_stride(x + (size_t)p * w + q, stride, n);
            best = v_select(greater(a, best), a, best);
        }
    return best;
}

/* The place of each of them in its window, counted from the window's first element along rows w long. */
INLINED v window_place(const float *x, int w, int k, int stride, int n)
{
    v best = v_load_stride(x, stride, n), place = v_set1(0.0f);
    for (int p = 0; p < k; p++)
        for (int q = p ? 0 : 1; q < k; q++) {
            const v a = v_load_stride(x + (size_t)p * w + q, stride, n);
            const vm more = greater(a, best);
            best = v_select(more, a, best);
            place = v_select(more, v_set1((float)(p * w + q)), place);
        }
    return place;
}

struct call {
    const struct maxpool_shape *s;
    const float *x, *dy;
    float *y, *dx;
};

INLINED void forward_plane(const struct call *a, int m, int k, int stride)
{
    const struct maxpool_shape *s = a->s;
    const int oh = maxpool_oh(s), ow = maxpool_ow(s);
    float *y = a->y + (size_t)m * oh * ow;
    for (int i = 0; i < oh; i++, y += ow) {
        const float *row = a->x + ((size_t)m * s->h + (size_t)i * stride) * s->w;
        for (int j = 0; j < ow; j += 16)
            v_store_n(y + j, window_max(row + (size_t)j * stride, s->w, k, stride, ow - j),
                      ow - j);
    }
}

/* Adds the gradients of n windows to those of the elements at q of a row of each; a window further to
 * the right has an element at a lesser q, so that q falls. With stride 2 two neighbours go together. */
INLINED void add_row(float *dx, int k, int stride, v place, float first, v grad, int n)
{
    const v zero = v_set1(0.0f);
    float at[16], value[16];
    for (int q = k - 1; q >= 0 && stride == 1; q--) {
        const v x = v_select(v_eq(place, v_set1(first + (float)q)), grad, zero);
        v_store_n(dx + q, v_add(v_load_n(dx + q, n), x), n);
    }
    for (int q = (k - 1) / 2 * 2; q >= 0 && stride == 2; q -= 2) {
        const int columns = q + 1 < k ? 2 * n : 2 * n - 1;
        const v a = v_select(v_eq(place, v_set1(first + (float)q)), grad, zero);
        const v b = v_select(v_eq(place, v_set1(first + (float)q + 1.0f)), grad, zero);
        const v low = v_zip_low(a, b), high = v_zip_high(a, b);
        v_store_n(dx + q, v_add(v_load_n(dx + q, columns), low), columns);
        if (columns > 16)
            v_store_n(dx + q + 16, v_add(v_load_n(dx + q + 16, columns - 16), high), columns - 16);
    }
    if (stride > 2) {
        v_store(at, v_sub(place, v_set1(first)));
        v_store(value, grad);
        for (int l = 0; l < n; l++)
            if (at[l] >= 0.0f && at[l] < (float)k)
                dx[(size_t)l * stride + (size_t)at[l]] += value[l];
    }
}

INLINED void backward_plane(const struct call *a, int m, int k, int stride)
{
    const struct maxpool_shape *s = a->s;
    const int oh = maxpool_oh(s), ow = maxpool_ow(s), plane = s->h * s->w;
    const float *x = a->x + (size_t)m * plane, *dy = a->dy + (size_t)m * oh * ow;
    float *dx = a->dx + (size_t)m * plane;
    for (int f = 0; f < plane; f += 16)
        v_store_n(dx + f, v_set1(0.0f), plane - f);
    for (int i = 0; i < oh; i++, dy += ow)
        for (int j = 0; j < ow; j += 16) {
            const size_t start = (size_t)i * stride * s->w + (size_t)j * stride;
            const int n = ow - j < 16 ? ow - j : 16;
            const v place = window_place(x + start, s->w, k, stride, n), grad = v_load_n(dy + j, n);
            for (int p = 0; p < k; p++)
                add_row(dx + start + (size_t)p * s->w, k, stride, place, (float)(p * s->w), grad, n);
        }
}

static void forward_body(const void *context, int m, int thread)
{
    const struct call *a = context;
    (void)thread;
    if (a->s->k == 2 && a->s->stride == 1)
        forward_plane(a, m, 2, 1);
    else if (a->s->k == 2 && a->s->stride == 2)
        forward_plane(a, m, 2, 2);
    else
        forward_plane(a, m, a->s->k, a->s->stride);
}

static void backward_body(const void *context, int m, int thread)
{
    const struct call *a = context;
    (void)thread;
    if (a->s->k == 2 && a->s->stride == 1)
        backward_plane(a, m, 2, 1);
    else if (a->s->k == 2 && a->s->stride == 2)
        backward_plane(a, m, 2, 2);
    else
        backward_plane(a, m, a->s->k, a->s->stride);
}

static double work(const struct maxpool_shape *s)
{
    return (double)s->n * s->c * maxpool_oh(s) * maxpool_ow(s) * s->k * s->k;
}

static void forward(const struct maxpool_shape *s, const float *x, float *y)
{
    thread_each(s->n * s->c, work(s), forward_body, &(struct call){ .s = s, .x = x, .y = y });
}

static void backward(const struct maxpool_shape *s, const float *x, const float *dy, float *dx)
{
    thread_each(s->n * s->c, work(s), backward_body,
                &(struct call){ .s = s, .x = x, .dy = dy, .dx = dx });
}

const struct maxpool_float FAST_TABLE(maxpool) = { forward, backward };
