/* cli.h - running the program in an empty folder, for tests of what people see of it. */
#ifndef TESTS_CLI_H
#define TESTS_CLI_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(table) (sizeof (table) / sizeof *(table))

static char folder[256]; /* where the program runs */
static int status;       /* of its last run, */
static char out[1 << 16], err[1 << 12]; /* and what it printed */

static int make_folder(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/test_cli.XXXXXX", base && *base ? base : "/tmp");
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return chdir("/") || system(command);
}

static void read_all(const char *path, char *text, size_t size)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("%s is missing", path);
    text[fread(text, 1, size - 1, f)] = '\0';
    fclose(f);
}

/* A line of shell, in which cnncheck is the program. */
__attribute__((format(printf, 1, 2))) static void shell(const char *format, ...)
{
    char line[4096];
    va_list args;
    const int used = snprintf(line, sizeof line, "PATH='%s':\"$PATH\"; { ", BUILD_DIR);
    va_start(args, format);
    vsnprintf(line + used, sizeof line - 64 - (size_t)used, format, args);
    va_end(args);
    strcat(line, "; } >stdout 2>stderr");
    const int ended = system(line);
    if (!WIFEXITED(ended))
        fail_msg("%s: ended by a signal", line);
    status = WEXITSTATUS(ended);
    read_all("stdout", out, sizeof out);
    read_all("stderr", err, sizeof err);
}

/* That it ended so and said this, on stdout, or on stderr where that is not empty. */
static void assert_ended(int wanted, const char *said, const char *what)
{
    if (status != wanted || !strstr(*err ? err : out, said))
        fail_msg("%s: ended with %d, not %d with '%s':\n%s%s", what, status, wanted, said, out,
                 err);
}

#endif
