/* test_fill.c - random numbers, and what the inputs of a case are made of. */
#include "harness/fill.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof (table) / sizeof *(table))

enum { MANY = 60000 };
static double sample[MANY];

static void splitmix64_gives_the_known_numbers(void **state)
{
    (void)state;
    static const struct { uint64_t seed, output[3]; } table[] = {
        { 0, { 0xe220a8397b1dcdafu, 0x6e789e6aa1b965f4u, 0x06c45d188009454fu } },
        { 1234567, { 6457827717110365317u, 3203168211198807973u, 9817491932198370423u } },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct rng r = { table[i].seed };
        for (int k = 0; k < 3; k++)
            assert_true(rng_next(&r) == table[i].output[k]);
    }
}

static void names_and_seeds_give_streams_of_their_own(void **state)
{
    (void)state;
    static const struct { uint64_t seed; const char *name; } table[] = {
        { 1, "a" }, { 1, "b" }, { 2, "a" }, { 2, "b" }, { 0, "a" }, { 1, "" }, { 0, "" },
        { 1, "aa" }, { UINT64_MAX, "a" }, { 1, "relu len=1 reals" }, { 1, "relu len=1 integers" },
    };
    enum { STREAMS = COUNT(table), DRAWS = 64 };
    uint64_t drawn[STREAMS][DRAWS];
    for (int i = 0; i < STREAMS; i++) {
        struct rng r = rng_named(table[i].seed, table[i].name), again = r;
        for (int k = 0; k < DRAWS; k++) {
            drawn[i][k] = rng_next(&r);
            assert_true(rng_next(&again) == drawn[i][k]);
        }
        for (int j = 0; j < i; j++) /* no stream is another one, nor another one a few steps on */
            for (int k = 0; k < DRAWS; k++)
                assert_true(drawn[i][0] != drawn[j][k] && drawn[j][0] != drawn[i][k]);
    }
}

/* Mean and variance of the sample, within six standard errors for a normal distribution. */
static void assert_moments(double mean, double variance)
{
    double sum = 0.0, squares = 0.0;
    for (int i = 0; i < MANY; i++)
        sum += sample[i] - mean;
    for (int i = 0; i < MANY; i++)
        squares += (sample[i] - mean) * (sample[i] - mean);
    assert_true(fabs(sum / MANY) < 6.0 * sqrt(variance / MANY));
    assert_true(fabs(squares / MANY - variance) < 6.0 * variance * sqrt(2.0 / MANY));
}

static void distributions_are_what_they_say(void **state)
{
    (void)state;
    struct rng r = rng_named(1, "distributions");
    int odd = 0;
    for (int i = 0; i < MANY; i++) {
        sample[i] = rng_uniform(&r);
        odd += fmod(sample[i] * 0x1p53, 2.0) == 1.0;
        assert_true(sample[i] >= 0.0 && sample[i] < 1.0);
        assert_true(sample[i] * 0x1p53 == floor(sample[i] * 0x1p53));
    }
    assert_moments(0.5, 1.0 / 12.0);
    assert_in_range(odd, MANY * 45 / 100, MANY * 55 / 100); /* the whole grid is used */
    for (int i = 0; i < MANY; i++)
        sample[i] = rng_normal(&r);
    assert_moments(0.0, 1.0);
    for (int i = 0; i < MANY; i++) {
        sample[i] = rng_int(&r, -2, 3);
        assert_true(sample[i] >= -2.0 && sample[i] <= 3.0 && sample[i] == floor(sample[i]));
    }
    assert_moments(0.5, 35.0 / 12.0);
    assert_int_equal(rng_int(&r, 7, 7), 7);
    /* The largest uniform there is does not round up to one integer more. */
    for (int most = 1; most < 1 << 24; most = 2 * most + most % 5)
        assert_true((int)((1.0 - 0x1p-53) * (most + 1.0)) == most);
}

static void permutations_are_permutations_and_equally_likely(void **state)
{
    (void)state;
    struct rng r = rng_named(1, "permutations");
    int order[100], count[27] = { 0 };
    for (int length = 0; length <= 100; length++) {
        bool there[100] = { false };
        order[0] = -1;
        rng_permutation(&r, length, order);
        for (int i = 0; i < length; i++) {
            assert_in_range(order[i], 0, length - 1);
            assert_false(there[order[i]]);
            there[order[i]] = true;
        }
        assert_true(length > 0 || order[0] == -1);
    }
    for (int i = 0; i < MANY; i++) {
        rng_permutation(&r, 3, order);
        count[9 * order[0] + 3 * order[1] + order[2]]++;
    }
    for (int i = 0; i < 27; i++) /* six of them, each within six standard deviations */
        assert_true(count[i] == 0 || fabs(count[i] - MANY / 6.0) < 6.0 * sqrt(MANY * 5.0 / 36.0));
    assert_true(count[5] && count[7] && count[11] && count[15] && count[19] && count[21]);
}

static void integers_reach_their_limits_and_no_further(void **state)
{
    (void)state;
    struct rng r = rng_named(1, "integers");
    for (int largest = 0; largest <= 9; largest++) {
        bool seen[19] = { false }, zero[2] = { false };
        fill_integers(&r, sample, 2000, largest);
        for (int i = 0; i < 2000; i++) {
            assert_true(fabs(sample[i]) <= largest && sample[i] == floor(sample[i]));
            seen[(int)sample[i] + 9] = true;
            if (sample[i] == 0.0)
                zero[signbit(sample[i]) != 0] = true;
        }
        assert_true(zero[0] && zero[1]);
        for (int i = -largest; i <= largest; i++)
            assert_true(seen[i + 9]);
    }
}

/* How many of the sample lie in from .. to, both included. */
static int within(double from, double to)
{
    int count = 0;
    for (int i = 0; i < MANY; i++)
        count += sample[i] >= from && sample[i] <= to;
    return count;
}

static void reals_are_of_their_kind(void **state)
{
    (void)state;
    enum { ROW = 12 };
    struct rng r = rng_named(1, "reals");
    for (int kind = FILL_REALS; kind <= FILL_DISTRIBUTION; kind++) {
        fill_reals(&r, (enum fill)kind, sample, MANY, ROW);
        for (int i = 0; i < MANY; i++)
            assert_true(isfinite(sample[i]) && (double)(float)sample[i] == sample[i]);
        switch (kind) {
        case FILL_REALS: /* zeros, and from tiny to huge, with either sign */
            assert_in_range(within(0.0, 0.0), MANY / 25, MANY / 16);
            assert_in_range(within(-3.0, 3.0), MANY * 9 / 10, MANY * 98 / 100);
            assert_true(within(1e4, 1e7) > 100 && within(-1e7, -1e4) > 100);
            assert_true(within(1e-7, 1e-4) > 100 && within(-1e-4, -1e-7) > 100);
            break;
        case FILL_LOGITS: /* one in 64 beyond all exponentials, on either side */
            assert_in_range(within(-20.0, 20.0), MANY * 91 / 100, MANY * 94 / 100);
            assert_in_range(within(1900.0, 2100.0), MANY / 72, MANY / 56);
            assert_in_range(within(-2100.0, -1900.0), MANY / 72, MANY / 56);
            break;
        case FILL_PROBABILITIES: /* both ends, and what lies just beside them */
            assert_int_equal(within(0.0, 1.0), MANY);
            assert_true(within(0.0, 0.0) > 100 && within(1.0, 1.0) > 100);
            assert_true(within(1e-50, 1e-7) > 100 && within(1.0 - 1e-7, 1.0 - 1e-9) > 100);
            assert_in_range(within(0.25, 0.75), MANY * 35 / 100, MANY * 45 / 100);
            break;
        case FILL_TARGETS:
            assert_int_equal(within(0.0, 0.0) + within(1.0, 1.0), MANY);
            assert_moments(0.5, 0.25);
            break;
        case FILL_ONE_HOT:
            assert_int_equal(within(0.0, 0.0), MANY - MANY / ROW);
            break;
        }
        for (int start = 0; kind >= FILL_ONE_HOT && start < MANY; start += ROW) {
            double sum = 0.0;
            for (int i = start; i < start + ROW; i++) {
                assert_true(sample[i] > 0.0 || (kind == FILL_ONE_HOT && sample[i] == 0.0));
                sum += sample[i];
            }
            assert_true(fabs(sum - 1.0) <= (kind == FILL_ONE_HOT ? 0.0 : ROW * 0x1p-24));
        }
    }
    fill_reals(&r, FILL_DISTRIBUTION, sample, 1, 1);
    assert_true(sample[0] == 1.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splitmix64_gives_the_known_numbers),
        cmocka_unit_test(names_and_seeds_give_streams_of_their_own),
        cmocka_unit_test(distributions_are_what_they_say),
        cmocka_unit_test(permutations_are_permutations_and_equally_likely),
        cmocka_unit_test(integers_reach_their_limits_and_no_further),
        cmocka_unit_test(reals_are_of_their_kind),
    };
    return cmocka_run_group_tests_name("fill", tests, NULL, NULL);
}
