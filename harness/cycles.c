#include "harness/cycles.h"

#ifdef __linux__
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

static int counter = -1;

bool cycles_counted(void)
{
    struct perf_event_attr a = { .type = PERF_TYPE_HARDWARE, .size = sizeof a,
                                 .config = PERF_COUNT_HW_CPU_CYCLES,
                                 .exclude_kernel = 1, .exclude_hv = 1 };
    if (counter < 0)
        counter = (int)syscall(SYS_perf_event_open, &a, 0, -1, -1, 0);
    return counter >= 0;
}

uint64_t cycles_now(void)
{
    uint64_t count = 0;
    return counter >= 0 && read(counter, &count, sizeof count) == sizeof count ? count : 0;
}
#else
bool cycles_counted(void)
{
    return false;
}

uint64_t cycles_now(void)
{
    return 0;
}
#endif
