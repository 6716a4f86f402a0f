/* isa.h - the instruction sets that the kernels of fast/ are compiled for.
 *
 * Every fast/x.c is compiled once per set into an object that exports one table, x_<set>;
 * x_fast(isa) gives the table of a set. Who calls a kernel says which set it means. Beside the sets
 * stands ISA_plugin: a user's own kernels, those of fast/plugin.h.
 */
#ifndef FAST_ISA_H
#define FAST_ISA_H

#include <stdbool.h>

/* The sets of this architecture, narrowest first. */
#if defined __x86_64__
#define ISAS(X, arg) X(arg, scalar) X(arg, avx2) X(arg, avx512)
#elif defined __aarch64__
#define ISAS(X, arg) X(arg, scalar) X(arg, neon)
#else
#define ISAS(X, arg) X(arg, scalar)
#endif

#define ISA_ENUM(prefix, set) prefix##set,
enum isa { ISAS(ISA_ENUM, ISA_) ISA_plugin, ISA_COUNT };

extern const char *const isa_name[ISA_COUNT];

/* What ISA_plugin is: a table for each layer, in the order of ref/layers.h; NULL where there is
 * none. */
extern const void *isa_plugin[];

/* Whether a level gives the bits that are asked for: scalar for every set, a plugin for itself. */
static inline bool isa_leads(enum isa isa)
{
    return isa == ISA_scalar || isa == ISA_plugin;
}

/* Whether this machine, and the system it runs, can execute the set. */
bool isa_present(enum isa isa);

/* And whether this build has it, too. One without is made where a compiler does not know a set:
 * make SETS="scalar avx2". */
bool isa_usable(enum isa isa);

/* The widest usable set. */
enum isa isa_best(void);

#endif
