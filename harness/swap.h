/* swap.h - kernels of ref in the documents' hands, to see what a defect does to training. */
#ifndef HARNESS_SWAP_H
#define HARNESS_SWAP_H

#include "harness/network.h"

enum { SWAPS_MAX = 64 };

struct swap;

/* The defects of one net, and what they remember from call to call. */
struct swaps {
    const struct swap *swap[SWAPS_MAX];
    int count;
    double lr;            /* of the step under way */
    const double *before; /* the input of the last ReLU */
    const double *weight_gradient; /* of the last convolution */
};

/* Adds the defect called so, or with "all" those that make the network what its document has
 * written, each once however often it is asked for; fails when there is none that shows in its
 * training. */
bool swaps_add(struct swaps *s, const struct network *network, const char *id, struct error *e);

/* Whether a defect took the call of "conv2d.forward", made for a layer of a network (NULL: its
 * loss) with the operands of the contract. */
bool swaps_call(struct swaps *s, const struct layout *layout, const struct layer *layer,
                const char *kernel, const void *shape, const void *const *operands);

/* "D004-05 D004-06" */
void swaps_print(const struct swaps *s, char text[256]);

#endif
