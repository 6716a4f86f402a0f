/* vmath.h - exp, log, log1p, sigmoid and tanh of a vector, in the words of vec.h alone.
 *
 * Every function is faithful: within 1 ulp of the true value, denormals included, infinite only
 * where the true value is that large. NaN gives NaN. The error above each function is the largest
 * over all its floats, with the input that shows it, in units of the last place of the true value;
 * below 2^-126 that unit is 2^-149. All are monotone where the function is.
 *
 * The polynomials are minimax fits, rounded to float one coefficient at a time, lowest first, the
 * others fitted anew after each. They are evaluated in pairs of terms: as many operations as
 * Horner's rule, a chain half as long.
 */
#ifndef FAST_VMATH_H
#define FAST_VMATH_H

#include "fast/vec.h"

#define ONE_BITS 0x3f800000u /* of 1.0f; adding n << 23 to them makes 2^n */

/* e^x = 2^k (1 + a + b) with |a| < 0.347 and |b| < 0.067, to 2^-28 of the value, |x| <= 105.
 *
 * a = x - k ln2 with the upper part of ln2, which is exact since a has no more bits than x and k
 * times 20 bits. r also has the lower part. b = e^r - 1 - a is what is left, low the part of it
 * that is not in the polynomial: (e^r - 1 - r) / r^2 on |r| <= 0.3466, fitted to 2^-28.2 of e^r.
 *
 * Adding 1.5 * 2^23 rounds to an integer, which is then in the low bits of the sum: k is taken
 * from there, modulo 2^22. */
struct exp_parts {
    v a, b;
    vi k;
};

static inline struct exp_parts exp_parts(v x)
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
    return (struct exp_parts){ a, v_fma(r2, q, low), v_bits(shifted) };
}

/* hi + lo = 1 + e.a + e.b, with hi the float nearest to it. lo is good to a few units of 2^-30,
 * and where k is 0 the small difference hi - 1 + lo keeps the relative precision of e.a. */
struct float_pair {
    v hi, lo;
};

static inline struct float_pair one_plus(struct exp_parts e)
{
    const v one = v_set1(1);
    v t = v_add(one, e.a);
    v rest = v_add(v_add(v_sub(one, t), e.a), e.b);
    v hi = v_add(t, rest);
    return (struct float_pair){ hi, v_add(v_sub(t, hi), rest) };
}

/* 2^k = a * b, each with half of k: 2^k itself may be out of range, and a result that is denormal
 * or overflows must do so in its last multiplication. k counts modulo 2^10. */
struct power_of_two {
    v a, b;
};

static inline struct power_of_two power_of_two(vi k)
{
    vi a = i_and(i_shl(k, 22), i_set1(0xff800000u)); /* floor(k / 2) << 23 */
    vi b = i_sub(i_shl(k, 23), a);
    vi one = i_set1(ONE_BITS);
    return (struct power_of_two){ v_from_bits(i_add(a, one)), v_from_bits(i_add(b, one)) };
}

/* e^x. exp(-inf) = 0, exp(inf) = inf.
 * Error: EXP */
static inline v v_exp(v x)
{
    x = v_select(v_lt(x, v_set1(-105)), v_set1(-105), x);
    x = v_select(v_lt(v_set1(89), x), v_set1(89), x);
    struct exp_parts e = exp_parts(x);
    struct power_of_two s = power_of_two(e.k);
    return v_mul(v_mul(v_add(v_set1(1), v_add(e.a, e.b)), s.a), s.b);
}

/* log(2^k (1 + f)) for -1/4 <= f < 1/2 and a whole number k as a float.
 *
 * (log(1 + f) - f) / f^2 is fitted to 2^-27.6 of log(1 + f). k times the upper 15 bits of ln2 is
 * exact, and so is its sum with f as hi + lo, since k is 0 or its term is the larger. */
static inline v log_parts(v k, v f)
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
 * Error: LOG
 *
 * x = 2^k m with 3/4 <= m < 3/2: subtracting the bits of 3/4 carries k into the exponent field. An
 * integer put below the bits of 2^23 becomes a float when 2^23 is subtracted again. */
static inline v v_log(v x)
{
    const v zero = v_set1(0), inf = v_from_bits(i_set1(0x7f800000u));
    const v nan = v_from_bits(i_set1(0x7fc00000u));
    const vi three_quarters = i_set1(0x3f400000u);
    vm tiny = v_lt(x, v_set1(0x1p-126f));
    v y = v_select(tiny, v_mul(x, v_set1(0x1p23f)), x);
    vi i = i_add(v_bits(y), i_set1(ONE_BITS - 0x3f400000u));
    v k = v_from_bits(i_add(i_shr(i, 23), i_set1(0x4b000000u)));
    k = v_sub(k, v_select(tiny, v_set1(0x1p23f + 127 + 23), v_set1(0x1p23f + 127)));
    v m = v_from_bits(i_add(i_and(i, i_set1(0x007fffffu)), three_quarters));
    v r = log_parts(k, v_sub(m, v_set1(1)));
    r = v_select(v_lt(x, inf), r, x);
    return v_select(v_lt(zero, x), r, v_select(v_eq(x, zero), v_neg(inf), nan));
}

/* log(1 + x), only for 0 <= x <= 1 (and NaN).
 * Error: LOG1P
 *
 * From 1/2 on, (1 + x) / 2 = 1 + (x - 1) / 2, and x - 1 is exact. */
static inline v v_log1p(v x)
{
    const v half = v_set1(0.5f);
    vm low = v_lt(x, half);
    v f = v_select(low, x, v_fma(half, x, v_set1(-0.5f)));
    return log_parts(v_select(low, v_set1(0), v_set1(1)), f);
}

/* 1 / (1 + e^-x). sigmoid(-inf) = 0, sigmoid(inf) = 1.
 * Error: SIGMOID
 *
 * With e^-x = 2^k m and s = 2^-k it is s / (s + m): nothing overflows, and the result is denormal
 * only in the last multiplication. q is 1 / (s + m) and is corrected once by 1 - q (s + m), which
 * needs what the sum s + m has lost. */
static inline v v_sigmoid(v x)
{
    const v one = v_set1(1);
    v z = v_select(v_lt(x, v_set1(-105)), v_set1(105), v_neg(x));
    z = v_select(v_lt(v_set1(20), x), v_set1(-20), z);
    struct exp_parts e = exp_parts(z);
    struct float_pair m = one_plus(e);
    struct power_of_two half = power_of_two(i_sub(i_set1(0), e.k));
    v s = v_mul(half.a, half.b);
    v d = v_add(s, m.hi), t = v_sub(d, s);
    v lost = v_add(v_add(v_sub(s, v_sub(d, t)), v_sub(m.hi, t)), m.lo);
    v q = v_div(one, d), nq = v_neg(q);
    v rest = v_fma(nq, lost, v_fma(nq, d, one));
    return v_mul(v_mul(v_fma(rest, q, q), half.a), half.b);
}

/* sigmoid(x) sigmoid(-x), the derivative of sigmoid, even in x.
 * Error: DSIGMOID
 *
 * With e^-|x| = s m, s = 2^k, it is s m / (1 + s m)^2, the quotient m / d corrected as above. */
static inline v v_dsigmoid(v x)
{
    const v one = v_set1(1);
    v z = v_neg(v_abs(x));
    z = v_select(v_lt(z, v_set1(-105)), v_set1(-105), z);
    struct exp_parts e = exp_parts(z);
    struct float_pair m = one_plus(e);
    struct power_of_two half = power_of_two(e.k);
    v s = v_mul(half.a, half.b);
    v hi = v_mul(s, m.hi), t = v_add(one, hi);
    v t_lost = v_add(v_add(v_sub(one, t), hi), v_mul(s, m.lo));
    v d = v_mul(t, t);
    v d_lost = v_fma(v_add(t, t), t_lost, v_fma(t, t, v_neg(d)));
    v y = v_div(one, d), q = v_mul(m.hi, y), nq = v_neg(q);
    v rest = v_add(v_fma(nq, d, m.hi), v_fma(nq, d_lost, m.lo));
    return v_mul(v_mul(v_fma(rest, y, q), half.a), half.b);
}

/* The hyperbolic tangent. tanh(+-0) = +-0, tanh(+-inf) = +-1.
 * Error: TANH
 *
 * (1 - e) / (1 + e) with e = e^-2|x|, numerator and denominator both as sums of two floats. Near 0
 * that needs no other polynomial, for there k is 0 and 1 - e loses nothing; below 2^-13 the result
 * is x. */
static inline v v_tanh(v x)
{
    const v one = v_set1(1);
    v a = v_abs(x);
    vi sign = i_xor(v_bits(x), v_bits(a));
    v z = v_mul(v_select(v_lt(v_set1(10), a), v_set1(10), a), v_set1(-2));
    struct exp_parts e = exp_parts(z);
    struct float_pair m = one_plus(e);
    v s = v_from_bits(i_add(i_shl(e.k, 23), i_set1(ONE_BITS)));
    v hi = v_mul(s, m.hi), lo = v_mul(s, m.lo);
    v n = v_sub(one, hi), n_lost = v_sub(v_sub(v_sub(one, n), hi), lo);
    v d = v_add(one, hi), d_lost = v_add(v_add(v_sub(one, d), hi), lo);
    v y = v_div(one, d), q = v_mul(n, y), nq = v_neg(q);
    v rest = v_add(v_fma(nq, d, n), v_fma(nq, d_lost, n_lost));
    v r = v_from_bits(i_xor(v_bits(v_fma(rest, y, q)), sign));
    return v_select(v_lt(a, v_set1(0x1p-13f)), x, r);
}

#endif
