#include "ref/transpose.h"

/* The element of channel c, row i and column j in either order of an image. */
static size_t in_nchw(const struct transpose_shape *s, int n, int c, int i, int j)
{
    return (((size_t)n * s->c + c) * s->h + i) * s->w + j;
}

static size_t in_nhwc(const struct transpose_shape *s, int n, int c, int i, int j)
{
    return (((size_t)n * s->h + i) * s->w + j) * s->c + c;
}

static void to_nchw(const struct transpose_shape *s, const double *x, double *y)
{
    for (int n = 0; n < s->n; n++)
        for (int c = 0; c < s->c; c++)
            for (int i = 0; i < s->h; i++)
                for (int j = 0; j < s->w; j++)
                    y[in_nchw(s, n, c, i, j)] = x[in_nhwc(s, n, c, i, j)];
}

static void to_nhwc(const struct transpose_shape *s, const double *x, double *y)
{
    for (int n = 0; n < s->n; n++)
        for (int i = 0; i < s->h; i++)
            for (int j = 0; j < s->w; j++)
                for (int c = 0; c < s->c; c++)
                    y[in_nhwc(s, n, c, i, j)] = x[in_nchw(s, n, c, i, j)];
}

const struct transpose_double transpose_ref = { to_nchw, to_nhwc };
