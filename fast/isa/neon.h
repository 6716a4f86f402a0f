/* neon.h - the vocabulary of vec.h in AArch64 Advanced SIMD: four registers of four lanes. It has
 * no masked moves, so the partial loads and stores are those of vec.h. */
/* clang-format off: a word is a line */
#include <arm_neon.h>

typedef struct { float32x4_t a, b, c, d; } v;
typedef struct { uint32x4_t a, b, c, d; } vi;
typedef struct { uint32x4_t a, b, c, d; } vm; /* all bits of a lane set or clear */

#define VEC_1(f, x) {f((x).a), f((x).b), f((x).c), f((x).d)}
#define VEC_2(f, x, y) {f((x).a, (y).a), f((x).b, (y).b), f((x).c, (y).c), f((x).d, (y).d)}
#define VEC_3(f, x, y, z) {f((x).a, (y).a, (z).a), f((x).b, (y).b, (z).b), \
                           f((x).c, (y).c, (z).c), f((x).d, (y).d, (z).d)}
static inline v v_set1(float x) { float32x4_t q = vdupq_n_f32(x); return (v){q, q, q, q}; }
static inline v v_load(const float *p)
{
    return (v){vld1q_f32(p), vld1q_f32(p + 4), vld1q_f32(p + 8), vld1q_f32(p + 12)};
}
static inline void v_store(float *p, v x)
{
    vst1q_f32(p, x.a);
    vst1q_f32(p + 4, x.b);
    vst1q_f32(p + 8, x.c);
    vst1q_f32(p + 12, x.d);
}

static inline v v_hold(v x)
{
    __asm__("" : "+w"(x.a), "+w"(x.b), "+w"(x.c), "+w"(x.d));
    return x;
}

static inline v v_add(v x, v y) { return (v)VEC_2(vaddq_f32, x, y); }
static inline v v_sub(v x, v y) { return (v)VEC_2(vsubq_f32, x, y); }
static inline v v_mul(v x, v y) { return (v)VEC_2(vmulq_f32, x, y); }
static inline v v_div(v x, v y) { return (v)VEC_2(vdivq_f32, x, y); }
static inline v v_fma(v x, v y, v z) { return (v)VEC_3(vfmaq_f32, z, x, y); }
static inline v v_fnma(v x, v y, v z) { return (v)VEC_3(vfmsq_f32, z, x, y); }
static inline float32x4_t vec_quarter(v x)
{ return vaddq_f32(vaddq_f32(x.a, x.c), vaddq_f32(x.b, x.d)); }
static inline void v_store_quarter(float *p, v x) { vst1q_f32(p, vec_quarter(x)); }
static inline float v_sum(v x)
{
    const float32x4_t q = vec_quarter(x);
    return vpadds_f32(vadd_f32(vget_low_f32(q), vget_high_f32(q)));
}

static inline vm v_lt(v x, v y) { return (vm)VEC_2(vcltq_f32, x, y); }
static inline vm v_le(v x, v y) { return (vm)VEC_2(vcleq_f32, x, y); }
static inline vm v_eq(v x, v y) { return (vm)VEC_2(vceqq_f32, x, y); }
static inline vm m_and(vm x, vm y) { return (vm)VEC_2(vandq_u32, x, y); }
static inline vm m_not(vm x) { return (vm)VEC_1(vmvnq_u32, x); }
static inline v v_select(vm m, v x, v y) { return (v)VEC_3(vbslq_f32, m, x, y); }

static inline vi v_bits(v x) { return (vi)VEC_1(vreinterpretq_u32_f32, x); }
static inline v v_from_bits(vi x) { return (v)VEC_1(vreinterpretq_f32_u32, x); }
static inline vi i_set1(uint32_t x) { uint32x4_t q = vdupq_n_u32(x); return (vi){q, q, q, q}; }
static inline vi i_add(vi x, vi y) { return (vi)VEC_2(vaddq_u32, x, y); }
static inline vi i_sub(vi x, vi y) { return (vi)VEC_2(vsubq_u32, x, y); }
static inline vi i_and(vi x, vi y) { return (vi)VEC_2(vandq_u32, x, y); }
static inline vi i_xor(vi x, vi y) { return (vi)VEC_2(veorq_u32, x, y); }
/* One instruction shifts either way, by a signed count in each lane. */
static inline vi vec_shift(vi x, int32x4_t n)
{
    return (vi){vshlq_u32(x.a, n), vshlq_u32(x.b, n), vshlq_u32(x.c, n), vshlq_u32(x.d, n)};
}
static inline vi i_shl(vi x, int n) { return vec_shift(x, vdupq_n_s32(n)); }
static inline vi i_shr(vi x, int n) { return vec_shift(x, vdupq_n_s32(-n)); }
