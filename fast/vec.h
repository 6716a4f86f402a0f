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
 *   v_load_stride(p, s, n)      lane l = p[l * s] for l < n, else +0; nothing else is touched
 *   v_store(p, x), v_store_n(p, x, n), v_store_stride(p, s, x, n)
 *                               the same lanes the other way; other lanes are not written
 *
 * Arithmetic, rounded to nearest even, denormals kept, NaN and infinity as in IEEE 754.
 *
 *   v_add v_sub v_mul v_div     one rounding each; nothing contracts them
 *   v_fma(a, b, c)              a * b + c in one rounding
 *   v_neg(x), v_abs(x)          the sign bit flipped or cleared, of a zero and a NaN as well
 *   v_sum(x)                    all lanes by one fixed tree: l plus l + 8, then 4, 2 and 1 apart
 *
 * Choice. There is no minimum or maximum: instruction sets disagree on NaN and on signed zeros, so
 * it is said as a comparison and a choice.
 *
 *   v_lt v_le v_eq              a < b, a <= b, a == b; false where either is NaN
 *   m_and m_not            on truth values
 *   v_select(m, a, b)           m ? a : b, lane by lane, bits unchanged
 *
 *   v_keep(x, n)                the first n lanes of x, and +0 in the others
 *
 * Bits, for vmath.h.
 *
 *   v_bits(x), v_from_bits(i)   the same 32 bits under the other type
 *   i_set1 i_add i_sub i_and i_xor
 *   i_shl(i, n), i_shr(i, n)    all lanes shifted by n < 32, zeros shifted in
 *
 * About the set, for the shape of tiles and the name of a file's one exported symbol.
 *
 *   V_ACCUMULATORS              how many running sums stay in registers beside their operands
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

static inline v v_neg(v x)
{
    return v_from_bits(i_xor(v_bits(x), i_set1(0x80000000u)));
}

static inline v v_abs(v x)
{
    return v_from_bits(i_and(v_bits(x), i_set1(0x7fffffffu)));
}

#ifndef VEC_MASKED_MEMORY /* the dialect has no v_load_n and v_store_n of its own */
static inline v v_load_n(const float *p, int n)
{
    float lane[16] = { 0 };
    for (int l = 0; l < 16 && l < n; l++)
        lane[l] = p[l];
    return v_load(lane);
}

static inline void v_store_n(float *p, v x, int n)
{
    float lane[16];
    v_store(lane, x);
    for (int l = 0; l < 16 && l < n; l++)
        p[l] = lane[l];
}
#endif

/* Not inlined: the lanes go one by one anyway, and kernels repeat these calls in every tile. */
static __attribute__((noinline, unused)) v vec_gather(const float *p, int stride, int n)
{
    float lane[16] = { 0 };
    for (int l = 0; l < 16 && l < n; l++)
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
    return stride == 1 ? v_load_n(p, n) : vec_gather(p, stride, n);
}

static inline void v_store_stride(float *p, int stride, v x, int n)
{
    if (stride == 1)
        v_store_n(p, x, n);
    else
        vec_scatter(p, stride, x, n);
}

static inline v v_keep(v x, int n)
{
    float lane[16];
    v_store(lane, x);
    return v_load_n(lane, n);
}

#endif
