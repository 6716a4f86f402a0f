#include "harness/check.h"
#include "harness/check/conv2d_shapes.h"
#include "ref/conv2d.h"

static const char *const biases[] = { "none", "channel", "position", NULL };

static int oh(const void *s)
{
    return conv2d_oh(s);
}

static int ow(const void *s)
{
    return conv2d_ow(s);
}

static const char *invalid(const void *shape)
{
    const struct conv2d_shape *s = shape;
    if (s->n < 1 || s->c < 1 || s->h < 1 || s->w < 1 || s->o < 1 || s->kh < 1 || s->kw < 1)
        return "n, c, h, w, o, kh and kw of at least 1";
    if (s->stride < 1 || s->pad < 0)
        return "a stride of at least 1 and no negative pad";
    if (s->h + 2 * s->pad < s->kh || s->w + 2 * s->pad < s->kw)
        return "a kernel that fits into the padded image";
    const double most = s->c > s->o ? s->c : s->o;
    const double rows = s->h + 2.0 * s->pad + s->kh, cols = s->w + 2.0 * s->pad + s->kw;
    if (most * rows * (cols + s->stride) >= 0x1p31 || s->kw * rows * cols >= 0x1p31 ||
        2.0 * most * s->kh * s->kw * cols >= 0x1p31)
        return "padded and packed images below 2^31 elements";
    return NULL;
}

static size_t workspace(enum isa isa, const void *s)
{
    const struct conv2d_float *kernels = conv2d_fast(isa);
    return kernels->workspace ? kernels->workspace(s) : 0; /* a plugin may need none */
}

CALL(conv2d, forward, a[0], a[1], a[2], a[3], work)
CALL(conv2d, backward_data, a[0], a[1], a[2], work)
CALL(conv2d, backward_weights, a[0], a[1], a[2], a[3], work)

const struct check conv2d_check = {
    CHECKS(conv2d),
    .key = { INT_KEY(conv2d, n, 1, 3), INT_KEY(conv2d, c, 1, 5), INT_KEY(conv2d, h, 1, 20),
             INT_KEY(conv2d, w, 1, 40), INT_KEY(conv2d, o, 1, 14), INT_KEY(conv2d, kh, 1, 5),
             INT_KEY(conv2d, kw, 1, 5), INT_KEY(conv2d, stride, 1, 4), INT_KEY(conv2d, pad, 0, 3),
             { .name = "bias", .kind = KEY_CHOICE, .offset = offsetof(struct conv2d_shape, bias),
               .choice = biases },
             { .name = "oh", .kind = KEY_DERIVED, .derived = oh },
             { .name = "ow", .kind = KEY_DERIVED, .derived = ow } },
    .invalid = invalid,
    .cases = cases, .trouble = trouble, .documents = 7, .large = large,
    .function = {
        { CALLS(forward), .flops = "n o oh ow c kh kw", .each = 2,
          .workspace = workspace, .exact = true,
          .operand = { { "x", IN, "n c h w" },
                       { "w", IN, "o c kh kw" },
                       { "b", IN, "|o|o oh ow" },
                       { "y", OUT, "n o oh ow", .terms = "c kh kw", .more = 1 } } },
        { CALLS(backward_data), .flops = "n o oh ow c kh kw", .each = 2,
          .workspace = workspace, .exact = true,
          .operand = { { "w", IN, "o c kh kw" },
                       { "dy", IN, "n o oh ow" },
                       { "dx", OUT, "n c h w", .terms = "o kh kw" } } },
        { CALLS(backward_weights), .flops = "n o oh ow c kh kw", .each = 2,
          .workspace = workspace, .exact = true,
          .operand = { { "x", IN, "n c h w" },
                       { "dy", IN, "n o oh ow" },
                       { "dw", OUT, "o c kh kw", .terms = "n oh ow" },
                       { "db", OUT, "|o|o oh ow", .terms = "|n oh ow|n" } } },
    },
};
