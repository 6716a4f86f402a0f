#include "harness/exhaust.h"

#include "harness/campaign.h"
#include "harness/plugin.h"
#include "harness/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1 << 16, BLOCKS = 1 << 16, INFINITE = 0x7f80 };

/* tanh's slope is four times a rounded number, which may be denormal. */
const struct subject subjects[] = {
    { "relu.forward", 1, -1 },
    { "relu.backward", 1, -1 },
    { "sigmoid.forward", 1, -1 },
    { "sigmoid.backward", -1, -1 },
    { "tanh.forward", 1, -1 },
    { "tanh.backward", -1, -1, 0, 0x1p-147 },
    { "elementary.exp", 1, -1 },
    { "elementary.log", 1, 0 },
    { "elementary.log1p", 1, 0, 0x3f800000 },
    { NULL },
};

static const struct subject *subject_of(const struct tally *t)
{
    char name[128];
    const struct subject *s = subjects;
    snprintf(name, sizeof name, "%s.%s", t->check->layer, t->function->name);
    while (s->name && strcmp(s->name, name))
        s++;
    return s->name ? s : NULL;
}

/* A block of consecutive bit patterns, and the first of the next, so that no step is left out. */
struct block {
    int length;
    double x[BLOCK + 1], one[BLOCK + 1], ref[BLOCK + 1];
    float input[BLOCK + 1], ones[BLOCK + 1], output[BLOCK + 1], scalar[BLOCK + 1];
};

static void fill(struct block *b, uint32_t first, uint32_t last)
{
    const uint32_t left = last - first;
    b->length = left < BLOCK ? (int)left + 1 : BLOCK + 1;
    for (int i = 0; i < b->length; i++) {
        const uint32_t bits = first + (uint32_t)i;
        memcpy(&b->input[i], &bits, sizeof bits);
        b->x[i] = b->input[i];
        b->one[i] = b->ones[i] = 1.0f;
    }
}

static void call_ref(const struct function *f, const void *shape, struct block *b)
{
    f->ref(shape, f->operand[1].role == OUT ? (double *[]){ b->x, b->ref }
                                            : (double *[]){ b->x, b->one, b->ref });
}

static void call_fast(const struct function *f, enum isa isa, const void *shape, struct block *b)
{
    float *const out = isa_leads(isa) ? b->scalar : b->output;
    f->fast(isa, shape, f->operand[1].role == OUT ? (float *[]){ b->input, out }
                                                  : (float *[]){ b->input, b->ones, out }, NULL);
}

/* Of those that are not ref rounded, the one with the largest part of its bound; a part above 1 is
 * wrong. Where all are, the error is half a unit at most, and *at is -1. */
static double worst_part(const struct block *b, const struct function *f, double slack, int *at)
{
    double worst = 0.0;
    *at = -1;
    for (int i = 0; i < b->length; i++) {
        const float y = b->scalar[i], rounded = (float)b->ref[i];
        if (!memcmp(&y, &rounded, sizeof y) || (isnan(y) && isnan(rounded)))
            continue;
        const bool special = f->rule == RULE_SAME || b->x[i] == 0.0 || isinf(b->x[i]);
        const double part = fabs(y - b->ref[i]) / (ulp_bound(b->ref[i]) + slack);
        if (special || !(part <= worst)) {
            worst = special || !(part <= 1.0) ? INFINITY : part;
            *at = i;
        }
        if (worst > 1.0)
            break;
    }
    return worst;
}

/* The first step that goes the wrong way; -1: none does. */
static int wrong_step(const struct block *b, int way)
{
    int wrong = 0;
    for (int i = 0; i + 1 < b->length; i++)
        wrong += way > 0 ? b->scalar[i + 1] < b->scalar[i] : b->scalar[i + 1] > b->scalar[i];
    for (int i = 0; wrong && i + 1 < b->length; i++)
        if (way > 0 ? b->scalar[i + 1] < b->scalar[i] : b->scalar[i + 1] > b->scalar[i])
            return i;
    return -1;
}

static void wrong(struct campaign *c, struct tally *t, const struct block *b, uint32_t block,
                  int at, enum isa isa, const char *what)
{
    const float *y = isa_leads(isa) ? b->scalar : b->output;
    char reason[200], again[64], scalar[40] = "";
    if (!isa_leads(isa))
        snprintf(scalar, sizeof scalar, ", scalar %a", (double)b->scalar[at]);
    snprintf(reason, sizeof reason, "%s(%a) is %a, ref %a%s: %s", t->check->layer, b->x[at],
             (double)y[at], b->ref[at], scalar, what);
    snprintf(again, sizeof again, "--tier exhaustive --shard %u/%d", block + 1, BLOCKS);
    tally_failure(c, t, "all floats", isa, reason, again);
}

static void keep_worst(struct tally *t, double part, double x)
{
#pragma omp critical(tally)
    if (part > t->ulps) {
        t->ulps = part;
        t->ulps_at = x;
    }
}

static void try_block(struct campaign *c, struct tally *t, const struct subject *s, struct block *b,
                      uint32_t block)
{
    const enum isa lead = campaign_lead(c);
    const uint32_t last = s->last ? s->last : UINT32_MAX;
    const bool beyond = block % (BLOCKS / 2) >= INFINITE; /* nothing but NaN comes after infinity */
    const int way = beyond ? 0 : block < BLOCKS / 2 ? s->right : s->left;
    union any_shape shape;
    int at, next;
    if (block << 16 > last)
        return;
    fill(b, block << 16, last);
    memset(&shape, 0, sizeof shape);
    key_set(t->check->key, &shape, b->length);
    call_ref(t->function, &shape, b);
    call_fast(t->function, lead, &shape, b);
    const double part = worst_part(b, t->function, s->slack, &at);
    if (part > 1.0) {
        wrong(c, t, b, block, at, lead, "too far from ref");
        return;
    }
    if (way && (next = wrong_step(b, way)) >= 0) {
        wrong(c, t, b, block, next, lead, "the next goes the wrong way");
        return;
    }
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        if (!c->use[isa] || isa == (int)lead)
            continue;
        call_fast(t->function, (enum isa)isa, &shape, b);
        if (!memcmp(b->output, b->scalar, sizeof *b->output * (size_t)b->length))
            continue;
        const struct comparison bits = compare_bits(b->output, b->scalar, (size_t)b->length);
        if (!bits.agree) {
            wrong(c, t, b, block, (int)bits.at, (enum isa)isa, "other bits than scalar");
            return;
        }
    }
    if (at >= 0)
        keep_worst(t, part, b->x[at]);
#pragma omp atomic
    t->exhausted += b->length < BLOCK ? b->length : BLOCK;
}

static void try_all(struct campaign *c, struct tally *t, const struct subject *s)
{
    const double start = seconds_now();
    int done = 0;
#pragma omp parallel num_threads(c->threads)
    {
        struct block *b = malloc(sizeof *b);
        if (!b)
            abort();
#pragma omp for schedule(dynamic)
        for (int block = 0; block < BLOCKS; block++) {
            if (block % c->shards == c->shard - 1)
                try_block(c, t, s, b, (uint32_t)block);
            int finished;
#pragma omp atomic capture
            finished = ++done;
            progress(s->name, start, finished, BLOCKS);
        }
        free(b);
    }
    t->seconds += (seconds_now() - start) * c->threads;
}

void campaign_exhaust(struct campaign *c)
{
    for (const struct function *f = elementary_check.function; c->glob && f->name; f++)
        if (campaign_takes(c, elementary_check.layer, f->name) && !plugin_lacks(f))
            c->tally[c->tallies++] = (struct tally){ .check = &elementary_check, .function = f };
    for (struct tally *t = c->tally; t < c->tally + c->tallies; t++) {
        const struct subject *s = subject_of(t);
        if (s)
            try_all(c, t, s);
    }
}
