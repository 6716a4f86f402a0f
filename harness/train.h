/* train.h - training one network on one side, an epoch at a time, and judging what it learnt.
 *
 * A trainer of ref and one of fast, opened with the same settings, start from the same weights and
 * see the same images in the same order. */
#ifndef HARNESS_TRAIN_H
#define HARNESS_TRAIN_H

#include "harness/images.h"
#include "harness/net.h"
#include "harness/rng.h"
#include "harness/shadow.h"

struct settings {
    const struct network *network;
    int epochs, batch;
    double lr, lr_decay; /* of the first epoch, and its factor after each */
    uint64_t seed;       /* of the weights and of the order */
    enum init_mode init;
    enum loss_mode loss;
};

/* An example whose outputs are not all finite has no answer, neither a right nor a wrong one. */
struct score {
    int count, correct, nonfinite;
    int nonfinite_0; /* of label 0: right for who takes the largest of NaNs to be the first */
    double loss; /* mean over the examples */
    int confusion[CLASSES_MAX][CLASSES_MAX]; /* [label][answer] */
};

/* The share of right answers; NaN when any example has none, or there is no example. */
double score_accuracy(const struct score *s);

struct trainer {
    const struct settings *settings;
    const struct engine *engine;
    const struct dataset *images;
    struct net *net;
    struct shadow *shadow; /* NULL, or what looks at some steps of fast */
    struct swaps *swaps;   /* NULL, or what the documents do in the place of ref */
    struct rng rng;
    int *order;     /* of the images, shuffled anew for each epoch */
    int batch;      /* no larger than the number of images */
    int epoch;      /* the last one begun, from 1 */
    long step;      /* the last one begun, from 1 */
    double lr;      /* of the last epoch */
    double seconds; /* of the last epoch */
    double start;
};

/* Starts from `weights`, and keeps the pointers to all else. A closed trainer may be closed again,
 * and so may one that was not opened. */
bool trainer_open(struct trainer *t, const struct settings *settings, const struct engine *engine,
                  enum isa isa, const struct dataset *images, const double *weights,
                  struct error *e);
void trainer_close(struct trainer *t);

/* The share of right answers as documents count them, a row of NaN being class 0. */
double score_as_counted(const struct score *s);

/* One epoch. The score is that of the answers given on the way, each before the step that learns
 * from it. At its end the ranges that are kept are the mean of those of its batches, with the
 * weights as they then are. Stops at a loss that is not finite, and returns false with the step
 * and, counted from 0, the image, the layer and its tensor; at the end of the epoch, at any number
 * that is not. */
bool trainer_epoch(struct trainer *t, struct score *out, struct error *e);

/* The answers of a net made for batches of `batch`, to all images; their logits go to `logits`, row
 * by row, unless that is NULL. */
void net_test(const struct engine *engine, struct net *net, int batch, const struct dataset *images,
              double *logits, struct score *out);

#endif
