/* test_command_train.c - cnncheck train and cnncheck eval: what they refuse, print and write. */
#include "harness/command.h" /* before cmocka.h, which has a macro named fail */
#include "harness/npy.h"
#include "harness/weights.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#ifdef HAVE_PNG
#include <png.h>
#endif

static char folder[400], out[512], err[512], weights[512], table[512];

static const char *content(const char *path)
{
    static char text[20000];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    return text;
}

/* Runs "train ..." or "eval ..." in a process of its own, and returns its exit status. */
static int command(const char *line)
{
    char words[1000], *argv[32];
    int argc = 0;
    snprintf(words, sizeof words, "%s", line);
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        if (!freopen(out, "w", stdout) || !freopen(err, "w", stderr))
            _exit(99);
        exit(strcmp(argv[0], "train") == 0 ? train_command(argc, argv) : eval_command(argc, argv));
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void check_refused(const char *line, const char *reason)
{
    const int status = command(line);
    const char *text = content(err), *end = strchr(text, '\n');
    if (status != EXIT_UNUSABLE || strncmp(text, "cnncheck: ", 10) != 0 || !strstr(text, reason) ||
        !end || end[1])
        fail_msg("'%s' ended with %d and '%s', which should be one line and say '%s'", line, status,
                 text, reason);
}

static void test_refuses(void **state)
{
    (void)state;
    char line[1000];
    check_refused("train", "one NETWORK");
    check_refused("train mnist01-relu mnist01-relu", "one NETWORK");
    check_refused("train mnist02", "unknown network 'mnist02'");
    check_refused("train mnist01-relu --epoch-count 3", "--epoch-count");
    check_refused("train mnist01-relu --epochs", "--epochs");
    check_refused("train mnist01-relu --epochs 0", "--epochs: '0'");
    check_refused("train mnist01-relu --batch 1.5", "--batch: '1.5'");
    check_refused("train mnist01-relu --lr -1", "--lr: '-1'");
    check_refused("train mnist01-relu --lr nan", "--lr: 'nan'");
    check_refused("train mnist01-relu --lr-decay 2", "--lr-decay: '2'");
    check_refused("train mnist01-relu --seed x", "--seed: 'x'");
    check_refused("train mnist01-relu --limit 99999999999", "--limit: '99999999999'");
    check_refused("train mnist01-relu --validation -1", "--validation: '-1'");
    check_refused("train mnist01-relu --validation 10000",
                  "leave none of mnist01-relu's 2000 to train on");
    check_refused("train mnist01-relu --form plain", "no form 'plain'; there are: document");
    check_refused("train chihuahua-muffin", "--data DIR says where they are");
    check_refused("train mnist01-relu --threads 0", "--threads: '0'");
    check_refused("train mnist01-relu --init zero", "--init: 'zero'");
    check_refused("train mnist01-relu --loss hinge", "--loss: 'hinge'");
    check_refused("train mnist01-relu --impl slow", "--impl: 'slow'");
    check_refused("train mnist01-relu --isa sse9", "--isa: unknown instruction set 'sse9'");
    check_refused("train mnist01-relu --impl ref --isa scalar", "ref has no instruction sets");
    check_refused("train mnist01-relu --data /nowhere", "/nowhere/train-images");
    check_refused("train mnist01-relu --load /nowhere.npz", "/nowhere.npz");
    check_refused("train mnist01-relu --limit 2 --log /nowhere/log", "/nowhere/log");
    snprintf(line, sizeof line, "train mnist01-relu --impl fast --epochs 1 --limit 2 --save %s",
             "/nowhere/weights.npz");
    check_refused(line, "/nowhere/weights.npz");
    check_refused("eval mnist01-relu", "--load");
    check_refused("eval mnist01-relu --epochs 3", "--epochs");
    check_refused("eval --load x", "one NETWORK");
    check_refused("eval mnist01-relu --load x --impl slow", "--impl: 'slow'");
    check_refused("eval mnist01-relu --load x --impl ref --isa scalar", "no instruction sets");
    check_refused("eval mnist01-relu --load /nowhere.npz", "/nowhere.npz");
}

static void test_help(void **state)
{
    (void)state;
    static const char *const options[] = {
        "--impl", "--isa", "--data", "--epochs", "--batch", "--lr", "--lr-decay", "--seed",
        "--init", "--loss", "--limit", "--validation", "--form", "--threads", "--shadow",
        "--save", "--load", "--log", "--help",
        "mnist01-relu", "mnist01-sigmoid", "chihuahua-muffin", "two-convolutions",
    };
    assert_int_equal(command("train --help"), EXIT_HELD);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        assert_non_null(strstr(content(out), options[i]));
    assert_int_equal(command("eval mnist01-relu --help"), EXIT_HELD);
    assert_non_null(strstr(content(out), "--load"));
}

static int lines(const char *text)
{
    int n = 0;
    for (; (text = strchr(text, '\n')); text++)
        n++;
    return n;
}

static void test_trains_both_sides(void **state)
{
    (void)state;
    char line[2000];
    snprintf(line, sizeof line, "train --limit 30 mnist01-relu --epochs 2 --batch 4 --log %s",
             table);
    assert_int_equal(command(line), EXIT_HELD);
    assert_non_null(strstr(content(out), "difference"));
    assert_non_null(strstr(content(out), "ref: 200 test images"));
    assert_non_null(strstr(content(out), "fast: 200 test images"));
    assert_string_equal(content(err), "");
    const char *rows = content(table);
    assert_int_equal(lines(rows), 5);
    assert_ptr_equal(strstr(rows, "network\tform\timpl\tisa\timages\tbatch\tlr\tseed\tinit\t"
                                  "loss_mode\tepoch\tloss\ttrain_accuracy\t"
                                  "validation_accuracy\ttest_accuracy\tseconds\n"),
                     rows);
    assert_non_null(strstr(rows, "\nmnist01-relu\tdocument\tref\t-\t30\t4\t0.01\t1\tscaled\t"
                                 "fused\t2\t"));
    unlink(table);
}

static void test_saves_and_judges(void **state)
{
    (void)state;
#ifndef HAVE_LIBZIP
    skip();
#endif
    char line[2000];
    for (int ref = 0; ref < 2; ref++) {
        snprintf(line, sizeof line, "train mnist01-relu --impl %s --limit 200 --epochs 2 --save %s",
                 ref ? "ref" : "fast", weights);
        assert_int_equal(command(line), EXIT_HELD);
        const char *last = strstr(content(out), " test images, ");
        char accuracy[100];
        assert_non_null(last);
        snprintf(accuracy, sizeof accuracy, "%.*s", (int)strcspn(last, ")"), last);
        for (int by_ref = 0; by_ref < 2; by_ref++) {
            snprintf(line, sizeof line, "eval mnist01-relu --impl %s --load %s",
                     by_ref ? "ref" : "fast", weights);
            assert_int_equal(command(line), EXIT_HELD);
            assert_non_null(strstr(content(out), accuracy));
        }
        snprintf(line, sizeof line, "eval mnist01-sigmoid --load %s", weights);
        check_refused(line, "weights of mnist01-relu, not of mnist01-sigmoid");
    }
    unlink(weights);
}

/* What an epoch came to is told, though its row or its weights could not be kept. */
static void test_tells_what_it_could_not_keep(void **state)
{
    (void)state;
    const char *line = "train mnist01-relu --limit 4 --epochs 3 --log /dev/full";
    check_refused(line, "/dev/full: cannot be written: No space left on device");
    assert_non_null(strstr(content(out), "\n    1  "));
    assert_null(strstr(content(out), "  -")); /* both sides */
    assert_null(strstr(content(out), "\n    2 "));
#ifdef HAVE_LIBZIP
    char save[2000];
    struct rlimit before, small;
    getrlimit(RLIMIT_FSIZE, &before);
    small = (struct rlimit){ 1 << 16, before.rlim_max };
    signal(SIGXFSZ, SIG_IGN);
    snprintf(save, sizeof save, "train mnist01-relu --limit 4 --epochs 3 --save %s", weights);
    setrlimit(RLIMIT_FSIZE, &small);
    const int status = command(save);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(status, EXIT_UNUSABLE);
    assert_non_null(strstr(content(err), "weights.npz: cannot be written: "));
    assert_non_null(strstr(content(out), "\n    1  "));
    assert_null(strstr(content(out), "\n    2 "));
    assert_int_not_equal(access(weights, F_OK), 0);
#endif
}

#if defined HAVE_PNG && defined HAVE_LIBZIP

/* Two folders of photographs, light ones and dark ones, and a file that is none. */
static void make_photographs(char root[512])
{
    char path[600];
    snprintf(root, 512, "%s/photographs", folder);
    assert_int_equal(mkdir(root, 0755), 0);
    for (int i = 0; i < 26; i++) {
        uint8_t pixels[3 * 2 * 2];
        png_image image = { .version = PNG_IMAGE_VERSION, .format = PNG_FORMAT_RGB };
        image.width = image.height = 2;
        for (int k = 0; k < 12; k++)
            pixels[k] = (uint8_t)(i % 2 * 150 + i * (k + 1) % 90);
        snprintf(path, sizeof path, "%s/%s", root, i % 2 ? "light" : "dark");
        assert_int_equal(i < 2 ? mkdir(path, 0755) : 0, 0);
        snprintf(path, sizeof path, "%s/%s/%02d.png", root, i % 2 ? "light" : "dark", i);
        assert_true(png_image_write_to_file(&image, path, 0, pixels, 0, NULL));
    }
    snprintf(path, sizeof path, "%s/dark/broken.png", root);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("\x89PNG", f);
    fclose(f);
}

static void remove_photographs(const char *root)
{
    char line[600];
    snprintf(line, sizeof line, "rm -r '%s'", root);
    assert_int_equal(system(line), 0);
}

/* Both sides learn light from dark, in every form; the weights say which form they are of; and an
 * image has the same logits alone and among others, down to the bits. */
static void test_photographs(void **state)
{
    (void)state;
    static const char *const forms[] = { "document", "logits", "plain" };
    char root[512], line[3000], all[600], alone[600];
    make_photographs(root);
    snprintf(all, sizeof all, "%s/all.npy", folder);
    snprintf(alone, sizeof alone, "%s/alone.npy", folder);
    for (int i = 0; i < 6; i++) {
        const char *side = i % 2 ? "ref" : "fast", *form = forms[i / 2];
        struct npy a, b;
        struct error e;
        snprintf(line, sizeof line, "train chihuahua-muffin --form %s --impl %s --data %s "
                 "--save %s --epochs 12 --batch 6 --lr 0.2", form, side, root, weights);
        assert_int_equal(command(line), EXIT_HELD);
        assert_non_null(strstr(content(out), "21 training images, batch 6"));
        assert_non_null(strstr(content(out), "3 test images, 100.00 % right"));
        assert_non_null(strstr(content(err), "dark/broken.png: "));
        assert_non_null(strstr(content(err), "1 of 27 files could not be read"));
        for (int limit = 1; limit <= 3; limit += 2) {
            snprintf(line, sizeof line, "eval chihuahua-muffin --impl %s --data %s --load %s "
                     "--limit %d --out %s", side, root, weights, limit, limit == 1 ? alone : all);
            assert_int_equal(command(line), EXIT_HELD);
            snprintf(line, sizeof line, "chihuahua-muffin, form %s, weights of ", form);
            assert_non_null(strstr(content(out), line));
        }
        assert_true(npy_read(all, &a, &e) && npy_read(alone, &b, &e));
        assert_int_equal(a.count, 3);
        assert_int_equal(b.count, 1);
        assert_memory_equal(a.data, b.data, sizeof *a.data);
        npy_free(&a);
        npy_free(&b);
    }
    snprintf(line, sizeof line, "train chihuahua-muffin --data %s --load %s", root, weights);
    check_refused(line, "weights of the form plain of chihuahua-muffin, not of its form document");
    remove_photographs(root);
    unlink(all);
    unlink(alone);
    unlink(weights);
}

#endif

/* In float a sigmoid is exactly 1 from 17 on, in double from 37 on: fast ends, ref goes on. */
static void test_one_side_ends(void **state)
{
    (void)state;
    char line[2000];
    snprintf(line, sizeof line,
             "train mnist01-sigmoid --init document --loss document --lr 1 --limit 60 --epochs 3 "
             "--log %s",
             table);
    assert_int_equal(command(line), EXIT_FAILED);
    assert_non_null(strstr(content(out), "stopped: fast: step 2 (epoch 1, image "));
    assert_null(strstr(content(out), "stopped: ref"));
    assert_non_null(strstr(content(out), "\n    3 "));
    assert_non_null(strstr(content(out), "ref: 200 test images"));
    assert_null(strstr(content(out), "fast: 200 test images"));
    assert_int_equal(lines(content(table)), 5); /* the names, three of ref, one of fast */
    unlink(table);
}

/* Images without an answer are reported as such. */
static void test_judges_nan(void **state)
{
    (void)state;
#ifndef HAVE_LIBZIP
    skip();
#endif
    struct error e;
    char line[2000];
    struct network network;
    struct layout layout;
    assert_true(network_find("mnist01-relu", NULL, &network, &e));
    assert_true(network_layout(&network, &layout, &e));
    double *p = calloc((size_t)layout.total, sizeof *p);
    p[layout.parameter[4].offset] = NAN; /* of 5.dense.w */
    struct net *net = engine_ref.create(&network, 1, ISA_scalar, LOSS_FUSED, &e);
    engine_ref.set(net, p);
    assert_true(weights_save(weights, &network, &engine_ref, net, &e));
    engine_ref.destroy(net);
    free(p);
    snprintf(line, sizeof line, "eval mnist01-relu --load %s --limit 9", weights);
    assert_int_equal(command(line), EXIT_FAILED);
    assert_non_null(strstr(content(out), "no accuracy: the outputs for 9 of them are not finite"));
    assert_null(strstr(content(out), "right"));
    unlink(weights);
}

/* The document's own training: NaN is an end, and never an accuracy. */
static void test_ends_at_nan(void **state)
{
    (void)state;
    char line[2000];
    snprintf(line, sizeof line,
             "train mnist01-relu --init document --loss document --lr 1 --limit 300 --log %s",
             table);
    assert_int_equal(command(line), EXIT_FAILED);
    const char *text = content(out);
    assert_non_null(strstr(text, "stopped: ref: step "));
    assert_non_null(strstr(text, "stopped: fast: step "));
    assert_non_null(strstr(text, "bce.loss"));
    assert_null(strstr(text, "right"));
    assert_int_equal(lines(content(table)), 3);
    unlink(table);
}

static int prepare(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/test_command.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(folder))
        return -1;
    snprintf(out, sizeof out, "%s/out", folder);
    snprintf(err, sizeof err, "%s/err", folder);
    snprintf(weights, sizeof weights, "%s/weights.npz", folder);
    snprintf(table, sizeof table, "%s/table.tsv", folder);
    return 0;
}

static int clean_up(void **state)
{
    (void)state;
    unlink(out);
    unlink(err);
    return rmdir(folder); /* fails if a test left anything behind */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_trains_both_sides),
        cmocka_unit_test(test_saves_and_judges),
        cmocka_unit_test(test_tells_what_it_could_not_keep),
#if defined HAVE_PNG && defined HAVE_LIBZIP
        cmocka_unit_test(test_photographs),
#endif
        cmocka_unit_test(test_one_side_ends),
        cmocka_unit_test(test_judges_nan),
        cmocka_unit_test(test_ends_at_nan),
    };
    return cmocka_run_group_tests(tests, prepare, clean_up);
}
