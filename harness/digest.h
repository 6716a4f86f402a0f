/* digest.h - the same bits everywhere: what a function makes of all kinds of numbers, as one hash.
 *
 * A case is a shape of a function (listed, drawn, or grown until threads have work) and a kind of
 * data, made without libm so that it is the same on every machine. Its outputs must be the same
 * bits
 *
 *     at every instruction set,
 *     with 1, 2, ... threads in a kernel,
 *     with every buffer at every offset of 4 bytes in 64, where the case is small; what surrounds
 *     the buffers, and what outputs and the workspace hold before, is different each time, and
 *     what surrounds them must be left alone,
 *     with the batch split in two, where ref gives the same when it is split.
 *
 * The payload of a NaN is left out. The hash, 64-bit FNV-1a over all outputs, then says whether
 * another compiler or another machine gives these bits too.
 */
#ifndef HARNESS_DIGEST_H
#define HARNESS_DIGEST_H

#include "harness/check.h"

struct digest_plan {
    bool use[ISA_COUNT];
    uint64_t seed;
    int threads; /* at most, in a kernel */
};

struct digest {
    uint64_t hash;
    long cases, calls; /* and how often a kernel was called for them */
    long different;    /* cases whose bits were not the same throughout */
    char failure[512]; /* the first of these */
};

void digest_function(const struct digest_plan *plan, const struct check *c,
                     const struct function *f, struct digest *d);

#endif
