#include "harness/progress.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static double last_shown;
static bool line_shown;

double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void progress(const char *what, double start, double done, double total)
{
    const double now = seconds_now(), spent = now - start;
#pragma omp critical(progress)
    if (spent >= 1.0 && now - last_shown >= 0.1 && isatty(STDERR_FILENO)) {
        last_shown = now;
        line_shown = true;
        fprintf(stderr, "\r\033[K%s %.0f %%", what, 100.0 * done / total);
        if (done > 0.0)
            fprintf(stderr, ", %.0f s left", spent * (total - done) / done);
        fflush(stderr);
    }
}

void progress_clear(void)
{
    if (line_shown)
        fprintf(stderr, "\r\033[K");
    line_shown = false;
}
