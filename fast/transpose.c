/* Blocks of 16 x 16 change lanes and places in registers, so that 16 lines of x are read and 16
 * lines of y written, each one whole. */
#include "ref/transpose.h"
#include "fast/threads.h"
#include "fast/vec.h"

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

static void to_nchw(const struct transpose_shape *s, const float *x, float *y)
{
    const struct call a = { x, y, s->h * s->w, s->c };
    thread_each(s->n, (double)s->n * s->h * s->w * s->c, turn, &a);
}

static void to_nhwc(const struct transpose_shape *s, const float *x, float *y)
{
    const struct call a = { x, y, s->c, s->h * s->w };
    thread_each(s->n, (double)s->n * s->h * s->w * s->c, turn, &a);
}

const struct transpose_float FAST_TABLE(transpose) = { to_nchw, to_nhwc };
