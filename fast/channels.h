/* channels.h - the gradient of a convolution's weights, with channels in the lanes.
 *
 * For small images of many channels. 16 channels of a place lie side by side, so that all taps,
 * under any stride, read the same copy of the image, and a vector holds sums of 16 channels. What
 * is lane l of a sum in places.h, that over the places f with f mod 16 = l, is therefore a vector
 * of its own here, one of 16.
 */
#ifndef FAST_CHANNELS_H
#define FAST_CHANNELS_H

#include "fast/biases.h"
#include "fast/phases.h"
#include "fast/turned.h"

/* The sums of 16 channels of inputs, or those that are left, over some images. */
struct channels {
    int count, images, width, outs, taps; /* places of outputs; width: of the 16 */
    int first, last;                      /* as in places.h */
    const float *x, *dy; /* turned: all channels of a place, then those of the next */
    size_t x_image, dy_image, dy_place;
    const int32_t *at, *tap; /* where an output's place is in x, and how far a tap is from there */
    float *lanes, *dw;
    size_t dw_channel;
};

/* Of 16 lanes so many are summed side by side, those that v_sum adds first; of each LANE_STEP are
 * left then. And channels of outputs and taps at most. */
enum { CHANNEL_LANES = V_ACCUMULATORS < 24 ? 1 : 2, LANE_STEP = 16 / CHANNEL_LANES,
       CHANNEL_TAPS = V_ACCUMULATORS < 24 ? 1 : 3,
       CHANNEL_OUTS = V_ACCUMULATORS / CHANNEL_LANES / CHANNEL_TAPS };

/* Place f, which is in lane j of those side by side, of O channels of outputs by T taps. */
INLINED void channel_step(const struct channels *s, const float *x, const float *dy,
                          const int32_t *tap, int f, v sum[CHANNEL_OUTS][CHANNEL_TAPS][16],
                          const int j, const int O, const int T)
{
    v term[CHANNEL_TAPS];
    UNROLL
    for (int k = 0; k < T; k++)
        term[k] = v_hold(v_load(x + s->at[f] + tap[k]));
    UNROLL
    for (int o = 0; o < O; o++) {
        const v grad = v_set1(dy[f * s->dy_place + o]);
        UNROLL
        for (int k = 0; k < T; k++)
            sum[o][k][j] = v_fma(grad, term[k], sum[o][k][j]);
    }
}

/* All sums of O by T: lane l of one is vector l of lanes[channel][tap], or, of the last images,
 * what the lanes that were side by side with it have come to. */
INLINED void channel_tile(const struct channels *s, int out, const int32_t *tap, float *lanes,
                          const int O, const int T)
{
    for (int l = 0; l < LANE_STEP; l++, lanes += 16) {
        v sum[CHANNEL_OUTS][CHANNEL_TAPS][16];
        UNROLL
        for (int k = 0; k < O * T; k++) {
            UNROLL
            for (int j = 0; j < CHANNEL_LANES; j++)
                sum[k / T][k % T][j] = s->first ? v_set1(0.0f)
                                                : v_load(lanes + 256 * k + 16 * LANE_STEP * j);
        }
        for (int n = 0; n < s->images; n++) {
            const float *x = s->x + n * s->x_image;
            const float *dy = s->dy + n * s->dy_image + out;
            int f = l;
            for (; f + 16 - LANE_STEP < s->count; f += 16) {
                UNROLL
                for (int j = 0; j < CHANNEL_LANES; j++)
                    channel_step(s, x, dy, tap, f + j * LANE_STEP, sum, j, O, T);
            }
            UNROLL
            for (int j = 0; j < CHANNEL_LANES - 1; j++)
                if (f + j * LANE_STEP < s->count)
                    channel_step(s, x, dy, tap, f + j * LANE_STEP, sum, j, O, T);
        }
        UNROLL
        for (int k = 0; k < O * T; k++) {
            v *const of = sum[k / T][k % T];
            if (s->last)
                of[0] = add_lanes(of, CHANNEL_LANES);
            UNROLL
            for (int j = 0; j < CHANNEL_LANES; j++)
                if (j == 0 || !s->last)
                    v_store(lanes + 256 * k + 16 * LANE_STEP * j, of[j]);
        }
    }
}

INLINED void channel_taps(const struct channels *s, int out, const int32_t *tap, float *lanes,
                          const int O, int T)
{
    switch (T) {
    case 1: channel_tile(s, out, tap, lanes, O, 1); break;
    case 2: if (CHANNEL_TAPS >= 2) channel_tile(s, out, tap, lanes, O, 2); break;
    case 3: if (CHANNEL_TAPS >= 3) channel_tile(s, out, tap, lanes, O, 3); break;
    }
}

/* A sum of which the lanes have come to these. */
static v add_steps(const float *lanes)
{
    v x[16];
    UNROLL
    for (int l = 0; l < LANE_STEP; l++)
        x[l] = v_load(lanes + 16 * l);
    return add_lanes(x, LANE_STEP);
}

/* All taps of O channels of outputs, 16 at a time, which go to dw from there. */
INLINED void channel_block(const struct channels *s, int out, const int O)
{
    _Alignas(64) float near[256 * CHANNEL_OUTS * CHANNEL_TAPS];
    v sum[CHANNEL_OUTS][16];
    for (int t = 0, some; t < s->taps && O <= CHANNEL_OUTS; t += some) { /* no code for more */
        some = part_size(s->taps, t, 16);
        for (int k = 0, size; k < some; k += size) {
            const size_t at = 256 * ((size_t)out * s->taps + (t + k) * O);
            float *lanes = s->first && s->last ? near : s->lanes + at;
            size = part_size(some, k, CHANNEL_TAPS);
            channel_taps(s, out, s->tap + t + k, lanes, O, size);
            for (int o = 0; o < O && s->last; o++)
                for (int j = k; j < k + size; j++, lanes += 256)
                    sum[o][j] = add_steps(lanes);
        }
        for (int o = 0; o < O && s->last; o++) {
            float *dw = s->dw + (out + o) * s->dw_channel + t;
            v_transpose(sum[o]);
            for (int c = 0; c < s->width; c++)
                v_store_n(dw + c * (size_t)s->taps, sum[o][c], some);
        }
    }
}

/* `size` channels of outputs, CHANNEL_OUTS of them at most. */
static void sum_channels(const struct channels *s, int out, int size)
{
    switch (size) {
    case 1: channel_block(s, out, 1); break;
    case 2: channel_block(s, out, 2); break;
    case 3: channel_block(s, out, 3); break;
    case 4: channel_block(s, out, 4); break;
    case 5: channel_block(s, out, 5); break;
    case 6: channel_block(s, out, 6); break;
    }
}

/* How a shape is turned: so many images at a time. */
struct turning {
    const struct conv2d_shape *s;
    const float *x, *dy; /* dy: NULL where it is turned already */
    float *x_turned, *dy_turned;
    size_t x_image, dy_image, dy_place;
    int images, width; /* width: channels of x, of 16 */
    int from, end;     /* the channels of dy that are wanted */
};

/* Whether channels fill the lanes, taps share what is turned, and it stays in the nearest cache
 * beside its sums. */
static int by_channels(const struct conv2d_shape *s)
{
    return 8 * s->c >= 7 * 16 * ((s->c + 15) / 16) && s->kw > 1 &&
           turned_size(s) <= NEAR_FLOATS / 2;
}

static struct turning turning(const struct conv2d_shape *s)
{
    struct turning a = { .s = s, .dy_place = ((size_t)s->o + 15) / 16 * 16 };
    a.x_image = turned_size(s) + 16 * TURN_MORE;
    a.dy_image = a.dy_place * ((size_t)conv2d_oh(s) * conv2d_ow(s) + TURN_MORE);
    const size_t images = STRIP_FLOATS / (a.x_image + a.dy_image);
    a.images = images < 1 ? 1 : least((int)images, s->n);
    return a;
}

static void turn_one(const struct turning *a, int k)
{
    const struct conv2d_shape *s = a->s;
    const int count = conv2d_oh(s) * conv2d_ow(s);
    turn_image(s, a->x + (size_t)k * s->c * s->h * s->w, a->width, a->x_turned + k * a->x_image);
    for (int o = a->from / 16 * 16; o < a->end && a->dy; o += 16)
        turn(a->dy + ((size_t)k * s->o + o) * count, (size_t)count, least(16, s->o - o), count,
             a->dy_turned + k * a->dy_image + o, a->dy_place);
}

/* Floats: where places and taps are; sums that are kept while other images are turned; turned
 * images. */
static size_t channel_places(const struct conv2d_shape *s)
{
    return lines((size_t)conv2d_oh(s) * conv2d_ow(s) + s->kh * s->kw);
}

static size_t channel_lanes(const struct turning *a)
{
    return a->images < a->s->n ? 256 * (size_t)a->s->o * a->s->kh * a->s->kw : 0;
}

static size_t channel_work(const struct conv2d_shape *s)
{
    const struct turning a = turning(s);
    return channel_places(s) + channel_lanes(&a) + a.images * (a.x_image + a.dy_image);
}

static void weights_by_channels(const struct conv2d_shape *s, const float *x, const float *dy,
                                int from, int end, float *dw, float *biases, float *work)
{
    const int oh = conv2d_oh(s), ow = conv2d_ow(s), taps = s->kh * s->kw, wide = s->w + 2 * s->pad;
    struct turning a = turning(s);
    a.from = from, a.end = end;
    int32_t *at = (int32_t *)work, *tap = at + oh * ow;
    for (int i = 0; i < oh; i++)
        for (int j = 0; j < ow; j++)
            at[i * ow + j] = 16 * s->stride * (i * wide + j);
    for (int i = 0; i < s->kh; i++)
        for (int j = 0; j < s->kw; j++)
            tap[i * s->kw + j] = 16 * (i * wide + j);
    float *lanes = (float *)at + channel_places(s);
    a.x_turned = lanes + channel_lanes(&a);
    a.dy_turned = a.x_turned + a.images * a.x_image;
    for (int c = 0; c < s->c; c += 16)
        for (int n = 0; n < s->n; n += a.images) {
            const struct channels sums = {
                .count = oh * ow, .images = least(a.images, s->n - n), .width = least(16, s->c - c),
                .outs = s->o, .taps = taps, .first = n == 0, .last = n + a.images >= s->n,
                .x = a.x_turned, .dy = a.dy_turned, .x_image = a.x_image, .dy_image = a.dy_image,
                .dy_place = a.dy_place, .at = at, .tap = tap, .lanes = lanes,
                .dw = dw + (size_t)c * taps, .dw_channel = (size_t)s->c * taps };
            a.width = sums.width;
            a.x = x + ((size_t)n * s->c + c) * s->h * s->w;
            a.dy = c && a.images == s->n ? NULL : dy + (size_t)n * s->o * oh * ow;
            for (int k = 0; k < sums.images; k++)
                turn_one(&a, k);
            for (int o = from, size; o < end; o += size)
                sum_channels(&sums, o, size = part_size(end - from, o - from, CHANNEL_OUTS));
            for (int o = from; o < end && c == 0; o += WEIGHT_CHANNELS)
                add_biases(s, sums.images, dy + (size_t)n * s->o * oh * ow, o,
                           least(WEIGHT_CHANNELS, end - o), biases);
        }
}

#endif
