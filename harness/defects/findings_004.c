#include "harness/defects.h"
const struct finding findings_004[] = { { NULL } };
