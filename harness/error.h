/* error.h - one line that says what went wrong, where, and how to mend it.
 *
 * A function that can fail takes a `struct error *` last and returns false after fail() has filled
 * it. Nothing is printed on the way: main() prints the line once, and the exit status is 2.
 */
#ifndef HARNESS_ERROR_H
#define HARNESS_ERROR_H

#include <stdbool.h>

struct error {
    char text[512];
};

/* Writes the message and returns false, so that a caller can `return fail(e, ...)`. */
__attribute__((format(printf, 2, 3))) bool fail(struct error *e, const char *format, ...);

#endif
