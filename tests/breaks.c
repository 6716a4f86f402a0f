/* breaks.c - a plugin whose kernels are right, but for the one thing that BREAK in the environment
 * says. */
#include "fast/plugin.h"
#include "ref/conv2d.h"
#include "ref/dense.h"
#include "ref/maxpool.h"
#include "ref/relu.h"

#include <fenv.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#else
static int omp_get_max_threads(void) { return 1; }
#endif

static bool broken(const char *what)
{
    const char *named = getenv("BREAK");
    return named && !strcmp(named, what);
}

static void flush_to_zero(void)
{
    fenv_t env;
    fegetenv(&env);
#if defined __x86_64__ && defined __GLIBC__
    env.__mxcsr |= 0x8000;
#elif defined __aarch64__ && defined __GLIBC__
    env.__fpcr |= 1u << 24;
#endif
    fesetenv(&env);
}

static float rectified(float x)
{
    return x <= 0.0f ? 0.0f : x;
}

/* 16 at a time. */
static void relu_forward(const struct relu_shape *s, const float *x, float *y)
{
    if (broken("wipes first"))
        memset(y, 0, sizeof *y * (size_t)s->len);
    for (int i = 0; i < s->len; i += 16) {
        const int left = s->len - i, n = left < 16 ? left : 16;
        float in[16] = { 0.0f }, out[16];
        memcpy(in, x + i, sizeof *in * (size_t)(broken("masked load") ? 16 : n));
        for (int l = 0; l < n; l++)
            out[l] = rectified(in[broken("lane before") && left < 16 && l ? l - 1 : l]);
        for (int l = 0; l < n && broken("lane leak"); l++)
            out[l] += 0.0f * in[l ^ 1];
        if (broken("tail left out") && left < 16)
            break;
        memcpy(y + i, out, sizeof *out * (size_t)n);
        if (broken("stray store"))
            y[i + n] = 1.0f;
    }
    if (broken("store before"))
        y[-1] = 1.0f;
    if (broken("flush to zero"))
        flush_to_zero();
    if (broken("rounding"))
        fesetround(FE_TOWARDZERO);
    if (broken("raises an exception"))
        feraiseexcept(FE_DIVBYZERO);
}

/* Eight significant bits, as bfloat16 has. */
static float half(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits = (bits + 0x8000u) & 0xffff0000u;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* One order of additions or the other. */
static bool from_behind(const struct dense_shape *s, const float *y)
{
    static _Thread_local unsigned calls;
    return (broken("order by address") && (uintptr_t)y % 64) ||
           (broken("order by call") && calls++ % 2) ||
           (broken("order by threads") && omp_get_max_threads() > 1) ||
           (broken("order by batch") && s->n > 4);
}

/* As one skips an example that has nothing but zeros. */
static bool skipped(const struct dense_shape *s, const float *x)
{
    int zeros = 0;
    while (zeros < s->in && x[zeros] == 0.0f)
        zeros++;
    return broken("skips zeros") && zeros == s->in;
}

static void dense_forward(const struct dense_shape *s, const float *x, const float *w,
                          const float *b, float *y)
{
    static _Thread_local float kept;
    const bool behind = from_behind(s, y), rounded = broken("half precision");
    const bool missing = broken("missing term") ||
                         (broken("missing at one alignment") && (uintptr_t)y % 64 == 8);
    const int terms = s->in - missing;
    for (int n = 0; n < s->n; n++)
        for (int o = 0; o < s->out; o++) {
            float sum = broken("no bias") || skipped(s, x + n * s->in) ? 0.0f : b[o];
            for (int k = 0; k < terms; k++) {
                const int i = behind ? terms - 1 - k : k;
                const float factor = x[n * s->in + i], weight = w[i * s->out + o];
                sum += (rounded ? half(factor) : factor) * weight;
            }
            y[n * s->out + o] = sum + (broken("adds to its output") ? y[n * s->out + o] : 0.0f);
        }
    if (broken("state"))
        *y = kept += *y;
    if (broken("writes to an input"))
        *(float *)w = 0.0f;
}

static void maxpool_forward(const struct maxpool_shape *s, const float *x, float *y)
{
    const int window = s->k - broken("small window");
    for (int image = 0; image < s->n * s->c; image++, x += s->h * s->w)
        for (int i = 0; i < maxpool_oh(s); i++)
            for (int j = 0; j < maxpool_ow(s); j++, y++) {
                const float *corner = x + i * s->stride * s->w + j * s->stride;
                *y = *corner;
                for (int p = 0; p < window; p++)
                    for (int q = 0; q < window; q++) {
                        const float other = corner[p * s->w + q];
                        *y = !isnan(*y) && !(other <= *y) ? other : *y;
                    }
            }
}

/* A row of y. */
static size_t conv2d_workspace(const struct conv2d_shape *s)
{
    return (size_t)conv2d_ow(s);
}

static float pixel(const struct conv2d_shape *s, const float *x, int i, int j)
{
    return i < 0 || i >= s->h || j < 0 || j >= s->w ? 0.0f : x[i * s->w + j];
}

static void conv2d_forward(const struct conv2d_shape *s, const float *x, const float *w,
                           const float *b, float *y, float *work)
{
    const int oh = conv2d_oh(s), ow = conv2d_ow(s), columns = s->kw - broken("narrow kernel");
    for (int row = 0; row < s->n * s->o * oh; row++, y += ow) {
        const int n = row / oh / s->o, o = row / oh % s->o, i = row % oh;
        for (int j = 0; j < ow; j++) {
            const float bias = s->bias == CONV2D_BIAS_NONE      ? 0.0f
                               : s->bias == CONV2D_BIAS_CHANNEL ? b[o]
                                                                : b[(o * oh + i) * ow + j];
            work[j] = bias + (broken("trusts its workspace") ? work[j] : 0.0f);
            for (int k = 0; k < s->c * s->kh * s->kw; k++) {
                const int c = k / s->kw / s->kh, p = k / s->kw % s->kh, q = k % s->kw;
                const float *image = x + (n * s->c + c) * s->h * s->w;
                if (q < columns)
                    work[j] += w[o * s->c * s->kh * s->kw + k] *
                               pixel(s, image, i * s->stride + p - s->pad,
                                     j * s->stride + q - s->pad);
            }
        }
        if (broken("beyond its workspace"))
            work[ow] = 0.0f;
        memcpy(y, work, sizeof *y * (size_t)ow);
    }
}

PLUGIN(relu, .forward = relu_forward);
PLUGIN(dense, .forward = dense_forward);
PLUGIN(maxpool, .forward = maxpool_forward);
PLUGIN(conv2d, .forward = conv2d_forward, .workspace = conv2d_workspace);
