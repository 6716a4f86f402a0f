/* turned.h - an image of many channels, turned so that the channels of a place lie side by side;
 * and sums that are kept so. */
#ifndef FAST_TURNED_H
#define FAST_TURNED_H

#include "fast/planes.h"
#include "fast/turn.h"
#include "ref/conv2d.h"

/* Floats of 16 channels of an image with its padding. */
static size_t turned_size(const struct conv2d_shape *s)
{
    return 16 * (size_t)(s->h + 2 * s->pad) * (s->w + 2 * s->pad);
}

/* That image. Without any, its rows are one. */
static void turn_image(const struct conv2d_shape *s, const float *x, int channels, float *to)
{
    const int pad = s->pad, rows = pad ? s->h : 1, count = pad ? s->w : s->h * s->w;
    const size_t edge = (size_t)pad * (s->w + 2 * pad);
    planes_zero(to, 16 * (edge + pad));
    to += 16 * (edge + pad);
    for (int r = 0; r < rows; r++, x += count, to += 16 * (count + 2 * pad)) {
        turn(x, (size_t)s->h * s->w, channels, count, to, 16);
        planes_zero(to + 16 * count, 16 * 2 * (size_t)pad);
    }
    planes_zero(to, 16 * (edge - pad));
}

/* What v_sum adds, of vectors that are its lanes; `count` is a power of two. */
INLINED v add_lanes(v x[16], const int count)
{
    UNROLL
    for (int l = 0; l < 8 && count > 8; l++)
        x[l] = v_add(x[l], x[l + 8]);
    UNROLL
    for (int l = 0; l < 4 && count > 4; l++)
        x[l] = v_add(x[l], x[l + 4]);
    UNROLL
    for (int l = 0; l < 2 && count > 2; l++)
        x[l] = v_add(x[l], x[l + 2]);
    return count > 1 ? v_add(x[0], x[1]) : x[0];
}

#endif
