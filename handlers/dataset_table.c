#include "handlers/dataset_table.h"

#include <string.h>

enum { NAMED_MAX = 200 }; /* bytes of a class's name, as model_write.h writes them whole */

static enum status find_label(struct ctx *ctx, struct str label, const struct table_names *names, size_t *out) {
    *out = label.n ? table_names_find(names, label) : TABLE_NO_LABEL;
    if (!label.n || *out != SIZE_MAX)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, "/label", "There is no column \"%.*s\".", (int)(label.n < 60 ? label.n : 60),
                    label.p);
}

/* fit: what is wrong with the rows is wrong with the text. */
static enum status fit(struct ctx *ctx, const struct dataset_table_in *in, const struct table_text *text,
                       struct table_code *out) {
    size_t label;
    enum status status = find_label(ctx, in->label, &text->names, &label);
    if (status == STATUS_OK)
        status = table_code_fit(ctx, &text->table, label, in->joint, out);
    if (status == STATUS_INVALID && strcmp(ctx->err.pointer, "/label") != 0)
        strcpy(ctx->err.pointer, "/csv");
    return status;
}

/* can_be_named: id2label takes texts of 1 to NAMED_MAX bytes, for all classes. */
static bool can_be_named(const struct table_file *t) {
    const struct column_code *label = &t->code.columns[t->code.label];
    for (size_t k = 0; k < label->categories; k++) {
        const size_t n = t->names.categories[t->code.label][k].n;
        if (n < 1 || n > NAMED_MAX)
            return false;
    }
    return !label->gaps;
}

/* make writes the features as they are: they have no other scale. */
static enum status make(struct ctx *ctx, const struct table *rows, const struct table_file *table,
                        struct dataset *out) {
    const struct table_code *code = &table->code;
    float *features = ctx_alloc(ctx, rows->rows, code->features * sizeof *features);
    int64_t *labels = ctx_alloc(ctx, rows->rows, sizeof *labels);
    double *scale = ctx_zalloc(ctx, code->features, 2 * sizeof *scale);
    if (!features || !labels || !scale)
        return STATUS_NO_MEMORY;
    table_encode(code, rows, features, labels);
    for (size_t i = 0; i < code->features; i++)
        scale[code->features + i] = 1;
    *out = (struct dataset){.height = 1,
                            .width = 1,
                            .channels = code->features,
                            .data = {.n = rows->rows, .d = code->features, .rows = features},
                            .classes = code->classes,
                            .mean = scale,
                            .std = scale + code->features,
                            .table = table};
    if (code->classes)
        out->data.labels = labels;
    if (code->classes && can_be_named(table))
        out->class_names = table->names.categories[code->label];
    return STATUS_OK;
}

enum status dataset_table(struct ctx *ctx, const struct dataset_table_in *in, struct table_file *table,
                          struct dataset *out) {
    struct table_text text;
    enum status status = table_text_read(ctx, "/csv", in->csv, in->categorical, in->label, &text);
    if (status != STATUS_OK)
        return status;
    *table = (struct table_file){.names = text.names};
    status = fit(ctx, in, &text, &table->code);
    return status == STATUS_OK ? make(ctx, &text.table, table, out) : status;
}
