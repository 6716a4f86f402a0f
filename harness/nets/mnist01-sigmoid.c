/* Document 003: zeros and ones of MNIST through two convolutions and sigmoids everywhere.
 *
 * Its dense layer counts 600 inputs where two valid convolutions leave 5 x 24 x 24 = 2880. Its
 * images keep one order. */
#include "harness/network.h"

const struct network network_mnist01_sigmoid = {
    .name = "mnist01-sigmoid",
    .document = "003",
    .channels = 1, .height = 28, .width = 28,
    .node = {
        { .op = OP_CONV2D, .out = 5, .kernel = 3, .stride = 1, .bias = CONV2D_BIAS_POSITION,
          .weights = { INIT_NORMAL, 1.0 }, .biases = { INIT_UNIFORM, 1.0 } },
        { .op = OP_SIGMOID },
        { .op = OP_CONV2D, .out = 5, .kernel = 3, .stride = 1, .bias = CONV2D_BIAS_POSITION,
          .weights = { INIT_NORMAL, 1.0 }, .biases = { INIT_UNIFORM, 1.0 } },
        { .op = OP_SIGMOID },
        { .op = OP_DENSE, .out = 100,
          .weights = { INIT_NORMAL, 1.0 }, .biases = { INIT_UNIFORM, 1.0 } },
        { .op = OP_SIGMOID },
        { .op = OP_DENSE, .out = 2,
          .weights = { INIT_NORMAL, 1.0 }, .biases = { INIT_UNIFORM, 1.0 } },
    },
    .output = OUTPUT_SIGMOID_BCE,
    .classes = 2,
    .fixture = "mnist01",
    .form = { { "document", .scale = 1.0 / 255.0, .epochs = 20, .batch = 1, .lr = 0.1 } },
};
