/* kernel.h - what the functions of the documents share: how they read padding and find maxima. */
#ifndef HARNESS_DEFECTS_KERNEL_H
#define HARNESS_DEFECTS_KERNEL_H

#include "harness/defects.h"
#include "ref/bce.h"
#include "ref/conv2d.h"
#include "ref/dense.h"
#include "ref/maxpool.h"
#include "ref/minmax.h"
#include "ref/relu.h"
#include "ref/sigmoid.h"
#include "ref/softmax.h"
#include "ref/transpose.h"

#include <math.h>
#include <stdlib.h>

/* Element (i, j) of an h x w plane, and `around` outside. */
static inline double pixel(const double *plane, int h, int w, int i, int j, double around)
{
    return i < 0 || i >= h || j < 0 || j >= w ? around : plane[(size_t)i * (size_t)w + (size_t)j];
}

static inline void zero(double *x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        x[i] = 0.0;
}

static inline double *scratch(size_t count)
{
    double *p = calloc(count + 1, sizeof *p);
    if (!p)
        abort();
    return p;
}

/* Of the rows x cols at `window` in a plane w wide. */
static inline double largest(const double *window, int rows, int cols, int w)
{
    double best = window[0];
    for (int p = 0; p < rows; p++)
        for (int q = 0; q < cols; q++)
            best = fmax(best, window[p * w + q]);
    return best;
}

/* A convolution and its update. */
struct conv2d_step_shape {
    struct conv2d_shape conv2d;
    double lr;
};

/* D000-03 and D000-05 at once. */
double_kernel d000_filter_is_the_row_of_a_quarter;

/* Document 001's pooling. */
double_kernel d001_nothing_comes_back, d001_mask_of_the_output, d001_mask_broadcast,
    d001_stride_twice, d001_gradient_at_the_pixel, d001_last_window_wins, d001_ties_take_all,
    d001_windows_for_2, d001_declared_size;

#endif
