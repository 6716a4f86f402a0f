/* weights.h - a network's parameters in an .npz file: the strings "network", "form", "version" and
 * "impl", then one array for each parameter, under its name, "0.conv2d.w", and in its own shape. */
#ifndef HARNESS_WEIGHTS_H
#define HARNESS_WEIGHTS_H

#include "harness/net.h"

/* '<f8' from ref and '<f4' from fast; a file under the final name is always whole. */
bool weights_save(const char *path, const struct network *network, const struct engine *engine,
                  const struct net *net, struct error *e);

/* The network called `name` in the form whose weights these are; another network's are refused. */
bool weights_network(const char *path, const char *name, struct network *out, struct error *e);

/* Fills layout.total doubles, and `impl` with the name of the side that wrote them. Weights of
 * another network or form, a missing member and another shape are refused. */
bool weights_load(const char *path, const struct network *network, double *parameters,
                  char impl[8], struct error *e);

#endif
