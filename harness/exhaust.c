/* exhaust.c - functions of one float, tried on all 2^32 of them at every set. */
#include "harness/campaign.h"

#include "harness/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1 << 16, BLOCKS = 1 << 16 };

/* Such a function maps x to y of the same length: its rule needs no terms beyond the element. */
static bool takes_one_float(const struct function *f)
{
    return f->rule != RULE_BOUND && !strcmp(f->operand[0].dims, "len") &&
           f->operand[1].role == OUT && !strcmp(f->operand[1].dims, "len");
}

struct buffers {
    double x[BLOCK], ref[BLOCK], bound[BLOCK];
    float input[BLOCK], output[BLOCK], scalar[BLOCK];
};

/* One block of consecutive bit patterns. */
static void try_block(struct campaign *c, struct tally *t, struct buffers *b, uint32_t block)
{
    const int length = BLOCK;
    union any_shape shape;
    char text[64];
    memset(&shape, 0, sizeof shape);
    memcpy(shape.bytes + t->check->key[0].offset, &length, sizeof length);
    for (uint32_t i = 0; i < BLOCK; i++) {
        const uint32_t bits = block << 16 | i;
        memcpy(&b->input[i], &bits, sizeof bits);
        b->x[i] = b->input[i];
    }
    t->function->ref(&shape, (double *[]){ b->x, b->ref });
    for (int i = 0; i < BLOCK; i++)
        b->bound[i] = ulp_bound(b->ref[i]);
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        if (!campaign_runs(c, isa))
            continue;
        t->function->fast((enum isa)isa, &shape, (float *[]){ b->input, b->output }, NULL);
        if (isa_leads((enum isa)isa))
            memcpy(b->scalar, b->output, sizeof b->scalar);
        const struct comparison right = t->function->rule == RULE_ULP
                                            ? compare_bound(b->output, b->ref, b->bound, BLOCK)
                                            : compare_same(b->output, b->ref, BLOCK);
        const struct comparison bits = compare_bits(b->output, b->scalar, BLOCK);
        if (!right.agree || !bits.agree) {
            const size_t at = right.agree ? bits.at : right.at;
            char reason[160];
            snprintf(reason, sizeof reason, "%s(%a) is %a, ref %a, scalar %a", t->check->layer,
                     b->x[at], (double)b->output[at], b->ref[at], (double)b->scalar[at]);
            snprintf(text, sizeof text, "--tier exhaustive --shard %u/%d", block + 1, BLOCKS);
            tally_failure(c, t, "all floats", (enum isa)isa, reason, text);
            return;
        }
        if (right.headroom > t->headroom) {
            snprintf(text, sizeof text, "x=%a", b->x[right.at]);
#pragma omp critical(tally)
            if (right.headroom > t->headroom) {
                t->headroom = right.headroom;
                snprintf(t->witness, sizeof t->witness, "%s %s", isa_name[isa], text);
            }
        }
    }
#pragma omp atomic
    t->exhausted += BLOCK;
}

void campaign_exhaust(struct campaign *c)
{
    for (struct tally *t = c->tally; t < c->tally + c->tallies; t++) {
        const double start = seconds_now();
        int done = 0;
        if (!takes_one_float(t->function))
            continue;
#pragma omp parallel num_threads(c->threads)
        {
            struct buffers *b = malloc(sizeof *b);
            if (!b)
                abort();
#pragma omp for schedule(dynamic)
            for (int block = 0; block < BLOCKS; block++) {
                if (block % c->shards == c->shard - 1)
                    try_block(c, t, b, (uint32_t)block);
                int finished;
#pragma omp atomic capture
                finished = ++done;
                progress(t->check->layer, start, finished, BLOCKS);
            }
            free(b);
        }
    }
}
