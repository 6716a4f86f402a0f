/* test_zeros.c - fast/zeros.h: one factor that is not finite is seen wherever it stands, and so is
 * a -0. */
#define ISA_scalar
#include "fast/zeros.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MOST = 150 }; /* two rounds of four sums, and what is left over */

static void factors_that_are_not_finite_are_seen(void **state)
{
    (void)state;
    static const float special[] = { INFINITY, -INFINITY, NAN };
    float x[MOST + 16];
    for (int count = 1; count <= MOST; count++) {
        for (int k = 0; k < MOST + 16; k++)
            x[k] = k < count ? -3.4e38f : NAN; /* what is behind the last one does not count */
        assert_true(all_finite(x, (size_t)count));
        for (int k = 0; k < count; k++)
            for (int s = 0; s < 3; s++) {
                const float finite = x[k];
                x[k] = special[s];
                assert_false(all_finite(x, (size_t)count));
                x[k] = finite;
            }
    }
}

static void only_a_negative_zero_is_one(void **state)
{
    (void)state;
    static const float others[] = { 0.0f, 1.0f, -1.0f, 0x1p-149f, -0x1p-149f,
                                    3.4e38f, INFINITY, -INFINITY, NAN };
    float x[16], lane[16];
    for (int zero = 0; zero < 16; zero++) {
        for (int l = 0; l < 16; l++)
            x[l] = l == zero ? -0.0f : others[l % (int)(sizeof others / sizeof *others)];
        v_store(lane, minus_zero(v_load(x)));
        for (int l = 0; l < 16; l++)
            assert_true(lane[l] == (l == zero ? -1.0f : 1.0f));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(factors_that_are_not_finite_are_seen),
        cmocka_unit_test(only_a_negative_zero_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
