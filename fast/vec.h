/* vec.h - the vector vocabulary: every word a kernel may say, and what it means.
 *
 * A vector v is always 16 floats, whatever the register: one AVX-512 register, two AVX, four NEON,
 * an array in portable C. The order of every sum is therefore a property of the source, and every
 * instruction set gives the same bits for the same input; only the payload of a NaN may differ.
 *
 *   v      16 floats, lanes 0 to 15
 *   vi     16 unsigned 32-bit integers, which wrap
 *   vm     16 truth values
 *
 * Memory, at any alignment. What is said not to be touched is neither read nor written, and may lie
 * on an unmapped page.
 *
 *   v_set1(x)                   x in every lane
 *   v_load(p)                   lane l = p[l]
 *   v_load_n(p, n)              lane l = p[l] for l < n, else +0; only the first n are touched;
 *                               n <= 0 gives zeros and n >= 16 gives v_load
 *   v_load_part(p, from, n)     v_load_n, but +0 and untouched for l < from as well
 *   v_load_stride(p, s, n)      lane l = p[l * s] for l < n, else +0; nothing before or behind
 *                               those is touched
 *   v_quad(p)                   lane l = p[l mod 4]
 *   v_fetch(p)                  p[0] will be wanted soon
 *   v_store(p, x), v_store_n(p, x, n), v_store_stride(p, s, x, n)
 *                               the same lanes the other way; other lanes are not written
 *
 *   v_hold(x)                   x, for several uses: a compiler may otherwise load it again for
 *                               each
 *
 * Arithmetic, rounded to nearest even, denormals kept, NaN and infinity as in IEEE 754.
 *
 *   v_add v_sub v_mul v_div     one rounding each; nothing contracts them
 *   v_fma(a, b, c)              a * b + c in one rounding
 *   v_fnma(a, b, c)             c - a * b in one rounding
 *   v_scale(x, k)               x * 2^k for a whole number k, |k| <= 256, rounded once, unless x
 *                               itself is nearly out of range
 *   v_neg(x), v_abs(x)          the sign bit flipped or cleared, of a zero and a NaN as well
 *   v_sum(x)                    all lanes by one fixed tree: l plus l + 8, then 4, 2 and 1 apart
 *   v_store_quarter(p, x)       p[0] to p[3]: what two steps of v_sum leave of x
 *   v_quarters(x), v_ends(x)    of 4 vectors a quarter each, what two steps of v_sum leave of it;
 *                               and from 4 of these: lane 4 k + l = v_sum of what is quarter k of
 *                               x[l]
 *   v_sums(x)                   lane l = v_sum(x[l]), of 16 vectors, for far less than 16 of them
 *   v_maxima(x)                 lane l = the maximum of x[l] likewise, by v_max
 *   v_across(x, op)             all lanes by v_min or v_max, in every lane
 *   v_even(a, b), v_odd(a, b)   lanes 0, 2, ... 14 of a, then those of b; or 1, 3, ... 15
 *   v_zip_low(a, b)             lanes 0 to 7 of a and b in turn: a0 b0 a1 b1 ...
 *   v_zip_high(a, b)            lanes 8 to 15 in turn
 *   v_behind(a, b)              lane 15 of a, then lanes 0 to 14 of b
 *   v_spread(x, i)              lane l = lane i[l] of x; i[l] < 16
 *   v_pick(a, b, i)             lane l = lane i[l] of a, or lane i[l] - 16 of b; i[l] < 32
 *   v_transpose(x)              lane l of x[k] and lane k of x[l] change places, in 16 vectors
 *
 * Choice. Instruction sets disagree on the minimum of NaN and of signed zeros: here it is b, as of
 * a comparison and a choice; a NaN may raise invalid.
 *
 *   v_min(a, b), v_max(a, b)    a < b ? a : b and b < a ? a : b, lane by lane
 *   v_lt v_le v_eq              a < b, a <= b, a == b; false where either is NaN
 *   m_and m_not            on truth values
 *   m_first(n)                  true in the first n lanes
 *   v_select(m, a, b)           m ? a : b, lane by lane, bits unchanged
 *   v_above(a, b)               a > b, where a NaN is above every number, and none above a NaN
 *   v_top(a, b)                 b where it is above a, else a; of two NaNs either
 *
 *   v_keep(x, n)                the first n lanes of x, and +0 in the others
 *
 * Bits, for vmath.h.
 *
 *   v_bits(x), v_from_bits(i)   the same 32 bits under the other type
 *   v_exponent v_mantissa v_unless_special      a float taken apart for its logarithm: see logs.h
 *   i_set1 i_add i_sub i_and i_xor
 *   i_shl(i, n), i_shr(i, n)    all lanes shifted by n < 32, zeros shifted in
 *
 * About the set, for the shape of tiles and the name of a file's one exported symbol.
 *
 *   V_ACCUMULATORS              how many running sums stay in registers beside their operands
 *   UNROLL                      before a loop over the vectors of a tile
 *   INLINED                     before a function some of whose arguments are constants where it is
 *                               called
 *   APART                       before a function that shall have the registers to itself
 *   FAST_TABLE(layer)           the name of the layer's table for this set
 */
#ifndef FAST_VEC_H
#define FAST_VEC_H

#include <stddef.h>
#include <stdint.h>

#if defined(ISA_scalar) + defined(ISA_avx2) + defined(ISA_avx512) + defined(ISA_neon) != 1
#error "define exactly one of ISA_scalar, ISA_avx2, ISA_avx512, ISA_neon"
#elif defined(ISA_scalar)
#include "fast/isa/scalar.h"
#define FAST_TABLE(layer) layer##_scalar
enum { V_ACCUMULATORS = 2 };
#elif defined(ISA_avx2)
#include "fast/isa/avx2.h"
#define FAST_TABLE(layer) layer##_avx2
enum { V_ACCUMULATORS = 6 };
#elif defined(ISA_avx512)
#include "fast/isa/avx512.h"
#define FAST_TABLE(layer) layer##_avx512
enum { V_ACCUMULATORS = 24 };
#else
#include "fast/isa/neon.h"
#define FAST_TABLE(layer) layer##_neon
enum { V_ACCUMULATORS = 6 };
#endif

static inline void v_fetch(const float *p)
{
    __builtin_prefetch(p);
}

static inline v v_neg(v x)
{
    return v_from_bits(i_xor(v_bits(x), i_set1(0x80000000u)));
}

static inline v v_abs(v x)
{
    return v_from_bits(i_and(v_bits(x), i_set1(0x7fffffffu)));
}

#define INLINED static inline __attribute__((always_inline))
#define APART   static __attribute__((noinline))

/* Loops over the vectors of a tile, whose length is a constant where they stand: only where all of
 * them are unrolled do compilers keep the vectors in registers. */
#if defined(ISA_scalar) /* has no registers to keep them in */
#define UNROLL
#elif defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 24")
#endif

#include "fast/isa/composed.h"
#include "fast/isa/lanes.h"
#include "fast/isa/logs.h"

#define VEC_FOLD(op, n, a, b) op(vec_low##n(a, b), vec_high##n(a, b))

/* Each step does what v_sum does, of two vectors at once. */
INLINED v vec_quarters(const v *x, v (*op)(v a, v b))
{
    const v a = VEC_FOLD(op, 8, x[0], x[1]), b = VEC_FOLD(op, 8, x[2], x[3]);
    return VEC_FOLD(op, 4, a, b);
}

INLINED v vec_ends(const v *x, v (*op)(v a, v b))
{
    const v a = VEC_FOLD(op, 2, x[0], x[1]), b = VEC_FOLD(op, 2, x[2], x[3]);
    return VEC_FOLD(op, 1, a, b);
}

/* This order leaves what becomes of vector l in lane l. */
INLINED v vec_fold(const v *x, v (*op)(v a, v b))
{
    v left[4];
    UNROLL
    for (int k = 0; k < 4; k++)
        left[k] = vec_quarters((v[]){ x[k], x[k + 4], x[k + 8], x[k + 12] }, op);
    return vec_ends(left, op);
}

/* What op makes of all lanes, whatever their order, in every lane. */
INLINED v v_across(v x, v (*op)(v a, v b))
{
    UNROLL
    for (int halves = 0; halves < 4; halves++)
        x = op(v_zip_low(x, x), v_zip_high(x, x));
    return x;
}

static inline v v_quarters(const v *x) { return vec_quarters(x, v_add); }
static inline v v_ends(const v *x) { return vec_ends(x, v_add); }
static inline v v_sums(const v *x) { return vec_fold(x, v_add); }
static inline v v_maxima(const v *x) { return vec_fold(x, v_max); }

/* Of four vectors, or of four lanes each: what is at the same place in them comes side by side. */
#define VEC_TURN(n, half, a, b, c, d, to, step)                                                    \
    do {                                                                                           \
        const v low = vec_low##n(a, b), low2 = vec_low##n(c, d);                                   \
        const v high = vec_high##n(a, b), high2 = vec_high##n(c, d);                               \
        (to)[0] = vec_low##half(low, low2), (to)[step] = vec_high##half(low, low2);                \
        (to)[2 * (step)] = vec_low##half(high, high2);                                             \
        (to)[3 * (step)] = vec_high##half(high, high2);                                            \
    } while (0)

/* First four lanes go together: vector 4 k + i of y has lanes 4 k to 4 k + 3 of vectors i, i + 4,
 * i + 8 and i + 12. */
static inline void v_transpose(v *x)
{
    v y[16];
    UNROLL
    for (int i = 0; i < 4; i++)
        VEC_TURN(8, 4, x[i], x[i + 4], x[i + 8], x[i + 12], y + i, 4);
    UNROLL
    for (int k = 0; k < 16; k += 4)
        VEC_TURN(2, 1, y[k], y[k + 1], y[k + 2], y[k + 3], x + k, 1);
}

/* Not inlined: the lanes go one by one anyway, and kernels repeat these calls in every tile. */
static __attribute__((noinline, unused)) v vec_gather(const float *p, int stride, int from, int n)
{
    float lane[16] = { 0 };
    for (int l = from < 0 ? 0 : from; l < 16 && l < n; l++)
        lane[l] = p[(ptrdiff_t)l * stride];
    return v_load(lane);
}

static __attribute__((noinline, unused)) void vec_scatter(float *p, int stride, v x, int n)
{
    float lane[16];
    v_store(lane, x);
    for (int l = 0; l < 16 && l < n; l++)
        p[(ptrdiff_t)l * stride] = lane[l];
}

static inline v v_load_stride(const float *p, int stride, int n)
{
    if (stride == 2 && n > 0)
        return v_even(v_load_n(p, 2 * n - 1), v_load_n(p + 16, 2 * n - 17));
    return stride == 1 ? v_load_n(p, n) : vec_gather(p, stride, 0, n);
}

static inline void v_store_stride(float *p, int stride, v x, int n)
{
    if (stride == 1)
        v_store_n(p, x, n);
    else
        vec_scatter(p, stride, x, n);
}

#endif
