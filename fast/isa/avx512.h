/* avx512.h - the vocabulary of vec.h in AVX-512F alone (no DQ, BW or VL): one register. */
/* clang-format off: a word is a line */
#include <immintrin.h>

typedef __m512 v;
typedef __m512i vi;
typedef __mmask16 vm;

static inline v v_set1(float x) { return _mm512_set1_ps(x); }
static inline v v_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void v_store(float *p, v x) { _mm512_storeu_ps(p, x); }
static inline v v_hold(v x) { __asm__("" : "+v"(x)); return x; }

/* Masked moves do not touch, and do not fault on, the lanes that are masked off. */
#define VEC_MASKED_MEMORY
static inline vm m_first(int n)
{
    const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    return _mm512_cmplt_epi32_mask(lane, _mm512_set1_epi32(n));
}
static inline v v_load_n(const float *p, int n) { return _mm512_maskz_loadu_ps(m_first(n), p); }
static inline v v_load_part(const float *p, int from, int n)
{
    return _mm512_maskz_loadu_ps((vm)(m_first(n) & ~m_first(from)), p);
}
static inline void v_store_n(float *p, v x, int n)
{
    if (n >= 16) { v_store(p, x); return; } /* what is stored under a mask is slow to load again */
    _mm512_mask_storeu_ps(p, m_first(n), x);
}
#define VEC_INSTRUCTIONS /* v_scale, v_above and v_top are few here */

static inline v v_add(v a, v b) { return _mm512_add_ps(a, b); }
static inline v v_sub(v a, v b) { return _mm512_sub_ps(a, b); }
static inline v v_mul(v a, v b) { return _mm512_mul_ps(a, b); }
static inline v v_div(v a, v b) { return _mm512_div_ps(a, b); }
static inline v v_fma(v a, v b, v c) { return _mm512_fmadd_ps(a, b, c); }
static inline v v_fnma(v a, v b, v c) { return _mm512_fnmadd_ps(a, b, c); }
#define VEC_MINIMUM
static inline v v_min(v a, v b) { return _mm512_min_ps(a, b); }
static inline v v_max(v a, v b) { return _mm512_max_ps(a, b); }
static inline v v_scale(v x, v k) { return _mm512_scalef_ps(x, k); }

static inline vm v_lt(v a, v b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
static inline vm v_le(v a, v b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
static inline vm v_eq(v a, v b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
static inline vm m_and(vm a, vm b) { return (vm)(a & b); }
static inline vm m_not(vm a) { return (vm)~a; }
static inline v v_select(vm m, v a, v b) { return _mm512_mask_blend_ps(m, b, a); }

static inline vi v_bits(v x) { return _mm512_castps_si512(x); }
static inline v v_from_bits(vi x) { return _mm512_castsi512_ps(x); }
static inline vi i_set1(uint32_t x) { return _mm512_set1_epi32((int)x); }
static inline vi i_add(vi a, vi b) { return _mm512_add_epi32(a, b); }
static inline vi i_sub(vi a, vi b) { return _mm512_sub_epi32(a, b); }
static inline vi i_and(vi a, vi b) { return _mm512_and_si512(a, b); }
static inline vi i_xor(vi a, vi b) { return _mm512_xor_si512(a, b); }
static inline vi i_shl(vi a, int n) { return _mm512_sllv_epi32(a, _mm512_set1_epi32(n)); }
static inline vi i_shr(vi a, int n) { return _mm512_srlv_epi32(a, _mm512_set1_epi32(n)); }

static inline vm v_above(v a, v b)
{
    return _mm512_mask_cmp_ps_mask(v_eq(b, b), a, b, _CMP_NLE_UQ);
}
static inline v v_top(v a, v b)
{
    const v x = _mm512_max_round_ps(b, a, _MM_FROUND_NO_EXC); /* a, if one is a NaN or both zero; */
    return _mm512_fixupimm_round_ps(x, b, i_set1(0x11), 0, _MM_FROUND_NO_EXC); /* b, if it is one */
}
