#include "harness/outfile.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool outfile_open(struct outfile *o, const char *path, struct error *e)
{
    struct stat s;
    if (!*path) /* its temporary name would be one in this folder */
        return fail(e, "'': cannot be written: a file without a name");
    if (lstat(path, &s) == 0 && !S_ISREG(s.st_mode)) /* the rename would replace it */
        return fail(e, "%s: cannot be written: not a regular file", path);
    const int length =
        snprintf(o->temporary, sizeof o->temporary, "%s.%ld.tmp", path, (long)getpid());
    if ((size_t)length >= sizeof o->temporary)
        return fail(e, "%.100s...: cannot be written: the name is too long", path);
    strcpy(o->path, path);
    o->file = fopen(o->temporary, "wb");
    return o->file ? true : fail(e, "%s: cannot be written: %s", path, strerror(errno));
}

bool outfile_close(struct outfile *o, struct error *e)
{
    const bool written = fflush(o->file) == 0 && !ferror(o->file); /* a full disk shows here */
    int reason = errno;
    if (fclose(o->file) == 0 && written && rename(o->temporary, o->path) == 0)
        return true;
    reason = written ? errno : reason;
    unlink(o->temporary);
    return fail(e, "%s: cannot be written: %s", o->path, strerror(reason));
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
