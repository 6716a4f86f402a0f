#include "harness/train.h"

#include "harness/progress.h"
#include "harness/swap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

double score_accuracy(const struct score *s)
{
    return s->nonfinite || !s->count ? NAN : (double)s->correct / s->count;
}

double score_as_counted(const struct score *s)
{
    return (double)(s->correct + s->nonfinite_0) / s->count;
}

static const uint8_t *image_at(const struct dataset *d, int i)
{
    return d->pixels + (size_t)i * (size_t)d->channels * (size_t)d->height * (size_t)d->width;
}

/* Runs n images through the net: order[0 .. n - 1], or without an order those from `from` on.
 * Returns their mean loss, and counts their answers. */
static double answer(const struct engine *engine, struct net *net, const struct dataset *d,
                     const int *order, int from, int n, bool training, struct score *score)
{
    for (int slot = 0; slot < n; slot++) {
        const int i = order ? order[from + slot] : from + slot;
        engine->fill(net, slot, image_at(d, i), d->labels[i]);
    }
    const double loss = engine->forward(net, n, training);
    for (int slot = 0; slot < n; slot++) {
        const int label = d->labels[order ? order[from + slot] : from + slot];
        const int class = engine->predict(net, slot);
        score->count++;
        score->correct += class == label;
        score->nonfinite += class < 0;
        score->nonfinite_0 += class < 0 && label == 0;
        if (class >= 0)
            score->confusion[label][class]++;
    }
    score->loss += loss * n;
    return loss;
}

bool trainer_open(struct trainer *t, const struct settings *settings, const struct engine *engine,
                  enum isa isa, const struct dataset *images, const double *weights,
                  struct error *e)
{
    const int count = images->count;
    *t = (struct trainer){ .settings = settings, .engine = engine, .images = images,
                           .batch = settings->batch < count ? settings->batch : count,
                           .rng = rng_named(settings->seed, "order"), .start = seconds_now() };
    t->order = malloc((size_t)count * sizeof *t->order);
    if (!t->order)
        return fail(e, "no memory for the order of %d images", count);
    t->net = engine->create(settings->network, t->batch, isa, settings->loss, e);
    if (!t->net) {
        trainer_close(t);
        return false;
    }
    engine->set(t->net, weights);
    return true;
}

void trainer_close(struct trainer *t)
{
    if (t->net)
        t->engine->destroy(t->net);
    free(t->order);
    *t = (struct trainer){ 0 };
}

/* Fails when there is a number that is not finite. n is the size of the batch whose loss is not, or
 * 0 at the end of an epoch. */
static bool all_finite(const struct trainer *t, int from, int n, double loss, struct error *e)
{
    struct nonfinite first;
    char image[32] = "", what[40] = "";
    if (!t->engine->find_nonfinite(t->net, &first))
        return true;
    const int slot = n == 1 ? 0 : first.slot;
    if (n > 0 && slot >= 0)
        snprintf(image, sizeof image, ", image %d", t->order[from + slot]);
    if (n > 0)
        snprintf(what, sizeof what, " the loss is %s;", isnan(loss) ? "nan" : "infinite");
    return fail(e, "%s: step %ld (epoch %d%s):%s the first number that is not finite is %s (%s)%s",
                t->engine->name, t->step, t->epoch, image, what, first.place,
                isnan(first.value) ? "nan" : first.value > 0 ? "inf" : "-inf",
                first.before ? ", computed before this step" : "");
}

/* Where a minmax applies a kept range, outside of training, it shall be that of a training batch
 * with the weights as they now are: the mean over all batches. The range that a step found was of
 * one batch, and the weights have moved since. */
static bool settle_ranges(struct trainer *t, struct error *e)
{
    struct layout l;
    int ranges = 0, batches = 0;
    if (!network_layout(t->settings->network, &l, e))
        return false;
    for (int i = 0; i < l.layers; i++)
        ranges += l.layer[i].range >= 0;
    if (ranges == 0)
        return true;
    double *now = malloc((size_t)l.total * sizeof *now), mean[NODES_MAX][2] = { { 0.0 } };
    if (!now)
        return fail(e, "no memory for %d parameters", l.total);
    for (int from = 0; from < t->images->count; from += t->batch, batches++) {
        const int left = t->images->count - from;
        struct score score = { 0 };
        answer(t->engine, t->net, t->images, t->order, from, left < t->batch ? left : t->batch,
               true, &score);
        t->engine->get(t->net, now);
        for (int i = 0; i < l.layers; i++)
            for (int k = 0; k < 2 && l.layer[i].range >= 0; k++)
                mean[i][k] += now[l.parameter[l.layer[i].range].offset + k];
    }
    for (int i = 0; i < l.layers; i++)
        for (int k = 0; k < 2 && l.layer[i].range >= 0; k++)
            now[l.parameter[l.layer[i].range].offset + k] = mean[i][k] / batches;
    t->engine->set(t->net, now);
    free(now);
    return true;
}

bool trainer_epoch(struct trainer *t, struct score *out, struct error *e)
{
    const struct settings *s = t->settings;
    const int count = t->images->count, batch = t->batch;
    const double start = seconds_now();
    char label[64];
    snprintf(label, sizeof label, "%s, %s:", s->network->name, t->engine->name);
    rng_permutation(&t->rng, count, t->order);
    *out = (struct score){ 0 };
    t->lr = s->lr * pow(s->lr_decay, t->epoch++);
    if (t->swaps) {
        t->swaps->lr = t->lr;
        t->engine->swap(t->net, t->swaps);
    }
    bool good = true;
    for (int from = 0; from < count && good; from += batch) {
        const int n = count - from < batch ? count - from : batch;
        t->step++;
        if (t->shadow)
            t->engine->trace(t->net, shadow_step(t->shadow, t->step) ? shadow_trace : NULL,
                             t->shadow);
        const double loss = answer(t->engine, t->net, t->images, t->order, from, n, true, out);
        good = isfinite(loss) || all_finite(t, from, n, loss, e);
        if (good || t->swaps) /* the documents do not look, and go on to their end */
            t->engine->learn(t->net, t->lr);
        progress(label, t->start, (t->epoch - 1.0) * count + from, (double)s->epochs * count);
    }
    progress_clear();
    if (t->shadow)
        t->engine->trace(t->net, NULL, NULL);
    out->loss /= out->count;
    t->seconds = seconds_now() - start;
    return good && all_finite(t, 0, 0, 0.0, e) && settle_ranges(t, e);
}

void net_test(const struct engine *engine, struct net *net, int batch, const struct dataset *images,
              double *logits, struct score *out)
{
    const double start = seconds_now();
    *out = (struct score){ 0 };
    for (int from = 0; from < images->count; from += batch) {
        const int left = images->count - from, n = left < batch ? left : batch;
        answer(engine, net, images, NULL, from, n, false, out);
        for (int slot = 0; logits && slot < n; slot++, logits += engine->outputs(net))
            engine->logits(net, slot, logits);
        progress("test:", start, from, images->count);
    }
    progress_clear();
    out->loss /= out->count;
}
