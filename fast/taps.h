/* taps.h - the sum that convolution is made of, forward and backward: over taps, one output a lane.
 *
 * A tap is one (channel, p, q) of a kernel: where its inputs begin in the packed planes, and where its
 * weight is among those of an output channel.
 */
#ifndef FAST_TAPS_H
#define FAST_TAPS_H

#include "fast/planes.h"
#include "ref/conv2d.h"

struct tap {
    int32_t x, w;
};

static double multiply_adds(const struct conv2d_shape *s)
{
    return (double)s->n * s->o * conv2d_oh(s) * conv2d_ow(s) * s->c * s->kh * s->kw;
}

/* y[channel][f] = bias + sum over taps of w[channel w_channel + tap.w] x[tap.x + f], each in one lane and
 * in the order of the taps, for f < count. */
struct sum {
    int channels, count, taps;
    const float *x;
    const struct tap *tap;
    const float *w;
    size_t w_channel;
    enum conv2d_bias kind;
    const float *bias;      /* of (channel 0, output 0) */
    float *y;
    size_t y_channel;       /* from one channel of y, or of a bias for every output, to the next */
};

/* B channels by V vectors, of which the last has n outputs. B and V are constants where this is called,
 * so that the sums stay in registers. */
static inline __attribute__((always_inline)) void sum_tile(const struct sum *s, int channel, int at,
                                                           const int B, const int V, int n)
{
    v sum[8][6];
    UNROLL
    for (int b = 0; b < B; b++) {
        const float *start = s->bias + (channel + b) * s->y_channel + at;
        UNROLL
        for (int k = 0; k < V; k++)
            sum[b][k] = s->kind == CONV2D_BIAS_NONE      ? v_set1(0.0f)
                        : s->kind == CONV2D_BIAS_CHANNEL ? v_set1(s->bias[channel + b])
                        : k < V - 1                      ? v_load(start + 16 * k)
                                                         : v_load_n(start + 16 * k, n);
    }
    const float *x = s->x + at, *w = s->w + channel * s->w_channel;
    const size_t step = s->w_channel;
    for (const struct tap *t = s->tap, *end = t + s->taps; t < end; t++) {
        v a[6];
        UNROLL
        for (int k = 0; k < V; k++)
            a[k] = v_hold(v_load(x + t->x + 16 * k));
        UNROLL
        for (int b = 0; b < B; b++) {
            const v weight = v_set1(w[t->w + b * step]);
            UNROLL
            for (int k = 0; k < V; k++)
                sum[b][k] = v_fma(weight, a[k], sum[b][k]);
        }
    }
    UNROLL
    for (int b = 0; b < B; b++) {
        float *y = s->y + (channel + b) * s->y_channel + at;
        UNROLL
        for (int k = 0; k < V - 1; k++)
            v_store(y + 16 * k, sum[b][k]);
        v_store_n(y + 16 * (V - 1), sum[b][V - 1], n);
    }
}

enum { MOST_CHANNELS = V_ACCUMULATORS < 8 ? V_ACCUMULATORS : 8 };

static inline __attribute__((always_inline)) void sum_block(const struct sum *s, int channel,
                                                            const int B)
{
    const int vectors = (s->count + 15) / 16, most = V_ACCUMULATORS / B < 6 ? V_ACCUMULATORS / B : 6;
    for (int k = 0, size; k < vectors && B <= MOST_CHANNELS; k += size) { /* no code for more */
        size = part_size(vectors, k, most);
        const int n = s->count - 16 * (k + size - 1);
        switch (size) {
        case 1: sum_tile(s, channel, 16 * k, B, 1, n); break;
        case 2: if (most >= 2) sum_tile(s, channel, 16 * k, B, 2, n); break;
        case 3: if (most >= 3) sum_tile(s, channel, 16 * k, B, 3, n); break;
        case 4: if (most >= 4) sum_tile(s, channel, 16 * k, B, 4, n); break;
        case 5: if (most >= 5) sum_tile(s, channel, 16 * k, B, 5, n); break;
        case 6: if (most >= 6) sum_tile(s, channel, 16 * k, B, 6, n); break;
        }
    }
}

static void sum_taps(const struct sum *s)
{
    for (int channel = 0, size; channel < s->channels; channel += size) {
        size = part_size(s->channels, channel, MOST_CHANNELS);
        switch (size) {
        case 1: sum_block(s, channel, 1); break;
        case 2: sum_block(s, channel, 2); break;
        case 3: sum_block(s, channel, 3); break;
        case 4: sum_block(s, channel, 4); break;
        case 5: sum_block(s, channel, 5); break;
        case 6: sum_block(s, channel, 6); break;
        case 7: sum_block(s, channel, 7); break;
        case 8: sum_block(s, channel, 8); break;
        }
    }
}

#endif
