/* dense_sgd.h - backward of a dense layer for one example and the sgd step that follows it, in one
 * pass.
 *
 * Source     document 001, Dense.backward; 002, SoftMax.backprop; 003, Dense.backward; 004, its
 *            training loop: each updates its weights right there.
 *
 * Shapes     row-major:
 *     x, dx       (I)       activations in, and the gradient of the loss with respect to them
 *     w, stepped  (I, O)    weights, before and after the step
 *     b, settled  (O)       biases, before and after the step
 *     dy          (O)       incoming gradient
 *
 * backward   dx[i] = sum_o dy[o] w[i][o]                with the weights before the step
 *            stepped[i][o] = w[i][o] - lr (x[i] dy[o])
 *            settled[o]    = b[o] - lr dy[o]
 *
 * Needs      I, O >= 1; lr 0 or a normal float; `stepped` may be w itself and `settled` b,
 *            otherwise outputs overlap nothing; any alignment.
 * Fails      never.
 * Special    NaN and infinities propagate as the formulas say. fast gives the bits of
 *            dense.backward followed by sgd.step, except the sign of a zero where a weight or bias
 *            is -0: dense.backward adds each gradient to +0, here a product of -0 stays -0.
 * Error      |fast - ref| <= c(n) u S + u |ref| + n 2^-149, S the sum of the absolute values of the
 *            terms: n = O for dx; 3 for stepped and 2 for settled, as lr and the product are
 *            rounded too. For |lr| > 4 a product x dy that underflows adds |lr| 2^-150 to that of
 *            stepped.
 */
#ifndef REF_DENSE_SGD_H
#define REF_DENSE_SGD_H

#include "ref/layers.h"

struct dense_sgd_shape {
    int in, out;
    double lr;
};

#define dense_sgd_kernels(real)                                                                    \
    void (*backward)(const struct dense_sgd_shape *s, const real *x, const real *w, const real *b, \
                     const real *dy, real *dx, real *stepped, real *settled);

LAYER(dense_sgd)

#endif
