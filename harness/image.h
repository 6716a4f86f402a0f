/* image.h - photographs: one JPEG or PNG made 8-bit RGB, and resized as Pillow does it.
 *
 * Reading   What a file is, its first bytes say, not its name. The pixels are those of Pillow's
 *           Image.open(path).convert('RGB'): grey is repeated three times, a palette looked up,
 *           alpha and transparency dropped; colour profiles and orientation are ignored. JPEG is
 *           decoded as libjpeg does by default (accurate integer DCT, smooth upsampling of the
 *           colours). CMYK is taken as inverted, as Adobe writes it. 16 bits are cut to the upper
 *           8; Pillow does so too, but for grey alone, where all above 255 becomes 255.
 * Refused   a file cut short anywhere, be it in its last byte; a PNG with a wrong checksum; a JPEG
 *           at whose pixels the decoder had to guess (it warns, and Pillow goes on); a side above
 *           IMAGE_MAX_SIDE or more than IMAGE_MAX_PIXELS, before memory for them is taken.
 * Libraries libjpeg-turbo for JPEG (HAVE_JPEG), libpng for PNG (HAVE_PNG). Built without one, the
 *           files of its kind are refused with a line that says what to install.
 *
 * Resizing  As Pillow's Image.resize((width, height)): bicubic with a = -0.5,
 *               k(t) = 1.5 |t|^3 - 2.5 |t|^2 + 1                for |t| < 1
 *                      -0.5 |t|^3 + 2.5 |t|^2 - 4 |t| + 2       for |t| < 2, otherwise 0
 *           made wider by s = max(1, from / to), so that every pixel counts. Output i lies at
 *           c = (i + 1/2) from / to; pixel j has the weight k((j + 1/2 - c) / s), for all j whose
 *           middle is within 2 s of c, divided by the sum of those weights. First along the rows,
 *           then down the columns, with weights rounded to 1 / 2^22 and sums to 8 bits, clipped.
 */
#ifndef HARNESS_IMAGE_H
#define HARNESS_IMAGE_H

#include "harness/error.h"

#include <stddef.h>
#include <stdint.h>

enum { IMAGE_MAX_SIDE = 65535, IMAGE_MAX_PIXELS = 1 << 26, IMAGE_MAX_BYTES = 1 << 29 };

enum image_kind { IMAGE_OTHER, IMAGE_JPEG, IMAGE_PNG, IMAGE_KINDS };

struct image {
    enum image_kind kind; /* what the first bytes said, also when the rest is refused */
    int width, height;
    uint8_t *pixels; /* height x width x 3: red, green, blue; malloc'ed, NULL after a failure */
};

bool image_read(const char *path, struct image *out, struct error *e);

/* The same from memory: `name` is what messages call it. */
bool image_parse(const char *name, const void *bytes, size_t size, struct image *out,
                 struct error *e);

void image_free(struct image *m);

/* True when this build has no library for such files. */
bool image_kind_lacks_library(enum image_kind kind);

/* out: height x width x 3. Needs sides from 1 to IMAGE_MAX_SIDE. False: no memory. */
bool image_resize(const struct image *in, int width, int height, uint8_t *out);

#endif
