/* vmath.h - exp, log, log1p, sigmoid and tanh of a vector, in the words of vec.h alone.
 *
 * Every function is faithful: less than 1 ulp from the true value for every float it is meant for,
 * denormals included, infinite only where the true value is that large. NaN gives NaN. The error
 * above a function is the largest over all those floats, with an input that shows it, in ulps of
 * the true value; below 2^-126 an ulp is 2^-149. Each is monotone wherever the true function is.
 *
 * The polynomials are minimax fits, rounded to float one coefficient at a time, lowest first, and
 * the others fitted anew. They are summed in pairs of terms: the operations of Horner's rule in a
 * chain half as long.
 */
#ifndef FAST_VMATH_H
#define FAST_VMATH_H

#include "fast/vec.h"

#define ONE_BITS 0x3f800000u /* with n << 23 added, 2^n */

/* e^x = 2^k (1 + a + b) with |a| < 0.3466 and |b| < 0.068, to 2^-25.8 of its value, |x| <= 105.
 *
 * Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits of the sum, where k is taken
 * from, modulo 2^22. a = x - k ln2 with ln2 to 21 bits, and is exact; low is the rest of k ln2, and
 * r = a + low. b is low and what 1 + r lacks of e^r: (e^r - 1 - r) / r^2 is fitted on |r| <= 0.3466
 * to 2^-28.2 of e^r. */
struct exp_parts {
    v a, b, k;
    vi bits; /* k in the low ones */
};

INLINED struct exp_parts exp_parts(v x)
{
    const v rounder = v_set1(0x1.8p23f);
    v shifted = v_fma(x, v_set1(0x1.715476p0f), rounder);
    v k = v_sub(shifted, rounder);
    v a = v_fma(k, v_set1(-0x1.62e43p-1f), x);
    v low = v_mul(k, v_set1(0x1.05c61p-29f));
    v r = v_add(a, low), r2 = v_mul(r, r);
    v q = v_fma(r, v_set1(0x1.12398p-7f), v_set1(0x1.5558acp-5f));
    q = v_fma(r2, v_set1(0x1.6a518ap-10f), q);
    q = v_fma(r2, q, v_fma(r, v_set1(0x1.555492p-3f), v_set1(0x1.fffffcp-2f)));
    return (struct exp_parts){ a, v_fma(r2, q, low), k, v_bits(shifted) };
}

/* hi + lo = 1 + a + b with hi the nearest float. Only the addition of b rounds: where 1 + a + b is
 * near 1, (hi - 1) + lo is still as precise as a and b are. */
struct float_pair {
    v hi, lo;
};

INLINED struct float_pair one_plus(struct exp_parts e)
{
    const v one = v_set1(1);
    v t = v_add(one, e.a);
    v rest = v_add(v_add(v_sub(one, t), e.a), e.b);
    v hi = v_add(t, rest);
    return (struct float_pair){ hi, v_add(v_sub(t, hi), rest) };
}

/* e^x. exp(-inf) = 0, exp(inf) = inf.
 * Error: 0.892 ulp at -0x1.790436p+2. */
INLINED v v_exp(v x)
{
    x = v_min(v_set1(89), v_max(v_set1(-105), x));
    struct exp_parts e = exp_parts(x);
    return v_scale(v_add(v_set1(1), v_add(e.a, e.b)), e.k);
}

/* log(2^k (1 + f)) for -1/4 <= f < 1/2 and a whole number k, |k| < 256.
 *
 * (log(1 + f) - f) / f^2 is fitted to 2^-27.6 of log(1 + f); its last step is Horner's, for one
 * rounding less. k times ln2 to 15 bits is exact, and so is its sum with f as hi + lo, since it
 * is 0 or the larger of the two. */
INLINED v log_parts(v k, v f)
{
    v f2 = v_mul(f, f);
    v g = v_fma(f, v_set1(-0x1.71ddfp-5f), v_set1(0x1.acf8aap-4f));
    g = v_fma(f2, g, v_fma(f, v_set1(-0x1.0d9cf8p-3f), v_set1(0x1.288234p-3f)));
    g = v_fma(f2, g, v_fma(f, v_set1(-0x1.54ed9ep-3f), v_set1(0x1.996982p-3f)));
    g = v_fma(f2, g, v_fma(f, v_set1(-0x1.000048p-2f), v_set1(0x1.5555a4p-2f)));
    g = v_fma(f, g, v_set1(-0.5f));
    v t = v_mul(k, v_set1(0x1.62e4p-1f));
    v hi = v_add(t, f);
    v lo = v_add(v_sub(t, hi), f);
    lo = v_fma(k, v_set1(0x1.7f7d1cp-20f), lo);
    return v_add(hi, v_fma(f2, g, lo));
}

/* The natural logarithm. log(+-0) = -inf, log(x < 0) = NaN, log(inf) = inf.
 * Error: 0.915 ulp at 0x1.7aa6b4p-1. */
INLINED v v_log(v x)
{
    const v r = log_parts(v_exponent(x), v_sub(v_mantissa(x), v_set1(1)));
    return v_unless_special(r, x);
}

/* log(1 + x), only for 0 <= x <= 1 (and NaN).
 * Error: 0.918 ulp at 0x1.ea16a4p-2.
 *
 * From 1/2 on, (1 + x) / 2 = 1 + (x - 1) / 2, and x - 1 is exact. */
INLINED v v_log1p(v x)
{
    const v half = v_set1(0.5f);
    vm low = v_lt(x, half);
    v f = v_select(low, x, v_fma(half, x, v_set1(-0.5f)));
    return log_parts(v_select(low, v_set1(0), v_set1(1)), f);
}

/* 1 / (1 + e^-x). sigmoid(-inf) = 0, sigmoid(inf) = 1.
 * Error: 0.787 ulp at -0x1.5ec7c4p+6, a denormal result; 0.698 at -0x1.8165a8p+5 among others.
 *
 * With e^-x = 2^k m and s = 2^-k it is s / (s + m): nothing overflows, and the result is denormal
 * only in the last scaling. q is 1 / (s + m) and is corrected once by 1 - q (s + m), which needs
 * what the sum s + m has lost: what of the smaller of the two is not in it, exactly. */
INLINED v v_sigmoid(v x)
{
    const v one = v_set1(1);
    v z = v_min(v_set1(105), v_max(v_set1(-20), v_neg(x)));
    struct exp_parts e = exp_parts(z);
    struct float_pair m = one_plus(e);
    v k = v_neg(e.k), s = v_scale(one, k);
    v d = v_add(s, m.hi), large = v_max(s, m.hi), small = v_min(s, m.hi);
    v lost = v_add(v_sub(small, v_sub(d, large)), m.lo);
    v q = v_div(one, d);
    v rest = v_fnma(q, lost, v_fnma(q, d, one));
    return v_scale(v_fma(rest, q, q), k);
}

/* sigmoid(x) sigmoid(-x), the derivative of sigmoid, even in x.
 * Error: 0.780 ulp at 0x1.5ed742p+6, a denormal result; 0.694 at 0x1.b56956p+4 among others.
 *
 * With e^-|x| = s m, s = 2^k, it is s m / (1 + s m)^2, the quotient m / d corrected as above. */
INLINED v v_dsigmoid(v x)
{
    const v one = v_set1(1);
    v z = v_max(v_set1(-105), v_neg(v_abs(x)));
    struct exp_parts e = exp_parts(z);
    struct float_pair m = one_plus(e);
    v s = v_scale(one, e.k);
    v hi = v_mul(s, m.hi), t = v_add(one, hi);
    v t_lost = v_add(v_add(v_sub(one, t), hi), v_mul(s, m.lo));
    v d = v_mul(t, t);
    v d_gain = v_fnma(v_add(t, t), t_lost, v_fnma(t, t, d));
    v y = v_div(one, d), q = v_mul(m.hi, y);
    v rest = v_add(v_fnma(q, d, m.hi), v_fma(q, d_gain, m.lo));
    return v_scale(v_fma(rest, y, q), e.k);
}

/* The hyperbolic tangent. tanh(+-0) = +-0, tanh(+-inf) = +-1.
 * Error: 0.922 ulp at 0x1.9756ccp-4.
 *
 * With e^-2|x| = s m, s = 2^k, it is (1 - s m) / (1 + s m), both parts of it sums of two floats.
 * Near 0 that needs no polynomial of its own, for there s is 1 and 1 - m loses nothing; below 2^-13
 * the result is x. */
INLINED v v_tanh(v x)
{
    const v one = v_set1(1);
    v a = v_abs(x);
    vi sign = i_xor(v_bits(x), v_bits(a));
    v z = v_mul(v_min(v_set1(10), a), v_set1(-2));
    struct exp_parts e = exp_parts(z);
    struct float_pair m = one_plus(e);
    v s = v_from_bits(i_add(i_shl(e.bits, 23), i_set1(ONE_BITS)));
    v hi = v_mul(s, m.hi), lo = v_mul(s, m.lo);
    v n = v_sub(one, hi), n_lost = v_sub(v_sub(v_sub(one, n), hi), lo);
    v d = v_add(one, hi), d_lost = v_add(v_add(v_sub(one, d), hi), lo);
    v y = v_div(one, d), q = v_mul(n, y);
    v rest = v_add(v_fnma(q, d, n), v_fnma(q, d_lost, n_lost));
    v r = v_from_bits(i_xor(v_bits(v_fma(rest, y, q)), sign));
    return v_select(v_lt(a, v_set1(0x1p-13f)), x, r);
}

#endif
