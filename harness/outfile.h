/* outfile.h - files that are whole or not there: written under a temporary name, renamed when
 * complete.
 *
 *     struct outfile out;
 *     if (!outfile_open(&out, path, e)) return false;
 *     fprintf(out.file, ...);
 *     return outfile_close(&out, e);
 *
 * A full disk or any other failure leaves what was at `path` before; its permissions stay in any
 * case. A path that is there and is not a regular file, a link included, is refused: the rename
 * would replace it.
 */
#ifndef HARNESS_OUTFILE_H
#define HARNESS_OUTFILE_H

#include "harness/error.h"

#include <stdio.h>

struct outfile {
    FILE *file;
    char path[4096], temporary[4096]; /* no temporary name: it is in its place */
};

bool outfile_open(struct outfile *o, const char *path, struct error *e);
bool outfile_close(struct outfile *o, struct error *e);

/* For a file that grows, a row at a time: what was written so far goes to its place, whole, and so
 * does the next row. */
bool outfile_keep(struct outfile *o, struct error *e);

/* Whether outfile_open can be expected to succeed; leaves nothing behind. */
bool outfile_possible(const char *path, struct error *e);

/* Whether `path`, which is to be written, is another file than `other`, which is to last: either
 * may be NULL, and not be there yet. */
bool outfile_apart(const char *path, const char *other, struct error *e);

#endif
