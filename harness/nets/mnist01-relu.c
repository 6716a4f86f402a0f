/* Document 001: zeros and ones of MNIST through convolution, ReLU, overlapping pooling and tanh.
 *
 * Not taken over: the kernels that its pooling draws and never uses. Its loss, the mean binary
 * cross-entropy over two softmax outputs, is the cross-entropy. Its images keep one order. */
#include "harness/network.h"

const struct network network_mnist01_relu = {
    .name = "mnist01-relu",
    .document = "001",
    .channels = 1, .height = 28, .width = 28,
    .node = {
        { .op = OP_CONV2D, .out = 5, .kernel = 3, .stride = 1, .bias = CONV2D_BIAS_POSITION,
          .weights = { INIT_NORMAL, 1.0 }, .biases = { INIT_UNIFORM, 1.0 } },
        { .op = OP_RELU },
        { .op = OP_MAXPOOL, .kernel = 2, .stride = 1 },
        { .op = OP_DENSE, .out = 100,
          .weights = { INIT_NORMAL, 1.0 }, .biases = { INIT_NORMAL, 1.0 } },
        { .op = OP_TANH },
        { .op = OP_DENSE, .out = 2,
          .weights = { INIT_NORMAL, 1.0 }, .biases = { INIT_NORMAL, 1.0 } },
    },
    .output = OUTPUT_SOFTMAX_XENT,
    .classes = 2,
    .per_class = 5000,
    .fixture = "mnist01",
    .form = { { "document", .scale = 1.0 / 255.0, .epochs = 5, .batch = 1, .lr = 0.01 } },
};
