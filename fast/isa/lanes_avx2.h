/* lanes_avx2.h - the words of lanes.h in AVX2. */
/* clang-format off: a word is a line */
#define VEC_PAIR(x, y, i) \
    _mm256_castpd_ps(_mm256_shuffle_pd(_mm256_castps_pd(x), _mm256_castps_pd(y), i))
#define VEC_HALF(x, y, i) _mm256_permutevar8x32_ps(_mm256_shuffle_ps(x, y, i), VEC_HALF_ORDER)
#define VEC_HALF_ORDER _mm256_setr_epi32(0, 1, 4, 5, 2, 3, 6, 7)
#define VEC_IN(f, i) {f(x.a, y.a, i), f(x.b, y.b, i)}
#define VEC_ACROSS(i) {_mm256_permute2f128_ps(x.a, x.b, i), _mm256_permute2f128_ps(y.a, y.b, i)}
static inline v vec_low8(v x, v y) { return (v){x.a, y.a}; }
static inline v vec_high8(v x, v y) { return (v){x.b, y.b}; }
static inline v vec_low4(v x, v y) { return (v)VEC_ACROSS(0x20); }
static inline v vec_high4(v x, v y) { return (v)VEC_ACROSS(0x31); }
static inline v vec_low2(v x, v y) { return (v)VEC_IN(VEC_PAIR, 0x0); }
static inline v vec_high2(v x, v y) { return (v)VEC_IN(VEC_PAIR, 0xf); }
static inline v vec_low1(v x, v y) { return (v)VEC_IN(_mm256_shuffle_ps, 0x88); }
static inline v vec_high1(v x, v y) { return (v)VEC_IN(_mm256_shuffle_ps, 0xdd); }
static inline __m128 vec_quarter(v x)
{
    const __m256 h = _mm256_add_ps(x.a, x.b);
    return _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
}
static inline void v_store_quarter(float *p, v x) { _mm_storeu_ps(p, vec_quarter(x)); }
static inline float v_sum(v x)
{
    __m128 q = vec_quarter(x);
    q = _mm_add_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}
static inline v v_even(v x, v y) { return (v){VEC_HALF(x.a, x.b, 0x88), VEC_HALF(y.a, y.b, 0x88)}; }
static inline v v_odd(v x, v y) { return (v){VEC_HALF(x.a, x.b, 0xdd), VEC_HALF(y.a, y.b, 0xdd)}; }
static inline v vec_zip(__m256 x, __m256 y)
{
    const __m256 lo = _mm256_unpacklo_ps(x, y), hi = _mm256_unpackhi_ps(x, y);
    return (v){_mm256_permute2f128_ps(lo, hi, 0x20), _mm256_permute2f128_ps(lo, hi, 0x31)};
}
static inline v v_zip_low(v x, v y) { return vec_zip(x.a, y.a); }
static inline v v_zip_high(v x, v y) { return vec_zip(x.b, y.b); }
static inline __m256 vec_behind(__m256 x, __m256 y)
{
    const __m256i turned = _mm256_setr_epi32(7, 0, 1, 2, 3, 4, 5, 6);
    x = _mm256_permutevar8x32_ps(x, turned), y = _mm256_permutevar8x32_ps(y, turned);
    return _mm256_blend_ps(y, x, 1);
}
static inline v v_behind(v x, v y) { return (v){vec_behind(x.b, y.a), vec_behind(y.a, y.b)}; }
/* by the sign of a lane: whether it is of the second half, or of the second vector */
#define VEC_SIGN(i, n) _mm256_castsi256_ps(_mm256_slli_epi32(i, n))
static inline __m256 vec_spread(v x, __m256i i)
{
    const v p = {_mm256_permutevar8x32_ps(x.a, i), _mm256_permutevar8x32_ps(x.b, i)};
    return _mm256_blendv_ps(p.a, p.b, VEC_SIGN(i, 28));
}
static inline v v_spread(v x, vi i) { return (v){vec_spread(x, i.a), vec_spread(x, i.b)}; }
static inline __m256 vec_pick(v x, v y, __m256i i)
{
    return _mm256_blendv_ps(vec_spread(x, i), vec_spread(y, i), VEC_SIGN(i, 27));
}
static inline v v_pick(v x, v y, vi i) { return (v){vec_pick(x, y, i.a), vec_pick(x, y, i.b)}; }
static inline v v_quad(const float *p)
{
    const __m256 q = _mm256_broadcast_ps((const __m128 *)p);
    return (v){q, q};
}
