/* bench.h - how long a kernel takes, and what part of the machine's limit that is.
 *
 * A kernel, and the probes that bound it (its multiply-adds, its vector operations, its divisions,
 * each alone and independent; its operands read and written once, in whatever cache holds them),
 * run in turns in short bursts. A machine that slows down slows all of them, so what is reported
 * are medians of times, and of ratios within one turn: 41 of them, or fewer, 5 at least, of a call
 * that takes long.
 */
#ifndef HARNESS_BENCH_H
#define HARNESS_BENCH_H

#include "harness/check.h"

enum limit { LIMIT_COMPUTE, LIMIT_OPERATIONS, LIMIT_DIVISION, LIMIT_MEMORY, LIMITS };
extern const char *const limit_name[];

struct timing {
    const struct check *check;
    const struct function *function;
    char shape[SHAPE_TEXT];
    enum isa isa;
    double seconds;     /* of a call: the median of all turns */
    double spread;      /* what lies between the quartiles, as a part of it */
    double cycles;      /* of a call; NaN where they cannot be counted */
    double flops, bytes;
    enum limit limit;   /* the one that takes longest, and */
    double part;        /* the median of its time over the kernel's; NaN: there is none */
    double part_spread; /* what lies between the quartiles of that, as a part of it */
    double over_ref;    /* how many times faster than ref */
};

/* Times one function on `threads` threads, which are already set; scalar has no limit. */
void bench_function(const struct check *c, const struct function *f, const void *shape,
                    enum isa isa, int threads, struct timing *out);

/* The limits alone: multiply-adds in FLOP/s, and bytes per second of copying so many bytes. */
double bench_peak(enum isa isa);
double bench_copy(enum isa isa, size_t bytes);

#endif
