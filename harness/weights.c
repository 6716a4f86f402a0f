#include "harness/weights.h"

#include "harness/command.h"
#include "harness/npz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STRINGS = 4 };

static bool save(const char *path, const struct network *network, const struct engine *engine,
                 const struct layout *layout, const void *numbers, struct error *e)
{
    struct npz_array a[STRINGS + 2 * NODES_MAX] = {
        { "network", .element_size = 1, .data = network->name },
        { "form", .element_size = 1, .data = network->form->name },
        { "version", .element_size = 1, .data = program_version },
        { "impl", .element_size = 1, .data = engine->name },
    };
    for (int i = 0; i < layout->parameters; i++) {
        const struct parameter *p = &layout->parameter[i];
        struct npz_array *to = &a[STRINGS + i];
        *to = (struct npz_array){ .rank = p->rank, .element_size = engine->element_size };
        snprintf(to->name, sizeof to->name, "%s", p->name);
        memcpy(to->dim, p->dim, sizeof to->dim);
        to->data = (const char *)numbers + (size_t)p->offset * (size_t)engine->element_size;
    }
    return npz_write(path, a, STRINGS + layout->parameters, e);
}

bool weights_save(const char *path, const struct network *network, const struct engine *engine,
                  const struct net *net, struct error *e)
{
    struct layout layout;
    if (!network_layout(network, &layout, e))
        return false;
    double *parameters = malloc((size_t)layout.total * sizeof *parameters);
    float *rounded = malloc((size_t)layout.total * sizeof *rounded);
    bool good = parameters && rounded;
    if (!good)
        fail(e, "%s: no memory to write the weights", path);
    if (good) {
        engine->get(net, parameters);
        for (int i = 0; i < layout.total; i++)
            rounded[i] = (float)parameters[i];
        const void *numbers = rounded;
        if (engine->element_size == sizeof(double))
            numbers = parameters;
        good = save(path, network, engine, &layout, numbers, e);
    }
    free(rounded);
    free(parameters);
    return good;
}

static void format_shape(char *text, size_t size, int rank, const int *dim)
{
    size_t used = (size_t)snprintf(text, size, "(");
    for (int i = 0; i < rank && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%d", i ? ", " : "", dim[i]);
    if (used < size)
        snprintf(text + used, size - used, ")");
}

static bool load_parameter(struct npz *z, const char *path, const struct parameter *p, double *out,
                           struct error *e)
{
    struct npy a;
    if (!npz_read(z, p->name, &a, e))
        return false;
    const bool same = a.rank == p->rank && !memcmp(a.dim, p->dim, (size_t)a.rank * sizeof *a.dim);
    if (same) {
        memcpy(out + p->offset, a.data, a.count * sizeof *out);
    } else {
        char is[64], wanted[64];
        format_shape(is, sizeof is, a.rank, a.dim);
        format_shape(wanted, sizeof wanted, p->rank, p->dim);
        fail(e, "%s: %s: its shape is %s, and the network's %s", path, p->name, is, wanted);
    }
    npy_free(&a);
    return same;
}

/* Which network the weights are of; fails when it is another than `name`. */
static bool read_form(struct npz *z, const char *path, const char *name, char form[64],
                      struct error *e)
{
    char is[64];
    return npz_string(z, "network", is, sizeof is, e) && npz_string(z, "form", form, 64, e) &&
           (strcmp(is, name) == 0 || fail(e, "%s: weights of %s, not of %s", path, is, name));
}

bool weights_network(const char *path, const char *name, struct network *out, struct error *e)
{
    char form[64];
    struct error why;
    if (!network_find(name, NULL, out, e))
        return false;
    struct npz *z = npz_open(path, e);
    if (!z)
        return false;
    const bool good = read_form(z, path, name, form, e);
    npz_close(z);
    return good && (network_find(name, form, out, &why) || fail(e, "%s: %s", path, why.text));
}

bool weights_load(const char *path, const struct network *network, double *parameters,
                  char impl[8], struct error *e)
{
    struct layout layout;
    char form[64], version[16];
    if (!network_layout(network, &layout, e))
        return false;
    struct npz *z = npz_open(path, e);
    if (!z)
        return false;
    bool good = read_form(z, path, network->name, form, e) &&
                npz_string(z, "version", version, sizeof version, e) &&
                npz_string(z, "impl", impl, 8, e);
    if (good && strcmp(form, network->form->name) != 0)
        good = fail(e, "%s: weights of the form %s of %s, not of its form %s", path, form,
                    network->name, network->form->name);
    memset(parameters, 0, (size_t)layout.total * sizeof *parameters);
    for (int i = 0; i < layout.parameters && good; i++)
        good = load_parameter(z, path, &layout.parameter[i], parameters, e);
    npz_close(z);
    return good;
}
