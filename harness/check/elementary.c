#include "harness/exhaust.h"
#include "ref/elementary.h"

CALL(elementary, exp, a[0], a[1])
CALL(elementary, log, a[0], a[1])
CALL(elementary, log1p, a[0], a[1])

#define OPERANDS { { "x", IN, "len" }, { "y", OUT, "len", .terms = "", .more = 6 } }

/* Not among checks[]: only the exhaustive tier knows it, and that draws no shapes. */
const struct check elementary_check = {
    CHECKS(elementary),
    .key = { INT_KEY(elementary, len, 1, 100) },
    .function = {
        { CALLS(exp), .rule = RULE_ULP, .operand = OPERANDS },
        { CALLS(log), .rule = RULE_ULP, .operand = OPERANDS },
        { CALLS(log1p), .rule = RULE_ULP, .operand = OPERANDS },
    },
};
