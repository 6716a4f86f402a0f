/* taps.h - the sum that convolution is made of, forward and backward: over taps, one output a lane.
 *
 * A tap is one (channel, p, q) of a kernel: a place in the input, relative to that of the output, and
 * a weight for every output channel. Inputs are packed first where padding or a stride stand in the
 * way: the zeros that surround a plane are written out, and the columns of a row are dealt into
 * `stride` groups, so that the neighbours of one tap lie side by side.
 */
#ifndef FAST_TAPS_H
#define FAST_TAPS_H

#include "fast/vec.h"
#include "ref/conv2d.h"

/* How `channels` planes of h x w are packed: rows from `top` on (a negative one is padding), and in
 * each of `groups` groups g the columns left + g, left + g + groups, ... */
struct packing {
    int channels, h, w, top, rows, left, groups, cols;
};

static size_t packed_size(const struct packing *p)
{
    return (size_t)p->channels * p->rows * p->groups * p->cols;
}

/* Packs x into `out`, or returns x itself where the packed planes are the planes. */
static const float *pack(const struct packing *p, const float *x, float *out)
{
    if (!p->top && !p->left && p->groups == 1 && p->rows == p->h && p->cols == p->w)
        return x;
    float *to = out;
    for (int c = 0; c < p->channels; c++, x += (size_t)p->h * p->w)
        for (int r = p->top; r < p->top + p->rows; r++)
            for (int g = 0; g < p->groups; g++)
                for (int t = 0, j = p->left + g; t < p->cols; t++, j += p->groups)
                    *to++ = r < 0 || r >= p->h || j < 0 || j >= p->w ? 0.0f
                                                                     : x[(size_t)r * p->w + j];
    return out;
}

/* The sum over taps for a grid of outputs, `rows` by `cols` in each of `channels`. */
struct sum {
    int channels, rows, cols, taps;
    const float *x;         /* the input under output (0, 0) */
    size_t x_row;           /* how far it moves from one output row to the next */
    const int32_t *place;   /* of every tap in the input */
    const float *weight;    /* of every tap for every channel of a block, block after block */
    enum conv2d_bias kind;  /* of the bias that the sum starts from */
    const float *bias;
    float *y;
    size_t y_channel, y_row;
    int y_step;
};

enum { MOST_CHANNELS = V_ACCUMULATORS < 12 ? V_ACCUMULATORS : 12 };

/* B channels by V vectors of one row, of which the last has n columns. B and V are constants where
 * this is called, so that the sums stay in registers. */
static inline __attribute__((always_inline)) void tile(const struct sum *s, int channel, int row,
                                                       int col, const int B, const int V, int n)
{
    v sum[12][2];
    for (int b = 0; b < B; b++)
        for (int k = 0; k < V; k++) {
            if (s->kind == CONV2D_BIAS_NONE)
                sum[b][k] = v_set1(0.0f);
            else if (s->kind == CONV2D_BIAS_CHANNEL)
                sum[b][k] = v_set1(s->bias[channel + b]);
            else
                sum[b][k] = v_load_n(s->bias + ((size_t)(channel + b) * s->rows + row) * s->cols +
                                         col + 16 * k, k < V - 1 ? 16 : n);
        }
    const float *x = s->x + row * s->x_row + col;
    const float *weight = s->weight + (size_t)channel * s->taps;
    for (int t = 0; t < s->taps; t++, weight += B) {
        v a[2];
        for (int k = 0; k < V; k++)
            a[k] = k < V - 1 ? v_load(x + s->place[t] + 16 * k)
                             : v_load_n(x + s->place[t] + 16 * k, n);
        for (int b = 0; b < B; b++)
            for (int k = 0; k < V; k++)
                sum[b][k] = v_fma(v_set1(weight[b]), a[k], sum[b][k]);
    }
    for (int b = 0; b < B; b++)
        for (int k = 0; k < V; k++)
            v_store_stride(s->y + (channel + b) * s->y_channel + row * s->y_row +
                               (size_t)(col + 16 * k) * s->y_step,
                           s->y_step, sum[b][k], k < V - 1 ? 16 : n);
}

static inline __attribute__((always_inline)) void block(const struct sum *s, int channel,
                                                        const int B)
{
    for (int row = 0; B <= MOST_CHANNELS && row < s->rows; row++) { /* no code for more */
        int col = 0;
        for (; 2 * B <= V_ACCUMULATORS && s->cols - col > 16; col += 32)
            tile(s, channel, row, col, B, 2, s->cols - col - 16);
        for (; col < s->cols; col += 16)
            tile(s, channel, row, col, B, 1, s->cols - col);
    }
}

/* The channels of the block that starts at `channel`: blocks are as equal as they can be. */
static int block_size(int channels, int channel)
{
    const int blocks = (channels + MOST_CHANNELS - 1) / MOST_CHANNELS;
    const int size = (channels + blocks - 1) / blocks;
    return channels - channel < size ? channels - channel : size;
}

static void sum_taps(const struct sum *s)
{
    for (int channel = 0, size; channel < s->channels; channel += size) {
        size = block_size(s->channels, channel);
        switch (size) {
        case 1: block(s, channel, 1); break;
        case 2: block(s, channel, 2); break;
        case 3: block(s, channel, 3); break;
        case 4: block(s, channel, 4); break;
        case 5: block(s, channel, 5); break;
        case 6: block(s, channel, 6); break;
        case 7: block(s, channel, 7); break;
        case 8: block(s, channel, 8); break;
        case 9: block(s, channel, 9); break;
        case 10: block(s, channel, 10); break;
        case 11: block(s, channel, 11); break;
        case 12: block(s, channel, 12); break;
        }
    }
}

#endif
