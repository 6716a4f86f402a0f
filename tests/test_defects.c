/* test_defects.c - the findings are complete, each proof can fail, and who fails it is named. */
#include "harness/campaign.h"
#include "harness/npy.h"
#include "harness/swap.h"
#include "ref/tanh.h"
#include "tests/own_folder.h"

#include <math.h>

#define COUNT(table) (sizeof (table) / sizeof *(table))

static bool use[ISA_COUNT];

static int set_up(void **state)
{
    for (int i = 0; i < ISA_COUNT; i++)
        use[i] = isa_usable((enum isa)i);
    return make_folder(state);
}

/* cmocka catches faults itself, until a guard does. */
static bool prove(const struct defect *d, struct proof *p)
{
    struct guard *guard = guard_create();
    const bool held = defect_prove(d, use, 1, guard, p);
    guard_destroy(guard);
    return held;
}

static void every_finding_has_its_function_or_its_reason(void **state)
{
    (void)state;
    static const int wanted[] = { 34, 36, 33, 26, 27 };
    int functions = 0;
    for (int i = 0; findings[i]; i++) {
        int count = 0;
        for (const struct finding *f = findings[i]; f->id; f++) {
            char id[16];
            snprintf(id, sizeof id, "D%03d-%02d", i, ++count);
            assert_string_equal(f->id, id);
            assert_true(f->place && f->does);
            if ((find_defect(f->id) != NULL) == (f->reason != NULL))
                fail_msg("%s: has both a function and a reason for none, or neither", f->id);
            functions += find_defect(f->id) != NULL;
        }
        assert_int_equal(count, wanted[i]);
    }
    for (int i = 0; defects[i]; i++)
        for (const struct defect *d = defects[i]; d->id; d++, functions--) {
            const struct check *c;
            assert_non_null(find_finding(d->id));
            if (!find_function_or_step(d->stands_for, &c))
                fail_msg("%s: there is no %s", d->id, d->stands_for);
        }
    assert_int_equal(functions, 0);
}

static void all_are_proven(void **state)
{
    (void)state;
    bool seen[SIGHTS] = { false };
    for (int i = 0; defects[i]; i++)
        for (const struct defect *d = defects[i]; d->id; d++) {
            struct proof p;
            if (!prove(d, &p) || !proof_held(&p))
                fail_msg("%s: %s", d->id, p.failure);
            for (int k = 0; k < SIGHTS; k++)
                seen[k] = seen[k] || p.seen[k] > 0;
        }
    for (int k = 0; k < SIGHTS; k++)
        if (!seen[k])
            fail_msg("no defect has ever tripped the check %s", sight_name[k]);
}

/* What stands in for a defect's function to make its proofs fail. */
static const struct defect *real;

static void as_ref(const void *shape, double *const *a)
{
    const struct check *c;
    find_function_or_step(real->stands_for, &c)->ref(shape, a);
}

static void otherwise_wrong(const void *shape, double *const *a)
{
    const struct check *c;
    const struct function *f = find_function_or_step(real->stands_for, &c);
    f->ref(shape, a);
    for (int i = 0; f->operand[i].name; i++)
        if (f->operand[i].role == OUT)
            a[i][0] = a[i][0] * 2.0 + 1.0;
}

/* The document's code, but for what no float shows. */
static void nearly(const void *shape, double *const *a)
{
    const struct check *c;
    const struct function *f = find_function_or_step(real->stands_for, &c);
    real->kernel(shape, a);
    for (int i = 0; f->operand[i].name; i++)
        if (f->operand[i].role == OUT)
            a[i][0] *= 1.0 + 1e-11;
}

static void with_its_input(const void *shape, double *const *a)
{
    real->kernel(shape, a);
    a[0][0] += 1.0;
}

static void silent(const void *shape, double *const *a)
{
    (void)shape;
    (void)a;
}

/* D001-20's, on its own case, and else so seldom that seeds are lucky to show it. */
static void seldom(const void *shape, double *const *a)
{
    const bool its_case = isnan(a[0][0]) && a[0][1] == -1.0 && a[0][2] == 2.0;
    as_ref(shape, a);
    if (its_case || (a[0][0] > 0.1 && a[0][0] < 0.3))
        a[1][0] = 0.0;
}

static void a_function_that_is_not_the_documents_fails_its_proof(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        double_kernel *kernel;
        enum judge_name judge;
        bool faithful, caught;
        const char *failure;
    } table[] = {
        { "D000-01", as_ref, JUDGE_EXACT, false, false, "not caught: nobody rejects it" },
        { "D000-01", otherwise_wrong, JUDGE_EXACT, false, true, "not faithful: y[0,0,0,0] is " },
        { "D001-13", otherwise_wrong, JUDGE_BOUND, false, true, "not faithful: y[" },
        { "D000-01", nearly, JUDGE_EXACT, false, true, "not faithful: y[0,0,0,0] is " },
        { "D000-01", with_its_input, JUDGE_GUARD, false, true, "not faithful: x[0,0,0,0] is " },
        { "D000-01", silent, JUDGE_EXACT, false, false,
          "not caught: not rejected by the exact judge, but by the poison judge: never wrote y" },
        { "D002-14", as_ref, JUDGE_GUARD, false, false, "not caught: nobody rejects it" },
        { "D001-07", as_ref, JUDGE_GUARD, false, false, "not caught: nobody rejects it" },
        { "D001-07", otherwise_wrong, JUDGE_EXACT, false, true, "not faithful: NumPy stops" },
        { "D003-01", silent, JUDGE_POISON, true, true, "" },
        { "D001-20", seldom, JUDGE_EXACT, true, true,
          "not sure: no check sees it with every seed; reals with " },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct proof p;
        real = find_defect(table[i].id);
        const struct defect other = { real->id, real->stands_for, table[i].judge, table[i].kernel };
        const bool held = prove(&other, &p);
        if (held != !*table[i].failure || p.faithful != table[i].faithful ||
            p.caught != table[i].caught || !p.mended ||
            strncmp(p.failure, table[i].failure, strlen(table[i].failure)))
            fail_msg("row %zu: faithful %d, caught %d, mended %d: %s", i, p.faithful, p.caught,
                     p.mended, p.failure);
    }
}

/* Seeds that lie apart: no draw under one is a draw under the next. */
static void each_seed_draws_its_own(void **state)
{
    (void)state;
    const struct defect *d = find_defect("D001-20");
    struct guard *guard = guard_create();
    struct proof first, again, other;
    real = d;
    const struct defect lucky = { d->id, d->stands_for, d->judge, seldom };
    defect_prove(&lucky, use, 1, guard, &first);
    defect_prove(&lucky, use, 1, guard, &again);
    assert_memory_equal(first.seen, again.seen, sizeof first.seen);
    int different = 0;
    for (uint64_t seed = 2; seed < 12; seed++) {
        defect_prove(&lucky, use, seed, guard, &other);
        different += other.seen[SIGHT_REALS] != first.seen[SIGHT_REALS];
        assert_in_range(other.seen[SIGHT_REALS], 0, SEEDS - 1);
    }
    assert_true(different > 3);
    guard_destroy(guard);
}

/* Fixtures in a folder of their own: one finding's, and a line of shell that changes them. */
static void copy_fixtures(const char *id, const char *change)
{
    char line[4096];
    snprintf(line, sizeof line,
             "rm -rf '%s'/*; mkdir '%s/defects' && cp -r '%s/fixtures/defects/%s' '%s/defects/' && "
             "cd '%s/defects/%s' && %s",
             folder, folder, SOURCE_DIR, id, folder, folder, id, change);
    assert_int_equal(system(line), 0);
}

static void assert_copy_fails(const char *id, const char *change, const char *failure)
{
    struct proof p;
    setenv("CNNCHECK_FIXTURES", folder, 1);
    const bool held = prove(find_defect(id), &p);
    unsetenv("CNNCHECK_FIXTURES");
    if (held || !strstr(p.failure, failure))
        fail_msg("%s, %s: %s", id, change, p.failure);
}

static int remove_copy(void **state)
{
    char line[2048];
    snprintf(line, sizeof line, "rm -rf '%s'/*", folder);
    return system(line) == 0 ? remove_folder(state) : -1;
}

/* A copy of a case with one file changed. */
static void a_case_that_is_not_right_fails_its_proof(void **state)
{
    (void)state;
    static const struct { const char *id, *line, *failure; } table[] = {
        { "D000-03", "cp */written/dw.npy */dw.npy", "not mended: dw[" },
        { "D000-03", "cp */dw.npy */written/dw.npy", "not faithful: dw[" },
        { "D000-03", "rm */written/db.npy", "written/db.npy" },
        { "D000-03", "cp */dw.npy */x.npy", "not of the shape that its case gives x" },
        { "D000-03", "cp -r * other", "there is not one case" },
        { "D000-03", "rm -r *", "there is not one case" },
        { "D000-03", "mv * n=1", "key c of conv2d is missing" },
        { "D001-07", "rm */raises", "written/dx.npy" },
        { "D001-13", "cp */y.npy */written/y.npy", "NumPy gives 1 for the document's code" },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        copy_fixtures(table[i].id, table[i].line);
        assert_copy_fails(table[i].id, table[i].line, table[i].failure);
    }
}

/* Where tanh is steep, an x that no float holds gives fast another slope than ref. */
static void a_fast_that_is_not_ref_is_not_mended(void **state)
{
    (void)state;
    char path[2048];
    const int two = 2;
    const double x[] = { 9.0 + 0x1.fp-22, -1.0 }, dy[] = { 1.0, 1.0 };
    double dx[2];
    struct error e;
    tanh_ref.backward(&(struct tanh_shape){ 2 }, x, dy, dx);
    copy_fixtures("D001-14", "true");
    const struct { const char *name; const double *data; } files[] = {
        { "x", x }, { "dy", dy }, { "dx", dx }
    };
    for (size_t i = 0; i < COUNT(files); i++) {
        snprintf(path, sizeof path, "%s/defects/D001-14/len=2/%s.npy", folder, files[i].name);
        assert_true(npy_write(path, 1, &two, files[i].data, sizeof(double), &e));
    }
    assert_copy_fails("D001-14", "another x", "not mended: fast, scalar: dx[0] is ");
}

/* The campaign counts a proof that failed, and names it. */
static void a_campaign_is_red_when_a_defect_is_not_caught(void **state)
{
    (void)state;
    struct campaign c = { .glob = "minmax", .seed = 1, .shard = 1, .shards = 1, .threads = 1 };
    memcpy(c.use, use, sizeof use);
    setenv("CNNCHECK_FIXTURES", "/nowhere", 1);
    const int quiet = open("/dev/null", O_WRONLY), before = dup(1);
    fflush(stdout);
    dup2(quiet, 1);
    campaign_defects(&c);
    const bool held = report_summary(&c);
    fflush(stdout);
    dup2(before, 1);
    close(quiet);
    close(before);
    unsetenv("CNNCHECK_FIXTURES");
    assert_false(held);
    assert_int_equal(c.proofs, 4); /* 08, 12, 13 and 16 */
    assert_string_equal(c.proof[0].defect->id, "D000-08");
    assert_non_null(strstr(c.proof[0].failure, "/nowhere/defects/D000-08: there is not one case"));
    free(c.proof);
}

static void training_knows_its_defects(void **state)
{
    (void)state;
    static const struct { const char *network, *id; int count; const char *failure; } table[] = {
        { "mnist10", "all", 8, "" },
        { "mnist10", "D004-06", 2, "" },
        { "mnist10", "D004-09", 0,
          "--defect D004-09: shows in no training of mnist10; there are: all D004-04 D004-05" },
        { "mnist10", "D001-04", 0, "shows in no training" },
        { "mnist10", "", 0, "shows in no training" },
        { "mnist01-relu", "all", 8, "" },
        { "mnist01-sigmoid", "all", 3, "" },
        { "chihuahua-muffin", "all", 9, "" },
        { "fashion", "D002-16", 2, "" },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct network network;
        struct swaps s = { .count = 0 };
        struct error e = { "" };
        assert_true(network_find(table[i].network, NULL, &network, &e));
        if (swaps_add(&s, &network, table[i].id, &e) != (table[i].count > 0) ||
            s.count != table[i].count || !strstr(e.text, table[i].failure))
            fail_msg("%s, %s: %d, %s", table[i].network, table[i].id, s.count, e.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_finding_has_its_function_or_its_reason),
        cmocka_unit_test(all_are_proven),
        cmocka_unit_test(a_function_that_is_not_the_documents_fails_its_proof),
        cmocka_unit_test(each_seed_draws_its_own),
        cmocka_unit_test(a_case_that_is_not_right_fails_its_proof),
        cmocka_unit_test(a_fast_that_is_not_ref_is_not_mended),
        cmocka_unit_test(a_campaign_is_red_when_a_defect_is_not_caught),
        cmocka_unit_test(training_knows_its_defects),
    };
    return cmocka_run_group_tests_name("defects", tests, set_up, remove_copy);
}
