/* shares.h - backward_weights: the images of a batch in shares, each summed by itself, and then all
 * of them added in their order.
 *
 * How many there are follows from the shape alone, so that any number of threads computes the same.
 * As far as possible a thread takes those images whose gradient it has computed: where the cores
 * are far apart, fetching what another has written takes three times as long as reading one's own,
 * and writing what another has read takes fifteen times as long.
 */
#ifndef FAST_SHARES_H
#define FAST_SHARES_H

#include "fast/channels.h"
#include "fast/weights.h"

/* Images of a share at least, shares of a batch at most, and room for their sums: a near cache. */
enum { SHARE_IMAGES = 16, SHARES = 8, SHARE_FLOATS = 1 << 16 };

static size_t weights_of(const struct conv2d_shape *s)
{
    return (size_t)s->o * taps_of(s);
}

static size_t biases_of(const struct conv2d_shape *s)
{
    return s->bias == CONV2D_BIAS_NONE      ? 0
           : s->bias == CONV2D_BIAS_CHANNEL ? (size_t)s->o
                                            : (size_t)s->o * conv2d_oh(s) * conv2d_ow(s);
}

/* The gradients of a share: those of weights, then those of biases. */
static size_t share_sums(const struct conv2d_shape *s)
{
    return lines(weights_of(s)) + lines(biases_of(s));
}

static int share_count(const struct conv2d_shape *s)
{
    const size_t room = SHARE_FLOATS / share_sums(s);
    const int most = least(s->n / SHARE_IMAGES, SHARES);
    return room < 2 || most < 2 ? 1 : room < (size_t)most ? (int)room : most;
}

static struct conv2d_shape share_shape(const struct conv2d_shape *s, int shares, int k)
{
    struct conv2d_shape share = *s;
    share.n = (int)((long)s->n * (k + 1) / shares - (long)s->n * k / shares);
    return share;
}

/* Of one thread: the sums of biases; tables, the sums, and some channels of some images as they are
 * packed. */
static size_t share_work(const struct conv2d_shape *s)
{
    const struct portion a = weight_portion(s);
    const size_t more = LINE + 16 * (size_t)s->o;
    if (by_channels(s))
        return more + lines(channel_work(s));
    return more + lines(2 * (size_t)a.channels * s->kh * s->kw) + lines(weight_lanes(s, &a)) +
           lines(a.images * planes_size(&a.planes));
}

struct shares {
    const struct conv2d_shape *s;
    const float *x, *dy;
    float *dw, *db, *sums; /* of the first share, and of the others */
    float *work;           /* of the threads, */
    size_t room;           /* so far apart */
    int shares, groups;    /* groups: of channels of outputs */
};

/* Some channels of outputs of a share. Each thread packs its images for itself: to fetch them from
 * another core's cache takes longer, and so does waking a thread for every portion. */
static void weigh(const void *context, int k, int thread)
{
    const struct shares *a = context;
    const int group = k % a->groups, share = k / a->groups;
    const struct conv2d_shape s = share_shape(a->s, a->shares, share);
    const size_t first = (size_t)((long)a->s->n * share / a->shares);
    const int from = (int)((long)s.o * group / a->groups);
    const int end = (int)((long)s.o * (group + 1) / a->groups);
    const float *x = a->x + first * s.c * s.h * s.w;
    const float *dy = a->dy + first * s.o * conv2d_oh(&s) * conv2d_ow(&s);
    float *dw = share ? a->sums + (share - 1) * share_sums(&s) : a->dw;
    float *db = share ? dw + lines(weights_of(&s)) : a->db;
    float *biases = first_line(a->work + thread * a->room), *work = biases + 16 * (size_t)s.o;
    planes_zero(biases + 16 * (size_t)from, 16 * (size_t)(end - from));
    if (by_channels(&s))
        weights_by_channels(&s, x, dy, from, end, dw, biases, work);
    else
        weights_by_places(&s, x, dy, from, end, dw, biases, work);
    bias_gradient(&s, dy, from, end, biases, db);
}

/* to[k] += the same of every share but the first, in their order. */
static void add_shares(const struct shares *a, float *to, size_t count, const float *sums)
{
    for (size_t k = 0; k < count; k += 16) {
        const int n = count - k < 16 ? (int)(count - k) : 16;
        const v first = v_load_n(to + k, n);
        v_store_n(to + k, add_each(first, a->shares - 1, sums + k, share_sums(a->s), n), n);
    }
}

/* The least number of groups with which all threads have equally many parts of shares to do. */
static int share_groups(int shares, int threads)
{
    int groups = 1;
    while (shares * groups % threads)
        groups++;
    return groups;
}

static void backward_weights(const struct conv2d_shape *s, const float *x, const float *dy,
                             float *dw, float *db, float *work)
{
    const int shares = share_count(s), threads = thread_shares(s->o * shares, multiply_adds(s));
    const struct conv2d_shape largest = share_shape(s, shares, shares - 1);
    float *const sums = first_line(work);
    const struct shares a = {
        .s = s, .x = x, .dy = dy, .dw = dw, .db = db, .sums = sums,
        .work = sums + (shares - 1) * share_sums(s), .room = thread_room(share_work(&largest)),
        .shares = shares, .groups = least(share_groups(shares, threads), s->o)
    };
    thread_each(shares * a.groups, multiply_adds(s), weigh, &a);
    if (shares > 1) {
        add_shares(&a, dw, weights_of(s), a.sums);
        add_shares(&a, db, biases_of(s), a.sums + lines(weights_of(s)));
    }
}

static size_t weights_work(const struct conv2d_shape *s)
{
    const int shares = share_count(s);
    const struct conv2d_shape largest = share_shape(s, shares, shares - 1);
    return LINE + (shares - 1) * share_sums(s) + thread_count() * thread_room(share_work(&largest));
}

#endif
