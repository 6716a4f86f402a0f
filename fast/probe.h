/* probe.h - what the machine can do at most with a set's vectors: the limits that bench measures
 * by.
 *
 * A kernel cannot multiply and add, operate or divide faster than independent chains of nothing
 * else do, nor read its inputs and write its outputs faster than traffic does where the same cache
 * level holds them.
 */
#ifndef FAST_PROBE_H
#define FAST_PROBE_H

#include <stddef.h>

enum { PROBE_ARRAYS = 8 };

struct probe {
    /* `rounds` times `chains` vector multiply-adds, in independent chains; returns their sum. */
    float (*multiply_add)(long rounds);
    /* The same of an operation that every vector unit can do, and of divisions. */
    float (*operate)(long rounds);
    float (*divide)(long rounds);
    int chains;
    /* Reads every array of `in` and writes every one of `out`, arrays side by side as kernels go
     * through them. Both lists, of PROBE_ARRAYS together, are ended by NULL; count[] has the
     * inputs' lengths, then the outputs'. */
    float (*traffic)(const float *const *in, float *const *out, const size_t *count);
};

const struct probe *probe_fast(int isa);

#endif
