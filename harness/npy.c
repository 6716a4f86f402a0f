/* npy.c - NumPy's .npy files; the contract is in npy.h.
 *
 * The format: "\x93NUMPY", two bytes of version, the length of the header (two bytes in version 1,
 * four in 2 and 3, little-endian), the header - a Python dictionary as text, padded with spaces and
 * ended by a newline - and the elements.
 */
#include "harness/npy.h"
#include "harness/outfile.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "elements are copied as they lie");

static const char MAGIC[6] = { '\x93', 'N', 'U', 'M', 'P', 'Y' };

struct header {
    char dtype[16];
    int rank;
    int dim[NPY_MAX_RANK];
    const unsigned char *data; /* the first byte behind the header */
    size_t held;               /* how many bytes there are */
};

/* What is left of the dictionary's text; nothing reads at or behind `end`. */
struct text {
    const char *at, *end;
};

/* Steps over spaces and this word, if it is the next. */
static bool take(struct text *t, const char *word)
{
    size_t length = strlen(word);
    while (t->at < t->end && *t->at == ' ')
        t->at++;
    if ((size_t)(t->end - t->at) < length || memcmp(t->at, word, length) != 0)
        return false;
    t->at += length;
    return true;
}

/* A quoted string of printable characters, shorter than `size`. */
static bool take_string(struct text *t, char *word, size_t size)
{
    if (!take(t, "'"))
        return false;
    size_t n = 0;
    for (; t->at < t->end && *t->at != '\''; t->at++) {
        if (*t->at < ' ' || *t->at > '~' || n + 1 >= size)
            return false;
        word[n++] = *t->at;
    }
    word[n] = '\0';
    return take(t, "'");
}

/* The parsers of the header return the reason for which they refuse it, or NULL. */
static const char *take_shape(struct text *t, struct header *h)
{
    if (!take(t, "("))
        return "its shape is not a tuple";
    bool comma = true;
    while (!take(t, ")")) {
        if (!comma || t->at == t->end || *t->at < '0' || *t->at > '9')
            return "its shape is not a tuple of sizes";
        if (h->rank == NPY_MAX_RANK)
            return "it has more than four dimensions";
        long long size = 0;
        for (; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++) {
            size = 10 * size + (*t->at - '0');
            if (size > INT_MAX)
                return "a dimension is larger than 2^31 - 1";
        }
        h->dim[h->rank++] = (int)size;
        comma = take(t, ",");
    }
    /* (3) is a number in Python, (3,) a tuple */
    return h->rank == 1 && !comma ? "its shape is not a tuple" : NULL;
}

static const char *take_dictionary(struct text *t, struct header *h)
{
    bool descr = false, order = false, shape = false, comma = true;
    if (!take(t, "{"))
        return "its header is not a dictionary";
    while (!take(t, "}")) {
        char key[16];
        if (!comma || !take_string(t, key, sizeof key) || !take(t, ":"))
            return "its header is not a dictionary";
        if (strcmp(key, "descr") == 0 && !descr) {
            descr = true;
            if (!take_string(t, h->dtype, sizeof h->dtype))
                return "its dtype is not a plain one";
        } else if (strcmp(key, "fortran_order") == 0 && !order) {
            order = true;
            if (take(t, "True"))
                return "in Fortran order: save numpy.ascontiguousarray(a) instead";
            if (!take(t, "False"))
                return "its fortran_order is neither True nor False";
        } else if (strcmp(key, "shape") == 0 && !shape) {
            shape = true;
            const char *reason = take_shape(t, h);
            if (reason)
                return reason;
        } else {
            return "its header has a key that is unknown or there twice";
        }
        comma = take(t, ",");
    }
    if (!descr || !order || !shape)
        return "its header lacks descr, fortran_order or shape";
    if (!take(t, "\n") || t->at != t->end)
        return "its header does not end in spaces and a newline";
    return NULL;
}

static const char *take_header(const unsigned char *bytes, size_t size, struct header *h)
{
    memset(h, 0, sizeof *h);
    if (size < sizeof MAGIC || memcmp(bytes, MAGIC, sizeof MAGIC) != 0)
        return "not an .npy file (it does not begin with \\x93NUMPY)";
    if (size < 12)
        return "cut short in its header";
    if (bytes[6] < 1 || bytes[6] > 3 || bytes[7] != 0)
        return "its format version is not 1.0, 2.0 or 3.0";
    size_t start = bytes[6] == 1 ? 10 : 12, length = bytes[8] | (size_t)bytes[9] << 8;
    if (start == 12)
        length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (length > size - start)
        return "cut short in its header";
    h->data = bytes + start + length;
    h->held = size - start - length;
    return take_dictionary(&(struct text){ (const char *)bytes + start, (const char *)h->data }, h);
}

/* The product of the dimensions, when it is at most `room`. Each factor is held against the room
 * before it is multiplied in, so nothing overflows. */
static bool elements(int rank, const int *dim, size_t room, size_t *count)
{
    size_t n = 1;
    for (int i = 0; i < rank; i++) {
        if (dim[i] < 0)
            return false;
        n = dim[i] == 0 ? 0 : n;
    }
    for (int i = 0; i < rank && n > 0; i++) {
        if ((size_t)dim[i] > room / n)
            return false;
        n *= (size_t)dim[i];
    }
    *count = n;
    return n <= room;
}

bool npy_parse(const char *name, const void *bytes, size_t size, struct npy *out, struct error *e)
{
    memset(out, 0, sizeof *out);
    struct header h;
    const char *reason = take_header(bytes, size, &h);
    if (reason)
        return fail(e, "%s: %s", name, reason);
    bool single = strcmp(h.dtype, "<f4") == 0;
    if (!single && strcmp(h.dtype, "<f8") != 0)
        return fail(e, "%s: its dtype is '%s'; only '<f4' and '<f8' are read", name, h.dtype);

    size_t element = single ? 4 : 8, count;
    if (!elements(h.rank, h.dim, h.held / element, &count))
        return fail(e, "%s: cut short: its header promises more than the %zu bytes of data", name,
                    h.held);
    if (count * element != h.held)
        return fail(e, "%s: too long: its header promises %zu bytes of data, and there are %zu",
                    name, count * element, h.held);

    double *data = malloc(count ? count * sizeof *data : 1);
    if (!data)
        return fail(e, "%s: no memory for %zu elements", name, count);
    for (size_t i = 0; i < count; i++) {
        float f;
        if (single) {
            memcpy(&f, h.data + 4 * i, 4);
            data[i] = f;
        } else {
            memcpy(data + i, h.data + 8 * i, 8);
        }
    }
    *out = (struct npy){ .rank = h.rank, .count = count, .data = data };
    memcpy(out->dim, h.dim, sizeof out->dim);
    return true;
}

bool npy_parse_string(const char *name, const void *bytes, size_t size, char *text,
                      size_t text_size, struct error *e)
{
    text[0] = '\0';
    struct header h;
    const char *reason = take_header(bytes, size, &h);
    if (reason)
        return fail(e, "%s: %s", name, reason);
    char expected[32];
    snprintf(expected, sizeof expected, "<U%zu", h.held / 4);
    if (strcmp(h.dtype, expected) != 0 || h.rank != 0 || h.held % 4 != 0)
        return fail(e, "%s: not a single string: dtype '%s', %d dimensions, %zu bytes", name,
                    h.dtype, h.rank, h.held);
    size_t n = 0;
    for (size_t i = 0; i < h.held / 4; i++) {
        uint32_t c;
        memcpy(&c, h.data + 4 * i, 4);
        if (c > 127) {
            text[0] = '\0';
            return fail(e, "%s: it has a character beyond ASCII", name);
        }
        if (n + 1 < text_size)
            text[n++] = (char)c;
    }
    text[n] = '\0';
    return true;
}

bool npy_read(const char *path, struct npy *out, struct error *e)
{
    memset(out, 0, sizeof *out);
    struct stat s;
    if (stat(path, &s) != 0)
        return fail(e, "%s: %s", path, strerror(errno));
    if (!S_ISREG(s.st_mode))
        return fail(e, "%s: not a regular file", path);
    FILE *f = fopen(path, "rb");
    if (!f)
        return fail(e, "%s: %s", path, strerror(errno));
    size_t size = (size_t)s.st_size;
    void *bytes = malloc(size ? size : 1);
    bool good = bytes && fread(bytes, 1, size, f) == size
                    ? npy_parse(path, bytes, size, out, e)
                    : fail(e, "%s: its %zu bytes cannot be read", path, size);
    fclose(f);
    free(bytes);
    return good;
}

void npy_free(struct npy *a)
{
    free(a->data);
    *a = (struct npy){ 0 };
}

size_t npy_header(char header[NPY_HEADER_MAX], int rank, const int *dim, int element_size)
{
    size_t count;
    if ((element_size != 4 && element_size != 8) || rank < 0 || rank > NPY_MAX_RANK ||
        !elements(rank, dim, PTRDIFF_MAX / 16, &count))
        return 0;
    char shape[64] = "";
    for (int i = 0, n = 0; i < rank; i++) {
        const char *behind = i + 1 < rank ? ", " : rank == 1 ? "," : "";
        n += snprintf(shape + n, sizeof shape - (size_t)n, "%d%s", dim[i], behind);
    }
    /* 118 bytes behind the first ten: the longest dictionary has 101. */
    char dictionary[160];
    snprintf(dictionary, sizeof dictionary,
             "{'descr': '<f%d', 'fortran_order': False, 'shape': (%s), }", element_size, shape);
    memcpy(header, "\x93NUMPY\1\0\x76\0", 10);
    return 10 + (size_t)snprintf(header + 10, NPY_HEADER_MAX - 10, "%-117.117s\n", dictionary);
}

bool npy_write(const char *path, int rank, const int *dim, const void *data, int element_size,
               struct error *e)
{
    char header[NPY_HEADER_MAX];
    struct outfile out;
    size_t start = npy_header(header, rank, dim, element_size), count = 0;
    if (start == 0)
        return fail(e, "%s: cannot be written: no shape or element size for an .npy file", path);
    elements(rank, dim, PTRDIFF_MAX / 16, &count);
    if (!outfile_open(&out, path, e))
        return false;
    fwrite(header, 1, start, out.file);
    if (count > 0)
        fwrite(data, (size_t)element_size, count, out.file);
    return outfile_close(&out, e);
}
