#include "harness/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Open for writing, and empty; a mode that is not negative is its own from the start, whatever the
 * umask says. */
static FILE *create(const char *path, int mode)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode < 0 ? 0666 : mode);
    if (fd < 0)
        return NULL;
    if (mode >= 0)
        fchmod(fd, (mode_t)mode); /* else it is what the umask leaves: less */
    FILE *f = fdopen(fd, "wb");
    if (!f)
        close(fd);
    return f;
}

bool outfile_open(struct outfile *o, const char *path, struct error *e)
{
    struct stat s;
    int mode = -1;
    if (!*path) /* its temporary name would be one in this folder */
        return fail(e, "'': cannot be written: a file without a name");
    if (lstat(path, &s) == 0) {
        if (!S_ISREG(s.st_mode)) /* the rename would replace it */
            return fail(e, "%s: cannot be written: not a regular file", path);
        mode = s.st_mode & 0777;
    }
    const int length =
        snprintf(o->temporary, sizeof o->temporary, "%s.%ld.tmp", path, (long)getpid());
    if ((size_t)length >= sizeof o->temporary)
        return fail(e, "%.100s...: cannot be written: the name is too long", path);
    strcpy(o->path, path);
    o->file = create(o->temporary, mode);
    return o->file ? true : fail(e, "%s: cannot be written: %s", path, strerror(errno));
}

static bool written(const struct outfile *o)
{
    return fflush(o->file) == 0 && !ferror(o->file); /* a full disk shows here */
}

static bool move(const struct outfile *o)
{
    return !*o->temporary || rename(o->temporary, o->path) == 0;
}

bool outfile_close(struct outfile *o, struct error *e)
{
    const bool good = written(o);
    int reason = errno;
    if (fclose(o->file) == 0 && good && move(o))
        return true;
    reason = good ? errno : reason;
    if (*o->temporary)
        unlink(o->temporary);
    return fail(e, "%s: cannot be written: %s", o->path, strerror(reason));
}

bool outfile_keep(struct outfile *o, struct error *e)
{
    if (!written(o) || !move(o))
        return fail(e, "%s: cannot be written: %s", o->path, strerror(errno));
    *o->temporary = '\0';
    return true;
}

bool outfile_apart(const char *path, const char *other, struct error *e)
{
    struct stat a, b;
    if (!path || !other)
        return true;
    const bool one = !strcmp(path, other) || (stat(path, &a) == 0 && stat(other, &b) == 0 &&
                                              a.st_dev == b.st_dev && a.st_ino == b.st_ino);
    return !one || fail(e, "%s: cannot be written: another option names this file", path);
}

bool outfile_possible(const char *path, struct error *e)
{
    struct outfile o;
    if (!outfile_open(&o, path, e))
        return false;
    fclose(o.file);
    unlink(o.temporary);
    return true;
}
