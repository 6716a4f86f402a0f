/* planes.h - the input of a convolution, packed so that every tap reads it in the order of the
 * outputs.
 *
 * The outputs of a channel are a plane `cols` wide, computed 16 at a time without regard to where a
 * row ends. So a tap must find the inputs under these outputs side by side as well. For every
 * column that a tap can be shifted by (and every row, modulo the stride) there is a plane with the
 * inputs in that order, the zeros of the padding written out; the tap in the next row of the
 * kernel, or a stride of rows further, reads the same plane `cols` floats further on.
 */
#ifndef FAST_PLANES_H
#define FAST_PLANES_H

#include "fast/product.h"

/* Plane (e, g, c), for each of so many shifts, phases and channels, holds in row r and column j
 *
 *     channel c [top + g + r step][left + e + j step]
 *
 * of an input of h x w a channel, 0 where that is outside. */
struct planes {
    int channels, h, w;
    int top, left, step, shifts, phases;
    int rows, cols;
};

enum { LINE = 16, PACK_FLOATS = 1 << 12 }; /* of a cache line, of a part of the nearest cache */

/* What `count` floats need in a workspace, where vectors are stored and loaded whole, up to 15
 * floats behind the end: whole lines, so that what follows begins on one as well. */
static inline size_t lines(size_t count)
{
    return (count + 2 * LINE - 2) / LINE * LINE;
}

/* The first line of a workspace; it costs LINE floats at most. */
static inline float *first_line(float *work)
{
    return work + (LINE - (uintptr_t)work / sizeof(float) % LINE) % LINE;
}

static size_t planes_size(const struct planes *p)
{
    return lines((size_t)p->channels * p->shifts * p->phases * p->rows * p->cols);
}

/* The first k >= 0 for which first + k step >= bound, but `most` if that is less. */
static int planes_first(int first, int step, int bound, int most)
{
    const int k = (bound - first + step - 1) / step;
    return bound <= first ? 0 : k < most ? k : most;
}

static inline void planes_zero(float *to, size_t count)
{
    const v zero = v_hold(v_set1(0.0f)); /* held, or it becomes a call of memset for a few floats */
    for (size_t k = 0; k < count; k += 16)
        v_store(to + k, zero);
}

/* Lanes l of 16 with from <= l < end: at[l step]; 0 in the others, for which nothing is read. */
INLINED v planes_lanes(const float *at, const int step, int from, int end)
{
    if (step == 1)
        return v_load_part(at, from, end);
    if (step == 2)
        return v_even(v_load_part(at, 2 * from, 2 * end - 1),
                      v_load_part(at + 16, 2 * from - 16, 2 * end - 17));
    return vec_gather(at, step, from, end);
}

/* Columns k to k + 16 C of the planes of `channels` channels for shift e and phase g. What the end
 * of a row spoils of the next one is stored after it. `step` and C are constants where this is
 * called. */
INLINED void planes_columns(const struct planes *p, int channels, const float *x, int e, int g,
                            int k, float *to, const int step, const int C)
{
    const int left = p->left + e, top = p->top + g, cols = p->cols;
    const int from = planes_first(left, step, 0, cols) - k;
    const int end = planes_first(left, step, p->w, cols) - k;
    const int above = planes_first(top, step, 0, p->rows);
    const int rows = planes_first(top, step, p->h, p->rows) - above, below = p->rows - above - rows;
    const size_t pitch = (size_t)step * p->w;
    x += (ptrdiff_t)(top + above * step) * p->w + left + (ptrdiff_t)k * step;
    for (int c = 0; c < channels; c++, x += (size_t)p->h * p->w) {
        if (k == 0)
            planes_zero(to, (size_t)above * cols);
        to += above * cols;
        const float *at = x;
        float *out = to + k;
        for (int r = rows; r > 0; r--, at += pitch, out += cols) {
            v_store(out, planes_lanes(at, step, from, end));
            if (C > 1)
                v_store(out + 16, planes_lanes(at + 16 * step, step, from - 16, end - 16));
        }
        to += rows * cols;
        if (k == 0)
            planes_zero(to, (size_t)below * cols);
        to += below * cols;
    }
}

/* Two vectors of all rows at a time, the last ones first. */
INLINED void planes_shift(const struct planes *p, int channels, const float *x, int e, int g,
                          float *to, const int step)
{
    for (int k = (p->cols - 1) / 32 * 32; k >= 0; k -= 32)
        if (p->cols - k > 16)
            planes_columns(p, channels, x, e, g, k, to, step, 2);
        else
            planes_columns(p, channels, x, e, g, k, to, step, 1);
}

static inline int least(int a, int b)
{
    return a < b ? a : b;
}

/* A row of a pair of shifts, `shift` apart. Those of the second begin at `next`: of them the first
 * may spoil nothing. */
INLINED void planes_both(float *out, size_t shift, const float *next, v a, v b)
{
    v_store_n(out, v_even(a, b), next - out < 16 ? (int)(next - out) : 16);
    if (shift)
        v_store(out + shift, v_odd(a, b));
}

/* Of step 2: the planes of a channel for shift e and phase g, at `to`, and from the same loads
 * those for the next shift. */
static void planes_pair(const struct planes *p, const float *x, int e, int g, float *to,
                        size_t shift, const float *next)
{
    const int cols = p->cols, top = p->top + g;
    const int above = planes_first(top, 2, 0, p->rows), below = planes_first(top, 2, p->h, p->rows);
    const v zero = v_set1(0.0f);
    for (int k = (cols - 1) / 16 * 16; k >= 0; k -= 16) {
        const int left = p->left + e + 2 * k, from = -left, end = p->w - left;
        const float *at = x + (ptrdiff_t)(top + 2 * above) * p->w + left;
        float *out = to + k;
        int r = 0;
        for (; r < above; r++, out += cols)
            planes_both(out, shift, next, zero, zero);
        for (; r < below; r++, out += cols, at += 2 * p->w)
            planes_both(out, shift, next, v_load_part(at, from, end),
                        v_load_part(at + 16, from - 16, end - 16));
        for (; r < p->rows; r++, out += cols)
            planes_both(out, shift, next, zero, zero);
    }
}

static void planes_pairs(const struct planes *p, const float *x, float *to)
{
    const size_t image = (size_t)p->h * p->w, plane = (size_t)p->rows * p->cols;
    const size_t shift = plane * p->channels * p->phases;
    for (int e = 0; e < p->shifts; e += 2, to += shift) {
        const float *next = to + shift;
        for (int g = 0; g < p->phases; g++)
            for (int c = 0; c < p->channels; c++, to += plane)
                planes_pair(p, x + c * image, e, g, to, e + 1 < p->shifts ? shift : 0, next);
    }
}

/* Some channels at a time, whose rows are still near when the next column of vectors is stored. */
static void planes_pack(const struct planes *p, const float *x, float *to)
{
    const size_t image = (size_t)p->h * p->w, plane = (size_t)p->rows * p->cols;
    const int some = plane < PACK_FLOATS ? (int)(PACK_FLOATS / plane) : 1;
    if (p->step == 2 && V_ACCUMULATORS >= 12) { /* dearer where vectors are several registers */
        planes_pairs(p, x, to);
        return;
    }
    for (int e = 0; e < p->shifts; e++)
        for (int g = 0; g < p->phases; g++)
            for (int c = 0, size; c < p->channels; c += size) {
                size = least(some, p->channels - c);
                switch (p->step) {
                case 1: planes_shift(p, size, x + c * image, e, g, to, 1); break;
                case 2: planes_shift(p, size, x + c * image, e, g, to, 2); break;
                default: planes_shift(p, size, x + c * image, e, g, to, p->step);
                }
                to += size * plane;
            }
}

/* Planes are made for a strip of so many output rows at a time that they stay in the cache near the
 * core. */
enum { STRIP_FLOATS = 1 << 17, NEAR_FLOATS = 1 << 14 }; /* and those of the nearest one */

/* The rows of a strip of `rows`, when each needs `row` floats and the first `more` rows more. */
static int strip_rows(int rows, size_t row, int more)
{
    const int most = (int)(STRIP_FLOATS / row) - more;
    return most < 1 ? 1 : part_size(rows, 0, most);
}

/* The product that convolutions are sums of: taps over packed planes. What many taps read does not
 * stay in the nearest cache from one tile to the next. */
static void sum_taps(const struct product *p)
{
    const int far = p->depth > NEAR_FLOATS / (4 * LINE);
    for (int row = 0; row < p->rows; row += part_size(p->rows, row, p->most))
        if (far)
            product_block(p, row, FAR_TABLE);
        else
            product_block(p, row, NEAR_TABLE);
}

#endif
