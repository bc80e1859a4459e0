#include "server/train_data.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "handlers/files.h"
#include "server/mapped_files.h"
#include "server/train_folder.h"

enum { IMAGES_MAX = 10 * 1000 * 1000 };

/* -- One file -- */

/* open_file maps a file by its path. */
static enum status open_file(struct ctx *ctx, const char *path, struct files **files, struct data_file *out) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char *folder = slash == path ? strdup("/") : slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
    struct file file = {0};
    *files = folder ? mapped_files_open(folder) : NULL;
    int error = errno;
    free(folder);
    if (!*files)
        return ctx_fail(ctx, STATUS_INVALID, "", "%.300s cannot be opened: %s.", path, strerror(error));
    enum status status = (*files)->open(*files, ctx, name, &file);
    if (status == STATUS_OK && !file.p)
        status = ctx_fail(ctx, STATUS_INVALID, "", "There is no file %.300s.", path);
    *out = (struct data_file){path, file.p, file.n};
    return status;
}

/* -- A folder of PNG -- */

struct names {
    struct ctx *ctx;
    size_t n, room;
    char **list; /* malloc'ed */
};

static bool is_png(const char *name) {
    size_t n = strlen(name);
    return n > 4 && *name != '.' && !strcasecmp(name + n - 4, ".png");
}

static enum status no_memory(struct ctx *ctx) {
    return ctx_fail(ctx, STATUS_NO_MEMORY, "", "There is not enough memory for the list of images.");
}

static enum status add_name(struct names *names, const char *folder, const char *name) {
    if (names->n == IMAGES_MAX)
        return ctx_fail(names->ctx, STATUS_TOO_LARGE, "", "There are more than %d images.", IMAGES_MAX);
    if (names->n == names->room) {
        size_t room = names->room ? 2 * names->room : 1024;
        char **list = realloc(names->list, room * sizeof *list);
        if (!list)
            return no_memory(names->ctx);
        names->list = list;
        names->room = room;
    }
    if (asprintf(&names->list[names->n], "%s%s%s", folder, *folder ? "/" : "", name) < 0)
        return no_memory(names->ctx);
    names->n++;
    return STATUS_OK;
}

/* is_folder: links to folders are followed at the top alone, where they can be no loop. */
static bool is_folder(int folder, const char *name, bool top) {
    struct stat st;
    return *name != '.' && !fstatat(folder, name, &st, top ? 0 : AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode);
}

static enum status list_folder(struct names *names, const char *path, const char *below);

static enum status list_entry(struct names *names, const char *path, const char *below, int folder, const char *name) {
    char *inner = NULL;
    if (!is_folder(folder, name, !*below))
        return is_png(name) ? add_name(names, below, name) : STATUS_OK;
    if (asprintf(&inner, "%s%s%s", below, *below ? "/" : "", name) < 0)
        return no_memory(names->ctx);
    enum status status = list_folder(names, path, inner);
    free(inner);
    return status;
}

/* list_folder lists the PNG of a folder and of those in it. */
static enum status list_folder(struct names *names, const char *path, const char *below) {
    char *full = NULL;
    enum status status = STATUS_OK;
    if (asprintf(&full, "%s%s%s", path, *below ? "/" : "", below) < 0)
        return no_memory(names->ctx);
    DIR *folder = opendir(full);
    if (!folder)
        status = ctx_fail(names->ctx, STATUS_INVALID, "", "Cannot read the folder %.300s: %s.", full, strerror(errno));
    for (struct dirent *e; folder && status == STATUS_OK && (e = readdir(folder));)
        status = list_entry(names, path, below, dirfd(folder), e->d_name);
    if (folder)
        closedir(folder);
    free(full);
    return status;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* read_images reads them all into `bytes`: there may be more than can be mapped at once. */
static enum status read_images(const struct names *names, const char *path, struct ctx *bytes, struct data_file *out) {
    struct train_folder folder;
    enum status status = train_folder_open(bytes, path, &folder);
    for (size_t i = 0; i < names->n && status == STATUS_OK; i++) {
        unsigned char *p = NULL;
        size_t n = 0, length = strlen(names->list[i]) + 1;
        char *name = ctx_alloc(names->ctx, length, 1);
        status = name ? train_folder_read(bytes, &folder, names->list[i], &p, &n) : STATUS_NO_MEMORY;
        if (status == STATUS_OK && !p)
            status = ctx_fail(bytes, STATUS_INVALID, "", "%.300s is no longer there.", names->list[i]);
        if (status == STATUS_OK)
            out[i] = (struct data_file){memcpy(name, names->list[i], length), p, n};
    }
    train_folder_close(&folder);
    return status;
}

/* read_listed makes data of the images, which are needed no longer than that. */
static enum status read_listed(const struct names *names, const struct train_config *c, struct dataset *out) {
    struct ctx *ctx = names->ctx, bytes;
    struct data_file *list = ctx_alloc(ctx, names->n, sizeof *list);
    if (!list)
        return STATUS_NO_MEMORY;
    ctx_init(&bytes, ctx->cap);
    enum status status = read_images(names, c->data, &bytes, list);
    const struct dataset_in in = {.files = list,
                                  .n = names->n,
                                  .label_column = c->label_column,
                                  .kind = (enum dataset_kind)c->kind,
                                  .categorical = c->categorical};
    if (status == STATUS_OK)
        status = dataset_read(ctx, &in, out);
    else if (*bytes.err.detail)
        ctx->err = bytes.err;
    ctx_release(&bytes);
    return status;
}

static enum status open_folder(struct ctx *ctx, const struct train_config *c, struct dataset *out) {
    struct names names = {.ctx = ctx};
    enum status status = list_folder(&names, c->data, "");
    if (status == STATUS_OK && !names.n)
        status = ctx_fail(ctx, STATUS_INVALID, "", "The folder %.300s has no PNG in it, nor in the folders below it.",
                          c->data);
    if (status == STATUS_OK && *c->labels)
        status = ctx_fail(ctx, STATUS_INVALID, "",
                          "The labels of a folder of PNG are its folders; want no file of labels beside it.");
    if (status == STATUS_OK) {
        qsort(names.list, names.n, sizeof *names.list, by_name);
        status = read_listed(&names, c, out);
    }
    while (names.n)
        free(names.list[--names.n]);
    free(names.list);
    return status;
}

/* -- All of it -- */

static bool toy_of(const char *name, enum toy *out) {
    for (int i = 0; toy_names[i]; i++)
        if (!strcmp(toy_names[i], name)) {
            *out = (enum toy)i;
            return true;
        }
    return false;
}

static enum status open_named(struct ctx *ctx, const struct train_config *c, struct train_files *files,
                              struct dataset *out) {
    struct stat st;
    struct data_file data, labels;
    if (!stat(c->data, &st) && S_ISDIR(st.st_mode))
        return open_folder(ctx, c, out);
    enum status status = open_file(ctx, c->data, &files->data, &data);
    if (status == STATUS_OK && *c->labels)
        status = open_file(ctx, c->labels, &files->labels, &labels);
    if (status != STATUS_OK)
        return status;
    const struct dataset_in in = {.files = &data,
                                  .n = 1,
                                  .labels = *c->labels ? &labels : NULL,
                                  .label_column = c->label_column,
                                  .kind = (enum dataset_kind)c->kind,
                                  .categorical = c->categorical,
                                  .joint = c->given > 0};
    return dataset_read(ctx, &in, out);
}

static enum status open_data(struct ctx *ctx, const struct train_config *config, struct train_files *files,
                             struct dataset *out) {
    enum toy toy;
    if (!*config->data)
        return ctx_fail(
            ctx, STATUS_INVALID, "",
            "There are no data to learn from; want --data with a file, a folder, moons, eight-gaussians, cfm-moons or "
            "cfm-gaussians.");
    if (!toy_of(config->data, &toy))
        return open_named(ctx, config, files, out);
    if (*config->labels || *config->label_column)
        return ctx_fail(ctx, STATUS_INVALID, "", "%s has labels of its own; want no others.", config->data);
    if (config->kind == DATASET_TABLE || *config->categorical)
        return ctx_fail(ctx, STATUS_INVALID, "", "%s is no table; want a CSV.", config->data);
    return dataset_toy(ctx, toy, (uint64_t)config->seed, out);
}

enum status train_data_open(struct ctx *ctx, const struct train_config *config, struct train_files *files,
                            struct dataset *out) {
    *files = (struct train_files){0};
    enum status status = open_data(ctx, config, files, out);
    return status == STATUS_OK && *config->class_names ? dataset_name_classes(ctx, config->class_names, out) : status;
}

enum status train_source_open(struct ctx *ctx, const struct train_config *config, struct train_files *files,
                              struct dataset *out) {
    struct train_config of_source;
    train_config_default(&of_source);
    of_source.data = config->source;
    of_source.seed = config->seed;
    of_source.kind = DATASET_POINTS;
    if (dataset_is_csv(config->source))
        of_source.label_column = config->label_column;
    *files = (struct train_files){0};
    return open_data(ctx, &of_source, files, out);
}

void train_data_close(struct train_files *files) {
    mapped_files_close(files->labels);
    mapped_files_close(files->data);
    *files = (struct train_files){0};
}
