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
#else
static inline int thread_count(void)
{
    return 1;
}
#endif

/* body(context, k, thread) for every k < count, on several threads where `work` is worth it. A parallel
 * region of one thread is not free: small kernels take less time than opening it. */
static inline void thread_each(int count, double work,
                               void (*body)(const void *context, int k, int thread),
                               const void *context)
{
    if (work <= THREAD_WORK || count < 2 || thread_count() < 2) {
        for (int k = 0; k < count; k++)
            body(context, k, 0);
        return;
    }
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic)
    for (int k = 0; k < count; k++)
        body(context, k, omp_get_thread_num());
#endif
}

#endif
