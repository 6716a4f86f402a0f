/* test_image_jpeg.c - JPEG as Pillow decodes it, of every number of colours, and broken ones. */
#include "tests/image_file.h"

#ifdef HAVE_JPEG

#include <stdio.h>

#include <jpeglib.h>

/* 19 x 11 pixels, the colours at half the resolution, sharp edges between them. Pillow wrote it:
 *
 *     colors = [250,20,30, 20,200,40, 10,30,240, 200,200,20, 90,90,90, 20,200,200, 0,0,0,
 *               255,255,255, 200,20,180]
 *     Image.frombytes('RGB', (3, 3), bytes(colors)).resize((19, 11), Image.NEAREST).save(
 *         'it.jpg', quality=60, subsampling=2, optimize=True)
 *
 * and reads it as pixels with the CRC-32 below. */
static const uint8_t PILLOWS[] = {
    0xff, 0xd8, 0xff, 0xe0, 0x00, 0x10, 0x4a, 0x46, 0x49, 0x46, 0x00, 0x01, 0x01, 0x00, 0x00, 0x01,
    0x00, 0x01, 0x00, 0x00, 0xff, 0xdb, 0x00, 0x43, 0x00, 0x0d, 0x09, 0x0a, 0x0b, 0x0a, 0x08, 0x0d,
    0x0b, 0x0a, 0x0b, 0x0e, 0x0e, 0x0d, 0x0f, 0x13, 0x20, 0x15, 0x13, 0x12, 0x12, 0x13, 0x27, 0x1c,
    0x1e, 0x17, 0x20, 0x2e, 0x29, 0x31, 0x30, 0x2e, 0x29, 0x2d, 0x2c, 0x33, 0x3a, 0x4a, 0x3e, 0x33,
    0x36, 0x46, 0x37, 0x2c, 0x2d, 0x40, 0x57, 0x41, 0x46, 0x4c, 0x4e, 0x52, 0x53, 0x52, 0x32, 0x3e,
    0x5a, 0x61, 0x5a, 0x50, 0x60, 0x4a, 0x51, 0x52, 0x4f, 0xff, 0xdb, 0x00, 0x43, 0x01, 0x0e, 0x0e,
    0x0e, 0x13, 0x11, 0x13, 0x26, 0x15, 0x15, 0x26, 0x4f, 0x35, 0x2d, 0x35, 0x4f, 0x4f, 0x4f, 0x4f,
    0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f,
    0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f,
    0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0xff, 0xc0,
    0x00, 0x11, 0x08, 0x00, 0x0b, 0x00, 0x13, 0x03, 0x01, 0x22, 0x00, 0x02, 0x11, 0x01, 0x03, 0x11,
    0x01, 0xff, 0xc4, 0x00, 0x18, 0x00, 0x00, 0x03, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x07, 0x03, 0x06, 0xff, 0xc4, 0x00, 0x2d, 0x10,
    0x00, 0x01, 0x03, 0x02, 0x02, 0x05, 0x0d, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x03, 0x04, 0x02, 0x11, 0x05, 0x21, 0x06, 0x07, 0x14, 0x15, 0x31, 0x35, 0x36, 0x41,
    0x42, 0x51, 0x55, 0x74, 0x83, 0x91, 0x92, 0xb2, 0xb3, 0xd1, 0xff, 0xc4, 0x00, 0x16, 0x01, 0x01,
    0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03,
    0x02, 0x06, 0xff, 0xc4, 0x00, 0x25, 0x11, 0x00, 0x01, 0x03, 0x02, 0x03, 0x09, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x02, 0x03, 0x11, 0x31, 0x04, 0x05, 0x13,
    0x14, 0x15, 0x22, 0x51, 0x52, 0x63, 0x81, 0x91, 0xa1, 0xff, 0xda, 0x00, 0x0c, 0x03, 0x01, 0x00,
    0x02, 0x11, 0x03, 0x11, 0x00, 0x3f, 0x00, 0xc1, 0xa8, 0xf1, 0x0b, 0x83, 0x61, 0xc4, 0x58, 0x9b,
    0x23, 0xa8, 0xc3, 0x24, 0x55, 0x5d, 0x7d, 0xb6, 0x00, 0x93, 0x90, 0xb9, 0xe1, 0xd0, 0x94, 0xfc,
    0x3e, 0x54, 0x86, 0x45, 0x13, 0x18, 0x7a, 0x13, 0x62, 0xab, 0x87, 0x1d, 0x6c, 0x80, 0x4d, 0x8e,
    0x59, 0xdb, 0x3e, 0x3e, 0x8b, 0x9f, 0xd5, 0xb7, 0x3e, 0xf0, 0xdf, 0x37, 0xea, 0xad, 0x54, 0x74,
    0xf7, 0x91, 0x19, 0xf1, 0x34, 0xfc, 0x6a, 0x53, 0x82, 0x83, 0x4a, 0x56, 0xba, 0xb5, 0x20, 0xdd,
    0x24, 0xf1, 0x9c, 0xc2, 0x76, 0xba, 0x53, 0xc5, 0x60, 0x79, 0x78, 0xb2, 0x9f, 0xee, 0x36, 0x7b,
    0xc5, 0xbf, 0x68, 0xfd, 0x42, 0x68, 0x5a, 0x5d, 0xa6, 0x7e, 0xaf, 0x81, 0x3e, 0xe1, 0xee, 0x9f,
    0x41, 0x7f, 0xff, 0xd9,
};
enum { WIDTH = 19, HEIGHT = 11 };
static const uint32_t PILLOWS_CRC = 0x40a5204;
static const struct {
    int x, y;
    uint8_t rgb[3];
} PILLOWS_PIXELS[] = { { 0, 0, { 242, 22, 60 } },
                       { 6, 3, { 86, 140, 64 } },
                       { 18, 10, { 197, 22, 175 } } };

static void use_pillows(void)
{
    file_size = sizeof PILLOWS;
    memcpy(file, PILLOWS, file_size);
}

static void test_pillow(void **state)
{
    (void)state;
    use_pillows();
    struct image m = accept(IMAGE_JPEG, WIDTH, HEIGHT);
    for (int i = 0; i < 9; i++) {
        int at = 3 * (PILLOWS_PIXELS[i / 3].y * WIDTH + PILLOWS_PIXELS[i / 3].x) + i % 3;
        assert_int_equal(m.pixels[at], PILLOWS_PIXELS[i / 3].rgb[i % 3]);
    }
    assert_int_equal(crc32_of(m.pixels, 3 * WIDTH * HEIGHT), PILLOWS_CRC);
    image_free(&m);
}

static const uint8_t INK[] = { 200, 90, 30, 240 }; /* one colour; the first is a grey */

/* A plain surface; `levels` > 0: progressive, each coefficient alone, bit by bit. */
static void make_jpeg(int width, int height, int components, J_COLOR_SPACE space, int levels)
{
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr manager;
    static jpeg_scan_info scans[1000];
    c.err = jpeg_std_error(&manager);
    jpeg_create_compress(&c);
    unsigned char *made = NULL;
    unsigned long size = 0;
    jpeg_mem_dest(&c, &made, &size);
    c.image_width = (unsigned)width;
    c.image_height = (unsigned)height;
    c.input_components = components;
    c.in_color_space = space;
    jpeg_set_defaults(&c);
    if (space == JCS_CMYK && width % 2)
        jpeg_set_colorspace(&c, JCS_YCCK); /* the other way to store it */
    jpeg_set_quality(&c, 100, TRUE);
    if (levels) {
        int n = 0;
        scans[n++] = (jpeg_scan_info){ .comps_in_scan = 1 };
        for (int k = 1; k < 64; k++)
            for (int bit = levels - 1; bit >= 0; bit--)
                scans[n++] =
                    (jpeg_scan_info){ 1, { 0 }, k, k, bit + 1 < levels ? bit + 1 : 0, bit };
        c.scan_info = scans;
        c.num_scans = n;
    }
    jpeg_start_compress(&c, TRUE);
    uint8_t row[70 * 4];
    for (int i = 0; i < width * components; i++)
        row[i] = INK[i % components];
    for (int y = 0; y < height; y++)
        jpeg_write_scanlines(&c, &(JSAMPROW){ row }, 1);
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    assert_true(size <= sizeof file);
    memcpy(file, made, file_size = size);
    free(made);
}

static void assert_plain(int width, int height, int r, int g, int b)
{
    struct image m = accept(IMAGE_JPEG, width, height);
    for (int i = 0; i < 3 * width * height; i++)
        assert_in_range(m.pixels[i] + 2, ((int[]){ r, g, b })[i % 3],
                        ((int[]){ r, g, b })[i % 3] + 4);
    image_free(&m);
}

static void test_kinds(void **state)
{
    (void)state;
    for (int i = 0; i < SIZE_COUNT; i++) {
        int w = SIZES[i][0], h = SIZES[i][1];
        make_jpeg(w, h, 1, JCS_GRAYSCALE, 0);
        assert_plain(w, h, INK[0], INK[0], INK[0]);
        make_jpeg(w, h, 1, JCS_GRAYSCALE, 2);
        assert_plain(w, h, INK[0], INK[0], INK[0]);
        make_jpeg(w, h, 3, JCS_RGB, 0);
        assert_plain(w, h, INK[0], INK[1], INK[2]);
        make_jpeg(w, h, 4, JCS_CMYK, 0); /* INK x 240 / 255 */
        assert_plain(w, h, 188, 85, 28);
    }
    make_jpeg(8, 8, 2, JCS_UNKNOWN, 0);
    refuse(file, file_size, "cannot be read as a JPEG: Unsupported color conversion");
}

static void test_many_scans(void **state)
{
    (void)state;
    make_jpeg(8, 8, 1, JCS_GRAYSCALE, 7); /* 442 */
    assert_plain(8, 8, INK[0], INK[0], INK[0]);
    make_jpeg(8, 8, 1, JCS_GRAYSCALE, 8); /* 505 */
    refuse(file, file_size, "it has more than 500 scans");
}

static void test_cut_short(void **state)
{
    (void)state;
    use_pillows();
    refuse_beginnings();
    refuse(file, 3, "cannot be read as a JPEG: Premature end");
    refuse(file, file_size - 1, "cannot be read as a JPEG: Premature end");
    /* Cut, and closed with the marker of the end. */
    memcpy(file + file_size - 30, "\xff\xd9", 2);
    refuse(file, file_size - 28, "cannot be read as a JPEG: Corrupt JPEG data: premature end of");
    make_jpeg(20, 20, 1, JCS_GRAYSCALE, 1);
    refuse_beginnings();
}

/* JPEG has no checksums: much is read all the same, and nothing may be stepped over. */
static void test_changed(void **state)
{
    (void)state;
    use_pillows();
    change_bytes(NULL, false);
    make_jpeg(20, 20, 1, JCS_GRAYSCALE, 1);
    change_bytes(NULL, false);
    make_jpeg(20, 20, 4, JCS_CMYK, 0);
    change_bytes(NULL, false);
}

static void test_absurd_dimensions(void **state)
{
    (void)state;
    static const struct {
        unsigned width, height;
        const char *reason;
    } cases[] = {
        { 65500, 65500, "too large: 65500 x 65500 pixels" },
        { 8193, 8192, "too large: 8193 x 8192 pixels" },
        { 8192, 8192, "cannot be read as a JPEG: Corrupt JPEG data: premature end" },
        { 65535, 8, "cannot be read as a JPEG: Maximum supported image dimension" },
        { 0, 8, "cannot be read as a JPEG: Empty JPEG image" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        use_pillows();
        uint8_t *frame = file;
        while (frame[0] != 0xff || frame[1] != 0xc0)
            frame++;
        frame[5] = (uint8_t)(cases[i].height >> 8), frame[6] = (uint8_t)cases[i].height;
        frame[7] = (uint8_t)(cases[i].width >> 8), frame[8] = (uint8_t)cases[i].width;
        refuse(file, file_size, cases[i].reason);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pillow),     cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_many_scans), cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_changed),    cmocka_unit_test(test_absurd_dimensions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void test_lacking(void **state)
{
    (void)state;
    assert_true(image_kind_lacks_library(IMAGE_JPEG));
    refuse("\xff\xd8\xff\xe0 and more", 13, "a JPEG, and this build lacks libjpeg-turbo: install");
    refuse("\xff\xd8", 2, "neither a JPEG nor a PNG");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_lacking) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
