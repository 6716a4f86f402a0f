/* Document 002: Fashion-MNIST through one convolution or two, ReLU, pooling and softmax.
 *
 * Its training cell has one convolution, and leaves out the ReLU that its text and its shape test
 * have; the shape test has two, and one ReLU object for both. The padding is 0 after pixels were
 * shifted to [-1/2, 1/2]: mid-grey, not background. It trains for one epoch and remarks that it
 * should be three. */
#include "harness/network.h"

enum { ONE = 1 << 0, TWO = 1 << 1 };

#define CONVOLUTION(channels, of)                                                                  \
    { .op = OP_CONV2D, .forms = (of), .out = (channels), .kernel = 5, .stride = 1, .pad = 2,       \
      .bias = CONV2D_BIAS_POSITION,                                                                \
      .weights = { INIT_NORMAL, 1.0 / 25.0 }, .biases = { INIT_NORMAL, 1.0 / (32.0 * 32.0) } }

const struct network network_fashion = {
    .name = "fashion",
    .document = "002",
    .channels = 1, .height = 28, .width = 28,
    .node = {
        CONVOLUTION(8, ONE),
        CONVOLUTION(6, TWO),
        { .op = OP_RELU, .forms = TWO },
        CONVOLUTION(6, TWO),
        { .op = OP_RELU },
        { .op = OP_MAXPOOL, .kernel = 2, .stride = 2 },
        { .op = OP_DENSE, .out = 10, .weights = { INIT_NORMAL, 1.0 / 1568.0 } },
    },
    .output = OUTPUT_SOFTMAX_XENT,
    .classes = 10,
    .form = {
        { "document", .scale = 1.0 / 255.0, .shift = -0.5, .epochs = 3, .batch = 1, .lr = 0.005 },
        { "two-convolutions", .scale = 1.0 / 255.0, .shift = -0.5,
          .epochs = 3, .batch = 1, .lr = 0.005 },
    },
};
