/* net_layers.h - what each node of a network calls, forward and backward; a part of net.c.
 *
 * NET_REF: over double and ref. NET_FAST: over float and fast.
 */
#ifndef HARNESS_NET_LAYERS_H
#define HARNESS_NET_LAYERS_H

#include "harness/net.h"
#include "harness/swap.h"
#include "ref/bce.h"
#include "ref/bce_logits.h"
#include "ref/dense_sgd.h"
#include "ref/minmax.h"
#include "ref/relu.h"
#include "ref/sgd.h"
#include "ref/sigmoid.h"
#include "ref/softmax.h"
#include "ref/tanh.h"
#include "ref/xent.h"

#include <stdio.h>

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
    real *own_y, *own_dy; /* room for these, where they do not lie over x and dx */
    real *range; /* of a minmax: its last training batch's */
    real *work;  /* of conv2d */
    int n;       /* examples */
};

struct loss;

struct net {
    const struct network *network;
    struct layout layout;
    const struct loss *loss;
    enum isa isa;
    int batch, n;           /* the most examples, and how many the last forward had */
    int outputs;            /* logits of an example */
    int first;              /* the first layer with parameters: there backward ends */
    bool training;          /* the forward under way is a step's */
    bool learning;          /* the backward under way may take steps, */
    double lr;              /* of this size */
    bool forward_is_newest; /* the last backward belongs to the step before */
    real *parameters, *gradients;
    real *before; /* a parameter before its step, for the trace */
    real *targets, *memory, mean_loss;
    int threads;            /* the most that there may be */
    real *work;             /* for kernels of the whole batch, or part_room for each thread, */
    size_t part_work, part_room; /* of which a part takes part_work */
    struct tensors at[NODES_MAX + 1], *last;
    const real *logits;
    net_trace *trace;
    void *context;
    struct swaps *swaps; /* NULL: none; of ref */
};

/* Calls a kernel for layer l (NULL: the loss), then the trace. A contract has its arguments in the
 * order in which the trace wants them; conv2d's workspace follows behind. */
#define CALL(net, l, op, function, shape, ...)                                                     \
    do {                                                                                           \
        if (!(net)->swaps ||                                                                       \
            !swaps_call((net)->swaps, &(net)->layout, l, #op "." #function, shape,                 \
                        (const void *const[]){ __VA_ARGS__ }))                                     \
            KERNELS(op, (net)->isa)->function(shape, __VA_ARGS__);                                 \
        traced(net, l, #op "." #function, shape, (const void *const[]){ __VA_ARGS__ });            \
    } while (0)

#define SHAPE(layer, ...) (&(const struct layer##_shape){ __VA_ARGS__ })

static void traced(const struct net *net, const struct layer *l, const char *kernel,
                   const void *shape, const void *const *operands)
{
    char place[32] = "loss";
    if (!net->trace)
        return;
    if (l)
        snprintf(place, sizeof place, "%d.%s", (int)(l - net->layout.layer), l->name);
    net->trace(net->context, place, kernel, shape, operands);
}

static void conv2d_forward(const struct net *net, const struct layer *l, const struct tensors *t)
{
    struct conv2d_shape s = l->shape.conv2d;
    s.n = t->n;
    CALL(net, l, conv2d, forward, &s, t->x, t->w, t->b, t->y, t->work);
}

static void conv2d_backward(const struct net *net, const struct layer *l, const struct tensors *t)
{
    struct conv2d_shape s = l->shape.conv2d;
    s.n = t->n;
    if (t->dx)
        CALL(net, l, conv2d, backward_data, &s, t->w, t->dy, t->dx, t->work);
}

static void conv2d_gradients(const struct net *net, const struct layer *l, const struct tensors *t)
{
    struct conv2d_shape s = l->shape.conv2d;
    s.n = t->n;
    CALL(net, l, conv2d, backward_weights, &s, t->x, t->dy, t->dw, t->db, t->work);
}

static void maxpool_forward(const struct net *net, const struct layer *l, const struct tensors *t)
{
    struct maxpool_shape s = l->shape.maxpool;
    s.n = t->n;
    CALL(net, l, maxpool, forward, &s, t->x, t->y);
}

static void maxpool_backward(const struct net *net, const struct layer *l, const struct tensors *t)
{
    struct maxpool_shape s = l->shape.maxpool;
    s.n = t->n;
    CALL(net, l, maxpool, backward, &s, t->x, t->dy, t->dx);
}

static void dense_forward(const struct net *net, const struct layer *l, const struct tensors *t)
{
    struct dense_shape s = l->shape.dense;
    s.n = t->n;
    CALL(net, l, dense, forward, &s, t->x, t->w, t->b, t->y);
}

/* Whether backward takes the step of this layer too. */
static bool steps(const struct net *net, const struct layer *l, const struct tensors *t)
{
    return net->learning && l->op == OP_DENSE && net->n == 1 && t->dx && !net->trace && !net->swaps;
}

static void dense_backward(const struct net *net, const struct layer *l, const struct tensors *t)
{
    if (steps(net, l, t)) {
        CALL(net, l, dense_sgd, backward, SHAPE(dense_sgd, l->inputs, l->outputs, net->lr), t->x,
             t->w, t->b, t->dy, t->dx, t->w, t->b);
        return;
    }
    struct dense_shape s = l->shape.dense;
    s.n = t->n;
    CALL(net, l, dense, backward, &s, t->x, t->w, t->dy, t->dx, t->dw, t->db);
}

#define ELEMENTWISE(op)                                                                            \
    static void op##_forward(const struct net *net, const struct layer *l,                         \
                             const struct tensors *t)                                              \
    {                                                                                              \
        CALL(net, l, op, forward, SHAPE(op, t->n * l->outputs), t->x, t->y);                       \
    }                                                                                              \
    static void op##_backward(const struct net *net, const struct layer *l,                        \
                              const struct tensors *t)                                             \
    {                                                                                              \
        CALL(net, l, op, backward, SHAPE(op, t->n * l->outputs), t->x, t->dy, t->dx);              \
    }
ELEMENTWISE(relu)
ELEMENTWISE(sigmoid)
ELEMENTWISE(tanh)

/* Of the whole batch at once. */
static void minmax_forward(const struct net *net, const struct layer *l, const struct tensors *t)
{
    if (net->training)
        CALL(net, l, minmax, statistics, SHAPE(minmax, t->n * l->outputs), t->x, t->range);
    CALL(net, l, minmax, apply, SHAPE(minmax, t->n * l->outputs), t->x, t->range, t->y);
}

static void minmax_backward(const struct net *net, const struct layer *l, const struct tensors *t)
{
    CALL(net, l, minmax, backward, SHAPE(minmax, t->n * l->outputs), t->x, t->dy, t->dx);
}

/* Each is the other's gradient. */
#define TRANSPOSE(op, other)                                                                       \
    static void op##_forward(const struct net *net, const struct layer *l,                         \
                             const struct tensors *t)                                              \
    {                                                                                              \
        struct transpose_shape s = l->shape.transpose;                                             \
        s.n = t->n;                                                                                \
        CALL(net, l, transpose, op, &s, t->x, t->y);                                               \
    }                                                                                              \
    static void op##_backward(const struct net *net, const struct layer *l,                        \
                              const struct tensors *t)                                             \
    {                                                                                              \
        struct transpose_shape s = l->shape.transpose;                                             \
        s.n = t->n;                                                                                \
        CALL(net, l, transpose, other, &s, t->dy, t->dx);                                          \
    }
TRANSPOSE(to_nchw, to_nhwc)
TRANSPOSE(to_nhwc, to_nchw)

static void softmax_forward(const struct net *net, const struct layer *l, const struct tensors *t)
{
    CALL(net, l, softmax, forward, SHAPE(softmax, t->n, l->outputs), t->x, t->y);
}

static void softmax_backward(const struct net *net, const struct layer *l, const struct tensors *t)
{
    CALL(net, l, softmax, backward, SHAPE(softmax, t->n, l->outputs), t->y, t->dy, t->dx);
}

typedef void operation(const struct net *net, const struct layer *l, const struct tensors *t);

static const struct {
    operation *forward, *backward;
    operation *gradients; /* of parameters, where backward does not leave them */
    bool whole;           /* not example by example: to be called with the whole batch */
    bool over;            /* y may lie over x, which backward does not miss, and dx over dy */
} operations[] = {
    [OP_CONV2D] = { conv2d_forward, conv2d_backward, conv2d_gradients },
    [OP_MAXPOOL] = { maxpool_forward, maxpool_backward },
    [OP_DENSE] = { dense_forward, dense_backward, .whole = true },
    [OP_RELU] = { relu_forward, relu_backward, .over = true },
    [OP_SIGMOID] = { sigmoid_forward, sigmoid_backward },
    [OP_TANH] = { tanh_forward, tanh_backward },
    [OP_SOFTMAX] = { softmax_forward, softmax_backward },
    [OP_MINMAX] = { minmax_forward, minmax_backward, .whole = true },
    [OP_TO_NCHW] = { to_nchw_forward, to_nchw_backward },
    [OP_TO_NHWC] = { to_nhwc_forward, to_nhwc_backward },
};

/* The mean loss of n examples, of what the last layer gives: logits, or probabilities in mode
 * DOCUMENT. `more` is what else the shape holds. */
#define LOSS(op, more)                                                                             \
    static void op##_forward(const struct net *net, int n, const real *y, const real *t,           \
                             real *loss)                                                           \
    {                                                                                              \
        CALL(net, NULL, op, forward, SHAPE(op, .n = n, .len = net->outputs, more), y, t, loss);    \
    }                                                                                              \
    static void op##_backward(const struct net *net, int n, const real *y, const real *t,          \
                              real *dy)                                                            \
    {                                                                                              \
        CALL(net, NULL, op, backward, SHAPE(op, .n = n, .len = net->outputs, more), y, t, dy);     \
    }
LOSS(bce, .eps = net->network->eps)
LOSS(xent, )
LOSS(bce_logits, )

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
