/* part_whole.h - the words of part.h where it is a whole vector. */
/* clang-format off: a word is a line */
typedef v part;
enum { PARTS = 1, PART_LANES = 16 };
static inline part part_zero(void) { return v_set1(0.0f); }
static inline part part_load(const float *p) { return v_load(p); }
static inline part part_load_n(const float *p, int n) { return v_load_n(p, n); }
static inline void part_store(float *p, part x) { v_store(p, x); }
static inline part part_fma(part a, part b, part c) { return v_fma(a, b, c); }
static inline part part_hold(part x) { return v_hold(x); }
#define PART_QUARTERS
static inline void part_quarters(float *to, part a, part b, part c, part d)
{
    v_store(to, v_quarters((v[]){a, b, c, d}));
}
