/* test_campaign_networks.c - whole networks on fixtures: what is wrong in one is seen and named. */
#include "harness/campaign.h"
#include "harness/npy.h"
#include "tests/own_folder.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

#define CASE "form=document,h=2,w=3,batch=3,steps=3,lr=0.0625"

static char fixtures[512], one[1024]; /* the fixtures, and the one case in them */

/* The fixture as it stands, linked file by file. */
static void link_fixture(const char *name)
{
    char command[3000];
    snprintf(one, sizeof one, "%s/networks/chihuahua-muffin/%s", fixtures, name);
    snprintf(command, sizeof command, "mkdir -p '%s' && ln -s '%s/fixtures/networks/"
             "chihuahua-muffin/" CASE "'/* '%s'", one, SOURCE_DIR, one);
    assert_int_equal(system(command), 0);
}

static void remove_fixture(void)
{
    char command[1200];
    snprintf(command, sizeof command, "rm -r '%s'", fixtures);
    assert_int_equal(system(command), 0);
}

static struct following judge(void)
{
    struct campaign c = { .glob = "chihuahua-muffin", .use = { true }, .threads = 1 };
    setenv("CNNCHECK_FIXTURES", fixtures, 1);
    campaign_networks(&c);
    unsetenv("CNNCHECK_FIXTURES");
    assert_int_equal(c.followings, 1);
    const struct following f = c.following[0];
    free(c.following);
    return f;
}

/* Adds `by` times the largest number of a file to one of its numbers. */
static void spoil(const char *name, size_t at, double by)
{
    char path[1200];
    struct npy a;
    struct error e;
    double largest = 0.0;
    snprintf(path, sizeof path, "%s/%s.npy", one, name);
    assert_true(npy_read(path, &a, &e));
    for (size_t i = 0; i < a.count; i++)
        largest = fmax(largest, fabs(a.data[i]));
    a.data[at] += by * largest;
    remove(path);
    assert_true(npy_write(path, a.rank, a.dim, a.data, 8, &e));
    npy_free(&a);
}

static void check_rejected(const char *reason)
{
    const struct following f = judge();
    if (f.rejected != 1 || !strstr(f.failure, reason))
        fail_msg("%ld rejected, '%s', which should say '%s'", f.rejected, f.failure, reason);
    remove_fixture();
}

static void test_held(void **state)
{
    (void)state;
    link_fixture(CASE);
    const struct following f = judge();
    assert_string_equal(f.failure, "");
    assert_int_equal(f.cases, 1);
    assert_int_equal(f.steps, 3);
    assert_int_equal(f.rejected, 0);
    assert_true(f.off < 1e-10 && f.headroom > 0.0 && f.headroom < 1.0);
    remove_fixture();
}

static void test_one_number_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t at;
        double by;
        const char *reason;
    } cases[] = {
        { "loss", 2, 2e-10, "step 3: loss[0] is " },
        { "loss", 0, NAN, "step 1: loss[0] is " },
        { "1.conv2d.dw", 36 * 147 + 5, 2e-10, "step 2: 1.conv2d.w[5] is " },
        { "1.conv2d.db", 35, 2e-10, "step 1: 1.conv2d.b[35] is " },
        { "6.dense.dw", 7, 2e-10, "step 1: 6.dense.w[7] is " },
        { "4.minmax.range", 3, 2e-10, "step 2: 4.minmax.range[1] is " },
        { "1.conv2d.w", 24, 1e-3, "step 1: " }, /* another first value, in the middle */
        { "images", 0, 1.5, "images.npy: 555.5 is no whole number below 256" },
        { "labels", 0, 0.5, " is no whole number below 2" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        link_fixture(CASE);
        spoil(cases[i].name, cases[i].at, cases[i].by);
        check_rejected(cases[i].reason);
    }
    link_fixture(CASE);
    spoil("loss", 2, 5e-11); /* rounding is let through */
    assert_int_equal(judge().rejected, 0);
    remove_fixture();
}

static void test_broken_fixtures(void **state)
{
    (void)state;
    char path[1200];
    struct error e;
    link_fixture(CASE);
    snprintf(path, sizeof path, "%s/7.dense.dw.npy", one);
    remove(path);
    check_rejected("7.dense.dw.npy: ");
    link_fixture(CASE);
    snprintf(path, sizeof path, "%s/labels.npy", one);
    remove(path);
    assert_true(npy_write(path, 1, (const int[]){ 2 }, (const double[]){ 0, 1 }, 8, &e));
    check_rejected("labels.npy: 2 numbers, and its case has 9");
    link_fixture("form=document,h=2");
    check_rejected("not named as a case is");
    link_fixture("form=round,h=2,w=3,batch=3,steps=3,lr=0.0625");
    check_rejected("chihuahua-muffin has no form 'round'");
    link_fixture("form=document,h=0,w=3,batch=3,steps=3,lr=0.0625");
    check_rejected("no such network");
    assert_int_equal(mkdir(fixtures, 0755), 0);
    check_rejected("this network has no fixtures");
}

static int prepare(void **state)
{
    const int status = make_folder(state);
    snprintf(fixtures, sizeof fixtures, "%s", in_folder("fixtures"));
    return status;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_one_number_is_wrong),
        cmocka_unit_test(test_broken_fixtures),
    };
    return cmocka_run_group_tests(tests, prepare, remove_folder);
}
