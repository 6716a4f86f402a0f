#include "harness/command.h"

#include "harness/plugin.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#endif

const char *const program_version = "0.1.0";

#ifdef __clang__
const char *const compiler_name = __VERSION__;
#else
const char *const compiler_name = "GCC " __VERSION__;
#endif

int unusable(const struct error *e)
{
    fputs("cnncheck: ", stderr);
    for (const char *p = e->text; *p; p++)
        fputc(iscntrl((unsigned char)*p) ? '?' : *p, stderr); /* one line, whatever a name holds */
    fputc('\n', stderr);
    return EXIT_UNUSABLE;
}

bool bad_option(const char *command, char *const *argv, struct error *e)
{
    const char letter[] = { '-', (char)optopt, '\0' }; /* getopt says which letter of -abc it was */
    return fail(e, "%s: not an option, or one without its value; see cnncheck %s --help",
                optopt > ' ' ? letter : argv[optind - 1], command);
}

/* strtol and strtod skip blanks in front, and both say by `end` how far they got. */
static bool whole(const char *text, const char *end)
{
    return *text && !strchr(" \t\n\v\f\r", *text) && !*end;
}

bool parse_int(const char *option, const char *text, int least, int most, int *out, struct error *e)
{
    char *end;
    errno = 0;
    const long value = strtol(text, &end, 10);
    if (!whole(text, end) || errno || value < least || value > most)
        return fail(e, "%s: '%s' is not a whole number in %d .. %d", option, text, least, most);
    *out = (int)value;
    return true;
}

bool parse_real(const char *option, const char *text, double least, double most, double *out,
                struct error *e)
{
    char *end;
    const double value = strtod(text, &end);
    if (!whole(text, end) || !(value >= least && value <= most))
        return fail(e, "%s: '%s' is not a number in %g .. %g", option, text, least, most);
    *out = value;
    return true;
}

bool parse_isa(const char *name, enum isa *out, struct error *e)
{
    const char *const variable = "CNNCHECK_ISA", *const where = name ? "--isa" : variable;
    char names[128] = "";
    if (!name && !(name = getenv(variable))) {
        *out = isa_best();
        return true;
    }
    for (int i = 0; i < ISA_plugin; i++) {
        if (strcmp(name, isa_name[i]) == 0 && isa_usable((enum isa)i)) {
            *out = (enum isa)i;
            return true;
        }
        if (strcmp(name, isa_name[i]) == 0)
            return fail(e, "%s: this %s has no %s", where,
                        isa_present((enum isa)i) ? "build" : "machine", name);
        strcat(strcat(names, i ? ", " : ""), isa_name[i]);
    }
    return fail(e, "%s: unknown instruction set '%s'; there are %s", where, name, names);
}

bool choose_level(const char *isa, const char *plugin, enum isa *out, struct error *e)
{
    if (plugin && isa)
        return fail(e, "--isa %s: a plugin is a level of its own", isa);
    *out = ISA_plugin;
    return plugin ? plugin_load(plugin, e) : parse_isa(isa, out, e);
}

bool choose_levels(const char *isa, const char *plugin, bool use[ISA_COUNT], struct error *e)
{
    const bool one = isa || plugin || getenv("CNNCHECK_ISA");
    enum isa named;
    if (!choose_level(isa, plugin, &named, e))
        return false;
    for (int i = 0; i < ISA_COUNT; i++)
        use[i] = one ? i == (int)named : isa_usable((enum isa)i);
    return true;
}

int default_threads(void)
{
#ifdef _OPENMP
    return omp_get_num_procs();
#else
    return 1;
#endif
}

bool use_threads(int threads, struct error *e)
{
#ifdef _OPENMP
    (void)e;
    omp_set_num_threads(threads);
    return true;
#else
    return threads == 1 ||
           fail(e, "--threads %d: built without OpenMP, there is only one", threads);
#endif
}
