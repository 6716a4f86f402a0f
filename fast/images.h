/* images.h - forward: the image under the kernels, packed into planes, and the sums over it. */
#ifndef FAST_IMAGES_H
#define FAST_IMAGES_H

#include "fast/phases.h"

static int taps_of(const struct conv2d_shape *s)
{
    return s->c * s->kh * s->kw;
}

/* The image under the kernels: for output rows `row` to `row + rows` of it. */
static struct planes image_planes(const struct conv2d_shape *s, int rows)
{
    const int st = s->stride;
    return (struct planes){ .channels = s->c, .h = s->h, .w = s->w, .top = -s->pad, .left = -s->pad,
                            .step = st, .shifts = s->kw, .phases = least(st, s->kh),
                            .rows = rows + (s->kh - 1) / st, .cols = conv2d_ow(s) };
}

static int image_rows(const struct conv2d_shape *s)
{
    const struct planes row = image_planes(s, 1 - (s->kh - 1) / s->stride);
    return strip_rows(conv2d_oh(s), planes_size(&row), (s->kh - 1) / s->stride);
}

/* Where the taps, in the order of the weights, find their inputs in the planes of an image. */
static void image_taps(const struct conv2d_shape *s, const struct planes *p, struct place *t)
{
    const int plane = p->rows * p->cols, shift = p->phases * p->channels * plane;
    for (int i = 0; i < s->kh; i++) {
        const int first = i % s->stride * p->channels * plane + i / s->stride * p->cols;
        for (int c = 0; c < p->channels; c++)
            for (int j = 0; j < s->kw; j++) {
                const int k = (c * s->kh + i) * s->kw + j;
                t[k] = (struct place){ first + plane * c + shift * j, k };
            }
    }
}

/* The operands of forward. */
struct call {
    const struct conv2d_shape *s;
    const float *x, *w, *b;
    float *y, *planes; /* planes: of each thread, */
    size_t room;       /* so far apart */
    struct place *tap;
    struct planes whole;
    int rows, strips; /* of a strip, and of an image */
};

static void forward_strip(const void *context, int k, int thread)
{
    const struct call *a = context;
    const struct conv2d_shape *s = a->s;
    const int oh = conv2d_oh(s), ow = conv2d_ow(s), taps = taps_of(s);
    const int n = k / a->strips, row = k % a->strips * a->rows;
    struct planes p = a->whole;
    float *planes = a->planes + thread * a->room;
    p.top += row * s->stride;
    planes_pack(&p, a->x + (size_t)n * s->c * s->h * s->w, planes);
    sum_taps(&(struct product){ .rows = s->o, .cols = least(a->rows, oh - row) * ow, .depth = taps,
                                .most = MOST_ROWS,
                                .a = a->w, .a_row = (size_t)taps, .m = planes, .table = a->tap,
                                .start = s->bias == CONV2D_BIAS_NONE       ? NULL
                                         : s->bias == CONV2D_BIAS_POSITION ? a->b + row * ow
                                                                           : a->b,
                                .start_row = s->bias == CONV2D_BIAS_POSITION ? (size_t)oh * ow : 1,
                                .start_of = s->bias == CONV2D_BIAS_CHANNEL ? EACH_ROW : EACH_COLUMN,
                                .out = a->y + (size_t)n * s->o * oh * ow + row * ow,
                                .out_row = (size_t)oh * ow });
}

/* Work: the taps, and for every thread the planes of a strip. */
static void forward_rows(const struct conv2d_shape *s, const float *x, const float *w,
                         const float *b, float *y, float *work)
{
    const int rows = image_rows(s), strips = (conv2d_oh(s) + rows - 1) / rows;
    const struct planes whole = image_planes(s, rows);
    struct place *t = (struct place *)first_line(work);
    const struct call a = { .s = s, .x = x, .w = w, .b = b, .y = y,
                            .planes = (float *)t + lines(2 * (size_t)taps_of(s)), .tap = t,
                            .room = thread_room(planes_size(&whole)), .whole = whole, .rows = rows,
                            .strips = strips };
    image_taps(s, &whole, t);
    thread_each(s->n * strips, multiply_adds(s), forward_strip, &a);
}

static size_t forward_work(const struct conv2d_shape *s)
{
    const struct planes strip = image_planes(s, image_rows(s));
    return lines(2 * (size_t)taps_of(s)) + thread_count() * thread_room(planes_size(&strip));
}

#endif
