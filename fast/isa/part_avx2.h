/* part_avx2.h - the words of part.h in AVX2. */
/* clang-format off: a word is a line */
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
