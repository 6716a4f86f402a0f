/* folder_root.h - a folder of classes on disk, and what folder_read says of it on stderr. */
#ifndef TESTS_FOLDER_ROOT_H
#define TESTS_FOLDER_ROOT_H

#include "harness/folder.h" /* before cmocka.h, which has a macro named fail */

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char top[400], root[500]; /* a place of our own, and the folder of classes in it */
static char said[4096];          /* what the last folder_read wrote on stderr */

static inline const char *in_root(const char *name)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static inline void put(const char *name, const void *bytes, size_t size)
{
    FILE *f = fopen(in_root(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static inline void make(const char *name)
{
    assert_int_equal(mkdir(in_root(name), 0755), 0);
}

/* Also what is in it. */
static inline void remove_all(const char *path)
{
    DIR *d = opendir(path);
    for (struct dirent *entry; d && (entry = readdir(d));) {
        char inner[1024];
        int length = snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (length < (int)sizeof inner && remove(inner) != 0)
            remove_all(inner);
    }
    if (d)
        closedir(d);
    remove(path);
}

static inline int make_root(void **state)
{
    (void)state;
    return mkdir(root, 0755);
}

static inline int remove_root(void **state)
{
    (void)state;
    remove_all(root);
    return 0;
}

/* folder_read, with what it says kept in `said`. */
static inline bool read_folder(const char *dir, int width, int height, struct dataset *d,
                               struct folder *f, struct error *e)
{
    char log[500];
    snprintf(log, sizeof log, "%s/stderr", top);
    *e = (struct error){ "" };
    memset(d, 77, sizeof *d); /* what a failure must clear */
    memset(f, 77, sizeof *f);
    fflush(stderr);
    int before = dup(STDERR_FILENO), file = open(log, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(before >= 0 && file >= 0 && dup2(file, STDERR_FILENO) >= 0);
    bool good = folder_read(dir, width, height, d, f, e);
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    ssize_t n = pread(file, said, sizeof said - 1, 0);
    said[n < 0 ? 0 : n] = '\0';
    close(before);
    close(file);
    unlink(log);
    return good;
}

static inline void refuse(const char *dir, const char *name, const char *reason)
{
    struct dataset d;
    struct folder f;
    struct error e;
    if (read_folder(dir, 4, 4, &d, &f, &e))
        fail_msg("accepted, and should be refused: %s", reason);
    if (strncmp(e.text, name, strlen(name)) != 0 || !strstr(e.text, reason) || strchr(e.text, '\n'))
        fail_msg("'%s' should be one line that begins with '%s' and says '%s'", e.text, name,
                 reason);
    assert_null(d.pixels);
    assert_null(d.labels);
    assert_int_equal(d.count, 0);
    assert_null(f.class);
    assert_int_equal(f.classes + f.skipped, 0);
    dataset_free(&d);
    folder_free(&f);
}

static inline int lines_said(void)
{
    int n = 0;
    for (const char *c = said; *c; c++)
        n += *c == '\n';
    return n;
}

/* One line: "cnncheck: <root>/<name>: ... reason". */
static inline void assert_said(const char *name, const char *reason)
{
    char start[1100];
    snprintf(start, sizeof start, "cnncheck: %s", in_root(name));
    const char *line = strstr(said, start), *at = line ? strstr(line, reason) : NULL;
    if (!at || at > strchr(line, '\n'))
        fail_msg("'%s' should have a line that begins with '%s' and says '%s'", said, start,
                 reason);
}

static inline int make_top(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(top, sizeof top, "%s/test_folder.XXXXXX", tmp ? tmp : "/tmp");
    bool good = mkdtemp(top) && chmod(top, 0755) == 0;
    snprintf(root, sizeof root, "%s/classes", top);
    return good ? 0 : -1;
}

static inline int remove_top(void **state)
{
    (void)state;
    return rmdir(top);
}

#define test_in_root(f) cmocka_unit_test_setup_teardown(f, make_root, remove_root)

#endif
