/* campaign_relations.c - relations between calls, on the listed shapes of a layer that are
 * small. */
#include "harness/campaign.h"

#include "harness/relations.h"

#include <stdio.h>
#include <string.h>

/* By ref, and by fast at every set; not by what was rejected, for nothing guards these calls. */
static void hold(struct campaign *c, struct tally *t, const char *text)
{
    union any_shape shape;
    struct error e;
    if (t->rejected || !shape_parse(t->check, text, "case", &shape, &e) ||
        !shape_is_small(t->check, t->function, &shape))
        return;
    for (int kind = 0; kind < RELATIONS; kind++)
        for (int isa = -1; isa < ISA_COUNT; isa++) {
            const struct performer who = { .fast = isa >= 0, .isa = isa < 0 ? ISA_scalar : isa };
            char reason[700];
            if (isa >= 0 && !c->use[isa])
                continue;
            const enum outcome outcome = relation_outcome((enum relation)kind, &who, t->check,
                                                          t->function, &shape, c->seed, &e);
            t->relations += outcome != OUTCOME_NONE;
            if (outcome == OUTCOME_BROKEN) {
                snprintf(reason, sizeof reason, "%s, %s: %s", isa < 0 ? "ref" : "fast",
                         relation_name[kind], e.text);
                tally_failure(c, t, text, who.isa, reason, NULL);
                return;
            }
        }
}

void campaign_relations(struct campaign *c)
{
    long number = 0;
    for (struct tally *t = c->tally; t < c->tally + c->tallies; t++) {
        char text[SHAPE_TEXT];
        if (c->only) {
            shape_of(c->only, text);
            hold(c, t, text);
            continue;
        }
        for (const char *const *p = t->check->cases; *p; p++)
            if (number++ % c->shards == c->shard - 1)
                hold(c, t, *p);
    }
}
