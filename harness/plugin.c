#include "harness/plugin.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *loaded;

/* What is not an object of this kind is told by the loader, with its path. */
static void *open_object(const char *file, struct error *e)
{
    char *path = realpath(file, NULL); /* of a bare name the loader would search for libraries */
    if (!path)
        return fail(e, "%s: %s", file, strerror(errno)), NULL;
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    free(path);
    if (!object)
        fail(e, "%s: not a plugin: %s", file, dlerror());
    return object;
}

/* The functions of a layer that isa_plugin[] now has. */
static int functions(const struct check *c)
{
    int count = 0;
    for (const struct function *f = c->function; f->name; f++)
        count += f->plugged();
    return count;
}

bool plugin_load(const char *file, struct error *e)
{
    void *object = open_object(file, e);
    int tables = 0;
    if (!object)
        return false;
    for (int i = 0; checks[i]; i++) {
        const struct check *c = checks[i];
        char symbol[64];
        snprintf(symbol, sizeof symbol, "%s_plugin", c->layer);
        const struct plugin *p = dlsym(object, symbol);
        if (!p)
            continue;
        if (p->shape_size != c->shape_size || strcmp(p->kernels, c->kernels))
            return fail(e, "%s: %s was built for another version of ref/%s.h: compile it again",
                        file, symbol, c->layer);
        isa_plugin[i] = p->table;
        if (!functions(c))
            return fail(e, "%s: %s has no functions", file, symbol);
        tables++;
    }
    loaded = file;
    return tables > 0 || fail(e, "%s: has no kernels; PLUGIN of fast/plugin.h exports them", file);
}

const char *plugin_file(void)
{
    return loaded;
}

bool no_function(const char *glob, struct error *e)
{
    return loaded ? fail(e, "--layer %s matches no function of %s", glob, loaded)
                  : fail(e, "--layer %s matches no function; cnncheck info lists them", glob);
}

bool plugin_lacks(const struct function *f)
{
    return loaded && !f->plugged();
}
