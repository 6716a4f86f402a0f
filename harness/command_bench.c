/* command_bench.c - cnncheck bench: every kernel's time beside what the machine can do. */
#include "harness/bench.h"
#include "harness/command.h"
#include "harness/outfile.h"
#include "harness/plugin.h"
#include "harness/progress.h"

#include <fnmatch.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: cnncheck bench [OPTION]...\n"
    "\n"
    "Times every kernel of fast/: the median of a call and the spread between the quartiles,\n"
    "cycles where the system lets them be counted, and the part of the limit that it reaches.\n"
    "The limit is the longest of the times measured in turns with the kernel: its\n"
    "multiply-adds, or the vector operations or divisions of its functions, at the rate of\n"
    "nothing but these; and its operands read and written once from where they lie. More than\n"
    "100 % is an error of measurement, and is marked. There are 41 turns, fewer where a call\n"
    "takes more than some hundredths of a second, and 5 at least.\n"
    "\n"
    "  --layer GLOB          only functions that match: conv2d, 'conv2d.*' (default: *)\n"
    "  --isa NAME            instruction set (default: CNNCHECK_ISA, or the widest)\n"
    "  --plugin FILE         only the kernels of this shared object, which README says how to\n"
    "                        make, each before the one of the instruction set\n"
    "  --shapes NAME         notebooks: the documents' own, and batches of 64 of them (default);\n"
    "                        large: those of large networks; all: both\n"
    "  --case SHAPE          only this shape\n"
    "  --threads N           threads of a kernel (default: 1)\n"
    "  --json FILE           results for programs\n"
    "  --help                this text\n";

enum option_name { LAYER, ISA, PLUGIN_FILE, SHAPES, CASE, THREADS, JSON, HELP };
enum shapes { NOTEBOOKS = 1, LARGE = 2 };
enum { BATCH = 64, TIMINGS = 512 };

static const struct option options[] = {
    { "layer", required_argument, NULL, LAYER },     { "isa", required_argument, NULL, ISA },
    { "plugin", required_argument, NULL, PLUGIN_FILE },
    { "shapes", required_argument, NULL, SHAPES },   { "case", required_argument, NULL, CASE },
    { "threads", required_argument, NULL, THREADS }, { "json", required_argument, NULL, JSON },
    { "help", no_argument, NULL, HELP },             { NULL, 0, NULL, 0 }
};

struct request {
    const char *glob, *isa_name, *plugin, *only, *json;
    int shapes, threads;
    bool help;
    enum isa isa;
};

/* What is to be timed, and then what came of it. */
struct plan {
    enum isa isa;
    double peak; /* multiply-adds in FLOP/s, when it began */
    struct timing timing[TIMINGS];
    int count;
};

static bool parse_shapes(const char *text, int *shapes, struct error *e)
{
    static const char *const names[] = { [NOTEBOOKS] = "notebooks", [LARGE] = "large",
                                         [NOTEBOOKS | LARGE] = "all" };
    for (*shapes = NOTEBOOKS; *shapes <= (NOTEBOOKS | LARGE); ++*shapes)
        if (!strcmp(text, names[*shapes]))
            return true;
    return fail(e, "--shapes: '%s' is none of notebooks, large, all", text);
}

static bool parse_options(int argc, char **argv, struct request *r, struct error *e)
{
    int option;
    bool good = true;
    opterr = 0;
    while (good && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case LAYER: r->glob = optarg; break;
        case ISA: r->isa_name = optarg; break;
        case PLUGIN_FILE: r->plugin = optarg; break;
        case SHAPES: good = parse_shapes(optarg, &r->shapes, e); break;
        case CASE: r->only = optarg; break;
        case THREADS: good = parse_int("--threads", optarg, 1, 1024, &r->threads, e); break;
        case JSON: r->json = optarg; break;
        case HELP: r->help = true; break;
        default: good = bad_option("bench", argv, e);
        }
    }
    if (good && optind < argc)
        return fail(e, "%s: bench takes options only; see cnncheck bench --help", argv[optind]);
    return good;
}

static void add_level(struct plan *p, const struct check *c, const struct function *f,
                      const char *shape, enum isa isa)
{
    if (p->count == TIMINGS)
        abort();
    struct timing *t = &p->timing[p->count++];
    *t = (struct timing){ .check = c, .function = f, .isa = isa };
    snprintf(t->shape, SHAPE_TEXT, "%s", shape);
}

static void add(struct plan *p, const struct check *c, const struct function *f, const char *shape)
{
    if (plugin_file())
        add_level(p, c, f, shape, ISA_plugin);
    add_level(p, c, f, shape, p->isa);
}

static void add_documents(struct plan *p, const struct check *c, const struct function *f)
{
    char batch[SHAPE_TEXT];
    for (int i = 0; i < c->documents; i++)
        add(p, c, f, c->cases[i]);
    for (int i = 0; i < c->documents; i++)
        if (!strncmp(c->cases[i], "n=1,", 4)) {
            snprintf(batch, sizeof batch, "n=%d%s", BATCH, c->cases[i] + 3);
            add(p, c, f, batch);
        }
}

static bool make_plan(const struct request *r, struct plan *p, struct error *e)
{
    union any_shape shape;
    p->isa = r->isa;
    no_function(r->glob, e);
    for (int i = 0; checks[i]; i++)
        for (const struct function *f = checks[i]->function; f->name; f++) {
            char name[128];
            snprintf(name, sizeof name, "%s.%s", checks[i]->layer, f->name);
            if (plugin_lacks(f) ||
                (fnmatch(r->glob, name, 0) && fnmatch(r->glob, checks[i]->layer, 0)))
                continue;
            if (r->only && shape_parse(checks[i], r->only, "--case", &shape, e))
                add(p, checks[i], f, r->only);
            if (!r->only && r->shapes & NOTEBOOKS)
                add_documents(p, checks[i], f);
            for (const char *const *s = checks[i]->large; !r->only && r->shapes & LARGE && *s; s++)
                add(p, checks[i], f, *s);
        }
    return p->count > 0;
}

static void print_machine(const struct request *r, double peak)
{
    static const size_t bytes[] = { 1 << 14, 1 << 18, 1 << 22, 1 << 27 };
    printf("%s on %d thread%s; of one: multiply-add %.1f GFLOP/s, copy", isa_name[r->isa],
           r->threads, r->threads > 1 ? "s" : "", 1e-9 * peak);
    for (int i = 0; i < 4; i++)
        printf("%s %.0f GB/s of %zu KiB", i ? "," : "", 1e-9 * bench_copy(r->isa, bytes[i]),
               bytes[i] >> 10);
    printf("\n\n%-24s %-7s %10s %6s %10s %7s %7s %7s %6s  %-12s %8s  %s\n", "function", "set", "us",
           "spread", "cycles", "FLOP/c", "GFLOP/s", "GB/s", "limit", "of", "x ref", "shape");
}

/* Numbers that there are not stand as a dash. */
static const char *number(char text[32], const char *format, double x)
{
    snprintf(text, 32, isfinite(x) ? format : "-", x);
    return text;
}

static void print_timing(const struct timing *t)
{
    char name[64], us[32], c[32], per_cycle[32], rate[32], part[32];
    const double compute = t->flops > 0.0 ? t->flops : NAN;
    const char *digits = t->seconds < 1e-6 ? "%#.3g" : "%.2f"; /* three, where it takes a few ns */
    snprintf(name, sizeof name, "%s.%s", t->check->layer, t->function->name);
    printf("%-24s %-7s %10s %4.0f %% %10s %7s %7s %7.1f %6s%c %-12s %8.1f  %s\n", name,
           isa_name[t->isa], number(us, digits, 1e6 * t->seconds), 100.0 * t->spread,
           number(c, "%.0f", t->cycles), number(per_cycle, "%.1f", compute / t->cycles),
           number(rate, "%.1f", 1e-9 * compute / t->seconds), 1e-9 * t->bytes / t->seconds,
           number(part, "%.0f %%", 100.0 * t->part), t->part > 1.0 ? '!' : ' ',
           isfinite(t->part) ? limit_name[t->limit] : "", t->over_ref, t->shape);
    fflush(stdout);
}

static void json_member(FILE *f, const char *name, double x)
{
    char text[32];
    fprintf(f, ", \"%s\": %s", name, isfinite(x) ? number(text, "%.6g", x) : "null");
}

static bool write_json(const struct request *r, const struct plan *p, struct error *e)
{
    struct outfile out;
    if (!outfile_open(&out, r->json, e))
        return false;
    FILE *f = out.file;
    fprintf(f, "{\n  \"version\": \"%s\", \"isa\": \"%s\", \"threads\": %d", program_version,
            isa_name[r->isa], r->threads);
    json_member(f, "peak", p->peak);
    fprintf(f, ",\n  \"timings\": [\n");
    for (const struct timing *t = p->timing; t < p->timing + p->count; t++) {
        fprintf(f, "    {\"isa\": \"%s\", \"name\": \"%s.%s\", \"shape\": \"%s\"",
                isa_name[t->isa], t->check->layer, t->function->name, t->shape);
        json_member(f, "seconds", t->seconds);
        json_member(f, "spread", t->spread);
        json_member(f, "cycles", t->cycles);
        json_member(f, "flops", t->flops);
        json_member(f, "bytes", t->bytes);
        if (isfinite(t->part))
            fprintf(f, ", \"limit\": \"%s\"", limit_name[t->limit]);
        json_member(f, "part", t->part);
        json_member(f, "part_spread", t->part_spread);
        json_member(f, "over_ref", t->over_ref);
        fprintf(f, "}%s\n", t + 1 < p->timing + p->count ? "," : "");
    }
    fprintf(f, "  ]\n}\n");
    return outfile_close(&out, e);
}

static void run(const struct request *r, struct plan *p)
{
    union any_shape shape;
    struct error e;
    int errors = 0;
    const double start = seconds_now();
    p->peak = bench_peak(r->isa);
    print_machine(r, p->peak);
    for (int i = 0; i < p->count; i++) {
        struct timing *t = &p->timing[i];
        progress("timings", start, i, p->count);
        shape_parse(t->check, t->shape, "shape", &shape, &e);
        bench_function(t->check, t->function, &shape, t->isa, r->threads, t);
        progress_clear();
        print_timing(t);
        errors += t->part > 1.0;
    }
    if (errors)
        printf("\n!: %d above the limit: an error of measurement\n", errors);
}

int bench_command(int argc, char **argv)
{
    static struct plan plan;
    struct request r = { .glob = "*", .shapes = NOTEBOOKS, .threads = 1 };
    struct error e;
    if (!parse_options(argc, argv, &r, &e))
        return unusable(&e);
    if (r.help) {
        fputs(help, stdout);
        return EXIT_HELD;
    }
    if (!parse_isa(r.isa_name, &r.isa, &e) || (r.plugin && !plugin_load(r.plugin, &e)) ||
        !use_threads(r.threads, &e) || !make_plan(&r, &plan, &e) ||
        (r.json && !outfile_possible(r.json, &e)))
        return unusable(&e);
    run(&r, &plan);
    return !r.json || write_json(&r, &plan, &e) ? EXIT_HELD : unusable(&e);
}
