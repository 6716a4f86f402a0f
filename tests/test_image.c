/* test_image.c - files that are no images, or no files; the formats have tests of their own. */
#include "tests/image_file.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[400];

static const char *in_folder(const char *name)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void put(const char *path, const void *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static void refuse_file(const char *path, const char *name, const char *reason)
{
    struct image m;
    struct error e;
    memset(&m, 77, sizeof m);
    if (image_read(path, &m, &e))
        fail_msg("%s is accepted, and should be refused: %s", path, reason);
    assert_null(m.pixels);
    assert_says(&e, name, reason);
}

static void test_no_image(void **state)
{
    (void)state;
    refuse("", 0, "it.gif: empty");
    refuse("\xff", 1, "neither a JPEG nor a PNG");
    refuse("GIF89a", 6, "neither a JPEG nor a PNG");
    refuse("an image, some day", 18, "neither a JPEG nor a PNG");
    refuse("\0\0\0\0\0\0\0\0", 8, "neither a JPEG nor a PNG");
    assert_false(image_kind_lacks_library(IMAGE_OTHER));
}

static void test_no_file(void **state)
{
    (void)state;
    const char *path = in_folder("it.jpg");
    refuse_file(path, path, ": No such file or directory");
    refuse_file(folder, folder, ": not a regular file");
    assert_int_equal(mkfifo(path, 0600), 0); /* opened, it would wait for a writer */
    refuse_file(path, path, ": not a regular file");
    unlink(path);
    put(path, "", 0);
    refuse_file(path, path, ": empty");
    put(path, "text", 4);
    refuse_file(path, path, ": neither a JPEG nor a PNG");
    assert_int_equal(truncate(path, (off_t)IMAGE_MAX_BYTES + 1), 0); /* takes no room on disk */
    refuse_file(path, path, ": too large: up to 536870912 bytes are read");
    unlink(path);
}

/* Root may do everything; then this test acts as somebody else for a moment. */
static void test_forbidden(void **state)
{
    (void)state;
    const char *path = in_folder("secret.png");
    put(path, "text", 4);
    assert_int_equal(chmod(path, 0), 0);
    if (geteuid() == 0 && seteuid(65534) != 0)
        skip();
    struct image m;
    struct error e;
    bool good = image_read(path, &m, &e);
    if (geteuid() != getuid())
        assert_int_equal(seteuid(getuid()), 0);
    unlink(path);
    assert_false(good);
    assert_says(&e, path, ": Permission denied");
}

/* Of a long name the end is said, and the reason whole. */
static void test_long_name(void **state)
{
    (void)state;
    char path[1024], end[241];
    size_t length = (size_t)snprintf(path, sizeof path, "%s", folder);
    while (length < 800)
        length += (size_t)snprintf(path + length, sizeof path - length, "/.");
    snprintf(path + length, sizeof path - length, "/the.png");
    memcpy(end, path + length + 8 - 240, 241);
    refuse_file(path, end, "./the.png: No such file or directory");
    put(path, "text", 4);
    refuse_file(path, end, "./the.png: neither a JPEG nor a PNG, by its first bytes");
    unlink(path);
}

/* A file that is not closed again is seen by the next descriptor that is free. */
static int free_descriptor(void)
{
    int n = dup(STDIN_FILENO);
    assert_true(n >= 0);
    close(n);
    return n;
}

static void test_nothing_stays_open(void **state)
{
    (void)state;
    const char *path = in_folder("it.jpg");
    int lowest = free_descriptor();
    put(path, "\xff\xd8\xff\xd9", 4);
    refuse_file(path, path, ": ");
    put(path, "\x89PNG\r\n\x1a\n", 8);
    refuse_file(path, path, ": ");
    assert_int_equal(free_descriptor(), lowest);
    unlink(path);
}

static int setup(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/test_image.XXXXXX", tmp ? tmp : "/tmp");
    return mkdtemp(folder) && chmod(folder, 0755) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_image),           cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_forbidden),          cmocka_unit_test(test_long_name),
        cmocka_unit_test(test_nothing_stays_open),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
