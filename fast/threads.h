/* threads.h - how a kernel spreads its outputs over threads (OpenMP, where the build has it).
 *
 * A sum is never split: whatever the number of threads, every output is computed as by one. Loops are
 * spread only when they have work for it, in multiply-adds; below that, waking a thread costs more.
 */
#ifndef FAST_THREADS_H
#define FAST_THREADS_H

#define THREAD_WORK 1e6

#ifdef _OPENMP
#include <omp.h>

static inline int thread_count(void)
{
    return omp_get_max_threads();
}

static inline int thread_index(void)
{
    return omp_get_thread_num();
}
#else
static inline int thread_count(void)
{
    return 1;
}

static inline int thread_index(void)
{
    return 0;
}
#endif

#endif
