/* test_shrink.c - what fails is told as the smallest that fails, and that really does. */
#include "harness/campaign.h"
#include "harness/shrink.h"
#include "ref/conv2d.h"
#include "ref/relu.h"

#include <fcntl.h>
#include <fenv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(table) (sizeof (table) / sizeof *(table))

/* Some ways for a convolution to fail. */
enum way { ALWAYS, WIDE, WINDOWS, STRIDES, BIASED, ODD };

static bool fails(void *context, const void *shape)
{
    const struct conv2d_shape *s = shape;
    switch (*(enum way *)context) {
    case WIDE: return s->w >= 17;
    case WINDOWS: return s->kh >= 2 && s->kw >= 3;
    case STRIDES: return s->stride > s->kw && s->pad > 0;
    case BIASED: return s->bias != 0;
    case ODD: return s->h % 2 == 1 && s->h > 4;
    default: return true;
    }
}

static void the_smallest_that_fails_is_found(void **state)
{
    (void)state;
    static const struct { enum way way; const char *from, *to; } table[] = {
        { ALWAYS, "n=3,c=5,h=20,w=40,o=14,kh=5,kw=5,stride=4,pad=3,bias=position",
          "n=1,c=1,h=1,w=1,o=1,kh=1,kw=1,stride=1,pad=0,bias=none" },
        { WIDE, "n=3,c=5,h=20,w=40,o=14,kh=5,kw=5,stride=4,pad=3,bias=channel",
          "n=1,c=1,h=1,w=17,o=1,kh=1,kw=1,stride=1,pad=0,bias=none" },
        /* the image shrinks first, while the window still needs it: another pass gets it smaller */
        { WINDOWS, "n=1,c=1,h=20,w=20,o=1,kh=5,kw=5,stride=1,pad=0,bias=none",
          "n=1,c=1,h=2,w=3,o=1,kh=2,kw=3,stride=1,pad=0,bias=none" },
        { STRIDES, "n=1,c=2,h=6,w=6,o=3,kh=2,kw=3,stride=4,pad=4,bias=none",
          "n=1,c=1,h=1,w=1,o=1,kh=1,kw=1,stride=2,pad=1,bias=none" },
        { BIASED, "n=2,c=2,h=3,w=17,o=7,kh=2,kw=2,stride=1,pad=0,bias=position",
          "n=1,c=1,h=1,w=1,o=1,kh=1,kw=1,stride=1,pad=0,bias=channel" },
        { ODD, "n=1,c=1,h=19,w=4,o=1,kh=1,kw=1,stride=1,pad=0,bias=none",
          "n=1,c=1,h=15,w=1,o=1,kh=1,kw=1,stride=1,pad=0,bias=none" }, /* no step leads to 5 */
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        const struct check *c;
        union any_shape shape;
        struct error e;
        char text[SHAPE_TEXT];
        enum way way = table[i].way;
        find_function("conv2d.forward", &c);
        assert_true(shape_parse(c, table[i].from, "case", &shape, &e));
        assert_in_range(shrink(c, &shape, fails, &way), 1, 150);
        shape_print(c, &shape, text);
        assert_string_equal(text, table[i].to);
    }
}

/* sgd.step with a rate of its own choice: the smallest has the first of the rates. */
static bool any(void *context, const void *shape)
{
    (void)shape;
    return ++*(int *)context > 0;
}

static void a_real_becomes_its_first_value(void **state)
{
    (void)state;
    const struct check *c;
    union any_shape shape;
    struct error e;
    char text[SHAPE_TEXT];
    double first;
    int asked = 0;
    find_function("sgd.step", &c);
    assert_true(shape_parse(c, "len=37,lr=0.125", "case", &shape, &e));
    const int trials = shrink(c, &shape, any, &asked);
    assert_int_equal(trials, asked);
    shape_print(c, &shape, text);
    assert_memory_equal(text, "len=1,lr=", 9);
    first = strtod(text + 9, NULL);
    assert_memory_equal(&first, c->key[1].values, sizeof first);
}

/* Only ever one less: more steps than are allowed. */
static bool one_less(void *context, const void *shape)
{
    int len;
    memcpy(&len, shape, sizeof len);
    const bool failed = len == *(int *)context - 1;
    *(int *)context -= failed;
    return failed;
}

static void trials_are_counted_and_limited(void **state)
{
    (void)state;
    const struct check *c;
    union any_shape shape;
    struct error e;
    int length = 1000000;
    find_function("relu.forward", &c);
    assert_true(shape_parse(c, "len=1000000", "case", &shape, &e));
    assert_int_equal(shrink(c, &shape, one_less, &length), SHRINK_TRIALS);
    assert_int_equal(key_value(c->key, &shape), length);
}

/* conv2d.forward, wrong in its last column where rows are longer than a vector. */
static void wrong_fast(enum isa isa, const void *shape, float *const *a, float *work)
{
    const struct conv2d_shape *s = shape;
    const struct check *c;
    find_function("conv2d.forward", &c)->fast(isa, shape, a, work);
    if (conv2d_ow(s) > 16)
        a[3][conv2d_ow(s) - 1] += 1024.0f;
}

/* relu.forward, and a flag where it is longer than what is tried with NaN and infinities. */
static void raising_fast(enum isa isa, const void *shape, float *const *a, float *work)
{
    const struct check *c;
    find_function("relu.forward", &c)->fast(isa, shape, a, work);
    if (((const struct relu_shape *)shape)->len > 4096)
        feraiseexcept(FE_DIVBYZERO);
}

typedef void kernel(enum isa isa, const void *shape, float *const *a, float *work);

static char said[1 << 15];

/* A campaign over a function, or over one case of it; returns how many were rejected. */
static long campaign(const char *name, kernel *fast, const char *only, struct tally *t)
{
    const struct check *c;
    struct function f = *find_function(name, &c);
    struct campaign run = { .only = only, .seed = 1, .tier = TIER_SMOKE, .shard = 1, .shards = 1,
                            .threads = 1, .tally = t, .tallies = 1 };
    FILE *kept = tmpfile();
    f.fast = fast;
    *t = (struct tally){ .check = c, .function = &f };
    for (int i = 0; i < ISA_COUNT; i++)
        run.use[i] = isa_usable((enum isa)i);
    fflush(stdout);
    const int before = dup(1);
    dup2(fileno(kept), 1);
    campaign_cases(&run);
    fflush(stdout);
    dup2(before, 1);
    close(before);
    rewind(kept);
    said[fread(said, 1, sizeof said - 1, kept)] = '\0';
    fclose(kept);
    free(t->spread);
    return t->rejected;
}

static void the_line_that_is_printed_is_the_smallest_and_repeats(void **state)
{
    (void)state;
    struct tally t;
    char text[SHAPE_TEXT] = "";
    assert_true(campaign("conv2d.forward", wrong_fast, NULL, &t) > REJECTIONS_TOLD);
    const char *fail = strstr(said, "FAIL conv2d.forward "), *repro = strstr(said, "REPRO: ");
    assert_true(fail && repro && strstr(fail, "; reduced from n="));
    assert_int_equal(sscanf(strstr(repro, "--case"), "--case \"%255[^\"]", text), 1);
    assert_non_null(strstr(text, "n=1,c=1,h=1,w=1"));
    union any_shape shape;
    struct error e;
    assert_true(shape_parse(t.check, text, "case", &shape, &e));
    assert_int_equal(conv2d_ow((struct conv2d_shape *)(void *)&shape), 17);
    assert_true(campaign("conv2d.forward", wrong_fast, text, &t) > 0);
    assert_null(strstr(said, "reduced")); /* a case that was asked for is told as it is */
    assert_non_null(strstr(said, text));
}

static void every_guarded_call_is_counted(void **state)
{
    (void)state;
    struct tally t;
    const struct check *c;
    campaign("relu.backward", find_function("relu.backward", &c)->fast, "len=3", &t);
    for (int i = 0; i < ISA_COUNT; i++) /* of both kinds: at a start, an end, in place */
        assert_int_equal(t.calls[i], isa_usable((enum isa)i) ? 6 : 0);
}

static void flags_are_looked_at_on_large_shapes(void **state)
{
    (void)state;
    struct tally t;
    assert_int_equal(campaign("relu.forward", raising_fast, "len=4096", &t), 0);
    assert_true(campaign("relu.forward", raising_fast, "len=4097", &t) > 0);
    assert_non_null(strstr(said, "flags judge: raised divide-by-zero, as ref does not"));
}

/* Which lengths were tried. */
static bool tried[4096];

static void noting(enum isa isa, const void *shape, float *const *a, float *work)
{
    const struct check *c;
    find_function("relu.forward", &c)->fast(isa, shape, a, work);
    tried[((const struct relu_shape *)shape)->len % 4096] = true;
}

static int tried_in(double seconds)
{
    const struct check *c;
    struct function f = *find_function("relu.forward", &c);
    struct tally t = { .check = c, .function = &f };
    struct campaign run = { .seed = 1, .tier = TIER_SMOKE, .shard = 1, .shards = 1, .threads = 1,
                            .budget = seconds, .use = { true }, .tally = &t, .tallies = 1 };
    int count = 0;
    f.fast = noting;
    memset(tried, 0, sizeof tried);
    campaign_cases(&run);
    assert_int_equal(t.rejected, 0);
    free(t.spread);
    for (size_t i = 0; i < sizeof tried / sizeof *tried; i++)
        count += tried[i];
    return count;
}

static void more_time_brings_other_shapes(void **state)
{
    (void)state;
    assert_true(tried_in(0.5) > tried_in(0.0) + 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smallest_that_fails_is_found),
        cmocka_unit_test(a_real_becomes_its_first_value),
        cmocka_unit_test(trials_are_counted_and_limited),
        cmocka_unit_test(every_guarded_call_is_counted),
        cmocka_unit_test(flags_are_looked_at_on_large_shapes),
        cmocka_unit_test(more_time_brings_other_shapes),
        cmocka_unit_test(the_line_that_is_printed_is_the_smallest_and_repeats),
    };
    return cmocka_run_group_tests_name("shrink", tests, NULL, NULL);
}
