/* test_compare.c - the truth table of the comparator, and the bounds that it is given. */
#include "harness/compare.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof (table) / sizeof *(table))
#define NEITHER_WAY INFINITY /* the headroom of what does not agree */

/* From here on a double rounds to an infinite float: FLT_MAX and half of its unit. */
static const double OVERFLOW = 0x1p128 - 0x1p103;
static const double TINY = 0x1p-149, HUGE_FLOAT = FLT_MAX;

/* A quiet NaN with a sign and a payload of its own. */
static float other_nan(void)
{
    const uint32_t bits = 0xffc12345u;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void numbers_agree_within_their_bound(void **state)
{
    (void)state;
    const double below_overflow = nextafter(OVERFLOW, 0.0), above_one = nextafter(1.0, 2.0);
    const struct {
        const char *what;
        float a;
        double ref, bound, headroom;
    } table[] = {
        { "equal", 3.0f, 3.0, 0.0, 0.0 },
        { "equal, with room", 3.0f, 3.0, 1.0, 0.0 },
        { "half the bound", 1.5f, 1.0, 1.0, 0.5 },
        { "half the bound, below", 0.5f, 1.0, 1.0, 0.5 },
        { "on the bound", 2.0f, 1.0, 1.0, 1.0 },
        { "just beyond the bound", 2.0f, 1.0, nextafter(1.0, 0.0), NEITHER_WAY },
        { "no bound, one double off", 1.0f, above_one, 0.0, NEITHER_WAY },
        { "opposite signs", -1.0f, 1.0, 1.0, NEITHER_WAY },

        { "NaN and NaN", NAN, NAN, 0.0, 0.0 },
        { "NaNs with other bits", other_nan(), NAN, 0.0, 0.0 },
        { "NaN and a number", NAN, 1.0, INFINITY, NEITHER_WAY },
        { "a number and NaN", 1.0f, NAN, INFINITY, NEITHER_WAY },
        { "NaN and infinity", NAN, INFINITY, INFINITY, NEITHER_WAY },
        { "infinity and NaN", INFINITY, NAN, INFINITY, NEITHER_WAY },

        { "infinities", INFINITY, INFINITY, 0.0, 0.0 },
        { "negative infinities", -INFINITY, -INFINITY, 0.0, 0.0 },
        { "opposite infinities", INFINITY, -INFINITY, INFINITY, NEITHER_WAY },
        { "opposite infinities, turned", -INFINITY, INFINITY, INFINITY, NEITHER_WAY },
        { "infinity and a double beyond", INFINITY, 0x1p128, 0.0, 0.0 },
        { "-infinity and a double beyond", -INFINITY, -0x1p128, 0.0, 0.0 },
        { "infinity and a double beyond, of the other sign", INFINITY, -0x1p128, INFINITY,
          NEITHER_WAY },
        { "infinity and the first double that rounds to it", INFINITY, OVERFLOW, 0.0, 0.0 },
        { "infinity and the last that does not", INFINITY, below_overflow, 0.0, NEITHER_WAY },
        { "-infinity and the last that does not", -INFINITY, -below_overflow, 0x1p104,
          NEITHER_WAY },
        { "infinity and the largest float", INFINITY, HUGE_FLOAT, 0x1p104, NEITHER_WAY },
        { "infinity and a number, whatever the bound", INFINITY, 1.0, INFINITY, NEITHER_WAY },
        { "a number and infinity, whatever the bound", 1.0f, INFINITY, INFINITY, NEITHER_WAY },
        { "the largest float and infinity", FLT_MAX, INFINITY, INFINITY, NEITHER_WAY },

        { "the largest float", FLT_MAX, HUGE_FLOAT, 0.0, 0.0 },
        { "the largest float and a double beyond", FLT_MAX, 0x1p128, 0x1p104, 1.0 },
        { "the largest float and its neighbour", FLT_MAX, HUGE_FLOAT - 0x1p104, 0x1p105, 0.5 },
        { "the largest float and its neighbour, less room", FLT_MAX, HUGE_FLOAT - 0x1p104,
          0x1p103, NEITHER_WAY },
        { "the largest floats of either sign", FLT_MAX, -HUGE_FLOAT, 0x1p127, NEITHER_WAY },

        { "zeros", 0.0f, -0.0, 0.0, 0.0 },
        { "zeros, turned", -0.0f, 0.0, 0.0, 0.0 },
        { "a denormal and zero", 0x1p-149f, 0.0, 0.0, NEITHER_WAY },
        { "a denormal and zero, with room", 0x1p-149f, 0.0, TINY, 1.0 },
        { "zero and a denormal", 0.0f, TINY, TINY / 2.0, NEITHER_WAY },
        { "zero and a double below all floats", 0.0f, 0x1p-1074, 0.0, NEITHER_WAY },
        { "denormals", 3 * 0x1p-149f, TINY, 4 * TINY, 0.5 },
        { "the least normal and the denormal before it", FLT_MIN, (double)FLT_MIN - TINY, TINY,
          1.0 },

        { "equal, but the bound is NaN", 1.0f, 1.0, NAN, NEITHER_WAY },
        { "zeros, but the bound is NaN", 0.0f, 0.0, NAN, NEITHER_WAY },
        { "the bound is NaN", 1.0f, 2.0, NAN, NEITHER_WAY },
        { "equal, but the bound is negative", 1.0f, 1.0, -1.0, NEITHER_WAY },
        { "the bound is negative", 1.0f, 2.0, -1.0, NEITHER_WAY },
        { "equal, the bound is -0", 1.0f, 1.0, -0.0, 0.0 },
        { "finite, the bound is infinite", 1.0f, 2.0, INFINITY, 0.0 },
        /* Where ref is no number, neither is its bound, a multiple of it: the same agrees. */
        { "NaN and NaN, the bound is NaN", NAN, NAN, NAN, 0.0 },
        { "infinities, the bound is NaN", INFINITY, INFINITY, NAN, 0.0 },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        const struct comparison c = compare_bound(&table[i].a, &table[i].ref, &table[i].bound, 1);
        if (c.agree != (table[i].headroom <= 1.0) || c.headroom != table[i].headroom || c.at != 0)
            fail_msg("%s: agree %d, headroom %g, at %zu", table[i].what, c.agree, c.headroom, c.at);
        /* As doubles they say the same, unless rounding to float made the difference. */
        const double a = table[i].a;
        const struct comparison d = compare_bound_double(&a, &table[i].ref, &table[i].bound, 1);
        const bool rounded = isinf(a) && table[i].headroom == 0.0;
        if (d.headroom != (rounded && a != table[i].ref ? NEITHER_WAY : table[i].headroom))
            fail_msg("%s, as doubles: headroom %g", table[i].what, d.headroom);
    }
}

static void doubles_have_their_own_largest_number(void **state)
{
    (void)state;
    const struct {
        const char *what;
        double a, ref, bound, headroom;
    } table[] = {
        { "infinity and the largest double", INFINITY, DBL_MAX, 0x1p1000, NEITHER_WAY },
        { "the largest double and infinity", DBL_MAX, INFINITY, INFINITY, NEITHER_WAY },
        { "the largest double and its neighbour", DBL_MAX, DBL_MAX - 0x1p971, 0x1p972, 0.5 },
        { "opposite largest doubles", DBL_MAX, -DBL_MAX, DBL_MAX, NEITHER_WAY },
        { "beyond every float, equal", 1e300, 1e300, 0.0, 0.0 },
        { "the least doubles", 0x1p-1074, 0x1p-1073, 0x1p-1072, 0.25 },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        const struct comparison c =
            compare_bound_double(&table[i].a, &table[i].ref, &table[i].bound, 1);
        if (c.agree != (table[i].headroom <= 1.0) || c.headroom != table[i].headroom)
            fail_msg("%s: agree %d, headroom %g", table[i].what, c.agree, c.headroom);
    }
}

static void same_means_the_bits_that_ref_rounds_to(void **state)
{
    (void)state;
    const struct {
        const char *what;
        float a;
        double ref;
        bool same;
    } table[] = {
        { "equal", 1.5f, 1.5, true },
        { "zeros", 0.0f, -0.0, false },
        { "zeros, turned", -0.0f, 0.0, false },
        { "negative zeros", -0.0f, -0.0, true },
        { "a tie goes to the even float", 1.0f, 1.0 + 0x1p-24, true },
        { "above a tie", 1.0f + 0x1p-23f, 1.0 + 0x1p-24 + 0x1p-50, true },
        { "the float beside", 1.0f + 0x1p-23f, 1.0, false },
        { "a double below all floats is +0", 0.0f, 1e-60, true },
        { "and -0 when it is negative", -0.0f, -1e-60, true },
        { "but not the other zero", 0.0f, -1e-60, false },
        { "half of the least float is a tie", 0.0f, 0x1p-150, true },
        { "more than half of it is the least float", 0x1p-149f, 0x1p-150 + 0x1p-180, true },
        { "denormals", 3 * 0x1p-149f, 3 * 0x1p-149, true },
        { "denormals that differ", 3 * 0x1p-149f, 2 * 0x1p-149, false },
        { "NaNs with other bits", other_nan(), NAN, true },
        { "NaN and a number", NAN, 1.0, false },
        { "a number and NaN", 1.0f, NAN, false },
        { "infinities", INFINITY, INFINITY, true },
        { "opposite infinities", INFINITY, -INFINITY, false },
        { "infinity and a double that rounds to it", INFINITY, OVERFLOW, true },
        { "the largest float and the last double that rounds to it", FLT_MAX,
          nextafter(OVERFLOW, 0.0), true },
        { "infinity and that", INFINITY, nextafter(OVERFLOW, 0.0), false },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        const float b = (float)table[i].ref;
        const double headroom = table[i].same ? 0.0 : NEITHER_WAY;
        const struct comparison same = compare_same(&table[i].a, &table[i].ref, 1);
        const struct comparison bits = compare_bits(&table[i].a, &b, 1);
        if (same.agree != table[i].same || same.headroom != headroom)
            fail_msg("%s: same %d, headroom %g", table[i].what, same.agree, same.headroom);
        if (bits.agree != table[i].same || bits.headroom != headroom)
            fail_msg("%s: bits %d, headroom %g", table[i].what, bits.agree, bits.headroom);
    }
}

static void empty_tensors_agree(void **state)
{
    (void)state;
    const struct comparison c[] = { compare_bound(NULL, NULL, NULL, 0),
                                    compare_bound_double(NULL, NULL, NULL, 0),
                                    compare_same(NULL, NULL, 0), compare_bits(NULL, NULL, 0) };
    for (size_t i = 0; i < COUNT(c); i++)
        assert_true(c[i].agree && c[i].at == 0 && c[i].headroom == 0.0);
}

static void the_worst_or_the_first_wrong_element_is_named(void **state)
{
    (void)state;
    const double ref[6] = { 0.0 }, bound[6] = { 8.0, 8.0, 8.0, 8.0, 8.0, 8.0 };
    const struct {
        float a[6];
        bool agree;
        size_t at;
        double headroom;
    } table[] = {
        { { 0, 0, 0, 0, 0, 0 }, true, 0, 0.0 },
        { { 2, -6, 4, 0, 0, 1 }, true, 1, 0.75 },
        { { 0, 0, 0, 0, 0, 8 }, true, 5, 1.0 },
        { { 0, 4, 0, -4, 0, 0 }, true, 1, 0.5 }, /* the first of equals */
        { { 7, 0, 9, 0, 99, 0 }, false, 2, NEITHER_WAY },
        { { 9, 0, 0, 0, 0, 0 }, false, 0, NEITHER_WAY },
        { { 0, 0, 0, 0, 0, NAN }, false, 5, NEITHER_WAY },
        { { 0, 0, 0, NAN, 9, INFINITY }, false, 3, NEITHER_WAY },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        double wide[6];
        for (int k = 0; k < 6; k++)
            wide[k] = table[i].a[k];
        const struct comparison c[] = { compare_bound(table[i].a, ref, bound, 6),
                                        compare_bound_double(wide, ref, bound, 6) };
        for (size_t k = 0; k < COUNT(c); k++)
            if (c[k].agree != table[i].agree || c[k].at != table[i].at ||
                c[k].headroom != table[i].headroom)
                fail_msg("row %zu: agree %d, at %zu, headroom %g", i, c[k].agree, c[k].at,
                         c[k].headroom);
    }
    const float a[] = { 1, 2, 3, 4, 5 }, b[] = { 1, 2, 0, 4, 0 };
    const double r[] = { 1, 2, 0, 4, 0 };
    assert_true(!compare_bits(a, b, 5).agree && compare_bits(a, b, 5).at == 2);
    assert_true(!compare_same(a, r, 5).agree && compare_same(a, r, 5).at == 2);
    assert_true(compare_bits(a, b, 2).agree && compare_same(a, r, 2).agree);
}

static void an_ulp_is_the_distance_to_the_next_float(void **state)
{
    (void)state;
    const double table[][2] = {
        { 0.0, TINY },         { -0.0, TINY },           { TINY, TINY },       { 1e-60, TINY },
        { FLT_MIN, TINY },     { FLT_MIN - TINY, TINY }, { 1.0, 0x1p-23 },     { -1.0, 0x1p-23 },
        { 1.75, 0x1p-23 },     { 1.0 - 0x1p-24, 0x1p-24 }, { HUGE_FLOAT, 0x1p104 },
        { -HUGE_FLOAT, 0x1p104 }, { HUGE_FLOAT - 0x1p104, 0x1p104 }, { INFINITY, 0x1p104 },
        { 1.0 - 0x1p-26, 0x1p-23 }, /* rounds to 1 */
    };
    for (size_t i = 0; i < COUNT(table); i++)
        if (ulp_bound(table[i][0]) != table[i][1])
            fail_msg("ulp_bound(%a) is %a", table[i][0], ulp_bound(table[i][0]));
    for (int e = -126; e <= 127; e++)
        assert_true(ulp_bound(ldexp(1.0, e)) == ldexp(1.0, e - 23));
}

static void a_sum_has_the_smaller_of_two_bounds(void **state)
{
    (void)state;
    const struct precision u = { 1.0, 0.0 }; /* leaves c(n) S + |ref| */
    const struct { double n, c; } table[] = {
        { 1, 3 },   { 2, 4 },  { 9, 11 },          { 31, 33 }, /* n + 2 = 6 sqrt(n) at 31.87 */
        { 32, 6 * sqrt(32) }, { 36, 36 },          { 10000, 600 },
    };
    for (size_t i = 0; i < COUNT(table); i++)
        if (sum_bound(&u, table[i].n, 1.0, 0.0) != table[i].c)
            fail_msg("c(%g) is %.17g", table[i].n, sum_bound(&u, table[i].n, 1.0, 0.0));
    assert_true(sum_bound(&u, 1.0, 10.0, -7.0) == 37.0);
    assert_true(sum_bound(&single_precision, 1.0, 2.0, -4.0) == 10 * 0x1p-24 + TINY);
    assert_true(sum_bound(&double_precision, 1.0, 2.0, 4.0) == 10 * 0x1p-53);
    assert_true(sum_bound(&single_precision, 5.0, 0.0, 0.0) == 5 * TINY);
    assert_true(sum_bound(&double_precision, 5.0, 0.0, 0.0) == 5 * 0x1p-1074);
    assert_true(isnan(sum_bound(&single_precision, 3.0, NAN, 1.0)));
    assert_true(isnan(sum_bound(&single_precision, 3.0, 1.0, NAN)));
    assert_true(isinf(sum_bound(&single_precision, 3.0, INFINITY, 1.0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_agree_within_their_bound),
        cmocka_unit_test(doubles_have_their_own_largest_number),
        cmocka_unit_test(same_means_the_bits_that_ref_rounds_to),
        cmocka_unit_test(empty_tensors_agree),
        cmocka_unit_test(the_worst_or_the_first_wrong_element_is_named),
        cmocka_unit_test(an_ulp_is_the_distance_to_the_next_float),
        cmocka_unit_test(a_sum_has_the_smaller_of_two_bounds),
    };
    return cmocka_run_group_tests_name("compare", tests, NULL, NULL);
}
