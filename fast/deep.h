/* deep.h - forward where channels of outputs fill the lanes: see broadcast.h. An image is one
 * thread's, as it is by rows where it is one strip: others go that way. */
#ifndef FAST_DEEP_H
#define FAST_DEEP_H

#include "fast/broadcast.h"
#include "fast/images.h"

enum { DEEP_TAPS = 64, DEEP_PLACES = 256 };

/* How a shape's outputs are summed, an image by bands of rows. */
struct deep {
    const struct conv2d_shape *s;
    const float *from, *start; /* inputs or their gradient; start: NULL for 0 */
    float *to, *w, *own;       /* w: turned; own: of each thread, planes and the sums of a band, */
    size_t room;               /* so far apart */
    struct planes planes;
    int band; /* its rows */
    struct phase *phase;
    int spreads; /* by spread.h, unless zeros matter */
};

static struct planes deep_image(const struct conv2d_shape *s)
{
    struct planes p = image_planes(s, conv2d_oh(s));
    p.shifts = 1;
    p.cols = s->w + 2 * s->pad;
    return p;
}

/* Without padding the image is read as it lies; else with that written out. */
static struct deep forward_deep_plan(const struct conv2d_shape *s)
{
    const int oh = conv2d_oh(s), ow = conv2d_ow(s);
    struct deep a = { .s = s, .planes = deep_image(s), .band = band_rows(oh, ow) };
    a.room = thread_room((s->pad ? planes_size(&a.planes) : 0) + band_size(a.band, ow));
    return a;
}

static size_t forward_deep_work(const struct conv2d_shape *s)
{
    const struct deep a = forward_deep_plan(s);
    return blocks_of(s->o) * (block_size((size_t)taps_of(s)) + 16) + thread_count() * a.room;
}

/* `rows` rows of outputs of some channels, to y from sums. */
static void forward_band(const struct deep *a, const float *image, int o, int rows, float *sums,
                         float *y)
{
    const struct conv2d_shape *s = a->s;
    const int ow = conv2d_ow(s);
    const struct planes *p = &a->planes;
    const struct broadcast sum = {
        .cols = ow, .planes = s->c, .high = s->kh, .wide = s->kw,
        .w = a->w + o / 16 * block_size((size_t)taps_of(s)),
        .start = a->start ? a->start + o : NULL,
        .w_by = { 16, 16 * s->kw, (ptrdiff_t)16 * s->kh * s->kw },
        .x_by = { 1, p->cols, (ptrdiff_t)p->rows * p->cols }, .apart = 1
    };
    struct band band = { .sums = sums, .y = y, .plane = (size_t)conv2d_oh(s) * ow,
                         .channels = least(16, s->o - o), .places = rows * ow };
    for (int r = 0; r < rows; r++) {
        broadcast(&sum, image + (size_t)r * p->cols, sums + 16 * (size_t)r * ow);
        turn_back(&band, r * ow);
    }
    turn_back(&band, band.places + 15);
}

static void forward_deep_image(const void *context, int n, int thread)
{
    const struct deep *a = context;
    const struct conv2d_shape *s = a->s;
    const int oh = conv2d_oh(s), ow = conv2d_ow(s);
    const float *image = a->from + (size_t)n * s->c * s->h * s->w;
    float *y = a->to + (size_t)n * s->o * oh * ow, *sums = a->own + thread * a->room;
    if (s->pad) {
        planes_pack(&a->planes, image, sums);
        image = sums;
        sums += planes_size(&a->planes);
    }
    for (int row = 0; row < oh; row += a->band)
        for (int o = 0; o < s->o; o += 16)
            forward_band(a, image + (size_t)row * a->planes.cols, o, least(a->band, oh - row), sums,
                         y + ((size_t)o * oh + row) * ow);
}

static void forward_deep(const struct conv2d_shape *s, const float *x, const float *w,
                         const float *b, float *y, float *work)
{
    struct deep a = forward_deep_plan(s);
    const int taps = taps_of(s);
    const size_t block = block_size((size_t)taps);
    a.from = x;
    a.to = y;
    a.w = first_line(work);
    float *start = a.w + blocks_of(s->o) * block;
    a.own = start + 16 * blocks_of(s->o);
    for (int o = 0; o < s->o; o += 16) {
        const int some = least(16, s->o - o);
        turn(w + (size_t)o * taps, (size_t)taps, some, taps, a.w + o / 16 * block, 16);
        if (s->bias == CONV2D_BIAS_CHANNEL)
            v_store(start + o, v_load_n(b + o, some));
    }
    a.start = s->bias == CONV2D_BIAS_CHANNEL ? start : NULL;
    thread_each(s->n, multiply_adds(s), forward_deep_image, &a);
}

/* Whether there are taps enough to pay the turning back, and few outputs to pay the packing of all
 * shifts: where a vector is one register, packing for many is cheap. */
static int forward_is_deep(const struct conv2d_shape *s)
{
    if (s->stride > 1 || s->bias == CONV2D_BIAS_POSITION || !fill_lanes(s->o) || s->kw == 1 ||
        taps_of(s) < DEEP_TAPS)
        return 0;
    const int few = s->o <= 16 || conv2d_oh(s) * conv2d_ow(s) <= DEEP_PLACES;
    return (few || V_ACCUMULATORS < 12) && forward_call(s).strips == 1;
}

#endif
