#include "harness/defects.h"
const struct finding findings_002[] = { { NULL } };
