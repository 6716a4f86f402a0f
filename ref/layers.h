/* layers.h - the one list of layers, and how a layer is declared.
 *
 * A layer x has a shape, `struct x_shape`, and a macro x_kernels(real) that lists its functions as
 * members of a struct, written once for both precisions. LAYER(x) makes of it
 *
 *     x_ref      the reference: plain loops over double, ref/x.c
 *     x_fast(i)  the same functions over float for instruction set i of fast/isa/isa.h, fast/x.c
 *
 * Every kernel takes its arguments in one order: shape, inputs, parameters, incoming gradient,
 * outputs, workspace. Tensors are bare pointers, row-major, densely packed. A kernel never fails,
 * owns no memory, writes every element of its outputs and nothing else. A kernel that needs scratch
 * has a `workspace` member: how many reals a call of that shape needs, with at most as many threads
 * as there are when it is asked. The caller provides them, with any contents, and may reuse them
 * after the call. No tensor has 2^31 elements or more.
 *
 * Error bounds have the form c(n) u S + u |ref| + n 2^-149, for a sum of n terms, or a result of n
 * roundings, whose absolute values sum to S. u is 2^-24, and c(n) the smaller of n + 2 and
 * 6 sqrt(n). n + 2 is proven for any input; 6 sqrt(n) holds for roundings that are independent:
 * where thousands of terms are equal, their roundings may all go one way. Losses and the sums of
 * softmax stay within it even then: long ones are added by blocks. Both presume that no term, no
 * partial sum and no difference on the way overflows float: what does is infinite, and may become a
 * NaN.
 *
 * A kernel leaves the rounding mode, the exception masks and the flush modes of the floating-point
 * environment as they are. From finite inputs it raises the flags that its results call for:
 * invalid or divide-by-zero only where ref raises one of them, overflow and underflow as its
 * precision has it, inexact at will. An infinity or a NaN in an input, or a signalling NaN in the
 * workspace, may raise invalid in comparisons and in lanes that are thrown away. They change the
 * outputs that depend on them, and no bit of any other.
 */
#ifndef REF_LAYERS_H
#define REF_LAYERS_H

#include <stddef.h>

#define LAYERS(X)                                                                                  \
    X(conv2d) X(maxpool) X(dense) X(dense_sgd) X(relu) X(sigmoid) X(tanh) X(softmax) X(bce)        \
    X(bce_logits) X(xent) X(sgd) X(minmax) X(transpose)

#define LAYER(layer)                                                                               \
    struct layer##_double {                                                                        \
        layer##_kernels(double)                                                                    \
    };                                                                                             \
    struct layer##_float {                                                                         \
        layer##_kernels(float)                                                                     \
    };                                                                                             \
    extern const struct layer##_double layer##_ref;                                                \
    const struct layer##_float *layer##_fast(int isa);

#endif
