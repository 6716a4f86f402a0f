#include "harness/curves.h"

#include "harness/outfile.h"
#include "harness/swap.h"
#include "harness/weights.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const char *const init_name[2] = { [INIT_SCALED] = "scaled", [INIT_DOCUMENT] = "document" };
const char *const loss_name[2] = { [LOSS_FUSED] = "fused", [LOSS_DOCUMENT] = "document" };

/* A NaN has a sign, and printf would show it. */
static const char *number(char text[32], const char *format, double value)
{
    if (isnan(value))
        return "nan";
    snprintf(text, 32, format, value);
    return text;
}

static const char *isa_of(const struct side *s)
{
    return s->engine == &engine_fast ? isa_name[s->isa] : "-";
}

static void print_header(const struct curves *c)
{
    const struct settings *s = c->settings;
    char names[16] = "";
    printf("%s (document %s), form %s: %d training images, batch %d, lr %g", s->network->name,
           s->network->document, s->network->form->name, c->images->train.count,
           c->side->trainer.batch, s->lr);
    if (s->lr_decay < 1.0)
        printf(", times %g after each epoch", s->lr_decay);
    printf(", seed %d, weights: %s, loss: %s", (int)s->seed, c->load ? c->load : init_name[s->init],
           loss_name[s->loss]);
    for (int i = 0; i < c->sides; i++)
        if (c->side[i].trainer.swaps) {
            char defects[256];
            swaps_print(c->side[i].trainer.swaps, defects);
            printf(", ref with %s", defects);
        }
    for (int i = 0; i < c->sides; i++)
        if (c->side[i].engine == &engine_fast)
            printf(", fast: %s", isa_of(&c->side[i]));
    printf("\n\nepoch");
    for (int i = 0; i < c->sides; i++) {
        printf("  %6s %-4s", "loss", c->side[i].engine->name);
        strcat(strcat(names, i ? "/" : ""), c->side[i].engine->name);
    }
    printf("%s  train acc %-8s", c->sides == 2 ? "  difference" : "", names);
    if (c->images->validation.count)
        printf("  valid acc %-8s", names);
    printf("  test acc %-8s  seconds %s\n", names, names);
}

/* Of the losses of both sides in the last epoch; NaN where one of them has none. */
static double difference(const struct curves *c)
{
    const struct side *a = &c->side[0], *b = &c->side[1];
    return a->trainer.epoch == b->trainer.epoch ? fabs(a->train.loss - b->train.loss) : NAN;
}

static void print_row(const struct curves *c, int epoch)
{
    char train[80] = "", validation[80] = "", test[80] = "", seconds[80] = "", text[32];
    printf("%5d", epoch);
    for (int i = 0; i < c->sides; i++) {
        const struct side *s = &c->side[i];
        const bool there = s->trainer.epoch == epoch; /* it had not stopped before */
        const char *between = i ? "/" : "";
        printf("  %11s", there ? number(text, "%.8f", s->train.loss) : "-");
        strcat(strcat(train, between),
               there ? number(text, "%.2f", 100.0 * score_accuracy(&s->train)) : "-");
        strcat(strcat(validation, between),
               there ? number(text, "%.2f", 100.0 * score_accuracy(&s->validation)) : "-");
        strcat(strcat(test, between),
               there ? number(text, "%.2f", 100.0 * score_accuracy(&s->test)) : "-");
        strcat(strcat(seconds, between), there ? number(text, "%.2f", s->trainer.seconds) : "-");
    }
    if (c->sides == 2)
        printf("  %10s", number(text, "%.2e", difference(c)));
    printf("  %-18s", strcat(train, " %"));
    if (c->images->validation.count)
        printf("  %-18s", strcat(validation, " %"));
    printf("  %-17s  %s\n", strcat(test, " %"), seconds);
    for (int i = 0; i < c->sides; i++)
        if (c->side[i].stopped && c->side[i].trainer.epoch == epoch)
            printf("stopped: %s\n", c->side[i].reason.text);
    fflush(stdout);
}

static bool unwritable(const struct curves *c, struct error *e)
{
    return fail(e, "%s: cannot be written: %s", c->log, strerror(errno));
}

/* A pipe or a device, which has nothing to lose and which no other file may replace. */
static bool is_stream(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && !S_ISREG(s.st_mode) && !S_ISDIR(s.st_mode);
}

static bool log_open(const struct curves *c, struct outfile *log, struct error *e)
{
    if (!is_stream(c->log)) {
        if (!outfile_open(log, c->log, e))
            return false;
    } else if (strlen(c->log) >= sizeof log->path || !(log->file = fopen(c->log, "w"))) {
        return unwritable(c, e);
    } else {
        strcpy(log->path, c->log);
    }
    fprintf(log->file, "network\tform\timpl\tisa\timages\tbatch\tlr\tseed\tinit\tloss_mode\tepoch\t"
                       "loss\ttrain_accuracy\tvalidation_accuracy\ttest_accuracy\tseconds\n");
    return true;
}

/* Each row is one write: whatever happens later, it stays whole. With the first comes the file. */
static bool log_row(const struct curves *c, const struct side *s, struct outfile *log,
                    struct error *e)
{
    char loss[32], train[32], validation[32], test[32];
    if (!log->file && !log_open(c, log, e))
        return false;
    fprintf(log->file, "%s\t%s\t%s\t%s\t%d\t%d\t%g\t%d\t%s\t%s\t%d\t%s\t%s\t%s\t%s\t%.3f\n",
            c->settings->network->name, c->settings->network->form->name, s->engine->name,
            isa_of(s), c->images->train.count, s->trainer.batch, s->trainer.lr,
            (int)c->settings->seed, c->load ? c->load : init_name[c->settings->init],
            loss_name[c->settings->loss], s->trainer.epoch, number(loss, "%.15g", s->train.loss),
            number(train, "%.6f", score_accuracy(&s->train)),
            c->images->validation.count
                ? number(validation, "%.6f", score_accuracy(&s->validation)) : "-",
            number(test, "%.6f", score_accuracy(&s->test)), s->trainer.seconds);
    return outfile_keep(log, e);
}

/* False when a file could not be written; the epoch is whole all the same. */
static bool run_epoch(struct curves *c, struct outfile *log, int *running, struct error *e)
{
    bool good = true;
    for (struct side *s = c->side; s < c->side + c->sides; s++) {
        if (s->stopped)
            continue;
        s->stopped = !trainer_epoch(&s->trainer, &s->train, &s->reason);
        s->validation = s->test = (struct score){ 0 };
        if (s->stopped) {
            s->train.count = 0; /* its answers until then are no accuracy */
            (*running)--;
        }
        if (!s->stopped || s->trainer.swaps) {
            net_test(s->engine, s->trainer.net, s->trainer.batch, &c->images->test, NULL, &s->test);
            if (c->images->validation.count)
                net_test(s->engine, s->trainer.net, s->trainer.batch, &c->images->validation, NULL,
                         &s->validation);
            if (c->save && s + 1 == c->side + c->sides)
                good = weights_save(c->save, c->settings->network, s->engine, s->trainer.net, e) &&
                       good;
        }
        good = (!c->log || log_row(c, s, log, e)) && good;
    }
    return good;
}

static bool run(struct curves *c, struct outfile *log, struct error *e)
{
    double largest = -1.0;
    int running = c->sides, where = 0;
    print_header(c);
    for (int epoch = 1; epoch <= c->settings->epochs && running > 0; epoch++) {
        const bool kept = run_epoch(c, log, &running, e);
        print_row(c, epoch);
        if (!kept)
            return false;
        if (c->sides == 2 && difference(c) > largest) { /* and not NaN */
            largest = difference(c);
            where = epoch;
        }
    }
    if (where)
        printf("\nlargest difference of the losses: %.2e, in epoch %d\n", largest, where);
    return true;
}

bool curves_run(struct curves *c, bool *held, struct error *e)
{
    struct outfile log = { .file = NULL };
    struct error unused;
    if (c->log && !is_stream(c->log) && !outfile_possible(c->log, e))
        return false;
    bool good = run(c, &log, e);
    if (log.file)
        good = outfile_close(&log, good ? e : &unused) && good;
    *held = true;
    for (int i = 0; good && i < c->sides; i++) {
        const struct side *s = &c->side[i];
        *held = *held && !s->stopped && s->test.nonfinite == 0;
        if (!s->stopped || s->trainer.swaps)
            score_print(s->engine->name, c->settings->network->classes, &s->test);
        if (s->trainer.swaps && s->test.nonfinite)
            printf("taken for class 0, as the document takes NaN, %.4f %% are right\n",
                   100.0 * score_as_counted(&s->test));
    }
    return good;
}

void score_print(const char *who, int classes, const struct score *s)
{
    char text[32];
    printf("\n%s: %d test images, ", who, s->count);
    if (s->nonfinite)
        printf("no accuracy: the outputs for %d of them are not finite\n", s->nonfinite);
    else
        printf("%.2f %% right (%d), loss %s\n", 100.0 * score_accuracy(s), s->correct,
               number(text, "%.8f", s->loss));
    printf("  label, answer");
    for (int answer = 0; answer < classes; answer++)
        printf(" %6d", answer);
    for (int label = 0; label < classes; label++) {
        printf("\n  %13d", label);
        for (int answer = 0; answer < classes; answer++)
            printf(" %6d", s->confusion[label][answer]);
    }
    printf("\n");
}

void networks_print(void)
{
    printf("\n%-16s  %-8s  %-16s  %-6s  %-5s  %-6s  %s\n", "network", "document", "form", "epochs",
           "batch", "lr", "training images");
    for (const struct network *const *n = networks; *n; n++)
        for (const struct form *f = (*n)->form; f->name; f++) {
            printf("%-16s  %-8s  %-16s  %-6d  %-5d  %-6g  ", (*n)->name, (*n)->document, f->name,
                   f->epochs, f->batch, f->lr);
            if ((*n)->per_class)
                printf("%d of a class\n", (*n)->per_class);
            else if ((*n)->images)
                printf("the first %d\n", (*n)->images);
            else
                printf("all\n");
        }
}
