/* net.h - a network that computes: forward, loss, backward, update.
 *
 * net.c is compiled twice, over ref in double and over fast in float; each object exports one
 * table, and who holds it need not know which. Parameters go in and out as double, in the order of
 * network_layout; fast rounds each of them once.
 *
 * Nothing is allocated after create, and every parameter and activation begins on a multiple of 64
 * bytes. A batch may be smaller than the one that a net was made for. It runs on as many threads as
 * there were then, or fewer; on more it aborts, and says so.
 */
#ifndef HARNESS_NET_H
#define HARNESS_NET_H

#include "fast/isa/isa.h"
#include "harness/network.h"

/* Called after every kernel call: the layer that it is for ("0.conv2d"; the parameter "0.conv2d.w";
 * "loss"), "conv2d.forward", its shape, and its operands in the order of the contract, inputs, then
 * outputs. An operand that is not there (the bias of a convolution without one, the dx of a first
 * layer) keeps its place as NULL. The operands of sgd.step do not overlap: a net that is traced
 * keeps the old parameters for it, and what a relu is given. To be set before a forward. */
typedef void net_trace(void *context, const char *place, const char *kernel, const void *shape,
                       const void *const *operands);

/* The first number, in the order of computation, that is not finite. */
struct nonfinite {
    char place[40]; /* "3.dense.dw", "0.conv2d.x", "xent.loss" */
    double value;
    int slot;       /* of which example of the batch; -1: of all of them together */
    bool before;    /* computed before this step: a gradient of the last one, or a parameter */
};

struct swaps;
struct net; /* of the engine that made it, and of no other */

struct engine {
    const char *name; /* "ref" or "fast" */
    int element_size; /* of its numbers: 8 or 4 */

    /* All parameters 0; isa is for fast. NULL on failure. */
    struct net *(*create)(const struct network *network, int batch, enum isa isa,
                          enum loss_mode mode, struct error *e);
    void (*destroy)(struct net *net);
    void (*trace)(struct net *net, net_trace *trace, void *context);
    void (*swap)(struct net *net, struct swaps *swaps); /* of ref alone; NULL takes them back;
                                                           likewise before a forward */

    void (*set)(struct net *net, const double *parameters);
    void (*get)(const struct net *net, double *parameters);
    void (*gradients)(const struct net *net, double *gradients);

    /* One step: fill slots 0 .. n - 1, then in this order. forward returns the mean loss. In
     * training a minmax keeps the range of the batch; else it applies the last one kept, and what
     * is said of an image depends on no other. */
    void (*fill)(struct net *net, int slot, const uint8_t *pixels, int label);
    double (*forward)(struct net *net, int n, bool training);
    void (*backward)(struct net *net);
    void (*step)(struct net *net, double lr);

    /* backward and step at once: the same parameters to the bit, but where one pass over the
     * weights of a layer does for both (a dense layer, one example, no trace) its gradient is not
     * kept, and a weight of -0 may become +0. */
    void (*learn)(struct net *net, double lr);

    /* How many logits an example has, and after forward what they are. */
    int (*outputs)(const struct net *net);
    void (*logits)(const struct net *net, int slot, double *out);

    /* After forward: the class of the largest logit, the first of equal ones; of a single logit,
     * whether it is above 0. -1 when any logit of this example is not finite: there is no
     * largest. */
    int (*predict)(const struct net *net, int slot);

    /* Whether there is one. To be asked at any time: what the last backward and step left counts as
     * computed before a forward that came after them. A relu works over what it is given, unless
     * there is a trace: what that makes 0 is not found. */
    bool (*find_nonfinite)(const struct net *net, struct nonfinite *out);
};

extern const struct engine engine_ref, engine_fast;

#endif
