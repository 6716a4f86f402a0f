#include "harness/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
} commands[] = {
    { "verify", "check every fast kernel against ref and NumPy", verify_command },
    { "run", "run one function on .npy files", run_command },
    { "train", "train a network by ref and fast, side by side", train_command },
    { "eval", "evaluate saved weights on test images", eval_command },
    { "defects", "the documents' bugs, and the cases that catch them", defects_command },
    { "bench", "time every fast kernel beside what the machine can do", bench_command },
    { "digest", "hash the bits that each function gives, the same everywhere", digest_command },
    { "info", "what this build and this machine can do", info_command },
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_usage(FILE *f)
{
    fprintf(f, "usage: cnncheck COMMAND [OPTION]...\n\n");
    for (int i = 0; i < COMMANDS; i++)
        fprintf(f, "  %-8s %s\n", commands[i].name, commands[i].summary);
    fprintf(f, "\ncnncheck COMMAND --help says more.\n");
}

/* What a full disk or a closed file did not take is not lost in silence. */
static int ended(int status)
{
    struct error e;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fail(&e, "standard output: cannot be written: %s", strerror(errno));
    return unusable(&e);
}

int main(int argc, char **argv)
{
    struct error e;
    if (argc > 1 && !strcmp(argv[1], "--help")) {
        print_usage(stdout);
        return ended(EXIT_HELD);
    }
    if (argc > 1 && !strcmp(argv[1], "--version")) {
        printf("cnncheck %s\n", program_version);
        return ended(EXIT_HELD);
    }
    for (int i = 0; argc > 1 && i < COMMANDS; i++)
        if (!strcmp(argv[1], commands[i].name))
            return ended(commands[i].run(argc - 1, argv + 1));
    if (argc > 1) {
        fail(&e, "%s: no such command; see cnncheck --help", argv[1]);
        return unusable(&e);
    }
    print_usage(stderr);
    return EXIT_UNUSABLE;
}
