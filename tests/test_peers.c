/* test_peers.c - scripts/peers.py beside a program that answers anything: what it refuses, and what
 * it leaves alone. */
#include "tests/cli.h"

#define PEERS "'" SOURCE_DIR "/scripts/peers.py' "

/* A program in the place of build/peers that answers every question but that for versions so. */
static void answer(const char *with)
{
    shell("mkdir -p b && printf '#!/bin/sh\nwhile read line; do case $line in "
          "versions) echo none;; *) echo \"%s\";; esac; done\n' >b/peers && chmod +x b/peers",
          with);
    assert_ended(0, "", "a program");
}

static void a_mistake_is_told_in_one_line(void **state)
{
    (void)state;
    static const char *const mistakes[][2] = {
        { "b --rounds 0", "argument --rounds: 0 is below 1\n" },
        { "b --rounds some", "argument --rounds: invalid whole value: 'some'\n" },
        { "b --threads -1", "argument --threads: -1 is below 1\n" },
    };
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        shell(PEERS "%s", mistakes[i][0]);
        assert_ended(2, mistakes[i][1], mistakes[i][0]);
    }
    shell(PEERS "missing 2>&1 | grep -v '^no PyTorch'"); /* where it begins */
    assert_ended(0, "peers: FileNotFoundError: ", "no program");
    assert_ptr_equal(strchr(out, '\n'), out + strlen(out) - 1);
    answer("error: no such work");
    shell(PEERS "b 2>&1 | grep -v '^no PyTorch'"); /* where it measures */
    assert_ended(0, ": error: no such work\n", "an error");
    assert_memory_equal(out, "peers: RuntimeError: ", 21);
    assert_ptr_equal(strchr(out, '\n'), out + strlen(out) - 1);
    answer("nothing");
    shell(PEERS "b 2>&1 | grep -v '^no PyTorch'");
    assert_ended(0, "peers: ValueError: ", "no number");
    assert_ptr_equal(strchr(out, '\n'), out + strlen(out) - 1);
    assert_int_not_equal(access("b/peers.json", F_OK), 0);
}

static void a_part_is_no_result(void **state)
{
    (void)state;
    answer("1e-6");
    shell("echo kept >b/peers.json; " PEERS "b --rounds 1 --only OpenBLAS");
    assert_int_equal(status, 0);
    assert_non_null(strstr(out, "| dense.forward | n=64,in=3125,out=100 | 1.00 | OpenBLAS | 1.00"));
    assert_null(strstr(out, "conv2d"));
    shell("cat b/peers.json");
    assert_ended(0, "kept\n", "--only");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mistake_is_told_in_one_line),
        cmocka_unit_test(a_part_is_no_result),
    };
    return cmocka_run_group_tests_name("peers", tests, make_folder, remove_folder);
}
