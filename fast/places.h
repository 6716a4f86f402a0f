/* places.h - the gradient of a convolution's weights: a sum over the places of the outputs. */
#ifndef FAST_PLACES_H
#define FAST_PLACES_H

#include "fast/product.h"
#include "fast/isa/part.h"

/* lanes[channel][tap] += dy[image][channel][f] x[image][tap.m + f], over images and over f < count, f in
 * lane f mod 16. `first`: the sums start from 0, whatever lanes held; `last`: they do not go to lanes but,
 * folded, to dw[channel][tap]. Of both there is no need of lanes at all. */
struct places {
    int count, images, channels, taps, first, last;
    const float *x;
    size_t x_image;
    const struct place *tap;
    const float *dy;
    float *lanes, *dw;
};

enum { WEIGHT_SUMS = V_ACCUMULATORS * PARTS,
       WEIGHT_CHANNELS = WEIGHT_SUMS < 12 ? 1 : WEIGHT_SUMS < 24 ? 3 : 4,
       WEIGHT_TAPS = WEIGHT_SUMS / WEIGHT_CHANNELS,
       FOLD_TAPS = 48 };

/* One part of B channels by T taps, of n places. B and T are constants where this is called. */
static inline __attribute__((always_inline)) void
place_step(const float *x, const struct place *tap, const float *dy, size_t dy_channel,
           part sum[4][6], const int B, const int T, int n)
{
    part grad[4];
    UNROLL
    for (int b = 0; b < B; b++) {
        const float *at = dy + b * dy_channel;
        grad[b] = part_hold(n < PART_LANES ? part_load_n(at, n) : part_load(at));
    }
    UNROLL
    for (int t = 0; t < T; t++) {
        const float *at = x + tap[t].m;
        const part a = part_hold(n < PART_LANES ? part_load_n(at, n) : part_load(at));
        UNROLL
        for (int b = 0; b < B; b++)
            sum[b][t] = part_fma(grad[b], a, sum[b][t]);
    }
}

/* All places of B channels by T taps; the sums of a channel go to `to`, those of the next one `apart`
 * vectors behind. */
static inline __attribute__((always_inline)) void place_tile(const struct places *s, int channel, int t,
                                                             int lane, float *to, int apart,
                                                             const int B, const int T)
{
    const float *from = s->lanes + 16 * ((size_t)channel * s->taps + t) + lane;
    const struct place *tap = s->tap + t;
    part sum[4][6];
    UNROLL
    for (int b = 0; b < B; b++) {
        UNROLL
        for (int k = 0; k < T; k++)
            sum[b][k] = s->first ? part_zero() : part_load(from + 16 * (b * s->taps + k));
    }
    for (int n = 0; n < s->images; n++) {
        const float *x = s->x + n * s->x_image + lane;
        const float *dy = s->dy + ((size_t)n * s->channels + channel) * s->count + lane;
        int f = 0;
        for (; f + 16 <= s->count; f += 16)
            place_step(x + f, tap, dy + f, (size_t)s->count, sum, B, T, PART_LANES);
        if (f + lane < s->count)
            place_step(x + f, tap, dy + f, (size_t)s->count, sum, B, T, s->count - f - lane);
    }
    UNROLL
    for (int b = 0; b < B; b++) {
        UNROLL
        for (int k = 0; k < T; k++)
            part_store(to + 16 * (b * apart + k) + lane, sum[b][k]);
    }
}

static inline __attribute__((always_inline)) void place_taps(const struct places *s, int channel, int t,
                                                             int lane, float *to, int apart,
                                                             const int B, int T)
{
    switch (T) {
    case 1: place_tile(s, channel, t, lane, to, apart, B, 1); break;
    case 2: place_tile(s, channel, t, lane, to, apart, B, 2); break;
    case 3: if (WEIGHT_TAPS >= 3) place_tile(s, channel, t, lane, to, apart, B, 3); break;
    case 4: if (WEIGHT_TAPS >= 4) place_tile(s, channel, t, lane, to, apart, B, 4); break;
    case 5: if (WEIGHT_TAPS >= 5) place_tile(s, channel, t, lane, to, apart, B, 5); break;
    case 6: if (WEIGHT_TAPS >= 6) place_tile(s, channel, t, lane, to, apart, B, 6); break;
    }
}

/* dw[k] = v_sum(lanes[k]), k < count. */
static void fold_places(int count, const float *lanes, float *dw)
{
    for (int k = 0; k < count; k += 16) {
        v x[16];
        UNROLL
        for (int l = 0; l < 16; l++) /* beyond the last one that again: 16 are folded */
            x[l] = v_load(lanes + 16 * (k + l < count ? k + l : count - 1));
        v_store_n(dw + k, v_sums(x), count - k);
    }
}

/* All taps of B channels, so many at a time that their sums are still near when they are folded. */
static inline __attribute__((always_inline)) void place_block(const struct places *s, int channel,
                                                              const int B)
{
    _Alignas(64) float near[16 * 4 * FOLD_TAPS];
    for (int t = 0, size; t < s->taps && B <= WEIGHT_CHANNELS; t += FOLD_TAPS) { /* no code for more */
        const int some = s->taps - t < FOLD_TAPS ? s->taps - t : FOLD_TAPS;
        const int apart = s->last ? some : s->taps;
        float *to = s->last ? near : s->lanes + 16 * ((size_t)channel * s->taps + t);
        for (int k = 0; k < some; k += size) {
            size = part_size(some, k, WEIGHT_TAPS);
            for (int lane = 0; lane < 16; lane += PART_LANES)
                place_taps(s, channel, t + k, lane, to + 16 * k, apart, B, size);
        }
        float *dw = s->dw + (size_t)channel * s->taps + t;
        if (s->last && some == s->taps)
            fold_places(B * some, near, dw);
        else if (s->last)
            for (int b = 0; b < B; b++)
                fold_places(some, near + 16 * b * some, dw + b * s->taps);
    }
}

/* `size` channels, WEIGHT_CHANNELS of them at most. */
static void sum_places(const struct places *s, int channel, int size)
{
    switch (size) {
    case 1: place_block(s, channel, 1); break;
    case 2: place_block(s, channel, 2); break;
    case 3: place_block(s, channel, 3); break;
    case 4: place_block(s, channel, 4); break;
    }
}

#endif
