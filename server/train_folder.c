#include "server/train_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_ROOM = 512 };

static enum status failed(struct ctx *ctx, const struct train_folder *f, const char *path, const char *what) {
    return ctx_fail(ctx, STATUS_INVALID, "", "Cannot %s %.200s/%.200s: %s.", what, f->path, path, strerror(errno));
}

enum status train_folder_open(struct ctx *ctx, const char *path, struct train_folder *out) {
    *out = (struct train_folder){path, open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), false};
    if (out->fd < 0 && errno != ENOENT)
        return ctx_fail(ctx, STATUS_INVALID, "", "Cannot open the folder %.300s: %s.", path, strerror(errno));
    return STATUS_OK;
}

enum status train_folder_make(struct ctx *ctx, struct train_folder *f) {
    const bool made = f->fd < 0 && !mkdir(f->path, 0777);
    if (f->fd < 0 && !made && errno != EEXIST)
        return ctx_fail(ctx, STATUS_INVALID, "", "Cannot make the folder %.300s: %s.", f->path, strerror(errno));
    enum status status = f->fd < 0 ? train_folder_open(ctx, f->path, f) : STATUS_OK;
    f->made = made;
    if (status == STATUS_OK && flock(f->fd, LOCK_EX | LOCK_NB))
        status = ctx_fail(ctx, STATUS_INVALID, "", "Another process trains in the folder %.300s.", f->path);
    return status;
}

void train_folder_close(struct train_folder *f) {
    if (f->fd >= 0)
        close(f->fd);
    if (f->made)
        (void)rmdir(f->path); /* which fails where a run was begun in it */
    f->fd = -1;
    f->made = false;
}

bool train_folder_put(int fd, const void *p, size_t n) {
    for (const char *at = p; n > 0;) {
        ssize_t k = write(fd, at, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0) {
            errno = k ? errno : ENOSPC;
            return false;
        }
        at += k;
        n -= (size_t)k;
    }
    return true;
}

/* make_folder makes the folder that a path lies in, where it names one. */
static bool make_folder(const struct train_folder *f, const char *path) {
    char name[PATH_ROOM];
    const char *end = strrchr(path, '/');
    if (!end)
        return true;
    snprintf(name, sizeof name, "%.*s", (int)(end - path), path);
    return !mkdirat(f->fd, name, 0777) || errno == EEXIST;
}

static bool write_new(const struct train_folder *f, const char *path, const void *p, size_t n) {
    int fd = openat(f->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return false;
    bool fine = train_folder_put(fd, p, n) && !fsync(fd);
    int error = errno;
    fine = !close(fd) && fine;
    errno = fine ? 0 : error;
    return fine;
}

enum status train_folder_write(struct ctx *ctx, const struct train_folder *f, const char *path, const void *p,
                               size_t n) {
    char temporary[PATH_ROOM];
    snprintf(temporary, sizeof temporary, "%.400s.new", path);
    if (make_folder(f, path) && write_new(f, temporary, p, n) && !renameat(f->fd, temporary, f->fd, path) &&
        !fsync(f->fd))
        return STATUS_OK;
    enum status status = failed(ctx, f, path, "write");
    (void)unlinkat(f->fd, temporary, 0); /* on a full disk it takes room that is needed to go on */
    return status;
}

static bool read_all(int fd, unsigned char *to, size_t n) {
    while (n > 0) {
        ssize_t k = read(fd, to, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0) {
            errno = k ? errno : EIO; /* it became shorter */
            return false;
        }
        to += k;
        n -= (size_t)k;
    }
    return true;
}

enum status train_folder_read(struct ctx *ctx, const struct train_folder *f, const char *path, unsigned char **p,
                              size_t *n) {
    struct stat st;
    int fd = f->fd < 0 ? -1 : openat(f->fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    *p = NULL;
    if (f->fd < 0 || (fd < 0 && errno == ENOENT))
        return STATUS_OK;
    if (fd < 0)
        return failed(ctx, f, path, "read");
    enum status status = STATUS_OK;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode))
        status = ctx_fail(ctx, STATUS_INVALID, "", "%.200s/%.200s is no regular file.", f->path, path);
    *n = status == STATUS_OK ? (size_t)st.st_size : 0;
    if (status == STATUS_OK && !(*p = ctx_alloc(ctx, *n + 1, 1)))
        status = STATUS_NO_MEMORY;
    if (status == STATUS_OK && !read_all(fd, *p, *n))
        status = failed(ctx, f, path, "read");
    close(fd);
    return status;
}

bool train_folder_has(const struct train_folder *f, const char *path) { return !faccessat(f->fd, path, F_OK, 0); }

enum status train_folder_remove(struct ctx *ctx, const struct train_folder *f, const char *path) {
    if (unlinkat(f->fd, path, 0) && errno != ENOENT)
        return failed(ctx, f, path, "remove");
    return STATUS_OK;
}

enum status train_folder_append(struct ctx *ctx, const struct train_folder *f, const char *path, uint64_t size,
                                int *out) {
    struct stat st;
    int fd = openat(f->fd, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    enum status status = STATUS_OK;
    if (fd < 0 || fstat(fd, &st))
        status = failed(ctx, f, path, "open");
    else if ((uint64_t)st.st_size < size)
        status = ctx_fail(ctx, STATUS_INVALID, "", "%.200s/%.200s has %lld bytes, and had %llu at the checkpoint.",
                          f->path, path, (long long)st.st_size, (unsigned long long)size);
    else if (ftruncate(fd, (off_t)size))
        status = failed(ctx, f, path, "cut");
    if (status != STATUS_OK && fd >= 0)
        close(fd);
    *out = status == STATUS_OK ? fd : -1;
    return status;
}
