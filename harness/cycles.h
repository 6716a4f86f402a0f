/* cycles.h - the processor's cycles of this thread, where the system lets us count them. */
#ifndef HARNESS_CYCLES_H
#define HARNESS_CYCLES_H

#include <stdbool.h>
#include <stdint.h>

/* Whether cycles are counted at all; call it first. */
bool cycles_counted(void);

/* The cycles that this thread has spent outside of the kernel; 0 where they are not counted. */
uint64_t cycles_now(void);

#endif
