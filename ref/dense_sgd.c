#include "ref/dense_sgd.h"

static void backward(const struct dense_sgd_shape *s, const double *x, const double *w,
                     const double *b, const double *dy, double *dx, double *stepped,
                     double *settled)
{
    for (int i = 0; i < s->in; i++) {
        double sum = 0.0;
        for (int o = 0; o < s->out; o++)
            sum += dy[o] * w[(size_t)i * s->out + o];
        dx[i] = sum;
        for (int o = 0; o < s->out; o++)
            stepped[(size_t)i * s->out + o] = w[(size_t)i * s->out + o] - s->lr * (x[i] * dy[o]);
    }
    for (int o = 0; o < s->out; o++)
        settled[o] = b[o] - s->lr * dy[o];
}

const struct dense_sgd_double dense_sgd_ref = { backward };
