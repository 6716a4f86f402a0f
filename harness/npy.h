/* npy.h - NumPy's .npy files: C order, little-endian float32 or float64, up to four dimensions.
 *
 * Read    '<f4' and '<f8' both become double, which holds either exactly. Anything else (another
 *         dtype, Fortran order, more dimensions, a header that promises more data than the file
 *         has or less, an absurd size) fails with the file's name and the reason.
 *         A NaN keeps its payload; a signalling float32 NaN becomes a quiet one.
 * Write   version 1.0, to a temporary name that is renamed when complete: a file under the final
 *         name is always whole. Only a regular file is ever replaced.
 *
 * When a function fails, its output is empty and needs no npy_free (which is harmless).
 */
#ifndef HARNESS_NPY_H
#define HARNESS_NPY_H

#include "harness/error.h"

#include <stddef.h>

enum { NPY_MAX_RANK = 4 };

struct npy {
    int rank;               /* 0 for a scalar */
    int dim[NPY_MAX_RANK];
    size_t count;           /* the product of dim; 1 for a scalar, 0 when a dimension is 0 */
    double *data;           /* malloc'ed; never NULL after success */
};

bool npy_read(const char *path, struct npy *out, struct error *e);

/* The same from memory: `name` is what messages call it. */
bool npy_parse(const char *name, const void *bytes, size_t size, struct npy *out, struct error *e);

void npy_free(struct npy *a);

/* element_size 4: data is float[], '<f4'; 8: double[], '<f8'. */
bool npy_write(const char *path, int rank, const int *dim, const void *data, int element_size,
               struct error *e);

/* The header that npy_write writes, padded to a multiple of 64 bytes; returns its length, or 0 when
 * npy_write would refuse these arguments. */
enum { NPY_HEADER_MAX = 256 };
size_t npy_header(char header[NPY_HEADER_MAX], int rank, const int *dim, int element_size);

/* A string: a 0-d '<U' array of ASCII characters, NUL-terminated, cut to text_size (>= 1). */
bool npy_parse_string(const char *name, const void *bytes, size_t size, char *text,
                      size_t text_size, struct error *e);

#endif
