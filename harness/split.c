#include "harness/split.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An operand with a row for each of n examples. */
static bool has_rows(const struct operand *o)
{
    return o->dims[0] == 'n' && (o->dims[1] == ' ' || !o->dims[1]);
}

static void *allocate(size_t count, size_t size)
{
    void *p = calloc(count + 1, size);
    if (!p) {
        fprintf(stderr, "cnncheck: no memory for a case of %zu elements\n", count);
        exit(2);
    }
    return p;
}

/* Both sides on examples start .. end - 1, each output where those of its examples belong. */
static void run_part(struct judge *j, enum isa isa, int start, int end, int n,
                     double *const *ref, float *const *fast)
{
    const struct function *f = j->function;
    const struct key *key = &j->check->key[0];
    double *ref_part[MAX_OPERANDS] = { NULL };
    float *fast_part[MAX_OPERANDS] = { NULL };
    union any_shape shape;
    const int size = end - start;
    memcpy(&shape, j->shape, j->check->shape_size);
    memcpy(shape.bytes + key->offset, &size, sizeof size);
    for (int i = 0; i < j->operands; i++) {
        const size_t row = has_rows(&f->operand[i]) ? j->count[i] / (size_t)n : 0;
        ref_part[i] = j->absent[i] ? NULL : ref[i] + row * (size_t)start;
        fast_part[i] = j->absent[i] ? NULL : fast[i] + row * (size_t)start;
    }
    float *work = allocate(f->workspace ? f->workspace(isa, &shape) : 0, sizeof *work);
    f->ref(&shape, ref_part);
    f->fast(isa, &shape, fast_part, work);
    free(work);
}

bool split_agrees(struct judge *j, enum isa isa, int *operand, size_t *at)
{
    const struct function *f = j->function;
    const struct key *key = &j->check->key[0];
    double *ref[MAX_OPERANDS] = { NULL }, *whole[MAX_OPERANDS] = { NULL };
    float *fast[MAX_OPERANDS] = { NULL };
    bool good = true;
    int n;
    memcpy(&n, (const char *)j->shape + key->offset, sizeof n);
    if (strcmp(key->name, "n") || n < 4)
        return true;
    for (int i = 0; i < j->operands; i++) {
        const bool in = f->operand[i].role == IN;
        for (size_t k = 0; in && k < j->count[i]; k++)
            j->ref[i][k] = j->input[i][k];
        whole[i] = j->absent[i] ? NULL : j->ref[i];
        ref[i] = in ? j->ref[i] : allocate(j->count[i], sizeof **ref);
        fast[i] = in ? j->input[i] : allocate(j->count[i], sizeof **fast);
    }
    f->ref(j->shape, whole);
    run_part(j, isa, 0, n / 2, n, ref, fast);
    run_part(j, isa, n / 2, n, n, ref, fast);
    for (int i = 0; i < j->operands; i++) {
        if (f->operand[i].role == IN)
            continue;
        if (good && has_rows(&f->operand[i]) &&
            !memcmp(ref[i], j->ref[i], j->count[i] * sizeof **ref)) {
            const struct comparison c = compare_bits(fast[i], j->scalar[i], j->count[i]);
            good = c.agree;
            *operand = i;
            *at = c.at;
        }
        free(ref[i]);
        free(fast[i]);
    }
    return good;
}
