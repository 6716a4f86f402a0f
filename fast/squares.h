/* squares.h - the gradient of windows of 2 x 2, each side by side with the next or overlapping it.
 *
 * Of both rows of a window the first maximum is found, then the row that has it; the gradient goes
 * the same way back, first to a row and then to its place, and +0 to the other places. Strips of
 * columns go down through all rows: what a row of windows has in common with the next stays in
 * registers, and so do the masks of the last columns. -0 becomes +0, what it is when added to +0;
 * sums of +0 and others are never -0, so that adding the +0 of other windows changes nothing.
 */
#ifndef FAST_SQUARES_H
#define FAST_SQUARES_H

#include "fast/vec.h"

/* A row of 16 windows: its maxima, and whether they are on the right. */
struct side {
    v best;
    vm right;
};

INLINED struct side side_of(v left, v right)
{
    const vm m = v_above(right, left);
    return (struct side){ v_select(m, right, left), m };
}

/* n windows that begin 2 apart. */
INLINED struct side side_apart(const float *x, int n)
{
    const v a = v_load_n(x, 2 * n), b = v_load_n(x + 16, 2 * n - 16);
    return side_of(v_even(a, b), v_odd(a, b));
}

INLINED struct side side_beside(const float *x, int n)
{
    return side_of(v_load_n(x, n), v_load_n(x + 1, n));
}

/* One row of dx: of each window the gradient in its place. */
INLINED void store_apart(float *dx, struct side s, v grad, int cols)
{
    const v zero = v_set1(0.0f);
    const v left = v_select(s.right, zero, grad), right = v_select(s.right, grad, zero);
    v_store_n(dx, v_zip_low(left, right), cols);
    v_store_n(dx + 16, v_zip_high(left, right), cols - 16);
}

/* A plane h x w of windows 2 apart. */
INLINED void squares_apart(const float *x, const float *dy, float *dx, int h, int w)
{
    const int oh = h / 2, ow = w / 2;
    const v zero = v_set1(0.0f);
    for (int j = 0; 2 * j < w; j += 16) {
        const int n = ow - j, cols = w - 2 * j;
        for (int i = 0; i < oh; i++) {
            const size_t at = 2 * (size_t)i * w + 2 * j;
            const struct side up = side_apart(x + at, n), down = side_apart(x + at + w, n);
            const vm low = v_above(down.best, up.best);
            const v grad = v_add(zero, v_load_n(dy + (size_t)i * ow + j, n));
            store_apart(dx + at, up, v_select(low, zero, grad), cols);
            store_apart(dx + at + w, down, v_select(low, grad, zero), cols);
        }
        if (2 * oh < h)
            store_apart(dx + 2 * (size_t)oh * w + 2 * j, side_of(zero, zero), zero, cols);
    }
}

/* A plane h x w of windows 1 apart. An element's gradients come from the window that begins above
 * it and to the left, above it, to the left, and at it. What 16 windows give to their left is
 * stored as it is, to their right a lane behind. So all strips but the first lack what the windows
 * before them give to their first column, until the strip before, done next, stores it again. */
INLINED void squares_beside(const float *x, const float *dy, float *dx, int h, int w)
{
    const v zero = v_set1(0.0f);
    for (int j = (w - 2) / 15 * 15; j >= 0; j -= 15) {
        const int n = w - 1 - j;
        struct side up = side_beside(x + j, n);
        v sum = zero;
        for (int i = 0; i < h - 1; i++) {
            const struct side down = side_beside(x + (size_t)(i + 1) * w + j, n);
            const vm low = v_above(down.best, up.best);
            const v grad = v_add(zero, v_load_n(dy + (size_t)i * (w - 1) + j, n));
            const v above = v_select(low, zero, grad), below = v_select(low, grad, zero);
            sum = v_add(sum, v_behind(zero, v_select(up.right, above, zero)));
            sum = v_add(sum, v_select(up.right, zero, above));
            v_store_n(dx + (size_t)i * w + j, sum, w - j);
            sum = v_behind(zero, v_select(down.right, below, zero));
            sum = v_add(sum, v_select(down.right, zero, below));
            up = down;
        }
        v_store_n(dx + (size_t)(h - 1) * w + j, sum, w - j);
    }
}

#endif
