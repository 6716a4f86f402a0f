/* test_image_png.c - every kind of PNG, to the bit, and broken ones. */
#include "tests/image_file.h"

#ifdef HAVE_PNG

#include <png.h>

static void keep(png_structp png, png_bytep bytes, size_t size)
{
    (void)png;
    assert_true(size <= sizeof file - file_size);
    memcpy(file + file_size, bytes, size);
    file_size += size;
}

static unsigned sample(int x, int y, int c, int depth)
{
    return (2654435761u * (unsigned)(71 * x + 1009 * y + 131 * c + 1) >> 8) & ((1u << depth) - 1);
}

static uint8_t palette(unsigned index, int c)
{
    return (uint8_t)(83 * index + 29 * (unsigned)c + 7);
}

static void make_png(int width, int height, int type, int depth, bool interlaced)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    assert_non_null(info);
    file_size = 0;
    png_set_write_fn(png, NULL, keep, NULL);
    png_set_IHDR(png, info, (unsigned)width, (unsigned)height, depth, type,
                 interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_BASE,
                 PNG_FILTER_TYPE_BASE);
    png_set_gAMA_fixed(png, info, 80000); /* which is ignored, as transparency is */
    png_color colors[256];
    for (unsigned i = 0; i < 256; i++)
        colors[i] = (png_color){ palette(i, 0), palette(i, 1), palette(i, 2) };
    if (type == PNG_COLOR_TYPE_PALETTE)
        png_set_PLTE(png, info, colors, 1 << depth);
    if (!(type & PNG_COLOR_MASK_ALPHA))
        png_set_tRNS(png, info, (png_const_bytep) "\x00\x80", 2, &(png_color_16){ .gray = 1 });
    png_write_info(png, info);

    int channels = png_get_channels(png, info), passes = png_set_interlace_handling(png);
    for (int y = 0; y < passes * height; y++) {
        uint8_t row[70 * 8] = { 0 };
        for (int i = 0; i < width * channels; i++) {
            unsigned v = sample(i / channels, y % height, i % channels, depth);
            if (depth == 16)
                row[2 * i] = (uint8_t)(v >> 8), row[2 * i + 1] = (uint8_t)v;
            else
                row[i * depth / 8] |= (uint8_t)(v << (8 - depth - i * depth % 8));
        }
        png_write_row(png, row);
    }
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
}

static unsigned expected(int x, int y, int c, int type, int depth)
{
    if (type == PNG_COLOR_TYPE_PALETTE)
        return palette(sample(x, y, 0, depth), c);
    unsigned v = sample(x, y, type & PNG_COLOR_MASK_COLOR ? c : 0, depth);
    return depth == 16 ? v >> 8 : v * 255 / ((1u << depth) - 1);
}

static void test_kinds(void **state)
{
    (void)state;
    static const int kinds[][2] = {
        { PNG_COLOR_TYPE_GRAY, 1 },        { PNG_COLOR_TYPE_GRAY, 2 },
        { PNG_COLOR_TYPE_GRAY, 4 },        { PNG_COLOR_TYPE_GRAY, 8 },
        { PNG_COLOR_TYPE_GRAY, 16 },       { PNG_COLOR_TYPE_GRAY_ALPHA, 8 },
        { PNG_COLOR_TYPE_GRAY_ALPHA, 16 }, { PNG_COLOR_TYPE_PALETTE, 1 },
        { PNG_COLOR_TYPE_PALETTE, 2 },     { PNG_COLOR_TYPE_PALETTE, 4 },
        { PNG_COLOR_TYPE_PALETTE, 8 },     { PNG_COLOR_TYPE_RGB, 8 },
        { PNG_COLOR_TYPE_RGB, 16 },        { PNG_COLOR_TYPE_RGB_ALPHA, 8 },
        { PNG_COLOR_TYPE_RGB_ALPHA, 16 },
    };
    for (size_t k = 0; k < 2 * SIZE_COUNT * sizeof kinds / sizeof *kinds; k++) {
        const int *size = SIZES[k / 2 % SIZE_COUNT], *kind = kinds[k / 2 / SIZE_COUNT];
        make_png(size[0], size[1], kind[0], kind[1], k % 2);
        struct image m = accept(IMAGE_PNG, size[0], size[1]);
        for (int i = 0; i < 3 * m.width * m.height; i++) {
            int x = i / 3 % m.width, y = i / 3 / m.width, c = i % 3;
            unsigned v = expected(x, y, c, kind[0], kind[1]);
            if (m.pixels[i] != v)
                fail_msg("type %d, %d bits, %d x %d, %s: pixel %d, %d, channel %d is %d, not %u",
                         kind[0], kind[1], m.width, m.height, k % 2 ? "interlaced" : "plain", x, y,
                         c, m.pixels[i], v);
        }
        image_free(&m);
    }
}

/* A checksum guards every part of a PNG that its pixels depend on. */
static void test_broken(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) {
        bool colors = k / 2;
        make_png(9, 7, colors ? PNG_COLOR_TYPE_PALETTE : PNG_COLOR_TYPE_RGB_ALPHA, colors ? 4 : 8,
                 k % 2);
        refuse_beginnings();
        struct image m = accept(IMAGE_PNG, 9, 7);
        int read = change_bytes(&m, true); /* no more than gAMA and tRNS: 40 bytes */
        if (read > 2 * 40)
            fail_msg("%d of %zu changed files are read", read, 2 * file_size);
        image_free(&m);
    }
    make_png(9, 7, PNG_COLOR_TYPE_RGB, 8, false);
    memcpy(file + file_size, "more", 4); /* behind the end: nobody's business */
    file_size += 4;
    struct image m = accept(IMAGE_PNG, 9, 7);
    image_free(&m);
}

static void put_32(uint8_t *to, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void test_absurd_dimensions(void **state)
{
    (void)state;
    static const struct {
        uint32_t width, height;
        const char *reason;
    } cases[] = {
        { 0x7fffffff, 0x7fffffff, "too large: 2147483647 x 2147483647 pixels" },
        { 65536, 1, "too large: 65536 x 1 pixels" },
        { 1, 65536, "too large: 1 x 65536 pixels" },
        { 8193, 8192, "too large: 8193 x 8192 pixels" },
        { 8192, 8192, "cannot be read as a PNG: Not enough image data" },
        { 0, 5, "cannot be read as a PNG: Invalid IHDR data" },
        { 5, 0xffffffff, "cannot be read as a PNG: PNG unsigned integer out of range" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make_png(9, 7, PNG_COLOR_TYPE_RGB, 8, false);
        put_32(file + 16, cases[i].width);
        put_32(file + 20, cases[i].height);
        put_32(file + 29, crc32_of(file + 12, 17));
        refuse(file, file_size, cases[i].reason);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_absurd_dimensions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void test_lacking(void **state)
{
    (void)state;
    assert_true(image_kind_lacks_library(IMAGE_PNG));
    refuse("\x89PNG\r\n\x1a\n and more", 17, "a PNG, and this build lacks libpng: install");
    refuse("\x89PNG\r\n\x1a", 7, "neither a JPEG nor a PNG");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_lacking) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
