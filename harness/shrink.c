#include "harness/shrink.h"

#include <string.h>

struct attempt {
    const struct check *check;
    void *shape;
    still_fails *fails;
    void *context;
    int trials;
};

/* Keeps a candidate if it fails. */
static bool keep(struct attempt *a, const union any_shape *candidate)
{
    if (a->trials >= SHRINK_TRIALS || a->check->invalid(candidate))
        return false;
    a->trials++;
    if (!a->fails(a->context, candidate))
        return false;
    memcpy(a->shape, candidate, a->check->shape_size);
    return true;
}

/* One step down with one key. */
static bool lower(struct attempt *a, const struct key *k)
{
    union any_shape candidate;
    memcpy(&candidate, a->shape, a->check->shape_size);
    if (k->kind == KEY_REAL) {
        memcpy(candidate.bytes + k->offset, k->values, sizeof *k->values);
        return memcmp(&candidate, a->shape, a->check->shape_size) && keep(a, &candidate);
    }
    const int value = key_value(k, a->shape);
    for (int step = value - k->least; step > 0; step /= 2) {
        key_set(k, &candidate, value - step);
        if (keep(a, &candidate))
            return true;
    }
    return false;
}

int shrink(const struct check *c, void *shape, still_fails *fails, void *context)
{
    struct attempt a = { c, shape, fails, context, 0 };
    bool lowered;
    do {
        lowered = false;
        for (const struct key *k = c->key; k->name && k->kind != KEY_DERIVED; k++)
            while (lower(&a, k))
                lowered = true;
    } while (lowered);
    return a.trials;
}
