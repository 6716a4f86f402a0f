/* composed.h - the words of vec.h that a dialect has no instructions for, said with others. */
#ifndef VEC_MINIMUM /* none that treats NaN and zeros so */
static inline v v_min(v a, v b)
{
    return v_select(v_lt(a, b), a, b);
}

static inline v v_max(v a, v b)
{
    return v_select(v_lt(b, a), a, b);
}
#endif

#ifndef VEC_MASKED_MEMORY
static inline vm m_first(int n)
{
    float lane[16];
    for (int l = 0; l < 16; l++)
        lane[l] = (float)(l < n);
    return v_lt(v_set1(0.0f), v_load(lane));
}

static inline v v_load_part(const float *p, int from, int n)
{
    float lane[16] = { 0 };
    for (int l = from < 0 ? 0 : from; l < 16 && l < n; l++)
        lane[l] = p[l];
    return v_load(lane);
}

static inline v v_load_n(const float *p, int n)
{
    return v_load_part(p, 0, n);
}

static inline void v_store_n(float *p, v x, int n)
{
    float lane[16];
    v_store(lane, x);
    for (int l = 0; l < 16 && l < n; l++)
        p[l] = lane[l];
}
#endif

#ifndef VEC_INSTRUCTIONS
/* Two factors, each with half of k: 2^k itself may be out of range. */
static inline v v_scale(v x, v k)
{
    vi i = v_bits(v_add(k, v_set1(0x1.8p23f)));      /* k in the low bits */
    vi a = i_and(i_shl(i, 22), i_set1(0xff800000u)); /* floor(k / 2) << 23 */
    vi b = i_sub(i_shl(i, 23), a), one = i_set1(0x3f800000u);
    return v_mul(v_mul(x, v_from_bits(i_add(a, one))), v_from_bits(i_add(b, one)));
}

static inline vm v_above(v a, v b)
{
    return m_and(m_not(v_le(a, b)), v_eq(b, b));
}

static inline v v_top(v a, v b)
{
    return v_select(v_above(b, a), b, a);
}
#endif

static inline v v_keep(v x, int n)
{
    return v_select(m_first(n), x, v_set1(0.0f));
}
