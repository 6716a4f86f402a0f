/* folder.h - photographs in folders, one for each class, as labelled images.
 *
 *     DIR/chihuahua/1.jpg   label 0: sub-folders in the order of their names' bytes
 *     DIR/chihuahua/2.png   and so the files in them
 *     DIR/muffin/1.jpg      label 1
 *
 * Each file is read and resized by image.h. Names that begin with a dot are passed over, and so are
 * files beside the sub-folders. A file that cannot be read - broken, no image, a folder - is named
 * on stderr with the reason and left out; of a kind that this build has no library for, only the
 * first is named. If any was left out, a last line says how many.
 *
 * Layout    pixels are count x height x width x 3 (red, green, blue): interleaved, as document 000
 *           has its tensors, and not count x channels x height x width as idx.h has them.
 * Needs     width and height from 1 to IMAGE_MAX_SIDE.
 * Fails     without a sub-folder or with more than FOLDER_MAX_CLASSES, when a folder cannot be
 *           listed, when no file of a class can be read, and without memory. Then both outputs are
 *           empty and need no freeing (which is harmless).
 */
#ifndef HARNESS_FOLDER_H
#define HARNESS_FOLDER_H

#include "harness/idx.h"

enum { FOLDER_MAX_CLASSES = 256 }; /* a label is one byte */

struct folder_class {
    char name[256];
    int images; /* that were read */
};

struct folder {
    int classes, skipped; /* skipped: files left out, of all classes */
    struct folder_class *class;
};

bool folder_read(const char *dir, int width, int height, struct dataset *out, struct folder *folder,
                 struct error *e);

void folder_free(struct folder *f);

#endif
