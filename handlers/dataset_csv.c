#include <math.h>
#include <string.h>

#include "handlers/csv.h"
#include "handlers/dataset_parts.h"

/* The columns that are learnt, of a table. */
struct table {
    struct csv csv;
    const struct csv_column **columns;
    size_t n;
};

static double table_number(const void *self, size_t row, size_t column) {
    const struct table *t = self;
    return t->columns[column]->numbers[row];
}

static int shown(struct str s) { return (int)(s.n < 60 ? s.n : 60); }

static enum status choose_columns(struct ctx *ctx, const char *file, const struct csv_column *label, struct table *t) {
    if (!(t->columns = ctx_alloc(ctx, t->csv.n, sizeof *t->columns)))
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < t->csv.n; i++) {
        const struct csv_column *c = &t->csv.columns[i];
        if (c == label)
            continue;
        if (!c->number || c->missing)
            return ctx_fail(ctx, STATUS_INVALID, "",
                            "%.100s: the column %.*s %s; want columns of numbers without gaps%s.", file, shown(c->name),
                            c->name.p, c->number ? "has missing fields" : "holds categories",
                            label ? "" : ", and label_column to name one of categories");
        t->columns[t->n++] = c;
    }
    return t->n ? STATUS_OK : ctx_fail(ctx, STATUS_INVALID, "", "%.100s has no column but that of labels.", file);
}

static enum status label_at(struct ctx *ctx, const char *file, const struct csv_column *c, size_t row, int64_t *out) {
    double label = c->number ? c->numbers[row] : (double)c->codes[row];
    if (!(label >= 0 && label < DATASET_CLASSES_MAX && label == floor(label)))
        return ctx_fail(ctx, STATUS_INVALID, "",
                        "%.100s: row %zu has no label in the column %.*s; want a category, or an integer from 0 to %d.",
                        file, row + 1, shown(c->name), c->name.p, DATASET_CLASSES_MAX - 1);
    *out = (int64_t)label;
    return STATUS_OK;
}

static enum status read_labels(struct ctx *ctx, const char *file, const struct csv_column *c, size_t rows,
                               struct dataset *out) {
    int64_t *labels = ctx_alloc(ctx, rows, sizeof *labels);
    if (!labels)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < rows; i++) {
        enum status status = label_at(ctx, file, c, i, &labels[i]);
        if (status != STATUS_OK)
            return status;
        if (out->classes <= (size_t)labels[i])
            out->classes = (size_t)labels[i] + 1;
    }
    if (!c->number) {
        out->classes = c->n_categories;
        out->class_names = c->categories;
    }
    out->data.labels = labels;
    return STATUS_OK;
}

enum status dataset_csv(struct ctx *ctx, const struct dataset_in *in, struct dataset *out) {
    const struct data_file *file = &in->files[0];
    struct table t = {0};
    enum status status = csv_read(ctx, file->name, (const char *)file->p, file->n, &t.csv);
    if (status != STATUS_OK)
        return status;
    const struct csv_column *label = *in->label_column ? csv_find(&t.csv, in->label_column) : NULL;
    if (*in->label_column && !label)
        return ctx_fail(ctx, STATUS_INVALID, "", "%.100s has no column of the name %.60s.", file->name,
                        in->label_column);
    status = choose_columns(ctx, file->name, label, &t);
    if (status == STATUS_OK)
        status = dataset_scale(ctx, table_number, &t, t.csv.rows, t.n, out);
    return status == STATUS_OK && label ? read_labels(ctx, file->name, label, t.csv.rows, out) : status;
}
