/* Forward and backward_data are one sum over taps: each output in one lane, in the order of its
 * formula, (c, p, q) from the bias and (o, p, q) from +0. backward_weights sums over (n, i, j) in
 * 16 strided lanes, place i OW + j of an image in lane (i OW + j) mod 16, folded by v_sum; db over
 * the plane likewise. A large batch is summed in shares, which are added in their order: shares.h.
 * Which of the layouts below a shape takes changes no bit.
 */
#include "fast/abreast.h"
#include "fast/deep_phases.h"
#include "fast/shares.h"

/* Of a batch as many images as come in groups of 16 go abreast; the rest by channels of outputs, if
 * these fill vectors, or by rows. */
static void forward(const struct conv2d_shape *s, const float *x, const float *w, const float *b,
                    float *y, float *work)
{
    const int groups = groups_abreast(s);
    const size_t abreast = 16 * (size_t)groups;
    struct conv2d_shape rest = *s;
    rest.n -= 16 * groups;
    if (groups)
        forward_abreast(s, groups, x, w, b, y, work);
    if (rest.n && forward_is_deep(s))
        forward_deep(&rest, x + abreast * s->c * s->h * s->w, w, b,
                     y + abreast * s->o * conv2d_oh(s) * conv2d_ow(s), work);
    else if (rest.n)
        forward_rows(&rest, x + abreast * s->c * s->h * s->w, w, b,
                     y + abreast * s->o * conv2d_oh(s) * conv2d_ow(s), work);
}

/* Without stride and padding, by rows the gradient is packed once and row follows row: none go
 * abreast where few lanes are left over at the end of an image. */
static int rows_follow(const struct conv2d_shape *s)
{
    return s->stride == 1 && s->pad == 0 && s->h * s->w >= 256;
}

static void backward_data(const struct conv2d_shape *s, const float *w, const float *dy, float *dx,
                          float *work)
{
    const int deep = data_is_deep(s), none = rows_follow(s) || (deep && rows_spread(s));
    const int groups = none ? 0 : groups_abreast(s);
    const size_t abreast = 16 * (size_t)groups;
    struct conv2d_shape rest = *s;
    rest.n -= 16 * groups;
    if (groups)
        data_abreast(s, groups, w, dy, dx, work);
    if (rest.n && deep)
        data_deep(&rest, w, dy + abreast * s->o * conv2d_oh(s) * conv2d_ow(s),
                  dx + abreast * s->c * s->h * s->w, work);
    else if (rest.n)
        data_rows(&rest, w, dy + abreast * s->o * conv2d_oh(s) * conv2d_ow(s),
                  dx + abreast * s->c * s->h * s->w, work);
}

static size_t workspace(const struct conv2d_shape *s)
{
    const size_t size[] = { forward_work(s), data_work(s), goes_abreast(s) ? abreast_work(s) : 0,
                            weights_work(s),
                            forward_is_deep(s) ? forward_deep_work(s) : 0,
                            data_is_deep(s) ? data_deep_work(s) : 0 };
    size_t most = 0;
    for (size_t k = 0; k < sizeof size / sizeof *size; k++)
        most = size[k] > most ? size[k] : most;
    return LINE + most;
}

const struct conv2d_float FAST_TABLE(conv2d) = { forward, backward_data, backward_weights,
                                                 workspace };
