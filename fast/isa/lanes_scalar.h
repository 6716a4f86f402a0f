/* lanes_scalar.h - the words of lanes.h in portable C. */
/* clang-format off: a word is a line */
static inline v vec_half(v a, v b, int n, int high)
{
    const int part = n < 4 ? 4 : 16;
    VEC_EACH(v, f, (l % part < part / 2 ? a : b)
                       .f[l / part * part + l % (part / 2) / n * 2 * n + l % n + high * n]);
}
static inline v vec_low8(v a, v b) { return vec_half(a, b, 8, 0); }
static inline v vec_high8(v a, v b) { return vec_half(a, b, 8, 1); }
static inline v vec_low4(v a, v b) { return vec_half(a, b, 4, 0); }
static inline v vec_high4(v a, v b) { return vec_half(a, b, 4, 1); }
static inline v vec_low2(v a, v b) { return vec_half(a, b, 2, 0); }
static inline v vec_high2(v a, v b) { return vec_half(a, b, 2, 1); }
static inline v vec_low1(v a, v b) { return vec_half(a, b, 1, 0); }
static inline v vec_high1(v a, v b) { return vec_half(a, b, 1, 1); }
