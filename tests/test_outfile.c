/* test_outfile.c - files are whole or not there, and only regular ones are written. */
#include "harness/outfile.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(table) (sizeof (table) / sizeof *(table))

static char folder[256], path[300];

static int make_folder(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/test_outfile.XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/out", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    remove(path);
    return rmdir(folder);
}

static void assert_holds(const char *content)
{
    char text[64] = "";
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    assert_string_equal(text, content);
}

/* Whether the folder holds this many files. */
static bool holds(int files)
{
    int count = -2;
    DIR *d = opendir(folder);
    while (readdir(d))
        count++;
    closedir(d);
    return count == files;
}

static void a_file_is_there_when_it_is_whole(void **state)
{
    (void)state;
    struct outfile out;
    struct error e;
    assert_true(outfile_open(&out, path, &e));
    fputs("first", out.file);
    fflush(out.file);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_true(outfile_close(&out, &e));
    assert_holds("first");
    assert_true(outfile_open(&out, path, &e));
    fputs("second", out.file);
    fflush(out.file);
    assert_holds("first");
    assert_true(outfile_close(&out, &e));
    assert_holds("second");
}

static mode_t mode_of(const char *file)
{
    struct stat s;
    assert_int_equal(stat(file, &s), 0);
    return s.st_mode & 07777;
}

/* Whoever might read a file before may do so afterwards, and nobody else, nor on the way. */
static void a_file_keeps_its_mode(void **state)
{
    (void)state;
    static const struct { mode_t umask, before, after; } table[] = {
        { 022, 0600, 0600 }, { 0, 0600, 0600 },   { 077, 0664, 0664 },
        { 022, 0400, 0400 }, { 022, 0755, 0755 }, { 022, 04755, 0755 },
    };
    struct outfile out;
    struct error e;
    const mode_t mask = umask(022);
    for (size_t i = 0; i < COUNT(table); i++) {
        umask(table[i].umask);
        assert_int_equal(chmod(path, table[i].before), 0);
        assert_true(outfile_open(&out, path, &e));
        assert_int_equal(mode_of(out.temporary), table[i].after);
        fputs("second", out.file);
        assert_true(outfile_close(&out, &e));
        assert_int_equal(mode_of(path), table[i].after);
    }
    umask(027); /* a new file has what this leaves */
    assert_int_equal(unlink(path), 0);
    assert_true(outfile_open(&out, path, &e));
    fputs("second", out.file);
    assert_true(outfile_close(&out, &e));
    assert_int_equal(mode_of(path), 0640);
    umask(mask);
}

static void a_failure_leaves_what_was_there(void **state)
{
    (void)state;
    struct rlimit unlimited, small = { 4096, 4096 };
    struct outfile out;
    struct error e = { "" };
    char wanted[400];
    getrlimit(RLIMIT_FSIZE, &unlimited);
    small.rlim_max = unlimited.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    for (int size = 4097; size < 200000; size += 100000) { /* noticed when closing, and before */
        assert_true(outfile_open(&out, path, &e));
        setrlimit(RLIMIT_FSIZE, &small);
        for (int i = 0; i < size; i++)
            fputc('x', out.file);
        assert_false(outfile_close(&out, &e));
        setrlimit(RLIMIT_FSIZE, &unlimited);
        snprintf(wanted, sizeof wanted, "%s: cannot be written: %s", path, strerror(EFBIG));
        assert_string_equal(e.text, wanted);
        assert_holds("second");
        assert_true(holds(1));
    }
}

static void what_is_no_file_is_refused(void **state)
{
    (void)state;
    char missing[320], dangling[320], long_name[5000], wanted[400];
    const struct { const char *path, *reason; } table[] = {
        { "/dev/null", "not a regular file" }, { folder, "not a regular file" },
        { dangling, "not a regular file" },    { missing, strerror(ENOENT) },
    };
    struct outfile out;
    struct error e;
    snprintf(missing, sizeof missing, "%s/missing/out", folder);
    snprintf(dangling, sizeof dangling, "%s/link", folder);
    assert_int_equal(symlink("nowhere", dangling), 0);
    for (size_t i = 0; i < COUNT(table); i++) {
        assert_false(outfile_open(&out, table[i].path, &e));
        snprintf(wanted, sizeof wanted, "%s: cannot be written: %s", table[i].path,
                 table[i].reason);
        assert_string_equal(e.text, wanted);
    }
    assert_int_equal(unlink(dangling), 0);
    assert_false(outfile_open(&out, "", &e)); /* its temporary name would be one */
    assert_string_equal(e.text, "'': cannot be written: a file without a name");
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_false(outfile_open(&out, long_name, &e));
    assert_non_null(strstr(e.text, "xxx...: cannot be written: the name is too long"));
    /* A folder that appears in the meantime is not replaced, and nothing stays beside it. */
    remove(path);
    assert_true(outfile_open(&out, path, &e));
    assert_int_equal(mkdir(path, 0700), 0);
    assert_false(outfile_close(&out, &e));
    snprintf(wanted, sizeof wanted, "%s: cannot be written: %s", path, strerror(EISDIR));
    assert_string_equal(e.text, wanted);
    assert_true(holds(1));
}

static void one_file_has_many_names(void **state)
{
    (void)state;
    char other[320], dotted[320];
    struct error e;
    assert_int_equal(rmdir(path), 0); /* what the test before left */
    snprintf(other, sizeof other, "%s/other", folder);
    snprintf(dotted, sizeof dotted, "%s/./out", folder);
    assert_true(outfile_apart(path, NULL, &e) && outfile_apart(NULL, path, &e));
    assert_true(outfile_apart(path, other, &e)); /* neither is there */
    assert_false(outfile_apart(path, path, &e));
    fclose(fopen(path, "w"));
    assert_true(outfile_apart(path, other, &e));
    assert_false(outfile_apart(dotted, path, &e));
    assert_int_equal(link(path, other), 0);
    assert_false(outfile_apart(path, other, &e));
    assert_int_equal(unlink(other), 0);
    assert_int_equal(symlink("out", other), 0);
    assert_false(outfile_apart(path, other, &e));
    assert_non_null(strstr(e.text, "/out: cannot be written: another option names this file"));
    assert_int_equal(unlink(other), 0);
    fclose(fopen(other, "w"));
    assert_true(outfile_apart(path, other, &e));
    assert_int_equal(unlink(other), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_there_when_it_is_whole),
        cmocka_unit_test(a_file_keeps_its_mode),
        cmocka_unit_test(a_failure_leaves_what_was_there),
        cmocka_unit_test(what_is_no_file_is_refused),
        cmocka_unit_test(one_file_has_many_names),
    };
    return cmocka_run_group_tests_name("outfile", tests, make_folder, remove_folder);
}
