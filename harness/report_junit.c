/* report_junit.c - what a campaign found, for a CI server: testsuites, a testsuite for each kind of
 * check, a testcase for each function, network, defect and instruction set, as JUnit writes
 * them. */
#include "harness/campaign.h"
#include "harness/outfile.h"
#include "harness/utf8.h"

#include <stdlib.h>
#include <time.h>

struct row {
    const char *suite, *class, *name;
    const char *failure, *skipped; /* why; NULL or empty: neither */
    double seconds;
};

static void xml_text(FILE *f, const char *text)
{
    while (*text) {
        const char *const word = *text == '<'                  ? "&lt;"
                                 : *text == '>'                ? "&gt;"
                                 : *text == '&'                ? "&amp;"
                                 : *text == '"'                ? "&quot;"
                                 : (unsigned char)*text < 0x20 ? " " /* XML has no word for these */
                                                               : NULL;
        if (word)
            fputs(word, f);
        text = word ? text + 1 : put_letter(f, text);
    }
}

static bool failed(const struct row *r)
{
    return r->failure && *r->failure;
}

static int gather(const struct campaign *c, struct row *row)
{
    static const char *const missed = "this machine has it, and it was not run";
    int rows = 0;
    for (int i = 0; i < ISA_COUNT; i++) {
        const enum set_state state = campaign_set(c, (enum isa)i);
        if (i == ISA_plugin && state == SET_ABSENT)
            continue;
        row[rows++] = (struct row){ "instruction sets", "set", isa_name[i],
                                    state == SET_MISSED ? missed : NULL,
                                    state == SET_LOWERED  ? "another set was asked for"
                                    : state == SET_ABSENT ? "this machine lacks it"
                                                          : NULL };
    }
    for (const struct tally *t = c->tally; t < c->tally + c->tallies; t++)
        row[rows++] = (struct row){ "functions", t->check->layer, t->function->name,
                                    !t->rejected && tally_distrusted(t)
                                        ? "too few of its cases are evidence"
                                        : t->failure,
                                    tally_idle(t) ? "nothing of it was run" : NULL, t->seconds };
    for (const struct following *t = c->following; t < c->following + c->followings; t++)
        row[rows++] = (struct row){ "networks on fixtures", t->network->name, "fixtures",
                                    t->failure, NULL, t->seconds };
    for (const struct training *t = c->training; t < c->training + c->trainings; t++)
        row[rows++] = (struct row){ "training", t->network->name, "train",
                                    t->held ? NULL : t->failure, NULL, t->seconds };
    for (const struct proof *p = c->proof; p < c->proof + c->proofs; p++)
        row[rows++] = (struct row){ "defects of the documents", "defects", p->defect->id,
                                    p->failure, NULL, p->seconds };
    return rows;
}

/* Opens an element with the counts of some rows. */
static void counted(FILE *f, const char *element, const char *name, const struct row *row, int rows)
{
    int failures = 0, skipped = 0;
    double seconds = 0.0;
    for (int i = 0; i < rows; i++) {
        failures += failed(&row[i]);
        skipped += row[i].skipped != NULL;
        seconds += row[i].seconds;
    }
    fprintf(f, "<%s name=\"%s\" tests=\"%d\" failures=\"%d\" errors=\"0\" skipped=\"%d\" "
               "time=\"%.3f\"", element, name, rows, failures, skipped, seconds);
}

static void testcase(FILE *f, const struct row *r)
{
    fprintf(f, "    <testcase classname=\"%s\" name=\"%s\" time=\"%.3f\"", r->class, r->name,
            r->seconds);
    if (failed(r)) {
        fprintf(f, ">\n      <failure type=\"rejected\" message=\"");
        xml_text(f, r->failure);
        fprintf(f, "\"/>\n    </testcase>\n");
    } else if (r->skipped) {
        fprintf(f, ">\n      <skipped message=\"%s\"/>\n    </testcase>\n", r->skipped);
    } else {
        fprintf(f, "/>\n");
    }
}

bool report_junit(struct campaign *c, const char *path, struct error *e)
{
    struct outfile out;
    char now[32];
    const time_t clock = time(NULL);
    struct row *row = malloc(sizeof *row * (size_t)(ISA_COUNT + c->tallies + c->followings +
                                                    c->trainings + c->proofs));
    if (!row)
        abort();
    if (!outfile_open(&out, path, e)) {
        free(row);
        return false;
    }
    FILE *f = out.file;
    const int rows = gather(c, row);
    strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%S", gmtime(&clock));
    fprintf(f, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    counted(f, "testsuites", "cnncheck verify", row, rows);
    fprintf(f, ">\n");
    for (int i = 0, end; i < rows; i = end) {
        for (end = i + 1; end < rows && row[end].suite == row[i].suite;)
            end++;
        fprintf(f, "  ");
        counted(f, "testsuite", row[i].suite, row + i, end - i);
        fprintf(f, " timestamp=\"%s\">\n", now);
        for (int k = i; k < end; k++)
            testcase(f, &row[k]);
        fprintf(f, "  </testsuite>\n");
    }
    fprintf(f, "</testsuites>\n");
    free(row);
    return outfile_close(&out, e);
}
