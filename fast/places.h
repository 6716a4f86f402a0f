/* places.h - the gradient of a convolution's weights: a sum over the places of the outputs. */
#ifndef FAST_PLACES_H
#define FAST_PLACES_H

#include "fast/product.h"
#include "fast/isa/part.h"

#include <string.h>

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

/* Of channels side by side at most, and then of taps. */
enum { WEIGHT_SUMS = V_ACCUMULATORS * PARTS,
       WEIGHT_CHANNELS = WEIGHT_SUMS < 12 ? 1 : WEIGHT_SUMS < 24 ? 3 : 6,
       WEIGHT_TAPS = WEIGHT_SUMS < 12 ? WEIGHT_SUMS : WEIGHT_SUMS < 24 ? 4 : 6,
       FOLD_TAPS = 48 };

static inline int weight_taps(int channels)
{
    const int most = (WEIGHT_SUMS + 1) / channels;
    return most < WEIGHT_TAPS ? most : WEIGHT_TAPS;
}

/* One part of B channels by T taps, of n places. B and T are constants where this is called. */
INLINED void place_step(const float *x, const struct place *tap, const float *dy, size_t dy_channel,
                        part sum[6][6], const int B, const int T, int n)
{
    part grad[6];
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

/* The sum of tap `base` of a channel goes to `to`, that of the next channel `apart` vectors
 * behind. */
INLINED void place_store(const struct place *tap, part sum[6][6], float *to, int base, int apart,
                         const int B, const int T)
{
    UNROLL
    for (int k = 0; k < T; k++) {
        float *at = to + 16 * ((ptrdiff_t)tap[k].a - base);
        UNROLL
        for (int b = 0; b < B; b++, at += 16 * (ptrdiff_t)apart)
            part_store(at, sum[b][k]);
    }
}

#ifdef PART_QUARTERS
/* What v_quarters leaves of them, of four channels each: a vector, and those of a tap side by side.
 * Beyond the last channel that again. */
INLINED void place_quarters(const struct place *tap, part sum[6][6], float *to, int base,
                            const int B, const int T)
{
    const int last = B - 1, quads = last / 4 + 1;
    UNROLL
    for (int k = 0; k < T; k++) {
        UNROLL
        for (int b = 0; b < B; b += 4)
            part_quarters(to + 16 * (quads * ((ptrdiff_t)tap[k].a - base) + b / 4), sum[b][k],
                          sum[b + 1 < B ? b + 1 : last][k], sum[b + 2 < B ? b + 2 : last][k],
                          sum[b + 3 < B ? b + 3 : last][k]);
    }
}

/* The rest of v_sum, to dw[channel][k], k < count, channels `apart`. */
static void end_quarters(int channels, int count, const float *near, float *dw, size_t apart)
{
    const int quads = (channels + 3) / 4;
    for (int c = 0; c < channels; c += 4, near += 16, dw += 4 * apart)
        for (int k = 0; k < count; k += 4) {
            float sum[16];
            v x[4];
            UNROLL
            for (int l = 0; l < 4; l++) /* beyond the last one that again */
                x[l] = v_load(near + 16 * quads * (k + l < count ? k + l : count - 1));
            v_store(sum, v_ends(x));
            for (int l = 0; l < 4 && c + l < channels; l++)
                if (k + 4 <= count)
                    memcpy(dw + l * apart + k, sum + 4 * l, 4 * sizeof *sum);
                else
                    memcpy(dw + l * apart + k, sum + 4 * l, (size_t)(count - k) * sizeof *sum);
        }
}
#endif

/* All places of B channels by T taps. The sums are stored as they are, or as quarters. */
INLINED void place_tile(const struct places *s, int channel, const struct place *tap, int lane,
                        float *to, int base, int apart, const int B, const int T)
{
    const float *from = s->lanes + 16 * (size_t)channel * s->taps + lane;
    const float *x = s->x + lane, *dy = s->dy + (size_t)channel * s->count + lane;
    const size_t dy_image = (size_t)s->channels * s->count;
    part sum[6][6];
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
#ifdef PART_QUARTERS
    if (s->last) {
        place_quarters(tap, sum, to, base, B, T);
        return;
    }
#endif
    place_store(tap, sum, to + lane, base, apart, B, T);
}

INLINED void place_taps(const struct places *s, int channel, const struct place *tap, int lane,
                        float *to, int base, int apart, const int B, int T)
{
    const int most = weight_taps(B);
    switch (T) {
    case 1: place_tile(s, channel, tap, lane, to, base, apart, B, 1); break;
    case 2: place_tile(s, channel, tap, lane, to, base, apart, B, 2); break;
    case 3: if (most >= 3) place_tile(s, channel, tap, lane, to, base, apart, B, 3); break;
    case 4: if (most >= 4) place_tile(s, channel, tap, lane, to, base, apart, B, 4); break;
    case 5: if (most >= 5) place_tile(s, channel, tap, lane, to, base, apart, B, 5); break;
    case 6: if (most >= 6) place_tile(s, channel, tap, lane, to, base, apart, B, 6); break;
    }
}

/* dw[k] = v_sum(lanes[k]), k < count. */
static void fold_places(int count, const float *lanes, float *dw)
{
    for (int k = 0; k < count; k += 16) {
        v x[16];
        UNROLL
        for (int l = 0; l < 16; l++) /* beyond the last one that again: 16 are folded */
            x[l] = v_load(lanes + 16 * (size_t)(k + l < count ? k + l : count - 1));
        v_store_n(dw + k, v_sums(x), count - k);
    }
}

/* All taps of B channels, so many at a time that their sums are still near when they are folded. */
INLINED void place_block(const struct places *s, int channel, const int B)
{
    _Alignas(64) float near[16 * WEIGHT_CHANNELS * FOLD_TAPS];
    for (int t = 0, size; t < s->taps && B <= WEIGHT_CHANNELS; t += FOLD_TAPS) { /* or no code */
        const int some = s->taps - t < FOLD_TAPS ? s->taps - t : FOLD_TAPS;
        const int base = s->last ? t : 0, apart = s->last ? some : s->taps;
        float *to = s->last ? near : s->lanes + 16 * (size_t)channel * s->taps;
        for (int k = 0; k < some; k += size) {
            size = part_size(some, k, weight_taps(B));
            for (int lane = 0; lane < 16; lane += PART_LANES)
                place_taps(s, channel, s->tap + t + k, lane, to, base, apart, B, size);
        }
        float *dw = s->dw + channel * s->dw_channel + t;
#ifdef PART_QUARTERS
        if (s->last)
            end_quarters(B, some, near, dw, s->dw_channel);
#else
        if (s->last && (size_t)some == s->dw_channel)
            fold_places(B * some, near, dw);
        else if (s->last)
            for (int b = 0; b < B; b++)
                fold_places(some, near + 16 * b * some, dw + b * s->dw_channel);
#endif
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
    case 5: place_block(s, channel, 5); break;
    case 6: place_block(s, channel, 6); break;
    }
}

#endif
