/* command_eval.c - cnncheck eval: saved weights on test images. */
#include "harness/command.h"
#include "harness/curves.h"
#include "harness/npy.h"
#include "harness/outfile.h"
#include "harness/weights.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: cnncheck eval NETWORK --load FILE.npz [OPTION]...\n"
    "\n"
    "Evaluates saved weights, whichever side wrote them, on test images: accuracy, mean loss and\n"
    "confusion matrix.\n"
    "\n"
    "  --load FILE.npz        the weights\n"
    "  --impl ref|fast        which side computes (default: fast)\n"
    "  --isa NAME             instruction set of fast (default: CNNCHECK_ISA, or the widest)\n"
    "  --data DIR             IDX files, plain or .gz; for chihuahua-muffin a folder of JPEG and\n"
    "                         PNG photographs for each class, as it was trained on (default:\n"
    "                         mnist01 of the fixtures, which CNNCHECK_FIXTURES moves)\n"
    "  --limit N              at most so many test images (default: all)\n"
    "  --threads N            threads of fast (default: 1)\n"
    "  --out FILE.npy         write the logits, one row for each image\n"
    "  --help                 this text\n";

enum option_name { LOAD, IMPL, ISA, DATA, LIMIT, THREADS, OUT_FILE, HELP };

static const struct option options[] = {
    { "load", required_argument, NULL, LOAD },   { "impl", required_argument, NULL, IMPL },
    { "isa", required_argument, NULL, ISA },     { "data", required_argument, NULL, DATA },
    { "limit", required_argument, NULL, LIMIT }, { "threads", required_argument, NULL, THREADS },
    { "out", required_argument, NULL, OUT_FILE }, { "help", no_argument, NULL, HELP },
    { NULL, 0, NULL, 0 }
};

struct request {
    const char *name, *impl, *isa, *data, *load, *out;
    struct network network; /* in the form of the weights */
    int limit, threads;
};

static bool parse(int argc, char **argv, struct request *r, struct error *e)
{
    int option;
    bool good = true;
    opterr = 0;
    optind = 1;
    while (good && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case LOAD: r->load = optarg; break;
        case IMPL: r->impl = optarg; break;
        case ISA: r->isa = optarg; break;
        case DATA: r->data = optarg; break;
        case OUT_FILE: r->out = optarg; break;
        case LIMIT: good = parse_int("--limit", optarg, 1, INT_MAX, &r->limit, e); break;
        case THREADS: good = parse_int("--threads", optarg, 1, 1024, &r->threads, e); break;
        default: good = bad_option("eval", argv, e);
        }
    }
    if (!good)
        return false;
    if (strcmp(r->impl, "ref") != 0 && strcmp(r->impl, "fast") != 0)
        return fail(e, "--impl: '%s' is neither ref nor fast", r->impl);
    if (argc - optind > 1)
        return fail(e, "%s: eval takes one NETWORK, and %s is one", argv[optind + 1],
                    argv[optind]);
    if (argc == optind)
        return fail(e, "eval takes one NETWORK; see cnncheck eval --help");
    r->name = argv[optind];
    return network_find(r->name, NULL, &r->network, e) &&
           (r->load || fail(e, "eval needs --load FILE.npz"));
}

static bool write_logits(const char *path, const struct engine *engine, int count, int outputs,
                         const double *logits, struct error *e)
{
    const int dim[2] = { count, outputs };
    const size_t numbers = (size_t)count * (size_t)outputs;
    if (engine->element_size == sizeof(double))
        return npy_write(path, 2, dim, logits, sizeof(double), e);
    float *rounded = malloc(numbers * sizeof *rounded);
    if (!rounded)
        return fail(e, "%s: no memory to write it", path);
    for (size_t i = 0; i < numbers; i++)
        rounded[i] = (float)logits[i];
    const bool good = npy_write(path, 2, dim, rounded, sizeof(float), e);
    free(rounded);
    return good;
}

static bool eval(struct request *r, struct images *images, struct score *score,
                 struct error *e)
{
    enum { BATCH = 50 };
    const struct network *network = &r->network;
    const bool fast = strcmp(r->impl, "fast") == 0;
    const struct engine *engine = fast ? &engine_fast : &engine_ref;
    enum isa isa = ISA_scalar;
    char writer[8];
    struct layout layout;
    if (r->isa && !fast)
        return fail(e, "--isa: ref has no instruction sets");
    if ((fast && !parse_isa(r->isa, &isa, e)) || !use_threads(r->threads, e) ||
        !outfile_apart(r->out, r->load, e) || (r->out && !outfile_possible(r->out, e)) ||
        !weights_network(r->load, r->name, &r->network, e) ||
        !images_read_test(network, r->data, r->limit, images, e) ||
        !network_layout(network, &layout, e))
        return false;
    const int count = images->test.count;
    double *weights = malloc((size_t)layout.total * sizeof *weights);
    double *logits = malloc((size_t)count * CLASSES_MAX * sizeof *logits);
    struct net *net = engine->create(network, BATCH, isa, LOSS_FUSED, e);
    bool good = net && ((weights && logits) || fail(e, "no memory for %d parameters and %d images",
                                                    layout.total, count)) &&
                weights_load(r->load, network, weights, writer, e);
    if (good) {
        printf("%s, form %s, weights of %s, written by %s\n", network->name, network->form->name,
               r->load, writer);
        engine->set(net, weights);
        net_test(engine, net, BATCH, &images->test, logits, score);
        good = !r->out || write_logits(r->out, engine, count, engine->outputs(net), logits, e);
    }
    engine->destroy(net);
    free(logits);
    free(weights);
    return good;
}

int eval_command(int argc, char **argv)
{
    struct error e;
    struct request r = { .impl = "fast", .threads = 1 };
    struct images images = { 0 };
    struct score score;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0) {
            fputs(help, stdout);
            networks_print();
            printf("\nExit status: 0 evaluated, 1 an output is not finite, 2 could not be run.\n");
            return EXIT_HELD;
        }
    const bool good = parse(argc, argv, &r, &e) && eval(&r, &images, &score, &e);
    images_free(&images);
    if (!good)
        return unusable(&e);
    score_print(r.impl, r.network.classes, &score);
    return score.nonfinite ? EXIT_FAILED : EXIT_HELD;
}
