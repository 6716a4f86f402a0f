/* net.c - the engine; the contract is in net.h. Compiled twice: with NET_REF, and with NET_FAST. */
#include "harness/net.h"
#include "harness/net_finite.h"
#include "harness/net_layers.h"
#include "harness/net_memory.h"
#include "harness/net_parts.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef NET_REF
#define ENGINE engine_ref
#define ENGINE_NAME "ref"
#else
#define ENGINE engine_fast
#define ENGINE_NAME "fast"
#endif

/* Hands out the next `count` numbers of a block, aligned; of no block, only counts them. */
struct arena {
    real *base;
    size_t used;
};

static real *take(struct arena *a, size_t count)
{
    real *const at = a->base ? a->base + a->used : NULL;
    a->used += (count + 15) / 16 * 16;
    return at;
}

/* The parameter in one of the arrays of all of them. */
static real *parameter_in(const struct layout *layout, real *all, int parameter)
{
    return parameter < 0 || !all ? NULL : all + layout->parameter[parameter].offset;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Hands on what each layer gives to the next. An operation that can works over what it is given,
 * which is near and needs no more room: but not over an image, which is filled but once, nor where
 * somebody looks at both. */
static void connect(struct net *net)
{
    for (int i = 0; i < net->layout.layers; i++) {
        struct tensors *t = &net->at[i];
        const bool over = operations[net->layout.layer[i].op].over && i > 0 && !net->trace &&
                          !net->swaps;
        if (i > 0) {
            t->x = t[-1].y;
            t->dx = t[-1].dy;
        }
        t->y = over ? t->x : t->own_y;
        t->dy = over && t->dx ? t->dx : t->own_dy;
    }
}

/* Gives every tensor its place. */
static void place(struct net *net, struct arena *a)
{
    const struct layout *layout = &net->layout;
    const size_t batch = (size_t)net->batch, total = (size_t)layout->total;
    size_t most = 0, largest = 0;
    net->part_work = 0;
    for (int i = 0; i < layout->parameters; i++)
        largest = larger(largest, (size_t)layout->parameter[i].count);
    net->parameters = take(a, total);
    net->gradients = take(a, total);
    net->before = take(a, largest);
    net->targets = take(a, batch * (size_t)net->outputs);
    real *const inputs = take(a, batch * (size_t)layout->layer[0].inputs);
    for (int i = 0; i < layout->layers; i++) {
        const struct layer *l = &layout->layer[i];
        struct tensors *t = &net->at[i];
        *t = (struct tensors){
            .x = inputs,
            .w = parameter_in(layout, net->parameters, l->weights),
            .dw = parameter_in(layout, net->gradients, l->weights),
            .b = parameter_in(layout, net->parameters, l->biases),
            .db = parameter_in(layout, net->gradients, l->biases),
            .range = parameter_in(layout, net->parameters, l->range),
        };
        t->own_y = take(a, batch * (size_t)l->outputs);
        t->own_dy = i < net->first ? NULL : take(a, batch * (size_t)l->outputs);
        if (l->op == OP_CONV2D) {
            struct conv2d_shape s = l->shape.conv2d;
            s.n = net->batch;
            most = larger(most, KERNELS(conv2d, net->isa)->workspace(&s));
            s.n = part_most(net, i, i + 1);
            s.n = s.n < net->batch ? s.n : net->batch;
            net->part_work = larger(net->part_work, KERNELS(conv2d, net->isa)->workspace(&s));
        }
    }
    net->part_work = (net->part_work + 15) / 16 * 16;
    net->threads = thread_count();
    net->part_room = thread_room(net->part_work);
    net->work = take(a, larger(most, (size_t)net->threads * net->part_room));
    net->last = &net->at[layout->layers - 1];
    connect(net);
}

static void destroy(struct net *net)
{
    if (net)
        free(net->memory);
    free(net);
}

/* In mode DOCUMENT the softmax or sigmoid behind the logits is a layer of its own. */
static bool append_output(struct net *net, enum loss_mode mode, struct error *e)
{
    const bool softmax = net->network->output == OUTPUT_SOFTMAX_XENT;
    if (mode == LOSS_FUSED)
        return true;
    if (softmax && net->outputs != 2)
        return fail(e, "%s: binary cross-entropy of a softmax is for two classes; fuse the loss",
                    net->network->name);
    net->layout.layer[net->layout.layers++] = (struct layer){
        .op = softmax ? OP_SOFTMAX : OP_SIGMOID, .name = softmax ? "softmax" : "sigmoid",
        .inputs = net->outputs, .outputs = net->outputs, .weights = -1, .biases = -1, .range = -1,
    };
    return true;
}

static struct net *create(const struct network *network, int batch, enum isa isa,
                          enum loss_mode mode, struct error *e)
{
    struct net *net = calloc(1, sizeof *net);
    if (!net)
        return fail(e, "no memory for a net"), NULL;
    *net = (struct net){ .network = network, .isa = isa, .batch = batch,
                         .loss = &losses[mode][network->output] };
    const struct layout *layout = &net->layout;
    if (!network_layout(network, &net->layout, e))
        return destroy(net), NULL;
    net->outputs = layout->layer[layout->layers - 1].outputs;
    if (!append_output(net, mode, e))
        return destroy(net), NULL;
    while (layout->layer[net->first].weights < 0)
        net->first++;
    int widest = layout->layer[0].inputs;
    for (int i = 0; i < layout->layers; i++)
        widest = layout->layer[i].outputs > widest ? layout->layer[i].outputs : widest;
    struct arena arena = { NULL, 0 };
    if (batch <= INT_MAX / widest) {
        place(net, &arena);
        net->memory = net_memory(arena.used * sizeof(real));
    }
    if (!net->memory) {
        fail(e, "no memory for %s with batches of %d", network->name, batch);
        return destroy(net), NULL;
    }
    memset(net->memory, 0, arena.used * sizeof(real));
    place(net, &(struct arena){ net->memory, 0 });
    net->logits = mode == LOSS_DOCUMENT ? net->last->x : net->last->y;
    return net;
}

static void set_trace(struct net *net, net_trace *trace, void *context)
{
    net->trace = trace;
    net->context = context;
    connect(net);
}

static void set_swaps(struct net *net, struct swaps *swaps)
{
    net->swaps = sizeof(real) == sizeof(double) ? swaps : NULL;
    connect(net);
}

static void set(struct net *net, const double *parameters)
{
    for (int i = 0; i < net->layout.total; i++)
        net->parameters[i] = (real)parameters[i];
}

static void get(const struct net *net, double *parameters)
{
    for (int i = 0; i < net->layout.total; i++)
        parameters[i] = (double)net->parameters[i];
}

static void gradients(const struct net *net, double *out)
{
    for (int i = 0; i < net->layout.total; i++)
        out[i] = (double)net->gradients[i];
}

/* The workspace has room for no more. */
static void check_threads(const struct net *net)
{
    if (thread_count() <= net->threads)
        return;
    fprintf(stderr, "cnncheck: a net made for %d threads cannot run on %d\n", net->threads,
            thread_count());
    abort();
}

static double forward(struct net *net, int n, bool training)
{
    check_threads(net);
    net->n = n;
    net->training = training;
    net->forward_is_newest = true;
    run_forward(net);
    net->loss->forward(net, n, net->last->y, net->targets, &net->mean_loss);
    return (double)net->mean_loss;
}

static void backward(struct net *net)
{
    check_threads(net);
    net->forward_is_newest = false;
    net->loss->backward(net, net->n, net->last->y, net->targets, net->last->dy);
    run_backward(net);
}

static void step_parameter(struct net *net, int parameter, double lr)
{
    if (parameter < 0)
        return;
    const struct parameter *p = &net->layout.parameter[parameter];
    const struct sgd_shape s = { p->count, lr };
    real *const at = net->parameters + p->offset, *const gradient = net->gradients + p->offset;
    if (net->trace)
        memcpy(net->before, at, (size_t)p->count * sizeof *at);
    KERNELS(sgd, net->isa)->step(&s, at, gradient, at);
    if (net->trace)
        net->trace(net->context, p->name, "sgd.step", &s,
                   (const void *const[]){ net->before, gradient, at });
}

static void step(struct net *net, double lr)
{
    for (int i = 0; i < net->layout.layers; i++) {
        const struct layer *l = &net->layout.layer[i];
        if (steps(net, l, &net->at[i]))
            continue;
        step_parameter(net, l->weights, lr);
        step_parameter(net, l->biases, lr);
    }
}

static void learn(struct net *net, double lr)
{
    net->learning = true;
    net->lr = lr;
    backward(net);
    step(net, lr);
    net->learning = false;
}

static void fill(struct net *net, int slot, const uint8_t *pixels, int label)
{
    const struct form *form = net->network->form;
    const int inputs = net->layout.layer[0].inputs;
    for (int i = 0; i < inputs; i++)
        net->at[0].x[slot * inputs + i] = (real)(pixels[i] * form->scale + form->shift);
    real *const t = net->targets + slot * net->outputs;
    if (net->outputs == 1)
        t[0] = (real)label;
    else
        for (int c = 0; c < net->outputs; c++)
            t[c] = c == label;
}

static int outputs(const struct net *net)
{
    return net->outputs;
}

static void logits(const struct net *net, int slot, double *out)
{
    for (int c = 0; c < net->outputs; c++)
        out[c] = (double)net->logits[slot * net->outputs + c];
}

static int predict(const struct net *net, int slot)
{
    const real *z = net->logits + slot * net->outputs;
    int best = 0;
    for (int c = 0; c < net->outputs; c++) {
        if (!isfinite(z[c]))
            return -1;
        best = z[c] > z[best] ? c : best;
    }
    return net->outputs == 1 ? z[0] > 0 : best;
}

const struct engine ENGINE = { ENGINE_NAME, sizeof(real), create, destroy, set_trace, set_swaps,
                               set, get, gradients, fill, forward, backward, step, learn, outputs,
                               logits, predict, find_nonfinite };
