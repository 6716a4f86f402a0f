#include "harness/trust.h"

#include <math.h>

bool values_are_evidence(const double *expected, size_t count)
{
    size_t zeros = 0, same = 0;
    for (size_t i = 0; i < count; i++) {
        zeros += expected[i] == 0.0;
        same += expected[i] == expected[0] || (isnan(expected[i]) && isnan(expected[0]));
    }
    return 4 * zeros <= 3 * count && (count < 8 || same < count);
}

bool case_is_evidence(const struct judge *j)
{
    for (int i = 0; i < j->operands; i++)
        if (j->function->operand[i].role == OUT && !j->absent[i] &&
            !values_are_evidence(j->ref[i], j->count[i]))
            return false;
    return true;
}
