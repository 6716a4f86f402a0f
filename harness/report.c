/* report.c - what a campaign found: a table for people. */
#include "harness/campaign.h"
#include "harness/progress.h"

#include <stdio.h>
#include <string.h>

/* The names of the sets in a state, with commas. */
static void set_names(const struct campaign *c, enum set_state state, char text[128])
{
    text[0] = '\0';
    for (int isa = 0; isa < ISA_COUNT; isa++)
        if (campaign_set(c, (enum isa)isa) == state) {
            strcat(text, *text ? ", " : "");
            strcat(text, isa_name[isa]);
        }
}

/* What was not run, and whether it had to be. */
static void print_sets(const struct campaign *c)
{
    char names[128];
    set_names(c, SET_LOWERED, names);
    if (*names)
        printf("not run, since another set was asked for: %s\n", names);
    for (int isa = 0; isa < ISA_COUNT; isa++)
        if (campaign_set(c, (enum isa)isa) == SET_MISSED)
            printf("FAIL %s: this machine has it, %s\n", isa_name[isa],
                   isa_usable((enum isa)isa) ? "and a function was never called with it"
                                             : "but this build does not");
}

/* Functions of one float, tried on all. */
static void print_exhausted(const struct campaign *c)
{
    const char *head = "\nall floats, in a row      worst error    at                 floats\n";
    for (const struct tally *t = c->tally; t < c->tally + c->tallies; t++) {
        char name[64], worst[32] = "ref rounded", at[32] = "";
        snprintf(name, sizeof name, "%s.%s", t->check->layer, t->function->name);
        if (t->ulps > 0.0) {
            snprintf(worst, sizeof worst, "%.3f ulp", t->ulps);
            snprintf(at, sizeof at, "%a", t->ulps_at);
        }
        if (t->exhausted)
            printf("%s%-25s %-14s %-18s %ld\n", head, name, worst, at, t->exhausted);
        head = t->exhausted ? "" : head;
    }
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

static void print_training(const struct training *t, uint64_t seed)
{
    printf("\n%s, trained by both sides from the same weights in the same order\n",
           t->network->name);
    printf("  epoch   loss of ref  loss of fast\n");
    for (int i = 0; i < t->epochs; i++)
        printf("  %5d  %12.8f  %12.8f\n", i + 1, t->loss_ref[i], t->loss_fast[i]);
    printf("  largest difference %.2g; test accuracy %.2f %% and %.2f %%\n", t->difference,
           100.0 * t->accuracy_ref, 100.0 * t->accuracy_fast);
    if (!t->held)
        printf("FAIL %s.train: %s\nREPRO: cnncheck verify --layer %s.train --seed %llu\n",
               t->network->name, t->failure, t->network->name, (unsigned long long)seed);
}

/* The networks that were run, on fixtures or trained; counts their cases, a training as one. */
static int count_networks(const struct campaign *c, long *cases)
{
    int count = c->followings;
    for (int i = 0; i < c->followings; i++)
        *cases += c->following[i].cases;
    for (int i = 0; i < c->trainings; i++) {
        bool known = false;
        for (int k = 0; k < c->followings; k++)
            known = known || c->following[k].network == c->training[i].network;
        count += !known;
        ++*cases;
    }
    return count;
}

static void print_verdict(const struct campaign *c)
{
    char sets[128], of[32] = "";
    long cases = 0, calls = 0;
    if (campaign_idle(c) && !campaign_rejected(c)) {
        printf("\nNOTHING RUN: no cases in shard %d of %d\n", c->shard, c->shards);
        return;
    }
    for (const struct tally *t = c->tally; t < c->tally + c->tallies; t++) {
        cases += t->cases;
        for (int isa = 0; isa < ISA_COUNT; isa++)
            calls += t->calls[isa];
    }
    const int count = count_networks(c, &cases);
    if (count)
        snprintf(of, sizeof of, "%d networks, ", count);
    set_names(c, SET_RAN, sets);
    printf("\n%s: %d functions, %s%ld cases, %ld guarded calls on %s; %ld rejected; seed %llu, "
           "%.1f s\n",
           campaign_rejected(c) ? "FAILED" : "HELD", c->tallies, of, cases, calls, sets,
           campaign_rejected(c), (unsigned long long)c->seed, c->seconds);
}

bool report_summary(struct campaign *c)
{
    int proven = 0;
    progress_clear();
    printf("%-25s %6s %6s %6s %8s %9s %8s %8s %7s  %s\n", "function", "cases", "exact", "bound",
           "fixtures", "relations", "trusted", "headroom", "median", "verdict");
    for (struct tally *t = c->tally; t < c->tally + c->tallies; t++) {
        char name[64], worst[16] = "", median[16] = "";
        snprintf(name, sizeof name, "%s.%s", t->check->layer, t->function->name);
        if (t->spreads) {
            snprintf(worst, sizeof worst, "%.3f", t->headroom);
            snprintf(median, sizeof median, "%.3f", tally_median(t));
        } else if (t->cases) {
            strcpy(worst, "exact");
        }
        printf("%-25s %6ld %6ld %6ld %8ld %9ld %8ld %8s %7s  ", name, t->cases, t->exact, t->bound,
               t->fixtures, t->relations, t->trusted, worst, median);
        if (t->rejected)
            printf("%ld REJECTED\n", t->rejected);
        else if (tally_distrusted(t))
            printf("NOT TRUSTED\n");
        else if (tally_idle(t))
            printf("nothing run\n");
        else
            printf("held\n");
    }
    printf("trusted: cases of which more is expected than zeros, or one number everywhere\n"
           "headroom: the worst error of fast as a part of its computed bound; 1 would reject\n");
    print_sets(c);
    print_exhausted(c);
    print_followings(c);
    for (int i = 0; i < c->proofs; i++)
        proven += proof_held(&c->proof[i]);
    if (c->proofs)
        printf("defects of the documents: %d of %d faithful, caught, mended and sure\n", proven,
               c->proofs);
    for (int i = 0; i < c->trainings; i++)
        print_training(&c->training[i], c->seed);
    print_verdict(c);
    return campaign_rejected(c) == 0;
}
