/* part.h - the register that a vector is made of: for sums that are kept lane by lane.
 *
 * Where a tile of sums needs more vectors than there are registers, it may still have room for one part
 * of each: PARTS of them make a vector, PART_LANES lanes each. A loop over the parts does the same, lane
 * by lane, as one over whole vectors.
 *
 *   part_zero part_load part_load_n part_store part_fma part_hold     as the words of vec.h
 */
/* clang-format off: a word is a line */
#if defined(ISA_avx2)
typedef __m256 part;
enum { PARTS = 2, PART_LANES = 8 };
static inline part part_zero(void) { return _mm256_setzero_ps(); }
static inline part part_load(const float *p) { return _mm256_loadu_ps(p); }
static inline part part_load_n(const float *p, int n)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_maskload_ps(p, _mm256_cmpgt_epi32(_mm256_set1_epi32(n), lane));
}
static inline void part_store(float *p, part x) { _mm256_storeu_ps(p, x); }
static inline part part_fma(part a, part b, part c) { return _mm256_fmadd_ps(a, b, c); }
static inline part part_hold(part x) { __asm__("" : "+x"(x)); return x; }
#elif defined(ISA_neon)
typedef float32x4_t part;
enum { PARTS = 4, PART_LANES = 4 };
static inline part part_zero(void) { return vdupq_n_f32(0.0f); }
static inline part part_load(const float *p) { return vld1q_f32(p); }
static inline part part_load_n(const float *p, int n)
{
    float lane[4] = { 0 };
    for (int l = 0; l < 4 && l < n; l++)
        lane[l] = p[l];
    return vld1q_f32(lane);
}
static inline void part_store(float *p, part x) { vst1q_f32(p, x); }
static inline part part_fma(part a, part b, part c) { return vfmaq_f32(c, a, b); }
static inline part part_hold(part x) { __asm__("" : "+w"(x)); return x; }
#else
typedef v part;
enum { PARTS = 1, PART_LANES = 16 };
static inline part part_zero(void) { return v_set1(0.0f); }
static inline part part_load(const float *p) { return v_load(p); }
static inline part part_load_n(const float *p, int n) { return v_load_n(p, n); }
static inline void part_store(float *p, part x) { v_store(p, x); }
static inline part part_fma(part a, part b, part c) { return v_fma(a, b, c); }
static inline part part_hold(part x) { return v_hold(x); }
#endif
