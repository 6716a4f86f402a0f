/* network.h - a network, as data: a table of nodes, and how it is trained.
 *
 * A network is what nets/<name>.c says. Everything that follows from the table without computing on
 * a tensor - shapes, parameters, their names, their first values - is here, once for ref and fast.
 */
#ifndef HARNESS_NETWORK_H
#define HARNESS_NETWORK_H

#include "harness/error.h"
#include "ref/conv2d.h"
#include "ref/dense.h"
#include "ref/maxpool.h"

#include <stdint.h>

enum { NODES_MAX = 16, CLASSES_MAX = 10 };

/* SOFTMAX stands in no table: it comes from `output`. */
enum op { OP_END, OP_CONV2D, OP_MAXPOOL, OP_DENSE, OP_RELU, OP_SIGMOID, OP_TANH, OP_SOFTMAX };

/* The last layer and its loss. FUSED takes both in one stable step (xent, bce_logits), DOCUMENT as
 * the documents do: softmax or sigmoid, then bce with eps 0, NaN and all. */
enum output { OUTPUT_SOFTMAX_XENT, OUTPUT_SIGMOID_BCE };
enum loss_mode { LOSS_FUSED, LOSS_DOCUMENT };

/* SCALED: normal with standard deviation sqrt(2 / fan-in) for a convolution (He) and
 * 1 / sqrt(fan-in) for a dense layer, biases zero. DOCUMENT: as the table has it. */
enum init_mode { INIT_SCALED, INIT_DOCUMENT };

/* All zero; normal with mean 0 and standard deviation `scale`; uniform in [0, scale); or uniform in
 * [-scale / 2, scale / 2). */
struct init {
    enum { INIT_ZERO, INIT_NORMAL, INIT_UNIFORM, INIT_CENTRED } kind;
    double scale;
};

struct node {
    enum op op;
    int out;                 /* channels of a convolution, units of a dense layer */
    int kernel, stride, pad; /* of a convolution; kernel and stride of a pooling */
    enum conv2d_bias bias;   /* of a convolution; a dense layer has one for each unit */
    struct init weights, biases;
};

struct network {
    const char *name;
    const char *document; /* where it comes from */
    int channels, height, width;
    struct node node[NODES_MAX + 1]; /* up to the logits, ended by OP_END */
    enum output output;
    int classes;         /* labels 0 .. classes - 1, and as many logits */
    double scale, shift; /* value = pixel * scale + shift */
    int epochs, batch;
    double lr;
    int images;          /* train on the first so many; 0: all */
    int per_class;       /* of each class, on the first so many; 0: all */
    const char *fixture; /* its data in fixtures/; NULL: none is embedded */
};

/* The one list of networks, in the order in which help shows them; networks[] is ended by NULL. */
#define NETWORKS(X) X(mnist01_relu) X(fashion) X(mnist01_sigmoid) X(mnist10)

#define NETWORK_DECLARE(id) extern const struct network network_##id;
NETWORKS(NETWORK_DECLARE)
extern const struct network *const networks[];

/* NULL, and all the names there are in the message, for an unknown name. */
const struct network *network_find(const char *name, struct error *e);

/* One trainable tensor: where it lies in the array of all parameters, in elements. */
struct parameter {
    char name[24]; /* "<node>.<op>.w" or ".b", the node counted from 0 */
    int rank, dim[4], offset, count, fan_in;
    struct init init;
};

struct layer {
    enum op op;
    const char *name; /* as in ref/: "conv2d" */
    union {
        struct conv2d_shape conv2d;
        struct maxpool_shape maxpool;
        struct dense_shape dense;
    } shape;             /* of one example: n is 1 */
    int inputs, outputs; /* elements of one example */
    int weights, biases; /* indices of its parameters; -1: it has none */
};

/* Parameters begin on multiples of 16 elements; what lies between them is 0 and stays 0. */
struct layout {
    int layers, parameters, total;
    struct layer layer[NODES_MAX + 1]; /* one more, for the engine */
    struct parameter parameter[2 * NODES_MAX];
};

/* Fails when the table does not fit together. */
bool network_layout(const struct network *network, struct layout *out, struct error *e);

/* The first values of all parameters, layout.total of them. Every parameter has random numbers of
 * its own: a change to one layer does not change the others. */
void network_init(const struct layout *layout, enum init_mode mode, uint64_t seed, double *out);

#endif
