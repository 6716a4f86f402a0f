/* command.h - the program's commands. Each reads its own options (argv[0] is the command's name)
 * and returns the exit status: 0 everything held, 1 a check failed, 2 it could not be run. */
#ifndef HARNESS_COMMAND_H
#define HARNESS_COMMAND_H

#include "fast/isa/isa.h"
#include "harness/error.h"

int verify_command(int argc, char **argv);
int run_command(int argc, char **argv);
int train_command(int argc, char **argv);
int eval_command(int argc, char **argv);
int defects_command(int argc, char **argv);
int bench_command(int argc, char **argv);
int digest_command(int argc, char **argv);
int info_command(int argc, char **argv);

/* What several commands share. */

enum { EXIT_HELD = 0, EXIT_FAILED = 1, EXIT_UNUSABLE = 2 };

/* The version of the program, and of the files it writes. */
extern const char *const program_version;

/* What compiled it. */
extern const char *const compiler_name;

/* Prints "cnncheck: text" on stderr and returns EXIT_UNUSABLE. */
int unusable(const struct error *e);

/* After getopt_long returned '?' for a command: names the option. */
bool bad_option(const char *command, char *const *argv, struct error *e);

/* A whole number in least .. most; `option` is what messages call it. */
bool parse_int(const char *option, const char *text, int least, int most, int *out,
               struct error *e);

/* A finite number in least .. most. */
bool parse_real(const char *option, const char *text, double least, double most, double *out,
                struct error *e);

/* The set called `name`; NULL means CNNCHECK_ISA, or the widest usable one where that is unset. A
 * name that is unknown, or of a set that this machine lacks, is an error and never falls back. */
bool parse_isa(const char *name, enum isa *out, struct error *e);

/* The level that --isa or --plugin ask for: the set of that name, as parse_isa has it, or the
 * kernels of that file, which are loaded. And the levels, where nothing asks for one: every set of
 * this machine. */
bool choose_level(const char *isa, const char *plugin, enum isa *out, struct error *e);
bool choose_levels(const char *isa, const char *plugin, bool use[ISA_COUNT], struct error *e);

/* The processors there are, or 1 in a build without OpenMP. */
int default_threads(void);

/* Sets the number of threads of a kernel; more than one needs a build with OpenMP. */
bool use_threads(int threads, struct error *e);

#endif
