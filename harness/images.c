#include "harness/images.h"

#include "harness/campaign.h"
#include "harness/folder.h"
#include "harness/rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t image_size(const struct dataset *d)
{
    return (size_t)d->channels * (size_t)d->height * (size_t)d->width;
}

static struct dataset view(const struct dataset *d, int from, int count)
{
    struct dataset part = *d;
    part.pixels += (size_t)from * image_size(d);
    part.labels += from;
    part.count = count;
    return part;
}

static int smaller(int count, int limit)
{
    return limit > 0 && limit < count ? limit : count;
}

static bool read_idx(const struct network *network, const char *dir, const char *split,
                     struct dataset *out, struct error *e)
{
    const int per_class = strcmp(split, "train") == 0 ? network->per_class : 0;
    if (!idx_read(dir, split, out, e))
        return false;
    if (out->channels != network->channels || out->height != network->height ||
        out->width != network->width)
        return fail(e, "%s: its images are %d x %d x %d, and those of %s %d x %d x %d", dir,
                    out->channels, out->height, out->width, network->name, network->channels,
                    network->height, network->width);
    struct error why;
    return dataset_select(out, network->classes, per_class, 0, &why) ||
           fail(e, "%s: %s, the classes of %s", dir, why.text, network->name);
}

static bool shuffle(struct dataset *d, struct error *e)
{
    const size_t size = image_size(d);
    int *order = malloc((size_t)d->count * sizeof *order);
    struct dataset to = *d;
    to.pixels = malloc((size_t)d->count * size);
    to.labels = malloc((size_t)d->count);
    const bool good = (order && to.pixels && to.labels) ||
                      fail(e, "no memory to shuffle %d images", d->count);
    if (good) {
        struct rng r = rng_named(0, "photographs");
        rng_permutation(&r, d->count, order);
        for (int i = 0; i < d->count; i++) {
            memcpy(to.pixels + (size_t)i * size, d->pixels + (size_t)order[i] * size, size);
            to.labels[i] = d->labels[order[i]];
        }
        const struct dataset from = *d;
        *d = to;
        to = from;
    }
    dataset_free(&to);
    free(order);
    return good;
}

/* Training, validation and test images are views of one folder. */
static bool read_photographs(const struct network *network, const char *dir, struct images *out,
                             struct error *e)
{
    struct folder folder;
    struct dataset *all = &out->file[0];
    if (!folder_read(dir, network->width, network->height, all, &folder, e))
        return false;
    const int classes = folder.classes;
    folder_free(&folder);
    if (classes != network->classes)
        return fail(e, "%s: it has %d sub-folders, and %s has %d classes", dir, classes,
                    network->name, network->classes);
    if (!shuffle(all, e))
        return false;
    long train = network->images, validation = network->validation;
    if (all->count <= train + validation) {
        const long whole = train + 2 * validation;
        train = train * all->count / whole;
        validation = validation * all->count / whole;
    }
    if (train == 0 || train + validation == all->count)
        return fail(e, "%s: %d images are too few to train on some and test on others", dir,
                    all->count);
    out->train = view(all, 0, (int)train);
    out->validation = view(all, (int)train, (int)validation);
    out->test = view(all, (int)(train + validation), all->count - (int)(train + validation));
    return true;
}

/* With `train`, the training images as well; none are held out yet. */
static bool read_all(const struct network *network, const char *dir, bool train,
                     struct images *out, struct error *e)
{
    char fixture[4096];
    *out = (struct images){ 0 };
    if (!dir && !network->fixture)
        return fail(e, "%s: its images are not embedded: --data DIR says where they are",
                    network->name);
    if (!dir)
        snprintf(fixture, sizeof fixture, "%s/%s", fixtures_dir(), network->fixture);
    const char *const from = dir ? dir : fixture;
    bool good;
    if (network->photographs) {
        good = read_photographs(network, from, out, e);
    } else {
        good = (!train || read_idx(network, from, "train", &out->file[0], e)) &&
               read_idx(network, from, "t10k", &out->file[1], e);
        out->train = out->file[0];
        out->test = out->file[1];
    }
    if (!good)
        images_free(out);
    return good;
}

bool images_read(const struct network *network, const char *dir, int limit, int validation,
                 struct images *out, struct error *e)
{
    if (!read_all(network, dir, true, out, e))
        return false;
    /* Photographs that are held out for validation already stay where they are. */
    const int held = out->validation.count, count = out->train.count + held;
    if (validation < 0)
        validation = network->photographs ? held : network->validation;
    if (validation >= count) {
        images_free(out);
        return fail(e, "--validation: %d images leave none of %s's %d to train on", validation,
                    network->name, count);
    }
    const struct dataset both = out->train;
    out->validation = view(&both, count - validation, validation);
    out->train = view(&both, 0, smaller(count - validation, limit));
    return true;
}

bool images_read_test(const struct network *network, const char *dir, int limit,
                      struct images *out, struct error *e)
{
    if (!read_all(network, dir, false, out, e))
        return false;
    out->test.count = smaller(out->test.count, limit);
    return true;
}

void images_free(struct images *m)
{
    dataset_free(&m->file[0]);
    dataset_free(&m->file[1]);
    *m = (struct images){ 0 };
}
