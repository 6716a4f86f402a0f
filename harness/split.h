/* split.h - a batch in two parts gives the bits of the whole. */
#ifndef HARNESS_SPLIT_H
#define HARNESS_SPLIT_H

#include "harness/judge.h"

/* For j->input and what fast made of them, j->scalar: whether fast, given the first n / 2 examples
 * and then the others, gives the same bits. That is asked of four examples and more, since a layer
 * may sum one example alone in another order (dense does, for dx), and of the outputs with a row
 * for each example in which ref gives the same in both ways, unlike a mean over the batch. When the
 * answer is no, `operand` and `at` say where. Writes to j->ref. */
bool split_agrees(struct judge *j, enum isa isa, int *operand, size_t *at);

#endif
