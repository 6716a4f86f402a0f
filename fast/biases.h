/* biases.h - the gradient of a convolution's biases: a sum over images and, where a channel has one
 * bias for all places, over these too. */
#ifndef FAST_BIASES_H
#define FAST_BIASES_H

#include "fast/places.h"
#include "fast/planes.h"
#include "ref/conv2d.h"

/* lanes[channel] += dy[image][channel][f], f in lane f mod 16, for `count` channels of some images:
 * those of which dy is near. As many as a tile of weights has side by side, as an addition waits
 * for the one before it. */
static void add_biases(const struct conv2d_shape *s, int images, const float *dy, int channel,
                       int count, float *lanes)
{
    const int plane = conv2d_oh(s) * conv2d_ow(s);
    const float *at[WEIGHT_CHANNELS];
    v sum[WEIGHT_CHANNELS];
    if (s->bias != CONV2D_BIAS_CHANNEL)
        return;
    UNROLL
    for (int k = 0; k < WEIGHT_CHANNELS; k++) { /* beyond the last one that again */
        const int o = channel + least(k, count - 1);
        at[k] = dy + (size_t)o * plane;
        sum[k] = v_load(lanes + 16 * (size_t)o);
    }
    for (int n = 0; n < images; n++) {
        const size_t image = (size_t)n * s->o * plane;
        int f = 0;
        for (; f + 16 <= plane; f += 16) {
            UNROLL
            for (int k = 0; k < WEIGHT_CHANNELS; k++)
                sum[k] = v_add(sum[k], v_load(at[k] + image + f));
        }
        UNROLL
        for (int k = 0; k < WEIGHT_CHANNELS && f < plane; k++)
            sum[k] = v_add(sum[k], v_load_n(at[k] + image + f, plane - f));
    }
    UNROLL
    for (int k = 0; k < WEIGHT_CHANNELS && k < count; k++)
        v_store(lanes + 16 * (size_t)(channel + k), sum[k]);
}

/* `sum` and the lanes of n tensors, `apart` floats from one to the next. */
INLINED v add_each(v sum, int n, const float *dy, size_t apart, int lanes)
{
    for (; n > 0; n--, dy += apart)
        sum = v_add(sum, lanes < 16 ? v_load_n(dy, lanes) : v_load(dy));
    return sum;
}

/* The gradients, of channels `from` to `end` of the outputs; from lanes, if those were added to. */
static void bias_gradient(const struct conv2d_shape *s, const float *dy, int from, int end,
                          const float *lanes, float *db)
{
    const int plane = conv2d_oh(s) * conv2d_ow(s), last = end * plane;
    const size_t image = (size_t)s->o * plane;
    const v zero = v_set1(0.0f);
    if (s->bias == CONV2D_BIAS_POSITION) {
        int k = from * plane;
        for (; k + 16 <= last; k += 16)
            v_store(db + k, add_each(zero, s->n, dy + k, image, 16));
        if (k < last)
            v_store_n(db + k, add_each(zero, s->n, dy + k, image, last - k), last - k);
    }
    if (s->bias == CONV2D_BIAS_CHANNEL)
        fold_places(end - from, lanes + 16 * (size_t)from, db + from);
}

#endif
