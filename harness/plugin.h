/* plugin.h - a user's own kernels, loaded from a shared object as fast/plugin.h describes it. */
#ifndef HARNESS_PLUGIN_H
#define HARNESS_PLUGIN_H

#include "harness/check.h"

/* Makes its tables ISA_plugin, once and for as long as the program runs. */
bool plugin_load(const char *file, struct error *e);

/* Fails: a --layer that takes nothing of the program, or of the plugin. */
bool no_function(const char *glob, struct error *e);

/* The file that was loaded; NULL: none. */
const char *plugin_file(void);

/* Whether there is a plugin, and it lacks this function. */
bool plugin_lacks(const struct function *f);

#endif
