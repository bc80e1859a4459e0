#include "server/mapped_files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct mapping {
    struct mapping *older;
    void *p;
    size_t n;
};

struct mapped {
    struct files files;
    int folder;
    struct mapping *mappings;
    struct mapped *outer; /* what this thread opened before and has not closed */
};

static _Thread_local struct mapped *reading; /* the handler of a signal has no other way to it */

static bool is_mapped(const char *at) {
    for (const struct mapped *m = reading; m; m = m->outer)
        for (const struct mapping *mapping = m->mappings; mapping; mapping = mapping->older)
            if (at >= (const char *)mapping->p && at < (const char *)mapping->p + mapping->n)
                return true;
    return false;
}

/* on_bus puts zeros where a file has none any more, and lets the reader go on; any other such fault ends the program as
 * it always did. */
static void on_bus(int number, siginfo_t *info, void *context) {
    const uintptr_t size = (uintptr_t)sysconf(_SC_PAGESIZE);
    char *page = (char *)((uintptr_t)info->si_addr & ~(size - 1));
    (void)context;
    if (!is_mapped(info->si_addr) ||
        mmap(page, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
        signal(number, SIG_DFL);
}

/* handle_bus is called at each opening: the frames of tests have handlers of their own, which they set again and again. */
static void handle_bus(void) {
    struct sigaction action = {.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
}

/* keep maps the open file; what is empty cannot be mapped and needs not be. */
static enum status keep(struct mapped *m, struct ctx *ctx, const char *path, int fd, size_t n, struct file *out) {
    struct mapping *mapping = n ? malloc(sizeof *mapping) : NULL;
    *out = (struct file){(const unsigned char *)"", 0};
    if (!n)
        return STATUS_OK;
    if (!mapping)
        return ctx_fail(ctx, STATUS_NO_MEMORY, "", "There is not enough memory to open %.200s.", path);
    void *p = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED) {
        free(mapping);
        return ctx_fail(ctx, STATUS_INVALID, "", "%.200s cannot be mapped: %s.", path, strerror(errno));
    }
    *mapping = (struct mapping){m->mappings, p, n};
    m->mappings = mapping;
    *out = (struct file){p, n};
    return STATUS_OK;
}

static enum status open_mapped(struct files *files, struct ctx *ctx, const char *path, struct file *out) {
    struct mapped *m = (struct mapped *)files;
    struct stat st;
    enum status status;
    int fd = openat(m->folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    *out = (struct file){0};
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return STATUS_OK;
    if (fd < 0 || fstat(fd, &st))
        status = ctx_fail(ctx, STATUS_INVALID, "", "%.200s cannot be opened: %s.", path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        status = ctx_fail(ctx, STATUS_INVALID, "", "%.200s is no regular file.", path);
    else
        status = keep(m, ctx, path, fd, (size_t)st.st_size, out);
    if (fd >= 0)
        close(fd);
    return status;
}

/* give_back lets go of the pages; whoever reads them again has them from the file. */
static void give_back(struct files *files, const void *p, size_t n) {
    const uintptr_t size = (uintptr_t)sysconf(_SC_PAGESIZE), first = (uintptr_t)p & ~(size - 1);
    (void)files;
    madvise((void *)first, (uintptr_t)p + n - first, MADV_DONTNEED);
}

struct files *mapped_files_open(const char *folder) {
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct mapped *m = fd >= 0 ? calloc(1, sizeof *m) : NULL;
    if (!m) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    m->files.open = open_mapped;
    m->files.passed = give_back;
    m->folder = fd;
    m->outer = reading;
    reading = m;
    handle_bus();
    return &m->files;
}

void mapped_files_close(struct files *files) {
    struct mapped *m = (struct mapped *)files;
    if (!m)
        return;
    for (struct mapping *mapping = m->mappings, *older; mapping; mapping = older) {
        older = mapping->older;
        munmap(mapping->p, mapping->n);
        free(mapping);
    }
    reading = m->outer;
    close(m->folder);
    free(m);
}
