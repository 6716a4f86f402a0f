/* test_folder_refused.c - folders that give no images: each with one line that says why. */
#include "tests/folder_root.h"

static void test_no_classes(void **state)
{
    (void)state;
    refuse(in_root("nowhere"), in_root("nowhere"), ": No such file or directory");
    put("file.png", "text", 4);
    refuse(in_root("file.png"), in_root("file.png"), ": Not a directory");
    make(".hidden");
    refuse(root, root, ": no sub-folder in it; it needs one for each class");
    assert_int_equal(symlink("nothing", in_root("dangling")), 0);
    refuse(root, in_root("dangling"), ": No such file or directory");
}

static void test_no_images(void **state)
{
    (void)state;
    make("a");
    refuse(root, in_root("a"), ": no image in it that can be read (0 files)");
    assert_string_equal(said, "");
    put("a/.hidden.png", "text", 4);
    put("a/1.png", "text", 4);
    put("a/2\n.png", "", 0);
    make("a/3.png");
    assert_int_equal(symlink("nothing", in_root("a/4.png")), 0);
    refuse(root, in_root("a"), ": no image in it that can be read (4 files)");
    assert_said("a/1.png", ": neither a JPEG nor a PNG, by its first bytes; skipped\n");
    assert_said("a/2?.png", ": empty; skipped\n");
    assert_said("a/3.png", ": not a regular file; skipped\n");
    assert_said("a/4.png", ": No such file or directory; skipped\n");
    assert_non_null(strstr(said, ": 4 of 4 files could not be read; they are left out\n"));
    assert_int_equal(lines_said(), 5);
}

static void test_number_of_classes(void **state)
{
    (void)state;
    char name[16];
    for (int i = 0; i < 257; i++) {
        snprintf(name, sizeof name, "c%03d", i);
        make(name);
    }
    refuse(root, root, ": more than 256 sub-folders");
    assert_int_equal(rmdir(in_root("c042")), 0);
    refuse(root, in_root("c000"), ": no image in it");
}

/* Root may do everything; then this test acts as somebody else for a moment. */
static void test_forbidden(void **state)
{
    (void)state;
    make("a");
    assert_int_equal(chmod(in_root("a"), 0), 0);
    if (geteuid() == 0 && seteuid(65534) != 0)
        skip();
    struct dataset d;
    struct folder f;
    struct error e = { "" };
    bool good = folder_read(root, 4, 4, &d, &f, &e);
    if (geteuid() != getuid())
        assert_int_equal(seteuid(getuid()), 0);
    chmod(in_root("a"), 0755);
    assert_false(good);
    assert_non_null(strstr(e.text, "/a: Permission denied"));
}

/* A name that is too long by its class fails, by its file is one image less. */
static void test_long_names(void **state)
{
    (void)state;
    make("a");
    put("a/it.png", "text", 4);
    char dir[5000];
    for (size_t length = 4090; length <= 4094; length += 4) {
        size_t n = (size_t)snprintf(dir, sizeof dir, "%s", root);
        while (n < length)
            n += (size_t)snprintf(dir + n, sizeof dir - n, length - n == 1 ? "/" : "/.");
        refuse(dir, "", length == 4090 ? "/." : "/a: the name is too long");
        assert_int_equal(strstr(said, "/it.png: the name is too long; skipped\n") != NULL,
                         length == 4090);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_in_root(test_no_classes),        test_in_root(test_no_images),
        test_in_root(test_number_of_classes), test_in_root(test_forbidden),
        test_in_root(test_long_names),
    };
    return cmocka_run_group_tests(tests, make_top, remove_top);
}
