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

/* 2^-k for |k| < 64 and up to 190: 2^64 times as much is a normal number, what becomes of it may be
 * denormal, and is 0 from k = 150 on. */
INLINED v power_below(struct exp_parts e)
{
    vi raised = i_sub(i_set1(ONE_BITS + (64u << 23)), i_shl(e.bits, 23));
    return v_mul(v_from_bits(raised), v_set1(0x1p-64f));
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

/* 1 / (1 + e^z) = s q (1 + rest) with s = 2^-k and e^z = 2^k (1 + m), for -18 <= z <= 105.
 *
 * m is rounded, by 2^-26 at most. q is 1 / d, and rest is 1 - q times the sum of 1, s and m: the
 * division's error and what d lacks of the sum, exactly. c is 1 + s for |k| < 24; for larger k it
 * has lost s, for smaller 1, which below -24 does not count. Only s may be denormal. */
struct logistic {
    v s, m, q, rest;
};

INLINED struct logistic logistic(v z)
{
    const v one = v_set1(1);
    struct exp_parts e = exp_parts(z);
    v s = power_below(e), m = v_add(e.a, e.b);
    v c = v_add(one, s), c_lost = v_add(v_sub(one, c), s);
    v d = v_add(c, m), lost = v_add(v_add(v_sub(c, d), m), c_lost);
    v q = v_div(one, d);
    return (struct logistic){ s, m, q, v_fnma(q, lost, v_fnma(q, d, one)) };
}

/* 1 / (1 + e^-x). sigmoid(-inf) = 0, sigmoid(inf) = 1.
 * Error: 0.907 ulp at -0x1.0b8e8ep+6. */
INLINED v v_sigmoid(v x)
{
    struct logistic l = logistic(v_min(v_set1(105), v_max(v_set1(-18), v_neg(x))));
    return v_mul(v_fma(l.rest, l.q, l.q), l.s);
}

/* sigmoid(x) sigmoid(-x), the derivative of sigmoid, even in x.
 * Error: 0.907 ulp at 0x1.0b8e8ep+6.
 *
 * sigmoid(-|x|) is s q (1 + rest), and what is left of 1 is (1 + m) q (1 + rest): n and what its
 * rounding lost, and rest. The last sum takes the product q n as it is. */
INLINED v v_dsigmoid(v x)
{
    struct logistic l = logistic(v_min(v_set1(105), v_abs(x)));
    v n = v_fma(l.m, l.q, l.q), n_lost = v_fma(l.m, l.q, v_sub(l.q, n));
    v lost = v_fma(v_add(l.rest, l.rest), n, n_lost);
    return v_mul(v_fma(l.q, n, v_mul(l.q, lost)), l.s);
}

/* The hyperbolic tangent. tanh(+-0) = +-0, tanh(+-inf) = +-1.
 * Error: 0.964 ulp at 0x1.fad6eep-5.
 *
 * It is 1 - p (1 + rest) with p (1 + rest) = 2 / (1 + e^2|x|), where e^2|x| = 2^k (1 + a + b) and
 * s = 2^-k: p = 2 s q, and q is about 1 / (1 + s + a + b). rest is 1 - q times each of these. The
 * first difference, which is q (a + b) and what q lacks, is exact for k < 2, whose p is large. An s
 * that 1 + s has lost is too small to count. Below 2^-13 the result is x. */
INLINED v v_tanh(v x)
{
    const v one = v_set1(1);
    v size = v_abs(x), half = v_min(v_set1(10), size);
    vi sign = i_xor(v_bits(x), v_bits(size));
    struct exp_parts e = exp_parts(v_add(half, half));
    v s = power_below(e), c = v_add(one, s);
    v q = v_div(one, v_add(c, v_add(e.a, e.b)));
    v rest = v_fnma(q, e.b, v_fnma(q, e.a, v_fnma(q, c, one)));
    v p = v_mul(v_add(s, s), q), y = v_sub(one, p);
    y = v_add(y, v_fnma(p, rest, v_sub(v_sub(one, y), p)));
    return v_select(v_lt(size, v_set1(0x1p-13f)), x, v_from_bits(i_xor(v_bits(y), sign)));
}

#endif
