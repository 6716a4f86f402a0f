/* net_finite.h - where the first number that is not finite came from; a part of net.c. */
#ifndef HARNESS_NET_FINITE_H
#define HARNESS_NET_FINITE_H

#include "harness/net_layers.h"

#include <math.h>
#include <stdio.h>

static int parameter_count(const struct layout *layout, int parameter)
{
    return parameter < 0 ? 0 : layout->parameter[parameter].count;
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
    const int outputs = net->outputs;
    bool found = scan(net, 0, "x", net->at[0].x, net->n, l[0].inputs, out);
    for (int i = 0; i < net->layout.layers && !found; i++)
        found = scan(net, i, "y", net->at[i].y, net->n, l[i].outputs, out);
    if (found || isfinite(net->mean_loss))
        return found;
    *out = (struct nonfinite){ .value = (double)net->mean_loss, .slot = -1 };
    snprintf(out->place, sizeof out->place, "%s", net->loss->name);
    for (int slot = 0; slot < net->n && out->slot < 0; slot++) {
        real loss;
        net->loss->forward(net, 1, net->last->y + slot * outputs, net->targets + slot * outputs,
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
                scan(net, i, "b", t->b, 0, parameter_count(layout, l->biases), out) ||
                scan(net, i, "range", t->range, 0, parameter_count(layout, l->range), out);
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

#endif
