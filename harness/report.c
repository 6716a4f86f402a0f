/* report.c - what a campaign found: a table for people, JSON for programs. */
#include "harness/campaign.h"
#include "harness/command.h"
#include "harness/outfile.h"
#include "harness/progress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double tally_median(struct tally *t)
{
    if (t->spreads == 0)
        return NAN;
    qsort(t->spread, (size_t)t->spreads, sizeof *t->spread, by_value);
    return t->spread[t->spreads / 2];
}

/* "scalar avx2 avx512", with `between` between the names. */
static void set_names(const struct campaign *c, const char *between, char text[128])
{
    text[0] = '\0';
    for (int isa = 0; isa < ISA_COUNT; isa++)
        if (c->use[isa]) {
            strcat(text, *text ? between : "");
            strcat(text, isa_name[isa]);
        }
}

static long rejected(const struct campaign *c)
{
    long sum = 0;
    for (int i = 0; i < c->tallies; i++)
        sum += c->tally[i].rejected;
    for (int i = 0; i < c->trainings; i++)
        sum += !c->training[i].held;
    for (int i = 0; i < c->followings; i++)
        sum += c->following[i].rejected;
    for (int i = 0; i < c->proofs; i++)
        sum += !proof_held(&c->proof[i]);
    return sum;
}

static void print_followings(const struct campaign *c)
{
    if (c->followings)
        printf("\n%-27s %6s %6s  %10s %16s  verdict\n", "network on NumPy's fixtures", "cases",
               "steps", "ref off by", "fast's headroom");
    for (const struct following *t = c->following; t < c->following + c->followings; t++) {
        printf("%-27s %6ld %6ld  %10.1e %16.3f  ", t->network->name, t->cases, t->steps, t->off,
               t->headroom);
        if (t->rejected)
            printf("%ld REJECTED\n", t->rejected);
        else
            printf("held\n");
    }
    for (const struct following *t = c->following; t < c->following + c->followings; t++)
        if (t->rejected)
            printf("FAIL %s.fixtures: %s\nREPRO: cnncheck verify --layer %s.fixtures\n",
                   t->network->name, t->failure, t->network->name);
}

static void print_training(const struct training *t)
{
    printf("\n%s, trained by both sides from the same weights in the same order\n",
           t->network->name);
    printf("  epoch   loss of ref  loss of fast\n");
    for (int i = 0; i < t->epochs; i++)
        printf("  %5d  %12.8f  %12.8f\n", i + 1, t->loss_ref[i], t->loss_fast[i]);
    printf("  largest difference %.2g; test accuracy %.2f %% and %.2f %%\n", t->difference,
           100.0 * t->accuracy_ref, 100.0 * t->accuracy_fast);
    if (!t->held)
        printf("FAIL %s.train: %s\nREPRO: cnncheck verify --layer %s.train\n", t->network->name,
               t->failure, t->network->name);
}

bool report_summary(struct campaign *c)
{
    char sets[128];
    long cases = 0, calls = 0;
    int proven = 0;
    progress_clear();
    set_names(c, ", ", sets);
    printf("%-26s %6s %6s %6s %9s %9s %9s %8s  %s\n", "function", "cases", "exact", "bound",
           "fixtures", "relations", "headroom", "median", "verdict");
    for (struct tally *t = c->tally; t < c->tally + c->tallies; t++) {
        char name[64], worst[16] = "exact", median[16] = "";
        snprintf(name, sizeof name, "%s.%s", t->check->layer, t->function->name);
        if (t->spreads) {
            snprintf(worst, sizeof worst, "%.3f", t->headroom);
            snprintf(median, sizeof median, "%.3f", tally_median(t));
        }
        printf("%-26s %6ld %6ld %6ld %9ld %9ld %9s %8s  ", name, t->cases, t->exact, t->bound,
               t->fixtures, t->relations, worst, median);
        if (t->rejected)
            printf("%ld REJECTED\n", t->rejected);
        else if (t->cases + t->exhausted == 0)
            printf("nothing run\n");
        else if (t->exhausted == 1L << 32)
            printf("held, on all 2^32 floats\n");
        else if (t->exhausted)
            printf("held, on %ld floats in a row\n", t->exhausted);
        else
            printf("held\n");
        cases += t->cases;
        calls += t->calls;
    }
    printf("headroom: the worst error of fast as a part of its computed bound; 1 would reject\n");
    print_followings(c);
    for (int i = 0; i < c->proofs; i++)
        proven += proof_held(&c->proof[i]);
    if (c->proofs)
        printf("defects of the documents: %d of %d faithful, caught and mended\n", proven,
               c->proofs);
    for (int i = 0; i < c->trainings; i++)
        print_training(&c->training[i]);
    printf("\n%s: %d functions, %ld cases, %ld guarded calls on %s; %ld rejected; seed %llu, "
           "%.1f s\n",
           rejected(c) ? "FAILED" : "HELD", c->tallies, cases, calls, sets, rejected(c),
           (unsigned long long)c->seed, c->seconds);
    return rejected(c) == 0;
}

static void json_string(FILE *f, const char *text)
{
    fputc('"', f);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', f);
        if ((unsigned char)*text < 0x20)
            fprintf(f, "\\u%04x", (unsigned)*text);
        else
            fputc(*text, f);
    }
    fputc('"', f);
}

static void json_number(FILE *f, double x)
{
    if (isfinite(x))
        fprintf(f, "%.17g", x);
    else
        fprintf(f, "null");
}

static void json_curve(FILE *f, const char *name, const double *loss, int epochs)
{
    fprintf(f, ", \"%s\": [", name);
    for (int i = 0; i < epochs; i++) {
        fprintf(f, "%s", i ? ", " : "");
        json_number(f, loss[i]);
    }
    fprintf(f, "]");
}

static void json_tally(FILE *f, struct tally *t)
{
    fprintf(f, "    {\"name\": \"%s.%s\", \"cases\": %ld, \"exact\": %ld, \"bound\": %ld, "
               "\"fixtures\": %ld, \"relations\": %ld, \"calls\": %ld, \"exhausted\": %ld, "
               "\"rejected\": %ld, ",
            t->check->layer, t->function->name, t->cases, t->exact, t->bound, t->fixtures,
            t->relations, t->calls, t->exhausted, t->rejected);
    fprintf(f, "\"headroom\": ");
    json_number(f, t->spreads ? t->headroom : NAN);
    fprintf(f, ", \"median\": ");
    json_number(f, tally_median(t));
    fprintf(f, ", \"witness\": ");
    json_string(f, t->witness);
    fprintf(f, ", \"failure\": ");
    json_string(f, t->failure);
    fprintf(f, "}");
}

static void json_proof(FILE *f, const struct proof *p)
{
    static const char *const words[] = { "false", "true", "null" };
    fprintf(f, "    {\"id\": \"%s\", \"stands_for\": \"%s\", \"judge\": \"%s\", \"faithful\": %s, "
               "\"caught\": %s, \"mended\": %s, \"case\": \"%s\", \"seen\": {",
            p->defect->id, p->defect->stands_for, judge_label[p->defect->judge],
            words[p->faithful], words[p->caught], words[p->mended], p->shape_text);
    for (int i = 0; i < SIGHTS; i++)
        fprintf(f, "%s\"%s\": %s", i ? ", " : "", sight_name[i], words[p->seen[i]]);
    fprintf(f, "}, \"failure\": ");
    json_string(f, p->failure);
    fprintf(f, "}");
}

static void json_training(FILE *f, const struct training *t)
{
    fprintf(f, "    {\"network\": \"%s\", \"held\": %s, \"accuracy_ref\": %.17g, "
               "\"accuracy_fast\": %.17g, \"difference\": ",
            t->network->name, t->held ? "true" : "false", t->accuracy_ref, t->accuracy_fast);
    json_number(f, t->difference);
    json_curve(f, "loss_ref", t->loss_ref, t->epochs);
    json_curve(f, "loss_fast", t->loss_fast, t->epochs);
    fprintf(f, "}");
}

/* The processor's name as the system gives it. */
static void processor_name(char name[128])
{
    FILE *f = fopen("/proc/cpuinfo", "r");
    char line[256];
    strcpy(name, "unknown processor");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "model name : %127[^\n]", name) == 1)
            break;
    if (f)
        fclose(f);
}

bool report_json(struct campaign *c, const char *path, struct error *e)
{
    static const char *const tiers[] = { "smoke", "full", "exhaustive" };
    char sets[128], processor[128];
    struct outfile out;
    if (!outfile_open(&out, path, e))
        return false;
    FILE *f = out.file;
    set_names(c, "\", \"", sets);
    processor_name(processor);
    fprintf(f, "{\n  \"version\": \"%s\", \"tier\": \"%s\", \"seed\": %llu, \"shard\": [%d, %d], "
               "\"threads\": %d,\n  \"sets\": [\"%s\"], \"seconds\": %.1f, \"held\": %s,\n",
            program_version, tiers[c->tier], (unsigned long long)c->seed, c->shard, c->shards,
            c->threads, sets, c->seconds, rejected(c) ? "false" : "true");
    fprintf(f, "  \"compiler\": ");
    json_string(f, compiler_name);
    fprintf(f, ", \"processor\": ");
    json_string(f, processor);
    fprintf(f, ",\n  \"functions\": [\n");
    for (int i = 0; i < c->tallies; i++) {
        json_tally(f, &c->tally[i]);
        fprintf(f, "%s\n", i + 1 < c->tallies ? "," : "");
    }
    fprintf(f, "  ],\n  \"networks\": [\n");
    for (int i = 0; i < c->followings; i++) {
        const struct following *t = &c->following[i];
        fprintf(f, "    {\"network\": \"%s\", \"cases\": %ld, \"steps\": %ld, "
                   "\"rejected\": %ld, \"off\": %.3g, \"headroom\": %.17g, \"failure\": ",
                t->network->name, t->cases, t->steps, t->rejected, t->off, t->headroom);
        json_string(f, t->failure);
        fprintf(f, "}%s\n", i + 1 < c->followings ? "," : "");
    }
    fprintf(f, "  ],\n  \"defects\": [\n");
    for (int i = 0; i < c->proofs; i++) {
        json_proof(f, &c->proof[i]);
        fprintf(f, "%s\n", i + 1 < c->proofs ? "," : "");
    }
    fprintf(f, "  ],\n  \"training\": [\n");
    for (int i = 0; i < c->trainings; i++) {
        json_training(f, &c->training[i]);
        fprintf(f, "%s\n", i + 1 < c->trainings ? "," : "");
    }
    fprintf(f, "  ]\n}\n");
    return outfile_close(&out, e);
}
