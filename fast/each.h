/* each.h - layers that compute number by number: whole vectors, and what is left of one. */
#ifndef FAST_EACH_H
#define FAST_EACH_H

#include "fast/vec.h"

/* y[i] = f(x[i]), i < len. The functions are constants where this is called. */
INLINED void each(int len, const float *x, float *y, v (*const f)(v x))
{
    const int whole = len / 16 * 16, rest = len - whole;
    for (int i = 0; i < whole; i += 16)
        v_store(y + i, f(v_load(x + i)));
    if (rest)
        v_store_n(y + whole, f(v_load_n(x + whole, rest)), rest);
}

/* dx[i] = f(x[i], dy[i]) */
INLINED void each_gradient(int len, const float *x, const float *dy, float *dx,
                           v (*const f)(v x, v dy))
{
    const int whole = len / 16 * 16, rest = len - whole;
    for (int i = 0; i < whole; i += 16)
        v_store(dx + i, f(v_load(x + i), v_load(dy + i)));
    if (rest)
        v_store_n(dx + whole, f(v_load_n(x + whole, rest), v_load_n(dy + whole, rest)), rest);
}

#endif
