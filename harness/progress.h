/* progress.h - how far a command is and how long is left, on one line of a terminal and only
 * there. */
#ifndef HARNESS_PROGRESS_H
#define HARNESS_PROGRESS_H

/* Seconds from some fixed moment, monotonic. */
double seconds_now(void);

/* Shows "what 42 %, 7 s left" on stderr when it is a terminal, at most ten times a second, from one
 * second after `start` on. Any thread may call it. */
void progress(const char *what, double start, double done, double total);

/* Wipes the line, before anything else is printed. */
void progress_clear(void);

#endif
