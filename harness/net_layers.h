/* net_layers.h - what each node of a network calls, forward and backward; a part of net.c.
 *
 * NET_REF: over double and ref. NET_FAST: over float and fast.
 */
#ifndef HARNESS_NET_LAYERS_H
#define HARNESS_NET_LAYERS_H

#include "harness/net.h"
#include "ref/bce.h"
#include "ref/bce_logits.h"
#include "ref/relu.h"
#include "ref/sgd.h"
#include "ref/sigmoid.h"
#include "ref/softmax.h"
#include "ref/tanh.h"
#include "ref/xent.h"

#ifdef NET_REF
typedef double real;
#define KERNELS(layer, isa) (&layer##_ref)
#else
typedef float real;
#define KERNELS(layer, isa) layer##_fast(isa)
#endif

/* One layer's tensors; x and dx are the y and dy of the layer before. Those gradients are NULL that
 * lead to nothing trainable. */
struct tensors {
    real *x, *dx, *w, *dw, *b, *db, *y, *dy;
};

struct loss;

struct net {
    const struct network *network;
    struct layout layout;
    const struct loss *loss;
    enum isa isa;
    int batch, n;           /* the most examples, and how many the last forward had */
    int first;              /* the first layer with parameters: there backward ends */
    bool forward_is_newest; /* the last backward belongs to the step before */
    real *parameters, *gradients;
    real *before; /* the parameters before a step, for the trace */
    real *targets, *work, *memory, mean_loss;
    struct tensors at[NODES_MAX + 1], *last;
    const real *logits;
    net_trace *trace;
    void *context;
};

/* Calls a kernel, then the trace. A contract has its arguments in the order in which the trace
 * wants them; conv2d's workspace follows behind. */
#define CALL(net, layer, function, shape, ...)                                                     \
    do {                                                                                           \
        KERNELS(layer, (net)->isa)->function(shape, __VA_ARGS__);                                  \
        traced(net, #layer "." #function, shape, (const void *const[]){ __VA_ARGS__ });            \
    } while (0)

#define SHAPE(layer, ...) (&(const struct layer##_shape){ __VA_ARGS__ })

static void traced(const struct net *net, const char *kernel, const void *shape,
                   const void *const *operands)
{
    if (net->trace)
        net->trace(net->context, kernel, shape, operands);
}

static void conv2d_forward(const struct net *net, const struct layer *l, const struct tensors *t)
{
    struct conv2d_shape s = l->shape.conv2d;
    s.n = net->n;
    CALL(net, conv2d, forward, &s, t->x, t->w, t->b, t->y, net->work);
}

static void conv2d_backward(const struct net *net, const struct layer *l, const struct tensors *t)
{
    struct conv2d_shape s = l->shape.conv2d;
    s.n = net->n;
    CALL(net, conv2d, backward_weights, &s, t->x, t->dy, t->dw, t->db, net->work);
    if (t->dx)
        CALL(net, conv2d, backward_data, &s, t->w, t->dy, t->dx, net->work);
}

static void maxpool_forward(const struct net *net, const struct layer *l, const struct tensors *t)
{
    struct maxpool_shape s = l->shape.maxpool;
    s.n = net->n;
    CALL(net, maxpool, forward, &s, t->x, t->y);
}

static void maxpool_backward(const struct net *net, const struct layer *l, const struct tensors *t)
{
    struct maxpool_shape s = l->shape.maxpool;
    s.n = net->n;
    CALL(net, maxpool, backward, &s, t->x, t->dy, t->dx);
}

static void dense_forward(const struct net *net, const struct layer *l, const struct tensors *t)
{
    struct dense_shape s = l->shape.dense;
    s.n = net->n;
    CALL(net, dense, forward, &s, t->x, t->w, t->b, t->y);
}

static void dense_backward(const struct net *net, const struct layer *l, const struct tensors *t)
{
    struct dense_shape s = l->shape.dense;
    s.n = net->n;
    CALL(net, dense, backward, &s, t->x, t->w, t->dy, t->dx, t->dw, t->db);
}

#define ELEMENTWISE(op)                                                                            \
    static void op##_forward(const struct net *net, const struct layer *l,                         \
                             const struct tensors *t)                                              \
    {                                                                                              \
        CALL(net, op, forward, SHAPE(op, net->n * l->outputs), t->x, t->y);                        \
    }                                                                                              \
    static void op##_backward(const struct net *net, const struct layer *l,                        \
                              const struct tensors *t)                                             \
    {                                                                                              \
        CALL(net, op, backward, SHAPE(op, net->n * l->outputs), t->x, t->dy, t->dx);               \
    }
ELEMENTWISE(relu)
ELEMENTWISE(sigmoid)
ELEMENTWISE(tanh)

static void softmax_forward(const struct net *net, const struct layer *l, const struct tensors *t)
{
    CALL(net, softmax, forward, SHAPE(softmax, net->n, l->outputs), t->x, t->y);
}

static void softmax_backward(const struct net *net, const struct layer *l, const struct tensors *t)
{
    CALL(net, softmax, backward, SHAPE(softmax, net->n, l->outputs), t->y, t->dy, t->dx);
}

static const struct {
    void (*forward)(const struct net *net, const struct layer *l, const struct tensors *t);
    void (*backward)(const struct net *net, const struct layer *l, const struct tensors *t);
} operations[] = {
    [OP_CONV2D] = { conv2d_forward, conv2d_backward },
    [OP_MAXPOOL] = { maxpool_forward, maxpool_backward },
    [OP_DENSE] = { dense_forward, dense_backward },
    [OP_RELU] = { relu_forward, relu_backward },
    [OP_SIGMOID] = { sigmoid_forward, sigmoid_backward },
    [OP_TANH] = { tanh_forward, tanh_backward },
    [OP_SOFTMAX] = { softmax_forward, softmax_backward },
};

/* The mean loss of n examples, of what the last layer gives: logits, or probabilities in mode
 * DOCUMENT, where the eps that is not mentioned is 0. */
#define LOSS(op)                                                                                   \
    static void op##_forward(const struct net *net, int n, const real *y, const real *t,           \
                             real *loss)                                                           \
    {                                                                                              \
        CALL(net, op, forward, SHAPE(op, .n = n, .len = net->network->classes), y, t, loss);       \
    }                                                                                              \
    static void op##_backward(const struct net *net, int n, const real *y, const real *t,          \
                              real *dy)                                                            \
    {                                                                                              \
        CALL(net, op, backward, SHAPE(op, .n = n, .len = net->network->classes), y, t, dy);        \
    }
LOSS(bce)
LOSS(xent)
LOSS(bce_logits)

static const struct loss {
    const char *name;
    void (*forward)(const struct net *net, int n, const real *y, const real *t, real *loss);
    void (*backward)(const struct net *net, int n, const real *y, const real *t, real *dy);
} losses[2][2] = {
    [LOSS_FUSED][OUTPUT_SOFTMAX_XENT] = { "xent.loss", xent_forward, xent_backward },
    [LOSS_FUSED][OUTPUT_SIGMOID_BCE] = { "bce_logits.loss", bce_logits_forward,
                                         bce_logits_backward },
    [LOSS_DOCUMENT][OUTPUT_SOFTMAX_XENT] = { "bce.loss", bce_forward, bce_backward },
    [LOSS_DOCUMENT][OUTPUT_SIGMOID_BCE] = { "bce.loss", bce_forward, bce_backward },
};

#endif
