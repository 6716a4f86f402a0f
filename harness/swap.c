#include "harness/swap.h"

#include "harness/defects/kernel.h"
#include "ref/bce_logits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the layers that call a kernel, those that a defect is in. */
enum which { EACH, FIRST, LAST };

struct swap {
    const char *id, *kernel;
    enum which which;
    bool as_written; /* a part of "all" */
    bool behind;     /* it changes what the kernel has done */
    /* NULL: the function of the defect */
    void (*run)(struct swaps *s, const void *shape, double *const *a);
};

/* D000-03 and D000-05 at once, as they are written. */
static void row_and_quarter(struct swaps *s, const void *shape, double *const *a)
{
    (void)s;
    d000_filter_is_the_row_of_a_quarter(shape, a);
}

static void sum_over_the_batch(struct swaps *s, const void *shape, double *const *a)
{
    const struct bce_logits_shape *l = shape;
    (void)s;
    for (int i = 0; i < l->n * l->len; i++)
        a[2][i] *= l->n * l->len;
}

/* dense.backward with the input of the ReLU that stands before it. */
static void input_before_relu(struct swaps *s, const void *shape, double *const *a)
{
    dense_ref.backward(shape, s->before, a[1], a[2], a[3], a[4], a[5]);
}

static void remember_input(struct swaps *s, const void *shape, double *const *a)
{
    (void)shape;
    s->before = a[0];
}

static void mask_of_the_last_relu(struct swaps *s, const void *shape, double *const *a)
{
    relu_ref.backward(shape, s->before, a[1], a[2]);
}

static void all_pass(struct swaps *s, const void *shape, double *const *a)
{
    (void)s;
    memcpy(a[2], a[1], (size_t)((const struct relu_shape *)shape)->len * sizeof **a);
}

/* w - lr dw, which the document has by now; count of them. */
static double *stepped(const struct swaps *s, const double *w, const double *dw, size_t count)
{
    double *after = malloc(count * sizeof *after);
    if (!after)
        abort();
    for (size_t k = 0; k < count; k++)
        after[k] = w[k] - s->lr * dw[k];
    return after;
}

static void through_updated_dense(struct swaps *s, const void *shape, double *const *a)
{
    const struct dense_shape *d = shape;
    dense_ref.backward(d, a[0], a[1], a[2], NULL, a[4], a[5]);
    double *w = stepped(s, a[1], a[4], (size_t)d->in * d->out);
    dense_ref.backward(d, a[0], w, a[2], a[3], a[4], a[5]);
    free(w);
}

static void remember_gradient(struct swaps *s, const void *shape, double *const *a)
{
    (void)shape;
    s->weight_gradient = a[2];
}

static void through_updated_kernels(struct swaps *s, const void *shape, double *const *a)
{
    const struct conv2d_shape *c = shape;
    double *w = stepped(s, a[0], s->weight_gradient, (size_t)c->o * c->c * c->kh * c->kw);
    conv2d_ref.backward_data(c, w, a[1], a[2], NULL);
    free(w);
}

static void no_bias_gradient(struct swaps *s, const void *shape, double *const *a)
{
    (void)s;
    for (int o = 0; o < ((const struct conv2d_shape *)shape)->o; o++)
        a[3][o] = 0.0;
}

/* In the order in which they are tried: of those that replace a kernel, the first that was asked
 * for. */
static const struct swap swaps[] = {
    { "D000-01", "conv2d.forward", EACH, true },
    { "D000-03", "conv2d.backward_weights", EACH, false },
    { "D000-05", "conv2d.backward_weights", EACH, false },
    { "D000-03+05", "conv2d.backward_weights", EACH, true, false, row_and_quarter },
    { "D000-06", "maxpool.backward", EACH, true },
    { "D000-07", "maxpool.backward", EACH, false },
    { "D000-18", "maxpool.backward", EACH, false },
    { "D000-08", "minmax.backward", FIRST, true },
    { "D000-12", "minmax.backward", LAST, true },
    { "D000-13", "minmax.backward", FIRST, false },
    { "D000-09", "dense.backward", LAST, true },
    { "D000-10", "relu.forward", EACH, true, true, remember_input },
    { "D000-10", "dense.backward", FIRST, true, false, input_before_relu },
    { "D000-11", "bce_logits.backward", EACH, true, true, sum_over_the_batch },
    { "D001-02", "conv2d.forward", EACH, true },
    { "D001-03", "conv2d.backward_weights", EACH, true },
    { "D001-04", "maxpool.backward", EACH, true },
    { "D001-05", "maxpool.backward", EACH, false },
    { "D001-08", "maxpool.backward", EACH, false },
    { "D001-09", "maxpool.backward", EACH, false },
    { "D001-11", "maxpool.backward", EACH, false },
    { "D001-13", "tanh.forward", EACH, true },
    { "D001-14", "tanh.backward", EACH, true },
    { "D001-17", "xent.forward", EACH, true },
    { "D001-18", "xent.backward", EACH, true },
    { "D001-20", "relu.forward", EACH, true },
    { "D002-11", "xent.backward", EACH, true },
    { "D002-12", "xent.forward", EACH, true },
    { "D002-13", "maxpool.backward", EACH, true },
    { "D002-16", "relu.forward", EACH, true, true, remember_input },
    { "D002-16", "relu.backward", EACH, true, false, mask_of_the_last_relu },
    { "D003-02", "conv2d.forward", EACH, true },
    { "D003-10", "bce_logits.forward", EACH, true },
    { "D003-11", "bce_logits.backward", EACH, true },
    { "D003-16", "conv2d.backward_weights", EACH, false },
    { "D003-17", "conv2d.backward_data", EACH, false },
    { "D004-04", "relu.forward", EACH, true },
    { "D004-04", "relu.backward", EACH, true, false, all_pass },
    { "D004-05", "dense.backward", EACH, true, false, through_updated_dense },
    { "D004-07", "conv2d.backward_weights", LAST, true },
    { "D004-06", "conv2d.backward_weights", EACH, true, true, remember_gradient },
    { "D004-06", "conv2d.backward_data", EACH, true, false, through_updated_kernels },
    { "D004-10", "conv2d.backward_weights", EACH, true, true, no_bias_gradient },
    { "D004-11", "xent.backward", EACH, true },
    { "D004-12", "xent.backward", EACH, false },
};

enum { SWAPS = sizeof swaps / sizeof *swaps };
_Static_assert((int)SWAPS <= (int)SWAPS_MAX, "room for each of them");

/* Whether a network calls a kernel at all: its layers, and the loss of its output. */
static bool calls(const struct network *network, const char *kernel)
{
    struct layout layout;
    struct error e;
    const size_t length = strcspn(kernel, ".");
    const char *loss = network->output == OUTPUT_SOFTMAX_XENT ? "xent." : "bce_logits.";
    if (!strncmp(kernel, loss, strlen(loss)))
        return true;
    if (!network_layout(network, &layout, &e))
        return false;
    for (int i = 0; i < layout.layers; i++)
        if (!strncmp(layout.layer[i].name, kernel, length) && !layout.layer[i].name[length])
            return true;
    return false;
}

/* Once: one that changes what a kernel has done would do it again. */
static void add(struct swaps *s, const struct swap *swap)
{
    for (int i = 0; i < s->count; i++)
        if (s->swap[i] == swap)
            return;
    s->swap[s->count++] = swap;
}

bool swaps_add(struct swaps *s, const struct network *network, const char *id, struct error *e)
{
    bool found = false;
    char known[512] = "";
    for (int i = 0; i < SWAPS; i++) {
        if (strncmp(swaps[i].id + 1, network->document, 3) || !calls(network, swaps[i].kernel))
            continue;
        if (strcmp(id, "all") ? !strcmp(id, swaps[i].id) : swaps[i].as_written) {
            add(s, &swaps[i]);
            found = true;
        }
        if (!strstr(known, swaps[i].id))
            strcat(strcat(known, " "), swaps[i].id);
    }
    return found || fail(e, "--defect %s: shows in no training of %s; there are: all%s", id,
                         network->name, known);
}

static bool takes_part(const struct swap *s, const struct layout *layout, const struct layer *layer)
{
    const struct layer *first = layout->layer, *last = layout->layer + layout->layers - 1;
    if (s->which == EACH) /* as all of a loss are */
        return true;
    while (first->op != layer->op)
        first++;
    while (last->op != layer->op)
        last--;
    return layer == (s->which == FIRST ? first : last);
}

bool swaps_call(struct swaps *s, const struct layout *layout, const struct layer *layer,
                const char *kernel, const void *shape, const void *const *operands)
{
    double *const *a = (double *const *)operands;
    const struct check *check;
    bool taken = false, changed = false;
    for (int i = 0; i < s->count && !taken; i++) {
        const struct swap *swap = s->swap[i];
        taken = !swap->behind && !strcmp(swap->kernel, kernel) && takes_part(swap, layout, layer);
        if (taken && swap->run)
            swap->run(s, shape, a);
        else if (taken)
            find_defect(swap->id)->kernel(shape, a);
    }
    for (int i = 0; i < s->count; i++) {
        const struct swap *swap = s->swap[i];
        if (!swap->behind || strcmp(swap->kernel, kernel) || !takes_part(swap, layout, layer))
            continue;
        if (!taken && !changed)
            find_function(kernel, &check)->ref(shape, a);
        swap->run(s, shape, a);
        changed = true;
    }
    return taken || changed;
}

void swaps_print(const struct swaps *s, char text[256])
{
    *text = '\0';
    for (int i = 0; i < s->count; i++)
        if (i == 0 || strcmp(s->swap[i]->id, s->swap[i - 1]->id))
            snprintf(text + strlen(text), 256 - strlen(text), "%s%s", *text ? " " : "",
                     s->swap[i]->id);
}
