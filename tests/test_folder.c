/* test_folder.c - folders of photographs: what becomes an image, and what is left out. */
#include "tests/folder_root.h"

#include "harness/image.h"

#ifdef HAVE_JPEG
#include <jpeglib.h>
#endif
#ifdef HAVE_PNG
#include <png.h>

#ifdef HAVE_JPEG

enum { FIRST_KIND = IMAGE_JPEG };

static void write_jpeg(const char *path, int width, int height, uint8_t *pixels)
{
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr manager;
    c.err = jpeg_std_error(&manager);
    jpeg_create_compress(&c);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    jpeg_stdio_dest(&c, f);
    c.image_width = (unsigned)width;
    c.image_height = (unsigned)height;
    c.input_components = 3;
    c.in_color_space = JCS_RGB;
    jpeg_set_defaults(&c);
    jpeg_start_compress(&c, TRUE);
    for (int y = 0; y < height; y++)
        jpeg_write_scanlines(&c, &(JSAMPROW){ pixels + 3 * width * y }, 1);
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    fclose(f);
}

#else

enum { FIRST_KIND = IMAGE_PNG };

#endif

static void write_png(const char *path, int width, int height, uint8_t *pixels)
{
    png_image image = { .version = PNG_IMAGE_VERSION, .format = PNG_FORMAT_RGB };
    image.width = (unsigned)width;
    image.height = (unsigned)height;
    assert_true(png_image_write_to_file(&image, path, 0, pixels, 0, NULL));
}

/* An image whose left half is one colour and whose right half is another. */
static void make_image(const char *name, int width, int height, uint8_t left, uint8_t right)
{
    uint8_t *pixels = malloc((size_t)(3 * width * height));
    assert_non_null(pixels);
    for (int i = 0; i < 3 * width * height; i++)
        pixels[i] = (uint8_t)((i / 3 % width < width / 2 ? left : right) + 20 * (i % 3));
#ifdef HAVE_JPEG
    if (strstr(name, ".jpg"))
        write_jpeg(in_root(name), width, height, pixels);
    else
#endif
        write_png(in_root(name), width, height, pixels);
    free(pixels);
}

static void test_two_classes(void **state)
{
    (void)state;
    enum { W = 4, H = 2, SIZE = 3 * W * H };
    static const char *const images[] = { "Zebra/B.jpg", "Zebra/a.png", "ant/1.png", "ant/10",
                                          "ant/2.gif" };
    make("ant"); /* behind Zebra: Z comes before a */
    make_image("ant/2.gif", 50, 30, 10, 210);
    make_image("ant/10", 1, 1, 7, 130);
    make("Zebra");
    make_image("Zebra/a.png", 4, 2, 90, 60);
    make_image("Zebra/B.jpg", 13, 9, 0, 100);
    make_image("ant/1.png", 3, 70, 3, 200);
    make_image("ant/.5.png", 3, 3, 3, 200);
    make_image("beside.png", 3, 3, 3, 200);
    make(".git");
    make_image("ant/3.png", 30, 30, 3, 200);
    assert_int_equal(truncate(in_root("ant/3.png"), 70), 0);
    put("ant/Thumbs.db", "\xd0\xcf\x11\xe0", 4);

    struct dataset d;
    struct folder f;
    struct error e;
    if (!read_folder(root, W, H, &d, &f, &e))
        fail_msg("%s", e.text);
    assert_int_equal(d.count, 5);
    assert_int_equal(d.channels, 3);
    assert_int_equal(d.width, W);
    assert_int_equal(d.height, H);
    assert_memory_equal(d.labels, "\0\0\1\1\1", 5);
    assert_int_equal(f.classes, 2);
    assert_int_equal(f.skipped, 2);
    assert_string_equal(f.class[0].name, "Zebra");
    assert_string_equal(f.class[1].name, "ant");
    assert_int_equal(f.class[0].images, 2);
    assert_int_equal(f.class[1].images, 3);
    assert_said("ant/3.png", "cannot be read as a ");
    assert_said("ant/Thumbs.db", ": neither a JPEG nor a PNG");
    assert_non_null(strstr(said, ": 2 of 7 files could not be read; they are left out\n"));
    assert_int_equal(lines_said(), 3);
    for (int i = 0; i < d.count; i++) {
        struct image m;
        uint8_t expected[SIZE];
        assert_true(image_read(in_root(images[i]), &m, &e));
        assert_int_equal(m.kind, i == 0 ? FIRST_KIND : IMAGE_PNG);
        assert_true(image_resize(&m, W, H, expected));
        assert_memory_equal(d.pixels + i * SIZE, expected, SIZE);
        image_free(&m);
    }
    /* red, green, blue of the first pixel, then of the second */
    static const uint8_t small[] = { 90, 110, 130, 90, 110, 130, 60, 80, 100, 60, 80, 100 };
    assert_memory_equal(d.pixels + SIZE, small, sizeof small);
    dataset_free(&d);
    folder_free(&f);
    assert_null(f.class);
}

#endif

#if !defined HAVE_JPEG || !defined HAVE_PNG

/* Files of a kind that this build cannot read are said once, and counted. */
static void test_lacking(void **state)
{
    (void)state;
    make("a");
    for (int i = 0; i < 3; i++) {
        put((const char *[]){ "a/1.jpg", "a/2.jpg", "a/3.jpg" }[i], "\xff\xd8\xff\xe0", 4);
        put((const char *[]){ "a/1.png", "a/2.png", "a/3.png" }[i], "\x89PNG\r\n\x1a\n", 8);
    }
    refuse(root, in_root("a"), ": no image in it that can be read (6 files)");
#ifndef HAVE_JPEG
    assert_said("a/1.jpg", "lacks libjpeg-turbo: install it (Debian: libjpeg62-turbo-dev and "
                           "pkg-config), build again; skipped, and all others of its kind\n");
    assert_null(strstr(said, "a/2.jpg"));
#endif
#ifndef HAVE_PNG
    assert_said("a/1.png", "lacks libpng: install it (Debian: libpng-dev and pkg-config), build "
                           "again; skipped, and all others of its kind\n");
    assert_null(strstr(said, "a/2.png"));
#endif
    assert_non_null(strstr(said, ": 6 of 6 files could not be read; they are left out\n"));
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef HAVE_PNG
        test_in_root(test_two_classes),
#endif
#if !defined HAVE_JPEG || !defined HAVE_PNG
        test_in_root(test_lacking),
#endif
    };
    return cmocka_run_group_tests(tests, make_top, remove_top);
}
