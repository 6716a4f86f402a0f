/* places.h - the gradient of a convolution's weights: a sum over the places of the outputs. */
#ifndef FAST_PLACES_H
#define FAST_PLACES_H

#include "fast/product.h"
#include "fast/isa/part.h"

/* lanes[channel][tap.a] += dy[image][channel][f] x[image][tap.m + f], over images and over f <
 * count, f in lane f mod 16. `first`: the sums start from 0, whatever lanes held; `last`: they do
 * not go to lanes but, folded, to dw[channel][tap.a]. Of both there is no need of lanes at all. */
struct places {
    int count, images, channels, taps, first, last;
    const float *x;
    size_t x_image;
    const struct place *tap;
    const float *dy;
    float *lanes, *dw;
    size_t dw_channel;
};

enum { WEIGHT_SUMS = V_ACCUMULATORS * PARTS,
       WEIGHT_CHANNELS = WEIGHT_SUMS < 12 ? 1 : WEIGHT_SUMS < 24 ? 3 : 4,
       WEIGHT_TAPS = WEIGHT_SUMS / WEIGHT_CHANNELS,
       FOLD_TAPS = 48 };

/* One part of B channels by T taps, of n places. B and T are constants where this is called. */
INLINED void place_step(const float *x, const struct place *tap, const float *dy, size_t dy_channel,
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

/* All places of B channels by T taps; the sum of tap `base` of a channel goes to `to`, that of the
 * next channel `apart` vectors behind. */
INLINED void place_tile(const struct places *s, int channel, const struct place *tap, int lane,
                        float *to, int base, int apart, const int B, const int T)
{
    const float *from = s->lanes + 16 * (size_t)channel * s->taps + lane;
    const float *x = s->x + lane, *dy = s->dy + (size_t)channel * s->count + lane;
    const size_t dy_image = (size_t)s->channels * s->count;
    part sum[4][6];
    UNROLL
    for (int k = 0; k < T; k++) {
        const float *at = from + 16 * (ptrdiff_t)tap[k].a;
        UNROLL
        for (int b = 0; b < B; b++, at += 16 * (ptrdiff_t)s->taps)
            sum[b][k] = s->first ? part_zero() : part_load(at);
    }
    for (int n = s->images; n > 0; n--, x += s->x_image, dy += dy_image) {
        int f = 0;
        for (; f + 16 <= s->count; f += 16)
            place_step(x + f, tap, dy + f, (size_t)s->count, sum, B, T, PART_LANES);
        if (f + lane < s->count)
            place_step(x + f, tap, dy + f, (size_t)s->count, sum, B, T, s->count - f - lane);
    }
    to += lane - 16 * (ptrdiff_t)base;
    UNROLL
    for (int k = 0; k < T; k++) {
        float *at = to + 16 * (ptrdiff_t)tap[k].a;
        UNROLL
        for (int b = 0; b < B; b++, at += 16 * (ptrdiff_t)apart)
            part_store(at, sum[b][k]);
    }
}

INLINED void place_taps(const struct places *s, int channel, const struct place *tap, int lane,
                        float *to, int base, int apart, const int B, int T)
{
    switch (T) {
    case 1: place_tile(s, channel, tap, lane, to, base, apart, B, 1); break;
    case 2: place_tile(s, channel, tap, lane, to, base, apart, B, 2); break;
    case 3: if (WEIGHT_TAPS >= 3) place_tile(s, channel, tap, lane, to, base, apart, B, 3); break;
    case 4: if (WEIGHT_TAPS >= 4) place_tile(s, channel, tap, lane, to, base, apart, B, 4); break;
    case 5: if (WEIGHT_TAPS >= 5) place_tile(s, channel, tap, lane, to, base, apart, B, 5); break;
    case 6: if (WEIGHT_TAPS >= 6) place_tile(s, channel, tap, lane, to, base, apart, B, 6); break;
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
INLINED void place_block(const struct places *s, int channel, const int B)
{
    _Alignas(64) float near[16 * 4 * FOLD_TAPS];
    for (int t = 0, size; t < s->taps && B <= WEIGHT_CHANNELS; t += FOLD_TAPS) { /* or no code */
        const int some = s->taps - t < FOLD_TAPS ? s->taps - t : FOLD_TAPS;
        const int base = s->last ? t : 0, apart = s->last ? some : s->taps;
        float *to = s->last ? near : s->lanes + 16 * (size_t)channel * s->taps;
        for (int k = 0; k < some; k += size) {
            size = part_size(some, k, WEIGHT_TAPS);
            for (int lane = 0; lane < 16; lane += PART_LANES)
                place_taps(s, channel, s->tap + t + k, lane, to, base, apart, B, size);
        }
        float *dw = s->dw + channel * s->dw_channel + t;
        if (s->last && (size_t)some == s->dw_channel)
            fold_places(B * some, near, dw);
        else if (s->last)
            for (int b = 0; b < B; b++)
                fold_places(some, near + 16 * b * some, dw + b * s->dw_channel);
    }
}

/* Those of the taps folded together that have a column of the kernel in common come one after the
 * other: the inputs of rows are the closest together. Tap k is in column k mod kw. */
static void order_places(struct place *tap, int taps, int kw)
{
    struct place natural[FOLD_TAPS];
    for (int t = 0; t < taps; t += FOLD_TAPS) {
        const int some = taps - t < FOLD_TAPS ? taps - t : FOLD_TAPS;
        for (int k = 0; k < some; k++)
            natural[k] = tap[t + k];
        struct place *to = tap + t;
        for (int j = 0; j < kw; j++)
            for (int k = (j + kw - t % kw) % kw; k < some; k += kw)
                *to++ = natural[k];
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
