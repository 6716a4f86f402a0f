/* lanes_avx512.h - the words of lanes.h in AVX-512F. */
/* clang-format off: a word is a line */
#define VEC_PAIR(x, y, i) \
    _mm512_castpd_ps(_mm512_shuffle_pd(_mm512_castps_pd(x), _mm512_castps_pd(y), i))
static inline v vec_low8(v a, v b) { return _mm512_shuffle_f32x4(a, b, 0x44); }
static inline v vec_high8(v a, v b) { return _mm512_shuffle_f32x4(a, b, 0xee); }
static inline v vec_low4(v a, v b) { return _mm512_shuffle_f32x4(a, b, 0x88); }
static inline v vec_high4(v a, v b) { return _mm512_shuffle_f32x4(a, b, 0xdd); }
static inline v vec_low2(v a, v b) { return VEC_PAIR(a, b, 0x00); }
static inline v vec_high2(v a, v b) { return VEC_PAIR(a, b, 0xff); }
static inline v vec_low1(v a, v b) { return _mm512_shuffle_ps(a, b, 0x88); }
static inline v vec_high1(v a, v b) { return _mm512_shuffle_ps(a, b, 0xdd); }
static inline __m128 vec_quarter(v x)
{
    const __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(x), 1));
    const __m256 h = _mm256_add_ps(_mm512_castps512_ps256(x), high);
    return _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
}
static inline void v_store_quarter(float *p, v x) { _mm_storeu_ps(p, vec_quarter(x)); }
static inline float v_sum(v x)
{
    __m128 q = vec_quarter(x);
    q = _mm_add_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}
static inline v v_even(v a, v b)
{
    const __m512i l = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    return _mm512_permutex2var_ps(a, l, b);
}
static inline v v_odd(v a, v b)
{
    const __m512i l = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    return _mm512_permutex2var_ps(a, l, b);
}
static inline v v_zip_low(v a, v b)
{
    const __m512i l = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    return _mm512_permutex2var_ps(a, l, b);
}
static inline v v_zip_high(v a, v b)
{
    const __m512i l =
        _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    return _mm512_permutex2var_ps(a, l, b);
}
static inline v v_behind(v a, v b)
{
    return v_from_bits(_mm512_alignr_epi32(v_bits(b), v_bits(a), 15));
}
static inline v v_spread(v x, vi i) { return _mm512_permutexvar_ps(i, x); }
static inline v v_pick(v a, v b, vi i) { return _mm512_permutex2var_ps(a, i, b); }
static inline v v_quad(const float *p) { return _mm512_broadcast_f32x4(_mm_loadu_ps(p)); }
