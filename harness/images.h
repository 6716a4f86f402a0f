/* images.h - the images that a network is trained on, watched by and tested on.
 *
 * IDX files    training images are those of split "train" whose label is one of the network's, at
 *              most `per_class` of each; the last `validation` of them are held out. Test images
 *              are those of split "t10k".
 * Photographs  one sub-folder a class, as many as the network has. All are shuffled, always in the
 *              same way; the network's `images` first ones are for training, `validation` more for
 *              validation, the rest for the test. Of too few for that, each part is the share that
 *              it has in the document, where validation and test are alike.
 */
#ifndef HARNESS_IMAGES_H
#define HARNESS_IMAGES_H

#include "harness/idx.h"
#include "harness/network.h"

struct images {
    struct dataset train, validation, test; /* views; the first two are empty where not asked for */
    struct dataset file[2];                 /* what they look at */
};

/* From `dir`, or from the network's fixture where NULL. A `validation` below 0 is the network's
 * own. Of the training images that are not held out, the first `limit` (0: all). Fails when there
 * is nothing to train on or nothing to test. */
bool images_read(const struct network *network, const char *dir, int limit, int validation,
                 struct images *out, struct error *e);

/* The test images alone, at most `limit` of them (0: all). */
bool images_read_test(const struct network *network, const char *dir, int limit,
                      struct images *out, struct error *e);

void images_free(struct images *m);

#endif
