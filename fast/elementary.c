#include "ref/elementary.h"
#include "fast/flight.h"
#include "fast/vmath.h"

#define OF(name)                                                                                   \
    INLINED v name##_value(const v *given, v x, v unused)                                          \
    {                                                                                              \
        (void)given, (void)unused;                                                                 \
        return v_##name(x);                                                                        \
    }                                                                                              \
    static void name##_of(const struct elementary_shape *s, const float *x, float *y)              \
    {                                                                                              \
        fly(s->len, x, NULL, y, 0.0f, name##_value, NULL);                                         \
    }

OF(exp)
OF(log)
OF(log1p)

const struct elementary_float FAST_TABLE(elementary) = { exp_of, log_of, log1p_of };
