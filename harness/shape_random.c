/* shape_random.c - shapes drawn where kernels go wrong. */
#include "harness/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What 16 lanes leave over, and what no loop divides. */
static const int sizes[] = { 15, 16, 17, 31, 32, 33, 15, 16, 17, 31, 32, 33, 47, 48, 49,
                             2,  3,  5,  7,  11, 13, 19, 23, 29, 37, 53, 61, 97 };

enum { SIZES = sizeof sizes / sizeof *sizes };

/* Of sixteen, two are the least, and six more come from the table where they are in range. */
static int random_size(struct rng *r, int least, int most)
{
    const int pick = rng_int(r, 0, 15), size = sizes[rng_int(r, 0, SIZES - 1)];
    if (pick < 2)
        return least;
    return pick < 8 && size >= least && size <= most ? size : rng_int(r, least, most);
}

static void random_keys(const struct check *c, struct rng *r, void *shape)
{
    memset(shape, 0, c->shape_size);
    for (const struct key *k = c->key; k->name; k++) {
        int count = 0;
        if (k->kind == KEY_INT)
            key_set(k, shape, random_size(r, k->least, k->most));
        if (k->kind == KEY_CHOICE) {
            while (k->choice[count])
                count++;
            key_set(k, shape, rng_int(r, 0, count - 1));
        }
        if (k->kind == KEY_REAL) {
            while (!isnan(k->values[count]))
                count++;
            memcpy((char *)shape + k->offset, &k->values[rng_int(r, 0, count - 1)], sizeof(double));
        }
    }
}

/* Makes a shape hold "kh=h,stride=kw+1". */
static void impose(const struct check *c, const char *row, void *shape)
{
    while (*row) {
        const size_t name = strcspn(row, "=");
        const char *value = row + name + 1;
        const struct key *like = key_named(c, value, strcspn(value, "+,"));
        const char *number = like ? value + strcspn(value, "+,") : value;
        key_set(key_named(c, row, name), shape, (like ? key_value(like, shape) : 0) + atoi(number));
        row = number + strcspn(number, ",");
        row += *row == ',';
    }
}

void shape_random(const struct check *c, struct rng *r, void *shape)
{
    int rows = 0;
    while (c->trouble[rows])
        rows++;
    do {
        const int row = rng_int(r, 0, 2 * rows - 1);
        random_keys(c, r, shape);
        if (row < rows)
            impose(c, c->trouble[row], shape);
    } while (c->invalid(shape));
}
