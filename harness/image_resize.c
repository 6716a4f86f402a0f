/* image_resize.c - bicubic reduction in fixed point; the formulas are in image.h. */
#include "harness/image.h"

#include <math.h>
#include <stdlib.h>

enum { ONE = 1 << 22 }; /* 8 bits of pixel, 22 of weight, and 2 to spare in an int32_t */

/* Which pixels an output is made of, and their weights: weight[i * most ...]. */
struct window {
    int first, count;
};

struct plan {
    int most;
    struct window *window;
    int32_t *weight;
};

static double bicubic(double t)
{
    const double a = -0.5;
    t = fabs(t);
    if (t < 1.0)
        return ((a + 2.0) * t - (a + 3.0)) * t * t + 1.0;
    return t < 2.0 ? (((t - 5.0) * t + 8.0) * t - 4.0) * a : 0.0;
}

static void plan_free(struct plan *p)
{
    free(p->window);
    free(p->weight);
}

static bool plan_make(struct plan *p, int from, int to)
{
    double step = (double)from / to, wider = step > 1.0 ? step : 1.0, reach = 2.0 * wider;
    p->most = 2 * (int)ceil(reach) + 1;
    p->window = malloc((size_t)to * sizeof *p->window);
    p->weight = malloc((size_t)to * (size_t)p->most * sizeof *p->weight);
    double *exact = malloc((size_t)p->most * sizeof *exact);
    bool good = p->window && p->weight && exact;
    for (int i = 0; good && i < to; i++) {
        double centre = (i + 0.5) * step, sum = 0.0;
        double low = centre - reach + 0.5, high = centre + reach + 0.5;
        int first = low < 0.0 ? 0 : (int)low, end = high > from ? from : (int)high;
        for (int j = first; j < end; j++)
            sum += exact[j - first] = bicubic((j - centre + 0.5) * (1.0 / wider));
        for (int j = 0; j < end - first; j++)
            p->weight[(size_t)i * (size_t)p->most + (size_t)j] =
                (int32_t)lround(exact[j] / sum * ONE);
        p->window[i] = (struct window){ first, end - first };
    }
    free(exact);
    return good;
}

/* One byte of output i; `in` is the same byte of pixel 0, and `stride` leads to the next pixel. */
static uint8_t weigh(const struct plan *p, int i, const uint8_t *in, size_t stride)
{
    const int32_t *weight = p->weight + (size_t)i * (size_t)p->most;
    int32_t sum = ONE / 2; /* rounds */
    in += (size_t)p->window[i].first * stride;
    for (int j = 0; j < p->window[i].count; j++, in += stride)
        sum += weight[j] * *in;
    return sum < 0 ? 0 : sum / ONE > 255 ? 255 : (uint8_t)(sum / ONE);
}

bool image_resize(const struct image *in, int width, int height, uint8_t *out)
{
    struct plan across = { 0 }, down = { 0 };
    uint8_t *narrow = NULL; /* as wide as the output and as high as the input */
    size_t wide = 3 * (size_t)in->width, row = 3 * (size_t)width;
    bool good = plan_make(&across, in->width, width) && plan_make(&down, in->height, height);
    good = good && (narrow = malloc((size_t)in->height * row));

    for (size_t y = 0; good && y < (size_t)in->height; y++)
        for (int x = 0; x < width; x++)
            for (size_t c = 0; c < 3; c++)
                narrow[y * row + 3 * (size_t)x + c] =
                    weigh(&across, x, in->pixels + y * wide + c, 3);
    for (int y = 0; good && y < height; y++)
        for (size_t b = 0; b < row; b++)
            out[(size_t)y * row + b] = weigh(&down, y, narrow + b, row);

    free(narrow);
    plan_free(&across);
    plan_free(&down);
    return good;
}
