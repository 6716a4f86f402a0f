/* threads.h - how a kernel spreads its outputs over threads (OpenMP, where the build has it).
 *
 * A sum is never split: whatever the number of threads, every output is computed as by one. Loops
 * are spread only when they have work for it, in multiply-adds; below that, waking a thread costs
 * more (some 3 us for a region). Which thread computes what is fixed: what a core has written it
 * finds in its own cache, and fetching it from another core's takes three times as long and more.
 */
#ifndef FAST_THREADS_H
#define FAST_THREADS_H

#include <stddef.h>

#define THREAD_WORK 1e6

#ifdef _OPENMP
#include <omp.h>

/* Threads that a loop may use: one within another parallel loop. */
static inline int thread_count(void)
{
    return omp_in_parallel() ? 1 : omp_get_max_threads();
}
#else
static inline int thread_count(void)
{
    return 1;
}
#endif

/* Floats from the scratch of one thread, `size` floats, to that of the next. Cores fetch ahead
 * along strides, far beyond the end of what they work in, and would take a neighbour's lines away
 * from it: side by side two threads took up to seven times as long as one, 128 KiB apart not. */
static inline size_t thread_room(size_t size)
{
    return thread_count() > 1 ? size + (1 << 15) : size;
}

/* How many threads to take for so much work, as in thread_each, but never more than `most`. */
static inline int thread_shares(int most, double work)
{
    const int threads = work <= THREAD_WORK ? 1 : thread_count();
    return threads < most ? threads : most;
}

/* body(context, k, thread) for every k < count, on several threads where `work` is worth it. A
 * parallel region of one thread is not free: small kernels take less time than opening it. */
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
#pragma omp parallel for schedule(static)
    for (int k = 0; k < count; k++)
        body(context, k, omp_get_thread_num());
#endif
}

/* body(context, from, end) for slices of 0 to count - 1 that begin on multiples of 16: for
 * functions of single elements. */
struct slices {
    void (*body)(const void *context, int from, int end);
    const void *context;
    int count;
    long size;
};

static inline void thread_slice(const void *context, int k, int thread)
{
    const struct slices *s = context;
    const long from = k * s->size, end = from + s->size;
    (void)thread;
    s->body(s->context, (int)from, end < s->count ? (int)end : s->count);
}

static inline void thread_slices(int count, void (*body)(const void *context, int from, int end),
                                 const void *context)
{
    const long size = ((long)count / thread_count() + 16) / 16 * 16;
    const struct slices s = { body, context, count, size };
    thread_each((int)((count + size - 1) / size), 8.0 * count, thread_slice, &s);
}

#endif
