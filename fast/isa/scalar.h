/* scalar.h - the vocabulary of vec.h in portable C. Only the order of the additions in v_sum is a
 * decision; the rest is what the other dialects must agree with. */
/* clang-format off: a word is a line */
#include <math.h>
#include <string.h>

typedef struct { float f[16]; } v;
typedef struct { uint32_t i[16]; } vi;
typedef struct { int t[16]; } vm;

static inline v v_set1(float x) { v r; for (int l = 0; l < 16; l++) r.f[l] = x; return r; }
static inline v v_load(const float *p) { v r; memcpy(r.f, p, sizeof r.f); return r; }
static inline void v_store(float *p, v x) { memcpy(p, x.f, sizeof x.f); }
static inline v v_hold(v x) { return x; }

static inline v v_add(v a, v b) { for (int l = 0; l < 16; l++) a.f[l] += b.f[l]; return a; }
static inline v v_sub(v a, v b) { for (int l = 0; l < 16; l++) a.f[l] -= b.f[l]; return a; }
static inline v v_mul(v a, v b) { for (int l = 0; l < 16; l++) a.f[l] *= b.f[l]; return a; }
static inline v v_div(v a, v b) { for (int l = 0; l < 16; l++) a.f[l] /= b.f[l]; return a; }
static inline v v_fma(v a, v b, v c)
{
    for (int l = 0; l < 16; l++)
        c.f[l] = fmaf(a.f[l], b.f[l], c.f[l]);
    return c;
}
static inline v v_fnma(v a, v b, v c)
{
    for (int l = 0; l < 16; l++)
        c.f[l] = fmaf(-a.f[l], b.f[l], c.f[l]);
    return c;
}
static inline void vec_halve(v *x, int end) /* steps of v_sum, until `end` lanes are left */
{
    for (int half = 8; half >= end; half /= 2)
        for (int l = 0; l < half; l++) x->f[l] += x->f[l + half];
}
static inline void v_store_quarter(float *p, v x) { vec_halve(&x, 4); memcpy(p, x.f, 16); }
static inline float v_sum(v x) { vec_halve(&x, 1); return x.f[0]; }

#define VEC_EACH(type, member, value) \
    type r; for (int l = 0; l < 16; l++) r.member[l] = value; return r
static inline v v_even(v a, v b) { VEC_EACH(v, f, l < 8 ? a.f[2 * l] : b.f[2 * l - 16]); }
static inline v v_odd(v a, v b) { VEC_EACH(v, f, l < 8 ? a.f[2 * l + 1] : b.f[2 * l - 15]); }
static inline v v_behind(v a, v b) { VEC_EACH(v, f, l ? b.f[l - 1] : a.f[15]); }
static inline v v_zip_low(v a, v b) { VEC_EACH(v, f, l % 2 ? b.f[l / 2] : a.f[l / 2]); }
static inline v v_zip_high(v a, v b) { VEC_EACH(v, f, l % 2 ? b.f[8 + l / 2] : a.f[8 + l / 2]); }
static inline vm v_lt(v a, v b) { VEC_EACH(vm, t, a.f[l] < b.f[l]); }
static inline vm v_le(v a, v b) { VEC_EACH(vm, t, a.f[l] <= b.f[l]); }
static inline vm v_eq(v a, v b) { VEC_EACH(vm, t, a.f[l] == b.f[l]); }
static inline vm m_and(vm a, vm b) { for (int l = 0; l < 16; l++) a.t[l] &= b.t[l]; return a; }
static inline vm m_not(vm a) { for (int l = 0; l < 16; l++) a.t[l] = !a.t[l]; return a; }
static inline v v_select(vm m, v a, v b)
{
    for (int l = 0; l < 16; l++)
        a.f[l] = m.t[l] ? a.f[l] : b.f[l];
    return a;
}
static inline vi v_bits(v x) { vi r; memcpy(r.i, x.f, sizeof r.i); return r; }
static inline v v_from_bits(vi x) { v r; memcpy(r.f, x.i, sizeof r.f); return r; }
static inline v v_pick(v a, v b, vi n)
{
    VEC_EACH(v, f, n.i[l] < 16 ? a.f[n.i[l]] : b.f[n.i[l] - 16]);
}
static inline vi i_set1(uint32_t x) { vi r; for (int l = 0; l < 16; l++) r.i[l] = x; return r; }
static inline vi i_add(vi a, vi b) { for (int l = 0; l < 16; l++) a.i[l] += b.i[l]; return a; }
static inline vi i_sub(vi a, vi b) { for (int l = 0; l < 16; l++) a.i[l] -= b.i[l]; return a; }
static inline vi i_and(vi a, vi b) { for (int l = 0; l < 16; l++) a.i[l] &= b.i[l]; return a; }
static inline vi i_xor(vi a, vi b) { for (int l = 0; l < 16; l++) a.i[l] ^= b.i[l]; return a; }
static inline vi i_shl(vi a, int n) { for (int l = 0; l < 16; l++) a.i[l] <<= n; return a; }
static inline vi i_shr(vi a, int n) { for (int l = 0; l < 16; l++) a.i[l] >>= n; return a; }
