/* deep.h - forward and backward_data where channels of outputs fill the lanes: see broadcast.h. An
 * image is one thread's, as it is by rows where it is one strip: others go that way. */
#ifndef FAST_DEEP_H
#define FAST_DEEP_H

#include "fast/broadcast.h"
#include "fast/images.h"

enum { DEEP_TAPS = 64, DEEP_PLACES = 256, DEEP_INPUTS = 2048 };

/* How a shape's outputs are summed, an image by bands of rows. */
struct deep {
    const struct conv2d_shape *s;
    const float *from, *start; /* inputs or their gradient; start: NULL for 0 */
    float *to, *w, *own;       /* w: turned; own: of each thread, planes and the sums of a band, */
    size_t room;               /* so far apart */
    struct planes planes;
    int band; /* its rows */
    struct phase *phase;
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

/* Of all phases of inputs the same. */
static struct planes deep_gradient(const struct conv2d_shape *s)
{
    const int st = s->stride;
    struct planes p = gradient_planes(s, (s->w + st - 1) / st, 1);
    p.rows += (s->h + st - 1) / st;
    return p;
}

static struct deep data_deep_plan(const struct conv2d_shape *s)
{
    const int st = s->stride;
    struct deep a = { .s = s, .planes = deep_gradient(s),
                      .band = st * band_rows((s->h + st - 1) / st, st * s->w) };
    a.room = thread_room(planes_size(&a.planes) + lines((size_t)s->kw) + band_size(a.band, s->w));
    return a;
}

static size_t phases_size(const struct conv2d_shape *s)
{
    return lines((size_t)s->stride * s->stride * sizeof(struct phase) / sizeof(float));
}

static size_t data_deep_work(const struct conv2d_shape *s)
{
    const struct deep a = data_deep_plan(s);
    return phases_size(s) + blocks_of(s->c) * block_size((size_t)s->o * s->kh * s->kw) +
           thread_count() * a.room;
}

/* The sums of a row of a phase, from the planes under row 0 of the band. */
static void phase_row(const struct deep *a, const struct phase *f, const float *planes,
                      const float *w, int row, float *sums)
{
    const struct conv2d_shape *s = a->s;
    const struct planes *p = &a->planes;
    const int st = s->stride;
    const struct broadcast sum = {
        .cols = f->cols, .planes = s->o, .high = f->above + 1, .wide = f->before + 1,
        .w = w + 16 * (f->p * s->kw + f->q),
        .w_by = { 16 * st, 16 * st * s->kw, (ptrdiff_t)16 * s->kh * s->kw },
        .x_by = { -1, -p->cols, (ptrdiff_t)p->rows * p->cols }, .apart = (size_t)st
    };
    broadcast(&sum, planes + (f->top - p->top + row / st) * p->cols + f->left - p->left,
              sums + 16 * ((size_t)row * s->w + f->j));
}

/* `rows` rows of some channels, to dx from sums. */
static void data_band(const struct deep *a, const float *planes, int c, int rows, float *sums,
                      float *dx)
{
    const struct conv2d_shape *s = a->s;
    const int st = s->stride;
    const float *w = a->w + c / 16 * block_size((size_t)s->o * s->kh * s->kw);
    struct band band = { .sums = sums, .y = dx, .plane = (size_t)s->h * s->w,
                         .channels = least(16, s->c - c), .places = rows * s->w };
    for (int r = 0; r < rows; r++) {
        for (int q = 0; q < st; q++)
            phase_row(a, a->phase + (r + s->pad) % st * st + q, planes, w, r, sums);
        turn_back(&band, r * s->w);
    }
    turn_back(&band, band.places + 15);
}

static void data_deep_image(const void *context, int n, int thread)
{
    const struct deep *a = context;
    const struct conv2d_shape *s = a->s;
    const struct planes *p = &a->planes;
    float *planes = a->own + thread * a->room;
    float *sums = planes + planes_size(p) + lines((size_t)s->kw);
    planes_pack(p, a->from + (size_t)n * s->o * p->h * p->w, planes);
    planes_zero(planes + (size_t)s->o * p->rows * p->cols, (size_t)s->kw - 1);
    for (int row = 0; row < s->h; row += a->band)
        for (int c = 0; c < s->c; c += 16)
            data_band(a, planes + row / s->stride * p->cols, c, least(a->band, s->h - row), sums,
                      a->to + (((size_t)n * s->c + c) * s->h + row) * s->w);
}

static void data_deep(const struct conv2d_shape *s, const float *w, const float *dy, float *dx,
                      float *work)
{
    struct deep a = data_deep_plan(s);
    const int st = s->stride, kernel = s->kh * s->kw;
    const size_t block = block_size((size_t)s->o * kernel);
    a.from = dy;
    a.to = dx;
    a.phase = (struct phase *)first_line(work);
    a.w = (float *)a.phase + phases_size(s);
    a.own = a.w + blocks_of(s->c) * block;
    for (int k = 0; k < st * st; k++)
        a.phase[k] = phase_of(s, k / st, k % st);
    for (int c = 0; c < s->c; c += 16)
        for (int o = 0; o < s->o; o++)
            turn(w + ((size_t)o * s->c + c) * kernel, (size_t)kernel, least(16, s->c - c), kernel,
                 a.w + c / 16 * block + 16 * (size_t)o * kernel, 16);
    thread_each(s->n, multiply_adds(s), data_deep_image, &a);
}

/* Whether phases, which otherwise are summed apart and laid in turns, are rows of several taps. */
static int data_is_deep(const struct conv2d_shape *s)
{
    const int st = s->stride;
    if (st == 1 || !fill_lanes(s->c) || s->kh < 2 * st || s->kw < 2 * st || s->w < 6 * st ||
        s->h * s->w > DEEP_INPUTS)
        return 0;
    return data_plan(s).strips == 1;
}

#endif
