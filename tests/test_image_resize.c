/* test_image_resize.c - the reduction against what Pillow 9.4 makes of the same pixels.
 *
 * The values are those that this prints, for each pair of sizes (width, height):
 *
 *     from PIL import Image; import binascii
 *     def pattern(w, h):
 *         return bytes((37 * x + 91 * y + 53 * c + 7 * x * y) % 256
 *                      for y in range(h) for x in range(w) for c in range(3))
 *     out = Image.frombytes('RGB', (w, h), pattern(w, h)).resize(size).tobytes()
 *     print(list(out), hex(binascii.crc32(out)))
 */
#include "tests/image_file.h"

/* Both images lie tight in memory of their own: a sanitizer sees a step beside them. */
static struct image make_pattern(int width, int height)
{
    struct image m = { .width = width, .height = height };
    uint8_t *p = m.pixels = malloc((size_t)width * (size_t)height * 3);
    assert_non_null(p);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < 3; c++)
                *p++ = (uint8_t)(37 * x + 91 * y + 53 * c + 7 * x * y);
    return m;
}

static uint8_t *resized(const struct image *m, int width, int height)
{
    uint8_t *out = malloc((size_t)width * (size_t)height * 3);
    assert_non_null(out);
    assert_true(image_resize(m, width, height, out));
    return out;
}

static void test_values(void **state)
{
    (void)state;
    static const struct {
        int w, h, to_w, to_h;
        uint8_t value[60];
    } cases[] = {
        { 1, 1, 2, 2, { 0, 53, 106, 0, 53, 106, 0, 53, 106, 0, 53, 106 } },
        { 5, 3, 2, 2, { 68, 122, 155, 127, 139, 167, 159, 140, 112, 106, 112, 147 } },
        { 13, 9, 4, 3, { 113, 130, 141, 129, 135, 139, 119, 123, 136, 122, 143, 126,
                         122, 144, 122, 145, 134, 122, 131, 134, 118, 137, 128, 132,
                         125, 118, 143, 128, 121, 126, 126, 128, 124, 132, 100, 144 } },
        { 2,
          3,
          5,
          4,
          { 0,   44,  97,  0,   50,  103, 14,  67,  120, 30,  83,  136, 36,  89,  142,
            48,  98,  171, 53,  107, 177, 71,  133, 195, 89,  159, 213, 95,  168, 219,
            127, 189, 137, 134, 181, 145, 155, 160, 166, 175, 139, 186, 183, 131, 193,
            182, 255, 18,  190, 226, 26,  213, 131, 50,  235, 36,  72,  243, 0,   80 } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct image m = make_pattern(cases[i].w, cases[i].h);
        uint8_t *out = resized(&m, cases[i].to_w, cases[i].to_h);
        for (int j = 0; j < cases[i].to_w * cases[i].to_h * 3; j++)
            if (out[j] != cases[i].value[j])
                fail_msg("%d x %d to %d x %d: value %d is %d, not %d", cases[i].w, cases[i].h,
                         cases[i].to_w, cases[i].to_h, j, out[j], cases[i].value[j]);
        free(out);
        image_free(&m);
    }
}

static void test_checksums(void **state)
{
    (void)state;
    static const struct {
        int w, h, to_w, to_h;
        uint32_t crc;
    } cases[] = {
        { 128, 128, 32, 32, 0xa9840a11 }, { 301, 77, 32, 32, 0xd97c47ae },
        { 7, 5, 64, 33, 0x5942c9c5 },     { 1, 200, 32, 32, 0xe080ace5 },
        { 200, 1, 3, 7, 0x54ca772d },     { 40, 30, 40, 10, 0xc9e5b366 },
        { 40, 30, 11, 30, 0xe1ea4b94 },   { 1000, 600, 1, 1, 0x7669cb06 },
        { 33, 33, 32, 32, 0xb75e8f1e },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct image m = make_pattern(cases[i].w, cases[i].h);
        uint8_t *out = resized(&m, cases[i].to_w, cases[i].to_h);
        uint32_t crc = crc32_of(out, (size_t)(cases[i].to_w * cases[i].to_h * 3));
        if (crc != cases[i].crc)
            fail_msg("%d x %d to %d x %d: %08x, not %08x", cases[i].w, cases[i].h, cases[i].to_w,
                     cases[i].to_h, crc, cases[i].crc);
        free(out);
        image_free(&m);
    }
}

static void test_same_size(void **state)
{
    (void)state;
    struct image m = make_pattern(31, 17);
    uint8_t *out = resized(&m, 31, 17);
    assert_memory_equal(out, m.pixels, 31 * 17 * 3);
    free(out);
    image_free(&m);
}

/* The weights of an output sum to one: a plain surface stays as it is, white and black too. */
static void test_plain(void **state)
{
    (void)state;
    static const int sizes[] = { 1, 2, 3, 7, 32, 33, 100, 333 };
    enum { COUNT = sizeof sizes / sizeof *sizes };
    for (int i = 0; i < COUNT * COUNT; i++) {
        int from = sizes[i / COUNT], to = sizes[i % COUNT];
        struct image m = make_pattern(from, from);
        for (int j = 0; j < from * from * 3; j++)
            m.pixels[j] = (uint8_t[]){ 255, 0, 131 }[j % 3];
        uint8_t *out = resized(&m, to, to);
        for (int j = 0; j < to * to * 3; j++)
            assert_int_equal(out[j], ((int[]){ 255, 0, 131 })[j % 3]);
        free(out);
        image_free(&m);
    }
}

/* The longest side that is read, to one pixel and to as many again. */
static void test_longest(void **state)
{
    (void)state;
    struct image m = make_pattern(IMAGE_MAX_SIDE, 1);
    for (int to = 1; to <= IMAGE_MAX_SIDE; to += IMAGE_MAX_SIDE - 1) {
        uint8_t *across = resized(&m, to, 1);
        struct image turned = { .width = 1, .height = m.width, .pixels = m.pixels };
        uint8_t *down = resized(&turned, 1, to);
        assert_memory_equal(across, down, (size_t)to * 3);
        free(across);
        free(down);
    }
    image_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),    cmocka_unit_test(test_checksums),
        cmocka_unit_test(test_same_size), cmocka_unit_test(test_plain),
        cmocka_unit_test(test_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
