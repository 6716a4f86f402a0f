#include "harness/bench.h"

#include "fast/probe.h"
#include "harness/cycles.h"
#include "harness/fill.h"
#include "harness/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const limit_name[] = { "multiply-add", "operations", "division", "memory" };

enum { TURNS = 41, LEAST_TURNS = 5, /* which have a median and quartiles */
       LEAST_BYTES = 2048 }; /* of less, the call itself is what takes time */
static const double burst = 1e-4; /* seconds: short, for a neighbour's work comes in slices */
static const double patience = 2.0; /* seconds of a kernel's bursts, unless that is fewer turns */

/* One call of a function, with its operands. */
struct job {
    const struct function *function;
    const void *shape;
    enum isa isa;
    float *operand[MAX_OPERANDS], *work;
    double *ref[MAX_OPERANDS];
    const float *in[MAX_OPERANDS + 1]; /* for the traffic probe */
    float *out[MAX_OPERANDS + 1];
    size_t count[MAX_OPERANDS];
};

typedef void run_function(const struct job *j, long repeats);

static void run_fast(const struct job *j, long repeats)
{
    while (repeats--)
        j->function->fast(j->isa, j->shape, j->operand, j->work);
}

static void run_ref(const struct job *j, long repeats)
{
    while (repeats--)
        j->function->ref(j->shape, j->ref);
}

static volatile float sink; /* so that a probe has to compute */

static void run_traffic(const struct job *j, long repeats)
{
    while (repeats--)
        sink = probe_fast(j->isa)->traffic(j->in, j->out, j->count);
}

static void run_peak(const struct job *j, long repeats)
{
    sink = probe_fast(j->isa)->multiply_add(repeats);
}

static void run_operations(const struct job *j, long repeats)
{
    sink = probe_fast(j->isa)->operate(repeats);
}

static void run_divisions(const struct job *j, long repeats)
{
    sink = probe_fast(j->isa)->divide(repeats);
}

static double peak_flops(enum isa isa) /* of one repeat */
{
    return 2.0 * 16.0 * probe_fast(isa)->chains;
}

static double time_of(run_function *run, const struct job *j, long repeats)
{
    const double start = seconds_now();
    run(j, repeats);
    return (seconds_now() - start) / (double)repeats;
}

/* What so many repeats take, the lesser of two: a neighbour may have had its slice in one. */
static double length_of(run_function *run, const struct job *j, long repeats)
{
    return (double)repeats * fmin(time_of(run, j, repeats), time_of(run, j, repeats));
}

/* How many repeats take so many seconds. */
static long repeats_of(run_function *run, const struct job *j, double seconds)
{
    long repeats = 1;
    for (double t; (t = length_of(run, j, repeats)) < seconds && repeats < 1L << 40;)
        repeats = t < seconds / 8 ? repeats * 8 : (long)(1.2 * (double)repeats * seconds / t) + 1;
    return repeats;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts; the quarter-th quartile. */
static double quartile(double *x, int count, int quarter)
{
    qsort(x, (size_t)count, sizeof *x, by_value);
    return x[count * quarter / 4 - (quarter == 4)];
}

static void *allocate(size_t bytes)
{
    void *p = aligned_alloc(64, (bytes + 127) / 64 * 64);
    if (!p) {
        fprintf(stderr, "cnncheck: no memory for %zu bytes\n", bytes);
        exit(2);
    }
    return p;
}

/* Draws the first rows of an operand and repeats them. */
static void fill_operand(const struct operand *o, struct rng *r, double *x, size_t count, int row)
{
    const size_t most = 100000 > row ? (size_t)(100000 / row) * (size_t)row : (size_t)row;
    const size_t drawn = count < most ? count : most;
    fill_reals(r, o->fill == FILL_REALS ? FILL_NORMALS : o->fill, x, drawn, row);
    for (size_t k = drawn; k < count; k++)
        x[k] = x[k - drawn];
}

static void begin(struct job *j, const struct check *c, double *bytes)
{
    int inputs = 0, outputs = 0;
    size_t count[MAX_OPERANDS], inside = 0, outside = 0, of_out[MAX_OPERANDS];
    struct rng r = rng_named(1, "bench");
    for (int i = 0; j->function->operand[i].name; i++) {
        const struct operand *o = &j->function->operand[i];
        int dim[MAX_DIMS];
        const int rank = operand_dims(c, o, j->shape, dim);
        count[i] = operand_count(c, o, j->shape);
        if (operand_absent(c, o, j->shape))
            continue;
        j->operand[i] = allocate(count[i] * sizeof(float));
        j->ref[i] = allocate(count[i] * sizeof(double));
        memset(j->operand[i], 0, count[i] * sizeof(float));
        memset(j->ref[i], 0, count[i] * sizeof(double));
        *bytes += (double)(count[i] * sizeof(float));
        if (o->role == OUT) {
            of_out[outside++] = count[i];
            j->out[outputs++] = j->operand[i];
            continue;
        }
        fill_operand(o, &r, j->ref[i], count[i], rank ? dim[rank - 1] : 1);
        for (size_t k = 0; k < count[i]; k++)
            j->operand[i][k] = (float)j->ref[i][k];
        j->count[inside++] = count[i];
        j->in[inputs++] = j->operand[i];
    }
    memcpy(j->count + inside, of_out, outside * sizeof *of_out);
    if (j->function->workspace)
        j->work = allocate(j->function->workspace(j->isa, j->shape) * sizeof(float));
}

static void end(struct job *j)
{
    for (int i = 0; i < MAX_OPERANDS; i++) {
        free(j->operand[i]);
        free(j->ref[i]);
    }
    free(j->work);
}

/* How many turns bursts of so many seconds take. */
static int turns_of(double length)
{
    return (int)fmax(LEAST_TURNS, fmin(TURNS, patience / length));
}

/* The turns: seconds of the kernel, and the limits' over the kernel's. `needed` is how many repeats
 * of each probe do what the kernel does; of those that it needs none of nothing is measured. */
static void take_turns(struct job *j, const double *needed, int threads, struct timing *out)
{
    static run_function *const probe[LIMITS] = { run_peak, run_operations, run_divisions,
                                                 run_traffic };
    double kernel[TURNS], part[LIMITS][TURNS], cycles[TURNS];
    long probe_repeats[LIMITS];
    const long repeats = repeats_of(run_fast, j, burst);
    /* The probes' bursts are as long: a neighbour's slice falls into either as often. */
    const double length = length_of(run_fast, j, repeats);
    const int turns = turns_of(length);
    const bool counted = cycles_counted() && threads == 1;
    for (int l = 0; l < LIMITS; l++)
        probe_repeats[l] = needed[l] > 0.0 ? repeats_of(probe[l], j, length) : 0;
    for (int t = 0; t < turns; t++) {
        for (int l = 0; l < LIMITS; l++)
            part[l][t] = needed[l] > 0.0
                             ? time_of(probe[l], j, probe_repeats[l]) * needed[l] / threads
                             : 0.0;
        run_fast(j, 1); /* what the probe left in the caches is not what a network leaves */
        const uint64_t before = counted ? cycles_now() : 0;
        kernel[t] = time_of(run_fast, j, repeats);
        cycles[t] = counted ? (double)(cycles_now() - before) / (double)repeats : NAN;
        for (int l = 0; l < LIMITS; l++)
            part[l][t] /= kernel[t];
    }
    for (int l = 0; l < LIMITS; l++) {
        const double median = quartile(part[l], turns, 2);
        if (l == 0 || median > out->part) {
            out->limit = (enum limit)l;
            out->part = median;
            out->part_spread =
                (quartile(part[l], turns, 3) - quartile(part[l], turns, 1)) / median;
        }
    }
    if (j->isa == ISA_scalar ||
        (out->limit == LIMIT_MEMORY && out->flops == 0.0 && out->bytes < LEAST_BYTES))
        out->part = out->part_spread = NAN;
    out->seconds = quartile(kernel, turns, 2);
    out->spread = (quartile(kernel, turns, 3) - quartile(kernel, turns, 1)) / out->seconds;
    out->cycles = counted ? quartile(cycles, turns, 2) : NAN;
}

/* How many times ref's speed it has: bursts of both, in turns. */
static double times_ref(const struct job *j)
{
    enum { TIMES = 3 };
    const double once = time_of(run_ref, j, 1);
    const long calls = once < burst ? (long)(burst / once) + 1 : 1;
    const long repeats = repeats_of(run_fast, j, burst);
    double times[TIMES];
    for (int t = 0; t < TIMES; t++)
        times[t] = time_of(run_ref, j, calls) / time_of(run_fast, j, repeats);
    return quartile(times, TIMES, 2);
}

void bench_function(const struct check *c, const struct function *f, const void *shape,
                    enum isa isa, int threads, struct timing *out)
{
    struct job j = { .function = f, .shape = shape, .isa = isa };
    *out = (struct timing){ .check = c, .function = f, .isa = isa };
    shape_print(c, shape, out->shape);
    out->flops = function_flops(c, f, shape);
    begin(&j, c, &out->bytes);
    const double vectors = function_vectors(c, f, shape) / probe_fast(isa)->chains;
    take_turns(&j, (const double[LIMITS]){ out->flops / peak_flops(isa), vectors * f->operations,
                                           vectors * f->divisions, 1.0 }, threads, out);
    out->over_ref = times_ref(&j);
    end(&j);
}

double bench_peak(enum isa isa)
{
    const struct job j = { .isa = isa };
    const long repeats = repeats_of(run_peak, &j, burst);
    double rate[TURNS];
    for (int t = 0; t < TURNS; t++)
        rate[t] = peak_flops(isa) / time_of(run_peak, &j, repeats);
    return quartile(rate, TURNS, 2);
}

double bench_copy(enum isa isa, size_t bytes)
{
    const size_t half = bytes / 2, floats = half / sizeof(float);
    struct job j = { .isa = isa, .count = { floats, floats } };
    float *from = allocate(half), *to = allocate(half);
    double rate[TURNS];
    memset(from, 0, half);
    memset(to, 0, half);
    j.in[0] = from;
    j.out[0] = to;
    const long repeats = repeats_of(run_traffic, &j, burst);
    for (int t = 0; t < TURNS; t++)
        rate[t] = (double)bytes / time_of(run_traffic, &j, repeats);
    free(from);
    free(to);
    return quartile(rate, TURNS, 2);
}
