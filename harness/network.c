#include "harness/network.h"

#include "harness/rng.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define ADDRESS(id) &network_##id,
const struct network *const networks[] = { NETWORKS(ADDRESS) NULL };

/* Adds a name to the list in a message, as far as there is room. */
static void append(char list[256], const char *name)
{
    const size_t used = strlen(list);
    snprintf(list + used, 256 - used, " %s", name);
}

/* Takes form number `chosen` out of a table. */
static void take_form(const struct network *table, int chosen, struct network *out)
{
    struct node *to = out->node;
    *out = *table;
    memset(out->node, 0, sizeof out->node);
    memset(out->form, 0, sizeof out->form);
    out->form[0] = table->form[chosen];
    for (const struct node *node = table->node; node->op != OP_END; node++)
        if (!node->forms || node->forms & 1u << chosen)
            *to++ = *node;
}

bool network_find(const char *name, const char *form, struct network *out, struct error *e)
{
    char names[256] = "", forms[256] = "";
    const struct network *const *table = networks;
    for (; *table && strcmp((*table)->name, name) != 0; table++)
        append(names, (*table)->name);
    if (!*table)
        return fail(e, "unknown network '%s'; there are:%s", name, names);
    for (int i = 0; (*table)->form[i].name; i++) {
        if (!form || strcmp((*table)->form[i].name, form) == 0)
            return take_form(*table, i, out), true;
        append(forms, (*table)->form[i].name);
    }
    return fail(e, "%s has no form '%s'; there are:%s", name, form, forms);
}

static const char *const op_name[] = {
    [OP_CONV2D] = "conv2d", [OP_MAXPOOL] = "maxpool", [OP_DENSE] = "dense",
    [OP_RELU] = "relu",     [OP_SIGMOID] = "sigmoid", [OP_TANH] = "tanh",
    [OP_MINMAX] = "minmax", [OP_TO_NCHW] = "to_nchw", [OP_TO_NHWC] = "to_nhwc",
};

/* What flows from node to node: a feature map, or c units with h and w 1. */
struct map {
    int c, h, w;
};

static bool lay_shape(const struct node *node, struct map *at, struct layer *l)
{
    const struct map in = *at;
    switch (node->op) {
    case OP_CONV2D:
        if (node->out < 1 || node->kernel < 1 || node->stride < 1 || node->pad < 0 ||
            in.h + 2 * node->pad < node->kernel || in.w + 2 * node->pad < node->kernel)
            return false;
        l->shape.conv2d = (struct conv2d_shape){
            .n = 1, .c = in.c, .h = in.h, .w = in.w, .o = node->out, .kh = node->kernel,
            .kw = node->kernel, .stride = node->stride, .pad = node->pad, .bias = node->bias,
        };
        *at = (struct map){ node->out, conv2d_oh(&l->shape.conv2d), conv2d_ow(&l->shape.conv2d) };
        return true;
    case OP_MAXPOOL:
        if (node->kernel < 1 || node->stride < 1 || in.h < node->kernel || in.w < node->kernel)
            return false;
        l->shape.maxpool =
            (struct maxpool_shape){ 1, in.c, in.h, in.w, node->kernel, node->stride };
        *at = (struct map){ in.c, maxpool_oh(&l->shape.maxpool), maxpool_ow(&l->shape.maxpool) };
        return true;
    case OP_DENSE:
        if (node->out < 1)
            return false;
        l->shape.dense = (struct dense_shape){ 1, in.c * in.h * in.w, node->out };
        *at = (struct map){ node->out, 1, 1 };
        return true;
    case OP_TO_NCHW:
    case OP_TO_NHWC:
        l->shape.transpose = (struct transpose_shape){ 1, in.c, in.h, in.w };
        return true;
    default:
        return true;
    }
}

/* Appends a parameter and returns its index. */
static int add(struct layout *out, const char *what, struct init init, int fan_in, int rank,
               const int dim[4])
{
    struct parameter *p = &out->parameter[out->parameters];
    *p = (struct parameter){ .rank = rank, .offset = out->total, .count = 1, .fan_in = fan_in,
                             .init = init };
    for (int i = 0; i < rank; i++)
        p->count *= p->dim[i] = dim[i];
    snprintf(p->name, sizeof p->name, "%d.%s.%s", out->layers, out->layer[out->layers].name, what);
    out->total += (p->count + 15) / 16 * 16;
    return out->parameters++;
}

static void lay_parameters(const struct node *node, const struct map *to, struct layer *l,
                           struct layout *out)
{
    l->weights = l->biases = l->range = -1;
    if (node->op == OP_CONV2D) {
        const struct conv2d_shape *s = &l->shape.conv2d;
        const int fan_in = s->c * s->kh * s->kw;
        l->weights = add(out, "w", node->weights, fan_in, 4, (int[]){ s->o, s->c, s->kh, s->kw });
        if (s->bias != CONV2D_BIAS_NONE)
            l->biases = add(out, "b", node->biases, fan_in, s->bias == CONV2D_BIAS_CHANNEL ? 1 : 3,
                            (int[4]){ to->c, to->h, to->w });
    }
    if (node->op == OP_DENSE) {
        const struct dense_shape *s = &l->shape.dense;
        l->weights = add(out, "w", node->weights, s->in, 2, (int[4]){ s->in, s->out });
        l->biases = add(out, "b", node->biases, s->in, 1, (int[4]){ s->out });
    }
    if (node->op == OP_MINMAX)
        l->range = add(out, "range", (struct init){ INIT_ZERO, 0.0 }, 0, 1, (int[4]){ 2 });
}

bool network_layout(const struct network *network, struct layout *out, struct error *e)
{
    struct map at = { network->channels, network->height, network->width };
    *out = (struct layout){ 0 };
    for (const struct node *node = network->node; node->op != OP_END; node++, out->layers++) {
        struct layer *l = &out->layer[out->layers];
        l->op = node->op;
        l->name = op_name[node->op];
        l->inputs = at.c * at.h * at.w;
        if (!lay_shape(node, &at, l))
            return fail(e, "%s: node %d, %s, does not fit its %d x %d x %d inputs", network->name,
                        out->layers, l->name, at.c, at.h, at.w);
        l->outputs = at.c * at.h * at.w;
        lay_parameters(node, &at, l, out);
    }
    const int outputs = at.c * at.h * at.w;
    const bool single = outputs == 1 && network->classes == 2 &&
                        network->output == OUTPUT_SIGMOID_BCE;
    if (out->parameters == 0 || (outputs != network->classes && !single))
        return fail(e, "%s: it has %d outputs for %d classes, and %d parameters", network->name,
                    outputs, network->classes, out->total);
    return true;
}

/* Rank 4 is the weights of a convolution, rank 2 those of a dense layer; the rest are biases. */
static struct init scaled(const struct parameter *p)
{
    if (p->rank == 4)
        return (struct init){ INIT_NORMAL, sqrt(2.0 / p->fan_in) };
    if (p->rank == 2)
        return (struct init){ INIT_NORMAL, 1.0 / sqrt(p->fan_in) };
    return (struct init){ INIT_ZERO, 0.0 };
}

static double draw(struct rng *r, struct init init)
{
    switch (init.kind) {
    case INIT_NORMAL:
        return init.scale * rng_normal(r);
    case INIT_UNIFORM:
        return init.scale * rng_uniform(r);
    case INIT_CENTRED:
        return init.scale * (rng_uniform(r) - 0.5);
    default:
        return 0.0;
    }
}

void network_init(const struct layout *layout, enum init_mode mode, uint64_t seed, double *out)
{
    memset(out, 0, (size_t)layout->total * sizeof *out);
    for (int i = 0; i < layout->parameters; i++) {
        const struct parameter *p = &layout->parameter[i];
        const struct init init = mode == INIT_SCALED ? scaled(p) : p->init;
        struct rng r = rng_named(seed, p->name);
        for (int k = 0; k < p->count; k++)
            out[p->offset + k] = draw(&r, init);
    }
}
