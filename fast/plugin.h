/* plugin.h - kernels of one's own, in a shared object that the harness loads beside the sets.
 *
 * One C file includes the contracts of the layers that it has functions for, and ends in a line for
 * each:
 *
 *     #include "fast/plugin.h"
 *     #include "ref/relu.h"
 *     static void forward(const struct relu_shape *s, const float *x, float *y) { ... }
 *     PLUGIN(relu, .forward = forward);
 *
 * It is compiled as `cc -O2 -shared -fPIC -I DIR`, DIR being where fast/ and ref/ are. Functions
 * that are left out are not tested. A kernel keeps its layer's contract and the rules of
 * ref/layers.h; it may use any intrinsics and add in any order, but always the same one: a call
 * gives the bits of every other call on the same numbers, wherever its buffers lie, whatever is in
 * its workspace, with any number of threads and, where ref does, for a batch in two parts.
 *
 * What it was built for goes with the table, so that another version of the contract is refused.
 */
#ifndef FAST_PLUGIN_H
#define FAST_PLUGIN_H

#include <stddef.h>

struct plugin {
    size_t shape_size;
    const char *kernels; /* the members of the table, as text */
    const void *table;   /* a struct x_float */
};

#define PLUGIN(layer, ...)                                                                         \
    static const struct layer##_float layer##_table = { __VA_ARGS__ };                             \
    const struct plugin layer##_plugin = { sizeof(struct layer##_shape), KERNELS_TEXT(layer),      \
                                           &layer##_table }

#define KERNELS_TEXT(layer) EXPANDED_TEXT(layer##_kernels(float))
#define EXPANDED_TEXT(...) TEXT(__VA_ARGS__)
#define TEXT(...) #__VA_ARGS__

#endif
