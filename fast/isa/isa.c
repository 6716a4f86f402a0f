#include "fast/isa/isa.h"
#include "fast/probe.h"
#include "ref/layers.h"

#define NAME(unused, set) #set,
const char *const isa_name[ISA_COUNT] = { ISAS(NAME, ) "plugin" };

bool isa_present(enum isa isa)
{
#if defined __x86_64__
    __builtin_cpu_init();
    if (isa == ISA_avx2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (isa == ISA_avx512)
        return __builtin_cpu_supports("avx512f");
#endif
    return isa < ISA_plugin;
}

bool isa_usable(enum isa isa)
{
    return isa_present(isa) && probe_fast((int)isa) != NULL;
}

enum isa isa_best(void)
{
    enum isa best = ISA_scalar;
    for (int isa = 0; isa < ISA_COUNT; isa++)
        if (isa_usable(isa))
            best = isa;
    return best;
}

#define NUMBER(layer) LAYER_##layer,
enum { LAYERS(NUMBER) NUMBER(elementary) LAYER_COUNT };
const void *isa_plugin[LAYER_COUNT];

/* The tables of a layer, in the order of enum isa, and the function that picks from them. Those of
 * a set that was not linked are NULL. */
#define WEAK __attribute__((weak))
#define DECLARE(layer, set) extern const struct layer##_float layer##_##set WEAK;
#define ADDRESS(layer, set) &layer##_##set,
#define DISPATCH(layer)                                                                            \
    struct layer##_float;                                                                          \
    ISAS(DECLARE, layer)                                                                           \
    const struct layer##_float *layer##_fast(int isa);                                             \
    const struct layer##_float *layer##_fast(int isa)                                              \
    {                                                                                              \
        static const struct layer##_float *const table[] = { ISAS(ADDRESS, layer) };               \
        return isa == ISA_plugin ? isa_plugin[LAYER_##layer] : table[isa];                         \
    }
LAYERS(DISPATCH)
DISPATCH(elementary)

#define DECLARE_PROBE(unused, set) extern const struct probe probe_##set WEAK;
ISAS(DECLARE_PROBE, )
const struct probe *probe_fast(int isa)
{
    static const struct probe *const table[] = { ISAS(ADDRESS, probe) };
    return table[isa == ISA_plugin ? (int)isa_best() : isa];
}
