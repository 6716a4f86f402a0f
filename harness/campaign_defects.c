/* campaign_defects.c - the documents' bugs, each of which has to be caught. */
#include "harness/campaign.h"

#include "harness/progress.h"

#include <stdio.h>
#include <stdlib.h>

void campaign_defects(struct campaign *c)
{
    struct guard *guard = guard_create();
    int count = 0;
    long number = 0;
    for (int i = 0; defects[i]; i++)
        for (const struct defect *d = defects[i]; d->id; d++)
            count++;
    c->proof = calloc((size_t)count, sizeof *c->proof);
    if (!c->proof)
        abort();
    for (int i = 0; defects[i]; i++)
        for (const struct defect *d = defects[i]; d->id; d++) {
            char layer[64], function[64];
            sscanf(d->stands_for, "%63[^.].%63s", layer, function);
            if (!campaign_takes(c, layer, function) || number++ % c->shards != c->shard - 1)
                continue;
            struct proof *p = &c->proof[c->proofs++];
            const double start = seconds_now();
            const bool proven = defect_prove(d, c->use, c->seed, guard, p);
            p->seconds = seconds_now() - start;
            if (!proven) {
                progress_clear();
                printf("FAIL %s, %s, %s: %s\nREPRO: cnncheck defects run --seed %llu %s\n", d->id,
                       d->stands_for, p->shape_text, p->failure, (unsigned long long)c->seed,
                       d->id);
            }
            progress("defects", c->start, c->proofs, count);
        }
    guard_destroy(guard);
}
