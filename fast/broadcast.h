/* broadcast.h - sums over taps with channels of outputs in the lanes.
 *
 * A weight of 16 channels is loaded once for neighbouring places of a row, and the inputs under the
 * places are broadcast from where they lie: all taps read the same copy of an image, or the image
 * itself, and no lane is left over at the end of a row. Sums of 16 channels lie side by side then,
 * and are turned for the outputs.
 */
#ifndef FAST_BROADCAST_H
#define FAST_BROADCAST_H

#include "fast/product.h"
#include "fast/turned.h"

/* From a tap to the next one in its row of a kernel, to the next row, and to the next plane. */
struct steps {
    ptrdiff_t tap, row, plane;
};

/* out[16 apart col + lane] = start[lane] +
 *     sum over (k, i, j) in this order of w[k w_by.plane + i w_by.row + j w_by.tap + lane]
 *                                         x[k x_by.plane + i x_by.row + j x_by.tap + col]
 *
 * for k < planes, i < high, j < wide, and col < cols; from 0 where start is NULL. */
struct broadcast {
    int cols, planes, high, wide;
    const float *w, *start;
    struct steps w_by, x_by;
    size_t apart;
};

/* R places side by side; R is a constant where this is called, so that sums stay in registers. */
INLINED void broadcast_tile(const struct broadcast *s, const float *x, float *out, const int R)
{
    v sum[V_ACCUMULATORS];
    const v start = s->start ? v_load(s->start) : v_set1(0.0f);
    UNROLL
    for (int r = 0; r < R; r++)
        sum[r] = start;
    const float *plane = x, *w_plane = s->w;
    for (int k = s->planes; k > 0; k--, plane += s->x_by.plane, w_plane += s->w_by.plane) {
        const float *row = plane, *w_row = w_plane;
        for (int i = s->high; i > 0; i--, row += s->x_by.row, w_row += s->w_by.row) {
            const float *at = row, *w = w_row;
            for (int j = s->wide; j > 0; j--, at += s->x_by.tap, w += s->w_by.tap) {
                const v term = v_hold(v_load(w));
                UNROLL
                for (int r = 0; r < R; r++)
                    sum[r] = v_fma(v_set1(at[r]), term, sum[r]);
            }
        }
    }
    UNROLL
    for (int r = 0; r < R; r++)
        v_store(out + 16 * r * s->apart, sum[r]);
}

INLINED void broadcast_part(const struct broadcast *s, const float *x, float *out, const int R)
{
    if (R <= V_ACCUMULATORS) /* no code for more */
        broadcast_tile(s, x, out, R);
}

/* A row of places, in parts as equal as there can be. */
APART void broadcast(const struct broadcast *s, const float *x, float *out)
{
    for (int col = 0, size; col < s->cols; col += size, x += size, out += 16 * size * s->apart) {
        size = part_size(s->cols, col, V_ACCUMULATORS);
        switch (size) {
        case 1: broadcast_part(s, x, out, 1); break;
        case 2: broadcast_part(s, x, out, 2); break;
        case 3: broadcast_part(s, x, out, 3); break;
        case 4: broadcast_part(s, x, out, 4); break;
        case 5: broadcast_part(s, x, out, 5); break;
        case 6: broadcast_part(s, x, out, 6); break;
        case 7: broadcast_part(s, x, out, 7); break;
        case 8: broadcast_part(s, x, out, 8); break;
        case 9: broadcast_part(s, x, out, 9); break;
        case 10: broadcast_part(s, x, out, 10); break;
        case 11: broadcast_part(s, x, out, 11); break;
        case 12: broadcast_part(s, x, out, 12); break;
        case 13: broadcast_part(s, x, out, 13); break;
        case 14: broadcast_part(s, x, out, 14); break;
        case 15: broadcast_part(s, x, out, 15); break;
        case 16: broadcast_part(s, x, out, 16); break;
        case 17: broadcast_part(s, x, out, 17); break;
        case 18: broadcast_part(s, x, out, 18); break;
        case 19: broadcast_part(s, x, out, 19); break;
        case 20: broadcast_part(s, x, out, 20); break;
        case 21: broadcast_part(s, x, out, 21); break;
        case 22: broadcast_part(s, x, out, 22); break;
        case 23: broadcast_part(s, x, out, 23); break;
        case 24: broadcast_part(s, x, out, 24); break;
        }
    }
}

/* Sums of some rows, 16 channels or fewer side by side, and where those of a channel go. */
struct band {
    const float *sums; /* and 15 places more */
    float *y;
    size_t plane;
    int channels, places, turned; /* turned: of the places */
};

/* y[c plane + f] = sums[16 f + c], 16 places at a time, as far as so many are ready. Of a row the
 * next one has been summed by then: what is turned as soon as it is summed has to wait for it. */
static void turn_back(struct band *b, int ready)
{
    for (; b->turned + 16 <= ready; b->turned += 16) {
        float *y = b->y + b->turned;
        v x[16];
        UNROLL
        for (int l = 0; l < 16; l++)
            x[l] = v_load(b->sums + 16 * (size_t)(b->turned + l));
        v_transpose(x);
        UNROLL
        for (int c = 0; c < 16; c++, y += b->plane)
            if (c < b->channels)
                v_store_n(y, x[c], b->places - b->turned);
    }
}

/* Rows of a band, of `rows`: so many that their sums are near when they are turned. */
enum { BAND_PLACES = 256 };

static int band_rows(int rows, int w)
{
    return part_size(rows, 0, w < BAND_PLACES ? BAND_PLACES / w : 1);
}

/* Floats: of a band's sums; of turned weights of 16 channels. */
static size_t band_size(int rows, int w)
{
    return 16 * ((size_t)rows * w + TURN_MORE);
}

static size_t block_size(size_t taps)
{
    return 16 * (taps + TURN_MORE);
}

static int blocks_of(int channels)
{
    return (channels + 15) / 16;
}

/* Whether channels fill the lanes. */
static int fill_lanes(int channels)
{
    return 8 * channels >= 7 * 16 * blocks_of(channels);
}

#endif
