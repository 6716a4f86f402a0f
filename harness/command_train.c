/* command_train.c - cnncheck train: a network by ref and by fast, side by side. */
#include "harness/command.h"
#include "harness/curves.h"
#include "harness/npz.h"
#include "harness/outfile.h"
#include "harness/swap.h"
#include "harness/weights.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: cnncheck train NETWORK [OPTION]...\n"
    "\n"
    "Trains a network by ref (double) and by fast (float), from the same weights and on the same\n"
    "images in the same order, and prints both loss curves side by side. The images are shuffled\n"
    "before each epoch. A side stops at the first number that is not finite.\n"
    "\n"
    "  --impl ref|fast        only this side (default: both)\n"
    "  --isa NAME             instruction set of fast (default: CNNCHECK_ISA, or the widest)\n"
    "  --form NAME            form of the network (default: document; all are below)\n"
    "  --data DIR             IDX files, plain or .gz; for chihuahua-muffin a folder of JPEG and\n"
    "                         PNG photographs for each class (default: mnist01 of the fixtures,\n"
    "                         which CNNCHECK_FIXTURES moves)\n"
    "  --epochs N             passes over the images (default: the form's, below)\n"
    "  --batch N              images in a step (default: the form's)\n"
    "  --lr R                 learning rate (default: the form's)\n"
    "  --lr-decay R           multiplies the learning rate after each epoch (default: 1)\n"
    "  --seed N               seed of weights and of shuffling (default: 1)\n"
    "  --init document|scaled first weights as the document draws them, or normal and scaled by\n"
    "                         the fan-in, with biases of zero (default: scaled)\n"
    "  --loss fused|document  last layer and loss in one stable step, or apart as the document\n"
    "                         has them, which can end in NaN (default: fused)\n"
    "  --defect ID            put a document's bug into ref (cnncheck defects list has the IDs);\n"
    "                         may be given more than once; all: every bug of the document, with\n"
    "                         --init document the document as written. Only ref is trained\n"
    "  --limit N              the first N training images (default: the network's)\n"
    "  --validation N         hold out the last N training images, and print the accuracy on them\n"
    "                         after each epoch (default: the network's)\n"
    "  --threads N            threads of fast (default: 1)\n"
    "  --shadow[=N]           in every N-th step (100 where no N is given), run ref on the inputs\n"
    "                         of each kernel call of fast, and judge each tensor that fast made\n"
    "  --save FILE.npz        write the weights after every epoch; with both sides, those of fast\n"
    "  --load FILE.npz        start from these weights, whichever side wrote them\n"
    "  --log FILE.tsv         a row for each epoch and side, at its end; with the first, another\n"
    "                         file of this name goes\n"
    "  --help                 this text\n";

enum option_name { IMPL, ISA, FORM, DATA, EPOCHS, BATCH, LR, LR_DECAY, SEED, INIT, LOSS, DEFECTS,
                   LIMIT, VALIDATION, THREADS, SHADOW, SAVE, LOAD, LOG, HELP };

static const struct option options[] = {
    { "impl", required_argument, NULL, IMPL },     { "isa", required_argument, NULL, ISA },
    { "form", required_argument, NULL, FORM },
    { "data", required_argument, NULL, DATA },     { "epochs", required_argument, NULL, EPOCHS },
    { "batch", required_argument, NULL, BATCH },   { "lr", required_argument, NULL, LR },
    { "lr-decay", required_argument, NULL, LR_DECAY }, { "seed", required_argument, NULL, SEED },
    { "init", required_argument, NULL, INIT },     { "loss", required_argument, NULL, LOSS },
    { "limit", required_argument, NULL, LIMIT },
    { "validation", required_argument, NULL, VALIDATION },
    { "threads", required_argument, NULL, THREADS },
    { "defect", required_argument, NULL, DEFECTS },
    { "shadow", optional_argument, NULL, SHADOW }, { "save", required_argument, NULL, SAVE },
    { "load", required_argument, NULL, LOAD },
    { "log", required_argument, NULL, LOG },       { "help", no_argument, NULL, HELP },
    { NULL, 0, NULL, 0 }
};

struct request {
    struct settings settings;
    struct network network;
    const char *impl, *isa, *form, *data, *save, *load, *log;
    const char *defect[SWAPS_MAX];
    int defects;
    struct swaps swaps;
    int limit, validation, threads;
    int shadow; /* every so many steps; 0: none */
};

static void print_help(void)
{
    fputs(help, stdout);
    networks_print();
    printf("\nExit status: 0 trained, 1 met a number that is not finite, 2 could not be run.\n");
}

/* One of two words; the second is 1. */
static bool parse_choice(const char *option, const char *text, const char *const word[2], int *out,
                         struct error *e)
{
    *out = strcmp(text, word[1]) == 0;
    return *out || strcmp(text, word[0]) == 0 ||
           fail(e, "%s: '%s' is neither %s nor %s", option, text, word[0], word[1]);
}

static bool parse_option(int option, struct request *r, struct error *e)
{
    struct settings *s = &r->settings;
    static const char *const impls[] = { "ref", "fast" };
    int choice = 0;
    bool good;
    switch (option) {
    case IMPL:
        r->impl = optarg;
        return parse_choice("--impl", optarg, impls, &choice, e);
    case EPOCHS: return parse_int("--epochs", optarg, 1, 1000000, &s->epochs, e);
    case BATCH: return parse_int("--batch", optarg, 1, 65536, &s->batch, e);
    case LR: return parse_real("--lr", optarg, 0.0, 1e6, &s->lr, e);
    case LR_DECAY: return parse_real("--lr-decay", optarg, 0.0, 1.0, &s->lr_decay, e);
    case SEED:
        good = parse_int("--seed", optarg, 0, INT_MAX, &choice, e);
        s->seed = (uint64_t)choice;
        return good;
    case INIT:
        good = parse_choice("--init", optarg, init_name, &choice, e);
        s->init = (enum init_mode)choice;
        return good;
    case LOSS:
        good = parse_choice("--loss", optarg, loss_name, &choice, e);
        s->loss = (enum loss_mode)choice;
        return good;
    case LIMIT: return parse_int("--limit", optarg, 1, INT_MAX, &r->limit, e);
    case VALIDATION: return parse_int("--validation", optarg, 0, INT_MAX, &r->validation, e);
    case THREADS: return parse_int("--threads", optarg, 1, 1024, &r->threads, e);
    case SHADOW:
        r->shadow = 100;
        return !optarg || parse_int("--shadow", optarg, 1, INT_MAX, &r->shadow, e);
    case DEFECTS:
        if (r->defects == SWAPS_MAX)
            return fail(e, "--defect: there are more than %d", SWAPS_MAX);
        r->defect[r->defects++] = optarg;
        return true;
    case ISA: r->isa = optarg; return true;
    case FORM: r->form = optarg; return true;
    case DATA: r->data = optarg; return true;
    case SAVE: r->save = optarg; return true;
    case LOAD: r->load = optarg; return true;
    case LOG: r->log = optarg; return true;
    default: return false;
    }
}

static bool parse(int argc, char **argv, struct request *r, struct error *e)
{
    struct settings *s = &r->settings;
    int option;
    opterr = 0;
    optind = 1;
    *s = (struct settings){ .lr = -1.0, .lr_decay = 1.0, .seed = 1 };
    r->threads = 1;
    r->validation = -1;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == '?')
            return bad_option("train", argv, e);
        if (!parse_option(option, r, e))
            return false;
    }
    if (argc - optind > 1)
        return fail(e, "%s: train takes one NETWORK, and %s is one%s", argv[optind + 1],
                    argv[optind],
                    r->shadow ? "; a number for --shadow is given as --shadow=N" : "");
    if (argc == optind)
        return fail(e, "train takes one NETWORK; see cnncheck train --help");
    if (!network_find(argv[optind], r->form, &r->network, e))
        return false;
    for (int i = 0; i < r->defects; i++)
        if (!swaps_add(&r->swaps, &r->network, r->defect[i], e))
            return false;
    if (r->defects && !r->impl)
        r->impl = "ref";
    if (r->defects && !strcmp(r->impl, "fast"))
        return fail(e, "--defect: they are put into ref, not into fast");
    const struct form *form = r->network.form;
    s->network = &r->network;
    s->epochs = s->epochs ? s->epochs : form->epochs;
    s->batch = s->batch ? s->batch : form->batch;
    s->lr = s->lr >= 0.0 ? s->lr : form->lr;
    r->limit = r->limit ? r->limit : r->network.images;
    return true;
}

static bool load_or_init(const struct settings *s, const char *load, double **weights,
                         struct error *e)
{
    struct layout layout;
    char impl[8];
    if (!network_layout(s->network, &layout, e))
        return false;
    *weights = malloc((size_t)layout.total * sizeof **weights);
    if (!*weights)
        return fail(e, "no memory for %d parameters", layout.total);
    if (load)
        return weights_load(load, s->network, *weights, impl, e);
    network_init(&layout, s->init, s->seed, *weights);
    return true;
}

/* The sides, the images and the weights of a training; false when any cannot be had. */
static bool prepare(struct request *r, struct curves *c, struct images *images,
                    struct error *e)
{
    const struct settings *s = &r->settings;
    const bool ref = !r->impl || strcmp(r->impl, "ref") == 0;
    const bool fast = !r->impl || strcmp(r->impl, "fast") == 0;
    enum isa isa = ISA_scalar;
    if (r->isa && !fast)
        return fail(e, "--isa: ref has no instruction sets");
    if (r->shadow && !fast)
        return fail(e, "--shadow: there is no fast to look at with --impl ref");
    if (!outfile_apart(r->log, r->load, e) || !outfile_apart(r->log, r->save, e))
        return false;
    if (r->save && !npz_possible(r->save, e))
        return false;
    if ((fast && !parse_isa(r->isa, &isa, e)) || !use_threads(r->threads, e))
        return false;
    double *weights = NULL;
    bool good = load_or_init(s, r->load, &weights, e) &&
                images_read(s->network, r->data, r->limit, r->validation, images, e);
    for (int fast_side = 0; fast_side <= 1 && good; fast_side++)
        if (fast_side ? fast : ref) {
            struct side *side = &c->side[c->sides++];
            side->engine = fast_side ? &engine_fast : &engine_ref;
            side->isa = isa;
            good = trainer_open(&side->trainer, s, side->engine, isa, &images->train, weights, e);
            side->trainer.swaps = !fast_side && r->defects ? &r->swaps : NULL;
        }
    free(weights);
    return good;
}

int train_command(int argc, char **argv)
{
    struct error e;
    struct request r = { .threads = 1 };
    struct images images = { 0 };
    struct shadow *shadow = NULL;
    bool held = true, good = false;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0) {
            print_help();
            return EXIT_HELD;
        }
    struct curves c = { .settings = &r.settings, .images = &images };
    if (parse(argc, argv, &r, &e)) {
        c.load = r.load;
        c.save = r.save;
        c.log = r.log;
        good = prepare(&r, &c, &images, &e);
        if (good && r.shadow) /* the last side is fast */
            c.side[c.sides - 1].trainer.shadow = shadow = shadow_create(r.shadow);
        good = good && curves_run(&c, &held, &e);
    }
    if (good && shadow)
        held = shadow_report(shadow) && held;
    shadow_destroy(shadow);
    for (int i = 0; i < c.sides; i++)
        trainer_close(&c.side[i].trainer);
    images_free(&images);
    return !good ? unusable(&e) : held ? EXIT_HELD : EXIT_FAILED;
}
