/* logs_avx512.h - the words of logs.h in AVX-512F, which has instructions for them. */
/* clang-format off: a word is a line */
static inline v v_mantissa(v x)
{
    return _mm512_getmant_ps(x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_zero);
}
/* Of m < 1 the exponent is -1. That of infinity is kept finite, for the sums it goes into. */
static inline v v_exponent(v x)
{
    const v e = _mm512_min_round_ps(_mm512_getexp_ps(x), v_set1(128.0f), _MM_FROUND_NO_EXC);
    return v_sub(e, _mm512_getexp_ps(v_mantissa(x)));
}
static inline v v_unless_special(v r, v x)
{
    const vi instead = i_set1(0x03530433); /* positive, negative, inf, -inf, 1, zero, NaNs */
    return _mm512_fixupimm_round_ps(r, x, instead, 0, _MM_FROUND_NO_EXC);
}
