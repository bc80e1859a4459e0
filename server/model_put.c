/* Adds a model's folder to the folder of models: whole, or not at all.
 *
 * The files are written to .NAME.new, each forced to the disk, and the folder gets its name last. A process that dies on
 * the way leaves .NAME.new, which no scan takes for a model and the next one of that name replaces. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/model_entry.h"
#include "server/models.h"
#include "server/train_folder.h"

enum { NAME_ROOM = 128, PATH_ROOM = 4096, DEEP = 4 };

struct putting {
    struct ctx *ctx;
    int folder;
    const char *name;
    char temporary[NAME_ROOM], path[PATH_ROOM];
    const struct model_file *files;
    size_t n;
};

static enum status failed(struct putting *p, const char *what) {
    return ctx_fail(p->ctx, STATUS_INVALID, "/name", "The model %.64s cannot be %s: %s.", p->name, what,
                    strerror(errno));
}

/* -- What is there -- */

/* remove_all empties a folder, as deep as models are, and removes it. */
static void remove_all(int at, const char *name, int depth) {
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    for (struct dirent *e; folder && (e = readdir(folder));) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        if (unlinkat(fd, e->d_name, 0) && depth < DEEP)
            remove_all(fd, e->d_name, depth + 1);
    }
    if (folder)
        closedir(folder);
    else if (fd >= 0)
        close(fd);
    unlinkat(at, name, AT_REMOVEDIR);
}

/* same_file tells whether a file has these bytes. */
static enum status same_file(struct putting *p, const struct train_folder *f, const struct model_file *file,
                             bool *same) {
    struct ctx_mark mark = ctx_mark(p->ctx);
    unsigned char *bytes;
    size_t n = 0;
    enum status status = train_folder_read(p->ctx, f, file->path, &bytes, &n);
    *same = status == STATUS_OK && bytes && n == file->n && !memcmp(bytes, file->p, n);
    ctx_rewind(p->ctx, mark);
    return status;
}

static enum status compare(struct putting *p, const char *path, bool *same) {
    struct train_folder f;
    enum status status = train_folder_open(p->ctx, path, &f);
    *same = true;
    for (size_t i = 0; i < p->n && status == STATUS_OK && *same; i++)
        status = same_file(p, &f, &p->files[i], same);
    train_folder_close(&f);
    return status;
}

static enum status look(struct putting *p, const char *folder, bool *there) {
    char file[NAME_ROOM];
    struct stat st;
    *there = !fstatat(p->folder, p->name, &st, 0);
    snprintf(file, sizeof file, "%.64s.json", p->name);
    bool formula = !fstatat(p->folder, file, &st, 0), same = false;
    if (!*there && !formula)
        return STATUS_OK;
    snprintf(p->path, sizeof p->path, "%s/%.64s", folder, p->name);
    enum status status = formula ? STATUS_OK : compare(p, p->path, &same);
    if (status != STATUS_OK || same)
        return status;
    return ctx_fail(p->ctx, STATUS_INVALID, "/name", "There is another model %.64s already; want a name of its own.",
                    p->name);
}

/* -- Writing -- */

static enum status write_files(struct putting *p, const char *folder) {
    struct train_folder f;
    snprintf(p->path, sizeof p->path, "%s/%s", folder, p->temporary);
    remove_all(p->folder, p->temporary, 0);
    enum status status = train_folder_open(p->ctx, p->path, &f);
    if (status == STATUS_OK)
        status = train_folder_make(p->ctx, &f);
    for (size_t i = 0; i < p->n && status == STATUS_OK; i++)
        status = train_folder_write(p->ctx, &f, p->files[i].path, p->files[i].p, p->files[i].n);
    if (status == STATUS_OK && (renameat(p->folder, p->temporary, p->folder, p->name) || fsync(p->folder)))
        status = failed(p, "given its name");
    train_folder_close(&f);
    if (status != STATUS_OK)
        remove_all(p->folder, p->temporary, 0);
    if (status == STATUS_INVALID)
        snprintf(p->ctx->err.pointer, sizeof p->ctx->err.pointer, "/name");
    return status;
}

/* write_model writes it, unless a folder of that name with the same bytes is there. */
static enum status write_model(struct ctx *ctx, const char *folder, const char *name, const struct model_file *files,
                               size_t n) {
    struct putting p = {.ctx = ctx, .name = name, .files = files, .n = n};
    bool there = false;
    p.folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p.folder < 0)
        return failed(&p, "written");
    snprintf(p.temporary, sizeof p.temporary, ".%.64s.new", name);
    enum status status = look(&p, folder, &there);
    if (status == STATUS_OK && !there)
        status = write_files(&p, folder);
    close(p.folder);
    return status;
}

static enum status check_served(struct model_store *store, struct ctx *ctx, struct str name) {
    struct named_model found;
    enum status status = store->find(store, ctx, name, (struct str){"", 0}, MODEL_OUTLINED, &found);
    if (status != STATUS_OK)
        return status;
    if (!found.entry)
        return ctx_fail(ctx, STATUS_INVALID, "/name",
                        "The model %.*s was written, and cannot be served; the log says why.", (int)name.n, name.p);
    store->drop(store, &found, false);
    return STATUS_OK;
}

enum status model_put(struct model_store *store, struct ctx *ctx, struct str name, const struct model_file *files,
                      size_t n) {
    struct models *m = models_of(store);
    char text[MODEL_NAME_MAX + 1] = "";
    if (!m->folder)
        return ctx_fail(ctx, STATUS_INVALID, "/name",
                        "There is no folder of models to add one to; the server's option --models names one.");
    if (!model_name_fits(name))
        return ctx_fail(ctx, STATUS_INVALID, "/name", "The name does not fit a model.");
    memcpy(text, name.p, name.n);
    pthread_mutex_lock(&m->scanning);
    enum status status = write_model(ctx, m->folder, text, files, n);
    pthread_mutex_unlock(&m->scanning);
    if (status != STATUS_OK)
        return status;
    models_rescan(m);
    return check_served(store, ctx, name);
}
