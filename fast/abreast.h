/* abreast.h - forward and backward_data of 16 images abreast, one in each lane.
 *
 * 16 images of a batch, and their outputs, are transposed, so that a vector holds one element of
 * all 16. No lane is then left over at the end of a row, the columns under any stride are whole
 * vectors, and one copy of the image, with its padding, serves all taps.
 */
#ifndef FAST_ABREAST_H
#define FAST_ABREAST_H

#include "fast/phases.h"

enum { ABREAST_FLOATS = 1 << 18 };

/* Where the elements of 16 tensors of channels x h x w lie: (i, j) in row top + i and column left +
 * j of a channel. Columns that are equal modulo the stride lie together, `cols` vectors for each
 * remainder. */
struct abreast {
    int channels, h, w, top, left, stride, rows, cols;
};

static struct abreast image_abreast(const struct conv2d_shape *s)
{
    const int st = s->stride;
    return (struct abreast){ s->c, s->h, s->w, s->pad, s->pad, st, s->h + 2 * s->pad,
                             (s->w + 2 * s->pad + st - 1) / st };
}

/* With the margins that the gradient has under flipped kernels. */
static struct abreast output_abreast(const struct conv2d_shape *s)
{
    const int st = s->stride, oh = conv2d_oh(s), ow = conv2d_ow(s);
    const int high = (s->h + s->pad + st - 1) / st, wide = (s->w + s->pad + st - 1) / st;
    const int top = (s->kh - 1) / st, left = (s->kw - 1) / st;
    return (struct abreast){ s->o, oh, ow, top, left, 1, top + (oh > high ? oh : high),
                             left + (ow > wide ? ow : wide) };
}

/* Where a row and column of a channel lie, in floats. */
static int abreast_at(const struct abreast *p, int channel, int row, int col)
{
    return 16 * (((channel * p->rows + row) * p->stride + col % p->stride) * p->cols +
                 col / p->stride);
}

static size_t abreast_count(const struct abreast *p)
{
    return (size_t)p->channels * p->h * p->w;
}

/* Behind the channels there is a vector for what is no element of a tensor. */
static size_t abreast_size(const struct abreast *p)
{
    return 16 * ((size_t)p->channels * p->rows * p->stride * p->cols + 1);
}

/* at[k]: the place of element k of a tensor; of 16 beyond the last one as well. */
static void abreast_places(const struct abreast *p, int32_t *at)
{
    const int plane = p->h * p->w, row = abreast_at(p, 0, 1, 0), channel = abreast_at(p, 1, 0, 0);
    for (int j = 0; j < p->w; j++)
        at[j] = abreast_at(p, 0, p->top, p->left + j);
    for (int i = 1; i < p->h; i++)
        for (int j = 0; j < p->w; j++)
            at[i * p->w + j] = at[j] + i * row;
    for (int c = 1; c < p->channels; c++)
        for (int k = 0; k < plane; k++)
            at[c * plane + k] = at[k] + c * channel;
    for (int k = 0; k < 16; k++)
        at[p->channels * plane + k] = p->channels * channel;
}

static void abreast_pack(const struct abreast *p, const int32_t *at, const float *x, float *to)
{
    const size_t count = abreast_count(p);
    for (size_t f = 0; f < count; f += 16, x += 16, at += 16) {
        v t[16];
        const int n = count - f < 16 ? (int)(count - f) : 16;
        UNROLL
        for (int k = 0; k < 16; k++)
            t[k] = v_load_n(x + k * count, n);
        v_transpose(t);
        UNROLL
        for (int k = 0; k < 16; k++)
            v_store(to + at[k], t[k]);
    }
}

static void abreast_unpack(const struct abreast *p, const int32_t *at, const float *from, float *x)
{
    const size_t count = abreast_count(p);
    for (size_t f = 0; f < count; f += 16, x += 16, at += 16) {
        v t[16];
        const int n = count - f < 16 ? (int)(count - f) : 16;
        UNROLL
        for (int k = 0; k < 16; k++)
            t[k] = v_load(from + at[k]);
        v_transpose(t);
        UNROLL
        for (int k = 0; k < 16; k++)
            v_store_n(x + k * count, t[k], n);
    }
}

struct abreast_call {
    const struct conv2d_shape *s;
    const float *from, *w, *b;
    float *to, *own; /* own: of each thread, the images and the outputs, */
    size_t room;     /* so far apart */
    struct abreast image, output;
    int32_t *image_at, *output_at;
    struct place *tap;
    int taps; /* of most phases */
};

static int most_taps(const struct conv2d_shape *s)
{
    const int tables = least(s->stride, s->kh) * least(s->stride, s->kw);
    const int back = tables * phase_of(s, 0, 0).taps, taps = s->c * s->kh * s->kw;
    return back > taps ? back : taps;
}

static size_t abreast_work(const struct conv2d_shape *s)
{
    const struct abreast image = image_abreast(s), output = output_abreast(s);
    return lines(2 * (size_t)most_taps(s)) + lines(abreast_count(&image)) +
           lines(abreast_count(&output)) +
           thread_count() * thread_room(abreast_size(&image) + abreast_size(&output));
}

static struct abreast_call abreast_call(const struct conv2d_shape *s, float *work)
{
    struct abreast_call a = { .s = s, .image = image_abreast(s), .output = output_abreast(s),
                              .tap = (struct place *)first_line(work),
                              .taps = phase_of(s, 0, 0).taps };
    a.image_at = (int32_t *)a.tap + lines(2 * (size_t)most_taps(s));
    a.output_at = a.image_at + lines(abreast_count(&a.image));
    a.own = (float *)a.output_at + lines(abreast_count(&a.output));
    a.room = thread_room(abreast_size(&a.image) + abreast_size(&a.output));
    abreast_places(&a.image, a.image_at);
    abreast_places(&a.output, a.output_at);
    return a;
}

static void forward_16(const void *context, int k, int thread)
{
    const struct abreast_call *a = context;
    const struct conv2d_shape *s = a->s;
    const struct abreast *in = &a->image, *out = &a->output;
    const int taps = s->c * s->kh * s->kw, position = s->bias == CONV2D_BIAS_POSITION;
    float *image = a->own + thread * a->room;
    float *output = image + abreast_size(in);
    if (s->pad)
        planes_zero(image, abreast_size(in));
    abreast_pack(in, a->image_at, a->from + 16 * k * abreast_count(in), image);
    for (int i = 0; i < out->h; i++)
        sum_taps(&(struct product){
            .rows = s->o, .cols = 16 * out->w, .depth = taps, .most = MOST_ROWS,
            .a = a->w, .a_row = (size_t)taps, .m = image + abreast_at(in, 0, i * s->stride, 0),
            .table = a->tap,
            .start = s->bias == CONV2D_BIAS_NONE ? NULL : a->b + position * i * out->w,
            .start_row = position ? (size_t)out->h * out->w : 1,
            .start_of = position ? EACH_VECTOR : EACH_ROW,
            .out = output + abreast_at(out, 0, out->top + i, out->left),
            .out_row = (size_t)abreast_at(out, 1, 0, 0) });
    abreast_unpack(out, a->output_at, output, a->to + 16 * k * abreast_count(out));
}

static void forward_abreast(const struct conv2d_shape *s, int groups, const float *x,
                            const float *w, const float *b, float *y, float *work)
{
    struct abreast_call a = abreast_call(s, work);
    a.from = x;
    a.w = w;
    a.b = b;
    a.to = y;
    struct place *t = a.tap;
    for (int c = 0, k = 0; c < s->c; c++)
        for (int i = 0; i < s->kh; i++)
            for (int j = 0; j < s->kw; j++, k++)
                *t++ = (struct place){ abreast_at(&a.image, c, i, j), k };
    thread_each(groups, multiply_adds(s), forward_16, &a);
}

static void data_16(const void *context, int k, int thread)
{
    const struct abreast_call *a = context;
    const struct conv2d_shape *s = a->s;
    const struct abreast *in = &a->output, *out = &a->image;
    const int st = s->stride;
    float *image = a->own + thread * a->room;
    float *output = image + abreast_size(out);
    planes_zero(output, abreast_size(in));
    abreast_pack(in, a->output_at, a->from + 16 * k * abreast_count(in), output);
    for (int p = 0; p < st; p++)
        for (int q = 0; q < st; q++) {
            const struct phase f = phase_of(s, p, q);
            if (f.rows <= 0) /* as in all phases of p */
                break;
            for (int i = f.i + s->pad; i < s->h + s->pad; i += st)
                sum_taps(&(struct product){
                    .rows = s->c, .cols = 16 * f.cols, .depth = f.taps, .most = MOST_ROWS,
                    .a = a->w, .a_row = (size_t)s->kh * s->kw,
                    .m = output + abreast_at(in, 0, i / st, (f.j + s->pad) / st),
                    .table = a->tap + f.table * (size_t)a->taps,
                    .out = image + abreast_at(out, 0, i, f.j + s->pad),
                    .out_row = (size_t)abreast_at(out, 1, 0, 0) });
        }
    abreast_unpack(out, a->image_at, image, a->to + 16 * k * abreast_count(out));
}

static void data_abreast(const struct conv2d_shape *s, int groups, const float *w, const float *dy,
                         float *dx, float *work)
{
    struct abreast_call a = abreast_call(s, work);
    a.from = dy;
    a.w = w;
    a.to = dx;
    const int st = s->stride;
    for (int p = 0; p < least(st, s->kh); p++)
        for (int q = 0; q < least(st, s->kw); q++) {
            struct place *t = a.tap + phase_of(s, p, q).table * (size_t)a.taps;
            for (int o = 0; o < s->o; o++)
                for (int i = p; i < s->kh; i += st)
                    for (int j = q; j < s->kw; j += st)
                        *t++ = (struct place){ abreast_at(&a.output, o, a.output.top - i / st,
                                                          a.output.left - j / st),
                                               (o * s->c * s->kh + i) * s->kw + j };
        }
    thread_each(groups, multiply_adds(s), data_16, &a);
}

/* Whether it is worth the transposition. Few channels or small kernels do not pay for it; nor do
 * images that are too large for the second-level cache; nor, where a vector is several registers,
 * a stride of 1, under which rows are read in order anyway. */
static int goes_abreast(const struct conv2d_shape *s)
{
    const struct abreast image = image_abreast(s), output = output_abreast(s);
    return (s->stride > 1 || V_ACCUMULATORS >= 12) && s->n >= 16 && s->c >= 4 && s->o >= 4 &&
           s->kh * s->kw > 4 &&
           abreast_size(&image) + abreast_size(&output) <= ABREAST_FLOATS;
}

/* The number of groups of 16; 0 if some thread would have none. */
static int groups_abreast(const struct conv2d_shape *s)
{
    return goes_abreast(s) && s->n / 16 >= thread_count() ? s->n / 16 : 0;
}

#endif
