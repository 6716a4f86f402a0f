/* deep_phases.h - backward_data where channels of inputs fill the lanes: each row of a phase by
 * broadcast.h, or a short one of all phases by spread.h. */
#ifndef FAST_DEEP_PHASES_H
#define FAST_DEEP_PHASES_H

#include "fast/deep.h"
#include "fast/spread.h"

enum { DEEP_INPUTS = 2048 };

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

/* An image and the sums of a band of it. */
struct data_image {
    const float *dy, *planes; /* planes: NULL where the gradient itself is spread */
    float *dx, *sums;
};

/* The sums of a row of a phase. */
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
              sums + 16 * f->j);
}

/* The sums of a row of all phases, without the rows of a kernel that lie beyond the gradient; and
 * whether they are what these would leave of them. */
static int spread_row(const struct deep *a, const float *dy, const float *w, int row, float *sums)
{
    const struct conv2d_shape *s = a->s;
    const struct planes *p = &a->planes;
    const int st = s->stride, at = (row + s->pad) / st, below = (row + s->pad) % st;
    const int from = at < p->h ? 0 : at - p->h + 1, all = (s->kh - 1 - below) / st + 1;
    const int end = least(at + 1, all);
    return spread(&(struct spread){
        .planes = s->o, .high = end - from, .wide = s->kw, .cols = p->w, .before = s->pad,
        .count = s->w, .cut = end - from < all, .w = w + 16 * (below + from * st) * s->kw,
        .w_plane = (ptrdiff_t)16 * s->kh * s->kw, .w_row = 16 * st * s->kw,
        .x = dy + (at - from) * p->w, .x_plane = (ptrdiff_t)p->h * p->w, .x_row = p->w,
        .out = sums });
}

/* `rows` rows of some channels. */
static int data_band(const struct deep *a, const struct data_image *of, int c, int row, int rows)
{
    const struct conv2d_shape *s = a->s;
    const int st = s->stride;
    const float *w = a->w + c / 16 * block_size((size_t)s->o * s->kh * s->kw);
    struct band band = { .sums = of->sums, .y = of->dx + ((size_t)c * s->h + row) * s->w,
                         .plane = (size_t)s->h * s->w,
                         .channels = least(16, s->c - c), .places = rows * s->w };
    for (int r = 0; r < rows; r++) {
        float *sums = of->sums + 16 * (size_t)r * s->w;
        const struct phase *f = a->phase + (r + s->pad) % st * st;
        if (!of->planes && !spread_row(a, of->dy, w, row + r, sums))
            return 0;
        for (int q = 0; q < st && of->planes; q++)
            phase_row(a, f + q, of->planes, w, row + r, sums);
        turn_back(&band, r * s->w);
    }
    turn_back(&band, band.places + 15);
    return 1;
}

static int data_bands(const struct deep *a, const struct data_image *of)
{
    const struct conv2d_shape *s = a->s;
    for (int row = 0; row < s->h; row += a->band)
        for (int c = 0; c < s->c; c += 16)
            if (!data_band(a, of, c, row, least(a->band, s->h - row)))
                return 0;
    return 1;
}

static void data_deep_image(const void *context, int n, int thread)
{
    const struct deep *a = context;
    const struct conv2d_shape *s = a->s;
    const struct planes *p = &a->planes;
    float *planes = a->own + thread * a->room;
    struct data_image of = { .dy = a->from + (size_t)n * s->o * p->h * p->w,
                             .dx = a->to + (size_t)n * s->c * s->h * s->w,
                             .sums = planes + planes_size(p) + lines((size_t)s->kw) };
    if (a->spreads && data_bands(a, &of))
        return;
    planes_pack(p, of.dy, planes);
    planes_zero(planes + (size_t)s->o * p->rows * p->cols, (size_t)s->kw - 1);
    of.planes = planes;
    data_bands(a, &of);
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

/* Whether in such a shape a row of inputs is a tile of spread.h: no images abreast are faster. */
static int rows_spread(const struct conv2d_shape *s)
{
    return s->stride == SPREAD && s->kw >= SPREAD_NARROW && s->kw <= SPREAD_WIDE &&
           spread_sums(conv2d_ow(s), s->kw) <= V_ACCUMULATORS;
}

static void data_deep(const struct conv2d_shape *s, const float *w, const float *dy, float *dx,
                      float *work)
{
    struct deep a = data_deep_plan(s);
    const int st = s->stride, kernel = s->kh * s->kw;
    const size_t block = block_size((size_t)s->o * kernel);
    a.from = dy;
    a.to = dx;
    a.spreads = rows_spread(s) && all_finite(w, (size_t)s->o * s->c * kernel);
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

#endif
