/* report_junit.c - what a campaign found, for a CI server. */
#include "harness/campaign.h"
#include "harness/outfile.h"

static void xml_text(FILE *f, const char *text)
{
    for (; *text; text++) {
        if (*text == '<')
            fputs("&lt;", f);
        else if (*text == '&')
            fputs("&amp;", f);
        else if (*text == '"')
            fputs("&quot;", f);
        else
            fputc(*text, f);
    }
}

static void junit_case(FILE *f, const char *name, const char *function, const char *failure)
{
    fprintf(f, "  <testcase classname=\"%s\" name=\"%s\"", name, function);
    if (!*failure) {
        fprintf(f, "/>\n");
        return;
    }
    fprintf(f, "><failure message=\"");
    xml_text(f, failure);
    fprintf(f, "\"/></testcase>\n");
}

bool report_junit(struct campaign *c, const char *path, struct error *e)
{
    struct outfile out;
    int failures = 0;
    if (!outfile_open(&out, path, e))
        return false;
    for (int i = 0; i < c->tallies; i++)
        failures += c->tally[i].rejected > 0;
    for (int i = 0; i < c->trainings; i++)
        failures += !c->training[i].held;
    for (int i = 0; i < c->followings; i++)
        failures += c->following[i].rejected > 0;
    for (int i = 0; i < c->proofs; i++)
        failures += !proof_held(&c->proof[i]);
    fprintf(out.file, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                      "<testsuite name=\"cnncheck verify\" tests=\"%d\" failures=\"%d\" "
                      "time=\"%.1f\">\n",
            c->tallies + c->trainings + c->followings + c->proofs, failures, c->seconds);
    for (int i = 0; i < c->tallies; i++)
        junit_case(out.file, c->tally[i].check->layer, c->tally[i].function->name,
                   c->tally[i].failure);
    for (int i = 0; i < c->trainings; i++)
        junit_case(out.file, c->training[i].network->name, "train",
                   c->training[i].held ? "" : c->training[i].failure);
    for (int i = 0; i < c->followings; i++)
        junit_case(out.file, c->following[i].network->name, "fixtures", c->following[i].failure);
    for (int i = 0; i < c->proofs; i++)
        junit_case(out.file, "defects", c->proof[i].defect->id, c->proof[i].failure);
    fprintf(out.file, "</testsuite>\n");
    return outfile_close(&out, e);
}
