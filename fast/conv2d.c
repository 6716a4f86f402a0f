/* Forward and backward_data are one sum over taps: each output in one lane, in the order of its
 * formula, (c, p, q) from the bias and (o, p, q) from +0. backward_weights sums over (n, i, j) in 16
 * strided lanes, place i OW + j of an image in lane (i OW + j) mod 16, folded by v_sum; db over the
 * plane likewise.
 */
#include "fast/abreast.h"
#include "fast/channels.h"
#include "fast/places.h"

static int taps_of(const struct conv2d_shape *s)
{
    return s->c * s->kh * s->kw;
}

/* The image under the kernels: for output rows `row` to `row + rows` of it. */
static struct planes image_planes(const struct conv2d_shape *s, int rows)
{
    const int st = s->stride;
    return (struct planes){ .channels = s->c, .h = s->h, .w = s->w, .top = -s->pad, .left = -s->pad,
                            .step = st, .shifts = s->kw, .phases = least(st, s->kh),
                            .rows = rows + (s->kh - 1) / st, .cols = conv2d_ow(s) };
}

static int image_rows(const struct conv2d_shape *s)
{
    const struct planes row = image_planes(s, 1 - (s->kh - 1) / s->stride);
    return strip_rows(conv2d_oh(s), planes_size(&row), (s->kh - 1) / s->stride);
}

/* Where the taps, in the order of the weights, find their inputs in the planes of an image. */
static void image_taps(const struct conv2d_shape *s, const struct planes *p, struct place *t)
{
    const int plane = p->rows * p->cols, shift = p->phases * p->channels * plane;
    for (int i = 0; i < s->kh; i++) {
        const int first = i % s->stride * p->channels * plane + i / s->stride * p->cols;
        for (int c = 0; c < p->channels; c++)
            for (int j = 0; j < s->kw; j++) {
                const int k = (c * s->kh + i) * s->kw + j;
                t[k] = (struct place){ first + plane * c + shift * j, k };
            }
    }
}

/* The operands of forward. */
struct call {
    const struct conv2d_shape *s;
    const float *x, *w, *b;
    float *y, *planes; /* planes: of each thread, */
    size_t room;       /* so far apart */
    struct place *tap;
    struct planes whole;
    int rows, strips; /* of a strip, and of an image */
};

static void forward_strip(const void *context, int k, int thread)
{
    const struct call *a = context;
    const struct conv2d_shape *s = a->s;
    const int oh = conv2d_oh(s), ow = conv2d_ow(s), taps = taps_of(s);
    const int n = k / a->strips, row = k % a->strips * a->rows;
    struct planes p = a->whole;
    float *planes = a->planes + thread * a->room;
    p.top += row * s->stride;
    planes_pack(&p, a->x + (size_t)n * s->c * s->h * s->w, planes);
    sum_taps(&(struct product){ .rows = s->o, .cols = least(a->rows, oh - row) * ow, .depth = taps,
                                .most = MOST_ROWS,
                                .a = a->w, .a_row = (size_t)taps, .m = planes, .table = a->tap,
                                .start = s->bias == CONV2D_BIAS_NONE       ? NULL
                                         : s->bias == CONV2D_BIAS_POSITION ? a->b + row * ow
                                                                           : a->b,
                                .start_row = s->bias == CONV2D_BIAS_POSITION ? (size_t)oh * ow : 1,
                                .start_of = s->bias == CONV2D_BIAS_CHANNEL ? EACH_ROW : EACH_COLUMN,
                                .out = a->y + (size_t)n * s->o * oh * ow + row * ow,
                                .out_row = (size_t)oh * ow });
}

/* Work: the taps, and for every thread the planes of a strip. */
static void forward_rows(const struct conv2d_shape *s, const float *x, const float *w, const float *b,
                    float *y, float *work)
{
    const int rows = image_rows(s), strips = (conv2d_oh(s) + rows - 1) / rows;
    const struct planes whole = image_planes(s, rows);
    struct place *t = (struct place *)first_line(work);
    const struct call a = { .s = s, .x = x, .w = w, .b = b, .y = y,
                            .planes = (float *)t + lines(2 * (size_t)taps_of(s)), .tap = t,
                            .room = thread_room(planes_size(&whole)), .whole = whole, .rows = rows,
                            .strips = strips };
    image_taps(s, &whole, t);
    thread_each(s->n * strips, multiply_adds(s), forward_strip, &a);
}

/* Of a batch as many images as come in groups of 16 go abreast, and the rest by rows. */
static void forward(const struct conv2d_shape *s, const float *x, const float *w, const float *b,
                    float *y, float *work)
{
    const int groups = groups_abreast(s);
    const size_t abreast = 16 * (size_t)groups;
    struct conv2d_shape rest = *s;
    rest.n -= 16 * groups;
    if (groups)
        forward_abreast(s, groups, x, w, b, y, work);
    if (rest.n)
        forward_rows(&rest, x + abreast * s->c * s->h * s->w, w, b,
                     y + abreast * s->o * conv2d_oh(s) * conv2d_ow(s), work);
}

static void backward_data(const struct conv2d_shape *s, const float *w, const float *dy, float *dx,
                          float *work)
{
    const int groups = groups_abreast(s);
    const size_t abreast = 16 * (size_t)groups;
    struct conv2d_shape rest = *s;
    rest.n -= 16 * groups;
    if (groups)
        data_abreast(s, groups, w, dy, dx, work);
    if (rest.n)
        data_rows(&rest, w, dy + abreast * s->o * conv2d_oh(s) * conv2d_ow(s),
                  dx + abreast * s->c * s->h * s->w, work);
}

/* `sum` and the lanes of n tensors, `apart` floats from one to the next. */
INLINED v add_each(v sum, int n, const float *dy, size_t apart, int lanes)
{
    for (; n > 0; n--, dy += apart)
        sum = v_add(sum, lanes < 16 ? v_load_n(dy, lanes) : v_load(dy));
    return sum;
}

static void bias_gradient(const struct conv2d_shape *s, const float *dy, int from, int end, float *db)
{
    const int plane = conv2d_oh(s) * conv2d_ow(s), image = s->o * plane;
    const v zero = v_set1(0.0f);
    if (s->bias == CONV2D_BIAS_POSITION) {
        const int last = end * plane;
        int k = from * plane;
        for (; k + 16 <= last; k += 16)
            v_store(db + k, add_each(zero, s->n, dy + k, (size_t)image, 16));
        if (k < last)
            v_store_n(db + k, add_each(zero, s->n, dy + k, (size_t)image, last - k), last - k);
    }
    if (s->bias == CONV2D_BIAS_CHANNEL)
        for (int o = from; o < end; o++) {
            v sum = zero;
            for (int n = 0; n < s->n; n++) {
                const float *at = dy + (size_t)n * image + (size_t)o * plane;
                sum = add_each(sum, plane / 16, at, 16, 16);
                if (plane % 16)
                    sum = add_each(sum, 1, at + plane / 16 * 16, 16, plane % 16);
            }
            db[o] = v_sum(sum);
        }
}

/* So many channels of so many images are packed at a time. */
struct portion {
    int channels, images;
    struct planes planes;
};

/* Places enough to be worth loading and storing the sums, and room enough for the planes under them. */
enum { PORTION_PLACES = 512, PORTION_FLOATS = 12288 };

/* So few images that they stay in the nearest cache, if all channels do. */
static struct portion weight_portion(const struct conv2d_shape *s)
{
    struct portion a = { .channels = s->c, .planes = image_planes(s, conv2d_oh(s)) };
    a.images = least(PORTION_PLACES / (conv2d_oh(s) * conv2d_ow(s)) + 1, s->n);
    if (a.images * planes_size(&a.planes) <= PORTION_FLOATS)
        return a;
    a.planes.channels = 1;
    const size_t channels = STRIP_FLOATS / planes_size(&a.planes);
    a.channels = a.planes.channels = part_size(s->c, 0, channels < 1 ? 1 : least((int)channels, s->c));
    const size_t images = STRIP_FLOATS / planes_size(&a.planes);
    a.images = images < 1 ? 1 : least((int)images, s->n);
    return a;
}

/* Floats of the sums that are kept while other images are packed: 16 for each of the weights. */
static size_t weight_lanes(const struct conv2d_shape *s, const struct portion *a)
{
    return a->images < s->n ? 16 * (size_t)s->o * a->channels * s->kh * s->kw : 0;
}

/* Work: the taps, the sums, and the planes of some channels of some images. */
static void weights_by_places(const struct conv2d_shape *s, const float *x, const float *dy, int from,
                              int end, float *dw, float *work)
{
    const int plane = conv2d_oh(s) * conv2d_ow(s), kernel = s->kh * s->kw;
    const struct portion most = weight_portion(s);
    struct place *t = (struct place *)first_line(work);
    float *lanes = (float *)t + lines(2 * (size_t)most.channels * kernel);
    float *const packed = lanes + weight_lanes(s, &most);
    struct planes p = most.planes;
    for (int c = 0; c < s->c; c += most.channels) {
        p.channels = least(most.channels, s->c - c);
        const int taps = p.channels * kernel;
        const size_t size = planes_size(&p), image = (size_t)s->c * s->h * s->w;
        image_taps(s, &p, t);
        if (size > NEAR_FLOATS)
            order_places(t, taps, s->kw);
        for (int n = 0; n < s->n; n += most.images) {
            const struct places sums = { .count = plane, .images = least(most.images, s->n - n),
                                         .channels = s->o, .taps = taps,
                                         .first = n == 0, .last = n + most.images >= s->n,
                                         .x = packed, .x_image = size, .tap = t,
                                         .dy = dy + (size_t)n * s->o * plane, .lanes = lanes,
                                         .dw = dw + (size_t)c * kernel,
                                         .dw_channel = (size_t)taps_of(s) };
            for (int k = 0; k < sums.images; k++)
                planes_pack(&p, x + (n + k) * image + (size_t)c * s->h * s->w, packed + k * size);
            for (int o = from, some; o < end; o += some)
                sum_places(&sums, o, some = part_size(end - from, o - from, WEIGHT_CHANNELS));
        }
    }
}

/* Work of one thread: tables, the sums, and some channels of some images as they are packed. */
static size_t weights_work(const struct conv2d_shape *s)
{
    const struct portion a = weight_portion(s);
    if (by_channels(s))
        return LINE + lines(channel_work(s));
    return LINE + lines(2 * (size_t)a.channels * s->kh * s->kw) + lines(weight_lanes(s, &a)) +
           lines(a.images * planes_size(&a.planes));
}

struct shares {
    const struct conv2d_shape *s;
    const float *x, *dy;
    float *dw, *db, *work;
    size_t room; /* of a thread */
    int count;
};

/* A part of the channels of outputs. Each thread packs all images for itself: to fetch them from another
 * core's cache takes longer, and so does waking a thread for every portion. */
static void weigh(const void *context, int k, int thread)
{
    const struct shares *a = context;
    const struct conv2d_shape *s = a->s;
    const int from = (int)((long)s->o * k / a->count), end = (int)((long)s->o * (k + 1) / a->count);
    (by_channels(s) ? weights_by_channels : weights_by_places)(s, a->x, a->dy, from, end, a->dw,
                                                               a->work + thread * a->room);
    bias_gradient(s, a->dy, from, end, a->db);
}

static void backward_weights(const struct conv2d_shape *s, const float *x, const float *dy,
                             float *dw, float *db, float *work)
{
    const int count = thread_shares(s->o, multiply_adds(s));
    thread_each(count, multiply_adds(s), weigh,
                &(struct shares){ s, x, dy, dw, db, work, thread_room(weights_work(s)), count });
}

static size_t workspace(const struct conv2d_shape *s)
{
    const struct planes strip = image_planes(s, image_rows(s));
    const size_t size[] = {
        lines(2 * (size_t)taps_of(s)) + thread_count() * thread_room(planes_size(&strip)),
        data_work(s),
        goes_abreast(s) ? abreast_work(s) : 0,
        thread_count() * thread_room(weights_work(s)),
    };
    size_t most = 0;
    for (size_t k = 0; k < sizeof size / sizeof *size; k++)
        most = size[k] > most ? size[k] : most;
    return LINE + most;
}

const struct conv2d_float FAST_TABLE(conv2d) = { forward, backward_data, backward_weights,
                                                 workspace };
