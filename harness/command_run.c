#include "harness/check.h"
#include "harness/command.h"
#include "harness/judge.h"
#include "harness/npy.h"
#include "harness/outfile.h"
#include "harness/plugin.h"

#include <float.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: cnncheck run LAYER.FUNCTION KEY=VALUE... --impl ref|fast [--isa NAME] [--threads N]\n"
    "                    --in NAME=FILE.npy ... --out NAME=FILE.npy ...\n"
    "\n"
    "Runs one function on arrays of NumPy's .npy files: float32 or float64, C order, read;\n"
    "float64 (ref) or float32 (fast) written. fast rounds what it reads to float32; a finite\n"
    "number beyond that is refused. Outputs that are not asked for are computed and dropped.\n"
    "\n"
    "  --impl ref|fast     which side\n"
    "  --isa NAME          instruction set of fast (default: CNNCHECK_ISA, or the widest usable)\n"
    "  --plugin FILE       the kernel of this shared object instead, which README says how to\n"
    "                      make\n"
    "  --threads N         threads of fast (default: 1)\n"
    "  --in NAME=FILE      an input, once for each\n"
    "  --out NAME=FILE     an output\n"
    "  --help              this text\n"
    "\n"
    "layer.function              keys                                    in -> out\n";

enum option_name { IMPL, ISA, PLUGIN_FILE, THREADS, INPUT, OUTPUT, HELP };

static const struct option options[] = {
    { "impl", required_argument, NULL, IMPL }, { "isa", required_argument, NULL, ISA },
    { "plugin", required_argument, NULL, PLUGIN_FILE },
    { "threads", required_argument, NULL, THREADS }, { "in", required_argument, NULL, INPUT },
    { "out", required_argument, NULL, OUTPUT }, { "help", no_argument, NULL, HELP },
    { NULL, 0, NULL, 0 }
};

struct request {
    const struct check *check;
    const struct function *function;
    char shape_text[SHAPE_TEXT];
    union any_shape shape;
    const char *file[MAX_OPERANDS]; /* of --in and --out, by operand */
    bool fast;
    enum isa isa;
    size_t count[MAX_OPERANDS];
    double *real[MAX_OPERANDS];
    float *single[MAX_OPERANDS], *work;
};

static void print_help(void)
{
    fputs(help, stdout);
    for (int i = 0; checks[i]; i++)
        for (const struct function *f = checks[i]->function; f->name; f++) {
            char name[64], keys[128] = "";
            snprintf(name, sizeof name, "%s.%s", checks[i]->layer, f->name);
            for (const struct key *k = checks[i]->key; k->name && k->kind != KEY_DERIVED; k++) {
                strcat(strcat(keys, *keys ? " " : ""), k->name);
                for (int n = 0; k->kind == KEY_CHOICE && k->choice[n]; n++)
                    strcat(strcat(keys, n ? "/" : "="), k->choice[n]);
            }
            printf("%-27s %-39s", name, keys);
            for (const struct operand *o = f->operand; o->name; o++) {
                const bool first_out = o->role == OUT && (o - 1)->role == IN;
                printf(" %s%s%s%s", first_out ? "-> " : "", strchr(o->dims, '|') ? "[" : "",
                       o->name, strchr(o->dims, '|') ? "]" : "");
            }
            printf("\n");
        }
}

/* Notes NAME=FILE for the operand of that name and role. */
static bool note_file(struct request *r, const char *option, int role, const char *text,
                      struct error *e)
{
    const char *equals = strchr(text, '=');
    if (!equals || !equals[1])
        return fail(e, "%s %s: not NAME=FILE.npy", option, text);
    for (int i = 0; r->function->operand[i].name; i++) {
        const struct operand *o = &r->function->operand[i];
        if (strlen(o->name) != (size_t)(equals - text) ||
            strncmp(o->name, text, (size_t)(equals - text)) || (int)o->role != role)
            continue;
        if (r->file[i])
            return fail(e, "%s %s: %s is given twice", option, text, o->name);
        r->file[i] = equals + 1;
        for (int k = 0; role == OUT && r->function->operand[k].name; k++)
            if (k != i && r->function->operand[k].role == OUT &&
                !outfile_apart(r->file[i], r->file[k], e))
                return false;
        return true;
    }
    return fail(e, "%s %s: %s.%s has no such %s", option, text, r->check->layer, r->function->name,
                role == IN ? "input" : "output");
}

/* Everything on the command line but the function's name, which argv[1] is. */
static bool parse_arguments(int argc, char **argv, struct request *r, struct error *e)
{
    const char *impl = NULL, *isa = NULL, *plugin = NULL;
    int option, threads = 1;
    bool good = true;
    opterr = 0;
    optind = 2;
    while (good && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case IMPL: impl = optarg; break;
        case ISA: isa = optarg; break;
        case PLUGIN_FILE: plugin = optarg; break;
        case THREADS: good = parse_int("--threads", optarg, 1, 1024, &threads, e); break;
        case INPUT: good = note_file(r, "--in", IN, optarg, e); break;
        case OUTPUT: good = note_file(r, "--out", OUT, optarg, e); break;
        default: good = bad_option("run", argv, e);
        }
    }
    for (; good && optind < argc; optind++) {
        size_t used = strlen(r->shape_text);
        if (used + (used > 0) + strlen(argv[optind]) >= sizeof r->shape_text)
            return fail(e, "%s: the keys are longer than %d characters", argv[1], SHAPE_TEXT - 1);
        if (used)
            r->shape_text[used++] = ',';
        strcpy(r->shape_text + used, argv[optind]);
    }
    if (!good)
        return false;
    if (!impl || (strcmp(impl, "ref") && strcmp(impl, "fast")))
        return fail(e, "run needs --impl ref or --impl fast");
    r->fast = !strcmp(impl, "fast");
    if (!r->fast && (isa || plugin))
        return fail(e, "%s: ref has no instruction sets", isa ? "--isa" : "--plugin");
    if (r->fast && !choose_level(isa, plugin, &r->isa, e))
        return false;
    if (plugin_lacks(r->function))
        return fail(e, "%s: has no %s.%s", plugin, r->check->layer, r->function->name);
    return use_threads(threads, e) &&
           shape_parse(r->check, r->shape_text, argv[1], &r->shape, e);
}

/* "(2, 3)" */
static void dims_text(const int *dim, int rank, char text[64])
{
    int used = sprintf(text, "(");
    for (int i = 0; i < rank; i++)
        used += sprintf(text + used, "%s%d", i ? ", " : "", dim[i]);
    sprintf(text + used, rank == 1 ? ",)" : ")");
}

static bool read_input(struct request *r, int i, struct error *e)
{
    const struct operand *o = &r->function->operand[i];
    int dim[MAX_DIMS];
    char wanted[64], found[64];
    struct npy a;
    if (!r->file[i])
        return fail(e, "%s.%s needs --in %s=FILE.npy", r->check->layer, r->function->name, o->name);
    if (!npy_read(r->file[i], &a, e))
        return false;
    const int rank = operand_dims(r->check, o, &r->shape, dim);
    if (a.rank != rank || memcmp(a.dim, dim, sizeof *dim * (size_t)rank)) {
        dims_text(dim, rank, wanted);
        dims_text(a.dim, a.rank, found);
        npy_free(&a);
        return fail(e, "%s: %s has shape %s, the keys ask for %s", r->file[i], o->name, found,
                    wanted);
    }
    r->real[i] = a.data;
    return true;
}

/* Rounds an input to float; a finite number that would become infinite is refused. */
static bool round_input(const struct request *r, int i, struct error *e)
{
    struct judge j = { .check = r->check, .function = r->function, .shape = &r->shape };
    char where[96];
    for (size_t k = 0; k < r->count[i]; k++) {
        const double x = r->real[i][k];
        r->single[i][k] = (float)x;
        if (isfinite(x) == isfinite(r->single[i][k]))
            continue;
        j.count[i] = r->count[i];
        element_name(&j, i, k, where);
        return fail(e, "%s: %s is %g, and float ends at %g; --impl ref takes it", r->file[i],
                    where, x, FLT_MAX);
    }
    return true;
}

static bool prepare(struct request *r, struct error *e)
{
    for (int i = 0; r->function->operand[i].name; i++) {
        const struct operand *o = &r->function->operand[i];
        r->count[i] = operand_count(r->check, o, &r->shape);
        if (operand_absent(r->check, o, &r->shape)) {
            if (r->file[i])
                return fail(e, "%s=%s: there is no %s for these keys", o->name, r->file[i],
                            o->name);
            continue;
        }
        if (o->role == IN && !read_input(r, i, e))
            return false;
        if (o->role == OUT && r->file[i] && !outfile_possible(r->file[i], e))
            return false;
        if (o->role == OUT)
            r->real[i] = malloc(r->count[i] * sizeof(double));
        r->single[i] = malloc(r->count[i] * sizeof(float));
        if (!r->real[i] || !r->single[i])
            return fail(e, "no memory for the %zu elements of %s", r->count[i], o->name);
        if (o->role == IN && r->fast && !round_input(r, i, e))
            return false;
    }
    const size_t work =
        r->fast && r->function->workspace ? r->function->workspace(r->isa, &r->shape) : 0;
    r->work = malloc(work * sizeof(float) + 1);
    return r->work || fail(e, "no memory for a workspace of %zu floats", work);
}

static bool write_outputs(const struct request *r, struct error *e)
{
    for (int i = 0; r->function->operand[i].name; i++) {
        const struct operand *o = &r->function->operand[i];
        int dim[MAX_DIMS];
        if (o->role == IN || !r->file[i])
            continue;
        const int rank = operand_dims(r->check, o, &r->shape, dim);
        const void *data = r->fast ? (const void *)r->single[i] : r->real[i];
        if (!npy_write(r->file[i], rank, dim, data, r->fast ? 4 : 8, e))
            return false;
    }
    return true;
}

int run_command(int argc, char **argv)
{
    struct request r = { 0 };
    struct error e;
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--help")) {
            print_help();
            return EXIT_HELD;
        }
    if (argc < 2)
        fail(&e, "run needs a LAYER.FUNCTION; see cnncheck run --help");
    else if (!(r.function = find_function(argv[1], &r.check)))
        fail(&e, "%s: no such LAYER.FUNCTION; cnncheck run --help lists them", argv[1]);
    bool good = r.function && parse_arguments(argc, argv, &r, &e) && prepare(&r, &e);
    if (good) {
        if (r.fast)
            r.function->fast(r.isa, &r.shape, r.single, r.work);
        else
            r.function->ref(&r.shape, r.real);
        good = write_outputs(&r, &e);
    }
    for (int i = 0; i < MAX_OPERANDS; i++) {
        free(r.real[i]);
        free(r.single[i]);
    }
    free(r.work);
    return good ? EXIT_HELD : unusable(&e);
}
