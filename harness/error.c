#include "harness/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool fail(struct error *e, const char *format, ...)
{
    enum { HEAD = 160 };
    char whole[8192];
    va_list args;
    va_start(args, format);
    vsnprintf(whole, sizeof whole, format, args);
    va_end(args);
    const size_t length = strlen(whole), most = sizeof e->text - 1;
    if (length <= most)
        strcpy(e->text, whole);
    else /* the reason stands at the end, behind a long name */
        snprintf(e->text, sizeof e->text, "%.*s...%s", HEAD, whole,
                 whole + length - (most - HEAD - 3));
    return false;
}
