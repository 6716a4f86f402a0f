/* campaign_train.c - the networks whose images are embedded, trained by both sides for a few
 * epochs. */
#include "harness/campaign.h"

#include "harness/progress.h"
#include "harness/train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EPOCHS = 2, SAME_BITS_IMAGES = 100 };

/* The least share of test images that a network must get right after that. */
static const double learnt = 0.99;

/* What one side trains with, and what came of it. */
struct side {
    const struct engine *engine;
    enum isa isa;
    struct trainer trainer;
    double loss[EPOCHS];
    struct score test;
    bool held;
    struct error reason;
};

static void train_side(struct side *s, const struct settings *settings,
                       const struct dataset *images, const struct dataset *test,
                       const double *weights)
{
    s->held = trainer_open(&s->trainer, settings, s->engine, s->isa, images, weights, &s->reason);
    for (int i = 0; s->held && i < settings->epochs; i++) {
        struct score score;
        s->held = trainer_epoch(&s->trainer, &score, &s->reason);
        s->loss[i] = score.loss;
    }
    if (s->held && test)
        net_test(s->engine, s->trainer.net, s->trainer.batch, test, NULL, &s->test);
}

/* Every set, on a few images: after an epoch the parameters are the same bits. */
static bool same_bits(const struct campaign *c, const struct settings *settings,
                      const struct dataset *images, const struct layout *layout,
                      const double *weights, struct error *e)
{
    struct dataset few = *images;
    struct settings once = *settings;
    double *first = malloc(sizeof *first * 2 * (size_t)layout->total);
    bool good = true;
    if (!first)
        abort();
    double *const other = first + layout->total;
    once.epochs = 1;
    few.count = few.count < SAME_BITS_IMAGES ? few.count : SAME_BITS_IMAGES;
    for (int isa = 0; good && isa < ISA_COUNT; isa++) {
        struct side s = { .engine = &engine_fast, .isa = (enum isa)isa };
        if (!c->use[isa] && isa != ISA_scalar)
            continue;
        train_side(&s, &once, &few, NULL, weights);
        good = s.held || fail(e, "%s: %s", isa_name[isa], s.reason.text);
        if (good)
            s.engine->get(s.trainer.net, isa == ISA_scalar ? first : other);
        if (good && isa != ISA_scalar && memcmp(first, other, sizeof *first * layout->total))
            good = fail(e, "%s and scalar end with other parameters after %d images",
                        isa_name[isa], few.count);
        trainer_close(&s.trainer);
    }
    free(first);
    return good;
}

/* Beside what they have learnt, that they have learnt the same: a step of fast rounds to 2^-24 of
 * what ref knows, and that may add up over the steps. */
static bool judge_sides(struct training *t, const struct side side[2], struct error *e)
{
    const double allowed = 0x1p-24 * (double)side[0].trainer.step;
    for (int i = 0; i < 2; i++) {
        if (!side[i].held)
            return fail(e, "%s", side[i].reason.text);
        if (!(score_accuracy(&side[i].test) >= learnt))
            return fail(e, "%s gets %.2f %% of the test images right, not %.0f %%",
                        side[i].engine->name, 100.0 * score_accuracy(&side[i].test),
                        100.0 * learnt);
    }
    for (int i = 0; i < EPOCHS; i++) {
        t->loss_ref[i] = side[0].loss[i];
        t->loss_fast[i] = side[1].loss[i];
        t->difference = fmax(t->difference, fabs(side[0].loss[i] - side[1].loss[i]));
    }
    t->accuracy_ref = score_accuracy(&side[0].test);
    t->accuracy_fast = score_accuracy(&side[1].test);
    if (!(t->difference <= allowed))
        return fail(e, "the losses of ref and fast are %.2g apart, and %ld steps allow %.2g",
                    t->difference, side[0].trainer.step, allowed);
    return true;
}

static bool train(const struct campaign *c, struct training *t, struct error *e)
{
    const struct network *network = t->network;
    struct settings settings = { .network = network, .epochs = EPOCHS,
                                 .batch = network->form->batch, .lr = network->form->lr,
                                 .lr_decay = 1.0, .seed = c->seed };
    struct images images = { 0 };
    struct layout layout;
    double *weights = NULL;
    bool good = images_read(network, NULL, 0, 0, &images, e) && network_layout(network, &layout, e);
    if (good && (weights = malloc(sizeof *weights * (size_t)layout.total)) == NULL)
        good = fail(e, "no memory for %d parameters", layout.total);
    if (good) {
        struct side side[2] = { { .engine = &engine_ref }, { .engine = &engine_fast } };
        for (int isa = 0; isa < ISA_COUNT; isa++)
            if (c->use[isa])
                side[1].isa = (enum isa)isa; /* the widest */
        network_init(&layout, settings.init, settings.seed, weights);
        for (int i = 0; i < 2; i++)
            train_side(&side[i], &settings, &images.train, &images.test, weights);
        good = judge_sides(t, side, e) &&
               same_bits(c, &settings, &images.train, &layout, weights, e);
        trainer_close(&side[0].trainer);
        trainer_close(&side[1].trainer);
    }
    free(weights);
    images_free(&images);
    return good;
}

void campaign_train(struct campaign *c)
{
    int count = 0;
    while (networks[count])
        count++;
    c->training = calloc((size_t)count + 1, sizeof *c->training);
    if (!c->training)
        abort();
    for (int i = 0; i < count; i++)
        if (networks[i]->fixture && campaign_takes(c, networks[i]->name, "train"))
            c->training[c->trainings++].network = networks[i];
#pragma omp parallel for num_threads(c->threads) schedule(dynamic)
    for (int i = 0; i < c->trainings; i++) {
        struct training *t = &c->training[i];
        struct error e;
        const double start = seconds_now();
        t->epochs = EPOCHS;
        t->held = train(c, t, &e);
        t->seconds = seconds_now() - start;
        if (!t->held)
            snprintf(t->failure, sizeof t->failure, "%s", e.text);
    }
}
