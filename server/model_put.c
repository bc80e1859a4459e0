/* Adds a model's folder to the folder of models: whole, or not at all.
 *
 * The files are written to .NAME.new, each forced to the disk, and the folder gets its name last. A process that dies on
 * the way leaves .NAME.new, which no scan takes for a model and the next one of that name replaces. One that replaces
 * another is written under the name that the other will have when it is gone, and the two are exchanged in one step. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/model_entry.h"
#include "server/models.h"
#include "server/train_folder.h"

enum { PATH_ROOM = 4096 };

static const char MADE[] = "POST /v1/models made this folder, so DELETE /v1/models/NAME removes it.\n";

struct putting {
    struct models *models;
    struct ctx *ctx;
    int folder;
    const char *name;
    char temporary[MODEL_HIDDEN], path[PATH_ROOM];
    const struct model_file *files;
    size_t n;
    bool replace, replaces; /* it may; there is another one that it does */
};

static enum status failed(struct putting *p, const char *what) {
    return ctx_fail(p->ctx, STATUS_INVALID, "/name", "The model %.64s cannot be %s: %s.", p->name, what,
                    strerror(errno));
}

/* -- What is there -- */

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

/* refuse is for a name that another model has. */
static enum status refuse(struct putting *p, bool formula) {
    if (!p->replace)
        return ctx_fail(p->ctx, STATUS_CONFLICT, "/name",
                        "There is another model %.64s already; want a name of its own.", p->name);
    p->replaces = !formula && model_is_made(p->folder, p->name);
    return p->replaces ? STATUS_OK : model_refuse(p->ctx, "/name", p->name);
}

static enum status look(struct putting *p, bool *same) {
    char file[MODEL_HIDDEN];
    struct stat st;
    bool there = !fstatat(p->folder, p->name, &st, 0);
    snprintf(file, sizeof file, "%.64s.json", p->name);
    bool formula = !fstatat(p->folder, file, &st, 0);
    *same = false;
    if (!there && !formula)
        return STATUS_OK;
    snprintf(p->path, sizeof p->path, "%s/%.64s", p->models->folder, p->name);
    enum status status = formula ? STATUS_OK : compare(p, p->path, same);
    return status != STATUS_OK || *same ? status : refuse(p, formula);
}

/* -- Writing -- */

static enum status write_all(struct putting *p, struct train_folder *f) {
    enum status status = train_folder_make(p->ctx, f);
    for (size_t i = 0; i < p->n && status == STATUS_OK; i++)
        status = train_folder_write(p->ctx, f, p->files[i].path, p->files[i].p, p->files[i].n);
    return status == STATUS_OK ? train_folder_write(p->ctx, f, MODEL_MADE_FILE, MADE, sizeof MADE - 1) : status;
}

static enum status give_name(struct putting *p) {
    const struct model_doom doom = {.name = p->name, .hidden = p->temporary, .pointer = "/name", .exchange = true};
    bool in_use;
    if (ctx_stop(p->ctx) != STOP_NONE) /* writing takes a while; a job that is cancelled leaves nothing */
        return ctx_stopped(p->ctx);
    if (p->replaces)
        return model_doom(p->models, p->ctx, p->folder, &doom, &in_use);
    return renameat(p->folder, p->temporary, p->folder, p->name) || fsync(p->folder) ? failed(p, "given its name")
                                                                                     : STATUS_OK;
}

static enum status write_files(struct putting *p) {
    struct train_folder f;
    if (p->replaces)
        model_gone_name(p->name, p->temporary);
    else
        snprintf(p->temporary, sizeof p->temporary, ".%.64s.new", p->name);
    snprintf(p->path, sizeof p->path, "%s/%s", p->models->folder, p->temporary);
    model_erase(p->folder, p->temporary);
    enum status status = train_folder_open(p->ctx, p->path, &f);
    if (status == STATUS_OK)
        status = write_all(p, &f);
    if (status == STATUS_OK)
        status = give_name(p);
    train_folder_close(&f);
    if (status != STATUS_OK)
        model_erase(p->folder, p->temporary);
    if (status == STATUS_INVALID)
        snprintf(p->ctx->err.pointer, sizeof p->ctx->err.pointer, "/name");
    return status;
}

/* write_model writes it, unless a folder of that name with the same bytes is there. */
static enum status write_model(struct putting *p) {
    bool same = false;
    p->folder = open(p->models->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p->folder < 0)
        return failed(p, "written");
    enum status status = look(p, &same);
    if (status == STATUS_OK && !same)
        status = write_files(p);
    close(p->folder);
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
                      size_t n, bool replace) {
    struct models *m = models_of(store);
    char text[MODEL_NAME_MAX + 1] = "";
    if (!m->folder)
        return ctx_fail(ctx, STATUS_INVALID, "/name",
                        "There is no folder of models to add one to; the server's option --models names one.");
    if (!model_name_fits(name))
        return ctx_fail(ctx, STATUS_INVALID, "/name", "The name does not fit a model.");
    memcpy(text, name.p, name.n);
    struct putting p = {.models = m, .ctx = ctx, .name = text, .files = files, .n = n, .replace = replace};
    pthread_mutex_lock(&m->scanning);
    enum status status = write_model(&p);
    pthread_mutex_unlock(&m->scanning);
    if (status != STATUS_OK)
        return status;
    models_rescan(m);
    return check_served(store, ctx, name);
}
