/* places.h - the gradient of a convolution's weights: a sum over the places of the outputs. */
#ifndef FAST_PLACES_H
#define FAST_PLACES_H

#include "fast/product.h"
#include "fast/isa/part.h"

/* lanes[channel][tap.a] += dy[image][channel][f] x[image][tap.m + f], over images and over f < count, f in
 * lane f mod 16. `first`: the sums start from 0, whatever lanes held. */
struct places {
    int count, images, channels, taps, first;
    const float *x;
    size_t x_image;
    const struct place *tap;
    const float *dy;
    float *lanes;
};

enum { WEIGHT_SUMS = V_ACCUMULATORS * PARTS,
       WEIGHT_CHANNELS = WEIGHT_SUMS < 12 ? 1 : WEIGHT_SUMS < 24 ? 3 : 4,
       WEIGHT_TAPS = WEIGHT_SUMS / WEIGHT_CHANNELS };

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

static inline __attribute__((always_inline)) void
place_tile(const struct places *s, int channel, const struct place *tap, int lane, const int B,
           const int T)
{
    float *lanes = s->lanes + 16 * (size_t)channel * s->taps + lane;
    part sum[4][6];
    UNROLL
    for (int b = 0; b < B; b++) {
        UNROLL
        for (int t = 0; t < T; t++)
            sum[b][t] = s->first ? part_zero() : part_load(lanes + (b * s->taps + tap[t].a) * 16);
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
        for (int t = 0; t < T; t++)
            part_store(lanes + (b * s->taps + tap[t].a) * 16, sum[b][t]);
    }
}

static inline __attribute__((always_inline)) void
place_taps(const struct places *s, int channel, const struct place *tap, int lane, const int B, int T)
{
    switch (T) {
    case 1: place_tile(s, channel, tap, lane, B, 1); break;
    case 2: place_tile(s, channel, tap, lane, B, 2); break;
    case 3: if (WEIGHT_TAPS >= 3) place_tile(s, channel, tap, lane, B, 3); break;
    case 4: if (WEIGHT_TAPS >= 4) place_tile(s, channel, tap, lane, B, 4); break;
    case 5: if (WEIGHT_TAPS >= 5) place_tile(s, channel, tap, lane, B, 5); break;
    case 6: if (WEIGHT_TAPS >= 6) place_tile(s, channel, tap, lane, B, 6); break;
    }
}

/* All taps of B channels. */
static inline __attribute__((always_inline)) void place_block(const struct places *s, int channel,
                                                              const int B)
{
    for (int t = 0, size; t < s->taps && B <= WEIGHT_CHANNELS; t += size) { /* no code for more */
        size = part_size(s->taps, t, WEIGHT_TAPS);
        for (int lane = 0; lane < 16; lane += PART_LANES)
            place_taps(s, channel, s->tap + t, lane, B, size);
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

/* dw[t] = v_sum(lanes[t]). There are 15 vectors more behind the last lanes. */
static void fold_places(int taps, const float *lanes, float *dw)
{
    for (int t = 0; t < taps; t += 16) {
        v x[16];
        UNROLL
        for (int k = 0; k < 16; k++)
            x[k] = v_load(lanes + 16 * (t + k));
        v_store_n(dw + t, v_sums(x), taps - t);
    }
}

#endif
