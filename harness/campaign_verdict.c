/* campaign_verdict.c - what the counts of a campaign amount to. */
#include "harness/campaign.h"

#include "harness/trust.h"

#include <math.h>
#include <stdlib.h>

enum set_state campaign_set(const struct campaign *c, enum isa isa)
{
    if (!isa_present(isa) && !c->use[isa])
        return SET_ABSENT;
    if (!c->use[isa])
        return c->lowered ? SET_LOWERED : SET_MISSED;
    for (const struct tally *t = c->tally; t < c->tally + c->tallies; t++)
        if (t->cases > 0 && t->calls[isa] == 0)
            return SET_MISSED;
    return SET_RAN;
}

bool tally_idle(const struct tally *t)
{
    return t->cases + t->rejected + t->exhausted + t->lanes + t->relations == 0;
}

bool campaign_idle(const struct campaign *c)
{
    bool idle = c->followings + c->trainings + c->proofs == 0;
    for (int i = 0; i < c->tallies; i++)
        idle = idle && tally_idle(&c->tally[i]);
    return idle;
}

bool tally_distrusted(const struct tally *t)
{
    return t->cases >= TRUST_ASKED_FROM && 100 * t->trusted < TRUSTED_AT_LEAST * t->cases;
}

long campaign_rejected(const struct campaign *c)
{
    long sum = 0;
    for (int isa = 0; isa < ISA_COUNT; isa++)
        sum += campaign_set(c, (enum isa)isa) == SET_MISSED;
    for (int i = 0; i < c->tallies; i++)
        sum += c->tally[i].rejected + tally_distrusted(&c->tally[i]);
    for (int i = 0; i < c->trainings; i++)
        sum += !c->training[i].held;
    for (int i = 0; i < c->followings; i++)
        sum += c->following[i].rejected;
    for (int i = 0; i < c->proofs; i++)
        sum += !proof_held(&c->proof[i]);
    return sum;
}

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
