/* net.c - the engine; the contract is in net.h. Compiled twice: with NET_REF, and with NET_FAST. */
#include "harness/net.h"
#include "harness/net_layers.h"

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

static int parameter_count(const struct layout *layout, int parameter)
{
    return parameter < 0 ? 0 : layout->parameter[parameter].count;
}

/* The parameter in one of the arrays of all of them. */
static real *parameter_in(const struct layout *layout, real *all, int parameter)
{
    return parameter < 0 || !all ? NULL : all + layout->parameter[parameter].offset;
}

/* Gives every tensor its place. */
static void place(struct net *net, struct arena *a)
{
    const struct layout *layout = &net->layout;
    const size_t batch = (size_t)net->batch, total = (size_t)layout->total;
    net->parameters = take(a, total);
    net->gradients = take(a, total);
    net->before = take(a, total);
    net->targets = take(a, batch * (size_t)net->network->classes);
    real *x = take(a, batch * (size_t)layout->layer[0].inputs), *dx = NULL;
    size_t most = 0;
    for (int i = 0; i < layout->layers; i++) {
        const struct layer *l = &layout->layer[i];
        struct tensors *t = &net->at[i];
        *t = (struct tensors){
            .x = x,
            .dx = dx,
            .w = parameter_in(layout, net->parameters, l->weights),
            .dw = parameter_in(layout, net->gradients, l->weights),
            .b = parameter_in(layout, net->parameters, l->biases),
            .db = parameter_in(layout, net->gradients, l->biases),
        };
        x = t->y = take(a, batch * (size_t)l->outputs);
        dx = t->dy = i < net->first ? NULL : take(a, batch * (size_t)l->outputs);
        if (l->op == OP_CONV2D) {
            struct conv2d_shape s = l->shape.conv2d;
            s.n = net->batch;
            const size_t size = KERNELS(conv2d, net->isa)->workspace(&s);
            most = size > most ? size : most;
        }
    }
    net->work = take(a, most);
    net->last = &net->at[layout->layers - 1];
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
    const int classes = net->network->classes;
    if (mode == LOSS_FUSED)
        return true;
    if (softmax && classes != 2)
        return fail(e, "%s: binary cross-entropy of a softmax is for two classes; fuse the loss",
                    net->network->name);
    net->layout.layer[net->layout.layers++] = (struct layer){
        .op = softmax ? OP_SOFTMAX : OP_SIGMOID, .name = softmax ? "softmax" : "sigmoid",
        .inputs = classes, .outputs = classes, .weights = -1, .biases = -1,
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
    if (!network_layout(network, &net->layout, e) || !append_output(net, mode, e))
        return destroy(net), NULL;
    while (layout->layer[net->first].weights < 0)
        net->first++;
    int widest = layout->layer[0].inputs;
    for (int i = 0; i < layout->layers; i++)
        widest = layout->layer[i].outputs > widest ? layout->layer[i].outputs : widest;
    struct arena arena = { NULL, 0 };
    if (batch <= INT_MAX / widest) {
        place(net, &arena);
        net->memory = aligned_alloc(64, arena.used * sizeof(real));
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

static double forward(struct net *net, int n)
{
    net->n = n;
    net->forward_is_newest = true;
    for (int i = 0; i < net->layout.layers; i++)
        operations[net->layout.layer[i].op].forward(net, &net->layout.layer[i], &net->at[i]);
    net->loss->forward(net, n, net->last->y, net->targets, &net->mean_loss);
    return (double)net->mean_loss;
}

static void backward(struct net *net)
{
    net->forward_is_newest = false;
    net->loss->backward(net, net->n, net->last->y, net->targets, net->last->dy);
    for (int i = net->layout.layers - 1; i >= net->first; i--)
        operations[net->layout.layer[i].op].backward(net, &net->layout.layer[i], &net->at[i]);
}

static void step(struct net *net, double lr)
{
    real *before = net->parameters;
    if (net->trace)
        before = memcpy(net->before, before, (size_t)net->layout.total * sizeof *before);
    const struct sgd_shape s = { net->layout.total, lr };
    KERNELS(sgd, net->isa)->step(&s, net->parameters, net->gradients, net->parameters);
    traced(net, "sgd.step", &s, (const void *const[]){ before, net->gradients, net->parameters });
}

static void fill(struct net *net, int slot, const uint8_t *pixels, int label)
{
    const struct network *network = net->network;
    const int inputs = net->layout.layer[0].inputs;
    for (int i = 0; i < inputs; i++)
        net->at[0].x[slot * inputs + i] = (real)(pixels[i] * network->scale + network->shift);
    for (int c = 0; c < network->classes; c++)
        net->targets[slot * network->classes + c] = c == label;
}

static int predict(const struct net *net, int slot)
{
    const int classes = net->network->classes;
    const real *z = net->logits + slot * classes;
    int best = 0;
    for (int c = 0; c < classes; c++) {
        if (!isfinite(z[c]))
            return -1;
        best = z[c] > z[best] ? c : best;
    }
    return best;
}

/* Looks through `rows` examples of `len` numbers or, without rows, through one tensor of them. */
static bool scan(const struct net *net, int layer, const char *tensor, const real *a, int rows,
                 int len, struct nonfinite *out)
{
    for (int i = 0; a && i < (rows ? rows : 1) * len; i++)
        if (!isfinite(a[i])) {
            *out = (struct nonfinite){ .value = (double)a[i], .slot = rows ? i / len : -1 };
            snprintf(out->place, sizeof out->place, "%d.%s.%s", layer,
                     net->layout.layer[layer].name, tensor);
            return true;
        }
    return false;
}

static bool find_in_forward(const struct net *net, struct nonfinite *out)
{
    const struct layer *l = net->layout.layer;
    const int classes = net->network->classes;
    bool found = scan(net, 0, "x", net->at[0].x, net->n, l[0].inputs, out);
    for (int i = 0; i < net->layout.layers && !found; i++)
        found = scan(net, i, "y", net->at[i].y, net->n, l[i].outputs, out);
    if (found || isfinite(net->mean_loss))
        return found;
    *out = (struct nonfinite){ .value = (double)net->mean_loss, .slot = -1 };
    snprintf(out->place, sizeof out->place, "%s", net->loss->name);
    for (int slot = 0; slot < net->n && out->slot < 0; slot++) {
        real loss;
        net->loss->forward(net, 1, net->last->y + slot * classes, net->targets + slot * classes,
                           &loss);
        out->slot = isfinite(loss) ? -1 : slot;
    }
    return true;
}

static bool find_in_backward(const struct net *net, struct nonfinite *out)
{
    const struct layout *layout = &net->layout;
    const int top = layout->layers - 1;
    bool found = scan(net, top, "dy", net->last->dy, net->batch, layout->layer[top].outputs, out);
    for (int i = top; i >= net->first && !found; i--) {
        const struct layer *l = &layout->layer[i];
        const struct tensors *t = &net->at[i];
        found = scan(net, i, "dw", t->dw, 0, parameter_count(layout, l->weights), out) ||
                scan(net, i, "db", t->db, 0, parameter_count(layout, l->biases), out) ||
                scan(net, i, "dx", t->dx, net->batch, l->inputs, out);
    }
    for (int i = net->first; i <= top && !found; i++) {
        const struct layer *l = &layout->layer[i];
        const struct tensors *t = &net->at[i];
        found = scan(net, i, "w", t->w, 0, parameter_count(layout, l->weights), out) ||
                scan(net, i, "b", t->b, 0, parameter_count(layout, l->biases), out);
    }
    return found;
}

static bool find_nonfinite(const struct net *net, struct nonfinite *out)
{
    if (!net->forward_is_newest)
        return find_in_forward(net, out) || find_in_backward(net, out);
    if (!find_in_backward(net, out))
        return find_in_forward(net, out);
    out->before = true;
    out->slot = -1; /* of a batch that is gone */
    return true;
}

const struct engine ENGINE = { ENGINE_NAME, sizeof(real), create, destroy, set_trace, set, get,
                               gradients, fill, forward, backward, step, predict, find_nonfinite };
