/* curves.h - one side or both, trained epoch by epoch: a table of their loss curves, a log of them,
 * saved weights. */
#ifndef HARNESS_CURVES_H
#define HARNESS_CURVES_H

#include "harness/train.h"

/* By enum init_mode and enum loss_mode: "scaled", "document"; "fused", "document". */
extern const char *const init_name[2], *const loss_name[2];

struct side {
    const struct engine *engine;
    enum isa isa;
    struct trainer trainer;
    struct score train, validation, test; /* of the last epoch */
    bool stopped;             /* it met a number that is not finite */
    struct error reason;
};

struct curves {
    const struct settings *settings;
    const struct images *images;
    const char *load; /* where the weights came from; NULL: from the settings */
    const char *save; /* NULL, or where the weights of the last side go, after every epoch */
    const char *log;  /* NULL, or a table with tabs: a row for each epoch and side, at once; what
                       * was there before stays until the first */
    int sides;
    struct side side[2]; /* ref before fast; their trainers are open */
};

/* Trains, and prints. A side that stops ends its curve; *held is false if one does, or if an output
 * for a test image is not finite. Fails where a file cannot be written. */
bool curves_run(struct curves *c, bool *held, struct error *e);

/* "fast: 200 test images, 99.50 % right", and which were taken for which. */
void score_print(const char *who, int classes, const struct score *s);

/* For help: all networks, and how they are trained unless one says otherwise. */
void networks_print(void);

#endif
