/* Forward and backward_data are one sum over taps: each output in one lane, in the order of its
 * formula, (c, p, q) from the bias and (o, p, q) from +0. backward_weights sums over (n, i, j) in 16
 * strided lanes, column j in lane j mod 16, folded by v_sum; db over the plane likewise.
 */
#include "fast/taps.h"
#include "fast/threads.h"

/* The image under the kernels, and the gradient under the flipped kernels of backward_data. */
static struct packing image_packing(const struct conv2d_shape *s)
{
    return (struct packing){ s->c, s->h, s->w, -s->pad, (conv2d_oh(s) - 1) * s->stride + s->kh,
                             -s->pad, s->stride, conv2d_ow(s) + (s->kw - 1) / s->stride };
}

static struct packing gradient_packing(const struct conv2d_shape *s)
{
    const int above = (s->kh - 1) / s->stride, before = (s->kw - 1) / s->stride;
    return (struct packing){ s->o, conv2d_oh(s), conv2d_ow(s),
                             -above, above + (s->h - 1 + s->pad) / s->stride + 1,
                             -before, 1, before + (s->w - 1 + s->pad) / s->stride + 1 };
}

static int taps_of(const struct conv2d_shape *s)
{
    return s->c * s->kh * s->kw;
}

/* The places of the taps of forward and backward_weights in a packed image. */
static void image_places(const struct conv2d_shape *s, const struct packing *p, int32_t *place)
{
    for (int c = 0; c < s->c; c++)
        for (int i = 0; i < s->kh; i++)
            for (int j = 0; j < s->kw; j++)
                *place++ = ((c * p->rows + i) * p->groups + j % s->stride) * p->cols +
                           j / s->stride;
}

static double multiply_adds(const struct conv2d_shape *s)
{
    return (double)s->n * s->o * conv2d_oh(s) * conv2d_ow(s) * taps_of(s);
}

/* Work: the weights, the places of the taps, and for every thread an image. */
static void forward(const struct conv2d_shape *s, const float *x, const float *w, const float *b,
                    float *y, float *work)
{
    const int oh = conv2d_oh(s), ow = conv2d_ow(s), taps = taps_of(s);
    const struct packing p = image_packing(s);
    float *weight = work, *packed = work + (size_t)(s->o + 1) * taps;
    int32_t *place = (int32_t *)(weight + (size_t)s->o * taps);
    image_places(s, &p, place);
    for (int o = 0, size; o < s->o; o += size) {
        size = block_size(s->o, o);
        for (int t = 0; t < taps; t++)
            for (int k = 0; k < size; k++)
                *weight++ = w[(size_t)(o + k) * taps + t];
    }
#pragma omp parallel for if (multiply_adds(s) > THREAD_WORK)
    for (int n = 0; n < s->n; n++)
        sum_taps(&(struct sum){ .channels = s->o, .rows = oh, .cols = ow, .taps = taps,
                                .x = pack(&p, x + (size_t)n * s->c * s->h * s->w,
                                          packed + thread_index() * packed_size(&p)),
                                .x_row = (size_t)s->stride * p.groups * p.cols,
                                .place = place, .weight = work, .kind = s->bias, .bias = b,
                                .y = y + (size_t)n * s->o * oh * ow,
                                .y_channel = (size_t)oh * ow, .y_row = (size_t)ow, .y_step = 1 });
}

/* The gradient of rows i with (i + pad) mod stride = p and columns likewise with q: only the weights
 * p, p + stride, ... and q, q + stride, ... meet them. */
static void phase_gradient(const struct conv2d_shape *s, const struct packing *pack, int p, int q,
                           const float *w, const float *dy, float *dx, float *weight,
                           int32_t *place)
{
    const int st = s->stride, plane = pack->rows * pack->cols;
    const int i = ((p - s->pad) % st + st) % st, j = ((q - s->pad) % st + st) % st;
    int taps = 0;
    for (int o = 0; o < s->o; o++)
        for (int a = 0; p + a * st < s->kh; a++)
            for (int e = 0; q + e * st < s->kw; e++)
                place[taps++] = o * plane - a * pack->cols - e;
    float *to = weight;
    for (int c = 0, size; c < s->c; c += size) {
        size = block_size(s->c, c);
        for (int o = 0; o < s->o; o++)
            for (int a = p; a < s->kh; a += st)
                for (int e = q; e < s->kw; e += st)
                    for (int k = 0; k < size; k++)
                        *to++ = w[(((size_t)o * s->c + c + k) * s->kh + a) * s->kw + e];
    }
    sum_taps(&(struct sum){ .channels = s->c, .rows = (s->h - i + st - 1) / st,
                            .cols = (s->w - j + st - 1) / st, .taps = taps,
                            .x = dy + (size_t)((i + s->pad) / st - pack->top) * pack->cols +
                                 (j + s->pad) / st - pack->left,
                            .x_row = (size_t)pack->cols, .place = place, .weight = weight,
                            .kind = CONV2D_BIAS_NONE,
                            .y = dx + (size_t)i * s->w + j, .y_channel = (size_t)s->h * s->w,
                            .y_row = (size_t)st * s->w, .y_step = st });
}

/* What one thread of backward_data needs: the weights and the places of a phase, and a gradient. */
static size_t data_work(const struct conv2d_shape *s, const struct packing *p)
{
    return (size_t)(s->c + 1) * s->o * s->kh * s->kw + packed_size(p);
}

static void backward_data(const struct conv2d_shape *s, const float *w, const float *dy, float *dx,
                          float *work)
{
    const struct packing p = gradient_packing(s);
    const size_t taps = (size_t)s->o * s->kh * s->kw;
#pragma omp parallel for if (multiply_adds(s) > THREAD_WORK)
    for (int n = 0; n < s->n; n++) {
        float *weight = work + thread_index() * data_work(s, &p);
        int32_t *place = (int32_t *)(weight + s->c * taps);
        const float *grad =
            pack(&p, dy + (size_t)n * s->o * p.h * p.w, weight + (s->c + 1) * taps);
        for (int a = 0; a < s->stride; a++)
            for (int e = 0; e < s->stride; e++)
                phase_gradient(s, &p, a, e, w, grad, dx + (size_t)n * s->c * s->h * s->w, weight,
                               place);
    }
}

enum { WEIGHT_CHANNELS = V_ACCUMULATORS < 24 ? 2 : 4, WEIGHT_TAPS = V_ACCUMULATORS / WEIGHT_CHANNELS };

/* B channels by T taps of the weight gradient of one image, added to 16 strided sums apiece. B and T
 * are constants where this is called. */
static inline __attribute__((always_inline)) void
weight_tile(const struct conv2d_shape *s, const float *x, size_t x_row, const int32_t *place,
            const float *dy, size_t taps, float *lanes, const int B, const int T)
{
    const int oh = B <= WEIGHT_CHANNELS && T <= WEIGHT_TAPS ? conv2d_oh(s) : 0, ow = conv2d_ow(s);
    v sum[4][6];
    for (int b = 0; b < B; b++)
        for (int t = 0; t < T; t++)
            sum[b][t] = v_load(lanes + (b * taps + t) * 16);
    for (int i = 0; i < oh; i++, x += x_row, dy += ow)
        for (int j = 0; j < ow; j += 16) {
            v a[6];
            for (int t = 0; t < T; t++)
                a[t] = v_load_n(x + place[t] + j, ow - j);
            for (int b = 0; b < B; b++) {
                const v grad = v_load_n(dy + (size_t)b * oh * ow + j, ow - j);
                for (int t = 0; t < T; t++)
                    sum[b][t] = v_fma(grad, a[t], sum[b][t]);
            }
        }
    for (int b = 0; b < B; b++)
        for (int t = 0; t < T; t++)
            v_store(lanes + (b * taps + t) * 16, sum[b][t]);
}

/* All taps of B channels. */
static inline __attribute__((always_inline)) void
weight_block(const struct conv2d_shape *s, const float *x, size_t x_row, const int32_t *place,
             const float *dy, float *lanes, const int B)
{
    const int taps = taps_of(s);
    for (int t = 0, size; t < taps; t += size, place += size, lanes += 16 * size) {
        const int left = taps - t, blocks = (left + WEIGHT_TAPS - 1) / WEIGHT_TAPS;
        size = (left + blocks - 1) / blocks;
        switch (size) {
        case 1: weight_tile(s, x, x_row, place, dy, taps, lanes, B, 1); break;
        case 2: weight_tile(s, x, x_row, place, dy, taps, lanes, B, 2); break;
        case 3: weight_tile(s, x, x_row, place, dy, taps, lanes, B, 3); break;
        case 4: weight_tile(s, x, x_row, place, dy, taps, lanes, B, 4); break;
        case 5: weight_tile(s, x, x_row, place, dy, taps, lanes, B, 5); break;
        case 6: weight_tile(s, x, x_row, place, dy, taps, lanes, B, 6); break;
        }
    }
}

static void bias_gradient(const struct conv2d_shape *s, const float *dy, float *db)
{
    const int plane = conv2d_oh(s) * conv2d_ow(s), image = s->o * plane;
    if (s->bias == CONV2D_BIAS_POSITION)
        for (int k = 0; k < image; k += 16) {
            v sum = v_set1(0.0f);
            for (int n = 0; n < s->n; n++)
                sum = v_add(sum, v_load_n(dy + (size_t)n * image + k, image - k));
            v_store_n(db + k, sum, image - k);
        }
    if (s->bias == CONV2D_BIAS_CHANNEL)
        for (int o = 0; o < s->o; o++) {
            v sum = v_set1(0.0f);
            for (int n = 0; n < s->n; n++)
                for (int k = 0; k < plane; k += 16)
                    sum = v_add(sum, v_load_n(dy + (size_t)n * image + (size_t)o * plane + k,
                                              plane - k));
            db[o] = v_sum(sum);
        }
}

static void backward_weights(const struct conv2d_shape *s, const float *x, const float *dy,
                             float *dw, float *db, float *work)
{
    const struct packing p = image_packing(s);
    const size_t taps = (size_t)taps_of(s), x_row = (size_t)s->stride * p.groups * p.cols;
    const size_t plane = (size_t)conv2d_oh(s) * conv2d_ow(s);
    int32_t *place = (int32_t *)work;
    float *lanes = work + taps, *packed = lanes + 16 * s->o * taps;
    image_places(s, &p, place);
    for (size_t k = 0; k < s->o * taps; k++)
        v_store(lanes + 16 * k, v_set1(0.0f));
    for (int n = 0; n < s->n; n++) {
        const float *image = pack(&p, x + (size_t)n * s->c * s->h * s->w, packed);
        for (int o = 0, size; o < s->o; o += size) {
            const float *grad = dy + ((size_t)n * s->o + o) * plane;
            float *sums = lanes + 16 * o * taps;
            size = s->o - o < WEIGHT_CHANNELS ? s->o - o : WEIGHT_CHANNELS;
            switch (size) {
            case 1: weight_block(s, image, x_row, place, grad, sums, 1); break;
            case 2: weight_block(s, image, x_row, place, grad, sums, 2); break;
            case 3: weight_block(s, image, x_row, place, grad, sums, 3); break;
            case 4: weight_block(s, image, x_row, place, grad, sums, 4); break;
            }
        }
    }
    for (size_t k = 0; k < s->o * taps; k++)
        dw[k] = v_sum(v_load(lanes + 16 * k));
    bias_gradient(s, dy, db);
}

static size_t workspace(const struct conv2d_shape *s)
{
    const struct packing image = image_packing(s), gradient = gradient_packing(s);
    const size_t taps = (size_t)taps_of(s), threads = (size_t)thread_count();
    const size_t forward_size = (s->o + 1) * taps + threads * packed_size(&image);
    const size_t data_size = threads * data_work(s, &gradient);
    const size_t weights_size = (16 * (size_t)s->o + 1) * taps + packed_size(&image);
    const size_t most = forward_size > data_size ? forward_size : data_size;
    return most > weights_size ? most : weights_size;
}

const struct conv2d_float FAST_TABLE(conv2d) = { forward, backward_data, backward_weights,
                                                 workspace };
