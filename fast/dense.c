/* Every sum runs in one lane, in the order of its formula: over i from the bias for y, over n from
 * +0 for dw and db, over o from +0 for dx. Only where there is one example dx is summed as
 * one_example.h says: its weights are read once, as they lie, and not worth turning. */
#include "ref/dense.h"
#include "fast/one_example.h"
#include "fast/quads.h"
#include "fast/turn.h"

/* So many floats of a matrix are gone through at a time: the cache near the core holds them while
 * all rows pass. */
enum { PANEL_FLOATS = 1 << 16, EXAMPLES = 128 };

enum { TURNED_ROWS = 128, TURNED_COLS = 64 };

/* 6 rows by 4 vectors, or 8 by 3 and fewer. */
static int tile_rows(int cols)
{
    return cols > 48 && MOST_ROWS > 6 ? 6 : MOST_ROWS;
}

/* All rows from `row` on. */
static void multiply(const struct product *p, int row)
{
    for (; row < p->rows; row += part_size(p->rows, row, p->most))
        product_block(p, row, 0);
}

static void multiply_all(const struct product *p)
{
    multiply(p, 0);
}

/* Likewise, where the columns are so many vectors and few more that rows may share one. */
static void multiply_quads(const struct product *p)
{
    const int few = p->cols % 16, rows = p->rows / QUAD_ROWS * QUAD_ROWS;
    struct product first = *p;
    first.rows = rows;
    first.cols = p->cols - few - 16 * QUAD_VECTORS;
    first.most = tile_rows(first.cols);
    multiply_all(&first);
    for (int row = 0; row < rows; row += QUAD_ROWS)
        quad_tile(p, row, few);
    multiply(p, rows);
}

/* to[o][i] = w[i][o]. */
static void turn_inputs(const float *w, int inputs, int outputs, int out, float *to)
{
    for (int i = 0; i < inputs; i += 16)
        turn(w + (size_t)i * out, (size_t)out, inputs - i, outputs, to + i, TURNED_COLS);
}

/* The other way, of fewer than 16 outputs. */
static void turn_back(const float *from, int inputs, int outputs, int out, float *w)
{
    for (int i = 0; i < inputs; i += 16) {
        v x[16];
        UNROLL
        for (int k = 0; k < 16; k++)
            x[k] = v_load(from + k * TURNED_COLS + i);
        v_transpose(x);
        for (int k = 0; k < 16 && i + k < inputs; k++)
            v_store_n(w + (size_t)(i + k) * out, x[k], outputs);
    }
}

/* The outputs that are computed with outputs in the lanes: all but the last ones where those would
 * leave `empty` lanes of their vector or more, and examples are enough to pay for turning them. */
static int straight(const struct dense_shape *s, int empty)
{
    const int last = s->out % 16;
    return s->n >= 16 && 16 - last >= empty ? s->out - last : s->out;
}

/* Inputs from `from` to end - 1, of forward, in blocks of `size` examples, TURNED_COLS at most. */
struct panel {
    const struct dense_shape *s;
    const float *x, *w, *b;
    float *y;
    int straight, quads; /* quads: whether the last outputs of four examples share a vector */
    int size, shares;    /* shares: of the blocks */
    int from, end;
};

/* The outputs from p->straight on, with examples in the lanes. */
static void last_outputs(const struct panel *p, const float *x, int examples, float *y)
{
    const struct dense_shape *s = p->s;
    const int outputs = s->out - p->straight;
    _Alignas(64) float turned[TURNED_ROWS * TURNED_COLS], sums[16 * TURNED_COLS];
    if (p->from)
        turn_inputs(y, examples, outputs, s->out, sums);
    for (int i = p->from; i < p->end; i += TURNED_ROWS) {
        const int inputs = p->end - i < TURNED_ROWS ? p->end - i : TURNED_ROWS;
        turn_inputs(x + i, examples, inputs, s->in, turned);
        multiply_all(&(struct product){
            .rows = outputs, .cols = examples, .depth = inputs, .most = tile_rows(examples),
            .a = p->w + (size_t)i * s->out + p->straight, .a_row = 1,
            .m = turned, .step = { TURNED_COLS, (size_t)s->out },
            .start = i ? sums : p->b + p->straight, .start_row = i ? TURNED_COLS : 1,
            .start_of = i ? EACH_COLUMN : EACH_ROW,
            .out = sums, .out_row = TURNED_COLS });
    }
    turn_back(sums, examples, outputs, s->out, y);
}

/* The examples of block k. */
static void block(const struct panel *p, int k)
{
    const struct dense_shape *s = p->s;
    const int n = k * p->size, examples = s->n - n < p->size ? s->n - n : p->size;
    const float *x = p->x + (size_t)n * s->in;
    float *y = p->y + (size_t)n * s->out;
    const struct product sums = {
        .rows = examples, .cols = p->straight, .depth = p->end - p->from,
        .most = tile_rows(p->straight), .a = x + p->from, .a_row = (size_t)s->in,
        .m = p->w + (size_t)p->from * s->out, .step = { (size_t)s->out, 1 },
        .start = p->from ? y : p->b, .start_row = p->from ? (size_t)s->out : 0,
        .out = y, .out_row = (size_t)s->out };
    if (p->quads)
        multiply_quads(&sums);
    else
        multiply_all(&sums);
    if (p->straight < s->out)
        last_outputs(p, x, examples, y + p->straight);
}

/* A share of the blocks: all of them go through a panel of weights while it is near. */
static void some_blocks(const void *context, int share, int thread)
{
    struct panel p = *(const struct panel *)context;
    const struct dense_shape *s = p.s;
    const int panel = PANEL_FLOATS / s->out < 64 ? 64 : PANEL_FLOATS / s->out;
    const long blocks = (s->n + p.size - 1) / p.size;
    const int first = (int)(blocks * share / p.shares);
    const int last = (int)(blocks * (share + 1) / p.shares);
    (void)thread;
    for (; p.from < s->in; p.from = p.end) {
        p.end = s->in - p.from < panel ? s->in : p.from + panel;
        for (int k = first; k < last; k++)
            block(&p, k);
    }
}

static void forward(const struct dense_shape *s, const float *x, const float *w, const float *b,
                    float *y)
{
    const double work = (double)s->n * s->in * s->out;
    const int each = (s->n + thread_count() - 1) / thread_count();
    const int size = (part_size(each, 0, TURNED_COLS) + 7) / 8 * 8;
    const int shares = thread_shares((s->n + size - 1) / size, work);
    const int few = s->out % 16, quads = few > 0 && few <= 4 && s->out / 16 >= QUAD_VECTORS;
    const int last = quads ? s->out : straight(s, 8);
    const struct panel p = { s, x, w, b, y, last, quads, size, shares };
    thread_each(shares, work, some_blocks, &p);
}

/* The operands of backward. */
struct gradients {
    const struct dense_shape *s;
    const float *x, *w, *dy;
    float *dx, *dw;
};

/* dx of `inputs` inputs from i on. */
static void input_gradient(const struct gradients *g, int i, int inputs, float *turned)
{
    const struct dense_shape *s = g->s;
    for (int o = 0; o < s->out; o += TURNED_ROWS) {
        const int outputs = s->out - o < TURNED_ROWS ? s->out - o : TURNED_ROWS;
        turn_inputs(g->w + (size_t)i * s->out + o, inputs, outputs, s->out, turned);
        multiply_all(&(struct product){
            .rows = s->n, .cols = inputs, .depth = outputs, .most = tile_rows(inputs),
            .a = g->dy + o, .a_row = (size_t)s->out, .m = turned, .step = { TURNED_COLS, 1 },
            .start = o ? g->dx + i : NULL, .start_row = (size_t)s->in,
            .out = g->dx + i, .out_row = (size_t)s->in });
    }
}

/* dw of these; of the last outputs, with inputs in the lanes. */
static void weight_gradient(const struct gradients *g, int i, int inputs, float *turned)
{
    const struct dense_shape *s = g->s;
    const int first = straight(s, 4), outputs = s->out - first;
    float *dw = g->dw + (size_t)i * s->out;
    for (int n = 0; n < s->n; n += EXAMPLES) {
        const int examples = s->n - n < EXAMPLES ? s->n - n : EXAMPLES;
        const float *x = g->x + (size_t)n * s->in + i, *dy = g->dy + (size_t)n * s->out;
        multiply_all(&(struct product){
            .rows = inputs, .cols = first, .depth = examples, .most = tile_rows(first),
            .a = x, .a_row = 1, .m = dy, .step = { (size_t)s->out, (size_t)s->in },
            .start = n ? dw : NULL, .start_row = (size_t)s->out,
            .out = dw, .out_row = (size_t)s->out });
        multiply_all(&(struct product){
            .rows = outputs, .cols = inputs, .depth = examples, .most = tile_rows(inputs),
            .a = dy + first, .a_row = 1, .m = x, .step = { (size_t)s->in, (size_t)s->out },
            .start = n ? turned : NULL, .start_row = TURNED_COLS,
            .out = turned, .out_row = TURNED_COLS });
    }
    turn_back(turned, inputs, outputs, s->out, dw + first);
}

static void some_inputs(const void *context, int k, int thread)
{
    const struct gradients *g = context;
    const int i = k * TURNED_COLS, left = g->s->in - i;
    const int inputs = left < TURNED_COLS ? left : TURNED_COLS;
    _Alignas(64) float turned[TURNED_ROWS * TURNED_COLS];
    (void)thread;
    if (g->dx)
        input_gradient(g, i, inputs, turned);
    weight_gradient(g, i, inputs, turned);
}

/* What the sum of one term is, from +0. */
INLINED v single(v w, v x, v dy, v zero)
{
    (void)w;
    return v_fma(x, dy, zero);
}

static void some_rows(const void *context, int k, int thread)
{
    (void)thread;
    example_rows(context, k, single);
}

static void backward(const struct dense_shape *s, const float *x, const float *w, const float *dy,
                     float *dx, float *dw, float *db)
{
    const struct gradients g = { s, x, w, dy, dx, dw };
    const struct example one = { s->in, s->out, 0.0f, x, w, dy, dx, dw };
    const double work = (double)s->n * s->in * s->out;
    if (dx && s->n == 1)
        thread_each(example_parts(&one), work, some_rows, &one);
    else
        thread_each((s->in + TURNED_COLS - 1) / TURNED_COLS, work, some_inputs, &g);
    for (int o = 0; o < s->out; o += 16) {
        v sum = v_set1(0.0f);
        for (int n = 0; n < s->n; n++)
            sum = v_add(sum, v_load_n(dy + (size_t)n * s->out + o, s->out - o));
        v_store_n(db + o, sum, s->out - o);
    }
}

const struct dense_float FAST_TABLE(dense) = { forward, backward };
