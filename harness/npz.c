/* npz.c - named arrays in a zip archive; the contract is in npz.h. */
#include "harness/npz.h"

#ifdef HAVE_LIBZIP

#include "harness/outfile.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

struct npz {
    zip_t *zip;
    uint64_t size; /* of the file */
    char path[];
};

static zip_t *open_zip(const char *path, int flags, struct error *e)
{
    int code;
    zip_t *zip = zip_open(path, flags, &code);
    if (!zip) {
        zip_error_t error;
        zip_error_init_with_code(&error, code);
        fail(e, "%s: cannot be opened as a zip archive: %s", path, zip_error_strerror(&error));
        zip_error_fini(&error);
    }
    return zip;
}

/* The header of a 0-d '<U' array; 0 when the text is not ASCII. NumPy stores '' as one NUL. */
static size_t string_header(char header[NPY_HEADER_MAX], const char *text)
{
    enum { START = 128 }; /* long enough for any length */
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c > 127)
            return 0;
    char dictionary[START - 10];
    snprintf(dictionary, sizeof dictionary,
             "{'descr': '<U%zu', 'fortran_order': False, 'shape': (), }", strlen(text) + !*text);
    memcpy(header, "\x93NUMPY\1\0\x76\0", 10);
    snprintf(header + 10, NPY_HEADER_MAX - 10, "%-*s\n", START - 11, dictionary);
    return START;
}

/* The .npy file of an array, in memory, to be freed; NULL on failure. */
static void *format_array(const char *path, const struct npz_array *a, size_t *size,
                          struct error *e)
{
    char header[NPY_HEADER_MAX];
    bool string = a->element_size == 1;
    size_t start = string ? string_header(header, a->data)
                          : npy_header(header, a->rank, a->dim, a->element_size);
    if (start == 0)
        return fail(e, "%s: cannot be written: %s is no %s", path, a->name,
                    string ? "ASCII string" : "array of floats or doubles"),
               NULL;
    size_t data = string ? strlen(a->data) : (size_t)a->element_size;
    for (int i = 0; i < a->rank && !string; i++)
        data *= (size_t)a->dim[i]; /* npy_header has seen that this does not overflow */
    *size = start + (string ? 4 * (data ? data : 1) : data);
    char *bytes = calloc(*size, 1);
    if (!bytes)
        return fail(e, "%s: no memory for the %zu bytes of %s", path, *size, a->name), NULL;
    memcpy(bytes, header, start);
    if (!string && data > 0)
        memcpy(bytes + start, a->data, data);
    for (size_t i = 0; string && i < data; i++)
        bytes[start + 4 * i] = ((const char *)a->data)[i]; /* UCS-4, little-endian */
    return bytes;
}

static bool add_array(zip_t *zip, const char *path, const struct npz_array *a, struct error *e)
{
    char member[sizeof a->name + 4];
    size_t size;
    if (a->name[0] == '\0' || !memchr(a->name, '\0', sizeof a->name))
        return fail(e, "%s: cannot be written: an array's name is empty or too long", path);
    snprintf(member, sizeof member, "%s.npy", a->name);
    void *bytes = format_array(path, a, &size, e);
    if (!bytes)
        return false;
    zip_source_t *source = zip_source_buffer(zip, bytes, size, 1); /* which frees them */
    if (!source) {
        free(bytes);
        return fail(e, "%s: cannot be written: %s", path, zip_strerror(zip));
    }
    zip_int64_t added = zip_file_add(zip, member, source, ZIP_FL_ENC_UTF_8);
    if (added < 0) {
        zip_source_free(source);
        return fail(e, "%s: cannot be written: %s: %s", path, a->name, zip_strerror(zip));
    }
    /* 1980-01-01, noon, in the archive's own notation: given as seconds since 1970 it would become
     * local time, and the bytes would depend on the time zone. */
    zip_uint64_t index = (zip_uint64_t)added;
    if (zip_set_file_compression(zip, index, ZIP_CM_STORE, 0) != 0 ||
        zip_file_set_dostime(zip, index, 12 << 11, 1 << 5 | 1, 0) != 0)
        return fail(e, "%s: cannot be written: %s", path, zip_strerror(zip));
    return true;
}

bool npz_possible(const char *path, struct error *e)
{
    return outfile_possible(path, e);
}

bool npz_write(const char *path, const struct npz_array *arrays, int count, struct error *e)
{
    struct stat s;
    if (count < 1)
        return fail(e, "%s: cannot be written: there is no array to put into it", path);
    if (lstat(path, &s) == 0 && !S_ISREG(s.st_mode)) /* the rename would replace it */
        return fail(e, "%s: cannot be written: not a regular file", path);
    zip_t *zip = open_zip(path, ZIP_CREATE | ZIP_TRUNCATE, e);
    bool good = zip != NULL;
    for (int i = 0; i < count && good; i++)
        good = add_array(zip, path, &arrays[i], e);
    /* zip_close writes it all, under a temporary name of its own beside the final one, and renames.
     */
    if (good && zip_close(zip) != 0)
        good = fail(e, "%s: cannot be written: %s", path, zip_strerror(zip));
    if (zip && !good)
        zip_discard(zip);
    return good;
}

struct npz *npz_open(const char *path, struct error *e)
{
    struct stat s;
    if (stat(path, &s) != 0)
        return fail(e, "%s: %s", path, strerror(errno)), NULL;
    if (!S_ISREG(s.st_mode))
        return fail(e, "%s: not a regular file", path), NULL;
    zip_t *zip = open_zip(path, ZIP_RDONLY, e);
    if (!zip)
        return NULL;
    struct npz *z = malloc(sizeof *z + strlen(path) + 1);
    if (!z) {
        zip_discard(zip);
        return fail(e, "%s: no memory", path), NULL;
    }
    *z = (struct npz){ .zip = zip, .size = (uint64_t)s.st_size };
    strcpy(z->path, path);
    return z;
}

static bool no_member(const struct npz *z, const char *name, struct error *e)
{
    char names[200] = "nothing";
    size_t used = 0;
    for (zip_int64_t i = 0; i < zip_get_num_entries(z->zip, 0) && used < sizeof names; i++) {
        const char *member = zip_get_name(z->zip, (zip_uint64_t)i, 0);
        size_t length = member ? strlen(member) : 0;
        if (length > 4 && strcmp(member + length - 4, ".npy") == 0)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s'%.*s'",
                                     used ? ", " : "", (int)length - 4, member);
    }
    return fail(e, "%s: no member '%s'; it holds %s%s", z->path, name, names,
                used < sizeof names ? "" : "...");
}

/* The bytes of a member, to be freed; NULL on failure. */
static void *read_member(struct npz *z, const char *name, size_t *size, struct error *e)
{
    enum { DEFLATE_MOST = 1032 }; /* bytes that deflate can make out of one */
    const zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    char member[256], more;
    zip_stat_t st;
    int length = snprintf(member, sizeof member, "%s.npy", name);
    zip_int64_t found = zip_name_locate(z->zip, member, 0);
    if ((size_t)length >= sizeof member || found < 0)
        return no_member(z, name, e), NULL;
    zip_uint64_t index = (zip_uint64_t)found;
    if (zip_stat_index(z->zip, index, 0, &st) != 0 || (st.valid & needed) != needed)
        return fail(e, "%s: %s: %s", z->path, name, zip_strerror(z->zip)), NULL;
    bool stored = st.comp_method == ZIP_CM_STORE;
    if (!stored && st.comp_method != ZIP_CM_DEFLATE)
        return fail(e, "%s: %s: compressed otherwise than by deflate", z->path, name), NULL;
    if (st.comp_size > z->size || st.size / (stored ? 1 : DEFLATE_MOST) > st.comp_size)
        return fail(e, "%s: %s: %llu bytes are more than the file can hold", z->path, name,
                    (unsigned long long)st.size),
               NULL;
    zip_file_t *f = zip_fopen_index(z->zip, index, 0);
    if (!f)
        return fail(e, "%s: %s: %s", z->path, name, zip_strerror(z->zip)), NULL;
    char *bytes = malloc(st.size ? st.size : 1);
    zip_uint64_t got = 0;
    while (bytes && got < st.size) {
        zip_int64_t n = zip_fread(f, bytes + got, st.size - got);
        if (n <= 0)
            break;
        got += (zip_uint64_t)n;
    }
    /* The checksum is compared where the data ends: reading on must give nothing and no error. */
    if (!bytes || got < st.size || zip_fread(f, &more, 1) != 0) {
        fail(e, "%s: %s: broken: %s", z->path, name, bytes ? zip_file_strerror(f) : "no memory");
        free(bytes);
        bytes = NULL;
    }
    zip_fclose(f);
    *size = st.size;
    return bytes;
}

bool npz_read(struct npz *z, const char *name, struct npy *out, struct error *e)
{
    char label[400];
    size_t size;
    *out = (struct npy){ 0 };
    void *bytes = read_member(z, name, &size, e);
    snprintf(label, sizeof label, "%s: %s", z->path, name);
    bool good = bytes && npy_parse(label, bytes, size, out, e);
    free(bytes);
    return good;
}

bool npz_string(struct npz *z, const char *name, char *text, size_t text_size, struct error *e)
{
    char label[400];
    size_t size;
    text[0] = '\0';
    void *bytes = read_member(z, name, &size, e);
    snprintf(label, sizeof label, "%s: %s", z->path, name);
    bool good = bytes && npy_parse_string(label, bytes, size, text, text_size, e);
    free(bytes);
    return good;
}

void npz_close(struct npz *z)
{
    if (z)
        zip_discard(z->zip);
    free(z);
}

#else /* no libzip */

static bool no_libzip(const char *path, struct error *e)
{
    return fail(e,
                "%s: .npz files need libzip, which this build lacks: install libzip-dev and "
                "pkg-config and build again",
                path);
}

bool npz_possible(const char *path, struct error *e)
{
    return no_libzip(path, e);
}

bool npz_write(const char *path, const struct npz_array *arrays, int count, struct error *e)
{
    (void)arrays, (void)count;
    return no_libzip(path, e);
}

struct npz *npz_open(const char *path, struct error *e)
{
    no_libzip(path, e);
    return NULL;
}

bool npz_read(struct npz *z, const char *name, struct npy *out, struct error *e)
{
    (void)z;
    *out = (struct npy){ 0 };
    return no_libzip(name, e);
}

bool npz_string(struct npz *z, const char *name, char *text, size_t size, struct error *e)
{
    (void)z, (void)size;
    text[0] = '\0';
    return no_libzip(name, e);
}

void npz_close(struct npz *z)
{
    (void)z;
}

#endif
