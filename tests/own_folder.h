/* own_folder.h - a folder of a test's own for its files, and that nothing is left in it: for the
 * tests of file formats. Give make_folder and remove_folder to the group, and let
 * test_nothing_is_left be last. */
#ifndef TESTS_OWN_FOLDER_H
#define TESTS_OWN_FOLDER_H

#include "harness/error.h" /* before cmocka.h, which has a macro named fail */

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[400];

static inline const char *in_folder(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static inline void put(const char *path, const void *bytes, size_t size)
{
    unlink(path); /* faster than to empty it, on some file systems */
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

/* How many names there are in a folder: a temporary file left behind would be one more. */
static inline int names_in(const char *path)
{
    int n = 0;
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *entry; (entry = readdir(d));)
        n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(d);
    return n;
}

static inline void assert_says(const struct error *e, const char *name, const char *reason)
{
    if (strncmp(e->text, name, strlen(name)) != 0 || !strstr(e->text, reason) ||
        strchr(e->text, '\n'))
        fail_msg("'%s' should be one line that begins with '%s' and says '%s'", e->text, name,
                 reason);
}

/* Root may do everything; then these tests act as somebody else for a moment. */
static inline bool be_nobody(void)
{
    return geteuid() != 0 || seteuid(65534) == 0;
}

static inline void be_oneself(void)
{
    if (geteuid() != getuid())
        assert_int_equal(seteuid(getuid()), 0);
}

/* The lowest free file descriptor: higher at the end than at the start if one was left open. */
static int lowest;

static inline int free_descriptor(void)
{
    int fd = open("/dev/null", O_RDONLY);
    close(fd);
    return fd;
}

static inline int make_folder(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/cnncheck_test.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    lowest = free_descriptor();
    return mkdtemp(folder) && chmod(folder, 0755) == 0 ? 0 : -1;
}

static inline int remove_folder(void **state)
{
    (void)state;
    rmdir(folder);
    return 0;
}

/* The last of the tests: none before it left a file behind, or open. */
static inline void test_nothing_is_left(void **state)
{
    (void)state;
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(free_descriptor(), lowest);
}

#endif
