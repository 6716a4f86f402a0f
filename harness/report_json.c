/* report_json.c - what a campaign found, for programs. */
#include "harness/campaign.h"
#include "harness/command.h"
#include "harness/outfile.h"
#include "harness/utf8.h"

#include <math.h>
#include <string.h>

static void json_string(FILE *f, const char *text)
{
    fputc('"', f);
    while (*text) {
        if (*text == '"' || *text == '\\')
            fputc('\\', f);
        if ((unsigned char)*text < 0x20)
            fprintf(f, "\\u%04x", (unsigned)*text++);
        else
            text = put_letter(f, text);
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
    long calls = 0;
    for (int isa = 0; isa < ISA_COUNT; isa++)
        calls += t->calls[isa];
    fprintf(f, "    {\"name\": \"%s.%s\", \"cases\": %ld, \"exact\": %ld, \"bound\": %ld, "
               "\"fixtures\": %ld, \"lanes\": %ld, \"relations\": %ld, \"trusted\": %ld, "
               "\"calls\": %ld, \"exhausted\": %ld, \"seconds\": %.3f, \"rejected\": %ld, "
               "\"distrusted\": %s, ",
            t->check->layer, t->function->name, t->cases, t->exact, t->bound, t->fixtures,
            t->lanes, t->relations, t->trusted, calls, t->exhausted, t->seconds, t->rejected,
            tally_distrusted(t) ? "true" : "false");
    fprintf(f, "\"headroom\": ");
    json_number(f, t->spreads ? t->headroom : NAN);
    fprintf(f, ", \"median\": ");
    json_number(f, tally_median(t));
    fprintf(f, ", \"ulps\": ");
    json_number(f, t->exhausted ? t->ulps : NAN);
    fprintf(f, ", \"ulps_at\": \"%a\"", t->ulps_at);
    fprintf(f, ", \"witness\": ");
    json_string(f, t->witness);
    fprintf(f, ", \"failure\": ");
    json_string(f, t->failure);
    fprintf(f, "}");
}

static void json_following(FILE *f, const struct following *t)
{
    fprintf(f, "    {\"network\": \"%s\", \"cases\": %ld, \"steps\": %ld, \"rejected\": %ld, "
               "\"off\": %.3g, \"headroom\": %.17g, \"failure\": ",
            t->network->name, t->cases, t->steps, t->rejected, t->off, t->headroom);
    json_string(f, t->failure);
    fputc('}', f);
}

static void json_proof(FILE *f, const struct proof *p)
{
    static const char *const words[] = { "false", "true" };
    fprintf(f, "    {\"id\": \"%s\", \"stands_for\": \"%s\", \"judge\": \"%s\", \"faithful\": %s, "
               "\"caught\": %s, \"mended\": %s, \"sure\": %s, \"case\": \"%s\", \"seeds\": %d, "
               "\"seen\": {",
            p->defect->id, p->defect->stands_for, judge_label[p->defect->judge],
            words[p->faithful], words[p->caught], words[p->mended], words[p->sure], p->shape_text,
            SEEDS);
    for (int i = 0; i < SIGHTS; i++) {
        fprintf(f, "%s\"%s\": ", i ? ", " : "", sight_name[i]);
        json_number(f, p->seen[i] == NOT_APPLICABLE ? NAN : p->seen[i]);
    }
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
    fprintf(f, ", \"failure\": ");
    json_string(f, t->failure);
    fprintf(f, "}");
}

/* The sets that ran, and what became of each. */
static void json_sets(FILE *f, const struct campaign *c)
{
    static const char *const words[] = { "ran", "lowered", "absent", "missed" };
    const char *between = "";
    fprintf(f, "  \"sets\": [");
    for (int isa = 0; isa < ISA_COUNT; isa++)
        if (campaign_set(c, (enum isa)isa) == SET_RAN) {
            fprintf(f, "%s\"%s\"", between, isa_name[isa]);
            between = ", ";
        }
    fprintf(f, "], \"states\": {");
    for (int isa = 0; isa < (c->use[ISA_plugin] ? ISA_COUNT : ISA_plugin); isa++)
        fprintf(f, "%s\"%s\": \"%s\"", isa ? ", " : "", isa_name[isa],
                words[campaign_set(c, (enum isa)isa)]);
    fprintf(f, "},\n");
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
    char processor[128];
    const char *const held = campaign_rejected(c) ? "false" : campaign_idle(c) ? "null" : "true";
    struct outfile out;
    if (!outfile_open(&out, path, e))
        return false;
    FILE *f = out.file;
    processor_name(processor);
    fprintf(f, "{\n  \"version\": \"%s\", \"tier\": \"%s\", \"seed\": %llu, \"shard\": [%d, %d], "
               "\"threads\": %d, \"seconds\": %.1f, \"held\": %s,\n",
            program_version, tiers[c->tier], (unsigned long long)c->seed, c->shard, c->shards,
            c->threads, c->seconds, held);
    json_sets(f, c);
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
        json_following(f, &c->following[i]);
        fprintf(f, "%s\n", i + 1 < c->followings ? "," : "");
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
