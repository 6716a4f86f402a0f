/* lanes_scalar.h - the sums of 16 vectors at once in portable C, which has no lanes to move. */
static inline v v_sums(const v *x)
{
    VEC_EACH(v, f, v_sum(x[l]));
}
