/* lanes_scalar.h - the words of lanes.h in portable C. */
/* clang-format off: a word is a line */
#define VEC_HALF(first, i) VEC_EACH(v, f, ((first) ? a.f : b.f)[i])
static inline v vec_low8(v a, v b) { VEC_HALF(l < 8, l % 8); }
static inline v vec_high8(v a, v b) { VEC_HALF(l < 8, l % 8 + 8); }
static inline v vec_low4(v a, v b) { VEC_HALF(l < 8, l % 8 / 4 * 8 + l % 4); }
static inline v vec_high4(v a, v b) { VEC_HALF(l < 8, l % 8 / 4 * 8 + l % 4 + 4); }
static inline v vec_low2(v a, v b) { VEC_HALF(l % 4 < 2, l / 4 * 4 + l % 2); }
static inline v vec_high2(v a, v b) { VEC_HALF(l % 4 < 2, l / 4 * 4 + l % 2 + 2); }
static inline v vec_low1(v a, v b) { VEC_HALF(l % 4 < 2, l / 4 * 4 + l % 2 * 2); }
static inline v vec_high1(v a, v b) { VEC_HALF(l % 4 < 2, l / 4 * 4 + l % 2 * 2 + 1); }
static inline v v_spread(v x, vi n) { VEC_EACH(v, f, x.f[n.i[l]]); }
static inline v v_quad(const float *p) { VEC_EACH(v, f, p[l % 4]); }
