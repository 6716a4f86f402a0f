/* defects.c - the findings by name. */
#include "harness/defects.h"

#include <string.h>

const char *const finding_kind_name[] = { "defect", "hazard", "design", "prose", "evaluation",
                                          "environment" };
const char *const sight_name[] = { "integers", "reals", "specials", "flags", "differences",
                                   "adjoint", "metamorphic", "poison", "pages", "fixtures" };

extern const struct finding findings_000[], findings_001[], findings_002[], findings_003[],
    findings_004[];
extern const struct defect defects_000[], defects_001[], defects_002[], defects_003[],
    defects_004[];

const struct finding *const findings[] = { findings_000, findings_001, findings_002, findings_003,
                                           findings_004, NULL };
const struct defect *const defects[] = { defects_000, defects_001, defects_002, defects_003,
                                         defects_004, NULL };

const struct finding *find_finding(const char *id)
{
    for (int i = 0; findings[i]; i++)
        for (const struct finding *f = findings[i]; f->id; f++)
            if (!strcmp(f->id, id))
                return f;
    return NULL;
}

const struct defect *find_defect(const char *id)
{
    for (int i = 0; defects[i]; i++)
        for (const struct defect *d = defects[i]; d->id; d++)
            if (!strcmp(d->id, id))
                return d;
    return NULL;
}

const struct function *find_function_or_step(const char *name, const struct check **check)
{
    const struct function *f = find_function(name, check);
    for (int i = 0; !f && steps[i]; i++) {
        const size_t length = strlen(steps[i]->layer);
        *check = steps[i];
        if (!strncmp(name, steps[i]->layer, length) && name[length] == '.' &&
            !strcmp(name + length + 1, steps[i]->function->name))
            f = steps[i]->function;
    }
    return f;
}
