#include "handlers/source_file.h"

#include <math.h>
#include <string.h>

#define TENSOR "points"

enum status source_file_open(struct ctx *ctx, struct files *files, const struct tensor_entry **out) {
    struct file file = {0};
    struct safetensors s;
    *out = NULL;
    enum status status = files->open(files, ctx, SOURCE_FILE, &file);
    if (status != STATUS_OK || !file.p)
        return status;
    status = safetensors_open(ctx, SOURCE_FILE, file.p, file.n, &s);
    if (status != STATUS_OK)
        return status;
    *out = safetensors_find(&s, TENSOR);
    if (*out && s.n == 1 && (*out)->dims > 1 && (*out)->n && (*out)->shape[0] <= SOURCE_POINTS_MAX)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, "",
                    SOURCE_FILE " has %zu tensors; want one, \"" TENSOR "\", of 1 to %d points.", s.n,
                    SOURCE_POINTS_MAX);
}

enum status source_file_read(struct ctx *ctx, const struct tensor_entry *source, size_t dims, const size_t *shape,
                             float **points) {
    char is[SAFETENSORS_SHAPE_TEXT], want[SAFETENSORS_SHAPE_TEXT];
    if (source->dims != dims + 1 || memcmp(source->shape + 1, shape, dims * sizeof *shape) != 0) {
        safetensors_shape(source->shape + 1, source->dims - 1, is);
        safetensors_shape(shape, dims, want);
        return ctx_fail(ctx, STATUS_INVALID, "", "The points of " SOURCE_FILE " have the shape %s, want %s.", is, want);
    }
    if (!(*points = ctx_alloc(ctx, source->n, sizeof **points)))
        return STATUS_NO_MEMORY;
    safetensors_read(source, *points);
    for (size_t i = 0; i < source->n; i++)
        if (!isfinite((*points)[i]))
            return ctx_fail(ctx, STATUS_INVALID, "", SOURCE_FILE " has %s as its number %zu, want a finite one.",
                            isnan((*points)[i]) ? "NaN" : "an infinity", i);
    return STATUS_OK;
}

void source_file_write(const float *points, size_t n, size_t dims, const size_t *shape, struct buf *out) {
    struct tensor_values values = {
        .name = TENSOR, .dtype = DTYPE_F32, .dims = dims + 1, .shape = {n}, .values = points};
    memcpy(values.shape + 1, shape, dims * sizeof *shape);
    safetensors_write(out, &values, 1);
}
