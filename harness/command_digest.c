#include "harness/campaign.h"
#include "harness/command.h"
#include "harness/digest.h"
#include "harness/outfile.h"
#include "harness/plugin.h"
#include "harness/progress.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: cnncheck digest [OPTION]...\n"
    "\n"
    "Runs every kernel of fast/ on all kinds of numbers, with every instruction set of this\n"
    "machine, with 1 to 4 threads, with buffers at every offset; all must give the same bits.\n"
    "Prints a hash of these bits for each function: the same with every compiler and machine.\n"
    "\n"
    "  --layer GLOB   only functions that match: conv2d, 'conv2d.*', '*.backward' (default: *)\n"
    "  --isa NAME     only this instruction set (default: all usable; CNNCHECK_ISA too)\n"
    "  --plugin FILE  only the kernels of this shared object, which README says how to make\n"
    "  --threads N    most threads of a kernel (default: 4; 1 in a build without OpenMP)\n"
    "  --seed N       seed of inputs and of random shapes (default: 1)\n"
    "  --out FILE     writes the hashes\n"
    "  --check FILE   compares them with such a file, which may have no others of these\n"
    "  --help         this text\n"
    "\n"
    "Exit status: 0 everything held, 1 bits differ, 2 it could not be run.\n";

enum option_name { LAYER, ISA, PLUGIN_FILE, THREADS, SEED, OUT_FILE, CHECK, HELP };

static const struct option options[] = {
    { "layer", required_argument, NULL, LAYER },     { "isa", required_argument, NULL, ISA },
    { "plugin", required_argument, NULL, PLUGIN_FILE },
    { "threads", required_argument, NULL, THREADS }, { "seed", required_argument, NULL, SEED },
    { "out", required_argument, NULL, OUT_FILE },    { "check", required_argument, NULL, CHECK },
    { "help", no_argument, NULL, HELP },             { NULL, 0, NULL, 0 }
};

enum { NAME = 64, MOST = 256 };

struct request {
    struct digest_plan plan;
    const char *glob, *isa, *plugin, *out, *check;
    bool help;
};

/* A line of a digest: on stdout, in the file written, and in the file compared with. */
struct line {
    char name[NAME];
    long cases;
    uint64_t hash;
};
#define LINE "%-26s %6ld  %016" PRIx64 "\n"
#define HEADER "digest with seed %" PRIu64 "\n"

static bool parse_options(int argc, char **argv, struct request *r, struct error *e)
{
    int seed = 1, option;
    bool good = true;
    opterr = 0;
    while (good && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case LAYER: r->glob = optarg; break;
        case ISA: r->isa = optarg; break;
        case PLUGIN_FILE: r->plugin = optarg; break;
        case THREADS:
            good = parse_int("--threads", optarg, 1, 1024, &r->plan.threads, e) &&
                   use_threads(r->plan.threads, e);
            break;
        case SEED: good = parse_int("--seed", optarg, 0, INT_MAX, &seed, e); break;
        case OUT_FILE: r->out = optarg; break;
        case CHECK: r->check = optarg; break;
        case HELP: r->help = true; break;
        default: good = bad_option("digest", argv, e);
        }
    }
    if (good && optind < argc)
        good = fail(e, "%s: digest takes options only; see cnncheck digest --help", argv[optind]);
    r->plan.seed = (uint64_t)seed;
    return good;
}

/* Reads at most MOST lines; returns how many, or -1 when it is not a digest with this seed. */
static int read_digest(const char *path, uint64_t seed, struct line *line, struct error *e)
{
    uint64_t its_seed;
    char text[256], end;
    int count = 0;
    FILE *f = fopen(path, "r");
    if (!f) {
        fail(e, "%s: %s", path, strerror(errno));
        return -1;
    }
    bool good = (fgets(text, sizeof text, f) &&
                 sscanf(text, "digest with seed %" SCNu64, &its_seed) == 1) ||
                fail(e, "%s: not a digest", path);
    good = good && (its_seed == seed || fail(e, "%s: made with --seed %" PRIu64 ", not %" PRIu64,
                                             path, its_seed, seed));
    while (good && fgets(text, sizeof text, f)) {
        if (count == MOST) {
            good = fail(e, "%s: has more than %d functions", path, MOST);
            break;
        }
        good = (sscanf(text, "%63s %ld %16" SCNx64 "%c", line[count].name,
                                       &line[count].cases, &line[count].hash, &end) == 4 &&
                end == '\n') ||
               fail(e, "%s: line %d is not a function, its cases and a hash", path, count + 2);
        count++;
    }
    fclose(f);
    return good ? count : -1;
}

/* Whether the file says the same of a function; if not, says so. */
static bool agrees(const struct request *r, const struct line *known, int count,
                   const struct line *mine)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(known[i].name, mine->name)) {
            if (known[i].hash == mine->hash && known[i].cases == mine->cases)
                return true;
            printf("FAIL %s: %s says %ld cases, %016" PRIx64 "\n", mine->name, r->check,
                   known[i].cases, known[i].hash);
            return false;
        }
    printf("FAIL %s: not in %s\n", mine->name, r->check);
    return false;
}

/* Says which lines that --layer takes are of no function any more; returns how many. */
static int count_gone(const struct request *r, const struct line *known, int count)
{
    const struct campaign taken = { .glob = r->glob };
    int gone = 0;
    for (int i = 0; i < count; i++) {
        const struct check *unused;
        struct line parts = known[i];
        char *function = parts.name + strcspn(parts.name, ".");
        if (*function)
            *function++ = '\0';
        if (find_function(known[i].name, &unused) ||
            !campaign_takes(&taken, parts.name, function))
            continue;
        printf("FAIL %s: in %s, and there is no such function\n", known[i].name, r->check);
        gone++;
    }
    return gone;
}

/* The function's line, after it was run; false when its bits are not the same throughout. */
static bool run_function(const struct request *r, const struct check *c, const struct function *f,
                         struct line *line, long *calls)
{
    struct digest d;
    snprintf(line->name, sizeof line->name, "%s.%s", c->layer, f->name);
    digest_function(&r->plan, c, f, &d);
    line->cases = d.cases;
    line->hash = d.hash;
    *calls += d.calls;
    progress_clear();
    printf(LINE, line->name, line->cases, line->hash);
    if (d.different)
        printf("FAIL %s: in %ld of %ld cases; %s\n", line->name, d.different, d.cases, d.failure);
    return d.different == 0;
}

static bool write_digest(const struct request *r, const struct line *line, int count,
                         struct error *e)
{
    struct outfile out;
    if (!outfile_open(&out, r->out, e))
        return false;
    fprintf(out.file, HEADER, r->plan.seed);
    for (int i = 0; i < count; i++)
        fprintf(out.file, LINE, line[i].name, line[i].cases, line[i].hash);
    return outfile_close(&out, e);
}

/* Every function that the glob takes, one after the other; returns how many, a line for each. */
static int run_functions(const struct request *r, struct line *line, const struct line *known,
                         int count, int *failed)
{
    const struct campaign taken = { .glob = r->glob };
    const double start = seconds_now();
    int functions = 0, all = 0;
    long calls = 0;
    for (int i = 0; checks[i]; i++)
        for (const struct function *f = checks[i]->function; f->name; f++)
            all += campaign_takes(&taken, checks[i]->layer, f->name) && !plugin_lacks(f);
    for (int i = 0; checks[i]; i++)
        for (const struct function *f = checks[i]->function; f->name; f++) {
            if (!campaign_takes(&taken, checks[i]->layer, f->name) || plugin_lacks(f))
                continue;
            progress("digest", start, functions, all);
            const bool steady = run_function(r, checks[i], f, &line[functions], &calls);
            *failed += !steady || (r->check && !agrees(r, known, count, &line[functions]));
            functions++;
        }
    if (functions == 0)
        return 0;
    *failed += count_gone(r, known, count);
    printf("%s: %d functions, %ld calls on", *failed ? "FAILED" : "HELD", functions, calls);
    for (int isa = 0; isa < ISA_COUNT; isa++)
        if (r->plan.use[isa])
            printf(" %s", isa_name[isa]);
    printf(", 1 to %d threads; %d differ; seed %" PRIu64 ", %.1f s\n", r->plan.threads, *failed,
           r->plan.seed, seconds_now() - start);
    return functions;
}

int digest_command(int argc, char **argv)
{
    struct request r = { .glob = "*" };
    struct line known[MOST], mine[MOST];
    struct error e;
    int count = 0, failed = 0;
    r.plan.threads = use_threads(4, &e) ? 4 : 1;
    if (!parse_options(argc, argv, &r, &e))
        return unusable(&e);
    if (r.help) {
        fputs(help, stdout);
        return EXIT_HELD;
    }
    if (!choose_levels(r.isa, r.plugin, r.plan.use, &e) ||
        (r.out && !outfile_possible(r.out, &e)) ||
        (r.check && (count = read_digest(r.check, r.plan.seed, known, &e)) < 0))
        return unusable(&e);
    const int functions = run_functions(&r, mine, known, count, &failed);
    if (functions == 0) {
        no_function(r.glob, &e);
        return unusable(&e);
    }
    if (failed)
        return EXIT_FAILED;
    return !r.out || write_digest(&r, mine, functions, &e) ? EXIT_HELD : unusable(&e);
}
