/* test_cli.c - the program as people call it: help, run, info, and one line for every mistake. */
#include "harness/check.h"
#include "harness/npy.h"

#include "tests/cli.h"

#include <dirent.h>
#include <float.h>
#include <math.h>

static const char *const commands[] = { "verify", "run", "train", "eval", "info" };

/* What a command's own table of options says, its help says too. */
static void help_mentions_every_option(void **state)
{
    (void)state;
    static char source[1 << 16];
    char path[512], option[80];
    shell("cnncheck --help");
    for (size_t i = 0; i < COUNT(commands); i++)
        assert_ended(0, commands[i], "--help");
    for (size_t i = 0; i < COUNT(commands); i++) {
        int options = 0;
        shell("cnncheck %s --help", commands[i]);
        assert_ended(0, "usage: cnncheck ", commands[i]);
        assert_string_equal(err, "");
        snprintf(path, sizeof path, "%s/harness/command_%s.c", SOURCE_DIR, commands[i]);
        read_all(path, source, sizeof source);
        for (char *p = source; (p = strstr(p, "_argument, NULL, ")) != NULL; p++) {
            char *name = p;
            while (*name != '{')
                name--;
            snprintf(option, sizeof option, "  --%.*s", (int)strcspn(name + 3, "\""), name + 3);
            assert_ended(0, option, commands[i]);
            options++;
        }
        assert_true(options >= 6 || !strcmp(commands[i], "info"));
    }
    shell("cnncheck --version");
    assert_ended(0, "cnncheck 0.", "--version");
}

static void info_and_help_list_every_function(void **state)
{
    (void)state;
    char name[80];
    for (int help = 0; help < 2; help++) {
        shell(help ? "cnncheck run --help" : "cnncheck info");
        for (int i = 0; checks[i]; i++)
            for (const struct function *f = checks[i]->function; f->name; f++) {
                snprintf(name, sizeof name, "%s.%s", checks[i]->layer, f->name);
                assert_ended(0, name, "a list of functions");
            }
    }
    shell("CNNCHECK_ISA=scalar cnncheck info");
    assert_ended(0, " scalar (in use)", "info");
    for (int i = 0; i < ISA_plugin; i++)
        assert_ended(0, isa_name[i], "info");
}

struct array {
    const char *name;
    int rank, dim[NPY_MAX_RANK];
    double value[9];
};

/* Small enough to be computed by hand. */
static const struct example {
    const char *call;
    struct array in[3], out[3];
} examples[] = {
    { "dense.forward n=2 in=3 out=2",
      { { "x", 2, { 2, 3 }, { 1, 2, 3, 0, -1, 4 } }, { "w", 2, { 3, 2 }, { 1, 0, 2, -1, 0, 3 } },
        { "b", 1, { 2 }, { 10, 20 } } },
      { { "y", 2, { 2, 2 }, { 15, 27, 8, 33 } } } },
    { "dense.backward out=2 in=3 n=2",
      { { "x", 2, { 2, 3 }, { 1, 2, 3, 0, -1, 4 } }, { "w", 2, { 3, 2 }, { 1, 0, 2, -1, 0, 3 } },
        { "dy", 2, { 2, 2 }, { 1, 2, 3, -1 } } },
      { { "dx", 2, { 2, 3 }, { 1, 0, 6, 3, 7, -3 } }, { "dw", 2, { 3, 2 }, { 1, 2, -1, 5, 15, 2 } },
        { "db", 1, { 2 }, { 4, 1 } } } },
    { "conv2d.forward n=1 c=1 h=3 w=3 o=1 kh=2 kw=2 stride=2 pad=1 bias=channel",
      { { "x", 4, { 1, 1, 3, 3 }, { 1, 2, 3, 4, 5, 6, 7, 8, 9 } },
        { "w", 4, { 1, 1, 2, 2 }, { 1, 2, 3, 4 } }, { "b", 1, { 1 }, { 0.5 } } },
      { { "y", 4, { 1, 1, 2, 2 }, { 4.5, 18.5, 36.5, 77.5 } } } },
    { "conv2d.forward n=1 c=1 h=2 w=2 o=1 kh=1 kw=2 stride=1 pad=0 bias=none",
      { { "x", 4, { 1, 1, 2, 2 }, { 1, 2, 3, 4 } }, { "w", 4, { 1, 1, 1, 2 }, { 1, -1 } } },
      { { "y", 4, { 1, 1, 2, 1 }, { -1, -1 } } } },
    { "maxpool.backward n=1 c=1 h=2 w=3 k=2 stride=1", /* the first of equal maxima takes it all */
      { { "x", 4, { 1, 1, 2, 3 }, { 1, 1, 0, 1, 1, 2 } }, { "dy", 4, { 1, 1, 1, 2 }, { 5, 7 } } },
      { { "dx", 4, { 1, 1, 2, 3 }, { 5, 0, 0, 0, 0, 7 } } } },
    { "xent.forward n=2 len=2",
      { { "z", 2, { 2, 2 }, { 0, 0, 3, 3 } }, { "t", 2, { 2, 2 }, { 1, 0, 0, 1 } } },
      { { "loss", 0, { 0 }, { 0.6931471805599453 } } } },
    { "xent.backward n=2 len=2",
      { { "z", 2, { 2, 2 }, { 0, 0, 3, 3 } }, { "t", 2, { 2, 2 }, { 1, 0, 0, 1 } } },
      { { "dz", 2, { 2, 2 }, { -0.25, 0.25, 0.25, -0.25 } } } },
    { "sgd.step len=2 lr=0.5",
      { { "w", 1, { 2 }, { 1, 2 } }, { "dw", 1, { 2 }, { 4, -2 } } },
      { { "updated", 1, { 2 }, { -1, 3 } } } },
};

static void write_array(const struct array *a, const char *path, int element_size)
{
    float single[9];
    struct error e;
    for (int i = 0; i < 9; i++)
        single[i] = (float)a->value[i];
    if (!npy_write(path, a->rank, a->dim, element_size == 4 ? (const void *)single : a->value,
                   element_size, &e))
        fail_msg("%s", e.text);
}

/* The file holds the array, as the dtype, up to one rounding to float. */
static void assert_array(const struct array *a, const char *path, const char *dtype)
{
    char text[128];
    struct npy found;
    struct error e;
    read_all(path, text, sizeof text);
    if (!strstr(text + 10, dtype) || !npy_read(path, &found, &e) || found.rank != a->rank ||
        memcmp(found.dim, a->dim, sizeof *a->dim * (size_t)a->rank))
        fail_msg("%s: not of dtype %s and rank %d", path, dtype, a->rank);
    for (size_t i = 0; i < found.count; i++)
        if (!(fabs(found.data[i] - a->value[i]) <= 0x1p-25 * (found.data[i] != a->value[i])))
            fail_msg("%s: [%zu] is %.17g, not %.17g", path, i, found.data[i], a->value[i]);
    npy_free(&found);
    assert_int_equal(remove(path), 0);
}

static void run_example(const struct example *x, const char *impl, const char *dtype)
{
    char files[1024] = "", path[80];
    for (int i = 0; i < 6; i++) {
        const struct array *a = i < 3 ? &x->in[i] : &x->out[i - 3];
        if (a->name)
            sprintf(files + strlen(files), " --%s %s=%s.npy", i < 3 ? "in" : "out", a->name,
                    a->name);
    }
    shell("cnncheck run %s --impl %s%s", x->call, impl, files);
    assert_ended(0, "", impl);
    assert_string_equal(out, "");
    for (int i = 0; i < 3 && x->out[i].name; i++) {
        snprintf(path, sizeof path, "%s.npy", x->out[i].name);
        assert_array(&x->out[i], path, dtype);
    }
}

static void run_computes_small_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(examples); i++)
        for (int size = 4; size <= 8; size += 4) {
            char path[80], impl[80];
            for (int k = 0; k < 3 && examples[i].in[k].name; k++) {
                snprintf(path, sizeof path, "%s.npy", examples[i].in[k].name);
                write_array(&examples[i].in[k], path, size);
            }
            run_example(&examples[i], "ref", "'<f8'");
            run_example(&examples[i], "fast", "'<f4'");
            for (int isa = 0; isa < ISA_COUNT; isa++) {
                snprintf(impl, sizeof impl, "fast --isa %s", isa_name[isa]);
                if (isa_usable((enum isa)isa))
                    run_example(&examples[i], impl, "'<f4'");
            }
        }
}

/* Infinities and NaN are given and taken, and what rounds to the largest float is no infinity. */
static void run_takes_what_float_holds(void **state)
{
    (void)state;
    const double most = FLT_MAX + 0x1p102; /* a little more: rounded down */
    const struct array x = { "x", 1, { 4 }, { INFINITY, -INFINITY, most, 1e-300 } };
    const struct array y = { "y", 1, { 4 }, { INFINITY, 0.0, FLT_MAX, 0.0 } };
    struct npy found;
    struct error e;
    write_array(&x, "x.npy", 8);
    shell("cnncheck run relu.forward len=4 --impl fast --in x=x.npy --out y=y.npy");
    assert_ended(0, "", "the ends of float");
    assert_true(npy_read("y.npy", &found, &e));
    for (int i = 0; i < 4; i++)
        assert_true(found.data[i] == y.value[i]);
    npy_free(&found);
    shell("rm x.npy y.npy");
}

#define RELU "cnncheck run relu.forward len=4 "
#define RELU_X RELU "--impl fast --in x=x.npy "

#define NAMELESS "'': cannot be written: a file without a name"
#define FULL "standard output: cannot be written: No space left on device\n"

/* A line of shell, and what the message must name. */
static const char *const mistakes[][2] = {
    { "cnncheck nosuch", "nosuch: no such command" },
    { "cnncheck info extra", "extra: info takes no arguments" },
    { "CNNCHECK_ISA=bogus cnncheck info", "CNNCHECK_ISA: unknown instruction set 'bogus'" },
    { "CNNCHECK_ISA=bogus cnncheck defects run D004-07",
      "CNNCHECK_ISA: unknown instruction set 'bogus'" },
    { "CNNCHECK_ISA=bogus cnncheck defects show D004-07",
      "CNNCHECK_ISA: unknown instruction set 'bogus'" },
    { "cnncheck run", "needs a LAYER.FUNCTION" },
    { "cnncheck run relu --impl ref", "relu: no such LAYER.FUNCTION" },
    { "cnncheck run relu.sideways --impl ref", "relu.sideways: no such LAYER.FUNCTION" },
    { "cnncheck run relu.forward --impl fast", "relu.forward: " },
    { "cnncheck run relu.forward len=4 size=4 --impl ref", "has no key 'size'" },
    { "cnncheck run relu.forward len=0 --impl ref", "relu needs len of at least 1" },
    { "cnncheck run relu.forward len=four --impl ref", "'four' is no value for key len" },
    { "cnncheck run relu.forward len --impl ref", "'len' is not KEY=VALUE" },
    { "cnncheck run relu.forward len=268435457 --impl ref",
      "relu.forward: '268435457' is no value for key len: a whole number in 0 .. 268435456" },
    { "cnncheck run relu.forward len=$(printf %0252d 4) --impl ref",
      "relu.forward: the keys are longer than 255 characters" },
    { RELU "--out y=y.npy --in x=x.npy", "--impl ref or --impl fast" },
    { RELU "--out y=y.npy --in x=x.npy --impl gpu", "--impl ref or --impl fast" },
    { RELU "--out y=y.npy --in x=x.npy --impl ref --isa scalar", "--isa: ref has no" },
    { RELU_X "--out y=y.npy --isa sse9", "--isa: unknown instruction set 'sse9'" },
    { "CNNCHECK_ISA=bogus " RELU_X "--out y=y.npy",
      "CNNCHECK_ISA: unknown instruction set 'bogus'" },
    { "CNNCHECK_ISA= " RELU_X "--out y=y.npy", "CNNCHECK_ISA: unknown instruction set ''" },
    { RELU_X "--out y=y.npy --threads 0", "--threads: '0'" },
    { RELU_X "--out y=y.npy --bogus", "--bogus: not an option" },
    { RELU_X "--out y=y.npy -xy", "-x" },
    { RELU_X "--out", "--out: not an option, or one without its value" },
    { RELU_X "--out y", "--out y: not NAME=FILE.npy" },
    { RELU_X "--out y=", "--out y=: not NAME=FILE.npy" },
    { RELU_X "--out y=y.npy --out y=z.npy", "--out y=z.npy: y is given twice" },
    { RELU_X "--out x=y.npy", "--out x=y.npy: relu.forward has no such output" },
    { RELU_X "--in y=x.npy --out y=y.npy", "--in y=x.npy: relu.forward has no such input" },
    { RELU_X "--out y=missing/y.npy", "missing/y.npy: cannot be written: " },
    { RELU_X "--out y=/dev/null", "/dev/null: cannot be written: not a regular file" },
    { RELU "--impl fast --out y=y.npy", "needs --in x=FILE.npy" },
    { RELU "--impl ref --out y=y.npy --in q=x.npy", "--in q=x.npy: " },
    { RELU "--impl ref --out y=y.npy --in x=missing.npy", "missing.npy: No such file" },
    { RELU "--impl ref --out y=y.npy --in x=five.npy",
      "five.npy: x has shape (5,), the keys ask for (4,)" },
    { RELU "--impl ref --out y=y.npy --in x=row.npy", "row.npy: x has shape (1, 4), " },
    { RELU "--impl ref --out y=y.npy --in x=short.npy", "short.npy: cut short" },
    { RELU "--impl ref --out y=y.npy --in x=long.npy", "long.npy: too long" },
    { RELU "--impl ref --out y=y.npy --in x=int.npy", "int.npy: its dtype is '<i4'" },
    { RELU "--impl ref --out y=y.npy --in x=text.npy", "text.npy: not an .npy file" },
    { RELU "--impl ref --out y=y.npy --in x=.", ".: not a regular file" },
    { RELU "--impl fast --out y=y.npy --in x=huge.npy",
      "huge.npy: x[2] is 1e+300, and float ends at 3.40282e+38; --impl ref takes it" },
    { "cnncheck train mnist01-relu --shadow 5",
      "5: train takes one NETWORK, and mnist01-relu is one; a number for --shadow is given as "
      "--shadow=N" },
    { "cnncheck train --shadow 5 mnist01-relu", "--shadow=N" },
    { "cnncheck eval --load x.npy mnist01-relu fashion",
      "fashion: eval takes one NETWORK, and mnist01-relu is one" },
    { "cnncheck train mnist01-relu --data fives",
      "fives: none of the 1 images has a label below 2, the classes of mnist01-relu" },
    { "cnncheck train mnist01-relu --validation 2000",
      "--validation: 2000 images leave none of mnist01-relu's 2000 to train on" },
    { "cnncheck digest --check many", "many: has more than 256 functions" },
    { "cnncheck eval mnist01-relu --load x.npy --out ''", NAMELESS },
    { "cnncheck train mnist01-relu --save ''", NAMELESS },
    { "cnncheck digest --out ''", NAMELESS },
    { "cnncheck bench --json ''", NAMELESS },
    { "cnncheck --help >/dev/full", FULL },
    { "cnncheck --version >/dev/full", FULL },
    { "cnncheck info >/dev/full", FULL },
    { "cnncheck verify --tier smoke --layer relu.forward --isa scalar >/dev/full", FULL },
};

static void write_bytes(const char *path, const char *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    fclose(f);
}

static int files_there(void)
{
    int count = 0;
    DIR *d = opendir(".");
    while (readdir(d))
        count++;
    closedir(d);
    return count;
}

static void a_mistake_is_one_line_that_names_it(void **state)
{
    (void)state;
    char bytes[256] = "";
    const struct array x = { "x", 1, { 4 }, { 1, -2, 3, -4 } };
    write_array(&x, "x.npy", 4);
    write_array(&(struct array){ "x", 1, { 5 }, { 1 } }, "five.npy", 8);
    write_array(&(struct array){ "x", 2, { 1, 4 }, { 1 } }, "row.npy", 8);
    read_all("x.npy", bytes, sizeof bytes);
    write_bytes("short.npy", bytes, 128 + 14);
    write_bytes("long.npy", bytes, 128 + 18);
    memcpy(strstr(bytes + 10, "<f4"), "<i4", 3);
    write_bytes("int.npy", bytes, 128 + 16);
    write_bytes("text.npy", "1 -2 3 -4\n", 10);
    write_array(&(struct array){ "x", 1, { 4 }, { INFINITY, FLT_MAX, 1e300, NAN } }, "huge.npy", 8);
    shell("mkdir fives; printf '\\0\\0\\10\\1\\0\\0\\0\\1\\5' >fives/train-labels-idx1-ubyte; "
          "(printf '\\0\\0\\10\\3\\0\\0\\0\\1\\0\\0\\0\\34\\0\\0\\0\\34'; "
          "head -c 784 /dev/zero) >fives/train-images-idx3-ubyte; (echo digest with seed 1; "
          "for i in $(seq 257); do echo \"f.$i 1 0123456789abcdef\"; done) >many");
    shell(RELU_X "--out y=y.npy"); /* the same without a mistake */
    assert_ended(0, "", RELU_X);
    assert_int_equal(remove("y.npy"), 0);
    shell(RELU "--impl ref --out y=y.npy --in x=huge.npy");
    assert_ended(0, "", "a double that is no float");
    assert_int_equal(remove("y.npy"), 0);
    const int before = files_there();
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        shell("%s", mistakes[i][0]);
        assert_ended(2, mistakes[i][1], mistakes[i][0]);
        if (strncmp(err, "cnncheck: ", 10) || strchr(err, '\n') != err + strlen(err) - 1 || *out)
            fail_msg("%s: not one line, and on stderr:\n%s%s", mistakes[i][0], out, err);
        if (files_there() != before || !access("y.npy", F_OK))
            fail_msg("%s: left a file behind", mistakes[i][0]);
    }
    shell("cnncheck"); /* no mistake, but nothing to do either */
    assert_ended(2, "usage: cnncheck COMMAND", "no command");
}

/* Whether it was named alike or not, and is there or not: what stands in it stays. */
static void one_file_is_not_written_twice(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "cnncheck eval mnist01-relu --load w --out w",
        "cnncheck eval mnist01-relu --load w --out ./w",
        "cnncheck train mnist01-relu --load w --log w",
        "cnncheck train mnist01-relu --load w --log link",
        "cnncheck train mnist01-relu --save w --log ./w",
        "cnncheck train mnist01-relu --save new --log new",
        "cnncheck verify --tier smoke --layer relu --json w --junit hard",
        "cnncheck verify --tier smoke --layer relu --json new --junit new",
        "cnncheck run dense.backward n=2 in=3 out=2 --impl ref --out dx=w --out dw=hard",
        "cnncheck run dense.backward n=2 in=3 out=2 --impl ref --out db=new --out dw=new",
    };
    shell("echo weights >w; ln -s w link; ln w hard");
    const int before = files_there();
    for (size_t i = 0; i < COUNT(lines); i++) {
        shell("%s", lines[i]);
        assert_ended(2, ": cannot be written: another option names this file\n", lines[i]);
        assert_string_equal(out, "");
        shell("cat w link hard");
        assert_string_equal(out, "weights\nweights\nweights\n");
        assert_int_equal(files_there(), before);
    }
    shell("rm w link hard");
}

#define LOGGED "cnncheck train mnist01-relu --log log "

/* Whatever ends a training: the old log stays until the first row of another, then its rows do. */
static void a_log_is_whole_or_the_old_one(void **state)
{
    (void)state;
    shell("echo old >log; (ulimit -t 1; " LOGGED "--epochs 1 --shadow=1) >/dev/null || echo ended; "
          "cat log; ls | grep log");
    assert_string_equal(out, "ended\nold\nlog\n");
    /* As on a full disk, which has room for what an OpenMP library shares, but not for the row; nor
     * for gcov's counters, which would be cut where they are: they go nowhere. */
    shell("cnncheck train mnist01-relu --epochs 1 --limit 4 --save w.npz >/dev/null; "
          "long=$(printf './%%.0s' $(seq 1500))w.npz; "
          "(trap '' XFSZ; ulimit -f 2; export GCOV_PREFIX=/dev/null; "
          LOGGED "--epochs 1 --limit 4 --load $long 2>&1) | "
          "grep 'cannot be written'; cat log; ls | grep log; rm w.npz");
    assert_string_equal(out, "cnncheck: log: cannot be written: File too large\nold\nlog\n");
    shell(LOGGED "--limit 4 --epochs 1000000 >/dev/null & p=$!; n=0; "
          "while [ $(wc -l <log) -lt 4 ] && [ $n -lt 600 ]; do sleep 0.1; n=$((n + 1)); done; "
          "kill $p; wait $p; cut -f 1 log | head -n 3; tail -c 1 log; ls | grep log");
    assert_string_equal(out, "network\nmnist01-relu\nmnist01-relu\n\nlog\n");
    shell("rm log; mkfifo log; cat log & " LOGGED "--limit 4 --epochs 2 >/dev/null; wait; rm log");
    assert_ended(0, "network\tform\t", "a pipe");
    assert_non_null(strstr(out, "\nmnist01-relu\tdocument\tfast\t"));
}

/* Where a name is longer than a message, its beginning is told, and what is wrong with it. */
static void a_long_name_leaves_the_reason(void **state)
{
    (void)state;
    char path[621] = "";
    for (int i = 0; i < 620; i += 2)
        strcat(path, "d/");
    path[619] = 'y';
    shell(RELU_X "--out y=%s", path);
    assert_ended(2, "cnncheck: d/d/d/d/", "a long name");
    assert_ended(2, "/d/d/dy: cannot be written: No such file or directory\n", "a long name");
    assert_in_range(strlen(err), 300, 600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_mentions_every_option),
        cmocka_unit_test(info_and_help_list_every_function),
        cmocka_unit_test(run_computes_small_examples),
        cmocka_unit_test(run_takes_what_float_holds),
        cmocka_unit_test(a_mistake_is_one_line_that_names_it),
        cmocka_unit_test(one_file_is_not_written_twice),
        cmocka_unit_test(a_log_is_whole_or_the_old_one),
        cmocka_unit_test(a_long_name_leaves_the_reason),
    };
    return cmocka_run_group_tests_name("cli", tests, make_folder, remove_folder);
}
