/* peers.c - the C side of peers.py: runs our kernels and their peers' in one process, in turns.
 *
 * Reads a line, answers with the seconds of one call (the least mean of some short bursts), or with
 * "error: ..." where there is no such work:
 *   fast LAYER.FUNCTION SHAPE      our kernel
 *   best LAYER.FUNCTION SHAPE      oneDNN in the layouts that it likes best; nothing is reordered
 *   plain LAYER.FUNCTION SHAPE     oneDNN from NCHW to NCHW: what it has to reorder counts
 *   fastest LAYER.FUNCTION SHAPE   the fastest of oneDNN's implementations, as in `best`, where it
 *                                  takes the first that it has
 *   blas LAYER.FUNCTION SHAPE      OpenBLAS
 *   step NETWORK BATCH             forward, backward and update of our engine
 *   limit ...                      what `fast` or `step` cannot do without: its multiply-adds, the
 *                                  operations of functions like sigmoid, each in registers at the
 *                                  most that the machine can do; of a kernel the reading and
 *                                  writing of its operands, if that takes longer; in a step of one
 *                                  image, in the place of the multiply-adds of dense layers, the
 *                                  traffic of all weights
 *   traffic NETWORK 1              its weights read, and then read and written where they lie
 *   shared NETWORK 1               the same by all threads: read by each, a part written by each
 *   versions                       answered with those of oneDNN and OpenBLAS instead
 * Argument: the number of threads.
 */
#include "fast/probe.h"
#include "harness/check.h"
#include "harness/net.h"
#include "harness/progress.h"
#include "ref/conv2d.h"
#include "ref/dense.h"

#include <cblas.h>
#include <dnnl.h>
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORKS = 512, REORDERS = 4, BURSTS = 12 };
static const double burst = 2e-4, patience = 0.2; /* seconds */

struct work {
    char line[512];
    void (*run)(struct work *w);
    /* ours */
    const struct check *check;
    const struct function *function;
    union any_shape shape;
    float *operand[MAX_OPERANDS], *scratch;
    struct net *net;
    int batch;
    size_t parameters;
    double flops, operations; /* of a limit */
    /* oneDNN's */
    dnnl_primitive_t primitive, before[REORDERS], after;
    dnnl_exec_arg_t args[4], before_args[REORDERS][2], after_args[2];
    int count, reorders, last;
};

static double seconds_of(struct work *w);
static dnnl_engine_t engine;
static dnnl_stream_t stream;

#define MUST(call)                                                                                 \
    do {                                                                                           \
        if ((call) != dnnl_success) {                                                              \
            fprintf(stderr, "peers: oneDNN refused %s\n", #call);                                  \
            exit(2);                                                                               \
        }                                                                                          \
    } while (0)

static float *numbers(size_t count)
{
    float *x = aligned_alloc(64, (count * sizeof *x + 127) / 64 * 64);
    if (!x)
        exit(2);
    for (size_t i = 0; i < count; i++)
        x[i] = (float)(rand() % 2001 - 1000) / 1000.0f;
    return x;
}

static void run_fast(struct work *w)
{
    w->function->fast(isa_best(), &w->shape, w->operand, w->scratch);
}

static void run_step(struct work *w)
{
    engine_fast.forward(w->net, w->batch, true);
    engine_fast.learn(w->net, 1e-6);
}

static void run_dnnl(struct work *w)
{
    for (int i = 0; i < w->reorders; i++)
        MUST(dnnl_primitive_execute(w->before[i], stream, 2, w->before_args[i]));
    MUST(dnnl_primitive_execute(w->primitive, stream, w->count, w->args));
    if (w->last)
        MUST(dnnl_primitive_execute(w->after, stream, 2, w->after_args));
    MUST(dnnl_stream_wait(stream));
}

static void product(int ta, int tb, int m, int n, int k, const float *a, const float *b, float *c,
                    float keep)
{
    cblas_sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, m, n,
                k, 1.0f, a, ta ? m : k, b, tb ? k : n, keep, c, n);
}

static void run_blas(struct work *w)
{
    const struct dense_shape *s = (const void *)&w->shape;
    float *const *a = w->operand;
    if (!strcmp(w->function->name, "forward")) {
        for (int n = 0; n < s->n; n++)
            memcpy(a[3] + (size_t)n * s->out, a[2], sizeof(float) * (size_t)s->out);
        if (s->n == 1)
            cblas_sgemv(CblasRowMajor, CblasTrans, s->in, s->out, 1.0f, a[1], s->out, a[0], 1, 1.0f,
                        a[3], 1);
        else
            product(0, 0, s->n, s->out, s->in, a[0], a[1], a[3], 1.0f);
        return;
    }
    if (s->n == 1)
        cblas_sgemv(CblasRowMajor, CblasNoTrans, s->in, s->out, 1.0f, a[1], s->out, a[2], 1, 0.0f,
                    a[3], 1);
    else
        product(0, 1, s->n, s->in, s->out, a[2], a[1], a[3], 0.0f);
    product(1, 0, s->in, s->out, s->n, a[0], a[2], a[4], 0.0f);
    memset(a[5], 0, sizeof(float) * (size_t)s->out);
    for (int n = 0; n < s->n; n++)
        cblas_saxpy(s->out, 1.0f, a[2] + (size_t)n * s->out, 1, a[5], 1);
}

static dnnl_memory_t memory(const dnnl_memory_desc_t *d)
{
    dnnl_memory_t m;
    MUST(dnnl_memory_create(&m, d, engine, numbers(dnnl_memory_desc_get_size(d) / sizeof(float))));
    return m;
}

static dnnl_primitive_t reorder(const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to,
                                dnnl_memory_t a, dnnl_memory_t b, dnnl_exec_arg_t args[2])
{
    dnnl_primitive_desc_t pd;
    dnnl_primitive_t p;
    MUST(dnnl_reorder_primitive_desc_create(&pd, from, engine, to, engine, NULL));
    MUST(dnnl_primitive_create(&p, pd));
    args[0] = (dnnl_exec_arg_t){ DNNL_ARG_FROM, a };
    args[1] = (dnnl_exec_arg_t){ DNNL_ARG_TO, b };
    return p;
}

/* Which of x, w and y is the result of forward, backward_data and backward_weights, and what oneDNN
 * calls each. */
static const int result[3] = { 2, 0, 1 };
static const int argument[3][3] = { { DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST },
                                    { DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST },
                                    { DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST } };

static int direction(const struct work *w)
{
    static const char *const name[] = { "forward", "backward_data", "backward_weights" };
    int kind = 0;
    while (strcmp(w->function->name, name[kind]))
        kind++;
    return kind;
}

/* One of its implementations. `user`: how its operands come and go; NULL: as it likes them. */
static void use_implementation(struct work *w, dnnl_primitive_desc_t pd,
                               const dnnl_memory_desc_t *user)
{
    const int kind = direction(w);
    w->count = w->reorders = w->last = 0;
    MUST(dnnl_primitive_create(&w->primitive, pd));
    for (int i = 0; i < 3; i++) {
        const dnnl_memory_desc_t *want =
            dnnl_primitive_desc_query_md(pd, dnnl_query_exec_arg_md, argument[kind][i]);
        const dnnl_memory_t m = memory(want);
        w->args[w->count++] = (dnnl_exec_arg_t){ argument[kind][i], m };
        if (!user || dnnl_memory_desc_equal(want, &user[i]))
            continue;
        const dnnl_memory_t u = memory(&user[i]);
        if (i == result[kind]) {
            w->after = reorder(want, &user[i], m, u, w->after_args);
            w->last = 1;
        } else {
            const int r = w->reorders++;
            w->before[r] = reorder(&user[i], want, u, m, w->before_args[r]);
        }
    }
    w->run = run_dnnl;
}

/* The fastest that there is, but for the reference, which nobody is held against. */
static void use_fastest(struct work *w, dnnl_primitive_desc_iterator_t all)
{
    struct work best = { .run = NULL };
    double least = INFINITY;
    do {
        const char *implementation;
        dnnl_primitive_desc_t pd = dnnl_primitive_desc_iterator_fetch(all);
        MUST(dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &implementation));
        if (strncmp(implementation, "ref", 3) || !best.run) {
            use_implementation(w, pd, NULL);
            const double seconds = seconds_of(w);
            if (seconds < least) {
                least = seconds;
                best = *w;
            }
        }
    } while (dnnl_primitive_desc_iterator_next(all) == dnnl_success);
    *w = best;
}

/* A conv2d function by oneDNN: best, plain or fastest. */
static void make_dnnl(struct work *w, const char *way)
{
    const struct conv2d_shape *s = (const void *)&w->shape;
    const int kind = direction(w);
    const dnnl_dims_t dims[3] = { { s->n, s->c, s->h, s->w }, { s->o, s->c, s->kh, s->kw },
                                  { s->n, s->o, conv2d_oh(s), conv2d_ow(s) } };
    const dnnl_dims_t strides = { s->stride, s->stride }, pads = { s->pad, s->pad };
    /* what is missing on the right when the stride leaves a remainder */
    const dnnl_dims_t ends = { (conv2d_oh(s) - 1) * s->stride + s->kh - s->h - s->pad,
                               (conv2d_ow(s) - 1) * s->stride + s->kw - s->w - s->pad };
    dnnl_memory_desc_t any[3], user[3];
    dnnl_convolution_desc_t d;
    dnnl_primitive_desc_t forward;
    dnnl_primitive_desc_iterator_t all;
    for (int i = 0; i < 3; i++) {
        MUST(dnnl_memory_desc_init_by_tag(&any[i], 4, dims[i], dnnl_f32, dnnl_format_tag_any));
        MUST(dnnl_memory_desc_init_by_tag(&user[i], 4, dims[i], dnnl_f32, dnnl_abcd));
    }
    MUST(dnnl_convolution_forward_desc_init(&d, dnnl_forward_training, dnnl_convolution_direct,
                                            &any[0], &any[1], NULL, &any[2], strides, pads, ends));
    MUST(dnnl_primitive_desc_create(&forward, &d, NULL, engine, NULL));
    if (kind == 1)
        MUST(dnnl_convolution_backward_data_desc_init(&d, dnnl_convolution_direct, &any[0], &any[1],
                                                      &any[2], strides, pads, ends));
    if (kind == 2)
        MUST(dnnl_convolution_backward_weights_desc_init(&d, dnnl_convolution_direct, &any[0],
                                                         &any[1], NULL, &any[2], strides, pads,
                                                         ends));
    MUST(dnnl_primitive_desc_iterator_create(&all, &d, NULL, engine, kind ? forward : NULL));
    if (!strcmp(way, "fastest"))
        use_fastest(w, all);
    else
        use_implementation(w, dnnl_primitive_desc_iterator_fetch(all),
                           strcmp(way, "plain") ? NULL : user);
}

static void run_traffic(struct work *w)
{
    static volatile float sink;
    const struct probe *probe = probe_fast(isa_best());
    const float *in[] = { w->scratch, NULL };
    float *none[] = { NULL }, *out[] = { w->scratch, NULL };
    const size_t count[] = { w->parameters, w->parameters };
    sink = probe->traffic(in, none, count) + probe->traffic(in, out, count);
    (void)sink;
}

/* What one of so many threads computes of a limit. */
static void compute_part(const struct work *w, int threads)
{
    static volatile float sink;
    const struct probe *probe = probe_fast(isa_best());
    const double part = (double)probe->chains * threads;
    sink = probe->multiply_add((long)ceil(w->flops / (2.0 * 16.0 * part)));
    if (w->operations)
        sink = probe->operate((long)ceil(w->operations / part));
    (void)sink;
}

static void run_limit(struct work *w)
{
    const int threads = omp_get_max_threads();
    if (threads == 1) /* a parallel region would take as long as a small kernel */
        compute_part(w, 1);
    else
#pragma omp parallel
        compute_part(w, threads);
    if (w->scratch)
        run_traffic(w);
}

/* The operands of a kernel read and written once. */
static void run_operands(struct work *w)
{
    static volatile float sink;
    const float *in[MAX_OPERANDS + 1] = { NULL };
    float *out[MAX_OPERANDS + 1] = { NULL };
    size_t count[MAX_OPERANDS];
    int inputs = 0, outputs = 0;
    for (int role = IN; role <= OUT; role++)
        for (int i = 0; w->function->operand[i].name; i++)
            if ((int)w->function->operand[i].role == role && w->operand[i]) {
                count[inputs + outputs] =
                    operand_count(w->check, &w->function->operand[i], &w->shape);
                if (role == IN)
                    in[inputs++] = w->operand[i];
                else
                    out[outputs++] = w->operand[i];
            }
    sink = probe_fast(isa_best())->traffic(in, out, count);
    (void)sink;
}

/* All threads read all of it, then each reads and writes its own part. */
static void run_shared(struct work *w)
{
    static volatile float sink;
    const struct probe *probe = probe_fast(isa_best());
#pragma omp parallel
    {
        const size_t part = w->parameters / (size_t)omp_get_num_threads();
        float *own = w->scratch + (size_t)omp_get_thread_num() * part;
        float *none[] = { NULL }, *out[] = { own, NULL };
        sink = probe->traffic((const float *const[]){ w->scratch, NULL }, none, &w->parameters);
#pragma omp barrier
        sink = probe->traffic((const float *const[]){ own, NULL }, out,
                              (const size_t[]){ part, part });
    }
    (void)sink;
}

static void make_step(struct work *w, const char *name, struct error *e)
{
    static struct network network[WORKS];
    static int networks_used;
    struct network *n = &network[networks_used++];
    struct layout layout;
    uint8_t pixels[3 * 32 * 32];
    if (!network_find(name, NULL, n, e) || !network_layout(n, &layout, e))
        return;
    w->parameters = (size_t)layout.total;
    w->net = engine_fast.create(n, w->batch, isa_best(), LOSS_FUSED, e);
    double *p = calloc((size_t)layout.total, sizeof *p);
    if (!w->net || !p)
        return;
    network_init(&layout, INIT_SCALED, 1, p);
    engine_fast.set(w->net, p);
    free(p);
    for (int slot = 0; slot < w->batch; slot++) {
        for (size_t i = 0; i < sizeof pixels; i++)
            pixels[i] = (uint8_t)(rand() % 256);
        engine_fast.fill(w->net, slot, pixels, rand() % n->classes);
    }
    w->run = run_step;
}

static void count_limit(void *context, const char *place, const char *kernel, const void *shape,
                        const void *const *operands)
{
    struct work *w = context;
    const struct check *check;
    const struct function *function = find_function(kernel, &check);
    (void)place, (void)operands;
    if (w->batch > 1 || (strcmp(check->layer, "dense") && strcmp(check->layer, "sgd")))
        w->flops += function_flops(check, function, shape);
    w->operations += function_vectors(check, function, shape) * function->operations;
}

/* Makes what a line asks for; leaves `run` NULL where there is no such work. */
static void make(struct work *w, struct error *e)
{
    char kind[16], name[64], rest[256];
    fail(e, "'%.400s' is not understood", w->line);
    if (sscanf(w->line, "%15s %63s %255s", kind, name, rest) != 3)
        return;
    const bool traffic = !strcmp(kind, "traffic"), shared = !strcmp(kind, "shared");
    const bool limit = !strcmp(kind, "limit");
    if (!strcmp(kind, "step") || traffic || shared || (limit && !strchr(rest, '='))) {
        w->batch = atoi(rest);
        make_step(w, name, e);
        if (limit && w->run) {
            engine_fast.trace(w->net, count_limit, w);
            w->run(w);
            engine_fast.trace(w->net, NULL, NULL);
        }
        if ((traffic || shared || (limit && w->batch == 1)) && w->run)
            w->scratch = numbers(w->parameters);
        if (w->run && strcmp(kind, "step"))
            w->run = limit ? run_limit : traffic ? run_traffic : run_shared;
        return;
    }
    w->function = find_function(name, &w->check);
    if (!w->function || !shape_parse(w->check, rest, "shape", &w->shape, e))
        return;
    if (!strcmp(kind, "best") || !strcmp(kind, "plain") || !strcmp(kind, "fastest")) {
        if (!strcmp(w->check->layer, "conv2d"))
            make_dnnl(w, kind);
        return;
    }
    for (int i = 0; w->function->operand[i].name; i++)
        if (!operand_absent(w->check, &w->function->operand[i], &w->shape))
            w->operand[i] = numbers(operand_count(w->check, &w->function->operand[i], &w->shape));
    if (limit) {
        w->flops = function_flops(w->check, w->function, &w->shape);
        w->run = run_limit;
        const double computed = seconds_of(w);
        w->run = run_operands;
        if (seconds_of(w) < computed)
            w->run = run_limit;
        return;
    }
    if (w->function->workspace)
        w->scratch = numbers(w->function->workspace(isa_best(), &w->shape));
    if (!strcmp(kind, "fast"))
        w->run = run_fast;
    if (!strcmp(kind, "blas") && !strcmp(w->check->layer, "dense"))
        w->run = run_blas;
}

/* The least of some short bursts: a neighbour's work lies between them. */
static double seconds_of(struct work *w)
{
    double least = 1e9;
    w->run(w);
    const double end = seconds_now() + patience;
    for (int k = 0; k < BURSTS && (k == 0 || seconds_now() < end); k++) {
        long calls = 0;
        double spent;
        const double start = seconds_now();
        do {
            w->run(w);
            calls++;
        } while ((spent = seconds_now() - start) < burst);
        least = spent / (double)calls < least ? spent / (double)calls : least;
    }
    return least;
}

int main(int argc, char **argv)
{
    static struct work work[WORKS];
    int count = 0;
    char line[512];
    omp_set_num_threads(argc > 1 ? atoi(argv[1]) : 1);
    MUST(dnnl_engine_create(&engine, dnnl_cpu, 0));
    MUST(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags));
    while (fgets(line, sizeof line, stdin)) {
        struct error e;
        int i = 0;
        line[strcspn(line, "\n")] = '\0';
        if (!strcmp(line, "versions")) {
            const dnnl_version_t *v = dnnl_version();
            printf("oneDNN %d.%d.%d, %s\n", v->major, v->minor, v->patch, openblas_get_config());
            fflush(stdout);
            continue;
        }
        while (i < count && strcmp(work[i].line, line))
            i++;
        if (i == count && count < WORKS) {
            strcpy(work[count].line, line);
            make(&work[count++], &e);
        }
        if (i < WORKS && work[i].run)
            printf("%.9g\n", seconds_of(&work[i]));
        else
            printf("error: %s\n", i < WORKS ? e.text : "too many kinds of work");
        fflush(stdout);
    }
    return 0;
}
