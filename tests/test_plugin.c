/* test_plugin.c - kernels of one's own: the worked example through every command that takes a
 * plugin, and what is refused. */
#include "tests/cli.h"

#define COMPILE "${CC:-cc} -O2 -shared -fPIC -I '" SOURCE_DIR "' "

static int make_plugin(void **state)
{
    if (make_folder(state))
        return -1;
    shell(COMPILE "'" SOURCE_DIR "/tests/plugin_dense.c' -o dense.so");
    assert_ended(0, "", "the compiler");
    return 0;
}

static void the_example_goes_through_everything(void **state)
{
    (void)state;
    shell("cnncheck verify --plugin dense.so --tier smoke");
    assert_ended(0, "\nHELD: 1 functions, ", "verify");
    assert_non_null(strstr(out, "dense.forward "));
    assert_non_null(strstr(out, " guarded calls on plugin; 0 rejected"));
    assert_null(strstr(out, "fashion")); /* nor any other network */
    shell("cnncheck digest --plugin dense.so");
    assert_ended(0, "\nHELD: 1 functions, ", "digest");
    assert_non_null(strstr(out, " calls on plugin, "));
    shell("cnncheck digest --plugin dense.so --check '" SOURCE_DIR "/fixtures/DIGEST'");
    assert_ended(1, "FAIL dense.forward: ", "another order of additions");
    shell("cnncheck bench --plugin dense.so --case n=1,in=16,out=16 --isa scalar "
          "--json bench.json");
    assert_ended(0, "\ndense.forward            plugin ", "bench");
    assert_non_null(strstr(out, "\ndense.forward            scalar "));
    read_all("bench.json", out, sizeof out);
    assert_non_null(strstr(out, "\"isa\": \"plugin\", \"name\": \"dense.forward\", "));
}

static void run_calls_it(void **state)
{
    (void)state;
    shell("F='" SOURCE_DIR "/fixtures/dense.forward/n=1,in=1,out=1'; for by in 'ref' "
          "'fast --plugin dense.so'; do cnncheck run dense.forward n=1 in=1 out=1 "
          "--in x=\"$F/x.npy\" "
          "--in w=\"$F/w.npy\" --in b=\"$F/b.npy\" --out y=y.npy --impl $by && wc -c <y.npy; done");
    assert_ended(0, "136\n132\n", "run"); /* a double by ref, a float by the plugin */
}

/* A plugin of one line, which stands for relu's. */
static void compile_line(const char *line)
{
    shell("printf '#include \"fast/plugin.h\"\\n#include \"ref/relu.h\"\\n%%s\\n' '%s' >line.c; "
          COMPILE "line.c -o line.so", line);
    assert_ended(0, "", line);
}

/* Of all floats one is wrong, which no drawn case meets: a part of them is tried, with that one in
 * it or beside it. */
static void all_floats_are_tried(void **state)
{
    (void)state;
    static const struct { const char *options; int ended; const char *said; } table[] = {
        { "--tier full", 0, "\nHELD: 1 functions, " },
        { "--tier exhaustive --shard 19/64", 0, "ref rounded                       67108864\n" },
        { "--tier exhaustive --shard 18/64", 1, "FAIL relu.forward plugin all floats: "
          "relu(0x1.234568p+4) is 0x1.2p+4, ref 0x1.234568p+4: too far from ref\n" },
    };
    compile_line("static void f(const struct relu_shape *s, const float *x, float *y) { "
                 "for (int i = 0; i < s->len; i++) "
                 "y[i] = x[i] == 0x1.234568p+4f ? 18.0f : x[i] <= 0.0f ? 0.0f : x[i]; } "
                 "PLUGIN(relu, f);");
    for (size_t i = 0; i < COUNT(table); i++) {
        shell("cnncheck verify --plugin line.so %s", table[i].options);
        assert_ended(table[i].ended, table[i].said, table[i].options);
    }
    char repro[256];
    assert_int_equal(sscanf(out, "FAIL %*[^\n]\nREPRO: %255[^\n]", repro), 1);
    shell("%s", repro);
    assert_ended(1, table[2].said, repro);
}

/* It is told of like any other fault, and the run goes on to its end. */
static void a_plugin_that_aborts_is_rejected(void **state)
{
    (void)state;
    compile_line("#include <stdlib.h>\nstatic void f(const struct relu_shape *s, const float *x, "
                 "float *y) { (void)s, (void)x, (void)y; abort(); } PLUGIN(relu, f);");
    shell("cnncheck verify --plugin line.so --tier smoke");
    assert_ended(1, "\nFAILED: 1 functions, ", "abort()");
    assert_non_null(strstr(out, ": it called abort(), or the C library did so for it"));
}

/* With nothing but what make install leaves; vec.h and vmath.h are there, too. */
static void an_author_needs_no_sources(void **state)
{
    (void)state;
    shell("make -s -C '" SOURCE_DIR "' BUILD=\"$PWD/unused\" PREFIX=/opt/c DESTDIR=\"$PWD/root\" "
          "install-headers >make.log 2>&1 && cp '" SOURCE_DIR "/tests/plugin_dense.c' own.c && "
          "${CC:-cc} -O2 -shared -fPIC -I root/opt/c/include/cnncheck own.c -o own.so && "
          "${CC:-cc} -std=c11 -I root/opt/c/include/cnncheck -DISA_scalar -include fast/vec.h "
          "-include fast/vmath.h -fsyntax-only own.c");
    assert_ended(0, "", "installed headers");
    shell("cnncheck verify --plugin own.so --case n=2,in=17,out=33");
    assert_ended(0, "\nHELD: 1 functions, ", "verify");
}

static void what_is_no_plugin_is_refused(void **state)
{
    (void)state;
    static const struct { const char *line, *options, *said; } table[] = {
        { "", "--plugin nosuch.so", "cnncheck: nosuch.so: No such file or directory\n" },
        { "", "--plugin line.c", "cnncheck: line.c: not a plugin: " },
        { "", "--plugin .", "cnncheck: .: not a plugin: " },
        { "", "--plugin line.so",
          "line.so: has no kernels; PLUGIN of fast/plugin.h exports them\n" },
        { "PLUGIN(relu, 0);", "--plugin line.so", "line.so: relu_plugin has no functions\n" },
        { "void no(); static void f(const struct relu_shape *s, const float *x, float *y)"
          "{ (void)s, (void)x, (void)y; no(); } PLUGIN(relu, f);",
          "--plugin line.so", "undefined symbol: no" },
        { "const struct relu_float relu_plugin = { 0 };", "--plugin line.so",
          "line.so: relu_plugin was built for another version of ref/relu.h: compile it again\n" },
        { "#undef relu_kernels\n#define relu_kernels(real) int forward;\nPLUGIN(relu, 0);",
          "--plugin line.so", "another version of ref/relu.h" },
        { "", "--plugin dense.so --isa scalar", "--isa scalar: a plugin is a level of its own" },
        { "", "--plugin dense.so --layer relu", "--layer relu matches no function of dense.so" },
    };
    static const char *const commands[] = { "verify", "digest", "bench" };
    for (size_t i = 0; i < COUNT(table); i++) {
        compile_line(table[i].line);
        for (size_t k = 0; k < COUNT(commands); k++) {
            if (k == 2 && strstr(table[i].options, "--isa")) /* bench has both, side by side */
                continue;
            shell("cnncheck %s %s", commands[k], table[i].options);
            assert_ended(2, table[i].said, table[i].options);
            assert_string_equal(out, "");
            assert_ptr_equal(strchr(err, '\n'), err + strlen(err) - 1); /* one line */
        }
    }
    shell("cnncheck run relu.forward len=1 --impl fast --plugin dense.so");
    assert_ended(2, "dense.so: has no relu.forward", "run");
    shell("cnncheck run relu.forward len=1 --impl ref --plugin dense.so");
    assert_ended(2, "--plugin: ref has no instruction sets", "run");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_goes_through_everything),
        cmocka_unit_test(run_calls_it),
        cmocka_unit_test(all_floats_are_tried),
        cmocka_unit_test(a_plugin_that_aborts_is_rejected),
        cmocka_unit_test(an_author_needs_no_sources),
        cmocka_unit_test(what_is_no_plugin_is_refused),
    };
    return cmocka_run_group_tests_name("plugin", tests, make_plugin, remove_folder);
}
