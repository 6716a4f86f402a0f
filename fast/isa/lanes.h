/* lanes.h - the words of vec.h that move values from lane to lane, in every dialect.
 *
 * vec_fold<n> takes groups of 2n lanes in both vectors and adds the second half of each group to the
 * first; the sums of a fill one half of the result and those of b the other, group beside group. */
/* clang-format off: a word is a line */
#if defined(ISA_avx512)
#define VEC_FOLD(f, lo, hi) return _mm512_add_ps(f(a, b, lo), f(a, b, hi))
#define VEC_PAIR(x, y, i) \
    _mm512_castpd_ps(_mm512_shuffle_pd(_mm512_castps_pd(x), _mm512_castps_pd(y), i))
static inline v vec_fold8(v a, v b) { VEC_FOLD(_mm512_shuffle_f32x4, 0x44, 0xee); }
static inline v vec_fold4(v a, v b) { VEC_FOLD(_mm512_shuffle_f32x4, 0x88, 0xdd); }
static inline v vec_fold2(v a, v b) { VEC_FOLD(VEC_PAIR, 0x00, 0xff); }
static inline v vec_fold1(v a, v b) { VEC_FOLD(_mm512_shuffle_ps, 0x88, 0xdd); }
static inline v v_even(v a, v b)
{
    const __m512i l = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    return _mm512_permutex2var_ps(a, l, b);
}
static inline v v_zip_low(v a, v b)
{
    const __m512i l = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    return _mm512_permutex2var_ps(a, l, b);
}
static inline v v_zip_high(v a, v b)
{
    const __m512i l = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    return _mm512_permutex2var_ps(a, l, b);
}
#elif defined(ISA_avx2)
#define VEC_FOLD(f, x, y, lo, hi) _mm256_add_ps(f(x, y, lo), f(x, y, hi))
#define VEC_PAIR(x, y, i) \
    _mm256_castpd_ps(_mm256_shuffle_pd(_mm256_castps_pd(x), _mm256_castps_pd(y), i))
#define VEC_EVEN(x, y) _mm256_permutevar8x32_ps(_mm256_shuffle_ps(x, y, 0x88), VEC_EVEN_ORDER)
#define VEC_EVEN_ORDER _mm256_setr_epi32(0, 1, 4, 5, 2, 3, 6, 7)
#define VEC_IN(f, lo, hi) {VEC_FOLD(f, x.a, y.a, lo, hi), VEC_FOLD(f, x.b, y.b, lo, hi)}
#define VEC_ACROSS(f, lo, hi) {VEC_FOLD(f, x.a, x.b, lo, hi), VEC_FOLD(f, y.a, y.b, lo, hi)}
static inline v vec_fold8(v x, v y) { return (v){_mm256_add_ps(x.a, x.b), _mm256_add_ps(y.a, y.b)}; }
static inline v vec_fold4(v x, v y) { return (v)VEC_ACROSS(_mm256_permute2f128_ps, 0x20, 0x31); }
static inline v vec_fold2(v x, v y) { return (v)VEC_IN(VEC_PAIR, 0x0, 0xf); }
static inline v vec_fold1(v x, v y) { return (v)VEC_IN(_mm256_shuffle_ps, 0x88, 0xdd); }
static inline v v_even(v x, v y) { return (v){VEC_EVEN(x.a, x.b), VEC_EVEN(y.a, y.b)}; }
static inline v vec_zip(__m256 x, __m256 y)
{
    const __m256 lo = _mm256_unpacklo_ps(x, y), hi = _mm256_unpackhi_ps(x, y);
    return (v){_mm256_permute2f128_ps(lo, hi, 0x20), _mm256_permute2f128_ps(lo, hi, 0x31)};
}
static inline v v_zip_low(v x, v y) { return vec_zip(x.a, y.a); }
static inline v v_zip_high(v x, v y) { return vec_zip(x.b, y.b); }
#elif defined(ISA_neon)
#define VEC_HALVES(x) vadd_f32(vget_low_f32(x), vget_high_f32(x))
#define VEC_PAIR(x, y) vcombine_f32(VEC_HALVES(x), VEC_HALVES(y))
static inline v vec_fold8(v x, v y)
{
    return (v){vaddq_f32(x.a, x.c), vaddq_f32(x.b, x.d), vaddq_f32(y.a, y.c), vaddq_f32(y.b, y.d)};
}
static inline v vec_fold4(v x, v y)
{
    return (v){vaddq_f32(x.a, x.b), vaddq_f32(x.c, x.d), vaddq_f32(y.a, y.b), vaddq_f32(y.c, y.d)};
}
static inline v vec_fold2(v x, v y) { return (v)VEC_2(VEC_PAIR, x, y); }
static inline v vec_fold1(v x, v y) { return (v)VEC_2(vpaddq_f32, x, y); }
static inline v v_even(v x, v y)
{
    return (v){vuzp1q_f32(x.a, x.b), vuzp1q_f32(x.c, x.d), vuzp1q_f32(y.a, y.b), vuzp1q_f32(y.c, y.d)};
}
#define VEC_ZIP(i, j) {vzip1q_f32(x.i, y.i), vzip2q_f32(x.i, y.i), vzip1q_f32(x.j, y.j), vzip2q_f32(x.j, y.j)}
static inline v v_zip_low(v x, v y) { return (v)VEC_ZIP(a, b); }
static inline v v_zip_high(v x, v y) { return (v)VEC_ZIP(c, d); }
#endif
