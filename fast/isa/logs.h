/* logs.h - a float taken apart for its logarithm, for vmath.h, in every dialect.
 *
 *   v_exponent(x), v_mantissa(x)   k and m with x = 2^k m and 3/4 <= m < 3/2, where x is positive
 *                                  and finite; otherwise nothing is said
 *   v_unless_special(r, x)         r there; log(x) where x is zero, below, infinite or a NaN
 *
 * What the bits of x are above those of 3/4, raised to be positive, has k + 127 in its exponent
 * field and the rest of m below. In the low bits of 2^23 that integer becomes a float. Denormals
 * are scaled by 2^23 first. */
#ifdef ISA_avx512
#include "fast/isa/logs_avx512.h"
#else
static inline vm vec_tiny(v x)
{
    return v_lt(x, v_set1(0x1p-126f));
}

static inline vi vec_raised(v x)
{
    const v y = v_select(vec_tiny(x), v_mul(x, v_set1(0x1p23f)), x);
    return i_add(v_bits(y), i_set1(0x3f800000u - 0x3f400000u));
}

static inline v v_exponent(v x)
{
    const v k = v_from_bits(i_add(i_shr(vec_raised(x), 23), i_set1(0x4b000000u)));
    return v_sub(k, v_select(vec_tiny(x), v_set1(0x1p23f + 127 + 23), v_set1(0x1p23f + 127)));
}

static inline v v_mantissa(v x)
{
    return v_from_bits(i_add(i_and(vec_raised(x), i_set1(0x007fffffu)), i_set1(0x3f400000u)));
}

static inline v v_unless_special(v r, v x)
{
    const v zero = v_set1(0.0f), inf = v_from_bits(i_set1(0x7f800000u));
    const v nan = v_from_bits(i_set1(0x7fc00000u));
    r = v_select(v_lt(x, inf), r, x);
    return v_select(v_lt(zero, x), r, v_select(v_eq(x, zero), v_neg(inf), nan));
}
#endif
