/* avx2.h - the vocabulary of vec.h in AVX2 and FMA: two registers, lanes 0 to 7 and 8 to 15. */
/* clang-format off: a word is a line */
#include <immintrin.h>

typedef struct { __m256 a, b; } v;
typedef struct { __m256i a, b; } vi;
typedef struct { __m256 a, b; } vm; /* all bits of a lane set or clear */

#define VEC_1(f, x) {f(x.a), f(x.b)}
#define VEC_2(f, x, y) {f(x.a, y.a), f(x.b, y.b)}
#define VEC_3(f, x, y, z) {f(x.a, y.a, z.a), f(x.b, y.b, z.b)}

static inline v v_set1(float x) { return (v){_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
static inline v v_load(const float *p) { return (v){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
static inline void v_store(float *p, v x)
{ _mm256_storeu_ps(p, x.a); _mm256_storeu_ps(p + 8, x.b); }
static inline v v_hold(v x) { __asm__("" : "+x"(x.a), "+x"(x.b)); return x; }
#include "fast/isa/memory_avx2.h"

static inline v v_add(v x, v y) { return (v)VEC_2(_mm256_add_ps, x, y); }
static inline v v_sub(v x, v y) { return (v)VEC_2(_mm256_sub_ps, x, y); }
static inline v v_mul(v x, v y) { return (v)VEC_2(_mm256_mul_ps, x, y); }
static inline v v_div(v x, v y) { return (v)VEC_2(_mm256_div_ps, x, y); }
static inline v v_fma(v x, v y, v z) { return (v)VEC_3(_mm256_fmadd_ps, x, y, z); }
static inline v v_fnma(v x, v y, v z) { return (v)VEC_3(_mm256_fnmadd_ps, x, y, z); }
#define VEC_MINIMUM
static inline v v_min(v x, v y) { return (v)VEC_2(_mm256_min_ps, x, y); }
static inline v v_max(v x, v y) { return (v)VEC_2(_mm256_max_ps, x, y); }

#define VEC_COMPARE(x, y, how) {_mm256_cmp_ps(x.a, y.a, how), _mm256_cmp_ps(x.b, y.b, how)}
static inline vm v_lt(v x, v y) { return (vm)VEC_COMPARE(x, y, _CMP_LT_OQ); }
static inline vm v_le(v x, v y) { return (vm)VEC_COMPARE(x, y, _CMP_LE_OQ); }
static inline vm v_eq(v x, v y) { return (vm)VEC_COMPARE(x, y, _CMP_EQ_OQ); }
static inline vm m_and(vm x, vm y) { return (vm)VEC_2(_mm256_and_ps, x, y); }
static inline vm m_not(vm m) { return (vm)VEC_COMPARE(m, m, _CMP_EQ_OQ); } /* set: a NaN */
static inline v v_select(vm m, v x, v y) { return (v)VEC_3(_mm256_blendv_ps, y, x, m); }
static inline vi v_bits(v x) { return (vi)VEC_1(_mm256_castps_si256, x); }
static inline v v_from_bits(vi i) { return (v)VEC_1(_mm256_castsi256_ps, i); }
static inline vi i_set1(uint32_t x) { __m256i r = _mm256_set1_epi32((int)x); return (vi){r, r}; }
static inline vi i_add(vi x, vi y) { return (vi)VEC_2(_mm256_add_epi32, x, y); }
static inline vi i_sub(vi x, vi y) { return (vi)VEC_2(_mm256_sub_epi32, x, y); }
static inline vi i_and(vi x, vi y) { return (vi)VEC_2(_mm256_and_si256, x, y); }
static inline vi i_xor(vi x, vi y) { return (vi)VEC_2(_mm256_xor_si256, x, y); }
static inline vi i_shl(vi x, int n) { return (vi)VEC_2(_mm256_sllv_epi32, x, i_set1((uint32_t)n)); }
static inline vi i_shr(vi x, int n) { return (vi)VEC_2(_mm256_srlv_epi32, x, i_set1((uint32_t)n)); }
