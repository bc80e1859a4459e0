/* Takes a model away: its folder gets a hidden name at once, under which calls that have found it still read its weights,
 * and goes from the disk with the last of them (entry_free). A process that dies on the way leaves .NAME.gone-..., which no
 * scan takes for a model and the next start removes. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/log.h"
#include "server/machine.h"
#include "server/model_entry.h"
#include "server/models.h"

enum { DEEP = 4, DIGITS = 16 };

static const char GONE[] = ".gone-";

void model_gone_name(const char *name, char to[MODEL_HIDDEN]) {
    snprintf(to, MODEL_HIDDEN, ".%.64s%s%016llx", name, GONE, (unsigned long long)machine_random());
}

/* is_gone_name: it was made by model_gone_name. */
static bool is_gone_name(const char *name) {
    const char *at = *name == '.' ? strstr(name, GONE) : NULL;
    if (!at || !model_name_fits((struct str){name + 1, (size_t)(at - name) - 1}))
        return false;
    at += strlen(GONE);
    return strlen(at) == DIGITS && strspn(at, "0123456789abcdef") == DIGITS;
}

static void erase(int at, const char *name, int depth) {
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    for (struct dirent *e; folder && (e = readdir(folder));) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        if (unlinkat(fd, e->d_name, 0) && depth < DEEP)
            erase(fd, e->d_name, depth + 1);
    }
    if (folder)
        closedir(folder);
    else if (fd >= 0)
        close(fd);
    unlinkat(at, name, AT_REMOVEDIR);
}

void model_erase(int at, const char *name) { erase(at, name, 0); }

void models_tidy(struct models *m) {
    DIR *folder = m->folder ? opendir(m->folder) : NULL;
    for (struct dirent *e; folder && (e = readdir(folder));)
        if (is_gone_name(e->d_name))
            model_erase(dirfd(folder), e->d_name);
    if (folder)
        closedir(folder);
}

bool model_is_made(int folder, const char *name) {
    char path[MODEL_NAME_MAX + sizeof MODEL_MADE_FILE + 1];
    struct stat st;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISDIR(st.st_mode))
        return false;
    snprintf(path, sizeof path, "%.64s/%s", name, MODEL_MADE_FILE);
    return !fstatat(folder, path, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode);
}

enum status model_refuse(struct ctx *ctx, const char *pointer, const char *name) {
    return ctx_fail(ctx, STATUS_FORBIDDEN, pointer,
                    "The model \"%.64s\" was put there by who runs this service, not by POST /v1/models, and stays as "
                    "it is.",
                    name);
}

/* current is what has the name now; NULL: nothing has. With the mutex. */
static struct entry *current(const struct models *m, const char *name) {
    for (size_t i = 0; i < m->n; i++)
        if (!m->current[i]->doomed && !strcmp(m->current[i]->name, name))
            return m->current[i];
    return NULL;
}

/* await gives what has the name when nobody reads its files. With the mutex. */
static enum status await(struct models *m, struct ctx *ctx, const char *name, struct entry **out) {
    enum status status = STATUS_OK;
    while ((*out = current(m, name)) && (*out)->busy && status == STATUS_OK)
        status = model_wait(m, ctx);
    return status;
}

/* rename_to gives the folder its hidden name, and what had that one the model's where the two are exchanged. */
static enum status rename_to(struct ctx *ctx, int folder, const struct model_doom *d) {
    if (!renameat2(folder, d->name, folder, d->hidden, d->exchange ? RENAME_EXCHANGE : 0))
        return fsync(folder), STATUS_OK; /* it is done in any case */
    return ctx_fail(ctx, STATUS_FORBIDDEN, d->pointer, "The model \"%.64s\" cannot be %s: %s.", d->name,
                    d->exchange ? "replaced" : "removed", strerror(errno));
}

enum status model_doom(struct models *m, struct ctx *ctx, int folder, const struct model_doom *d, bool *in_use) {
    struct entry *e;
    char *path;
    if (asprintf(&path, "%s/%s", m->folder, d->hidden) < 0)
        return ctx_fail(ctx, STATUS_NO_MEMORY, "", "There is no memory to remove the model.");
    pthread_mutex_lock(&m->mutex);
    enum status status = await(m, ctx, d->name, &e);
    if (status == STATUS_OK)
        status = rename_to(ctx, folder, d);
    *in_use = status == STATUS_OK && e && e->pins;
    if (status == STATUS_OK && e) {
        char *old = e->path;
        e->path = path;
        e->doomed = true;
        path = old;
    }
    pthread_mutex_unlock(&m->mutex);
    free(path);
    if (status == STATUS_OK && !e) /* no scan had found it yet */
        model_erase(folder, d->hidden);
    return status;
}

static bool is_known(struct models *m, const char *name) {
    pthread_mutex_lock(&m->mutex);
    bool known = current(m, name) != NULL;
    pthread_mutex_unlock(&m->mutex);
    return known;
}

/* remove_folder is with models->scanning; of a formula and a folder of one name, the former is the model. */
static enum status remove_folder(struct models *m, struct ctx *ctx, const char *name, bool *in_use) {
    char file[MODEL_HIDDEN], hidden[MODEL_HIDDEN];
    struct stat st;
    int folder = is_known(m, name) ? open(m->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (folder < 0)
        return STATUS_NOT_FOUND;
    snprintf(file, sizeof file, "%s.json", name);
    model_gone_name(name, hidden);
    const struct model_doom doom = {.name = name, .hidden = hidden, .pointer = ""};
    bool made = fstatat(folder, file, &st, AT_SYMLINK_NOFOLLOW) && model_is_made(folder, name);
    enum status status = made ? model_doom(m, ctx, folder, &doom, in_use) : model_refuse(ctx, "", name);
    close(folder);
    return status;
}

enum status model_remove(struct model_store *store, struct ctx *ctx, struct str name, bool *in_use) {
    struct models *m = models_of(store);
    char text[MODEL_NAME_MAX + 1] = "";
    *in_use = false;
    if (!m->folder || !model_name_fits(name))
        return STATUS_NOT_FOUND;
    memcpy(text, name.p, name.n);
    pthread_mutex_lock(&m->scanning);
    enum status status = remove_folder(m, ctx, text, in_use);
    pthread_mutex_unlock(&m->scanning);
    if (status != STATUS_OK)
        return status;
    log_message(m->log, "info", "The model %s/%s was removed.", m->folder, text);
    models_rescan(m);
    return STATUS_OK;
}
