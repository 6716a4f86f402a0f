#include "harness/digest.h"

#include "harness/command.h"
#include "harness/split.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { ORDINARY, DENORMAL, ENORMOUS, CANCELLING, SPECIAL, ANY_BITS, KINDS };
static const char *const kind_name[KINDS] = {
    "ordinary", "denormal", "huge", "cancelling", "special", "any bits"
};

enum { DRAWN = 20, OFFSETS = 16, SMALL = 4096, LARGE = 1 << 21 };

/* One call: a set, a number of threads, and a way to place the buffers. */
struct round {
    enum isa isa;
    int threads, turn;
};

/* `count` floats for a kernel, among others that are not its own. */
struct buffer {
    float *all;
    size_t before, count, behind;
};

/* A case at work; judge's input and scalar are the inputs and the first outputs. */
struct trial_case {
    struct judge j;
    char name[SHAPE_TEXT + 32];
    struct buffer buffer[MAX_OPERANDS + 1]; /* of the operands, and the workspace */
    float *operand[MAX_OPERANDS];
};

static float from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* What an operand is meant to hold, or nearly so. */
static float ordinary(struct rng *r, enum fill fill)
{
    if (fill == FILL_PROBABILITIES || fill == FILL_DISTRIBUTION)
        return (float)rng_uniform(r);
    if (fill == FILL_TARGETS || fill == FILL_ONE_HOT)
        return (float)rng_int(r, 0, 1);
    double sum = -2.0;
    for (int i = 0; i < 4; i++)
        sum += rng_uniform(r);
    return (float)(fill == FILL_LOGITS ? 20.0 * sum : sum);
}

/* A statement draws once at most: compilers choose in which order operands are evaluated. */
static float draw(struct rng *r, enum kind kind, enum fill fill, float before)
{
    static const uint32_t special[] = { 0x00000000, 0x80000000, 0x7f800000, 0xff800000,
                                        0x7fc00000, 0x7f7fffff, 0xff7fffff, 0x00000001 };
    const uint32_t bits = (uint32_t)(rng_next(r) >> 32);
    const float usual = ordinary(r, kind == CANCELLING ? FILL_NORMALS : fill);
    switch (kind) {
    case DENORMAL:
        return from_bits(bits & 0x80ffffffu); /* and the smallest of the normal numbers */
    case ENORMOUS:
        return from_bits((bits & 0x83ffffffu) | 0x78000000u); /* from 2^113 on */
    case CANCELLING:
        return bits & 1 ? -before : ldexpf(usual, (int)(bits >> 27) - 16);
    case SPECIAL:
        return bits & 7 ? usual : from_bits(special[bits >> 29]);
    case ANY_BITS:
        return from_bits(bits);
    default:
        return usual;
    }
}

static void *allocate(size_t floats)
{
    void *p = aligned_alloc(64, (floats * sizeof(float) + 63) / 64 * 64);
    if (!p) {
        fprintf(stderr, "cnncheck: no memory for a case of %zu elements\n", floats);
        exit(EXIT_UNUSABLE);
    }
    return p;
}

static float surrounding(size_t i, int turn)
{
    return (i % 2 ? 1e6f : -1e6f) * (float)(turn + 1);
}

/* `count` floats at an offset that is another one each turn, and for each operand, among numbers
 * that are other ones each turn too: `margin` and a few more on either side. */
static float *place(struct trial_case *t, int operand, const float *data, size_t count,
                    size_t margin, int turn)
{
    const size_t offset = OFFSETS + (size_t)(turn * (2 * operand + 1) + operand) % OFFSETS;
    const size_t before = margin + offset, behind = margin + OFFSETS, all = before + count + behind;
    float *const p = allocate(all);
    for (size_t i = 0; i < all; i++)
        p[i] = surrounding(i, turn);
    if (data)
        memcpy(p + before, data, count * sizeof *p);
    t->buffer[operand] = (struct buffer){ p, before, count, behind };
    return p + before;
}

/* A thread that mistakes its part of the workspace goes as far from it as the workspace is long. */
static void call(struct trial_case *t, const struct round *r)
{
    const struct judge *j = &t->j;
    struct error unused;
    use_threads(r->threads, &unused); /* which the workspace depends on */
    for (int i = 0; i < j->operands; i++) {
        float *p = place(t, i, j->input[i], j->count[i], 0, r->turn);
        t->operand[i] = j->absent[i] ? NULL : p;
    }
    const size_t work = j->function->workspace ? j->function->workspace(r->isa, j->shape) : 0;
    j->function->fast(r->isa, j->shape, t->operand,
                      place(t, j->operands, NULL, work, work, r->turn));
}

__attribute__((format(printf, 3, 4))) static void differs(struct digest *d,
                                                          const struct trial_case *t,
                                                          const char *format, ...)
{
    va_list args;
    if (d->different++ > 0)
        return;
    const int used = snprintf(d->failure, sizeof d->failure, "%s: ", t->name);
    va_start(args, format);
    vsnprintf(d->failure + used, sizeof d->failure - (size_t)used, format, args);
    va_end(args);
}

static uint64_t hash_floats(uint64_t hash, const float *x, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = 0x7fc00000u;
        if (!isnan(x[i]))
            memcpy(&bits, &x[i], sizeof bits);
        for (int byte = 0; byte < 4; byte++, bits >>= 8)
            hash = (hash ^ (bits & 0xff)) * 0x100000001b3u;
    }
    return hash;
}

/* The outputs of a round are those of the first one; false after saying that they are not. */
static bool same(const struct trial_case *t, const struct round *r, struct digest *d)
{
    for (int i = 0; i < t->j.operands; i++) {
        char where[96];
        if (t->j.function->operand[i].role == IN || t->j.absent[i])
            continue;
        const struct comparison c = compare_bits(t->operand[i], t->j.scalar[i], t->j.count[i]);
        if (c.agree)
            continue;
        element_name(&t->j, i, c.at, where);
        differs(d, t, "%s is %a, but %a on %s with %d threads at offset %d", where,
                (double)t->j.scalar[i][c.at], (double)t->operand[i][c.at], isa_name[r->isa],
                r->threads, (int)((uintptr_t)t->operand[i] % 64));
        return false;
    }
    return true;
}

/* What lies around the buffers has not changed; false after saying that it has. */
static bool kept(const struct trial_case *t, const struct round *r, struct digest *d)
{
    for (int i = 0; i <= t->j.operands; i++) {
        const struct buffer *b = &t->buffer[i];
        const size_t end = b->before + b->count;
        for (size_t k = 0; k < end + b->behind; k++) {
            k = k == b->before ? end : k;
            if (b->all[k] == surrounding(k, r->turn))
                continue;
            differs(d, t, "memory %s %s was written to on %s with %d threads",
                    k < end ? "before" : "behind",
                    i < t->j.operands ? t->j.function->operand[i].name : "the workspace",
                    isa_name[r->isa], r->threads);
            return false;
        }
    }
    return true;
}

static bool run_rounds(const struct digest_plan *plan, struct trial_case *t, struct digest *d)
{
    size_t elements = 0;
    bool first = true;
    for (int i = 0; i < t->j.operands; i++)
        elements += t->j.count[i];
    const int turns = elements <= SMALL ? OFFSETS : plan->threads;
    for (int isa = 0; isa < ISA_COUNT; isa++)
        for (int turn = 0; turn < turns && plan->use[isa]; turn++) {
            const struct round r = { (enum isa)isa, 1 + turn % plan->threads, turn };
            call(t, &r);
            for (int i = 0; first && i < t->j.operands; i++)
                if (t->j.scalar[i] && !t->j.absent[i]) {
                    memcpy(t->j.scalar[i], t->operand[i], t->j.count[i] * sizeof(float));
                    d->hash = hash_floats(d->hash, t->j.scalar[i], t->j.count[i]);
                }
            first = false;
            d->calls++;
            const bool good = same(t, &r, d) && kept(t, &r, d);
            for (int i = 0; i <= t->j.operands; i++)
                free(t->buffer[i].all);
            if (!good)
                return false;
        }
    return true;
}

static void run_halves(const struct digest_plan *plan, struct trial_case *t, struct digest *d)
{
    struct error unused;
    use_threads(1, &unused);
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        char where[96];
        int operand;
        size_t at;
        if (!plan->use[isa] || split_agrees(&t->j, (enum isa)isa, &operand, &at))
            continue;
        element_name(&t->j, operand, at, where);
        differs(d, t, "%s is not %a on %s when the batch is split in two", where,
                (double)t->j.scalar[operand][at], isa_name[isa]);
        return;
    }
}

static void run_case(const struct digest_plan *plan, const struct check *c,
                     const struct function *f, const void *shape, enum kind kind,
                     struct digest *d)
{
    struct trial_case t = { .buffer = { { NULL } } };
    char text[SHAPE_TEXT], stream[SHAPE_TEXT + 128];
    shape_print(c, shape, text);
    snprintf(t.name, sizeof t.name, "%s, %s", text, kind_name[kind]);
    snprintf(stream, sizeof stream, "%s.%s %s", c->layer, f->name, t.name);
    struct rng r = rng_named(plan->seed, stream);
    judge_begin(&t.j, c, f, shape);
    for (int i = 0; i < t.j.operands; i++) {
        float before = 1.0f;
        for (size_t k = 0; t.j.input[i] && k < t.j.count[i]; k++)
            before = t.j.input[i][k] = draw(&r, kind, f->operand[i].fill, before);
    }
    if (run_rounds(plan, &t, d) && kind == ORDINARY)
        run_halves(plan, &t, d);
    d->cases++;
    judge_end(&t.j);
}

/* Doubles the first size of a shape until its operands take LARGE terms, which threads share. */
static void grow(const struct check *c, const struct function *f, union any_shape *shape)
{
    double terms;
    do {
        int size;
        memcpy(&size, shape->bytes + c->key[0].offset, sizeof size);
        size *= 2;
        memcpy(shape->bytes + c->key[0].offset, &size, sizeof size);
        terms = 0.0;
        for (const struct operand *o = f->operand; o->name; o++)
            terms += (double)operand_count(c, o, shape) *
                     (o->terms ? operand_terms(c, o, shape) : 1.0);
    } while (terms < LARGE);
}

void digest_function(const struct digest_plan *plan, const struct check *c,
                     const struct function *f, struct digest *d)
{
    union any_shape shape;
    char stream[128];
    struct error e;
    *d = (struct digest){ .hash = 0xcbf29ce484222325u };
    snprintf(stream, sizeof stream, "shapes of %s.%s", c->layer, f->name);
    struct rng r = rng_named(plan->seed, stream);
    int count = 0;
    for (; c->cases[count]; count++)
        if (shape_parse(c, c->cases[count], "case", &shape, &e))
            for (int kind = 0; kind < KINDS; kind++)
                run_case(plan, c, f, &shape, (enum kind)kind, d);
    /* Where a layer has several ways, they are here. */
    const int grown[] = { 0, count - 2, count - 1 };
    for (int i = 0; i < 3; i++)
        if (shape_parse(c, c->cases[grown[i]], "case", &shape, &e)) {
            grow(c, f, &shape);
            run_case(plan, c, f, &shape, ORDINARY, d);
        }
    for (int i = 0; i < DRAWN; i++) {
        shape_random(c, &r, &shape);
        for (int kind = 0; kind < KINDS; kind++)
            run_case(plan, c, f, &shape, (enum kind)kind, d);
    }
}
