/* Blocks of 16 x 16 change lanes and places in registers, so that 16 lines of x are read and 16
 * lines of y written, each one whole. Of few channels, as of an image, 16 pixels are few vectors,
 * and each of those written is picked from all of those read. */
#include "ref/transpose.h"
#include "fast/threads.h"
#include "fast/vec.h"

#include <string.h>

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* y[col][row] = x[row][col], of a block of at most 16 x 16. */
static void block(const float *x, int rows, int cols, size_t x_row, float *y, size_t y_row)
{
    v line[16];
    UNROLL
    for (int k = 0; k < 16; k++)
        line[k] = k < rows ? v_load_n(x + k * x_row, cols) : v_set1(0.0f);
    v_transpose(line);
    UNROLL
    for (int k = 0; k < 16; k++)
        if (k < cols)
            v_store_n(y + k * y_row, line[k], rows);
}

struct call {
    const float *x;
    float *y;
    int rows, cols; /* of x, one image */
};

/* A strip of 16 columns is finished before the next: where it writes, its next block continues the
 * same lines, even if they lie a power of two apart. */
static void turn(const void *context, int n, int thread)
{
    const struct call *a = context;
    const size_t image = (size_t)n * a->rows * a->cols;
    (void)thread;
    for (int col = 0; col < a->cols; col += 16)
        for (int row = 0; row < a->rows; row += 16)
            block(a->x + image + (size_t)row * a->cols + col, least(16, a->rows - row),
                  least(16, a->cols - col), (size_t)a->cols,
                  a->y + image + (size_t)col * a->rows + row, (size_t)a->rows);
}

enum { FEW = 4 };

/* order[k][s] brings to vector k of those written what it has from vector s of those read, and
 * leaves the rest; that of s = 1 brings what it has from vector 0 as well. `apart`: the channels of
 * pixels part, otherwise they come together. */
static void find_order(int channels, int apart, vi order[FEW][FEW])
{
    for (int k = 0; k < channels; k++)
        for (int s = 1; s < channels; s++) {
            float bits[16];
            for (int lane = 0; lane < 16; lane++) {
                const int e = apart ? lane * channels + k : 16 * k + lane;
                const int from = apart ? e / 16 : e % channels, at = apart ? e % 16 : e / channels;
                const int first = s == 1 && from == 0;
                const uint32_t pick = (uint32_t)(from == s ? 16 + at : first ? at : lane);
                memcpy(bits + lane, &pick, sizeof pick);
            }
            order[k][s] = v_bits(v_load(bits));
        }
}

/* One image of C channels, which is known where this is called. */
INLINED void turn_few(const float *x, float *y, int pixels, const int C, const int apart)
{
    vi order[FEW][FEW];
    find_order(C, apart, order);
    for (int i = 0; i < pixels; i += 16) {
        const int n = least(16, pixels - i);
        v from[FEW];
        UNROLL
        for (int s = 0; s < C; s++)
            from[s] = apart ? v_load_n(x + (size_t)i * C + 16 * s, n * C - 16 * s)
                            : v_load_n(x + (size_t)s * pixels + i, n);
        UNROLL
        for (int k = 0; k < C; k++) {
            v to = from[0];
            UNROLL
            for (int s = 1; s < C; s++)
                to = v_pick(to, from[s], order[k][s]);
            if (apart)
                v_store_n(y + (size_t)k * pixels + i, to, n);
            else
                v_store_n(y + (size_t)i * C + 16 * k, to, n * C - 16 * k);
        }
    }
}

INLINED void turn_image(const struct call *a, int n, int channels, int pixels, const int apart)
{
    const size_t image = (size_t)n * channels * pixels;
    switch (channels) {
    case 1: turn_few(a->x + image, a->y + image, pixels, 1, apart); break;
    case 2: turn_few(a->x + image, a->y + image, pixels, 2, apart); break;
    case 3: turn_few(a->x + image, a->y + image, pixels, 3, apart); break;
    case 4: turn_few(a->x + image, a->y + image, pixels, 4, apart); break;
    }
}

static void turn_pixels(const void *context, int n, int thread)
{
    const struct call *a = context;
    (void)thread;
    turn_image(a, n, a->cols, a->rows, 1);
}

static void turn_planes(const void *context, int n, int thread)
{
    const struct call *a = context;
    (void)thread;
    turn_image(a, n, a->rows, a->cols, 0);
}

static void to_nchw(const struct transpose_shape *s, const float *x, float *y)
{
    const struct call a = { x, y, s->h * s->w, s->c };
    thread_each(s->n, (double)s->n * s->h * s->w * s->c, s->c > FEW ? turn : turn_pixels, &a);
}

static void to_nhwc(const struct transpose_shape *s, const float *x, float *y)
{
    const struct call a = { x, y, s->c, s->h * s->w };
    thread_each(s->n, (double)s->n * s->h * s->w * s->c, s->c > FEW ? turn : turn_planes, &a);
}

const struct transpose_float FAST_TABLE(transpose) = { to_nchw, to_nhwc };
