/* test_idx.c - labelled images: what is read, what is refused and why, and what is kept. */
#include "harness/idx.h" /* before cmocka.h, which has a macro named fail */
#include "tests/own_folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef HAVE_ZLIB
#include <zlib.h>
#endif
#include <cmocka.h>

static const char *const NAMES[] = {
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
};
enum { IMAGES, LABELS, IMAGES_Z, LABELS_Z };

static const char *name_of(int which)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, NAMES[which]);
    return path;
}

static void put_file(int which, const void *bytes, size_t size)
{
    put(name_of(which), bytes, size);
}

static void clear(void)
{
    for (int i = 0; i < 4; i++)
        unlink(name_of(i));
}

/* Three images of 2 x 3 pixels, 10, 11 ... 27, and their labels 1, 0, 7. */
#define PIXELS 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
static const unsigned char IMAGES_PLAIN[] = {
    0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 3, PIXELS
};
static const unsigned char LABELS_PLAIN[] = { 0, 0, 8, 1, 0, 0, 0, 3, 1, 0, 7 };

/* The same as Python's gzip module compresses them, and the labels with one too many. */
static const unsigned char IMAGES_GZ[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xff, 0x63, 0x60, 0xe0,
    0x60, 0x66, 0x60, 0x60, 0x00, 0x61, 0x26, 0x10, 0xcd, 0xc5, 0xcd, 0xc3, 0xcb,
    0xc7, 0x2f, 0x20, 0x28, 0x24, 0x2c, 0x22, 0x2a, 0x26, 0x2e, 0x21, 0x29, 0x25,
    0x0d, 0x00, 0xe8, 0xc2, 0xed, 0xff, 0x22, 0x00, 0x00, 0x00,
};

static const unsigned char LABELS_GZ[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xff, 0x63, 0x60, 0xe0, 0x60, 0x64, 0x60,
    0x60, 0x60, 0x66, 0x64, 0x60, 0x07, 0x00, 0x10, 0x43, 0xe6, 0x91, 0x0b, 0x00, 0x00, 0x00,
};

static const unsigned char LABELS_LONG_GZ[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xff, 0x63, 0x60, 0xe0, 0x60, 0x64, 0x60,
    0x60, 0x60, 0x66, 0x64, 0x60, 0x67, 0x02, 0x00, 0x86, 0x78, 0x2a, 0x21, 0x0c, 0x00, 0x00, 0x00,
};

/* A header that promises 1 GiB, and nothing behind it. */
static const unsigned char IMAGES_HUGE_GZ[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xff, 0x63, 0x60, 0xe0, 0x60, 0x66, 0x60,
    0xa8, 0xff, 0x0f, 0xc1, 0x0c, 0x8c, 0x00, 0xfd, 0xa3, 0x32, 0x6b, 0x10, 0x00, 0x00, 0x00,
};

static bool read_train(struct dataset *d, struct error *e)
{
    *e = (struct error){ "" };
    memset(d, 77, sizeof *d); /* what a failure must clear */
    bool good = idx_read(folder, "train", d, e);
    if (!good) {
        assert_null(d->pixels);
        assert_null(d->labels);
        assert_int_equal(d->count, 0);
    }
    return good;
}

static void assert_the_three(struct dataset *d)
{
    static const uint8_t pixels[] = { PIXELS };
    assert_int_equal(d->count, 3);
    assert_int_equal(d->channels, 1);
    assert_int_equal(d->height, 2);
    assert_int_equal(d->width, 3);
    assert_memory_equal(d->pixels, pixels, 18);
    assert_memory_equal(d->labels, LABELS_PLAIN + 8, 3);
    dataset_free(d);
    assert_null(d->pixels);
    dataset_free(d);
}

static void accept(void)
{
    struct dataset d;
    struct error e;
    if (!read_train(&d, &e))
        fail_msg("%s", e.text);
    assert_the_three(&d);
}

static void refuse(int which, const char *reason)
{
    struct dataset d;
    struct error e;
    if (read_train(&d, &e))
        fail_msg("accepted, and should be refused: %s", reason);
    assert_says(&e, name_of(which), reason);
}

static void test_plain(void **state)
{
    (void)state;
    put_file(IMAGES, IMAGES_PLAIN, sizeof IMAGES_PLAIN);
    put_file(LABELS, LABELS_PLAIN, sizeof LABELS_PLAIN);
    accept();
    /* A plain file comes first: what lies beside it with .gz is not looked at. */
    put_file(IMAGES_Z, "broken", 6);
    put_file(LABELS_Z, "broken", 6);
    accept();
    clear();
}

static void test_the_other_split(void **state)
{
    (void)state;
    struct dataset d;
    struct error e;
    put_file(IMAGES, IMAGES_PLAIN, sizeof IMAGES_PLAIN);
    put_file(LABELS, LABELS_PLAIN, sizeof LABELS_PLAIN);
    assert_false(idx_read(folder, "t10k", &d, &e));
    assert_says(&e, folder, "t10k-images-idx3-ubyte: not there, nor with .gz");
    clear();
}

/* The committed fixture is what its README says. */
static void test_fixture(void **state)
{
    (void)state;
    static const struct {
        const char *split;
        int each;
    } halves[] = { { "train", 1000 }, { "t10k", 100 } };
    for (int i = 0; i < 2; i++) {
        struct dataset d;
        struct error e;
        if (!idx_read("fixtures/mnist01", halves[i].split, &d, &e))
            fail_msg("%s (is this the top of the source tree?)", e.text);
        assert_int_equal(d.count, 2 * halves[i].each);
        assert_int_equal(d.height, 28);
        assert_int_equal(d.width, 28);
        int ones = 0;
        for (int k = 0; k < d.count; k++) {
            assert_in_range(d.labels[k], 0, 1);
            ones += d.labels[k];
        }
        assert_int_equal(ones, halves[i].each);
        dataset_free(&d);
    }
}

static void test_every_other_length(void **state)
{
    (void)state;
    unsigned char longer[64] = { 0 };
    put_file(LABELS, LABELS_PLAIN, sizeof LABELS_PLAIN);
    for (size_t size = 0; size < sizeof IMAGES_PLAIN; size++) {
        put_file(IMAGES, IMAGES_PLAIN, size);
        refuse(IMAGES, size < 16 ? "cut short in its header" : "short");
    }
    memcpy(longer, IMAGES_PLAIN, sizeof IMAGES_PLAIN);
    put_file(IMAGES, longer, sizeof IMAGES_PLAIN + 1);
    refuse(IMAGES, "too long for the 18 bytes");

    put_file(IMAGES, IMAGES_PLAIN, sizeof IMAGES_PLAIN);
    for (size_t size = 0; size < sizeof LABELS_PLAIN; size++) {
        put_file(LABELS, LABELS_PLAIN, size);
        refuse(LABELS, size < 8 ? "cut short in its header" : "too short for the 3 bytes");
    }
    memcpy(longer, LABELS_PLAIN, sizeof LABELS_PLAIN);
    put_file(LABELS, longer, sizeof LABELS_PLAIN + 1);
    refuse(LABELS, "too long for the 3 bytes");
    clear();
}

static void test_magic(void **state)
{
    (void)state;
    unsigned char bytes[sizeof IMAGES_PLAIN];
    put_file(LABELS, LABELS_PLAIN, sizeof LABELS_PLAIN);
    for (int bit = 0; bit < 32; bit++) {
        memcpy(bytes, IMAGES_PLAIN, sizeof bytes);
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        put_file(IMAGES, bytes, sizeof bytes);
        refuse(IMAGES, "not an IDX file of images");
    }
    put_file(IMAGES, IMAGES_PLAIN, sizeof IMAGES_PLAIN);
    put_file(LABELS, IMAGES_PLAIN, sizeof IMAGES_PLAIN);
    refuse(LABELS, "begins with 0x00000803, not 0x00000801: not an IDX file of labels");
    clear();
}

static void test_dimensions(void **state)
{
    (void)state;
    static const struct {
        uint32_t dim[3];
        const char *reason;
    } cases[] = {
        { { 0, 2, 3 }, "its dimension 1 is 0" },
        { { 3, 0, 3 }, "its dimension 2 is 0" },
        { { 3, 2, 0 }, "its dimension 3 is 0" },
        { { 0x80000000, 2, 3 }, "its dimension 1 is larger than 2^31 - 1" },
        { { 3, 0xffffffff, 3 }, "its dimension 2 is larger than 2^31 - 1" },
        { { 0x7fffffff, 0x7fffffff, 0x7fffffff }, "promises more than the file can hold" },
        { { 0x40000000, 0x40000000, 16 }, "promises more than the file can hold" }, /* 2^64 */
        { { 0x10000, 0x10000, 1 }, "promises more than the file can hold" },        /* 2^32 */
        { { 3, 20, 300 }, "promises more than the file can hold" },
        { { 3, 2, 4 }, "too short for the 24 bytes" },
        { { 3, 2, 2 }, "too long for the 12 bytes" },
        { { 2, 3, 3 }, "2 train images, but 3 labels" },
        { { 6, 1, 3 }, "6 train images, but 3 labels" },
    };
    put_file(LABELS, LABELS_PLAIN, sizeof LABELS_PLAIN);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dataset d;
        struct error e;
        unsigned char bytes[sizeof IMAGES_PLAIN];
        memcpy(bytes, IMAGES_PLAIN, sizeof bytes);
        for (int k = 0; k < 12; k++)
            bytes[4 + k] = (unsigned char)(cases[i].dim[k / 4] >> (24 - 8 * (k % 4)));
        put_file(IMAGES, bytes, sizeof bytes);
        assert_false(read_train(&d, &e));
        assert_says(&e, folder, cases[i].reason);
    }
    put_file(IMAGES, IMAGES_PLAIN, sizeof IMAGES_PLAIN);
    put_file(LABELS, "\0\0\x08\x01\0\0\0", 8);
    refuse(LABELS, "its dimension 1 is 0");
    put_file(LABELS, "\0\0\x08\x01\x7f\xff\xff\xff", 9);
    refuse(LABELS, "promises more than the file can hold");
    clear();
}

/* A file of this size with that header; nothing else of it is written or takes room on the disk. */
static bool put_sparse(const unsigned char header[16], off_t size)
{
    put_file(IMAGES, header, 16);
    return truncate(name_of(IMAGES), size) == 0;
}

static void test_each_byte_of_a_dimension_counts(void **state)
{
    (void)state;
    static const unsigned char header[16] = { 0, 0, 8, 3, 0, 0, 0, 1, 1, 2, 3, 4, 0, 0, 0, 1 };
    struct dataset d;
    struct error e;
    assert_true(put_sparse(header, 16 + 0x1020304));
    FILE *f = fopen(name_of(IMAGES), "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, -1, SEEK_END), 0);
    assert_int_equal(fputc(99, f), 99);
    fclose(f);
    put_file(LABELS, "\0\0\x08\x01\0\0\0\x01\x05", 9);
    if (!read_train(&d, &e))
        fail_msg("%s", e.text);
    assert_int_equal(d.count, 1);
    assert_int_equal(d.height, 0x1020304);
    assert_int_equal(d.width, 1);
    assert_int_equal(d.pixels[0], 0);
    assert_int_equal(d.pixels[0x1020304 - 1], 99);
    dataset_free(&d);
    clear();
}

/* In a large file there is room for products that overflow 64 bits, and for sizes beyond an int. */
static void test_large_file(void **state)
{
    (void)state;
    static const unsigned char wraps[16] = {
        0, 0, 8, 3, 0x40, 0, 0, 0, 0, 0, 0, 16, 0x40, 0, 0, 0
    };
    static const unsigned char beyond[16] = { 0, 0, 8, 3, 0x80, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1 };
    const off_t size = ((off_t)1 << 34) + 16;
    if (!put_sparse(wraps, size)) {
        clear();
        skip(); /* not on this file system */
    }
    refuse(IMAGES, "promises more than the file can hold");
    assert_true(put_sparse(beyond, size));
    refuse(IMAGES, "its dimension 1 is larger than 2^31 - 1");
    clear();
}

static void test_files_that_cannot_be_read(void **state)
{
    (void)state;
    struct dataset d;
    struct error e;
    refuse(IMAGES, "not there, nor with .gz; scripts/fetch-data.sh");
    put_file(IMAGES, IMAGES_PLAIN, sizeof IMAGES_PLAIN);
    refuse(LABELS, "not there, nor with .gz");
    assert_int_equal(mkdir(name_of(LABELS), 0755), 0);
    refuse(LABELS, "not a regular file");
    assert_int_equal(rmdir(name_of(LABELS)), 0);
    assert_int_equal(mkdir(name_of(LABELS_Z), 0755), 0);
    refuse(LABELS_Z, "not a regular file");
    assert_int_equal(rmdir(name_of(LABELS_Z)), 0);

    assert_false(idx_read(name_of(IMAGES), "train", &d, &e)); /* a file for a folder */
    assert_says(&e, name_of(IMAGES), "train-images-idx3-ubyte: Not a directory");
    char endless[5000];
    memset(endless, 'a', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    assert_false(idx_read(endless, "train", &d, &e));
    assert_says(&e, "aaa", "the name is too long");

    put_file(LABELS, LABELS_PLAIN, sizeof LABELS_PLAIN);
    assert_int_equal(chmod(name_of(LABELS), 0), 0);
    bool could = be_nobody();
    bool read = read_train(&d, &e);
    be_oneself();
    clear();
    if (!could)
        skip();
    assert_false(read);
    assert_says(&e, name_of(LABELS), "Permission denied");
}

#ifdef HAVE_ZLIB

static void test_gz(void **state)
{
    (void)state;
    put_file(IMAGES_Z, IMAGES_GZ, sizeof IMAGES_GZ);
    put_file(LABELS_Z, LABELS_GZ, sizeof LABELS_GZ);
    accept();
    put_file(LABELS, LABELS_PLAIN, sizeof LABELS_PLAIN); /* one so, one so */
    accept();
    unlink(name_of(LABELS));
    put_file(LABELS_Z, LABELS_LONG_GZ, sizeof LABELS_LONG_GZ);
    refuse(LABELS_Z, "too long for the 3 bytes");
    put_file(IMAGES_Z, IMAGES_HUGE_GZ, sizeof IMAGES_HUGE_GZ);
    refuse(IMAGES_Z, "promises more than the file can hold");
    clear();
}

static const unsigned char zeros[65536];

/* An image of 256 x 256 zeros, and its label. */
static void put_a_large_image(void)
{
    static const unsigned char header[16] = { 0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0 };
    gzFile f = gzopen(name_of(IMAGES_Z), "wb9");
    assert_non_null(f);
    assert_int_equal(gzwrite(f, header, sizeof header), sizeof header);
    assert_int_equal(gzwrite(f, zeros, sizeof zeros), sizeof zeros);
    assert_int_equal(gzclose(f), Z_OK);
    put_file(LABELS, "\0\0\x08\x01\0\0\0\x01\x05", 9);
}

/* Real images compress well: far more comes out than the file has. */
static void test_gz_that_compresses_well(void **state)
{
    (void)state;
    struct dataset d;
    struct error e;
    put_a_large_image();
    if (!read_train(&d, &e))
        fail_msg("%s", e.text);
    assert_int_equal(d.width, 256);
    assert_memory_equal(d.pixels, zeros, sizeof zeros);
    dataset_free(&d);
    clear();
}

/* But not more than deflate can make. */
static void test_gz_that_promises_what_deflate_cannot(void **state)
{
    (void)state;
    static const unsigned char header[16] = { 0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0 };
    gzFile f = gzopen(name_of(IMAGES_Z), "wb9");
    assert_non_null(f);
    assert_int_equal(gzwrite(f, header, sizeof header), sizeof header);
    assert_int_equal(gzclose(f), Z_OK);
    put_file(LABELS, LABELS_PLAIN, sizeof LABELS_PLAIN);
    refuse(IMAGES_Z, "promises more than the file can hold");
    clear();
}

static void test_broken_gz(void **state)
{
    (void)state;
    struct dataset d;
    struct error e;
    unsigned char bytes[sizeof IMAGES_GZ];
    put_file(LABELS, LABELS_PLAIN, sizeof LABELS_PLAIN);
    for (size_t size = 0; size < sizeof IMAGES_GZ; size++) {
        put_file(IMAGES_Z, IMAGES_GZ, size);
        refuse(IMAGES_Z, "");
    }
    /* Behind the ten bytes of header, any change is noticed or makes no difference. */
    for (size_t i = 10; i < sizeof IMAGES_GZ; i++) {
        for (int bit = 0; bit < 8; bit++) {
            memcpy(bytes, IMAGES_GZ, sizeof bytes);
            bytes[i] ^= (unsigned char)(1 << bit);
            put_file(IMAGES_Z, bytes, sizeof bytes);
            if (read_train(&d, &e))
                assert_the_three(&d); /* bits between the last code and the next byte */
            else
                assert_says(&e, name_of(IMAGES_Z), "");
        }
    }
    memcpy(bytes, IMAGES_GZ, sizeof bytes);
    bytes[sizeof bytes - 8] ^= 1; /* the checksum */
    put_file(IMAGES_Z, bytes, sizeof bytes);
    refuse(IMAGES_Z, "broken, or cut short");
    put_file(IMAGES_Z, IMAGES_GZ, sizeof IMAGES_GZ - 1);
    refuse(IMAGES_Z, "broken, or cut short");
    clear();
}

/* What zlib inflates straight into the image, and looks no further when that is full: the checksum
 * and the length behind it are read all the same. */
static void test_broken_end_of_a_large_gz(void **state)
{
    (void)state;
    static const size_t cuts[] = { 1, 4, 8, 9 };
    unsigned char bytes[4096];
    put_a_large_image();
    FILE *f = fopen(name_of(IMAGES_Z), "rb");
    assert_non_null(f);
    const size_t size = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    assert_in_range(size, 20, sizeof bytes - 1);
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        put_file(IMAGES_Z, bytes, size - cuts[i]);
        refuse(IMAGES_Z, "broken, or cut short");
    }
    for (size_t i = 1; i <= 8; i++) {
        bytes[size - i] ^= 1;
        put_file(IMAGES_Z, bytes, size);
        refuse(IMAGES_Z, "broken, or cut short");
        bytes[size - i] ^= 1;
    }
    clear();
}

#else

static void test_gz_without_zlib(void **state)
{
    (void)state;
    put_file(IMAGES_Z, IMAGES_GZ, sizeof IMAGES_GZ);
    put_file(LABELS_Z, LABELS_GZ, sizeof LABELS_GZ);
    refuse(IMAGES_Z, "zlib1g-dev");
    put_file(IMAGES, IMAGES_PLAIN, sizeof IMAGES_PLAIN);
    refuse(LABELS_Z, "zlib1g-dev");
    put_file(LABELS_Z, LABELS_LONG_GZ, sizeof LABELS_LONG_GZ);
    refuse(LABELS_Z, "zlib1g-dev");
    put_file(LABELS, LABELS_PLAIN, sizeof LABELS_PLAIN);
    accept(); /* a broken or unreadable .gz beside the plain file is not looked at */
    unlink(name_of(IMAGES));
    put_file(IMAGES_Z, IMAGES_HUGE_GZ, sizeof IMAGES_HUGE_GZ);
    refuse(IMAGES_Z, "zlib1g-dev");
    clear();
}

#endif

/* Ten images of two channels, 1 x 2 pixels each; image i is i in all four. */
static struct dataset ten(void)
{
    static const uint8_t labels[10] = { 2, 0, 1, 1, 0, 9, 2, 0, 1, 255 };
    struct dataset d = { .count = 10, .channels = 2, .height = 1, .width = 2 };
    d.pixels = malloc(40);
    d.labels = malloc(10);
    assert_true(d.pixels && d.labels);
    for (int i = 0; i < 40; i++)
        d.pixels[i] = (uint8_t)(i / 4);
    memcpy(d.labels, labels, 10);
    return d;
}

static void test_select(void **state)
{
    (void)state;
    static const struct {
        int classes, per_class, limit, count, kept[10];
    } cases[] = {
        { 256, 0, 0, 10, { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 } },
        { 255, 0, 0, 9, { 0, 1, 2, 3, 4, 5, 6, 7, 8 } },
        { 2, 0, 0, 6, { 1, 2, 3, 4, 7, 8 } },
        { 1, 0, 0, 3, { 1, 4, 7 } },
        { 3, 2, 0, 6, { 0, 1, 2, 3, 4, 6 } },
        { 2, 1, 0, 2, { 1, 2 } },
        { 2, 100, 100, 6, { 1, 2, 3, 4, 7, 8 } },
        { 2, 0, 4, 4, { 1, 2, 3, 4 } },
        { 3, 1, 2, 2, { 0, 1 } },
        { 10, 0, 1, 1, { 0 } },
    };
    static const uint8_t labels[10] = { 2, 0, 1, 1, 0, 9, 2, 0, 1, 255 };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error e = { "" };
        struct dataset d = ten();
        if (!dataset_select(&d, cases[i].classes, cases[i].per_class, cases[i].limit, &e))
            fail_msg("%s", e.text);
        assert_int_equal(d.count, cases[i].count);
        for (int k = 0; k < d.count; k++) {
            int image = cases[i].kept[k];
            assert_int_equal(d.labels[k], labels[image]);
            for (int p = 0; p < 4; p++)
                assert_int_equal(d.pixels[4 * k + p], image);
        }
        dataset_free(&d);
    }
}

static void test_select_nothing(void **state)
{
    (void)state;
    for (int classes = -1; classes <= 0; classes++) {
        struct error e = { "" };
        struct dataset d = ten(), before = ten();
        assert_false(dataset_select(&d, classes, 0, 0, &e));
        assert_says(&e, "none of the 10 images has a label below", "");
        assert_int_equal(d.count, 10);
        assert_memory_equal(d.pixels, before.pixels, 40);
        assert_memory_equal(d.labels, before.labels, 10);
        dataset_free(&d);
        dataset_free(&before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_the_other_split),
        cmocka_unit_test(test_fixture),
        cmocka_unit_test(test_every_other_length),
        cmocka_unit_test(test_magic),
        cmocka_unit_test(test_dimensions),
        cmocka_unit_test(test_each_byte_of_a_dimension_counts),
        cmocka_unit_test(test_large_file),
        cmocka_unit_test(test_files_that_cannot_be_read),
#ifdef HAVE_ZLIB
        cmocka_unit_test(test_gz),
        cmocka_unit_test(test_gz_that_compresses_well),
        cmocka_unit_test(test_gz_that_promises_what_deflate_cannot),
        cmocka_unit_test(test_broken_gz),
        cmocka_unit_test(test_broken_end_of_a_large_gz),
#else
        cmocka_unit_test(test_gz_without_zlib),
#endif
        cmocka_unit_test(test_select),
        cmocka_unit_test(test_select_nothing),
        cmocka_unit_test(test_nothing_is_left),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
