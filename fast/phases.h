/* phases.h - the gradient of a convolution's input, backward_data.
 *
 * Input row i meets only the kernel rows p, p + stride, ... with p = (i + pad) mod stride, and column
 * j likewise those from q on. So the inputs fall into stride x stride phases, and each is a sum over
 * taps of its own, of a gradient without gaps.
 */
#ifndef FAST_PHASES_H
#define FAST_PHASES_H

#include "fast/planes.h"
#include "fast/sweep.h"
#include "ref/conv2d.h"

static double multiply_adds(const struct conv2d_shape *s)
{
    return (double)s->n * s->o * conv2d_oh(s) * conv2d_ow(s) * s->c * s->kh * s->kw;
}

/* The first phase has the most of everything. */
struct phase {
    int p, q, i, j, rows, cols; /* i and j: its first row and column */
    int above, before;          /* taps beyond the first in a column and in a row; -1: none */
    int taps;
};

static struct phase phase_of(const struct conv2d_shape *s, int p, int q)
{
    const int st = s->stride;
    const int i = ((p - s->pad) % st + st) % st, j = ((q - s->pad) % st + st) % st;
    const int above = (s->kh - 1 - p + st) / st - 1, before = (s->kw - 1 - q + st) / st - 1;
    return (struct phase){ p, q, i, j, (s->h - i + st - 1) / st, (s->w - j + st - 1) / st,
                           above, before, s->o * (above + 1) * (before + 1) };
}

/* Whether rows of outputs are worth more to a tile than channels are, and than what is computed
 * beyond the ends of rows costs. */
static int by_rows(const struct conv2d_shape *s)
{
    return s->c <= SWEEP_CHANNELS && s->w >= 8 * s->stride;
}

/* The gradient under the flipped kernels of a phase, for `rows` rows of it. */
static struct planes gradient_planes(const struct conv2d_shape *s, const struct phase *f, int rows)
{
    const int sweep = by_rows(s);
    return (struct planes){ .channels = s->o, .h = conv2d_oh(s), .w = conv2d_ow(s),
                            .top = (f->i + s->pad) / s->stride - f->above,
                            .left = (f->j + s->pad) / s->stride - f->before,
                            .step = 1, .shifts = sweep ? 1 : f->before + 1, .phases = 1,
                            .rows = rows + f->above,
                            .cols = sweep ? f->cols + f->before : f->cols };
}

static void phase_taps(const struct conv2d_shape *s, const struct phase *f, int rows, struct place *t)
{
    const struct planes p = gradient_planes(s, f, rows);
    for (int o = 0; o < s->o; o++)
        for (int a = 0; a <= f->above; a++)
            for (int e = 0; e <= f->before; e++)
                *t++ = (struct place){
                    (((f->before - e) * s->o + o) * p.rows + f->above - a) * p.cols,
                    (o * s->c * s->kh + f->p + a * s->stride) * s->kw + f->q + e * s->stride
                };
}

static void phase_weights(const struct conv2d_shape *s, const struct phase *f, const float *w, float *to)
{
    const int st = s->stride;
    for (int o = 0; o < s->o; o++)
        for (int q = f->q; q < s->kw; q += st)
            for (int p = f->p; p < s->kh; p += st)
                for (int c = 0; c < s->c; c++)
                    *to++ = w[((o * s->c + c) * s->kh + p) * s->kw + q];
}

/* How backward_data goes about a shape. */
struct data_plan {
    const struct conv2d_shape *s;
    int rows, strips, cols, taps; /* of a strip, of an image, of the widest phase, of most phases */
    size_t planes, apart;         /* floats: of a strip's planes, and of a phase of its outputs */
    const float *w, *dy;
    float *dx, *own;
    struct place *tap; /* of every phase; or, by rows, its weights as a sweep wants them */
    float *turned;
};

static struct data_plan data_plan(const struct conv2d_shape *s)
{
    const int st = s->stride, high = (s->h + st - 1) / st, cols = (s->w + st - 1) / st;
    const struct phase f = phase_of(s, 0, 0);
    const size_t row = (size_t)s->o * (by_rows(s) ? f.before + cols : (f.before + 1) * cols);
    const int rows = strip_rows(high, row, f.above);
    return (struct data_plan){
        .s = s, .rows = rows, .strips = (high + rows - 1) / rows, .cols = cols, .taps = f.taps,
        .planes = lines(row * (rows + f.above)),
        .apart = st == 1 ? 0 : lines((size_t)s->c * rows * cols),
    };
}

/* Floats that a table of every phase's taps needs. */
static size_t data_table(const struct conv2d_shape *s, int taps)
{
    return lines((by_rows(s) ? s->c : 2) * (size_t)s->stride * s->stride * taps);
}

/* Work: the taps of every phase, and for every thread the planes of a phase and, where the outputs of
 * several lie in one row, a place for each. */
static size_t data_work(const struct conv2d_shape *s)
{
    const struct data_plan a = data_plan(s);
    return data_table(s, a.taps) + thread_count() * (a.planes + s->stride * a.apart);
}

/* `rows` rows of outputs, `w` wide and `stride` rows apart, from the rows of their phases, `row` the first:
 * column j of phase k is j stride + k. */
static void interleave(const float *phase, size_t apart, size_t row, int rows, int stride, int w,
                       float *to)
{
    const size_t pitch = (size_t)stride * w;
    if (stride == 2) {
        for (int k = 0; k < w; k += 32) {
            const float *even = phase + row * ((w + 1) / 2) + k / 2;
            const float *odd = phase + apart + row * (w / 2) + k / 2;
            float *out = to + k;
            for (int i = 0; i < rows; i++, even += (w + 1) / 2, odd += w / 2, out += pitch) {
                const v a = v_load(even), b = v_load(odd);
                v_store_n(out, v_zip_low(a, b), w - k);
                v_store_n(out + 16, v_zip_high(a, b), w - k - 16);
            }
        }
        return;
    }
    for (int k = 0; k < stride; k++, phase += apart) {
        const int cols = (w - k + stride - 1) / stride;
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < cols; j++)
                to[i * pitch + j * stride + k] = phase[(row + i) * cols + j];
    }
}

/* `rows` rows of a phase, from the packed gradient. */
static void sum_phase(const struct data_plan *a, const struct phase *f, const struct planes *grad,
                      const float *planes, int rows, float *out, size_t out_channel)
{
    const struct conv2d_shape *s = a->s;
    const int st = s->stride;
    if (f->taps && by_rows(s))
        sweep(&(struct sweep){ .planes = s->o, .channels = s->c, .rows = rows, .cols = f->cols,
                               .kh = f->above + 1, .kw = f->before + 1, .x = planes,
                               .x_plane = (size_t)grad->rows * grad->cols,
                               .pitch = (size_t)grad->cols,
                               .w = a->turned + (f->p * st + f->q) * (size_t)a->taps * s->c,
                               .out = out, .out_channel = out_channel,
                               .out_row = (size_t)f->cols });
    else
        sum_taps(&(struct product){ .rows = s->c, .cols = rows * f->cols, .depth = f->taps,
                                    .most = MOST_ROWS,
                                    .a = a->w, .a_row = (size_t)s->kh * s->kw, .m = planes,
                                    .table = a->tap + (f->p * st + f->q) * (size_t)a->taps,
                                    .out = out, .out_row = out_channel });
}

/* Rows (i + pad) mod stride = p of a strip. */
static void data_strip(const void *context, int k, int thread)
{
    const struct data_plan *a = context;
    const struct conv2d_shape *s = a->s;
    const int st = s->stride, p = k / a->strips % st, n = k / (a->strips * st);
    const int row = k % a->strips * a->rows;
    const size_t plane = (size_t)s->h * s->w;
    float *planes = a->own + thread * (a->planes + st * a->apart), *apart = planes + a->planes;
    struct phase f = phase_of(s, p, 0);
    const int rows = least(a->rows, f.rows - row);
    float *to = a->dx + n * s->c * plane + (size_t)(f.i + row * st) * s->w;
    for (int q = 0; q < st && rows > 0; q++) {
        f = phase_of(s, p, q);
        struct planes grad = gradient_planes(s, &f, a->rows);
        grad.top += row;
        if (f.cols < 1)
            continue;
        if (f.taps)
            planes_pack(&grad, a->dy + (size_t)n * s->o * grad.h * grad.w, planes);
        sum_phase(a, &f, &grad, planes, rows, st == 1 ? to : apart + f.j * a->apart,
                  st == 1 ? plane : (size_t)rows * f.cols);
    }
    for (int c = 0; st > 1 && c < s->c && rows > 0; c++)
        interleave(apart, a->apart, (size_t)c * rows, rows, st, s->w, to + c * plane);
}

static void data_rows(const struct conv2d_shape *s, const float *w, const float *dy, float *dx,
                      float *work)
{
    struct data_plan a = data_plan(s);
    const int st = s->stride;
    a.w = w;
    a.dy = dy;
    a.dx = dx;
    a.own = first_line(work);
    a.tap = (struct place *)a.own;
    a.turned = a.own;
    a.own += data_table(s, a.taps);
    for (int p = 0; p < st; p++)
        for (int q = 0; q < st; q++) {
            const struct phase f = phase_of(s, p, q);
            if (by_rows(s))
                phase_weights(s, &f, w, a.turned + (p * st + q) * (size_t)a.taps * s->c);
            else
                phase_taps(s, &f, a.rows, a.tap + (p * st + q) * (size_t)a.taps);
        }
    thread_each(s->n * st * a.strips, multiply_adds(s), data_strip, &a);
}

#endif
