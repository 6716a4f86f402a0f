/* npz.h - named arrays in one file that numpy.load opens: a zip archive of .npy members.
 *
 * Written uncompressed, with fixed dates, to a temporary name that is renamed when complete: the
 * same arrays in the same order give the same bytes. Read stored or deflated. Needs libzip; built
 * without it, writing and opening fail with one line that says so.
 *
 * Every name must be new and not empty, and strings are ASCII.
 */
#ifndef HARNESS_NPZ_H
#define HARNESS_NPZ_H

#include "harness/npy.h"

struct npz_array {
    char name[64];       /* without ".npy" */
    int rank;
    int dim[NPY_MAX_RANK];
    int element_size;    /* 4: float[], 8: double[], 1: a NUL-terminated string, NumPy's 0-d '<U' */
    const void *data;
};

/* count >= 1: an empty zip archive is no file at all. */
bool npz_write(const char *path, const struct npz_array *arrays, int count, struct error *e);

/* Whether npz_write can be expected to succeed there: to be asked before hours of work. */
bool npz_possible(const char *path, struct error *e);

struct npz; /* an open archive */
/* NULL on failure. */
struct npz *npz_open(const char *path, struct error *e);
/* One member as doubles ('<f4' or '<f8'); fails when it is missing or broken. */
bool npz_read(struct npz *z, const char *name, struct npy *out, struct error *e);
/* One member as a string ('<U'), NUL-terminated, cut to size. */
bool npz_string(struct npz *z, const char *name, char *text, size_t size, struct error *e);
void npz_close(struct npz *z);

#endif
