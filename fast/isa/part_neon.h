/* part_neon.h - the words of part.h in NEON. */
/* clang-format off: a word is a line */
typedef float32x4_t part;
enum { PARTS = 4, PART_LANES = 4 };
static inline part part_zero(void) { return vdupq_n_f32(0.0f); }
static inline part part_load(const float *p) { return vld1q_f32(p); }
static inline part part_load_n(const float *p, int n)
{
    float lane[4] = { 0 };
    for (int l = 0; l < 4 && l < n; l++)
        lane[l] = p[l];
    return vld1q_f32(lane);
}
static inline void part_store(float *p, part x) { vst1q_f32(p, x); }
static inline part part_fma(part a, part b, part c) { return vfmaq_f32(c, a, b); }
static inline part part_hold(part x) { __asm__("" : "+w"(x)); return x; }
