/* folder.c - photographs in folders, one for each class; the contract is in folder.h. */
#include "harness/folder.h"
#include "harness/image.h"
#include "harness/progress.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_SIZE = 4096 };

struct list {
    int count;
    struct dirent **entry;
};

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* By bytes: alphasort's order depends on the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool list_make(struct list *l, const char *path, struct error *e)
{
    l->count = scandir(path, &l->entry, is_visible, by_name);
    if (l->count >= 0)
        return true;
    *l = (struct list){ 0 };
    return fail(e, "%s: %s", path, strerror(errno));
}

static void list_free(struct list *l)
{
    for (int i = 0; i < l->count; i++)
        free(l->entry[i]);
    free(l->entry);
}

static bool join(char path[PATH_SIZE], const char *dir, const char *name, struct error *e)
{
    if (snprintf(path, PATH_SIZE, "%s/%s", dir, name) < PATH_SIZE)
        return true;
    return fail(e, "%.100s.../%.255s: the name is too long", dir, name);
}

/* Prints "cnncheck: text" and a note on one line, whatever bytes the file's name holds. */
static void say(const struct error *e, const char *note)
{
    struct error line = *e;
    for (char *c = line.text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = '?';
    progress_clear();
    fprintf(stderr, "cnncheck: %s; %s\n", line.text, note);
}

/* The sub-folders, as classes. */
static bool find_classes(const char *dir, struct folder *f, struct error *e)
{
    struct list all = { 0 };
    bool good = list_make(&all, dir, e);
    f->class = calloc(FOLDER_MAX_CLASSES, sizeof *f->class);
    if (good && !f->class)
        good = fail(e, "%s: no memory to list it", dir);
    for (int i = 0; good && i < all.count; i++) {
        char path[PATH_SIZE];
        struct stat s;
        const char *name = all.entry[i]->d_name;
        good = join(path, dir, name, e);
        if (good && stat(path, &s) != 0)
            good = fail(e, "%s: %s", path, strerror(errno));
        if (!good || !S_ISDIR(s.st_mode))
            continue;
        if (f->classes == FOLDER_MAX_CLASSES)
            good = fail(e, "%s: more than %d sub-folders, one for each class", dir,
                        FOLDER_MAX_CLASSES);
        else
            snprintf(f->class[f->classes++].name, sizeof f->class->name, "%s", name);
    }
    if (good && f->classes == 0)
        good = fail(e, "%s: no sub-folder in it; it needs one for each class, with images", dir);
    list_free(&all);
    return good;
}

struct reader {
    const char *dir;
    int width, height;
    struct dataset set;
    struct folder folder;
    bool lacking[IMAGE_KINDS]; /* said once that this build has no library for such files */
    double start;
    int done, total;
};

static bool read_one(const char *path, const struct reader *r, uint8_t *pixels,
                     enum image_kind *kind, struct error *e)
{
    struct image image;
    bool good = image_read(path, &image, e);
    *kind = image.kind;
    if (good && !image_resize(&image, r->width, r->height, pixels))
        good = fail(e, "%s: no memory to resize it", path);
    image_free(&image);
    return good;
}

static bool read_class(struct reader *r, int label, const struct list *files, struct error *e)
{
    struct folder_class *class = &r->folder.class[label];
    const size_t size = 3 * (size_t)r->width * (size_t)r->height;
    char dir[PATH_SIZE], path[PATH_SIZE];
    if (!join(dir, r->dir, class->name, e))
        return false;
    for (int i = 0; i < files->count; i++) {
        struct error why;
        enum image_kind kind = IMAGE_OTHER;
        if (join(path, dir, files->entry[i]->d_name, &why) &&
            read_one(path, r, r->set.pixels + (size_t)r->set.count * size, &kind, &why)) {
            r->set.labels[r->set.count++] = (uint8_t)label;
            class->images++;
        } else {
            r->folder.skipped++;
            if (!image_kind_lacks_library(kind))
                say(&why, "skipped");
            else if (!r->lacking[kind])
                say(&why, "skipped, and all others of its kind");
            r->lacking[kind] = image_kind_lacks_library(kind);
        }
        progress("reading photographs", r->start, ++r->done, r->total);
    }
    progress_clear();
    return class->images > 0 || fail(e, "%s: no image in it that can be read (%d %s)", dir,
                                     files->count, files->count == 1 ? "file" : "files");
}

static bool list_classes(struct reader *r, struct list *files, struct error *e)
{
    for (int i = 0; i < r->folder.classes; i++) {
        char path[PATH_SIZE];
        if (!join(path, r->dir, r->folder.class[i].name, e) || !list_make(&files[i], path, e))
            return false;
        if (files[i].count > INT_MAX - r->total)
            return fail(e, "%s: too many files", r->dir);
        r->total += files[i].count;
    }
    return true;
}

static bool take_memory(struct reader *r, struct error *e)
{
    const size_t size = 3 * (size_t)r->width * (size_t)r->height;
    if ((size_t)r->total <= PTRDIFF_MAX / size) {
        r->set.pixels = malloc(r->total ? (size_t)r->total * size : 1);
        r->set.labels = malloc(r->total ? (size_t)r->total : 1);
    }
    return (r->set.pixels && r->set.labels) ||
           fail(e, "%s: no memory for %d images of %d x %d", r->dir, r->total, r->width, r->height);
}

bool folder_read(const char *dir, int width, int height, struct dataset *out, struct folder *folder,
                 struct error *e)
{
    struct list files[FOLDER_MAX_CLASSES] = { { 0 } };
    struct reader r = { .dir = dir, .width = width, .height = height, .start = seconds_now() };
    r.set = (struct dataset){ .channels = 3, .height = height, .width = width };
    bool good = find_classes(dir, &r.folder, e) && list_classes(&r, files, e) && take_memory(&r, e);
    for (int i = 0; good && i < r.folder.classes; i++)
        good = read_class(&r, i, &files[i], e);
    for (int i = 0; i < r.folder.classes; i++)
        list_free(&files[i]);
    if (r.folder.skipped > 0) {
        struct error sum;
        fail(&sum, "%s: %d of %d files could not be read", dir, r.folder.skipped, r.done);
        say(&sum, "they are left out");
    }
    if (!good) {
        dataset_free(&r.set);
        folder_free(&r.folder);
    }
    *out = r.set;
    *folder = r.folder;
    return good;
}

void folder_free(struct folder *f)
{
    free(f->class);
    *f = (struct folder){ 0 };
}
