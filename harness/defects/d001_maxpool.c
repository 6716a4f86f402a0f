/* Document 001's pooling as it is written: class MaxPool, forward and backward, one flaw at a time
 * where they can be told apart. */
#include "harness/defects/kernel.h"

/* What a window of the backward pass does with the mask of its maxima. */
struct manner {
    bool from_output; /* the mask of the pooled output, not of the input */
    bool broadcast;   /* and where the edge left one row or column of it, that for all */
    bool overwrites;  /* '=' where windows overlap and want '+=' */
};

/* Its loops: r and c are the pixels of the input at which windows begin. Returns at once where
 * NumPy would stop. */
static void windows(const struct maxpool_shape *s, struct manner m, const double *x,
                    const double *dy, double *dx)
{
    const int oh = maxpool_oh(s), ow = maxpool_ow(s);
    double *y = scratch((size_t)s->n * s->c * oh * ow);
    maxpool_ref.forward(s, x, y);
    zero(dx, (size_t)s->n * s->c * s->h * s->w);
    const int h = m.from_output ? oh : s->h, w = m.from_output ? ow : s->w;
    for (int k = 0; k < s->n * s->c * oh * ow; k++) {
        const int plane = k / (oh * ow), r = k / ow % oh * s->stride, c = k % ow * s->stride;
        if (r >= h || c >= w)
            break; /* ValueError: the maximum of nothing */
        const double *window = (m.from_output ? y : x) + ((size_t)plane * h + r) * w + c;
        const int rows = r + s->k > h ? h - r : s->k, cols = c + s->k > w ? w - c : s->k;
        const double max = largest(window, rows, cols, w);
        if (m.broadcast && ((rows > 1 && rows < s->k) || (cols > 1 && cols < s->k)))
            break; /* ValueError: only a single row or column is broadcast */
        for (int p = 0; p < (m.broadcast ? s->k : rows); p++)
            for (int q = 0; q < (m.broadcast ? s->k : cols); q++) {
                double *to = dx + ((size_t)plane * s->h + r + p) * s->w + c + q;
                const bool is_max = window[(rows > 1 ? p : 0) * w + (cols > 1 ? q : 0)] == max;
                *to = (m.overwrites ? 0.0 : *to) + (is_max ? dy[k] : 0.0);
            }
    }
    free(y);
}

void d001_nothing_comes_back(const void *shape, double *const *a)
{
    const struct maxpool_shape *s = shape;
    zero(a[2], (size_t)s->n * s->c * s->h * s->w);
}

void d001_mask_of_the_output(const void *shape, double *const *a)
{
    windows(shape, (struct manner){ .from_output = true }, a[0], a[1], a[2]);
}

void d001_mask_broadcast(const void *shape, double *const *a)
{
    windows(shape, (struct manner){ .from_output = true, .broadcast = true }, a[0], a[1], a[2]);
}

void d001_last_window_wins(const void *shape, double *const *a)
{
    windows(shape, (struct manner){ .overwrites = true }, a[0], a[1], a[2]);
}

void d001_ties_take_all(const void *shape, double *const *a)
{
    windows(shape, (struct manner){ false }, a[0], a[1], a[2]);
}

/* Windows of r times the stride, r being a pixel: with a stride of 2 beyond the plane. */
void d001_stride_twice(const void *shape, double *const *a)
{
    const struct maxpool_shape *s = shape;
    zero(a[2], (size_t)s->n * s->c * s->h * s->w);
    for (int m = 0; m < s->n * s->c; m++)
        for (int r = 0; r + 1 < s->h; r += s->stride)
            for (int c = 0; c + 1 < s->w; c += s->stride) {
                const size_t start = ((size_t)m * s->h + r * s->stride) * s->w + c * s->stride;
                const double max = largest(a[0] + start, s->k, s->k, s->w);
                for (int p = 0; p < s->k; p++)
                    for (int q = 0; q < s->k; q++)
                        if (a[0][start + (size_t)(p * s->w + q)] == max)
                            a[2][start + (size_t)(p * s->w + q)] +=
                                a[1][((size_t)m * maxpool_oh(s) + r / s->stride) * maxpool_ow(s) +
                                     c / s->stride];
            }
}

/* The gradient of window (r, c), read at pixel (r, c) of a smaller plane. */
void d001_gradient_at_the_pixel(const void *shape, double *const *a)
{
    const struct maxpool_shape *s = shape;
    const int oh = maxpool_oh(s), ow = maxpool_ow(s);
    zero(a[2], (size_t)s->n * s->c * s->h * s->w);
    for (int m = 0; m < s->n * s->c; m++)
        for (int r = 0; r + 1 < s->h; r += s->stride)
            for (int c = 0; c + 1 < s->w; c += s->stride) {
                const size_t start = ((size_t)m * s->h + r) * s->w + c;
                const double max = largest(a[0] + start, s->k, s->k, s->w);
                for (int p = 0; p < s->k; p++)
                    for (int q = 0; q < s->k; q++)
                        if (a[0][start + (size_t)(p * s->w + q)] == max)
                            a[2][start + (size_t)(p * s->w + q)] +=
                                a[1][((size_t)m * oh + r) * ow + c];
            }
}

/* Windows begin at 0, stride, ... below h - 1, whatever their size. */
void d001_windows_for_2(const void *shape, double *const *a)
{
    const struct maxpool_shape *s = shape;
    const int oh = maxpool_oh(s), ow = maxpool_ow(s);
    zero(a[1], (size_t)s->n * s->c * oh * ow);
    for (int m = 0; m < s->n * s->c; m++)
        for (int r = 0; r < s->h - 1; r += s->stride)
            for (int c = 0; c < s->w - 1; c += s->stride) {
                if (r / s->stride >= oh || c / s->stride >= ow)
                    return; /* IndexError */
                a[1][((size_t)m * oh + r / s->stride) * ow + c / s->stride] =
                    largest(a[0] + ((size_t)m * s->h + r) * s->w + c,
                            r + s->k > s->h ? s->h - r : s->k, c + s->k > s->w ? s->w - c : s->k,
                            s->w);
            }
}

/* The layer was declared two rows and columns smaller than its input: the rest is never looked
 * at. */
void d001_declared_size(const void *shape, double *const *a)
{
    const struct maxpool_shape *s = shape;
    const int oh = maxpool_oh(s), ow = maxpool_ow(s);
    for (int k = 0; k < s->n * s->c * oh * ow; k++) {
        const int r = k / ow % oh * s->stride, c = k % ow * s->stride;
        if (r + s->k <= s->h - 2 && c + s->k <= s->w - 2)
            a[1][k] = largest(a[0] + ((size_t)(k / (oh * ow)) * s->h + r) * s->w + c, s->k, s->k,
                              s->w);
    }
}
