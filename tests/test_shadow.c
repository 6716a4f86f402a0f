/* shadow: what it looks at, and that a wrong kernel in training does not pass it. */
#include "harness/shadow.h"
#include "ref/dense.h"
#include "ref/relu.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_looks_at_every_nth_step(void **state)
{
    (void)state;
    struct shadow *s = shadow_create(3);
    for (long step = 1; step <= 9; step++)
        assert_int_equal(shadow_step(s, step), step % 3 == 1);
    assert_true(shadow_report(s)); /* nothing traced, nothing rejected */
    shadow_destroy(s);
}

/* y = x w + b for x = (1, 2), w = ((3), (4)), b = (5): 16. */
static bool dense_held(float y)
{
    const struct dense_shape shape = { 1, 2, 1 };
    const float x[] = { 1, 2 }, w[] = { 3, 4 }, b[] = { 5 };
    struct shadow *s = shadow_create(1);
    shadow_step(s, 1);
    shadow_trace(s, "0.dense", "dense.forward", &shape, (const void *const[]){ x, w, b, &y });
    const bool held = shadow_report(s);
    shadow_destroy(s);
    return held;
}

static void test_judges_by_the_bound(void **state)
{
    (void)state;
    assert_true(dense_held(16.0f));
    assert_true(dense_held(nextafterf(16.0f, 17.0f)));
    assert_false(dense_held(11.0f)); /* no bias */
    assert_false(dense_held(16.001f));
    assert_false(dense_held(NAN));
}

static void test_judges_exactly_what_never_rounds(void **state)
{
    (void)state;
    const struct relu_shape shape = { 2 };
    const float x[] = { -1.0f, 2.0f }, right[] = { 0.0f, 2.0f };
    const float wrong[] = { 0.0f, nextafterf(2.0f, 3.0f) };
    for (int i = 0; i < 2; i++) {
        struct shadow *s = shadow_create(1);
        shadow_step(s, 1);
        shadow_trace(s, "1.relu", "relu.forward", &shape,
                     (const void *const[]){ x, i ? wrong : right });
        assert_int_equal(shadow_report(s), i == 0);
        shadow_destroy(s);
    }
}

/* Two layers of one kind are two rows: which of them is wrong is told, and how near the other
 * was. */
static void test_tells_layers_apart(void **state)
{
    (void)state;
    const struct dense_shape shape = { 1, 1, 1 };
    const float x = 2, w = 3, b = 0, right = 6, near = nextafterf(6, 7), wrong = 5;
    struct error e;
    double headroom;
    struct shadow *s = shadow_create(1);
    shadow_step(s, 7);
    shadow_trace(s, "0.dense", "dense.forward", &shape,
                 (const void *const[]){ &x, &w, &b, &right });
    assert_true(shadow_held(s, &headroom, &e));
    assert_true(headroom == 0.0);
    shadow_trace(s, "2.dense", "dense.forward", &shape,
                 (const void *const[]){ &x, &w, &b, &near });
    assert_true(shadow_held(s, &headroom, &e));
    assert_true(headroom > 0.0 && headroom < 1.0);
    shadow_trace(s, "4.dense", "dense.forward", &shape,
                 (const void *const[]){ &x, &w, &b, &wrong });
    assert_false(shadow_held(s, &headroom, &e));
    assert_true(headroom > 0.0 && headroom < 1.0); /* of what held */
    assert_non_null(strstr(e.text, "4.dense: dense.forward: step 7: y[0,0] is 5, ref 6"));
    shadow_destroy(s);
}

/* A gradient that is not wanted is NULL: the others are judged all the same. */
static void test_takes_absent_operands(void **state)
{
    (void)state;
    const struct dense_shape shape = { 1, 1, 1 };
    const float x = 2, w = 3, dy = 4, db = 4;
    for (int i = 0; i < 2; i++) {
        const float dw = i ? 9 : 8;
        struct shadow *s = shadow_create(1);
        shadow_step(s, 1);
        shadow_trace(s, "0.dense", "dense.backward", &shape,
                     (const void *const[]){ &x, &w, &dy, NULL, &dw, &db });
        assert_int_equal(shadow_report(s), i == 0);
        shadow_destroy(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_looks_at_every_nth_step),
        cmocka_unit_test(test_judges_by_the_bound),
        cmocka_unit_test(test_judges_exactly_what_never_rounds),
        cmocka_unit_test(test_tells_layers_apart),
        cmocka_unit_test(test_takes_absent_operands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
