/* images.h - forward: the image under the kernels, packed into planes, and the sums over it. */
#ifndef FAST_IMAGES_H
#define FAST_IMAGES_H

#include "fast/phases.h"

enum { PACK_CYCLES = 3 }; /* of a vector that lies across lines */

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

/* Vectors that are packed. */
static double packed(const struct planes *p)
{
    return (double)p->channels * p->shifts * p->phases * p->rows * ((p->cols + 15) / 16);
}

/* Planes of the image's rows as they are, one for each column modulo the stride: other shifts of a
 * tap are offsets in them. Between two rows of outputs there are then `gap` columns that belong to
 * no output. Taken where computing these, and copying outputs and biases row by row, costs less
 * than packing a plane for every shift: in cycles, of which a multiply-add takes a half. */
static int loosen(const struct conv2d_shape *s, int oh, struct planes *p)
{
    const int ow = p->cols, gap = (s->kw - 1) / s->stride;
    const int more = (oh * (ow + gap) - gap + 15) / 16 - (oh * ow + 15) / 16;
    const int copies = oh * ((ow + 15) / 16) * (s->bias == CONV2D_BIAS_POSITION ? 2 : 1);
    struct planes loose = *p;
    loose.shifts = least(s->stride, s->kw);
    loose.cols += gap;
    if (PACK_CYCLES * (packed(p) - packed(&loose)) <=
        s->o * (0.5 * more * taps_of(s) + PACK_CYCLES * copies))
        return 0;
    *p = loose;
    return gap;
}

/* Where the taps, in the order of the weights, find their inputs in the planes of an image. */
static void image_taps(const struct conv2d_shape *s, const struct planes *p, struct place *t)
{
    const int plane = p->rows * p->cols, phase = p->channels * plane, shift = p->phases * phase;
    for (int i = 0; i < s->kh; i++) {
        const int row = i % s->stride * phase + i / s->stride * p->cols;
        for (int j = 0, e = 0, step = 0; j < s->kw; j++) {
            for (int c = 0, k = i * s->kw + j; c < p->channels; c++, k += s->kh * s->kw)
                t[k] = (struct place){ row + e * shift + step + plane * c, k };
            if (++e == p->shifts) {
                e = 0;
                step++;
            }
        }
    }
}

/* The operands of forward. */
struct call {
    const struct conv2d_shape *s;
    const float *x, *w, *b;
    float *y, *own; /* own: of each thread, planes and outputs, */
    size_t room;    /* so far apart */
    struct place *tap;
    struct planes planes;
    int rows, strips, gap; /* of a strip, and of an image; columns between rows */
};

static struct call forward_call(const struct conv2d_shape *s)
{
    const int oh = conv2d_oh(s);
    struct call a = { .s = s, .planes = image_planes(s, oh) };
    const int more = a.planes.rows - oh;
    a.gap = loosen(s, oh, &a.planes);
    a.planes.rows = 1;
    a.rows = strip_rows(oh, planes_size(&a.planes), more);
    a.strips = (oh + a.rows - 1) / a.rows;
    a.planes.rows = a.rows + more;
    a.room = thread_room(planes_size(&a.planes) +
                         (a.gap ? lines((size_t)s->o * a.rows * a.planes.cols) : 0));
    return a;
}

/* Rows of `w`, that many floats apart and then so many. */
static void copy_rows(const float *from, size_t from_pitch, float *to, size_t to_pitch, int rows,
                      int w)
{
    for (int r = 0; r < rows; r++, from += from_pitch, to += to_pitch)
        for (int k = 0; k < w; k += 16)
            v_store_n(to + k, v_load_n(from + k, w - k), w - k);
}

static void forward_strip(const void *context, int k, int thread)
{
    const struct call *a = context;
    const struct conv2d_shape *s = a->s;
    const int oh = conv2d_oh(s), ow = conv2d_ow(s), taps = taps_of(s);
    const int n = k / a->strips, row = k % a->strips * a->rows, rows = least(a->rows, oh - row);
    struct planes p = a->planes;
    float *planes = a->own + thread * a->room, *loose = planes + planes_size(&p);
    float *y = a->y + ((size_t)n * s->o * oh + row) * ow;
    const size_t loose_plane = (size_t)rows * p.cols, plane = (size_t)oh * ow;
    p.top += row * s->stride;
    planes_pack(&p, a->x + (size_t)n * s->c * s->h * s->w, planes);
    const int position = s->bias == CONV2D_BIAS_POSITION;
    sum_taps(&(struct product){ .rows = s->o, .cols = rows * p.cols - a->gap, .depth = taps,
                                .most = MOST_ROWS,
                                .a = a->w, .a_row = (size_t)taps, .m = planes, .table = a->tap,
                                .start = s->bias == CONV2D_BIAS_NONE ? NULL
                                         : position                  ? a->b + row * p.cols
                                                                     : a->b,
                                .start_row = position ? (size_t)oh * p.cols : 1,
                                .start_of = position ? EACH_COLUMN : EACH_ROW,
                                .out = a->gap ? loose : y,
                                .out_row = a->gap ? loose_plane : plane });
    for (int o = 0; o < s->o && a->gap; o++)
        copy_rows(loose + o * loose_plane, (size_t)p.cols, y + o * plane, (size_t)ow, rows, ow);
}

/* Floats of a bias with columns between its rows. */
static size_t loose_bias(const struct call *a)
{
    const int loose = a->gap && a->s->bias == CONV2D_BIAS_POSITION;
    return loose ? lines((size_t)a->s->o * conv2d_oh(a->s) * a->planes.cols) : 0;
}

/* Work: the taps, the bias with columns between its rows, and what each thread has of its own. */
static void forward_rows(const struct conv2d_shape *s, const float *x, const float *w,
                         const float *b, float *y, float *work)
{
    struct call a = forward_call(s);
    float *bias = first_line(work) + lines(2 * (size_t)taps_of(s));
    a.x = x;
    a.w = w;
    a.b = b;
    a.y = y;
    a.tap = (struct place *)first_line(work);
    a.own = bias + loose_bias(&a);
    image_taps(s, &a.planes, a.tap);
    if (loose_bias(&a)) {
        copy_rows(b, (size_t)conv2d_ow(s), bias, (size_t)a.planes.cols, s->o * conv2d_oh(s),
                  conv2d_ow(s));
        a.b = bias;
    }
    thread_each(s->n * a.strips, multiply_adds(s), forward_strip, &a);
}

static size_t forward_work(const struct conv2d_shape *s)
{
    const struct call a = forward_call(s);
    return lines(2 * (size_t)taps_of(s)) + loose_bias(&a) + thread_count() * a.room;
}

#endif
