#include <math.h>
#include <string.h>

#include "handlers/csv.h"
#include "handlers/dataset_parts.h"
#include "handlers/dataset_table.h"

/* The columns that are learnt, of a table. */
struct numbers {
    struct csv csv;
    const struct csv_column **columns;
    size_t n;
};

static double table_number(const void *self, size_t row, size_t column) {
    const struct numbers *t = self;
    return t->columns[column]->numbers[row];
}

static int shown(struct str s) { return (int)(s.n < 60 ? s.n : 60); }

static enum status choose_columns(struct ctx *ctx, const char *file, const struct csv_column *label,
                                  struct numbers *t) {
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

static bool is_given(const char *text) { return text && *text; }

/* is_table: auto takes points where all columns are numbers without gaps, but for a label that may be categories. */
static bool is_table(const struct dataset_in *in, const struct csv *csv, const struct csv_column *label) {
    bool numbers = true;
    for (size_t i = 0; i < csv->n; i++)
        numbers &= !csv->columns[i].missing && (&csv->columns[i] == label || csv->columns[i].number);
    return in->kind == DATASET_TABLE || (in->kind == DATASET_AUTO && (!numbers || is_given(in->categorical)));
}

/* list_names takes a list apart at its commas. */
static enum status list_names(struct ctx *ctx, const char *text, struct array *out) {
    size_t n = 1, i = 0;
    *out = (struct array){0};
    if (!is_given(text))
        return STATUS_OK;
    for (const char *p = text; *p; p++)
        n += *p == ',';
    struct str *list = ctx_alloc(ctx, n, sizeof *list);
    if (!list)
        return STATUS_NO_MEMORY;
    for (const char *p = text; i < n; p += list[i++].n + 1)
        list[i] = (struct str){p, strcspn(p, ",")};
    *out = array_1d(KIND_STRING, list, n);
    return STATUS_OK;
}

static enum status read_table(struct ctx *ctx, const struct dataset_in *in, struct dataset *out) {
    const struct data_file *file = &in->files[0];
    struct table_file *table = ctx_alloc(ctx, 1, sizeof *table);
    struct array categorical;
    const struct dataset_table_in rows = {
        {(const char *)file->p, file->n}, &categorical, {in->label_column, strlen(in->label_column)}, in->joint};
    enum status status = table ? list_names(ctx, in->categorical, &categorical) : STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = dataset_table(ctx, &rows, table, out);
    const struct error error = ctx->err;
    return status == STATUS_OK || status == STATUS_NO_MEMORY
               ? status
               : ctx_fail(ctx, status, "", "%.100s: %.700s", file->name, error.detail);
}

enum status dataset_csv(struct ctx *ctx, const struct dataset_in *in, struct dataset *out) {
    const struct data_file *file = &in->files[0];
    struct numbers t = {0};
    const struct ctx_mark mark = ctx_mark(ctx);
    enum status status = csv_read(ctx, file->name, (const char *)file->p, file->n, &t.csv);
    if (status != STATUS_OK)
        return status;
    const struct csv_column *label = *in->label_column ? csv_find(&t.csv, in->label_column) : NULL;
    if (*in->label_column && !label)
        return ctx_fail(ctx, STATUS_INVALID, "", "%.100s has no column of the name %.60s.", file->name,
                        in->label_column);
    if (is_table(in, &t.csv, label)) {
        ctx_rewind(ctx, mark); /* it is read again, in a table's way */
        return read_table(ctx, in, out);
    }
    if (is_given(in->categorical))
        return ctx_fail(ctx, STATUS_INVALID, "", "%.100s is to be points, which have no categorical columns.",
                        file->name);
    status = choose_columns(ctx, file->name, label, &t);
    if (status == STATUS_OK)
        status = dataset_scale(ctx, table_number, &t, t.csv.rows, t.n, out);
    return status == STATUS_OK && label ? read_labels(ctx, file->name, label, t.csv.rows, out) : status;
}
