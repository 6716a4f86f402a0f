#include "harness/check.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DECLARE(layer) extern const struct check layer##_check;
LAYERS(DECLARE)
#define ADDRESS(layer) &layer##_check,
const struct check *const checks[] = { LAYERS(ADDRESS) NULL };

const struct function *find_function(const char *name, const struct check **check)
{
    for (int i = 0; checks[i]; i++) {
        const size_t length = strlen(checks[i]->layer);
        if (strncmp(name, checks[i]->layer, length) || name[length] != '.')
            continue;
        for (const struct function *f = checks[i]->function; f->name; f++)
            if (!strcmp(name + length + 1, f->name)) {
                *check = checks[i];
                return f;
            }
    }
    return NULL;
}

enum { LARGEST_KEY = 1 << 28 }; /* so that sums of a few keys do not overflow */

int key_value(const struct key *k, const void *shape)
{
    if (k->kind == KEY_DERIVED)
        return k->derived(shape);
    int value;
    memcpy(&value, (const char *)shape + k->offset, sizeof value);
    return value;
}

void key_set(const struct key *k, void *shape, int value)
{
    memcpy((char *)shape + k->offset, &value, sizeof value);
}

const struct key *key_named(const struct check *c, const char *name, size_t length)
{
    for (const struct key *k = c->key; k->name; k++)
        if (strlen(k->name) == length && !strncmp(k->name, name, length))
            return k;
    return NULL;
}

/* Sets one key from its text; false when the text is not a value of it. */
static bool set_key(const struct key *k, const char *text, void *shape)
{
    char *end;
    if (strchr(" \t\n\v\f\r+", *text)) /* strtol and strtod would pass over them */
        return false;
    if (k->kind == KEY_CHOICE) {
        for (int i = 0; k->choice[i]; i++)
            if (!strcmp(k->choice[i], text)) {
                key_set(k, shape, i);
                return true;
            }
        return false;
    }
    if (k->kind == KEY_REAL) {
        const double value = strtod(text, &end);
        memcpy((char *)shape + k->offset, &value, sizeof value);
        return *text && !*end && isfinite(value);
    }
    const long value = strtol(text, &end, 10);
    key_set(k, shape, (int)value);
    return *text && !*end && value >= 0 && value <= LARGEST_KEY;
}

/* What the values of a key are. */
static void print_values(const struct key *k, char text[96])
{
    int used = 0;
    if (k->kind == KEY_INT)
        snprintf(text, 96, "a whole number in 0 .. %d", LARGEST_KEY);
    else if (k->kind == KEY_REAL)
        strcpy(text, "a finite number");
    for (int i = 0; k->kind == KEY_CHOICE && k->choice[i]; i++)
        used += snprintf(text + used, 96 - (size_t)used, "%s%s", i ? ", " : "", k->choice[i]);
}

bool shape_parse(const struct check *c, const char *text, const char *where, void *shape,
                 struct error *e)
{
    char copy[SHAPE_TEXT], values[96], *rest = copy;
    bool given[MAX_KEYS] = { false };
    if (strlen(text) >= sizeof copy)
        return fail(e, "%s: the case is longer than %d characters", where, SHAPE_TEXT - 1);
    strcpy(copy, text);
    memset(shape, 0, c->shape_size);
    for (char *pair; (pair = strsep(&rest, ",")) != NULL;) {
        char *value = strchr(pair, '=');
        if (!value)
            return fail(e, "%s: '%s' is not KEY=VALUE", where, pair);
        const struct key *k = key_named(c, pair, (size_t)(value - pair));
        if (!k || k->kind == KEY_DERIVED)
            return fail(e, "%s: %s has no key '%.*s'", where, c->layer, (int)(value - pair), pair);
        if (given[k - c->key])
            return fail(e, "%s: key %s is given twice", where, k->name);
        print_values(k, values);
        if (!set_key(k, value + 1, shape))
            return fail(e, "%s: '%s' is no value for key %s: %s", where, value + 1, k->name,
                        values);
        given[k - c->key] = true;
    }
    for (const struct key *k = c->key; k->name; k++)
        if (k->kind != KEY_DERIVED && !given[k - c->key])
            return fail(e, "%s: key %s of %s is missing", where, k->name, c->layer);
    const char *reason = c->invalid(shape);
    if (reason)
        return fail(e, "%s: %s needs %s", where, c->layer, reason);
    for (const struct function *f = c->function; f->name; f++)
        for (const struct operand *o = f->operand; o->name; o++) {
            int dim[MAX_DIMS];
            double count = 1.0;
            for (int i = 0, rank = operand_dims(c, o, shape, dim); i < rank; i++)
                count *= dim[i];
            if (count > INT_MAX)
                return fail(e, "%s: %s would have %.0f elements; the most is 2^31 - 1", where,
                            o->name, count);
        }
    return true;
}

void shape_of(const char *name, char text[SHAPE_TEXT])
{
    snprintf(text, SHAPE_TEXT, "%.*s", (int)strcspn(name, "#"), name);
}

bool zero_or_normal(double x)
{
    return x == 0.0 || (fabs(x) >= FLT_MIN && fabs(x) <= FLT_MAX);
}

/* The shortest text that reads back as the same number. */
static int print_real(char *text, int size, double value)
{
    int used = 0;
    for (int digits = 1; digits <= 17; digits++) {
        used = snprintf(text, (size_t)size, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return used;
}

void shape_print(const struct check *c, const void *shape, char text[SHAPE_TEXT])
{
    int used = 0;
    for (const struct key *k = c->key; k->name && k->kind != KEY_DERIVED; k++) {
        used += snprintf(text + used, SHAPE_TEXT - used, "%s%s=", used ? "," : "", k->name);
        if (k->kind == KEY_REAL) {
            double value;
            memcpy(&value, (const char *)shape + k->offset, sizeof value);
            used += print_real(text + used, SHAPE_TEXT - used, value);
        } else if (k->kind == KEY_CHOICE) {
            used += snprintf(text + used, SHAPE_TEXT - used, "%s", k->choice[key_value(k, shape)]);
        } else {
            used += snprintf(text + used, SHAPE_TEXT - used, "%d", key_value(k, shape));
        }
    }
}

/* The alternative of "a|b|c" that the choice of the shape picks. */
static const char *alternative(const struct check *c, const char *list, const void *shape)
{
    const struct key *k = c->key;
    if (!strchr(list, '|'))
        return list;
    while (k->kind != KEY_CHOICE)
        k++;
    for (int pick = key_value(k, shape); pick > 0; pick--)
        list = strchr(list, '|') + 1;
    return list;
}

/* The values of the keys that a list names; returns how many. */
static int values(const struct check *c, const char *list, const void *shape, int *value)
{
    int count = 0;
    list = alternative(c, list, shape);
    const char *end = list + strcspn(list, "|");
    while (list < end) {
        const size_t length = strcspn(list, " |");
        if (length)
            value[count++] = key_value(key_named(c, list, length), shape);
        list += length + (list[length] == ' ');
    }
    return count;
}

bool operand_absent(const struct check *c, const struct operand *o, const void *shape)
{
    int dim[MAX_DIMS];
    return strchr(o->dims, '|') && values(c, o->dims, shape, dim) == 0;
}

int operand_dims(const struct check *c, const struct operand *o, const void *shape,
                 int dim[MAX_DIMS])
{
    return values(c, o->dims, shape, dim);
}

size_t operand_count(const struct check *c, const struct operand *o, const void *shape)
{
    int dim[MAX_DIMS];
    if (operand_absent(c, o, shape))
        return 0;
    size_t count = 1;
    for (int i = 0, rank = values(c, o->dims, shape, dim); i < rank; i++)
        count *= (size_t)dim[i];
    return count;
}

bool function_exact(const struct check *c, const struct function *f, const void *shape)
{
    bool exact = f->exact;
    for (const struct key *k = c->key; k->name; k++)
        if (k->kind == KEY_REAL) {
            double x;
            memcpy(&x, (const char *)shape + k->offset, sizeof x);
            exact = exact && fmod(x, 0.5) == 0.0;
        }
    return exact;
}

bool shape_is_small(const struct check *c, const struct function *f, const void *shape)
{
    enum { SMALL = 4096 };
    for (const struct operand *o = f->operand; o->name; o++)
        if (operand_count(c, o, shape) > SMALL)
            return false;
    return true;
}

static double product(const struct check *c, const char *list, const void *shape)
{
    int value[MAX_KEYS];
    double product = 1.0;
    for (int i = 0, count = values(c, list, shape, value); i < count; i++)
        product *= value[i];
    return product;
}

double operand_terms(const struct check *c, const struct operand *o, const void *shape)
{
    return product(c, o->terms, shape) + o->more;
}

int operand_beneath(const struct function *f, int operand)
{
    const char *over = f->operand[operand].over;
    int i = over ? 0 : -1;
    while (i >= 0 && strcmp(f->operand[i].name, over))
        i++;
    return i;
}

double function_flops(const struct check *c, const struct function *f, const void *shape)
{
    return f->flops ? f->each * product(c, f->flops, shape) : 0.0;
}

double function_vectors(const struct check *c, const struct function *f, const void *shape)
{
    return f->elements ? product(c, f->elements, shape) / 16.0 : 0.0;
}
