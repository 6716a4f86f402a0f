/* Document 000: photographs of chihuahuas and muffins, whose values are scaled to [-1, 1] twice.
 *
 * It never trains: learning rate and number of steps are ours. Its images are (row, column,
 * channel) from 0 to 255. Its bias multiplies where ours is added. The scaling before the loss
 * holds every answer between 0.27 and 0.73 and the loss above 0.31, and undoes every bias of the
 * dense layers. */
#include "harness/network.h"

enum { DOCUMENT = 1 << 0, LOGITS = 1 << 1, PLAIN = 1 << 2 };

const struct network network_chihuahua_muffin = {
    .name = "chihuahua-muffin",
    .document = "000",
    .channels = 3, .height = 32, .width = 32,
    .node = {
        { .op = OP_TO_NCHW },
        { .op = OP_CONV2D, .out = 36, .kernel = 7, .stride = 1, .pad = 3,
          .bias = CONV2D_BIAS_CHANNEL,
          .weights = { INIT_NORMAL, 1.0 }, .biases = { INIT_NORMAL, 1.0 } },
        { .op = OP_MAXPOOL, .kernel = 2, .stride = 2 },
        { .op = OP_TO_NHWC },
        { .op = OP_MINMAX, .forms = DOCUMENT | LOGITS },
        { .op = OP_RELU },
        { .op = OP_DENSE, .out = 50,
          .weights = { INIT_NORMAL, 1.0 }, .biases = { INIT_NORMAL, 1.0 } },
        { .op = OP_RELU, .forms = PLAIN },
        { .op = OP_DENSE, .out = 1,
          .weights = { INIT_NORMAL, 1.0 }, .biases = { INIT_NORMAL, 1.0 } },
        { .op = OP_MINMAX, .forms = DOCUMENT },
    },
    .output = OUTPUT_SIGMOID_BCE,
    .classes = 2,
    .eps = 1e-15,
    .photographs = true,
    .images = 1000, .validation = 91,
    .form = {
        { "document", .scale = 1.0, .epochs = 20, .batch = 1000, .lr = 1.0 },
        { "logits", .scale = 1.0 / 255.0, .epochs = 20, .batch = 1000, .lr = 0.1 },
        { "plain", .scale = 1.0 / 255.0, .shift = -0.2, .epochs = 20, .batch = 1000, .lr = 0.05 },
    },
};
