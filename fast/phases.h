/* phases.h - the gradient of a convolution's input, backward_data.
 *
 * Input row i meets only the kernel rows p, p + stride, ... with p = (i + pad) mod stride, and
 * column j likewise those from q on. So the inputs fall into stride x stride phases, and each is a
 * sum over taps of its own, of a gradient without gaps.
 */
#ifndef FAST_PHASES_H
#define FAST_PHASES_H

#include "fast/planes.h"
#include "fast/sweep.h"
#include "fast/zeros.h"
#include "ref/conv2d.h"

static double multiply_adds(const struct conv2d_shape *s)
{
    return (double)s->n * s->o * conv2d_oh(s) * conv2d_ow(s) * s->c * s->kh * s->kw;
}

/* The first phase has the most taps. */
struct phase {
    int p, q, i, j, rows, cols; /* i and j: its first row and column */
    int top, left;              /* the gradient's, under the first tap */
    int above, before;          /* taps beyond the first in a column and in a row; -1: none */
    int taps, table; /* table: which of those with taps it is; those without read none */
};

static struct phase phase_of(const struct conv2d_shape *s, int p, int q)
{
    const int st = s->stride, top = (s->pad - p + st - 1) / st, left = (s->pad - q + st - 1) / st;
    const int i = top * st + p - s->pad, j = left * st + q - s->pad;
    const int above = (s->kh - 1 - p + st) / st - 1, before = (s->kw - 1 - q + st) / st - 1;
    return (struct phase){ p, q, i, j, (s->h - i + st - 1) / st, (s->w - j + st - 1) / st,
                           top, left, above, before, s->o * (above + 1) * (before + 1),
                           least(p, s->kh - 1) * least(st, s->kw) + least(q, s->kw - 1) };
}

/* Whether rows of outputs are worth more to a tile than channels are, and than what is computed
 * beyond the ends of rows costs. */
static int by_rows(const struct conv2d_shape *s)
{
    return s->c <= SWEEP_CHANNELS && s->w / 8 >= s->stride;
}

/* The gradient under the flipped kernels of all phases, of `cols` columns each: from the last tap
 * of the first input on to the first tap of the last phase. Its rows are those beyond one for a row
 * of inputs. In a sweep shifts are steps in a plane, and beyond the ends of rows kernels find the
 * zeros before the next one. Without padding these are as many as they reach: then shifts are
 * steps without a sweep as well, and row follows row. */
static struct planes gradient_planes(const struct conv2d_shape *s, int cols, int sweep)
{
    const int st = s->stride, first = s->pad / st, last = (s->pad + st - 1) / st, p = s->pad % st;
    const int top = first + 1 - (s->kh - 1 - p + st) / st;
    const int left = first + 1 - (s->kw - 1 - p + st) / st;
    const int shifts = last - left + 1, ow = conv2d_ow(s);
    const int ends = ow - left > cols + last ? ow - left : cols + last;
    const int wide = least(cols + shifts - 1, ends);
    const int whole = (wide + LINE - 1) / LINE * LINE; /* of rows that begin on lines */
    return (struct planes){ .channels = s->o, .h = conv2d_oh(s), .w = ow,
                            .top = top, .left = left,
                            .step = 1, .shifts = sweep || !s->pad ? 1 : shifts, .phases = 1,
                            .rows = last - top,
                            .cols = !sweep ? cols : 7 * whole <= 8 * wide ? whole : wide };
}

static void phase_taps(const struct planes *p, const struct conv2d_shape *s, const struct phase *f,
                       struct place *t)
{
    const int shift = s->pad ? s->o * p->rows * p->cols : 1;
    for (int o = 0; o < s->o; o++)
        for (int a = 0; a <= f->above; a++)
            for (int e = 0; e <= f->before; e++)
                *t++ = (struct place){
                    (f->left - e - p->left) * shift +
                        (o * p->rows + f->top - a - p->top) * p->cols,
                    (o * s->c * s->kh + f->p + a * s->stride) * s->kw + f->q + e * s->stride
                };
}

static void phase_weights(const struct conv2d_shape *s, const struct phase *f, const float *w,
                          float *to)
{
    const int st = s->stride, channels = s->c, plane = s->kh * s->kw, step = st * s->kw;
    for (int o = 0; o < s->o; o++, w += channels * plane)
        for (int q = f->q; q < s->kw; q += st) {
            const float *from = w + f->p * s->kw + q;
            for (int a = f->above; a >= 0; a--, from += step)
                for (int c = 0; c < channels; c++)
                    *to++ = from[c * plane];
        }
}

/* How backward_data goes about a shape. */
struct data_plan {
    const struct conv2d_shape *s;
    int rows, strips, cols, taps; /* of a strip, of an image, of the widest phase, of most phases */
    struct planes grad;           /* of a strip; zeros behind, which the last row's shifts reach */
    size_t grad_size, apart, room; /* floats: of those, of a phase of outputs, of a thread */
    const float *w, *dy;
    float *dx, *own;
    struct place *tap; /* of every phase; or, by rows, its weights as a sweep wants them */
    float *turned;
    int finite; /* those: zeros beyond the gradient's rows need not meet them */
};

static struct data_plan data_plan(const struct conv2d_shape *s)
{
    const int st = s->stride, high = (s->h + st - 1) / st, cols = (s->w + st - 1) / st;
    struct planes grad = gradient_planes(s, cols, by_rows(s));
    const int rows = strip_rows(high, (size_t)s->o * grad.shifts * grad.cols, grad.rows);
    const size_t apart = st == 1 ? 0 : lines((size_t)s->c * rows * cols);
    grad.rows += rows;
    const size_t grad_size = planes_size(&grad) + lines((size_t)s->kw);
    return (struct data_plan){
        .s = s, .rows = rows, .strips = (high + rows - 1) / rows, .cols = cols,
        .taps = phase_of(s, 0, 0).taps, .grad = grad, .grad_size = grad_size,
        .apart = apart, .room = thread_room(grad_size + st * apart),
    };
}

/* Floats that a table of every phase's taps needs. */
static size_t data_table(const struct conv2d_shape *s, int taps)
{
    const int tables = least(s->stride, s->kh) * least(s->stride, s->kw);
    return lines((by_rows(s) ? s->c : 2) * (size_t)tables * taps);
}

/* Work: the taps of every phase, and for every thread the planes of a strip and, where the outputs
 * of several phases lie in one row, a place for each. */
static size_t data_work(const struct conv2d_shape *s)
{
    const struct data_plan a = data_plan(s);
    return data_table(s, a.taps) + thread_count() * a.room;
}

/* `rows` rows of outputs, `w` wide and `stride` rows apart, from those of their phases, `cols`
 * wide: column j of phase k is j stride + k. */
static void interleave(const float *phase, size_t apart, int cols, int rows, int stride, int w,
                       float *to)
{
    const size_t pitch = (size_t)stride * w;
    if (stride == 2) {
        for (int k = 0; k < w; k += 32) {
            const float *even = phase + k / 2, *odd = even + apart;
            float *out = to + k;
            for (int i = 0; i < rows; i++, even += cols, odd += cols, out += pitch) {
                const v a = v_load(even), b = v_load(odd);
                v_store_n(out, v_zip_low(a, b), w - k);
                v_store_n(out + 16, v_zip_high(a, b), w - k - 16);
            }
        }
        return;
    }
    for (int k = 0; k < stride; k++, phase += apart)
        for (int i = 0; i < rows; i++)
            for (int j = 0; j * stride + k < w; j++)
                to[i * pitch + j * stride + k] = phase[i * cols + j];
}

/* `rows` rows of a phase, from the packed gradient. */
static void sum_phase(const struct data_plan *a, const struct phase *f, const float *planes,
                      int row, int rows, float *out, size_t out_channel)
{
    const struct conv2d_shape *s = a->s;
    const struct planes *p = &a->grad;
    const int k = f->table, above = f->top - f->above, first = above + row;
    if (f->taps && by_rows(s))
        sweep(&(struct sweep){ .planes = s->o, .channels = s->c, .rows = rows, .cols = f->cols,
                               .kh = f->above + 1, .kw = f->before + 1,
                               .from = a->finite ? -first : 0,
                               .end = a->finite ? p->h - first : p->rows,
                               .x = planes + (above - p->top) * p->cols +
                                    f->left - f->before - p->left,
                               .x_plane = (size_t)p->rows * p->cols, .pitch = (size_t)p->cols,
                               .w = a->turned + k * (size_t)a->taps * s->c,
                               .out = out, .out_channel = out_channel,
                               .out_row = (size_t)a->cols });
    else
        sum_taps(&(struct product){ .rows = s->c, .cols = rows * a->cols, .depth = f->taps,
                                    .most = MOST_ROWS,
                                    .a = a->w, .a_row = (size_t)s->kh * s->kw, .m = planes,
                                    .table = a->tap + k * (size_t)a->taps,
                                    .out = out, .out_row = out_channel });
}

/* A strip of all phases. */
static void data_strip(const void *context, int k, int thread)
{
    const struct data_plan *a = context;
    const struct conv2d_shape *s = a->s;
    const int st = s->stride, n = k / a->strips, row = k % a->strips * a->rows;
    const size_t plane = (size_t)s->h * s->w;
    float *planes = a->own + thread * a->room, *apart = planes + a->grad_size;
    struct planes grad = a->grad;
    grad.top += row;
    planes_pack(&grad, a->dy + (size_t)n * s->o * grad.h * grad.w, planes);
    planes_zero(planes + (size_t)s->o * grad.shifts * grad.rows * grad.cols, (size_t)s->kw - 1);
    for (int p = 0; p < st; p++) {
        float *to = NULL;
        int rows = 0;
        for (int q = 0; q < st; q++) {
            const struct phase f = phase_of(s, p, q);
            rows = least(a->rows, f.rows - row);
            if (rows <= 0) /* as in all phases of p */
                break;
            to = a->dx + n * s->c * plane + (size_t)(f.i + row * st) * s->w;
            if (f.cols > 0)
                sum_phase(a, &f, planes, row, rows, st == 1 ? to : apart + f.j * a->apart,
                          st == 1 ? plane : (size_t)rows * a->cols);
        }
        for (int c = 0; st > 1 && rows > 0 && c < s->c; c++)
            interleave(apart + (size_t)c * rows * a->cols, a->apart, a->cols, rows, st, s->w,
                       to + c * plane);
    }
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
    a.finite = by_rows(s) && s->kh >= SWEEP_TALL * st &&
               all_finite(w, (size_t)s->o * s->c * s->kh * s->kw);
    a.own += data_table(s, a.taps);
    for (int p = 0; p < least(st, s->kh); p++)
        for (int q = 0; q < least(st, s->kw); q++) {
            const struct phase f = phase_of(s, p, q);
            if (by_rows(s))
                phase_weights(s, &f, w, a.turned + f.table * (size_t)a.taps * s->c);
            else
                phase_taps(&a.grad, s, &f, a.tap + f.table * (size_t)a.taps);
        }
    thread_each(s->n * a.strips, multiply_adds(s), data_strip, &a);
}

#endif
