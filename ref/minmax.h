/* minmax.h - a whole tensor, scaled and shifted so that it runs from -1 to 1.
 *
 * Source     document 000, "Normalization", cells 14 and 17. Its gradient (cells 22 and 28) takes
 *            minimum and maximum as constants; this one does not.
 *
 * Shapes     x, dx, y, dy  (len)     a batch is one tensor: all its elements together
 *            range         (2)       minimum and maximum, in this order
 *
 * forward    y[i] = 2 (x[i] - min) / R - 1,  min = min_k x[k],  max = max_k x[k],  R = max - min
 * backward   dx[i] = (2 / R) (dy[i] - [i = a] sum_k dy[k] (max - x[k]) / R
 *                                   - [i = b] sum_k dy[k] (x[k] - min) / R)
 *            where x[a] is the minimum and x[b] the maximum, on which every y depends
 * statistics range = (min, max)
 * apply      y[i] = 2 (x[i] - range[0]) / (range[1] - range[0]) - 1
 *
 *            forward is statistics, then apply. A prediction that shall not depend on the rest of
 *            its batch applies the range kept from training; where x lies beyond that range, y lies
 *            beyond [-1, 1]: nothing is clipped.
 *
 * Needs      1 <= len <= 2^28; max - min does not overflow; outputs overlap nothing; any alignment.
 * Fails      never.
 * Special    Of equal minima the first is a, of equal maxima the first is b; -0 equals +0. The
 *            minimum gives exactly -1, the maximum exactly 1.
 *            If all elements are equal, or there is but one, R is 0: y is 0 / 0, NaN, as in the
 *            document, and dx is NaN or infinite. No eps hides that nothing was left to scale.
 *            A NaN is both minimum and maximum: one in x makes all of y, dx and range NaN.
 *            +inf makes finite elements -1 and itself NaN; -inf makes everything NaN.
 * Error      statistics: none. Else |fast - ref| <= c(n) u S + u |ref| + n 2^-149. forward, apply:
 *            n = 2 terms, S = 2 |x[i] - min| / |R| + 1. backward: n = 6 roundings, S = (2 / R)
 *            |dy[i]|, to which a and b add sqrt(len) times the absolute terms of their sum.
 */
#ifndef REF_MINMAX_H
#define REF_MINMAX_H

#include "ref/layers.h"

struct minmax_shape {
    int len;
};

#define minmax_kernels(real)                                                                       \
    void (*forward)(const struct minmax_shape *s, const real *x, real *y);                         \
    void (*backward)(const struct minmax_shape *s, const real *x, const real *dy, real *dx);       \
    void (*statistics)(const struct minmax_shape *s, const real *x, real *range);                  \
    void (*apply)(const struct minmax_shape *s, const real *x, const real *range, real *y);

LAYER(minmax)

#endif
