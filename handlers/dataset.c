#include "handlers/dataset.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "handlers/dataset_parts.h"
#include "handlers/idx.h"
#include "handlers/inflate.h"
#include "handlers/npy.h"

static const double SCALE_MAX = 1e30; /* as mlp_file.h takes them */

/* -- Arrays -- */

static enum status open_idx(struct ctx *ctx, const char *file, const unsigned char *p, size_t n,
                            struct data_array *out) {
    struct idx idx;
    enum status status = idx_read(ctx, file, p, n, &idx);
    if (status != STATUS_OK)
        return status;
    *out = (struct data_array){.file = file, .dims = idx.dims, .n = idx.n};
    memcpy(out->shape, idx.shape, sizeof idx.shape);
    if (idx.type == IDX_U8) {
        out->as = AS_BYTES, out->bytes = idx.data;
        return STATUS_OK;
    }
    double *to = ctx_alloc(ctx, idx.n, sizeof *to);
    if (!to)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < idx.n; i++)
        if (!isfinite(to[i] = idx_value(&idx, i)))
            return ctx_fail(ctx, STATUS_INVALID, "", "%.100s has %s as its element %zu, want a finite number.", file,
                            isnan(to[i]) ? "NaN" : "an infinity", i);
    out->as = AS_REALS, out->reals = to;
    return STATUS_OK;
}

struct data_array data_array_of(const char *file, const struct array *a) {
    struct data_array out = {.file = file, .dims = a->dims, .n = a->n};
    memcpy(out.shape, a->shape, sizeof a->shape);
    if (a->kind == KIND_INT)
        out.as = AS_INTS, out.ints = a->ints;
    else
        out.as = AS_REALS, out.reals = a->reals;
    return out;
}

static enum status open_npy(struct ctx *ctx, const char *file, const unsigned char *p, size_t n,
                            struct data_array *out) {
    struct npy a;
    enum status status = npy_open(ctx, p, n, &a);
    if (status != STATUS_OK) {
        const struct error error = ctx->err;
        return ctx_fail(ctx, status, "", "%.100s: %.700s", file, error.detail);
    }
    *out = data_array_of(file, &a.numbers);
    if (a.bytes)
        out->as = AS_BYTES, out->bytes = a.bytes;
    out->dims = a.dims;
    out->n = a.n;
    memcpy(out->shape, a.shape, sizeof a.shape);
    return STATUS_OK;
}

enum status data_array_open(struct ctx *ctx, const struct data_file *file, struct data_array *out) {
    const unsigned char *p = file->p;
    size_t n = file->n;
    if (inflate_is(p, n)) {
        unsigned char *plain;
        enum status status = inflate_read(ctx, file->name, p, n, ctx->cap, &plain, &n);
        if (status != STATUS_OK)
            return status;
        p = plain;
    }
    if (n >= 6 && !memcmp(p, "\x93NUMPY", 6))
        return open_npy(ctx, file->name, p, n, out);
    if (n >= 2 && !p[0] && !p[1]) /* of which idx_read says what is wrong with it */
        return open_idx(ctx, file->name, p, n, out);
    return ctx_fail(
        ctx, STATUS_INVALID, "",
        "%.100s is neither IDX (two zero bytes and a type at its start) nor NPY (\\x93NUMPY); a table is known "
        "by its name, .csv or .tsv, and a picture by .png.",
        file->name);
}

/* -- Rows -- */

enum status dataset_scale(struct ctx *ctx, data_number *number, const void *self, size_t n, size_t d,
                          struct dataset *out) {
    float *rows = ctx_alloc(ctx, n, d * sizeof *rows);
    double *mean = ctx_alloc(ctx, d, sizeof *mean), *std = ctx_alloc(ctx, d, sizeof *std);
    if (!rows || !mean || !std)
        return STATUS_NO_MEMORY;
    for (size_t j = 0; j < d; j++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < n; i++)
            sum += number(self, i, j) / (double)n; /* no sum overflows so */
        for (size_t i = 0; i < n; i++)
            squares += pow(number(self, i, j) - sum, 2) / (double)n;
        if (!(fabs(sum) <= SCALE_MAX && squares <= SCALE_MAX * SCALE_MAX))
            return ctx_fail(ctx, STATUS_INVALID, "", "Column %zu has numbers beyond 1e30.", j + 1);
        mean[j] = sum;
        std[j] = squares > 1 / (SCALE_MAX * SCALE_MAX) ? sqrt(squares) : 1; /* it is the same everywhere */
        for (size_t i = 0; i < n; i++)
            rows[i * d + j] = (float)((number(self, i, j) - mean[j]) / std[j]);
    }
    out->height = out->width = 1;
    out->channels = d;
    out->mean = mean;
    out->std = std;
    out->data = (struct train_data){.n = n, .d = d, .rows = rows};
    return STATUS_OK;
}

static double array_number(const void *self, size_t row, size_t column) {
    const struct data_array *a = self;
    return data_array_value(a, row * a->shape[1] + column);
}

/* -- Images -- */

/* to_bytes: pixels that come as other integers must be bytes too. */
static enum status to_bytes(struct ctx *ctx, const struct data_array *a, const unsigned char **out) {
    if (a->as == AS_BYTES) {
        *out = a->bytes;
        return STATUS_OK;
    }
    unsigned char *to = ctx_alloc(ctx, a->n, 1);
    if (!to)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < a->n; i++) {
        const double value = data_array_value(a, i);
        if (value != floor(value) || value < 0 || value > 255)
            return ctx_fail(ctx, STATUS_INVALID, "", "%.100s has %g as its element %zu; want integers of 0 to 255.",
                            a->file, value, i);
        to[i] = (unsigned char)value;
    }
    *out = to;
    return STATUS_OK;
}

static enum status from_images(struct ctx *ctx, const struct data_array *a, struct dataset *out) {
    out->images = true;
    out->height = a->shape[1];
    out->width = a->shape[2];
    out->channels = a->dims == 4 ? a->shape[3] : 1;
    if (out->channels != 1 && out->channels != 3)
        return ctx_fail(ctx, STATUS_INVALID, "", "%.100s has images of %zu channels, want 1 or 3.", a->file,
                        out->channels);
    out->data = (struct train_data){.n = a->shape[0], .d = out->height * out->width * out->channels};
    return to_bytes(ctx, a, &out->data.bytes);
}

enum status dataset_array(struct ctx *ctx, const struct data_array *a, struct dataset *out) {
    if (!a->n)
        return ctx_fail(ctx, STATUS_INVALID, "", "%.100s has nothing in it.", a->file);
    if (a->dims == 1)
        return ctx_fail(
            ctx, STATUS_INVALID, "",
            "%.100s has one dimension, as labels have; want [n][d] for rows or [n][height][width] for images.",
            a->file);
    if (a->dims > 2)
        return from_images(ctx, a, out);
    if (a->shape[1] > DATASET_WIDTH_MAX)
        return ctx_fail(ctx, STATUS_TOO_LARGE, "", "%.100s has rows of %zu numbers, want at most %d.", a->file,
                        a->shape[1], DATASET_WIDTH_MAX);
    return dataset_scale(ctx, array_number, a, a->shape[0], a->shape[1], out);
}

enum status dataset_labels(struct ctx *ctx, const struct data_array *a, struct dataset *out) {
    if (a->dims != 1 || a->n != out->data.n)
        return ctx_fail(ctx, STATUS_INVALID, "",
                        "%.100s has %zu labels in %zu dimensions, want one for each of %zu items.", a->file, a->n,
                        a->dims, out->data.n);
    int64_t *labels = ctx_alloc(ctx, a->n, sizeof *labels);
    if (!labels)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < a->n; i++) {
        double label = data_array_value(a, i);
        if (label != floor(label) || label < 0 || label >= DATASET_CLASSES_MAX)
            return ctx_fail(ctx, STATUS_INVALID, "", "%.100s has %g as its label %zu, want an integer from 0 to %d.",
                            a->file, label, i, DATASET_CLASSES_MAX - 1);
        labels[i] = (int64_t)label;
        if (out->classes <= (size_t)labels[i])
            out->classes = (size_t)labels[i] + 1;
    }
    out->data.labels = labels;
    return STATUS_OK;
}

static enum status read_labels(struct ctx *ctx, const struct data_file *file, struct dataset *out) {
    struct data_array a;
    enum status status = data_array_open(ctx, file, &a);
    return status == STATUS_OK ? dataset_labels(ctx, &a, out) : status;
}

/* -- Files -- */

const char *const dataset_kind_names[] = {"auto", "points", "table", NULL};

static bool ends_with(const char *name, const char *end) {
    size_t n = strlen(name), k = strlen(end);
    return n >= k && !strcasecmp(name + n - k, end);
}

bool dataset_is_csv(const char *name) {
    static const char *const ENDS[] = {".csv", ".tsv", ".csv.gz", ".tsv.gz"};
    for (size_t i = 0; i < COUNT_OF(ENDS); i++)
        if (ends_with(name, ENDS[i]))
            return true;
    return false;
}

/* read_csv unpacks it first, where it is packed. */
static enum status read_csv(struct ctx *ctx, const struct dataset_in *in, struct dataset *out) {
    struct data_file file = in->files[0];
    struct dataset_in plain = *in;
    plain.files = &file;
    if (inflate_is(file.p, file.n)) {
        unsigned char *text;
        enum status status = inflate_read(ctx, file.name, file.p, file.n, ctx->cap, &text, &file.n);
        if (status != STATUS_OK)
            return status;
        file.p = text;
    }
    return dataset_csv(ctx, &plain, out);
}

enum status dataset_read(struct ctx *ctx, const struct dataset_in *in, struct dataset *out) {
    *out = (struct dataset){0};
    const struct data_file *first = &in->files[0];
    const bool csv = dataset_is_csv(first->name);
    if (*in->label_column && !csv)
        return ctx_fail(ctx, STATUS_INVALID, "", "%.100s is no CSV, so it has no column %.60s of labels.", first->name,
                        in->label_column);
    if (in->labels && (csv || ends_with(first->name, ".png")))
        return ctx_fail(ctx, STATUS_INVALID, "",
                        "%.100s goes with IDX and NPY; labels of a CSV are one of its columns, and those of PNG their "
                        "folders.",
                        in->labels->name);
    if (!csv && (in->kind == DATASET_TABLE || (in->categorical && *in->categorical)))
        return ctx_fail(ctx, STATUS_INVALID, "", "%.100s is no CSV, so it is no table.", first->name);
    if (csv)
        return read_csv(ctx, in, out);
    if (ends_with(first->name, ".png"))
        return dataset_png(ctx, in, out);
    struct data_array a;
    enum status status = data_array_open(ctx, first, &a);
    if (status == STATUS_OK)
        status = dataset_array(ctx, &a, out);
    return status == STATUS_OK && in->labels ? read_labels(ctx, in->labels, out) : status;
}

static double toy_number(const void *self, size_t row, size_t column) {
    return (double)((const float *)self)[2 * row + column];
}

/* unit_rows takes points as they are. */
static enum status unit_rows(struct ctx *ctx, const float *points, struct dataset *out) {
    double *ends = ctx_zalloc(ctx, 4, sizeof *ends);
    if (!ends)
        return STATUS_NO_MEMORY;
    ends[2] = ends[3] = 1;
    *out = (struct dataset){.height = 1,
                            .width = 1,
                            .channels = 2,
                            .data = {.n = DATASET_TOY_POINTS, .d = 2, .rows = points},
                            .mean = ends,
                            .std = ends + 2};
    return STATUS_OK;
}

enum status dataset_toy(struct ctx *ctx, enum toy toy, uint64_t seed, struct dataset *out) {
    float *points = ctx_alloc(ctx, DATASET_TOY_POINTS, 2 * sizeof *points);
    int64_t *labels = ctx_alloc(ctx, DATASET_TOY_POINTS, sizeof *labels);
    *out = (struct dataset){0};
    if (!points || !labels)
        return STATUS_NO_MEMORY;
    toy_draw(toy, seed, DATASET_TOY_POINTS, points, labels);
    enum status status = toy_is_unit(toy) ? unit_rows(ctx, points, out)
                                          : dataset_scale(ctx, toy_number, points, DATASET_TOY_POINTS, 2, out);
    out->data.labels = labels;
    out->classes = (size_t)toy_classes(toy);
    return status;
}

/* -- Names -- */

enum status dataset_name_classes(struct ctx *ctx, const char *names, struct dataset *d) {
    size_t n = 1, i = 0;
    for (const char *p = names; *p; p++)
        n += *p == ',';
    if (d->class_names)
        return ctx_fail(ctx, STATUS_INVALID, "",
                        "The data have names of their classes; want no class_names beside them.");
    if (n != d->classes)
        return ctx_fail(ctx, STATUS_INVALID, "", "class_names has %zu names, and the data have %zu classes.", n,
                        d->classes);
    struct str *list = ctx_alloc(ctx, n, sizeof *list);
    if (!list)
        return STATUS_NO_MEMORY;
    for (const char *p = names; i < n; i++, p += list[i - 1].n + 1) {
        list[i] = (struct str){p, strcspn(p, ",")};
        if (!list[i].n)
            return ctx_fail(ctx, STATUS_INVALID, "", "class_names has an empty name, that of class %zu.", i);
    }
    d->class_names = list;
    return STATUS_OK;
}
