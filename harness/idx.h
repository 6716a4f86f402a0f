/* idx.h - labelled images, and the IDX files that MNIST and Fashion-MNIST come in.
 *
 * IDX: big-endian; magic 0x00000803 for images (then count, rows, columns), 0x00000801 for labels
 * (then count); one unsigned byte an element. Plain or gzip-compressed (zlib; built without it, a
 * .gz file is refused with one line that says so). Magic, dimensions, length (too short and too
 * long) and the agreement of the two counts are checked before anything is believed.
 */
#ifndef HARNESS_IDX_H
#define HARNESS_IDX_H

#include "harness/error.h"

#include <stdint.h>

struct dataset {
    int count, channels, height, width;
    uint8_t *pixels; /* count x channels x height x width; of folder.h, channels last */
    uint8_t *labels; /* count */
};

/* Reads DIR/<split>-images-idx3-ubyte and DIR/<split>-labels-idx1-ubyte, split "train" or "t10k",
 * each plain or, failing that, with .gz behind its name. After a failure *out is empty. */
bool idx_read(const char *dir, const char *split, struct dataset *out, struct error *e);

/* Keeps, in the order of the file, the images whose label is below `classes`: at most `per_class`
 * of each (0: all), and then at most `limit` altogether (0: all). Fails, and changes nothing, when
 * nothing would be left. */
bool dataset_select(struct dataset *d, int classes, int per_class, int limit, struct error *e);

void dataset_free(struct dataset *d);

#endif
