#include "harness/defects.h"
const struct finding findings_000[] = { { NULL } };
