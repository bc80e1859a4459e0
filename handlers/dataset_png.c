#include <string.h>

#include "handlers/dataset_parts.h"
#include "handlers/png_read.h"

/* folder_of is the first folder of a path; n 0: it lies in none. */
static struct str folder_of(const char *path) {
    const char *end = strchr(path, '/');
    return (struct str){path, end ? (size_t)(end - path) : 0};
}

static bool same(struct str a, struct str b) { return a.n == b.n && !memcmp(a.p, b.p, a.n); }

/* read_folders: files come in order of their paths, so those of a folder stand side by side. */
static enum status read_folders(struct ctx *ctx, const struct dataset_in *in, struct dataset *out) {
    int64_t *labels = ctx_alloc(ctx, in->n, sizeof *labels);
    struct str *names = ctx_alloc(ctx, in->n, sizeof *names);
    if (!labels || !names)
        return STATUS_NO_MEMORY;
    bool any = folder_of(in->files[0].name).n > 0;
    for (size_t i = 0; i < in->n; i++) {
        struct str folder = folder_of(in->files[i].name);
        if ((folder.n > 0) != any)
            return ctx_fail(
                ctx, STATUS_INVALID, "",
                "%.100s lies in a folder, and %.100s does not; want all images in folders, one for each class, "
                "or none.",
                in->files[any ? 0 : i].name, in->files[any ? i : 0].name);
        if (any && (!out->classes || !same(names[out->classes - 1], folder)))
            names[out->classes++] = folder;
        labels[i] = (int64_t)out->classes - 1;
    }
    if (out->classes > DATASET_CLASSES_MAX)
        return ctx_fail(ctx, STATUS_TOO_LARGE, "", "There are %zu folders, want at most %d classes.", out->classes,
                        DATASET_CLASSES_MAX);
    out->data.labels = any ? labels : NULL;
    out->class_names = any ? names : NULL;
    return STATUS_OK;
}

static enum status check_size(struct ctx *ctx, const struct data_file *file, const struct dataset *d) {
    struct png_size size;
    enum status status = png_measure(ctx, file->name, file->p, file->n, &size);
    if (status != STATUS_OK)
        return status;
    if (size.height != d->height || size.width != d->width)
        return ctx_fail(ctx, STATUS_INVALID, "", "%.100s has %zu x %zu pixels, want %zu x %zu as the first image.",
                        file->name, size.width, size.height, d->width, d->height);
    if (size.colour && d->channels == 1)
        return ctx_fail(ctx, STATUS_INVALID, "", "%.100s is in colour, and the first image is grey.", file->name);
    return STATUS_OK;
}

enum status dataset_png(struct ctx *ctx, const struct dataset_in *in, struct dataset *out) {
    struct png_size size;
    enum status status = png_measure(ctx, in->files[0].name, in->files[0].p, in->files[0].n, &size);
    if (status != STATUS_OK)
        return status;
    out->images = true;
    out->height = size.height;
    out->width = size.width;
    out->channels = size.colour ? 3 : 1;
    const size_t d = size.height * size.width * out->channels;
    unsigned char *bytes = ctx_alloc(ctx, in->n, d);
    if (!bytes)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < in->n; i++) {
        const struct data_file *file = &in->files[i];
        status = check_size(ctx, file, out);
        if (status == STATUS_OK)
            status = png_read(ctx, file->name, file->p, file->n, out->channels, bytes + i * d);
        if (status != STATUS_OK)
            return status;
    }
    out->data = (struct train_data){.n = in->n, .d = d, .bytes = bytes};
    return read_folders(ctx, in, out);
}
