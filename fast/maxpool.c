/* 16 neighbouring windows at a time; dx takes its gradients in the order of the windows, from
 * +0. */
#include "ref/maxpool.h"
#include "fast/squares.h"
#include "fast/threads.h"

/* The maxima of n windows that start at x, x + stride, ..., in one of their rows. */
INLINED v row_max(const float *x, int k, int stride, int n)
{
    v best = v_load_stride(x, stride, n);
    if (stride == 2) { /* reads for two columns what it must read for one */
        for (int q = 0; q < k; q += 2) {
            const int count = 2 * n - (q + 1 == k);
            const v a = v_load_n(x + q, count), b = v_load_n(x + q + 16, count - 16);
            best = q ? v_top(best, v_even(a, b)) : v_even(a, b);
            best = q + 1 < k ? v_top(best, v_odd(a, b)) : best;
        }
        return best;
    }
    for (int q = 1; q < k; q++)
        best = v_top(best, v_load_stride(x + q, stride, n));
    return best;
}

/* The place of each of them in its window, counted from the window's first element along rows w
 * long. */
INLINED v window_place(const float *x, int w, int k, int stride, int n)
{
    v best = v_load_stride(x, stride, n), place = v_set1(0.0f);
    for (int p = 0; p < k; p++)
        for (int q = p ? 0 : 1; q < k; q++) {
            const v a = v_load_stride(x + (size_t)p * w + q, stride, n);
            const vm more = v_above(a, best);
            best = v_select(more, a, best);
            place = v_select(more, v_set1((float)(p * w + q)), place);
        }
    return place;
}

struct call {
    const struct maxpool_shape *s;
    const float *x, *dy;
    float *y, *dx;
};

/* Strips of 16 windows go down through all rows. The last row of a window may be the first one of
 * the next. */
INLINED void forward_plane(const struct call *a, int m, int k, int stride)
{
    const struct maxpool_shape s = *a->s;
    const int oh = maxpool_oh(&s), ow = maxpool_ow(&s);
    for (int j = 0; j < ow; j += 16) {
        const float *x = a->x + (size_t)m * s.h * s.w + (size_t)j * stride;
        float *y = a->y + (size_t)m * oh * ow + j;
        v row = row_max(x, k, stride, ow - j);
        for (int i = 0; i < oh; i++, x += (size_t)stride * s.w, y += ow) {
            v best = k == stride + 1 ? row : row_max(x, k, stride, ow - j);
            for (int p = 1; p < k; p++) {
                row = row_max(x + (size_t)p * s.w, k, stride, ow - j);
                best = v_top(best, row);
            }
            v_store_n(y, best, ow - j);
        }
    }
}

/* Gradients of any windows, one by one in the order of the windows. */
static void scatter_plane(const struct call *a, int m)
{
    const struct maxpool_shape *s = a->s;
    const int oh = maxpool_oh(s), ow = maxpool_ow(s), plane = s->h * s->w;
    const float *x = a->x + (size_t)m * plane, *dy = a->dy + (size_t)m * oh * ow;
    float *dx = a->dx + (size_t)m * plane, place[16];
    for (int f = 0; f < plane; f += 16)
        v_store_n(dx + f, v_set1(0.0f), plane - f);
    for (int i = 0; i < oh; i++)
        for (int j = 0; j < ow; j += 16) {
            const size_t start = (size_t)i * s->stride * s->w + (size_t)j * s->stride;
            const int n = ow - j < 16 ? ow - j : 16;
            v_store(place, window_place(x + start, s->w, s->k, s->stride, n));
            for (int l = 0; l < n; l++)
                dx[start + (size_t)l * s->stride + (size_t)place[l]] += *dy++;
        }
}

/* Small windows 1 or 2 apart that overlap: a block of dx is gathered from those that reach into it.
 * Their places and gradients are laid out as wide as dx, each where its window begins; where none
 * does the gradient is 0, and adding that changes nothing. */
enum { ROWS = 16, COLS = 64, MARGIN = 32, MOST = 8, WIDTH = MARGIN + COLS };

struct block {
    int y, x, cols;          /* in dx; y is a multiple of ROWS, x of COLS */
    float (*place)[WIDTH];   /* the first row is of the windows at y - MOST */
    float (*grad)[WIDTH];
};

/* One row of windows. */
INLINED void place_row(struct block b, const float *x, const float *dy, float *place, float *grad,
                       int w, int ow, int k, int stride)
{
    const v zero = v_set1(0.0f);
    for (int e = MARGIN - 16 * stride; e < MARGIN + b.cols; e += 16 * stride) {
        const int at = b.x - MARGIN + e, n = at < 0 ? 0 : ow - at / stride;
        v from = zero, slope = zero;
        if (n > 0) {
            from = window_place(x + at, w, k, stride, n);
            slope = v_load_n(dy + at / stride, n);
        }
        v_store(place + e, stride == 1 ? from : v_zip_low(from, zero));
        v_store(grad + e, stride == 1 ? slope : v_zip_low(slope, zero));
        if (stride == 2) {
            v_store(place + e + 16, v_zip_high(from, zero));
            v_store(grad + e + 16, v_zip_high(slope, zero));
        }
    }
}

/* Row y of the block: windows further down and to the right come later, and have it at lesser p and
 * q. */
INLINED void gather_row(struct block b, int y, float *dx, int w, int k, int stride)
{
    const int least = y % stride, most = least + (k - 1 - least) / stride * stride;
    const v zero = v_set1(0.0f);
    for (int c = 0; c < b.cols; c += 16) {
        v sum = zero;
        for (int p = most; p >= least; p -= stride) {
            const int row = (y - b.y + MOST - p) / stride;
            for (int q = k - 1; q >= 0; q--) {
                const v here = v_set1((float)(p * w + q));
                const v place = v_load(b.place[row] + MARGIN + c - q);
                const v slope = v_load(b.grad[row] + MARGIN + c - q);
                sum = v_add(sum, v_select(v_eq(place, here), slope, zero));
            }
        }
        v_store_n(dx + c, sum, b.cols - c);
    }
}

INLINED void gather_plane(const struct call *a, int m, int k, int stride)
{
    const struct maxpool_shape s = *a->s;
    const int oh = maxpool_oh(&s), ow = maxpool_ow(&s);
    const float *x = a->x + (size_t)m * s.h * s.w, *dy = a->dy + (size_t)m * oh * ow;
    float *dx = a->dx + (size_t)m * s.h * s.w;
    _Alignas(64) float place[ROWS + MOST][WIDTH], grad[ROWS + MOST][WIDTH];
    struct block b = { .place = place, .grad = grad };
    for (b.x = 0; b.x < s.w; b.x += COLS)
        for (b.y = 0; b.y < s.h; b.y += ROWS) {
            const int rows = s.h - b.y < ROWS ? s.h - b.y : ROWS;
            b.cols = s.w - b.x < COLS ? s.w - b.x : COLS;
            for (int r = (MOST - k + stride) / stride; r <= (MOST + rows - 1) / stride; r++) {
                const int i = r + (b.y - MOST) / stride, ends = i < 0 || i >= oh ? 0 : ow;
                place_row(b, x + (ptrdiff_t)i * stride * s.w, dy + (ptrdiff_t)i * ow, place[r],
                          grad[r], s.w, ends, k, stride);
            }
            for (int y = b.y; y < b.y + rows; y++)
                gather_row(b, y, dx + (size_t)y * s.w + b.x, s.w, k, stride);
        }
}

static void forward_beside(const void *context, int m, int thread)
{
    (void)thread;
    forward_plane(context, m, 2, 1);
}

static void forward_apart(const void *context, int m, int thread)
{
    (void)thread;
    forward_plane(context, m, 2, 2);
}

static void forward_over(const void *context, int m, int thread)
{
    (void)thread;
    forward_plane(context, m, 3, 2);
}

static void forward_any(const void *context, int m, int thread)
{
    const struct call *a = context;
    (void)thread;
    forward_plane(a, m, a->s->k, a->s->stride);
}

static void backward_beside(const void *context, int m, int thread)
{
    const struct call *a = context;
    const int h = a->s->h, w = a->s->w;
    const size_t in = (size_t)m * h * w;
    (void)thread;
    squares_beside(a->x + in, a->dy + (size_t)m * (h - 1) * (w - 1), a->dx + in, h, w);
}

static void backward_apart(const void *context, int m, int thread)
{
    const struct call *a = context;
    const int h = a->s->h, w = a->s->w;
    const size_t in = (size_t)m * h * w;
    (void)thread;
    squares_apart(a->x + in, a->dy + (size_t)m * (h / 2) * (w / 2), a->dx + in, h, w);
}

static void backward_any(const void *context, int m, int thread)
{
    const struct call *a = context;
    const int k = a->s->k, stride = a->s->stride;
    (void)thread;
    if (k > MOST || stride > 2)
        scatter_plane(a, m);
    else if (stride == 2)
        k == 3 ? gather_plane(a, m, 3, 2) : gather_plane(a, m, k, 2);
    else
        gather_plane(a, m, k, 1);
}

static double work(const struct maxpool_shape *s)
{
    return (double)s->n * s->c * maxpool_oh(s) * maxpool_ow(s) * s->k * s->k;
}

typedef void plane_function(const void *context, int m, int thread);

/* What has a body of its own, so that it has the registers to itself. */
static plane_function *forward_of(int k, int stride)
{
    if (k == 2 && stride <= 2)
        return stride == 1 ? forward_beside : forward_apart;
    return k == 3 && stride == 2 ? forward_over : forward_any;
}

static void forward(const struct maxpool_shape *s, const float *x, float *y)
{
    thread_each(s->n * s->c, work(s), forward_of(s->k, s->stride),
                &(struct call){ .s = s, .x = x, .y = y });
}

static void backward(const struct maxpool_shape *s, const float *x, const float *dy, float *dx)
{
    const int own = s->k == 2 && s->stride <= 2;
    thread_each(s->n * s->c, work(s),
                !own ? backward_any : s->stride == 1 ? backward_beside : backward_apart,
                &(struct call){ .s = s, .x = x, .dy = dy, .dx = dx });
}

const struct maxpool_float FAST_TABLE(maxpool) = { forward, backward };
