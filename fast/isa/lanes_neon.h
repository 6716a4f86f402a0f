/* lanes_neon.h - the words of lanes.h in NEON. */
/* clang-format off: a word is a line */
#define VEC_LOW(x, y) vcombine_f32(vget_low_f32(x), vget_low_f32(y))
#define VEC_HIGH(x, y) vcombine_f32(vget_high_f32(x), vget_high_f32(y))
static inline v vec_low8(v x, v y) { return (v){x.a, x.b, y.a, y.b}; }
static inline v vec_high8(v x, v y) { return (v){x.c, x.d, y.c, y.d}; }
static inline v vec_low4(v x, v y) { return (v){x.a, x.c, y.a, y.c}; }
static inline v vec_high4(v x, v y) { return (v){x.b, x.d, y.b, y.d}; }
static inline v vec_low2(v x, v y) { return (v)VEC_2(VEC_LOW, x, y); }
static inline v vec_high2(v x, v y) { return (v)VEC_2(VEC_HIGH, x, y); }
static inline v vec_low1(v x, v y) { return (v)VEC_2(vuzp1q_f32, x, y); }
static inline v vec_high1(v x, v y) { return (v)VEC_2(vuzp2q_f32, x, y); }
static inline v v_even(v x, v y)
{
    return (v){vuzp1q_f32(x.a, x.b), vuzp1q_f32(x.c, x.d),
               vuzp1q_f32(y.a, y.b), vuzp1q_f32(y.c, y.d)};
}
static inline v v_odd(v x, v y)
{
    return (v){vuzp2q_f32(x.a, x.b), vuzp2q_f32(x.c, x.d),
               vuzp2q_f32(y.a, y.b), vuzp2q_f32(y.c, y.d)};
}
#define VEC_ZIP(i, j) {vzip1q_f32(x.i, y.i), vzip2q_f32(x.i, y.i), \
                       vzip1q_f32(x.j, y.j), vzip2q_f32(x.j, y.j)}
static inline v v_zip_low(v x, v y) { return (v)VEC_ZIP(a, b); }
static inline v v_zip_high(v x, v y) { return (v)VEC_ZIP(c, d); }
static inline v v_behind(v x, v y)
{
    return (v){vextq_f32(x.d, y.a, 3), vextq_f32(y.a, y.b, 3),
               vextq_f32(y.b, y.c, 3), vextq_f32(y.c, y.d, 3)};
}
#define VEC_BYTES(x) {{vreinterpretq_u8_f32(x.a), vreinterpretq_u8_f32(x.b), \
                       vreinterpretq_u8_f32(x.c), vreinterpretq_u8_f32(x.d)}}
static inline float32x4_t vec_pick(uint8x16x4_t x, uint8x16x4_t y, uint32x4_t i)
{
    const uint32x4_t byte = vmlaq_n_u32(vdupq_n_u32(0x03020100), i, 0x04040404);
    const uint8x16_t of_x = vqtbl4q_u8(x, vreinterpretq_u8_u32(byte)); /* 0 beyond its 64 */
    const uint8x16_t of_y = vsubq_u8(vreinterpretq_u8_u32(byte), vdupq_n_u8(64));
    return vreinterpretq_f32_u8(vqtbx4q_u8(of_x, y, of_y));
}
static inline v v_pick(v x, v y, vi i)
{
    const uint8x16x4_t p = VEC_BYTES(x), q = VEC_BYTES(y);
    return (v){vec_pick(p, q, i.a), vec_pick(p, q, i.b), vec_pick(p, q, i.c), vec_pick(p, q, i.d)};
}
static inline v v_spread(v x, vi i)
{
    const uint8x16x4_t p = VEC_BYTES(x);
    return (v){vec_pick(p, p, i.a), vec_pick(p, p, i.b), vec_pick(p, p, i.c), vec_pick(p, p, i.d)};
}
static inline v v_quad(const float *p) { float32x4_t q = vld1q_f32(p); return (v){q, q, q, q}; }
