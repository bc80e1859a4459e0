#include "handlers/weight_files.h"

#include <stdio.h>
#include <string.h>

#include "handlers/json_file.h"

#define STEM "diffusion_pytorch_model"

static const char *const SINGLE[] = {STEM ".safetensors", STEM ".fp16.safetensors", STEM ".bf16.safetensors"};
static const char *const INDEX[] = {
    STEM ".safetensors.index.json",      STEM ".safetensors.index.fp16.json", STEM ".safetensors.fp16.index.json",
    STEM ".safetensors.index.bf16.json", STEM ".safetensors.bf16.index.json",
};
static const char *const PICKLES[] = {
    STEM ".bin", STEM ".fp16.bin", STEM ".bin.index.json", STEM ".pt", STEM ".ckpt", "pytorch_model.bin", "model.ckpt",
};

/* find_one opens the first of n names that there is; found->p NULL: there is none. */
static enum status find_one(struct ctx *ctx, struct files *files, const char *folder, const char *const *names,
                            size_t n, char path[WEIGHT_PATH], struct file *found) {
    enum status status = STATUS_OK;
    *found = (struct file){0};
    for (size_t i = 0; i < n && status == STATUS_OK && !found->p; i++) {
        snprintf(path, WEIGHT_PATH, "%.100s%.100s", folder, names[i]);
        status = files->open(files, ctx, path, found);
    }
    return status;
}

/* -- Several files -- */

struct shard {
    char path[WEIGHT_PATH];
    struct safetensors tensors;
};

struct shards {
    struct ctx *ctx;
    struct files *files;
    const char *folder, *index; /* index: its path */
    struct shard *list;
    size_t n;
};

/* plain: a file beside the index, nothing that leads elsewhere. */
static bool plain(const char *name) { return *name && *name != '.' && strlen(name) <= 120 && !strpbrk(name, "/\\"); }

static enum status open_shard(struct shards *s, const char *name, struct shard *shard) {
    struct file file = {0};
    snprintf(shard->path, sizeof shard->path, "%.100s%.120s", s->folder, name);
    enum status status = s->files->open(s->files, s->ctx, shard->path, &file);
    if (status == STATUS_OK && !file.p)
        status =
            ctx_fail(s->ctx, STATUS_INVALID, "", "%.100s names the file %.120s, which is not there.", s->index, name);
    return status == STATUS_OK ? safetensors_open(s->ctx, shard->path, file.p, file.n, &shard->tensors) : status;
}

/* shard_of gives the file of that name, opened now where it was not yet. */
static enum status shard_of(struct shards *s, const char *name, struct shard **out) {
    size_t skip = strlen(s->folder) < 100 ? strlen(s->folder) : 100;
    for (size_t i = s->n; i-- > 0;) /* tensors of a file stand together, mostly */
        if (!strcmp(s->list[i].path + skip, name)) {
            *out = &s->list[i];
            return STATUS_OK;
        }
    if (s->n == WEIGHT_FILES_MAX)
        return ctx_fail(s->ctx, STATUS_INVALID, "", "%.100s names more than %d files.", s->index, WEIGHT_FILES_MAX);
    *out = &s->list[s->n];
    enum status status = open_shard(s, name, *out);
    s->n += status == STATUS_OK;
    return status;
}

static enum status take_tensor(struct shards *s, const char *tensor, const json_t *value, struct tensor_entry *out) {
    const char *name = json_string_value(value);
    struct shard *shard = NULL;
    if (!name || !plain(name))
        return ctx_fail(s->ctx, STATUS_INVALID, "",
                        "%.100s gives %s as the file of %.100s, want the name of one beside it.", s->index,
                        name ? "a path" : "no string", tensor);
    enum status status = shard_of(s, name, &shard);
    const struct tensor_entry *found = status == STATUS_OK ? safetensors_find(&shard->tensors, tensor) : NULL;
    if (found)
        *out = *found;
    else if (status == STATUS_OK)
        status = ctx_fail(s->ctx, STATUS_INVALID, "", "%.100s says that %.100s is in %.120s, which does not have it.",
                          s->index, tensor, name);
    return status;
}

static enum status take_all(struct shards *s, json_t *map, struct safetensors *out) {
    const char *tensor;
    json_t *value;
    if (!json_is_object(map))
        return ctx_fail(s->ctx, STATUS_INVALID, "", "%.100s has no weight_map, want an object of names of files.",
                        s->index);
    out->list = ctx_alloc(s->ctx, json_object_size(map), sizeof *out->list);
    s->list = ctx_alloc(s->ctx, WEIGHT_FILES_MAX, sizeof *s->list);
    if (!out->list || !s->list)
        return STATUS_NO_MEMORY;
    json_object_foreach(map, tensor, value) {
        enum status status = take_tensor(s, tensor, value, &out->list[out->n]);
        if (status != STATUS_OK)
            return status;
        out->n++;
    }
    safetensors_sort(out);
    return STATUS_OK;
}

static enum status open_sharded(struct shards *s, const struct file *index, struct safetensors *out) {
    json_t *root = NULL;
    enum status status = json_file_object(s->ctx, s->index, (struct str){(const char *)index->p, index->n}, &root);
    if (status != STATUS_OK)
        return status;
    status = take_all(s, json_object_get(root, "weight_map"), out);
    json_decref(root);
    return status;
}

static enum status nothing_found(struct ctx *ctx, struct files *files, const char *folder) {
    char path[WEIGHT_PATH];
    struct file pickle;
    enum status status = find_one(ctx, files, folder, PICKLES, COUNT_OF(PICKLES), path, &pickle);
    if (status != STATUS_OK)
        return status;
    if (pickle.p)
        return ctx_fail(
            ctx, STATUS_INVALID, "",
            "%.200s is a pickle, which may run any program when it is opened, so it is not; want the weights "
            "as %s.",
            path, SINGLE[0]);
    return ctx_fail(ctx, STATUS_INVALID, "", "There are no weights: want %.100s%s, or its .index.json.", folder,
                    SINGLE[0]);
}

enum status weight_files_open(struct ctx *ctx, struct files *files, const char *folder, struct safetensors *out) {
    char path[WEIGHT_PATH];
    struct file file;
    *out = (struct safetensors){0};
    enum status status = find_one(ctx, files, folder, SINGLE, 1, path, &file);
    if (status == STATUS_OK && !file.p) {
        status = find_one(ctx, files, folder, INDEX, COUNT_OF(INDEX), path, &file);
        if (status == STATUS_OK && file.p) {
            struct shards s = {.ctx = ctx, .files = files, .folder = folder, .index = path};
            return open_sharded(&s, &file, out);
        }
    }
    if (status == STATUS_OK && !file.p)
        status = find_one(ctx, files, folder, SINGLE, COUNT_OF(SINGLE), path, &file);
    if (status != STATUS_OK)
        return status;
    return file.p ? safetensors_open(ctx, path, file.p, file.n, out) : nothing_found(ctx, files, folder);
}
