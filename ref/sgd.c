#include "ref/sgd.h"

static void step(const struct sgd_shape *s, const double *w, const double *dw, double *updated)
{
    for (int i = 0; i < s->len; i++)
        updated[i] = w[i] - s->lr * dw[i];
}

const struct sgd_double sgd_ref = { step };
