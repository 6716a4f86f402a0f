/* No word of vec.h moves a value from lane to lane, and none is needed: once a tensor is larger
 * than the cache, memory decides, and copying element by element keeps up with it if only it goes
 * in blocks. A block reads 16 lines of x and writes 16 lines of y, each one whole. */
#include "ref/transpose.h"
#include "fast/vec.h"

enum { BLOCK = 16 }; /* floats of a cache line */

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* y[col][row] = x[row][col]. A strip of BLOCK columns is finished before the next: where it writes,
 * its next block continues the same lines, even if they lie a power of two apart. */
static void transpose(int rows, int cols, const float *x, float *y)
{
    for (int col = 0; col < cols; col += BLOCK)
        for (int row = 0; row < rows; row += BLOCK) {
            const int row_end = least(rows, row + BLOCK), col_end = least(cols, col + BLOCK);
            for (int c = col; c < col_end; c++)
                for (int r = row; r < row_end; r++)
                    y[(size_t)c * rows + r] = x[(size_t)r * cols + c];
        }
}

static void to_nchw(const struct transpose_shape *s, const float *x, float *y)
{
    const int plane = s->h * s->w;
    for (size_t n = 0; n < (size_t)s->n; n++)
        transpose(plane, s->c, x + n * plane * s->c, y + n * plane * s->c);
}

static void to_nhwc(const struct transpose_shape *s, const float *x, float *y)
{
    const int plane = s->h * s->w;
    for (size_t n = 0; n < (size_t)s->n; n++)
        transpose(s->c, plane, x + n * plane * s->c, y + n * plane * s->c);
}

const struct transpose_float FAST_TABLE(transpose) = { to_nchw, to_nhwc };
