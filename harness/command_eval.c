/* command_eval.c - cnncheck eval: saved weights on test images. */
#include "harness/command.h"
#include "harness/curves.h"
#include "harness/weights.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: cnncheck eval NETWORK --load FILE.npz [OPTION]...\n"
    "\n"
    "Judges saved weights, whichever side wrote them, on test images: their accuracy, and which\n"
    "classes were taken for which.\n"
    "\n"
    "  --load FILE.npz        the weights\n"
    "  --impl ref|fast        which side computes (default: fast)\n"
    "  --isa NAME             instruction set of fast (default: CNNCHECK_ISA, or the widest)\n"
    "  --data DIR             IDX files, plain or .gz (default: mnist01 of the fixtures, which\n"
    "                         CNNCHECK_FIXTURES moves)\n"
    "  --limit N              at most so many test images (default: all)\n"
    "  --threads N            threads of fast (default: 1)\n"
    "  --help                 this text\n";

enum option_name { LOAD, IMPL, ISA, DATA, LIMIT, THREADS, HELP };

static const struct option options[] = {
    { "load", required_argument, NULL, LOAD },   { "impl", required_argument, NULL, IMPL },
    { "isa", required_argument, NULL, ISA },     { "data", required_argument, NULL, DATA },
    { "limit", required_argument, NULL, LIMIT }, { "threads", required_argument, NULL, THREADS },
    { "help", no_argument, NULL, HELP },         { NULL, 0, NULL, 0 }
};

struct request {
    const struct network *network;
    const char *impl, *isa, *data, *load;
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
        case LIMIT: good = parse_int("--limit", optarg, 1, INT_MAX, &r->limit, e); break;
        case THREADS: good = parse_int("--threads", optarg, 1, 1024, &r->threads, e); break;
        default: good = bad_option("eval", argv, e);
        }
    }
    if (!good)
        return false;
    if (strcmp(r->impl, "ref") != 0 && strcmp(r->impl, "fast") != 0)
        return fail(e, "--impl: '%s' is neither ref nor fast", r->impl);
    if (argc - optind != 1)
        return fail(e, "eval takes one NETWORK; see cnncheck eval --help");
    r->network = network_find(argv[optind], e);
    return r->network && (r->load || fail(e, "eval needs --load FILE.npz"));
}

static bool eval(const struct request *r, struct dataset *test, struct score *score,
                 struct error *e)
{
    enum { BATCH = 50 };
    const bool fast = strcmp(r->impl, "fast") == 0;
    const struct engine *engine = fast ? &engine_fast : &engine_ref;
    enum isa isa = ISA_scalar;
    char writer[8];
    struct layout layout;
    if (r->isa && !fast)
        return fail(e, "--isa: ref has no instruction sets");
    if ((fast && !parse_isa(r->isa, &isa, e)) || !use_threads(r->threads, e) ||
        !network_images(r->network, r->data, "t10k", r->limit, test, e) ||
        !network_layout(r->network, &layout, e))
        return false;
    double *weights = malloc((size_t)layout.total * sizeof *weights);
    struct net *net = engine->create(r->network, BATCH, isa, LOSS_FUSED, e);
    bool good = net && (weights || fail(e, "no memory for %d parameters", layout.total)) &&
                weights_load(r->load, r->network, weights, writer, e);
    if (good) {
        printf("%s, weights of %s, written by %s\n", r->network->name, r->load, writer);
        engine->set(net, weights);
        net_test(engine, net, BATCH, test, score);
    }
    engine->destroy(net);
    free(weights);
    return good;
}

int eval_command(int argc, char **argv)
{
    struct error e;
    struct request r = { .impl = "fast", .threads = 1 };
    struct dataset test = { 0 };
    struct score score;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0) {
            fputs(help, stdout);
            networks_print();
            printf("\nExit status: 0 judged, 1 an output is not finite, 2 could not be run.\n");
            return EXIT_HELD;
        }
    const bool good = parse(argc, argv, &r, &e) && eval(&r, &test, &score, &e);
    dataset_free(&test);
    if (!good)
        return unusable(&e);
    score_print(r.impl, r.network->classes, &score);
    return score.nonfinite ? EXIT_FAILED : EXIT_HELD;
}
