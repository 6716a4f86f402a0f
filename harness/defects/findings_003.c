#include "harness/defects.h"
const struct finding findings_003[] = { { NULL } };
