/* Document 004: MNIST through two convolutions, the second with stride 2, and softmax.
 *
 * Its code leaves out the two ReLUs that its text has. Its class weights are shaped like the
 * feature map, (10, 8, 9, 9): those of a dense layer in another order. It trains once on the first
 * 1,000 images with a learning rate for its own, large weights; scaled ones want --lr 0.01 --epochs
 * 5. */
#include "harness/network.h"

const struct network network_mnist10 = {
    .name = "mnist10",
    .document = "004",
    .channels = 1, .height = 28, .width = 28,
    .node = {
        { .op = OP_CONV2D, .out = 16, .kernel = 8, .stride = 1, .bias = CONV2D_BIAS_CHANNEL,
          .weights = { INIT_CENTRED, 1.0 } },
        { .op = OP_RELU },
        { .op = OP_CONV2D, .out = 8, .kernel = 4, .stride = 2, .bias = CONV2D_BIAS_CHANNEL,
          .weights = { INIT_CENTRED, 1.0 } },
        { .op = OP_RELU },
        { .op = OP_DENSE, .out = 10,
          .weights = { INIT_CENTRED, 1.0 }, .biases = { INIT_CENTRED, 1.0 } },
    },
    .output = OUTPUT_SOFTMAX_XENT,
    .classes = 10,
    .images = 1000,
    .form = { { "document", .scale = 1.0 / 255.0, .epochs = 1, .batch = 1, .lr = 0.0003 } },
};
