/* test_make.c - the Makefile, asked what it would do. */
#include "tests/cli.h"

#define MAKE "env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -C '" SOURCE_DIR "' BUILD=\"$PWD/none\" "

static void looking_leaves_nothing_behind(void **state)
{
    (void)state;
    static const char *const looks[] = { "help", "-n", "-n test", "-q" };
    for (size_t i = 0; i < COUNT(looks); i++) {
        shell(MAKE "%s", looks[i]);
        assert_int_equal(status, !strcmp(looks[i], "-q"));
        assert_int_not_equal(access("none", F_OK), 0);
    }
}

static void tests_are_told_where_the_build_is(void **state)
{
    (void)state;
    shell(MAKE "-n \"$PWD/none/tests/test_make\" | grep -c -- \"-DBUILD_DIR='\\\"$PWD/none\\\"'\"");
    assert_ended(0, "1\n", "an absolute BUILD");
    shell("cd '" SOURCE_DIR "' && " MAKE "BUILD=build/none -n build/none/tests/test_make | "
          "grep -c -- \"-DBUILD_DIR='\\\"$PWD/build/none\\\"'\"");
    assert_ended(0, "1\n", "a relative BUILD");
}

/* With all programs of this machine but that one, by which the others are found. */
static void a_missing_pkg_config_is_named(void **state)
{
    (void)state;
    shell("mkdir bin; IFS=:; for d in $PATH; do ln -s \"$d\"/* bin/ 2>/dev/null; done; "
          "rm bin/pkg-config bin/cnncheck; PATH=\"$PWD/bin\"; " MAKE "cmocka");
    assert_ended(2, "make test needs pkg-config, which finds cmocka: scripts/setup.sh installs "
                    "both\n", "no pkg-config");
}

/* For make install no more than that object is made again. */
static void one_object_knows_where_the_fixtures_are(void **state)
{
    (void)state;
    shell(MAKE "-n PREFIX=/p install | grep -- '-DFIXTURES_DIR=.* -c '");
    assert_ended(0, "-DFIXTURES_DIR='\"/p/share/cnncheck/fixtures\"'", "make install");
    assert_ptr_equal(strchr(out, '\n'), out + strlen(out) - 1);
    shell(MAKE "-n | grep -- '-DFIXTURES_DIR=.* -c '");
    assert_ended(0, "-DFIXTURES_DIR='\"" SOURCE_DIR "/fixtures\"'", "make");
    assert_ptr_equal(strchr(out, '\n'), out + strlen(out) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looking_leaves_nothing_behind),
        cmocka_unit_test(tests_are_told_where_the_build_is),
        cmocka_unit_test(a_missing_pkg_config_is_named),
        cmocka_unit_test(one_object_knows_where_the_fixtures_are),
    };
    return cmocka_run_group_tests_name("make", tests, make_folder, remove_folder);
}
