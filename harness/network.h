/* network.h - a network, as data: a table of nodes, and how it is trained.
 *
 * A network is what nets/<name>.c says. Everything that follows from the table without computing on
 * a tensor - shapes, parameters, their names, their first values - is here, once for ref and fast.
 *
 * A table may hold several forms of its network: a node says which of them have it. What is laid
 * out, trained and saved is one form, and network_find takes it out of the table.
 */
#ifndef HARNESS_NETWORK_H
#define HARNESS_NETWORK_H

#include "harness/error.h"
#include "ref/conv2d.h"
#include "ref/dense.h"
#include "ref/maxpool.h"
#include "ref/transpose.h"

#include <stdint.h>

enum { NODES_MAX = 16, FORMS_MAX = 4, CLASSES_MAX = 10 };

/* SOFTMAX stands in no table: it comes from `output`. TO_NCHW and TO_NHWC are those of transpose:
 * what flows between them has its channels first, outside of them last. */
enum op { OP_END, OP_CONV2D, OP_MAXPOOL, OP_DENSE, OP_RELU, OP_SIGMOID, OP_TANH, OP_SOFTMAX,
          OP_MINMAX, OP_TO_NCHW, OP_TO_NHWC };

/* The last layer and its loss. FUSED takes both in one stable step (xent, bce_logits), DOCUMENT as
 * the documents do: softmax or sigmoid, then bce with the document's eps, NaN and all. */
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
    unsigned forms;          /* a bit for each form that has this node; 0: all have it */
    int out;                 /* channels of a convolution, units of a dense layer */
    int kernel, stride, pad; /* of a convolution; kernel and stride of a pooling */
    enum conv2d_bias bias;   /* of a convolution; a dense layer has one for each unit */
    struct init weights, biases;
};

/* How one form takes its pixels and is trained unless the caller says otherwise. */
struct form {
    const char *name;
    double scale, shift; /* value = pixel * scale + shift */
    int epochs, batch;
    double lr;
};

struct network {
    const char *name;
    const char *document; /* where it comes from */
    int channels, height, width;
    struct node node[NODES_MAX + 1]; /* up to the logits, ended by OP_END */
    enum output output;
    int classes;         /* labels 0 .. classes - 1; a logit for each; of two, one may do */
    double eps;          /* of the document's bce */
    bool photographs;    /* its images lie in folders, channels last, and not in IDX files */
    int images;          /* train on the first so many; 0: all */
    int per_class;       /* of each class, on the first so many; 0: all */
    int validation;      /* so many more, to watch the training by */
    const char *fixture; /* its data in fixtures/; NULL: none is embedded */
    struct form form[FORMS_MAX + 1]; /* the document's first; ended by one without a name */
};

/* The one list of networks, in the order in which help shows them; networks[] is ended by NULL. */
#define NETWORKS(X)                                                                                \
    X(chihuahua_muffin) X(mnist01_relu) X(fashion) X(mnist01_sigmoid) X(mnist10)

#define NETWORK_DECLARE(id) extern const struct network network_##id;
NETWORKS(NETWORK_DECLARE)
extern const struct network *const networks[];

/* One form of a network, NULL for the document's: its nodes, and itself as the only form. All the
 * names there are stand in the message for an unknown one. */
bool network_find(const char *name, const char *form, struct network *out, struct error *e);

/* A tensor that is kept: where it lies in the array of all parameters, in elements. */
struct parameter {
    char name[24]; /* "<node>.<op>.w", ".b" or ".range", the node counted from 0 */
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
        struct transpose_shape transpose;
    } shape;             /* of one example: n is 1 */
    int inputs, outputs; /* elements of one example */
    int weights, biases; /* indices of its parameters; -1: it has none */
    int range;           /* likewise: of a minmax, what a training batch ran from and to */
};

/* Parameters begin on multiples of 16 elements; what lies between them is 0 and stays 0. */
struct layout {
    int layers, parameters, total;
    struct layer layer[NODES_MAX + 1]; /* one more, for the engine */
    struct parameter parameter[2 * NODES_MAX];
};

/* Fails when the nodes do not fit together. */
bool network_layout(const struct network *network, struct layout *out, struct error *e);

/* The first values of all parameters, layout.total of them. Every parameter has random numbers of
 * its own: a change to one layer does not change the others. */
void network_init(const struct layout *layout, enum init_mode mode, uint64_t seed, double *out);

#endif
