/* Every sum runs in one lane, in the order of its formula: over i from the bias for y, over n from
 * +0 for dw and db, over o from +0 for dx. Only where there is one example dx is summed in 16
 * strided lanes, o in lane o mod 16, folded by v_sum: its weights are read once, as they lie, and
 * not worth turning. */
#include "ref/dense.h"
#include "fast/dots.h"
#include "fast/product.h"

static void multiply_rows(const void *context, int k, int thread)
{
    const struct product *p = context;
    (void)thread;
    product_block(p, k * part_size(p->rows, 0, p->most), 0);
}

/* 6 rows by 4 vectors, or 8 by 3 and fewer. */
static int tile_rows(int cols)
{
    return cols > 48 && MOST_ROWS > 6 ? 6 : MOST_ROWS;
}

/* So many floats of a matrix are gone through at a time: the cache near the core holds them while
 * all rows pass. */
enum { PANEL_FLOATS = 1 << 16, EXAMPLES = 128 };

/* `panel` terms of all sums at a time; what one leaves in `out` is what the next one starts
 * from. */
static void multiply(struct product p, int panel)
{
    const int depth = p.depth;
    p.most = tile_rows(p.cols);
    const int block = part_size(p.rows, 0, p.most);
    for (int k = 0; k < depth; k += panel, p.a += panel * p.step.a, p.m += panel * p.step.m) {
        p.depth = depth - k < panel ? depth - k : panel;
        thread_each((p.rows + block - 1) / block, (double)p.rows * p.cols * p.depth, multiply_rows,
                    &p);
        p.start = p.out;
        p.start_row = p.out_row;
    }
}

static void forward(const struct dense_shape *s, const float *x, const float *w, const float *b,
                    float *y)
{
    const int panel = PANEL_FLOATS / s->out < 64 ? 64 : PANEL_FLOATS / s->out;
    multiply((struct product){ .rows = s->n, .cols = s->out, .depth = s->in,
                               .a = x, .a_row = (size_t)s->in, .m = w,
                               .step = { (size_t)s->out, 1 },
                               .start = b, .out = y, .out_row = (size_t)s->out },
             panel);
}

/* The operands of backward. */
struct gradients {
    const struct dense_shape *s;
    const float *x, *w, *dy;
    float *dx, *dw;
};

static void one_example(const void *context, int k, int thread)
{
    const struct gradients *g = context;
    const int i = 16 * k, inputs = g->s->in - i < 16 ? g->s->in - i : 16;
    (void)thread;
    v_store_n(g->dx + i, dots(g->w + (size_t)i * g->s->out, inputs, g->s->out, g->dy), inputs);
}

enum { TURNED_ROWS = 128, TURNED_COLS = 64 };

/* to[o][i] = w[i][o]; zeros stand for the inputs that there are not. */
static void turn(const float *w, int inputs, int outputs, int out, float *to)
{
    for (int i = 0; i < TURNED_COLS; i += 16)
        for (int o = 0; o < outputs; o += 16) {
            v x[16];
            UNROLL
            for (int k = 0; k < 16; k++)
                x[k] = i + k < inputs ? v_load_n(w + (size_t)(i + k) * out + o, outputs - o)
                                      : v_set1(0.0f);
            v_transpose(x);
            UNROLL
            for (int k = 0; k < 16; k++)
                v_store(to + (o + k) * TURNED_COLS + i, x[k]);
        }
}

/* The other way; what stands for those inputs is not stored. */
static void turn_back(const float *from, int inputs, int outputs, int out, float *w)
{
    for (int i = 0; i < inputs; i += 16)
        for (int o = 0; o < outputs; o += 16) {
            v x[16];
            UNROLL
            for (int k = 0; k < 16; k++)
                x[k] = v_load(from + (o + k) * TURNED_COLS + i);
            v_transpose(x);
            for (int k = 0; k < 16 && i + k < inputs; k++)
                v_store_n(w + (size_t)(i + k) * out + o, x[k], outputs - o);
        }
}

static void product_all(const struct product *p)
{
    for (int row = 0; row < p->rows; row += part_size(p->rows, row, p->most))
        product_block(p, row, 0);
}

/* dx of `inputs` inputs from i on, of all examples. */
static void input_gradient(const struct gradients *g, int i, int inputs, float *turned)
{
    const struct dense_shape *s = g->s;
    for (int o = 0; o < s->out; o += TURNED_ROWS) {
        const int outputs = s->out - o < TURNED_ROWS ? s->out - o : TURNED_ROWS;
        turn(g->w + (size_t)i * s->out + o, inputs, outputs, s->out, turned);
        product_all(&(struct product){
            .rows = s->n, .cols = inputs, .depth = outputs, .most = tile_rows(inputs),
            .a = g->dy + o, .a_row = (size_t)s->out, .m = turned, .step = { TURNED_COLS, 1 },
            .start = o ? g->dx + i : NULL, .start_row = (size_t)s->in,
            .out = g->dx + i, .out_row = (size_t)s->in });
    }
}

/* dw of these, turned. */
static void weight_gradient(const struct gradients *g, int i, int inputs, float *turned)
{
    const struct dense_shape *s = g->s;
    for (int o = 0; o < s->out; o += TURNED_ROWS) {
        const int outputs = s->out - o < TURNED_ROWS ? s->out - o : TURNED_ROWS;
        for (int n = 0; n < s->n; n += EXAMPLES)
            product_all(&(struct product){
                .rows = outputs, .cols = inputs, .depth = s->n - n < EXAMPLES ? s->n - n : EXAMPLES,
                .most = tile_rows(inputs),
                .a = g->dy + (size_t)n * s->out + o, .a_row = 1,
                .m = g->x + (size_t)n * s->in + i, .step = { (size_t)s->in, (size_t)s->out },
                .start = n ? turned : NULL, .start_row = TURNED_COLS,
                .out = turned, .out_row = TURNED_COLS });
        turn_back(turned, inputs, outputs, s->out, g->dw + (size_t)i * s->out + o);
    }
}

/* TURNED_COLS inputs of all examples. */
static void all_examples(const void *context, int k, int thread)
{
    const struct gradients *g = context;
    const int i = k * TURNED_COLS, left = g->s->in - i;
    const int inputs = left < TURNED_COLS ? left : TURNED_COLS;
    _Alignas(64) float turned[TURNED_ROWS * TURNED_COLS];
    (void)thread;
    if (g->dx)
        input_gradient(g, i, inputs, turned);
    if (g->dw)
        weight_gradient(g, i, inputs, turned);
}

/* Whether the gradient of weights is better summed with inputs in the lanes, which fill them, and
 * turned: where outputs leave a fifth of theirs empty, for enough examples to pay for it. */
static int turns_weights(const struct dense_shape *s)
{
    return s->n >= 16 && 5 * s->out <= 4 * ((s->out + 15) / 16 * 16);
}

static void backward(const struct dense_shape *s, const float *x, const float *w, const float *dy,
                     float *dx, float *dw, float *db)
{
    const int turns = turns_weights(s);
    const struct gradients g = { s, x, w, dy, dx, turns ? dw : NULL };
    const double work = (double)s->n * s->in * s->out;
    if (dx && s->n == 1)
        thread_each((s->in + 15) / 16, work, one_example, &g);
    else if (dx || turns)
        thread_each((s->in + TURNED_COLS - 1) / TURNED_COLS, work, all_examples, &g);
    if (!turns)
        multiply((struct product){ .rows = s->in, .cols = s->out, .depth = s->n,
                                   .a = x, .a_row = 1, .m = dy,
                                   .step = { (size_t)s->out, (size_t)s->in },
                                   .out = dw, .out_row = (size_t)s->out },
                 EXAMPLES);
    for (int o = 0; o < s->out; o += 16) {
        v sum = v_set1(0.0f);
        for (int n = 0; n < s->n; n++)
            sum = v_add(sum, v_load_n(dy + (size_t)n * s->out + o, s->out - o));
        v_store_n(db + o, sum, s->out - o);
    }
}

const struct dense_float FAST_TABLE(dense) = { forward, backward };
