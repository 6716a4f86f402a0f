/* image_file.h - an image file in memory, whole, cut and changed: for the tests of PNG and JPEG. */
#ifndef TESTS_IMAGE_FILE_H
#define TESTS_IMAGE_FILE_H

#include "harness/image.h" /* before cmocka.h, which has a macro named fail */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint8_t file[1 << 17]; /* what a test has made, as it would be on disk */
static size_t file_size;

static inline void assert_says(const struct error *e, const char *name, const char *reason)
{
    if (strncmp(e->text, name, strlen(name)) != 0 || !strstr(e->text, reason) ||
        strchr(e->text, '\n'))
        fail_msg("'%s' should be one line that begins with '%s' and says '%s'", e->text, name,
                 reason);
}

/* From memory of just that size, so that a sanitizer sees a step behind it. */
static inline bool parse(const void *bytes, size_t size, struct image *m, struct error *e)
{
    uint8_t *tight = malloc(size ? size : 1);
    assert_non_null(tight);
    memcpy(tight, bytes, size);
    *e = (struct error){ "" };
    memset(m, 77, sizeof *m); /* what a failure must clear */
    bool good = image_parse("it.gif", tight, size, m, e);
    free(tight);
    assert_int_equal(good, m->pixels != NULL);
    assert_true(good ? e->text[0] == '\0' : m->width == 0 && m->height == 0);
    if (!good)
        assert_says(e, "it.gif: ", "");
    return good;
}

static inline void refuse(const void *bytes, size_t size, const char *reason)
{
    struct image m;
    struct error e;
    if (parse(bytes, size, &m, &e))
        fail_msg("%zu bytes accepted, and should be refused: %s", size, reason);
    assert_says(&e, "it.gif: ", reason);
}

static inline struct image accept(enum image_kind kind, int width, int height)
{
    struct image m;
    struct error e;
    if (!parse(file, file_size, &m, &e))
        fail_msg("%s", e.text);
    assert_int_equal(m.kind, kind);
    assert_int_equal(m.width, width);
    assert_int_equal(m.height, height);
    return m;
}

/* Every beginning of the file is refused, also the one that lacks its last byte only. */
static inline void refuse_beginnings(void)
{
    for (size_t size = 0; size < file_size; size++)
        refuse(file, size, "");
}

/* Every byte changed, in one bit and in all; how many of these files are read all the same. With
 * `sure` they must have the pixels of `whole`. */
static inline int change_bytes(const struct image *whole, bool sure)
{
    int read = 0;
    for (size_t i = 0; i < 2 * file_size; i++) {
        struct image m;
        struct error e;
        uint8_t change = i % 2 ? 0xff : (uint8_t)(1 << i / 2 % 8);
        file[i / 2] ^= change;
        bool good = parse(file, file_size, &m, &e);
        read += good;
        if (good && sure)
            assert_memory_equal(m.pixels, whole->pixels, (size_t)(3 * m.width * m.height));
        file[i / 2] ^= change;
        image_free(&m);
    }
    return read;
}

static inline uint32_t crc32_of(const uint8_t *bytes, size_t size)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static const int SIZES[][2] = { { 1, 1 }, { 1, 9 }, { 9, 1 }, { 17, 13 }, { 16, 8 }, { 70, 33 } };
enum { SIZE_COUNT = sizeof SIZES / sizeof *SIZES };

#endif
