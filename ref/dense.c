#include "ref/dense.h"

static void forward(const struct dense_shape *s, const double *x, const double *w, const double *b,
                    double *y)
{
    for (int n = 0; n < s->n; n++)
        for (int o = 0; o < s->out; o++)
            y[(size_t)n * s->out + o] = b[o];
    for (int n = 0; n < s->n; n++)
        for (int i = 0; i < s->in; i++)
            for (int o = 0; o < s->out; o++)
                y[(size_t)n * s->out + o] += x[(size_t)n * s->in + i] * w[(size_t)i * s->out + o];
}

static void backward(const struct dense_shape *s, const double *x, const double *w,
                     const double *dy, double *dx, double *dw, double *db)
{
    for (int n = 0; dx && n < s->n; n++)
        for (int i = 0; i < s->in; i++) {
            double sum = 0.0;
            for (int o = 0; o < s->out; o++)
                sum += dy[(size_t)n * s->out + o] * w[(size_t)i * s->out + o];
            dx[(size_t)n * s->in + i] = sum;
        }
    for (int i = 0; i < s->in; i++)
        for (int o = 0; o < s->out; o++) {
            double sum = 0.0;
            for (int n = 0; n < s->n; n++)
                sum += x[(size_t)n * s->in + i] * dy[(size_t)n * s->out + o];
            dw[(size_t)i * s->out + o] = sum;
        }
    for (int o = 0; o < s->out; o++) {
        double sum = 0.0;
        for (int n = 0; n < s->n; n++)
            sum += dy[(size_t)n * s->out + o];
        db[o] = sum;
    }
}

const struct dense_double dense_ref = { forward, backward };
