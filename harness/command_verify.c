#include "harness/campaign.h"
#include "harness/command.h"
#include "harness/exhaust.h"
#include "harness/outfile.h"
#include "harness/plugin.h"
#include "harness/progress.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: cnncheck verify [OPTION]...\n"
    "\n"
    "Checks every kernel of fast/, with every instruction set of this machine, against ref/ and\n"
    "NumPy's fixtures, trains two networks by both sides, and says what held.\n"
    "\n"
    "  --layer GLOB          only functions that match: conv2d, 'conv2d.*', '*.backward',\n"
    "                        mnist01-sigmoid.train (default: *)\n"
    "  --isa NAME            only this instruction set, CNNCHECK_ISA too (default: all that the\n"
    "                        machine has; one that is missing in this build is a failure)\n"
    "  --plugin FILE         only the kernels of this shared object, which README says how to\n"
    "                        make: against ref, NumPy and themselves, without networks and\n"
    "                        training\n"
    "  --case SHAPE          only this case, and the fixtures of this name. It is reported as it\n"
    "                        is; without this option, listed and random cases that fail are\n"
    "                        first reduced to the smallest that the same judge rejects\n"
    "  --seed N              seed of inputs and of random shapes (default: 1)\n"
    "  --tier NAME           smoke: listed shapes and a few random ones, no training;\n"
    "                        full: 120 random shapes a function, and training (default);\n"
    "                        exhaustive: full, and all 2^32 floats for functions of one float,\n"
    "                        elementary.exp, .log and .log1p among them: ten minutes\n"
    "  --time-budget SECONDS go on with random shapes for so long\n"
    "  --shard I/N           only the I-th of N parts of the cases, 1 <= I <= N; one without any\n"
    "                        says NOTHING RUN, and is no failure\n"
    "  --threads N           cases at once (default: the processors there are)\n"
    "  --json FILE           results for programs\n"
    "  --junit FILE          results for a CI server\n"
    "  --help                this text\n"
    "\n"
    "Exit status: 0 everything held, 1 something was rejected, 2 it could not be run.\n";

enum option_name { LAYER, ISA, PLUGIN_FILE, CASE, SEED, TIER, BUDGET, SHARD, THREADS, JSON, JUNIT,
                   HELP };

static const struct option options[] = {
    { "layer", required_argument, NULL, LAYER },   { "isa", required_argument, NULL, ISA },
    { "plugin", required_argument, NULL, PLUGIN_FILE },
    { "case", required_argument, NULL, CASE },     { "seed", required_argument, NULL, SEED },
    { "tier", required_argument, NULL, TIER },
    { "time-budget", required_argument, NULL, BUDGET },
    { "shard", required_argument, NULL, SHARD },   { "threads", required_argument, NULL, THREADS },
    { "json", required_argument, NULL, JSON },     { "junit", required_argument, NULL, JUNIT },
    { "help", no_argument, NULL, HELP },           { NULL, 0, NULL, 0 }
};

struct request {
    struct campaign campaign;
    const char *isa, *plugin, *json, *junit;
    bool help;
};

static bool parse_tier(const char *text, enum tier *tier, struct error *e)
{
    static const char *const names[] = { "smoke", "full", "exhaustive" };
    for (int i = 0; i < 3; i++)
        if (!strcmp(text, names[i])) {
            *tier = (enum tier)i;
            return true;
        }
    return fail(e, "--tier: '%s' is none of smoke, full, exhaustive", text);
}

static bool parse_shard(const char *text, struct campaign *c, struct error *e)
{
    const char *slash = strchr(text, '/');
    char first[16] = "";
    struct error why;
    if (slash && (size_t)(slash - text) < sizeof first) {
        memcpy(first, text, (size_t)(slash - text));
        if (parse_int("--shard", slash + 1, 1, INT_MAX, &c->shards, &why) &&
            parse_int("--shard", first, 1, c->shards, &c->shard, &why))
            return true;
    }
    return fail(e, "--shard: '%s' is not I/N with 1 <= I <= N <= %d", text, INT_MAX);
}

static bool parse_options(int argc, char **argv, struct request *r, struct error *e)
{
    struct campaign *c = &r->campaign;
    int seed = 1, threads = default_threads(), option;
    bool good = true;
    opterr = 0;
    while (good && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case LAYER: c->glob = optarg; break;
        case ISA: r->isa = optarg; break;
        case PLUGIN_FILE: r->plugin = optarg; break;
        case CASE:
            c->only = optarg;
            if (strlen(optarg) >= SHAPE_TEXT)
                good = fail(e, "--case: the case is longer than %d characters", SHAPE_TEXT - 1);
            break;
        case SEED: good = parse_int("--seed", optarg, 0, INT_MAX, &seed, e); break;
        case TIER: good = parse_tier(optarg, &c->tier, e); break;
        case BUDGET: good = parse_real("--time-budget", optarg, 0.0, 1e9, &c->budget, e); break;
        case SHARD: good = parse_shard(optarg, c, e); break;
        case THREADS:
            good = parse_int("--threads", optarg, 1, 1024, &threads, e) && use_threads(threads, e);
            break;
        case JSON: r->json = optarg; break;
        case JUNIT: r->junit = optarg; break;
        case HELP: r->help = true; break;
        default: good = bad_option("verify", argv, e);
        }
    }
    if (good && optind < argc)
        good = fail(e, "%s: verify takes options only; see cnncheck verify --help", argv[optind]);
    c->seed = (uint64_t)seed;
    c->threads = threads;
    return good;
}

/* One tally for every function that the glob takes and that the case fits, if there is one; a
 * plugin has no networks. */
static bool choose_functions(struct campaign *c, struct error *e)
{
    char text[SHAPE_TEXT];
    union any_shape shape;
    no_function(c->glob, e);
    shape_of(c->only ? c->only : "", text);
    c->tally = calloc(256, sizeof *c->tally);
    if (!c->tally)
        abort();
    for (int i = 0; checks[i]; i++)
        for (const struct function *f = checks[i]->function; f->name; f++)
            if (campaign_takes(c, checks[i]->layer, f->name) && !plugin_lacks(f) &&
                (!c->only || shape_parse(checks[i], text, "--case", &shape, e)))
                c->tally[c->tallies++] = (struct tally){ .check = checks[i], .function = f };
    if (c->tallies || c->only || c->use[ISA_plugin])
        return c->tallies > 0;
    for (int i = 0; networks[i]; i++)
        if (campaign_takes(c, networks[i]->name, "fixtures") ||
            (c->tier != TIER_SMOKE && networks[i]->fixture &&
             campaign_takes(c, networks[i]->name, "train")))
            return true;
    for (const struct function *f = elementary_check.function; f->name; f++)
        if (c->tier == TIER_EXHAUSTIVE && campaign_takes(c, elementary_check.layer, f->name))
            return true;
    return false;
}

static void run(struct campaign *c)
{
    const bool networks_too = !c->only && !c->use[ISA_plugin];
    c->start = seconds_now();
    campaign_fixtures(c);
    campaign_cases(c);
    campaign_lanes(c);
    if (networks_too)
        campaign_networks(c);
    campaign_relations(c);
    if (networks_too)
        campaign_defects(c);
    if (c->tier != TIER_SMOKE && networks_too)
        campaign_train(c);
    if (c->tier == TIER_EXHAUSTIVE)
        campaign_exhaust(c); /* the last, for it adds functions that the others do not know */
    c->seconds = seconds_now() - c->start;
}

int verify_command(int argc, char **argv)
{
    struct request r = { .campaign = { .glob = "*", .tier = TIER_FULL, .shard = 1, .shards = 1 } };
    struct campaign *c = &r.campaign;
    struct error e;
    int status = EXIT_UNUSABLE;
    if (!parse_options(argc, argv, &r, &e))
        return unusable(&e);
    if (r.help) {
        fputs(help, stdout);
        return EXIT_HELD;
    }
    use_threads(1, &e); /* of a kernel; cases run c->threads at once */
    c->lowered = r.isa || r.plugin || getenv("CNNCHECK_ISA");
    bool good = choose_levels(r.isa, r.plugin, c->use, &e) && choose_functions(c, &e) &&
                (access(fixtures_dir(), R_OK) == 0 ||
                 fail(&e, "%s: no fixtures there; CNNCHECK_FIXTURES says where they are",
                      fixtures_dir())) &&
                outfile_apart(r.junit, r.json, &e) && (!r.json || outfile_possible(r.json, &e)) &&
                (!r.junit || outfile_possible(r.junit, &e));
    if (good) {
        run(c);
        status = report_summary(c) ? EXIT_HELD : EXIT_FAILED;
        good = (!r.json || report_json(c, r.json, &e)) &&
               (!r.junit || report_junit(c, r.junit, &e));
    }
    for (int i = 0; i < c->tallies; i++)
        free(c->tally[i].spread);
    free(c->tally);
    free(c->training);
    free(c->following);
    free(c->proof);
    return good ? status : unusable(&e);
}
