/* memory_avx2.h - the partial loads and stores of vec.h in AVX2. */
/* clang-format off: a word is a line */
/* Masked moves do not touch, and do not fault on, the lanes that are masked off. */
#define VEC_MASKED_MEMORY
static inline vi vec_first(int n)
{
    const vi lane = {_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
                     _mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15)};
    const vi end = {_mm256_set1_epi32(n), _mm256_set1_epi32(n)};
    return (vi)VEC_2(_mm256_cmpgt_epi32, end, lane);
}
static inline vm m_first(int n)
{
    const vi m = vec_first(n);
    return (vm)VEC_1(_mm256_castsi256_ps, m);
}
#define VEC_LOAD(p, m) {_mm256_maskload_ps(p, m.a), _mm256_maskload_ps(p + 8, m.b)}
static inline v v_load_n(const float *p, int n) { vi m = vec_first(n); return (v)VEC_LOAD(p, m); }
static inline v v_load_part(const float *p, int from, int n)
{
    const vi not = vec_first(from), end = vec_first(n), m = VEC_2(_mm256_andnot_si256, not, end);
    return (v)VEC_LOAD(p, m);
}
/* Masked stores are microcoded on some, and take as long as ten others. */
static inline void vec_store_n(float *p, __m256 x, int n)
{
    __m128 q = _mm256_castps256_ps128(x);
    if (n >= 8) { _mm256_storeu_ps(p, x); return; }
    if (n <= 0) return;
    if (n & 4) { _mm_storeu_ps(p, q); q = _mm256_extractf128_ps(x, 1); p += 4; }
    if (n & 2) { _mm_storel_pi((__m64 *)p, q); q = _mm_movehl_ps(q, q); p += 2; }
    if (n & 1) _mm_store_ss(p, q);
}
static inline void v_store_n(float *p, v x, int n)
{
    if (n >= 16) { v_store(p, x); return; }
    vec_store_n(p, x.a, n);
    vec_store_n(p + 8, x.b, n - 8);
}
