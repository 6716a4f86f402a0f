/* command_defects.c - cnncheck defects: what is wrong in the documents, shown and caught. */
#include "harness/campaign.h"
#include "harness/command.h"

#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: cnncheck defects list\n"
    "       cnncheck defects show ID\n"
    "       cnncheck defects run [--seed N] [ID...]\n"
    "\n"
    "The documents' bugs, and the cases that catch them.\n"
    "\n"
    "  list      every finding: its kind, the function that its code stands in for, what it is\n"
    "  show ID   one of them: what the document does, a small case worked out, who sees it\n"
    "  run       proves that each function does what NumPy makes of the document's code, that it\n"
    "            is rejected in the place of a correct kernel, that ref and fast pass the same\n"
    "            case, and that with every one of ten seeds some check sees it on other numbers.\n"
    "            Prints the kill matrix: with how many of the seeds each check, alone, sees each\n"
    "            bug. Of all, or of those that are named: D004-07, or D004 for a whole document;\n"
    "            of all, every check has to be tripped by one\n"
    "  --seed N  draws the ten seeds (default: 1)\n"
    "  --help    this text\n"
    "\n"
    "Kernels of fast are those of every instruction set of this machine, or of CNNCHECK_ISA.\n"
    "\n"
    "Exit status: 0 every proof held, 1 one did not, 2 it could not be run.\n";

static int list(void)
{
    int functions = 0, count = 0;
    for (int i = 0; findings[i]; i++)
        for (const struct finding *f = findings[i]; f->id; f++) {
            const struct defect *d = find_defect(f->id);
            printf("%s  %-11s  %-25s  %s\n", f->id, finding_kind_name[f->kind],
                   d ? d->stands_for : "-", f->does);
            functions += d != NULL;
            count++;
        }
    printf("%d findings, %d of them functions\n", count, functions);
    return EXIT_HELD;
}

/* The last two dimensions as rows and columns; what is large is only told of. */
static void print_numbers(const char *title, const struct judge *j, int i, const double *x)
{
    enum { MOST = 48 };
    const struct operand *o = &j->function->operand[i];
    int dim[MAX_DIMS];
    const int rank = operand_dims(j->check, o, j->shape, dim);
    const size_t columns = rank ? (size_t)dim[rank - 1] : 1;
    const size_t plane = rank > 1 ? columns * (size_t)dim[rank - 2] : columns;
    printf("  %s %s", title, o->name);
    for (int k = 0; k < rank; k++)
        printf("%s%d%s", k ? ", " : " (", dim[k], k == rank - 1 ? ")" : "");
    printf("\n");
    for (size_t k = 0; k < j->count[i] && k < MOST; k++) {
        if (k && k % plane == 0)
            printf("\n");
        printf("%s%9.6g%s", k % columns ? " " : "    ", isnan(x[k]) ? fabs(x[k]) : x[k],
               k % columns == columns - 1 || k + 1 == MOST ? "\n" : "");
    }
    if (j->count[i] > MOST)
        printf("    ... %zu in all\n", j->count[i]);
}

/* The case: its inputs, and for every output what the document gives and what ref gives. */
static void print_case(const struct defect *d, const struct proof *p, const char *folder,
                       const union any_shape *shape)
{
    struct judge j = { .guard = NULL };
    struct error e;
    char written[4200], path[4300];
    judge_begin(&j, p->check, p->function, shape);
    snprintf(written, sizeof written, "%s/written", folder);
    printf("\nThe case: %s, %s\n", d->stands_for, p->shape_text);
    for (int i = 0; i < j.operands; i++)
        if (p->function->operand[i].role == IN && !j.absent[i] &&
            fixture_operand(&j, i, folder, j.ref[i], &e))
            print_numbers("input", &j, i, j.ref[i]);
    judge_reference(&j, false);
    for (int i = 0; i < j.operands; i++) {
        double *as_written = calloc(j.count[i] + 1, sizeof *as_written);
        if (as_written && !j.absent[i] && fixture_operand(&j, i, written, as_written, &e))
            print_numbers("as written", &j, i, as_written);
        if (p->function->operand[i].role == OUT && !j.absent[i])
            print_numbers("correct", &j, i, j.ref[i]);
        free(as_written);
    }
    judge_end(&j);
    snprintf(path, sizeof path, "%s/raises", folder);
    FILE *f = fopen(path, "r");
    if (f && fgets(path, sizeof path, f))
        printf("  NumPy stops: %s", path);
    if (f)
        fclose(f);
}

static bool prove(const struct defect *d, const bool use[ISA_COUNT], uint64_t seed,
                  struct proof *p)
{
    struct guard *g = guard_create();
    const bool held = defect_prove(d, use, seed, g, p);
    guard_destroy(g);
    return held;
}

static int show(const char *id, struct error *e)
{
    bool use[ISA_COUNT];
    const struct finding *f = find_finding(id);
    const struct defect *d = find_defect(id);
    struct proof p;
    char folder[4096];
    union any_shape shape;
    if (!f)
        return fail(e, "%s: no such finding; cnncheck defects list has them", id), unusable(e);
    if (!choose_levels(NULL, NULL, use, e))
        return unusable(e);
    printf("%s, %s, %s\n\n%s\n", f->id, finding_kind_name[f->kind], f->place, f->does);
    if (f->correct)
        printf("Correct: %s\n", f->correct);
    if (f->consequence)
        printf("Consequence: %s\n", f->consequence);
    if (!d) {
        printf("No function: %s\n", f->reason);
        return EXIT_HELD;
    }
    if (!defect_case(d, &p, folder, &shape, e))
        return unusable(e);
    print_case(d, &p, folder, &shape);
    const bool held = prove(d, use, 1, &p);
    printf("\nCaught: %s\nSeen by:", p.caught_by);
    for (int k = 0; k < SIGHTS; k++)
        printf("%s%s", p.seen[k] == SEEDS ? " " : "", p.seen[k] == SEEDS ? sight_name[k] : "");
    printf("\n%s\n", held ? "Faithful, caught, mended, sure." : p.failure);
    return held ? EXIT_HELD : EXIT_FAILED;
}

/* Whether an ID was named, or its document; all are where none was. */
static bool named(const char *id, int count, char **names)
{
    bool found = count == 0;
    for (int i = 0; i < count; i++)
        found = found || !strcmp(names[i], id) ||
                (strlen(names[i]) == 4 && !strncmp(names[i], id, 4));
    return found;
}

/* A row of the kill matrix. */
static void print_row(const struct proof *p)
{
    printf("%-8s %-26s %-7s", p->defect->id, p->defect->stands_for, judge_label[p->defect->judge]);
    for (int k = 0; k < SIGHTS; k++) {
        char cell[16] = "";
        if (p->seen[k] >= 0)
            snprintf(cell, sizeof cell, p->seen[k] ? "%d" : ".", p->seen[k]);
        printf(" %*s", (int)strlen(sight_name[k]), cell);
    }
    printf("  %s\n", proof_held(p) ? "held" : p->failure);
}

static void print_sums(const char *what, const int sum[SIGHTS])
{
    printf("%-43s", what);
    for (int k = 0; k < SIGHTS; k++)
        printf(" %*d", (int)strlen(sight_name[k]), sum[k]);
    printf("\n");
}

static int run(int count, char **names, uint64_t seed, struct error *e)
{
    bool use[ISA_COUNT];
    int proofs = 0, held = 0, every[SIGHTS] = { 0 }, some[SIGHTS] = { 0 }, idle = 0;
    for (int i = 0; i < count; i++)
        if (!find_defect(names[i]) && (strlen(names[i]) != 4 || strncmp(names[i], "D00", 3) ||
                                       names[i][3] < '0' || names[i][3] > '4'))
            return fail(e, "%s: %s", names[i],
                        find_finding(names[i])
                            ? "it has no function; cnncheck defects show says why"
                            : "no such finding; cnncheck defects list has them"),
                   unusable(e);
    if (!choose_levels(NULL, NULL, use, e))
        return unusable(e);
    printf("%-8s %-26s %-7s", "", "stands in for", "judge");
    for (int k = 0; k < SIGHTS; k++)
        printf(" %s", sight_name[k]);
    printf("  verdict\n");
    for (int i = 0; defects[i]; i++)
        for (const struct defect *d = defects[i]; d->id; d++) {
            struct proof p;
            if (!named(d->id, count, names))
                continue;
            held += prove(d, use, seed, &p);
            print_row(&p);
            proofs++;
            for (int k = 0; k < SIGHTS; k++) {
                every[k] += p.seen[k] == SEEDS;
                some[k] += p.seen[k] > 0 && p.seen[k] < SEEDS;
            }
        }
    print_sums("seen with every seed", every);
    print_sums("with some", some);
    printf("%d of %d faithful, caught, mended and sure  (number: of %d seeds; . none, blank: does "
           "not apply)\n", held, proofs, SEEDS);
    for (int k = 0; k < SIGHTS && count == 0; k++)
        if (!every[k] && !some[k]) {
            printf("FAIL %s: no defect trips this check\n", sight_name[k]);
            idle++;
        }
    return held == proofs && !idle ? EXIT_HELD : EXIT_FAILED;
}

int defects_command(int argc, char **argv)
{
    static const struct option options[] = { { "seed", required_argument, NULL, 's' },
                                             { "help", no_argument, NULL, 'h' },
                                             { NULL, 0, NULL, 0 } };
    int seed = -1, option;
    struct error e;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return EXIT_HELD;
        }
        if (option != 's' ? !bad_option("defects", argv, &e)
                          : !parse_int("--seed", optarg, 0, INT_MAX, &seed, &e))
            return unusable(&e);
    }
    const int words = argc - optind;
    char **word = argv + optind;
    if (words == 1 && !strcmp(word[0], "list") && seed < 0)
        return list();
    if (words == 2 && !strcmp(word[0], "show") && seed < 0)
        return show(word[1], &e);
    if (words >= 1 && !strcmp(word[0], "run"))
        return run(words - 1, word + 1, seed < 0 ? 1 : (uint64_t)seed, &e);
    fail(&e, "defects takes list, show ID or run [--seed N] [ID...]; see cnncheck defects --help");
    return unusable(&e);
}
