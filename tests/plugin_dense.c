/* plugin_dense.c - a kernel of one's own, as README describes: dense.forward, 16 outputs at a time
 * and then one, with the even and the odd terms of a sum apart, which is not the order of
 * fast/dense.c. */
#include "fast/plugin.h"
#include "ref/dense.h"

#include <string.h>

typedef float lanes __attribute__((vector_size(64)));

static void sixteen(const struct dense_shape *s, const float *x, const float *w, const float *b,
                    float *y)
{
    lanes even, odd = { 0.0f }, weight;
    memcpy(&even, b, sizeof even); /* at any alignment */
    for (int i = 0; i < s->in; i++) {
        memcpy(&weight, w + (size_t)i * s->out, sizeof weight);
        if (i % 2)
            odd += x[i] * weight;
        else
            even += x[i] * weight;
    }
    even += odd;
    memcpy(y, &even, sizeof even);
}

static void one(const struct dense_shape *s, const float *x, const float *w, const float *b,
                float *y)
{
    float even = *b, odd = 0.0f;
    for (int i = 0; i < s->in; i++)
        *(i % 2 ? &odd : &even) += x[i] * w[(size_t)i * s->out];
    *y = even + odd;
}

static void forward(const struct dense_shape *s, const float *x, const float *w, const float *b,
                    float *y)
{
    for (int n = 0; n < s->n; n++, x += s->in, y += s->out) {
        int o = 0;
        for (; o + 16 <= s->out; o += 16)
            sixteen(s, x, w + o, b + o, y + o);
        for (; o < s->out; o++)
            one(s, x, w + o, b + o, y + o);
    }
}

PLUGIN(dense, .forward = forward);
