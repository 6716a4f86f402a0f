/* turn.h - rows that become columns, 16 at a time. */
#ifndef FAST_TURN_H
#define FAST_TURN_H

#include "fast/vec.h"

enum { TURN_MORE = 15 }; /* columns behind the last one, which may be written */

/* to[col][row] = x[row][col] for row < rows, 16 at most, and col < cols. */
static void turn(const float *x, size_t x_row, int rows, int cols, float *to, size_t to_row)
{
    for (int col = 0; col < cols; col += 16, to += 16 * to_row) {
        v line[16];
        UNROLL
        for (int k = 0; k < 16; k++) /* beyond the last row that again */
            line[k] = v_load_n(x + (size_t)(k < rows ? k : rows - 1) * x_row + col, cols - col);
        v_transpose(line);
        UNROLL
        for (int k = 0; k < 16; k++)
            v_store(to + k * to_row, line[k]);
    }
}

#endif
