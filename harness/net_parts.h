/* net_parts.h - the order in which a batch goes through the layers; a part of net.c.
 *
 * Layers that compute every example by itself run one after the other over a few examples at a
 * time, whose tensors stay in a cache near the core, and such parts on several threads. Neither
 * changes a bit. A net that is traced or has swaps is called layer by layer with the whole batch.
 */
#ifndef HARNESS_NET_PARTS_H
#define HARNESS_NET_PARTS_H

#include "fast/threads.h"
#include "harness/net_layers.h"

/* The cost of a layer without weights is in multiply-adds an output. */
enum { PART_BYTES = 1 << 18, PASS_COST = 8 };

struct run {
    const struct net *net;
    int first, end; /* the layers */
    int size;       /* examples of a part */
    bool back;
};

static bool together(const struct net *net, int layer)
{
    return operations[net->layout.layer[layer].op].whole || net->trace || net->swaps;
}

/* Layers that run together with `first`, and with the one before `end`: where they end and
 * begin. */
static int run_end(const struct net *net, int first)
{
    int end = first + 1;
    while (!together(net, first) && end < net->layout.layers && !together(net, end))
        end++;
    return end;
}

static int run_first(const struct net *net, int end)
{
    int first = end - 1;
    while (!together(net, end - 1) && first > net->first && !together(net, first - 1))
        first--;
    return first;
}

/* The most examples that a part of these layers has. Convolutions like 16 at a time: those may be
 * more than stay near the core, but not by much. */
static int part_most(const struct net *net, int first, int end)
{
    size_t bytes = (size_t)net->layout.layer[first].inputs * sizeof(real);
    for (int i = first; i < end; i++)
        bytes += (size_t)net->layout.layer[i].outputs * sizeof(real);
    if (16 * bytes > 4 * PART_BYTES)
        return bytes > PART_BYTES ? 1 : (int)(PART_BYTES / bytes);
    return 16 * bytes > PART_BYTES ? 16 : (int)(PART_BYTES / bytes) / 16 * 16;
}

/* So many, as equal as may be, and no thread without one. */
static int part_examples(const struct net *net, int first, int end)
{
    if (together(net, first))
        return net->n;
    const int most = part_most(net, first, end), threads = thread_count();
    const int parts = ((net->n + most - 1) / most + threads - 1) / threads * threads;
    const int size = (net->n + parts - 1) / parts;
    return most % 16 || net->n < 16 * threads ? size : (size + 15) / 16 * 16;
}

static void run_part(const void *context, int k, int thread)
{
    const struct run *r = context;
    const struct net *net = r->net;
    const int from = k * r->size, left = net->n - from;
    for (int j = r->first; j < r->end; j++) {
        const int i = r->back ? r->first + r->end - 1 - j : j;
        const struct layer *l = &net->layout.layer[i];
        struct tensors t = net->at[i];
        t.n = left < r->size ? left : r->size;
        t.work = net->work + (size_t)thread * net->part_room;
        t.x += (size_t)from * (size_t)l->inputs;
        t.y += (size_t)from * (size_t)l->outputs;
        t.dx = t.dx ? t.dx + (size_t)from * (size_t)l->inputs : NULL;
        t.dy = t.dy ? t.dy + (size_t)from * (size_t)l->outputs : NULL;
        (r->back ? operations[l->op].backward : operations[l->op].forward)(net, l, &t);
    }
}

static void run_layers(const struct net *net, int first, int end, bool back)
{
    const struct run r = { net, first, end, part_examples(net, first, end), back };
    double work = 0.0;
    for (int i = first; i < end; i++) {
        const struct layer *l = &net->layout.layer[i];
        const struct conv2d_shape *s = &l->shape.conv2d;
        const int cost = l->op == OP_CONV2D ? s->c * s->kh * s->kw : PASS_COST;
        work += (double)net->n * l->outputs * cost;
    }
    thread_each((net->n + r.size - 1) / r.size, work, run_part, &r);
}

/* What a layer's parameters get, of the whole batch. */
static void sum_gradients(const struct net *net, int layer)
{
    const struct layer *l = &net->layout.layer[layer];
    struct tensors t = net->at[layer];
    t.n = net->n;
    t.work = net->work;
    if (operations[l->op].gradients)
        operations[l->op].gradients(net, l, &t);
}

static void run_forward(const struct net *net)
{
    for (int first = 0, end; first < net->layout.layers; first = end) {
        end = run_end(net, first);
        run_layers(net, first, end, false);
    }
}

static void run_backward(const struct net *net)
{
    for (int end = net->layout.layers, first; end > net->first; end = first) {
        first = run_first(net, end);
        sum_gradients(net, end - 1);
        run_layers(net, first, end, true);
        for (int i = end - 2; i >= first; i--)
            sum_gradients(net, i);
    }
}

#endif
