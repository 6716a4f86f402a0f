/* 16 neighbouring windows at a time; dx takes its gradients in the order of the windows. */
#include "ref/maxpool.h"
#include "fast/vec.h"

/* The maxima of n windows that start at x, x + stride, ...; `where` gets each one's place in its
 * window, counted from the window's first element along rows w long. */
static v window_max(const struct maxpool_shape *s, const float *x, int n, v *where)
{
    v best = v_load_stride(x, s->stride, n), place = v_set1(0.0f);
    for (int p = 0; p < s->k; p++)
        for (int q = 0; q < s->k; q++) {
            const int offset = p * s->w + q;
            const v a = v_load_stride(x + offset, s->stride, n);
            const vm greater = m_and(m_not(v_le(a, best)), v_eq(best, best));
            best = v_select(greater, a, best);
            place = v_select(greater, v_set1((float)offset), place);
        }
    *where = place;
    return best;
}

static void forward(const struct maxpool_shape *s, const float *x, float *y)
{
    const int oh = maxpool_oh(s), ow = maxpool_ow(s);
    for (int m = 0; m < s->n * s->c; m++)
        for (int i = 0; i < oh; i++, y += ow) {
            const float *row = x + ((size_t)m * s->h + (size_t)i * s->stride) * s->w;
            for (int j = 0; j < ow; j += 16) {
                v unused;
                v_store_n(y + j, window_max(s, row + (size_t)j * s->stride, ow - j, &unused),
                          ow - j);
            }
        }
}

static void backward(const struct maxpool_shape *s, const float *x, const float *dy, float *dx)
{
    const int oh = maxpool_oh(s), ow = maxpool_ow(s);
    const size_t count = (size_t)s->n * s->c * s->h * s->w;
    for (size_t i = 0; i < count; i++)
        dx[i] = 0.0f;
    for (int m = 0; m < s->n * s->c; m++)
        for (int i = 0; i < oh; i++, dy += ow) {
            const size_t row = ((size_t)m * s->h + (size_t)i * s->stride) * s->w;
            for (int j = 0; j < ow; j += 16) {
                const size_t start = row + (size_t)j * s->stride;
                float place[16];
                v where;
                window_max(s, x + start, ow - j, &where);
                v_store(place, where);
                for (int l = 0; l < 16 && j + l < ow; l++)
                    dx[start + (size_t)l * s->stride + (size_t)place[l]] += dy[j + l];
            }
        }
}

const struct maxpool_float FAST_TABLE(maxpool) = { forward, backward };
