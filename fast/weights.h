/* weights.h - the gradients of a convolution's weights, summed by places, and of its biases. */
#ifndef FAST_WEIGHTS_H
#define FAST_WEIGHTS_H

#include "fast/biases.h"
#include "fast/images.h"

/* So many channels of so many images are packed at a time. */
struct portion {
    int channels, images;
    struct planes planes;
};

/* Places enough to be worth loading and storing the sums, and room enough for the planes under
 * them, where tiles are so small that they go through them often. */
enum { SMALL_TILES = V_ACCUMULATORS < 12, PORTION_PLACES = 512, PORTION_FLOATS = 12288 };

/* Small tiles: so few images that they stay in the nearest cache, if all channels do. Others: as
 * many as stay in the next one, so that sums need not be kept meanwhile. */
static struct portion weight_portion(const struct conv2d_shape *s)
{
    struct portion a = { .channels = s->c, .planes = image_planes(s, conv2d_oh(s)) };
    a.images = least(PORTION_PLACES / (conv2d_oh(s) * conv2d_ow(s)) + 1, s->n);
    if (SMALL_TILES && a.images * planes_size(&a.planes) <= PORTION_FLOATS)
        return a;
    a.planes.channels = 1;
    const size_t channels = STRIP_FLOATS / planes_size(&a.planes);
    a.channels = part_size(s->c, 0, channels < 1 ? 1 : least((int)channels, s->c));
    a.planes.channels = a.channels;
    const size_t images = STRIP_FLOATS / planes_size(&a.planes);
    a.images = images < 1 ? 1 : least((int)images, s->n);
    return a;
}

/* Floats of the sums that are kept while other images are packed: 16 for each of the weights. */
static size_t weight_lanes(const struct conv2d_shape *s, const struct portion *a)
{
    return a->images < s->n ? 16 * (size_t)s->o * a->channels * s->kh * s->kw : 0;
}

/* Work: the taps, the sums, and the planes of some channels of some images. */
static void weights_by_places(const struct conv2d_shape *s, const float *x, const float *dy,
                              int from, int end, float *dw, float *biases, float *work)
{
    const int plane = conv2d_oh(s) * conv2d_ow(s), kernel = s->kh * s->kw;
    const struct portion most = weight_portion(s);
    struct place *t = (struct place *)work;
    float *lanes = (float *)t + lines(2 * (size_t)most.channels * kernel);
    float *const packed = lanes + weight_lanes(s, &most);
    struct planes p = most.planes;
    for (int c = 0; c < s->c; c += most.channels) {
        p.channels = least(most.channels, s->c - c);
        const int taps = p.channels * kernel;
        const size_t size = planes_size(&p), image = (size_t)s->c * s->h * s->w;
        image_taps(s, &p, t);
        if (most.images * size > NEAR_FLOATS)
            order_places(t, taps, s->kw);
        for (int n = 0; n < s->n; n += most.images) {
            const struct places sums = { .count = plane, .images = least(most.images, s->n - n),
                                         .channels = s->o, .taps = taps,
                                         .first = n == 0, .last = n + most.images >= s->n,
                                         .x = packed, .x_image = size, .tap = t,
                                         .dy = dy + (size_t)n * s->o * plane, .lanes = lanes,
                                         .dw = dw + (size_t)c * kernel,
                                         .dw_channel = (size_t)taps_of(s) };
            for (int k = 0; k < sums.images; k++)
                planes_pack(&p, x + (n + k) * image + (size_t)c * s->h * s->w, packed + k * size);
            for (int o = from, some; o < end; o += some) {
                some = part_size(end - from, o - from, WEIGHT_CHANNELS);
                sum_places(&sums, o, some);
                if (c == 0)
                    add_biases(s, sums.images, sums.dy, o, some, biases);
            }
        }
    }
}

#endif
