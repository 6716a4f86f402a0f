/* dense_sgd.h - backward of a dense layer for one example, and the step of sgd that follows, in one
 * pass.
 *
 * Source     document 001, Dense.backward; 002, SoftMax.backprop; 003, Dense.backward; 004, its
 *            training loop: each of them updates its weights in the same breath.
 *
 * Shapes     row-major:
 *     x, dx       (I)       activations in, and the gradient of the loss with respect to them
 *     w, stepped  (I, O)    weights, and what becomes of them
 *     b, settled  (O)       biases, and what becomes of them
 *     dy          (O)       incoming gradient
 *
 * backward   dx[i] = sum_o dy[o] w[i][o]                with the weights before the step
 *            stepped[i][o] = w[i][o] - lr (x[i] dy[o])
 *            settled[o]    = b[o] - lr dy[o]
 *
 * Needs      I, O >= 1; lr 0 or a normal float; `stepped` may be w itself and `settled` b,
 *            otherwise outputs overlap nothing; any alignment.
 * Fails      never.
 * Special    NaN and infinities go where the formulas take them. fast gives the bits of
 *            dense.backward and sgd.step one after the other, but for a weight or a bias of -0:
 *            there a sum begins with +0, here a product that is -0 stays so, and its sign counts.
 * Error      |fast - ref| <= c(n) u S + u |ref| + n 2^-149: dx has O terms; stepped has 3 and
 *            settled 2, lr and the gradient being rounded too.
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
