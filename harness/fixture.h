/* fixture.h - what NumPy says of a case: a folder of .npy files, one an operand. */
#ifndef HARNESS_FIXTURE_H
#define HARNESS_FIXTURE_H

#include "harness/judge.h"

/* Where all of them lie: CNNCHECK_FIXTURES, or the folder known at build time. */
const char *fixtures_dir(void);

/* The names in a folder that do not begin with a dot, in order, for the caller to free; 0 where
 * there is none. */
struct dirent;
int fixture_entries(const char *folder, struct dirent ***entry);

/* Reads operand i from a folder, and checks that its shape is the one that the case asks for. */
bool fixture_operand(const struct judge *j, int i, const char *folder, double *out,
                     struct error *e);

/* Whether ref and NumPy agree on an OUT operand: both round, so within twice the bound of one.
 * Where no terms are counted nothing is rounded, and they must be equal. */
struct comparison fixture_compare(struct judge *j, int i, const double *numpy);

#endif
