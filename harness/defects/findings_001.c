#include "harness/defects.h"
const struct finding findings_001[] = { { NULL } };
