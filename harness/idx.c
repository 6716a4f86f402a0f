/* idx.c - MNIST's file format; the contract is in idx.h. */
#include "harness/idx.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A file being read, plain or gzip-compressed. stream_read returns -1 for broken data. */
#ifdef HAVE_ZLIB

#include <zlib.h>

enum { BUILT_WITH_ZLIB = 1 };
typedef gzFile stream; /* which reads plain files just as well */

static stream stream_open(const char *path)
{
    return gzopen(path, "rb");
}

static long stream_read(stream s, void *to, unsigned size)
{
    int n = gzread(s, to, size), code;
    /* A stream cut short gives what it has first, and says only in gzerror that more was due. */
    gzerror(s, &code);
    return (unsigned)n == size || code == Z_OK ? n : -1;
}

static void stream_close(stream s)
{
    gzclose(s);
}

#else

enum { BUILT_WITH_ZLIB = 0 };
typedef FILE *stream;

static stream stream_open(const char *path)
{
    return fopen(path, "rb");
}

static long stream_read(stream s, void *to, unsigned size)
{
    size_t n = fread(to, 1, size, s);
    return ferror(s) ? -1 : (long)n;
}

static void stream_close(stream s)
{
    fclose(s);
}

#endif

enum { DEFLATE_MOST = 1032 }; /* bytes that deflate can make out of one */

/* Which file it is: DIR/<split>-<kind>-ubyte, or that with .gz. Sets the most bytes it can hold. */
static bool find(const char *dir, const char *split, const char *kind, char *path, size_t size,
                 uint64_t *most, struct error *e)
{
    struct stat s;
    int length = snprintf(path, size - 3, "%s/%s-%s-ubyte", dir, split, kind);
    if ((size_t)length >= size - 3)
        return fail(e, "%.100s...: the name is too long", dir);
    bool gz = stat(path, &s) != 0 && errno == ENOENT;
    if (gz)
        strcat(path, ".gz");
    if (gz && stat(path, &s) != 0 && errno == ENOENT)
        return fail(e, "%.*s: not there, nor with .gz; scripts/fetch-data.sh brings the data",
                    length, path);
    if (stat(path, &s) != 0)
        return fail(e, "%s: %s", path, strerror(errno));
    if (!S_ISREG(s.st_mode))
        return fail(e, "%s: not a regular file", path);
    if (gz && !BUILT_WITH_ZLIB)
        return fail(e,
                    "%s: .gz files need zlib, which this build lacks: install zlib1g-dev "
                    "and pkg-config and build again, or gunzip the file",
                    path);
    *most = (uint64_t)s.st_size * (gz ? DEFLATE_MOST : 1);
    return true;
}

static uint32_t big_endian(const uint8_t b[4])
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* The bytes behind the header, to be freed; NULL on failure. */
static uint8_t *read_body(stream s, const char *path, uint64_t most, int rank, int dim[3],
                          struct error *e)
{
    uint8_t header[16];
    unsigned length = 4 + 4 * (unsigned)rank, magic = 0x800 + (unsigned)rank;
    long n = stream_read(s, header, length);
    if (n < 0)
        return fail(e, "%s: broken, or cut short", path), NULL;
    if (n < (long)length)
        return fail(e, "%s: cut short in its header", path), NULL;
    if (big_endian(header) != magic)
        return fail(e, "%s: begins with 0x%08x, not 0x%08x: not an IDX file of %s", path,
                    big_endian(header), magic, rank == 3 ? "images" : "labels"),
               NULL;
    uint64_t size = 1;
    for (int i = 0; i < rank; i++) {
        uint32_t d = big_endian(header + 4 + 4 * i);
        if (d == 0)
            return fail(e, "%s: empty: its dimension %d is 0", path, i + 1), NULL;
        if (d > INT_MAX)
            return fail(e, "%s: its dimension %d is larger than 2^31 - 1", path, i + 1), NULL;
        if (d > most / size) /* before it is multiplied in: nothing overflows */
            return fail(e, "%s: cut short: its header promises more than the file can hold", path),
                   NULL;
        dim[i] = (int)d;
        size *= d;
    }

    uint8_t *body = malloc(size + 1);
    if (!body)
        return fail(e, "%s: no memory for %llu bytes", path, (unsigned long long)size), NULL;
    uint64_t got = 0;
    /* One byte more is asked for, in the same call, and must not be there: only where it looks for
     * that one does zlib read the checksum, and see that it is wrong or cut off. */
    while (got <= size) {
        uint64_t left = size + 1 - got;
        n = stream_read(s, body + got, left < 1 << 30 ? (unsigned)left : 1 << 30);
        if (n <= 0)
            break;
        got += (uint64_t)n;
    }
    if (got == size && n == 0)
        return body;
    free(body);
    if (n < 0)
        fail(e, "%s: broken, or cut short", path);
    else
        fail(e, "%s: too %s for the %llu bytes that its header promises", path,
             got > size ? "long" : "short", (unsigned long long)size);
    return NULL;
}

static uint8_t *read_file(const char *dir, const char *split, int rank, int dim[3], struct error *e)
{
    char path[4096];
    uint64_t most = 0;
    if (!find(dir, split, rank == 3 ? "images-idx3" : "labels-idx1", path, sizeof path, &most, e))
        return NULL;
    stream s = stream_open(path);
    if (!s)
        return fail(e, "%s: %s", path, strerror(errno)), NULL;
    uint8_t *body = read_body(s, path, most, rank, dim, e);
    stream_close(s);
    return body;
}

bool idx_read(const char *dir, const char *split, struct dataset *out, struct error *e)
{
    int images[3] = { 0 }, labels[3] = { 0 };
    *out = (struct dataset){ 0 };
    struct dataset d = { .channels = 1 };
    d.pixels = read_file(dir, split, 3, images, e);
    d.labels = d.pixels ? read_file(dir, split, 1, labels, e) : NULL;
    bool good = d.pixels && d.labels;
    if (good && images[0] != labels[0])
        good = fail(e, "%s: %d %s images, but %d labels", dir, images[0], split, labels[0]);
    if (!good) {
        dataset_free(&d);
        return false;
    }
    d.count = images[0];
    d.height = images[1];
    d.width = images[2];
    *out = d;
    return true;
}

bool dataset_select(struct dataset *d, int classes, int per_class, int limit, struct error *e)
{
    size_t size = (size_t)d->channels * (size_t)d->height * (size_t)d->width;
    int seen[256] = { 0 }, kept = 0;
    for (int i = 0; i < d->count && (limit == 0 || kept < limit); i++) {
        uint8_t label = d->labels[i];
        if (label >= classes || (per_class > 0 && seen[label] == per_class))
            continue;
        seen[label]++;
        d->labels[kept] = label;
        memmove(d->pixels + (size_t)kept * size, d->pixels + (size_t)i * size, size);
        kept++;
    }
    if (kept == 0)
        return fail(e, "none of the %d images has a label below %d", d->count, classes);
    d->count = kept;
    return true;
}

void dataset_free(struct dataset *d)
{
    free(d->pixels);
    free(d->labels);
    *d = (struct dataset){ 0 };
}
