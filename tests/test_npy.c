/* test_npy.c - .npy files: what is read, what is refused and why, and that a file is whole or not
 * there.
 */
#include "harness/npy.h" /* before cmocka.h, which has a macro named fail */
#include "tests/own_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* A file in memory of exactly its size, so that AddressSanitizer sees a step too far. */
struct file {
    unsigned char *at;
    size_t size;
};

static struct file make(int version, const char *dictionary, const void *data, size_t size)
{
    size_t start = version == 1 ? 10 : 12, length = strlen(dictionary);
    struct file f = { malloc(start + length + size), start + length + size };
    assert_non_null(f.at);
    memcpy(f.at, "\x93NUMPY", 6);
    f.at[6] = (unsigned char)version;
    f.at[7] = 0;
    for (size_t i = 8; i < start; i++)
        f.at[i] = (unsigned char)(length >> 8 * (i - 8));
    memcpy(f.at + start, dictionary, length);
    if (size)
        memcpy(f.at + start + length, data, size);
    return f;
}

static bool parse(struct file f, struct npy *a, struct error *e)
{
    /* What a failure must clear. */
    *a = (struct npy){ .rank = 77, .count = 77, .data = (double *)folder };
    bool good = npy_parse("some.npy", f.at, f.size, a, e);
    if (!good) {
        assert_null(a->data);
        assert_int_equal(a->rank, 0);
        assert_int_equal(a->count, 0);
    }
    return good;
}

static void refuse(struct file f, const char *reason)
{
    struct npy a;
    struct error e = { "" };
    if (parse(f, &a, &e))
        fail_msg("accepted, and should be refused: %s", reason);
    assert_says(&e, "some.npy: ", reason);
}

static void refuse_header(int version, const char *dictionary, size_t data, const char *reason)
{
    static const char zeros[256];
    struct file f = make(version, dictionary, zeros, data);
    refuse(f, reason);
    free(f.at);
}

static void accept(int version, const char *dictionary, size_t data, int rank, size_t count)
{
    static const char zeros[256];
    struct file f = make(version, dictionary, zeros, data);
    struct npy a;
    struct error e;
    if (!parse(f, &a, &e))
        fail_msg("refused: %s: %s", dictionary, e.text);
    assert_int_equal(a.rank, rank);
    assert_int_equal(a.count, count);
    assert_non_null(a.data);
    npy_free(&a);
    assert_null(a.data);
    npy_free(&a);
    free(f.at);
}

/* Files as NumPy 1.24 writes them, byte for byte (each literal adds one NUL, which is not meant).
 */
static const char F4_2_3[] =
    "\223NUMPY\001\000v\000{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), "
    "}                                                          \n"
    "\000\000\000\000\000\000\200?\000\000\000@\000\000@@\000\000\200@\000\000\240@";

static const char F8_SCALAR[] =
    "\223NUMPY\001\000v\000{'descr': '<f8', 'fortran_order': False, 'shape': (), }   "
    "                                                           \n"
    "\000\000\000\000\000\000\370?";

static const char F4_EMPTY[] =
    "\223NUMPY\001\000v\000{'descr': '<f4', 'fortran_order': False, 'shape': (0, 2, 3"
    ", 4), }                                                    \n";

static const char F8_VERSION_2[] =
    "\223NUMPY\002\000t\000\000\000{'descr': '<f8', 'fortran_order': False, 'shape': "
    "(2,), }                                                          \n"
    "\000\000\000\000\000\000\370?\000\000\000\000\000\000\000\300";

static const char F4_VERSION_3[] =
    "\223NUMPY\003\000t\000\000\000{'descr': '<f4', 'fortran_order': False, 'shape': "
    "(1, 1), }                                                        \n"
    "\000\000\000?";

static const char F4_FORTRAN[] =
    "\223NUMPY\001\000v\000{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }"
    "                                                           \n"
    "\000\000\000\000\000\000\000@\000\000\200?\000\000@@";

static const char STRUCTURED[] =
    "\223NUMPY\001\000v\000{'descr': [('a', '<f4')], 'fortran_order': False, 'shape':"
    " (1,), }                                                   \n"
    "\000\000\000\000";

static const char STRING[] =
    "\223NUMPY\001\000v\000{'descr': '<U5', 'fortran_order': False, 'shape': (), }   "
    "                                                           \n"
    "m\000\000\000n\000\000\000i\000\000\000s\000\000\000t\000\000\000";

static const char STRING_EMPTY[] =
    "\223NUMPY\001\000v\000{'descr': '<U1', 'fortran_order': False, 'shape': (), }   "
    "                                                           \n"
    "\000\000\000\000";

static const char STRING_UMLAUT[] =
    "\223NUMPY\001\000v\000{'descr': '<U4', 'fortran_order': False, 'shape': (), }   "
    "                                                           \n"
    "g\000\000\000r\000\000\000\374\000\000\000n\000\000\000";

static const char STRINGS[] =
    "\223NUMPY\001\000v\000{'descr': '<U2', 'fortran_order': False, 'shape': (1,), } "
    "                                                           \n"
    "a\000\000\000b\000\000\000";

#define LITERAL(x) ((struct file){ (unsigned char *)(x), sizeof(x) - 1 })

static void test_reads_what_numpy_writes(void **state)
{
    (void)state;
    struct npy a;
    struct error e;
    assert_true(parse(LITERAL(F4_2_3), &a, &e));
    assert_int_equal(a.rank, 2);
    assert_int_equal(a.dim[0], 2);
    assert_int_equal(a.dim[1], 3);
    assert_int_equal(a.count, 6);
    for (int i = 0; i < 6; i++)
        assert_true(a.data[i] == i);
    npy_free(&a);

    assert_true(parse(LITERAL(F8_SCALAR), &a, &e));
    assert_int_equal(a.rank, 0);
    assert_int_equal(a.count, 1);
    assert_true(a.data[0] == 1.5);
    npy_free(&a);

    assert_true(parse(LITERAL(F4_EMPTY), &a, &e));
    assert_int_equal(a.rank, 4);
    assert_int_equal(a.dim[0], 0);
    assert_int_equal(a.dim[3], 4);
    assert_int_equal(a.count, 0);
    assert_non_null(a.data);
    npy_free(&a);

    assert_true(parse(LITERAL(F8_VERSION_2), &a, &e));
    assert_int_equal(a.rank, 1);
    assert_int_equal(a.dim[0], 2);
    assert_true(a.data[0] == 1.5 && a.data[1] == -2);
    npy_free(&a);

    assert_true(parse(LITERAL(F4_VERSION_3), &a, &e));
    assert_int_equal(a.rank, 2);
    assert_true(a.data[0] == 0.5);
    npy_free(&a);
}

static void test_header_is_numpys_own(void **state)
{
    (void)state;
    char header[NPY_HEADER_MAX];
    assert_int_equal(npy_header(header, 2, (int[]){ 2, 3 }, 4), 128);
    assert_memory_equal(header, F4_2_3, 128);
    assert_int_equal(npy_header(header, 0, NULL, 8), 128);
    assert_memory_equal(header, F8_SCALAR, 128);
    assert_int_equal(npy_header(header, 4, (int[]){ 0, 2, 3, 4 }, 4), 128);
    assert_memory_equal(header, F4_EMPTY, 128);
}

static void test_accepts_any_order_and_spacing(void **state)
{
    (void)state;
    accept(1, "{'shape': (2, 3), 'fortran_order': False, 'descr': '<f4'}\n", 24, 2, 6);
    accept(1, "{'fortran_order':False,'shape':(2,3),'descr':'<f8',}      \n", 48, 2, 6);
    accept(1, " { 'descr' : '<f4' , 'fortran_order' : False , 'shape' : ( 3 , ) , } \n", 12, 1, 3);
    accept(2, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3,)}\n", 24, 2, 6);
    accept(3, "{'descr': '<f4', 'fortran_order': False, 'shape': ()}\n", 4, 0, 1);
    accept(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3, 4)}\n", 96, 4, 24);
}

static void test_zero_dimensions(void **state)
{
    (void)state;
    accept(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (0,)}\n", 0, 1, 0);
    accept(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 0, 3)}\n", 0, 3, 0);
    accept(1,
           "{'descr': '<f8', 'fortran_order': False, "
           "'shape': (2147483647, 2147483647, 2147483647, 0)}\n",
           0, 4, 0);
    refuse_header(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 0, 3)}\n", 4,
                  "too long: its header promises 0 bytes");
}

static void test_refuses_dictionaries(void **state)
{
    (void)state;
    static const struct {
        const char *dictionary, *reason;
    } cases[] = {
        { "\n", "not a dictionary" },
        { "['descr', '<f4']\n", "not a dictionary" },
        { "{}\n", "lacks" },
        { "{'descr': '<f4', 'fortran_order': False}\n", "lacks" },
        { "{'descr': '<f4', 'shape': (1,)}\n", "lacks" },
        { "{'fortran_order': False, 'shape': (1,)}\n", "lacks" },
        { "{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}\n", "not a dictionary" },
        { "{'descr' '<f4', 'fortran_order': False, 'shape': (1,)}\n", "not a dictionary" },
        { "{,'descr': '<f4', 'fortran_order': False, 'shape': (1,)}\n", "not a dictionary" },
        { "{'descr': '<f4',, 'fortran_order': False, 'shape': (1,)}\n", "not a dictionary" },
        { "{'descr': '<f4', 'fortran_order': Falsehood, 'shape': (1,)}\n", "not a dictionary" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)\n", "not a dictionary" },
        { "{'a key that is far too long': 1}\n", "not a dictionary" },
        { "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}\n", "twice" },
        { "{'descr': '<f4', 'fortran_order': False, 'fortran_order': False, 'shape': (1,)}\n",
          "twice" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'shape': (1,)}\n", "twice" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}\n", "unknown" },
        { "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}\n", "neither True nor False" },
        { "{'descr': '<f4', 'fortran_order': True, 'shape': (1,)}\n", "Fortran order" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "newline" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x\n", "newline" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}\n\n", "newline" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1)}\n", "not a tuple" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': [1]}\n", "not a tuple" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': 1}\n", "not a tuple" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (,)}\n", "tuple of sizes" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,,)}\n", "tuple of sizes" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1 1)}\n", "tuple of sizes" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}\n", "tuple of sizes" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1.0,)}\n", "tuple of sizes" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (0x1,)}\n", "tuple of sizes" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (None,)}\n", "tuple of sizes" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1)}\n", "four" },
        { "{'descr': '<f4, 'fortran_order': False, 'shape': (1,)}\n", "not a dictionary" },
        { "{'descr': '<f4\t', 'fortran_order': False, 'shape': (1,)}\n", "not a plain one" },
        { "{'descr': 4, 'fortran_order': False, 'shape': (1,)}\n", "not a plain one" },
        { "{'descr': '<f4456789012345', 'fortran_order': False, 'shape': (1,)}\n", "only '<f4'" },
        { "{'descr': '<f44567890123456', 'fortran_order': False, 'shape': (1,)}\n", "a plain one" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuse_header(1, cases[i].dictionary, 4, cases[i].reason);
    refuse(LITERAL(F4_FORTRAN), "Fortran order");
    refuse(LITERAL(STRUCTURED), "not a plain one");
}

static void test_refuses_other_dtypes(void **state)
{
    (void)state;
    static const char *const dtypes[] = { ">f4", ">f8", "<f2", "<i4", "|u1",  "|b1",
                                          "<c8", "f4",  "",    "<U1", "<f4 ", "<f16" };
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        char dictionary[100], reason[40];
        snprintf(dictionary, sizeof dictionary,
                 "{'descr': '%s', 'fortran_order': False, 'shape': (1,)}\n", dtypes[i]);
        snprintf(reason, sizeof reason, "its dtype is '%s'", dtypes[i]);
        refuse_header(1, dictionary, 4, reason);
    }
}

static void test_refuses_magic_and_versions(void **state)
{
    (void)state;
    for (size_t i = 0; i < 8; i++) {
        for (int bit = 0; bit < 8; bit++) {
            if (i == 6 && (1 ^ 1 << bit) == 3)
                continue; /* version 3.0: its length field is another, tried below */
            struct file f = { malloc(sizeof F4_2_3 - 1), sizeof F4_2_3 - 1 };
            memcpy(f.at, F4_2_3, f.size);
            f.at[i] ^= (unsigned char)(1 << bit);
            refuse(f, i < 6 ? "not an .npy file" : "format version");
            free(f.at);
        }
    }
    refuse(LITERAL("PK\003\004 and no array at all"), "not an .npy file");
    /* A header that is longer than the file, in either width of the length. */
    refuse(LITERAL("\223NUMPY\001\000\377\377{'descr'"), "cut short in its header");
    refuse(LITERAL("\223NUMPY\002\000\377\377\377\377{'descr'"), "cut short in its header");
    refuse(LITERAL("\223NUMPY\003\000\000\000\000\001{'descr'"), "cut short in its header");
}

static void test_refuses_every_other_length(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } files[] = {
        { F4_2_3, sizeof F4_2_3 - 1 },
        { F8_SCALAR, sizeof F8_SCALAR - 1 },
        { F8_VERSION_2, sizeof F8_VERSION_2 - 1 },
        { F4_VERSION_3, sizeof F4_VERSION_3 - 1 },
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const size_t header = 128;
        for (size_t size = 0; size < files[i].size; size++) {
            struct file f = { malloc(size ? size : 1), size };
            memcpy(f.at, files[i].bytes, size);
            refuse(f, size < 6        ? "not an .npy file"
                      : size < header ? "cut short in its header"
                                      : "cut short: ");
            free(f.at);
        }
        for (size_t more = 1; more < 9; more++) {
            struct file f = { calloc(files[i].size + more, 1), files[i].size + more };
            memcpy(f.at, files[i].bytes, files[i].size);
            refuse(f, "too long");
            free(f.at);
        }
    }
}

/* The length field says less than the dictionary has: what follows is not looked at. */
static void test_refuses_every_shorter_header(void **state)
{
    (void)state;
    static const char whole[] = "{'shape': (2, 3), 'fortran_order': False, 'descr': '<f4'}   \n";
    for (size_t length = 0; length + 1 < sizeof whole - 1; length++) {
        char part[sizeof whole] = "";
        memcpy(part, whole, length);
        struct file f = make(1, part, NULL, 0);
        refuse(f, "");
        free(f.at);
    }
    for (int length = 0; length < 0x76; length++) {
        struct file f = { malloc(sizeof F4_2_3 - 1), sizeof F4_2_3 - 1 };
        memcpy(f.at, F4_2_3, f.size);
        f.at[8] = (unsigned char)length;
        refuse(f, "");
        free(f.at);
    }
}

static void test_accepts_long_headers(void **state)
{
    (void)state;
    static char padded[70000];
    memset(padded, ' ', sizeof padded - 1);
    memcpy(padded, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", 55);
    padded[sizeof padded - 2] = '\n';
    accept(2, padded, 12, 1, 3);
    padded[399] = '\n';
    padded[400] = '\0';
    accept(1, padded, 12, 1, 3);
}

static void test_refuses_absurd_sizes(void **state)
{
    (void)state;
    static const struct {
        const char *shape, *reason;
    } cases[] = {
        { "(2147483648,)", "larger than 2^31 - 1" },
        { "(4294967297,)", "larger than 2^31 - 1" },           /* 1, cut to 32 bits */
        { "(18446744073709551617,)", "larger than 2^31 - 1" }, /* 1, cut to 64 bits */
        { "(99999999999999999999999999999999999999999, 0)", "larger than 2^31 - 1" },
        { "(2147483647,)", "cut short: its header promises more" },
        { "(2147483647, 2147483647, 2147483647, 2147483647)", "cut short: its header promises" },
        { "(65536, 65536, 65536, 65536)", "cut short: its header promises" }, /* 2^64 elements */
        { "(1073741824, 1073741824, 2, 2)",
          "cut short: its header promises" }, /* 2^62: 2^64 bytes */
        { "(1073741824, 1073741824, 2)", "cut short: its header promises" },
        { "(1, 2)", "cut short: its header promises" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int data = 0; data <= 4; data += 4) {
            char text[160];
            for (int width = 4; width <= 8; width += 4) {
                snprintf(text, sizeof text,
                         "{'descr': '<f%d', 'fortran_order': False, 'shape': %s}\n", width,
                         cases[i].shape);
                refuse_header(1, text, (size_t)data, cases[i].reason);
            }
        }
    }
}

/* Whatever is in the file, parsing stays inside it and a success holds together. */
static void test_survives_noise(void **state)
{
    (void)state;
    uint64_t random = 1;
    struct npy a;
    struct error e;
    for (int i = 0; i < 200000; i++) {
        struct file f = { malloc(sizeof F4_2_3 - 1), sizeof F4_2_3 - 1 };
        memcpy(f.at, F4_2_3, f.size);
        for (int k = 0; k <= i % 3; k++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            f.at[(random >> 33) % 72] = (unsigned char)(random >> 56);
        }
        if (parse(f, &a, &e)) {
            size_t count = 1;
            for (int k = 0; k < a.rank; k++)
                count *= (size_t)a.dim[k];
            assert_int_equal(a.count, count);
            assert_true(count == 6 || count == 3);
            npy_free(&a);
        } else {
            assert_says(&e, "some.npy: ", "");
        }
        free(f.at);
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    enum { MOST = 2 * 3 * 4 * 5 };
    float single[MOST];
    double both[MOST];
    const int dim[] = { 2, 3, 4, 5 };
    for (int i = 0; i < MOST; i++) {
        single[i] = (float)i / 7 - 3;
        both[i] = (double)i / 7 - 3;
    }
    const char *path = in_folder("a.npy");
    for (int rank = 0; rank <= 4; rank++) {
        struct npy a;
        struct error e;
        size_t count = 1;
        for (int i = 0; i < rank; i++)
            count *= (size_t)dim[i];

        assert_true(npy_write(path, rank, dim, single, 4, &e));
        assert_true(npy_read(path, &a, &e));
        assert_int_equal(a.rank, rank);
        assert_int_equal(a.count, count);
        for (int i = 0; i < NPY_MAX_RANK; i++)
            assert_int_equal(a.dim[i], i < rank ? dim[i] : 0);
        for (size_t i = 0; i < count; i++)
            assert_true(a.data[i] == (double)single[i]);
        npy_free(&a);

        assert_true(npy_write(path, rank, dim, both, 8, &e)); /* over the file that is there */
        assert_true(npy_read(path, &a, &e));
        assert_int_equal(a.count, count);
        assert_memory_equal(a.data, both, count * sizeof *both);
        npy_free(&a);
        assert_int_equal(names_in(folder), 1);
    }
    struct npy a;
    struct error e;
    assert_true(npy_write(path, 2, (int[]){ 3, 0 }, NULL, 4, &e));
    assert_true(npy_read(path, &a, &e));
    assert_int_equal(a.rank, 2);
    assert_int_equal(a.count, 0);
    npy_free(&a);
    unlink(path);
}

static void test_special_values_keep_their_bits(void **state)
{
    (void)state;
    static const uint32_t single[] = {
        0x00000000, 0x80000000, 0x00000001, 0x807fffff, 0x00800000, 0x7f7fffff,
        0x7f800000, 0xff800000, 0x7fc00000, 0x7fc12345, 0xffffffff,
    };
    static const uint64_t both[] = {
        0x8000000000000000, 0x0000000000000001, 0x7fefffffffffffff, 0x7ff0000000000000,
        0x7ff8000000000000, 0x7ff8000012345678, 0xffffffffffffffff, 0x7ff0000000000001,
    };
    enum { SINGLES = sizeof single / sizeof *single, DOUBLES = sizeof both / sizeof *both };
    const char *path = in_folder("special.npy");
    struct npy a;
    struct error e;
    assert_true(npy_write(path, 1, (int[]){ SINGLES }, single, 4, &e));
    assert_true(npy_read(path, &a, &e));
    for (int i = 0; i < SINGLES; i++) {
        float f = (float)a.data[i];
        uint32_t bits;
        memcpy(&bits, &f, 4);
        assert_int_equal(bits, single[i]);
    }
    npy_free(&a);
    assert_true(npy_write(path, 1, (int[]){ DOUBLES }, both, 8, &e));
    assert_true(npy_read(path, &a, &e));
    assert_memory_equal(a.data, both, sizeof both);
    npy_free(&a);
    unlink(path);
}

static void test_files_that_cannot_be_read(void **state)
{
    (void)state;
    struct npy a;
    struct error e;
    const char *path = in_folder("absent.npy");
    a = (struct npy){ .rank = 77, .count = 77, .data = (double *)folder };
    assert_false(npy_read(path, &a, &e));
    assert_says(&e, path, "No such file");
    assert_null(a.data);
    assert_false(npy_read(folder, &a, &e));
    assert_says(&e, folder, "not a regular file");
    assert_false(npy_read("/dev/null", &a, &e));
    assert_says(&e, "/dev/null: ", "not a regular file");

    path = in_folder("empty.npy");
    put(path, "", 0);
    assert_false(npy_read(path, &a, &e));
    assert_says(&e, path, "not an .npy file");
    put(path, F4_2_3, sizeof F4_2_3 - 2);
    assert_false(npy_read(path, &a, &e));
    assert_says(&e, path, "cut short");
    unlink(path);
}

static void test_permissions(void **state)
{
    (void)state;
    struct npy a;
    struct error e;
    char file[512], target[512];
    snprintf(file, sizeof file, "%s", in_folder("closed.npy"));
    snprintf(target, sizeof target, "%s", in_folder("locked/a.npy"));
    put(file, F4_2_3, sizeof F4_2_3 - 1);
    assert_int_equal(chmod(file, 0), 0);
    assert_int_equal(mkdir(in_folder("locked"), 0555), 0);
    bool could = be_nobody();
    bool read = npy_read(file, &a, &e), written = false;
    struct error writing = { "" };
    if (could)
        written = npy_write(target, 0, NULL, &(float){ 1 }, 4, &writing);
    be_oneself();
    int names = names_in(in_folder("locked"));
    rmdir(in_folder("locked"));
    unlink(file);
    if (!could)
        skip();
    assert_false(read);
    assert_says(&e, file, "Permission denied");
    assert_false(written);
    assert_says(&writing, target, "cannot be written: Permission denied");
    assert_int_equal(names, 0);
}

/* In a folder like /tmp anybody may make a file, and nobody replace another one's. */
static void test_rename_refused(void **state)
{
    (void)state;
    struct error e = { "" };
    char target[512];
    if (geteuid() != 0)
        skip(); /* only root can make a file that is somebody else's */
    snprintf(target, sizeof target, "%s", in_folder("sticky/a.npy"));
    assert_int_equal(mkdir(in_folder("sticky"), 0700), 0);
    assert_int_equal(chmod(in_folder("sticky"), 01777), 0);
    put(target, "mine", 4);
    bool could = be_nobody();
    bool written = could && npy_write(target, 0, NULL, &(float){ 1 }, 4, &e);
    be_oneself();
    int names = names_in(in_folder("sticky"));
    unlink(target);
    rmdir(in_folder("sticky"));
    if (!could)
        skip();
    assert_false(written);
    assert_says(&e, target, "cannot be written: Operation not permitted");
    assert_int_equal(names, 1);
}

static void test_places_that_cannot_be_written(void **state)
{
    (void)state;
    struct error e;
    struct stat s;
    float one = 1;
    assert_false(npy_write(in_folder("absent/a.npy"), 0, NULL, &one, 4, &e));
    assert_says(&e, in_folder("absent/a.npy"), "No such file or directory");
    assert_false(npy_write(folder, 0, NULL, &one, 4, &e));
    assert_says(&e, folder, "not a regular file");
    assert_int_equal(names_in(folder), 0);

    /* A rename would replace the device by a file, and root is allowed to. */
    assert_false(npy_write("/dev/full", 0, NULL, &one, 4, &e));
    assert_says(&e, "/dev/full: ", "not a regular file");
    assert_int_equal(stat("/dev/full", &s), 0);
    assert_true(S_ISCHR(s.st_mode));

    /* The same for a link, be it to a file, such as /dev/stdout is, or to nothing. */
    char link_path[512];
    snprintf(link_path, sizeof link_path, "%s", in_folder("link"));
    assert_int_equal(symlink("nothing", link_path), 0);
    assert_false(npy_write(link_path, 0, NULL, &one, 4, &e));
    assert_says(&e, link_path, "not a regular file");
    assert_int_equal(lstat(link_path, &s), 0);
    assert_true(S_ISLNK(s.st_mode));
    unlink(link_path);

    char name[5000];
    memset(name, 'a', sizeof name);
    name[sizeof name - 1] = '\0';
    assert_false(npy_write(name, 0, NULL, &one, 4, &e));
    assert_says(&e, "aaa", "");

    /* Room for the name, none for the temporary one: cut off, that would be some other file. */
    size_t length = (size_t)snprintf(name, sizeof name, "%s", folder);
    while (length < 4080)
        length += (size_t)snprintf(name + length, sizeof name - length, "/.");
    strcpy(name + length, "/longest");
    assert_false(npy_write(name, 0, NULL, &one, 4, &e));
    assert_says(&e, folder, "...: cannot be written: the name is too long");
    assert_int_equal(names_in(folder), 0);
}

static void test_arguments_that_are_no_array(void **state)
{
    (void)state;
    static const struct {
        int rank, dim[5], element_size;
    } cases[] = {
        { -1, { 0 }, 4 },
        { 5, { 1, 1, 1, 1, 1 }, 4 },
        { 1, { -1 }, 4 },
        { 2, { 0, -1 }, 8 },
        { 1, { 1 }, 0 },
        { 1, { 1 }, 1 },
        { 1, { 1 }, 2 },
        { 1, { 1 }, -4 },
        { 4, { 65536, 65536, 65536, 65536 }, 4 },
        { 3, { 2147483647, 2147483647, 2147483647 }, 8 },
        { 3, { 1 << 30, 1 << 30, 2 }, 8 }, /* 2^64 bytes: 0, were it not for the check */
    };
    struct error e;
    char header[NPY_HEADER_MAX];
    const char *path = in_folder("never.npy");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(npy_header(header, cases[i].rank, cases[i].dim, cases[i].element_size), 0);
        assert_false(
            npy_write(path, cases[i].rank, cases[i].dim, "12345678", cases[i].element_size, &e));
        assert_says(&e, path, "cannot be written: no shape or element size");
    }
    assert_int_equal(names_in(folder), 0);
    /* The largest header there is fits. */
    const int most[] = { 2147483647, 2147483647, 1, 1 };
    assert_int_equal(npy_header(header, 4, most, 4) % 64, 0);
}

/* A file may grow to so many bytes and no further: a disk that fills up at that point. */
static void set_file_limit(rlim_t bytes)
{
    struct rlimit r;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &r), 0);
    r.rlim_cur = bytes < r.rlim_max ? bytes : r.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

static void test_full_disk(void **state)
{
    (void)state;
    enum { COUNT = 5000 }; /* more than any buffer of stdio: some writes fail early, some late */
    static float data[COUNT];
    struct error e;
    struct npy a;
    const char *path = in_folder("kept.npy");
    put(path, F4_2_3, sizeof F4_2_3 - 1);
    for (int big = 0; big <= 1; big++) {
        const int dim[] = { big ? COUNT : 10 };
        size_t size = 128 + 4 * (size_t)dim[0];
        for (size_t limit = 0; limit < size; limit += big ? 499 : 1) {
            signal(SIGXFSZ, SIG_IGN);
            set_file_limit(limit);
            bool written = npy_write(path, 1, dim, data, 4, &e);
            set_file_limit(RLIM_INFINITY);
            if (written)
                fail_msg("written in spite of a limit of %zu bytes", limit);
            assert_says(&e, path, "cannot be written: File too large");
            assert_int_equal(names_in(folder), 1);
            assert_true(npy_read(path, &a, &e)); /* the old file, whole */
            assert_int_equal(a.count, 6);
            npy_free(&a);
        }
        set_file_limit(size);
        bool written = npy_write(path, 1, dim, data, 4, &e);
        set_file_limit(RLIM_INFINITY);
        assert_true(written);
        put(path, F4_2_3, sizeof F4_2_3 - 1);
    }
    unlink(path);
}

static void test_mode_follows_the_umask(void **state)
{
    (void)state;
    struct error e;
    struct stat s;
    const char *path = in_folder("mode.npy");
    mode_t old = umask(027);
    assert_true(npy_write(path, 0, NULL, &(double){ 2 }, 8, &e));
    umask(old);
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0640);
    unlink(path);
}

static void test_strings(void **state)
{
    (void)state;
    struct error e;
    char text[20];
    assert_true(npy_parse_string("s", STRING, sizeof STRING - 1, text, sizeof text, &e));
    assert_string_equal(text, "mnist");
    assert_true(npy_parse_string("s", STRING, sizeof STRING - 1, text, 4, &e));
    assert_string_equal(text, "mni");
    assert_true(npy_parse_string("s", STRING, sizeof STRING - 1, text, 1, &e));
    assert_string_equal(text, "");
    assert_true(npy_parse_string("s", STRING_EMPTY, sizeof STRING_EMPTY - 1, text, 20, &e));
    assert_string_equal(text, "");

    strcpy(text, "left over");
    assert_false(npy_parse_string("s", STRING_UMLAUT, sizeof STRING_UMLAUT - 1, text, 20, &e));
    assert_says(&e, "s: ", "beyond ASCII");
    assert_string_equal(text, "");
    strcpy(text, "left over");
    assert_false(npy_parse_string("s", STRINGS, sizeof STRINGS - 1, text, 20, &e));
    assert_says(&e, "s: ", "not a single string");
    assert_string_equal(text, "");
    assert_false(npy_parse_string("s", F4_VERSION_3, sizeof F4_VERSION_3 - 1, text, 20, &e));
    assert_says(&e, "s: ", "not a single string: dtype '<f4'");
    for (size_t size = 0; size < sizeof STRING - 1; size++) {
        unsigned char *exact = malloc(size ? size : 1);
        memcpy(exact, STRING, size);
        assert_false(npy_parse_string("s", exact, size, text, sizeof text, &e));
        free(exact);
    }
    assert_false(npy_parse_string("s", STRING, sizeof STRING, text, sizeof text, &e));
    struct npy a;
    assert_false(npy_parse("s", STRING, sizeof STRING - 1, &a, &e));
    assert_says(&e, "s: ", "its dtype is '<U5'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_what_numpy_writes),
        cmocka_unit_test(test_header_is_numpys_own),
        cmocka_unit_test(test_accepts_any_order_and_spacing),
        cmocka_unit_test(test_zero_dimensions),
        cmocka_unit_test(test_refuses_dictionaries),
        cmocka_unit_test(test_refuses_other_dtypes),
        cmocka_unit_test(test_refuses_magic_and_versions),
        cmocka_unit_test(test_refuses_every_other_length),
        cmocka_unit_test(test_refuses_every_shorter_header),
        cmocka_unit_test(test_accepts_long_headers),
        cmocka_unit_test(test_refuses_absurd_sizes),
        cmocka_unit_test(test_survives_noise),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_special_values_keep_their_bits),
        cmocka_unit_test(test_files_that_cannot_be_read),
        cmocka_unit_test(test_permissions),
        cmocka_unit_test(test_rename_refused),
        cmocka_unit_test(test_places_that_cannot_be_written),
        cmocka_unit_test(test_arguments_that_are_no_array),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_mode_follows_the_umask),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_nothing_is_left),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
