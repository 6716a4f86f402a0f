/* test_operations.c - the vector operations that bench holds the functions of vmath.h against are
 * those that the kernels ask for, counted word by word. Negations and lanes kept are not: they may
 * be part of others. A scaling is two and an exponent four, a mantissa one and what a logarithm is
 * of special values: no set does it in less. */
#include "harness/check.h"
#include "ref/bce.h"
#include "ref/bce_logits.h"
#include "ref/sigmoid.h"
#include "ref/softmax.h"
#include "ref/tanh.h"
#include "ref/xent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ISA_scalar
#include "fast/vec.h"

static int operations, divisions;

static void operation(void)
{
    operations++;
}

static void division(void)
{
    divisions++;
}

#define v_add(...)    (operation(), v_add(__VA_ARGS__))
#define v_sub(...)    (operation(), v_sub(__VA_ARGS__))
#define v_mul(...)    (operation(), v_mul(__VA_ARGS__))
#define v_fma(...)    (operation(), v_fma(__VA_ARGS__))
#define v_fnma(...)   (operation(), v_fnma(__VA_ARGS__))
#define v_scale(...)  (operation(), operation(), v_scale(__VA_ARGS__))
#define v_min(...)    (operation(), v_min(__VA_ARGS__))
#define v_max(...)    (operation(), v_max(__VA_ARGS__))
#define v_lt(...)     (operation(), v_lt(__VA_ARGS__))
#define v_le(...)     (operation(), v_le(__VA_ARGS__))
#define v_eq(...)     (operation(), v_eq(__VA_ARGS__))
#define v_select(...) (operation(), v_select(__VA_ARGS__))
#define i_add(...)    (operation(), i_add(__VA_ARGS__))
#define i_sub(...)    (operation(), i_sub(__VA_ARGS__))
#define i_and(...)    (operation(), i_and(__VA_ARGS__))
#define i_xor(...)    (operation(), i_xor(__VA_ARGS__))
#define i_shl(...)    (operation(), i_shl(__VA_ARGS__))
#define i_shr(...)    (operation(), i_shr(__VA_ARGS__))
#define v_div(...)    (division(), v_div(__VA_ARGS__))
#define v_exponent(...) (operations += 4, v_exponent(__VA_ARGS__))
#define v_mantissa(...) (operation(), v_mantissa(__VA_ARGS__))
#define v_unless_special(...) (operation(), v_unless_special(__VA_ARGS__))

#undef FAST_TABLE
#define FAST_TABLE(layer) counted_##layer

#define PASTE_(layer, name) layer##_##name
#define PASTE(layer, name)  PASTE_(layer, name)
#define forward    PASTE(KERNEL, forward)
#define backward   PASTE(KERNEL, backward)
#define value      PASTE(KERNEL, value)
#define gradient   PASTE(KERNEL, gradient)
#define term       PASTE(KERNEL, term)
#define short_rows PASTE(KERNEL, short_rows)
#define group_rows PASTE(KERNEL, group_rows)
#define many_rows  PASTE(KERNEL, many_rows)
#define one_group  PASTE(KERNEL, one_group)
#define long_row   PASTE(KERNEL, long_row)

#define KERNEL counted_sigmoid
#include "fast/sigmoid.c"
#undef KERNEL
#define KERNEL counted_tanh
#include "fast/tanh.c"
#undef KERNEL
#define KERNEL counted_bce
#include "fast/bce.c"
#undef KERNEL
#define KERNEL counted_bce_logits
#include "fast/bce_logits.c"
#undef KERNEL
#define KERNEL counted_softmax
#include "fast/softmax.c"
#undef KERNEL
#define KERNEL counted_xent
#include "fast/xent.c"

enum { LEN = 1600 };

/* What a vector of `name` takes must be what its check says; `idle`: a sum that nobody asks for,
 * which compilers leave out. What a row takes once is too little to count. */
static void assert_counted(const char *name, int idle)
{
    const struct check *c;
    const struct function *f = find_function(name, &c);
    const int count = (operations + LEN / 32) / (LEN / 16) - idle;
    const int quotients = divisions / (LEN / 16);
    if (count != f->operations || quotients != f->divisions)
        fail_msg("%s: counted %d operations and %d divisions", name, count, quotients);
    operations = divisions = 0;
}

static void test_counts(void **state)
{
    (void)state;
    static float x[LEN], t[LEN], y[LEN], loss;
    const struct sigmoid_shape sigmoid = { LEN };
    const struct tanh_shape hyperbolic = { LEN };
    const struct softmax_shape softmax = { 1, LEN };
    const struct bce_shape bce = { 1, LEN, 1e-15 };
    const struct bce_logits_shape logits = { 1, LEN };
    const struct xent_shape xent = { 1, LEN };
    counted_sigmoid_forward(&sigmoid, x, y), assert_counted("sigmoid.forward", 1);
    counted_sigmoid_backward(&sigmoid, x, t, y), assert_counted("sigmoid.backward", 1);
    counted_tanh_forward(&hyperbolic, x, y), assert_counted("tanh.forward", 1);
    counted_tanh_backward(&hyperbolic, x, t, y), assert_counted("tanh.backward", 1);
    counted_softmax_forward(&softmax, x, y), assert_counted("softmax.forward", 0);
    counted_bce_forward(&bce, x, t, &loss), assert_counted("bce.forward", 0);
    counted_bce_backward(&bce, x, t, y), assert_counted("bce.backward", 1);
    counted_bce_logits_forward(&logits, x, t, &loss), assert_counted("bce_logits.forward", 0);
    counted_bce_logits_backward(&logits, x, t, y), assert_counted("bce_logits.backward", 1);
    counted_xent_forward(&xent, x, t, &loss), assert_counted("xent.forward", 0);
    counted_xent_backward(&xent, x, t, y), assert_counted("xent.backward", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_counts) };
    return cmocka_run_group_tests_name("operations", tests, NULL, NULL);
}
