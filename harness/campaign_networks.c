/* campaign_networks.c - whole networks on NumPy's fixtures: fixtures/networks/<network>/<case>/.
 *
 * A case, "form=plain,h=5,w=4,batch=4,steps=2,lr=0.0625", is a few steps of training from first
 * values that stand in the fixture. ref must follow the loss, every gradient and every kept range
 * of each step; in fast every tensor of every kernel call is held to its bound against ref on the
 * same numbers.
 */
#include "harness/campaign.h"

#include "harness/npy.h"
#include "harness/progress.h"
#include "harness/shadow.h"
#include "harness/net.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How far ref may be from NumPy: as a part of a tensor's largest element, or of the largest
 * gradient of the step. The second is rounding, and all there is where a scaling that follows
 * undoes what a bias does: its gradient is 0, of terms that are not. */
static const double ALLOWED = 1e-10, ROUNDING = 1e-14;

struct fixture {
    const char *folder;
    struct network network; /* of the case's size */
    struct layout layout;
    int batch, steps;
    double lr;
    double *first;                /* all parameters, at their places */
    struct npy images, labels, loss;
    struct npy of[2 * NODES_MAX]; /* of each parameter its gradients, or ranges, of every step */
};

static bool read_array(const struct fixture *f, const char *name, size_t count, struct npy *out,
                       struct error *e)
{
    char path[4400];
    snprintf(path, sizeof path, "%s/%s.npy", f->folder, name);
    return npy_read(path, out, e) &&
           (out->count == count ||
            fail(e, "%s: %zu numbers, and its case has %zu", path, out->count, count));
}

/* A range is no first value but what every step finds. */
static bool is_range(const struct parameter *p)
{
    return p->fan_in == 0;
}

static bool read_parameter(struct fixture *f, int i, struct error *e)
{
    const struct parameter *p = &f->layout.parameter[i];
    char name[40];
    struct npy first;
    snprintf(name, sizeof name, "%s", p->name);
    if (!is_range(p)) {
        if (!read_array(f, name, (size_t)p->count, &first, e))
            return false;
        memcpy(f->first + p->offset, first.data, first.count * sizeof *f->first);
        npy_free(&first);
        char *letter = strrchr(name, '.') + 1; /* "0.conv2d.w" has the gradient "0.conv2d.dw" */
        memmove(letter + 1, letter, strlen(letter) + 1);
        *letter = 'd';
    }
    return read_array(f, name, (size_t)f->steps * (size_t)p->count, &f->of[i], e);
}

/* Pixels and labels are whole numbers below `end`. */
static bool whole_below(const struct npy *a, int end, const char *folder, const char *name,
                        struct error *e)
{
    for (size_t i = 0; i < a->count; i++)
        if (!(a->data[i] >= 0.0 && a->data[i] < end && a->data[i] == floor(a->data[i])))
            return fail(e, "%s/%s.npy: %g is no whole number below %d", folder, name, a->data[i],
                        end);
    return true;
}

static bool read_fixture(struct fixture *f, const char *name, const char *text, struct error *e)
{
    char form[40];
    int h, w, end = 0;
    if (sscanf(text, "form=%39[^,],h=%d,w=%d,batch=%d,steps=%d,lr=%lf%n", form, &h, &w, &f->batch,
               &f->steps, &f->lr, &end) != 6 || text[end])
        return fail(e, "%s: not named as a case is", f->folder);
    if (!network_find(name, form, &f->network, e))
        return false;
    f->network.height = h;
    f->network.width = w;
    if (f->batch < 1 || f->steps < 1 || !network_layout(&f->network, &f->layout, e))
        return fail(e, "%s: no such network", f->folder);
    f->first = calloc((size_t)f->layout.total, sizeof *f->first);
    if (!f->first)
        abort();
    const size_t examples = (size_t)f->batch * (size_t)f->steps;
    const size_t pixels = examples * (size_t)f->layout.layer[0].inputs;
    bool good = read_array(f, "images", pixels, &f->images, e) &&
                read_array(f, "labels", examples, &f->labels, e) &&
                whole_below(&f->images, 256, f->folder, "images", e) &&
                whole_below(&f->labels, f->network.classes, f->folder, "labels", e) &&
                read_array(f, "loss", (size_t)f->steps, &f->loss, e);
    for (int i = 0; good && i < f->layout.parameters; i++)
        good = read_parameter(f, i, e);
    return good;
}

static void free_fixture(struct fixture *f)
{
    free(f->first);
    npy_free(&f->images);
    npy_free(&f->labels);
    npy_free(&f->loss);
    for (int i = 0; i < f->layout.parameters; i++)
        npy_free(&f->of[i]);
}

/* The loss of step `step`, and its gradients in the net. */
static double forward_backward(const struct fixture *f, const struct engine *engine,
                               struct net *net, int step)
{
    const int inputs = f->layout.layer[0].inputs;
    uint8_t *pixels = malloc((size_t)inputs);
    if (!pixels)
        abort();
    for (int slot = 0; slot < f->batch; slot++) {
        const size_t image = (size_t)step * (size_t)f->batch + (size_t)slot;
        for (int k = 0; k < inputs; k++)
            pixels[k] = (uint8_t)f->images.data[image * (size_t)inputs + (size_t)k];
        engine->fill(net, slot, pixels, (int)f->labels.data[image]);
    }
    free(pixels);
    const double loss = engine->forward(net, f->batch, true);
    engine->backward(net);
    return loss;
}

static double largest(const double *x, size_t count)
{
    double most = 0.0;
    for (size_t i = 0; i < count; i++)
        most = fmax(most, fabs(x[i]));
    return most;
}

/* Whether ref has NumPy's numbers; the worst difference is kept in the tally. */
static bool agree(struct following *t, const char *what, int step, const double *ref,
                  const double *numpy, size_t count, double most, struct error *e)
{
    const double scale = fmax(largest(numpy, count), most * (ROUNDING / ALLOWED));
    for (size_t i = 0; i < count; i++) {
        const double off = ref[i] == numpy[i] ? 0.0 : fabs(ref[i] - numpy[i]) / scale;
        if (!(off <= ALLOWED))
            return fail(e, "step %d: %s[%zu] is %.17g in ref and %.17g in NumPy: off by %.2g of "
                           "the largest", step + 1, what, i, ref[i], numpy[i], off);
        t->off = fmax(t->off, off);
    }
    return true;
}

static bool follow_step(struct following *t, const struct fixture *f, struct net *net, int step,
                        double *now, double *gradients, struct error *e)
{
    const struct layout *l = &f->layout;
    const double loss = forward_backward(f, &engine_ref, net, step);
    engine_ref.gradients(net, gradients);
    engine_ref.get(net, now);
    const double most = largest(gradients, (size_t)l->total);
    bool good = agree(t, "loss", step, &loss, &f->loss.data[step], 1, 0.0, e);
    for (int i = 0; good && i < l->parameters; i++) {
        const struct parameter *p = &l->parameter[i];
        const size_t count = (size_t)p->count;
        const double *numpy = f->of[i].data + (size_t)step * count;
        const double *ref = (is_range(p) ? now : gradients) + p->offset;
        good = agree(t, p->name, step, ref, numpy, count, is_range(p) ? 0.0 : most, e);
    }
    engine_ref.step(net, f->lr);
    return good;
}

static bool follow_ref(struct following *t, const struct fixture *f, struct error *e)
{
    const size_t total = (size_t)f->layout.total;
    struct net *net = engine_ref.create(&f->network, f->batch, ISA_scalar, LOSS_FUSED, e);
    if (!net)
        return false;
    double *now = malloc(2 * total * sizeof *now);
    if (!now)
        abort();
    engine_ref.set(net, f->first);
    bool good = true;
    for (int step = 0; good && step < f->steps; step++)
        good = follow_step(t, f, net, step, now, now + total, e);
    free(now);
    engine_ref.destroy(net);
    return good;
}

static bool follow_fast(struct following *t, const struct fixture *f, enum isa isa, struct error *e)
{
    struct error why;
    double headroom;
    struct net *net = engine_fast.create(&f->network, f->batch, isa, LOSS_FUSED, e);
    if (!net)
        return false;
    struct shadow *shadow = shadow_create(1);
    engine_fast.set(net, f->first);
    engine_fast.trace(net, shadow_trace, shadow);
    for (int step = 0; step < f->steps; step++) {
        shadow_step(shadow, step + 1);
        forward_backward(f, &engine_fast, net, step);
        engine_fast.step(net, f->lr);
    }
    const bool held = shadow_held(shadow, &headroom, &why);
    t->headroom = fmax(t->headroom, headroom);
    shadow_destroy(shadow);
    engine_fast.destroy(net);
    return held || fail(e, "%s: %s", isa_name[isa], why.text);
}

static void run_case(const struct campaign *c, struct following *t, const char *folder,
                     const char *text)
{
    struct fixture f = { .folder = folder };
    struct error e;
    bool good = read_fixture(&f, t->network->name, text, &e) && follow_ref(t, &f, &e);
    for (int isa = 0; good && isa < ISA_COUNT; isa++)
        good = !c->use[isa] || follow_fast(t, &f, (enum isa)isa, &e);
    t->cases++;
    t->steps += f.steps;
    if (!good && t->rejected++ == 0)
        snprintf(t->failure, sizeof t->failure, "%s: %s", text, e.text);
    free_fixture(&f);
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void follow(const struct campaign *c, struct following *t)
{
    char folder[2048], path[4096];
    struct dirent **entry;
    const double start = seconds_now();
    snprintf(folder, sizeof folder, "%s/networks/%s", fixtures_dir(), t->network->name);
    const int count = scandir(folder, &entry, visible, alphasort);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, entry[i]->d_name);
        run_case(c, t, path, entry[i]->d_name);
        free(entry[i]);
    }
    if (count >= 0)
        free(entry);
    if (count < 1 && t->rejected++ == 0)
        snprintf(t->failure, sizeof t->failure, "this network has no fixtures");
    t->seconds = seconds_now() - start;
}

void campaign_networks(struct campaign *c)
{
    int count = 0;
    while (networks[count])
        count++;
    c->following = calloc((size_t)count + 1, sizeof *c->following);
    if (!c->following)
        abort();
    for (int i = 0; i < count; i++)
        if (campaign_takes(c, networks[i]->name, "fixtures"))
            c->following[c->followings++].network = networks[i];
#pragma omp parallel for num_threads(c->threads) schedule(dynamic)
    for (int i = 0; i < c->followings; i++)
        follow(c, &c->following[i]);
}
