/* net_memory.h - the block that holds a net; a part of net.c. */
#ifndef HARNESS_NET_MEMORY_H
#define HARNESS_NET_MEMORY_H

#include <stdlib.h>
#include <sys/mman.h>

enum { SMALL_PAGE = 1 << 12, LARGE_PAGE = 1 << 21 };

/* A block that begins on a line; NULL where there is none. Of many large pages it asks for those:
 * passes over a batch that lies in far more small ones than the processor keeps track of look up
 * every other few lines where the next one is. */
static void *net_memory(size_t bytes)
{
    const size_t page = bytes < 4 * (size_t)LARGE_PAGE ? SMALL_PAGE : LARGE_PAGE;
    const size_t whole = (bytes + page - 1) / page * page;
    void *memory = aligned_alloc(page, whole);
#ifdef MADV_HUGEPAGE
    if (memory && page == LARGE_PAGE)
        (void)madvise(memory, whole, MADV_HUGEPAGE); /* a wish: without it all is the same */
#endif
    return memory;
}

#endif
