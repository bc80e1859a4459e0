#include "handlers/table_file.h"

#include <math.h>
#include <string.h>

#include "handlers/encode.h"
#include "handlers/number.h"

static const int64_t COUNT_MAX = INT64_C(1) << 53;

/* -- Reading -- */

struct reading {
    struct ctx *ctx;
    struct table_file *out;
    size_t column;
};

static enum status bad(struct reading *r, const char *key, const char *want) {
    return ctx_fail(r->ctx, STATUS_INVALID, "", TABLE_FILE " has no %s in its column %zu; want %s.", key, r->column,
                    want);
}

static enum status bad_file(struct reading *r, const char *key, const char *want) {
    return ctx_fail(r->ctx, STATUS_INVALID, "", TABLE_FILE " has no %s; want %s.", key, want);
}

static enum status keep_text(struct reading *r, const json_t *value, const char *key, struct str *out) {
    const char *text = json_string_value(value);
    const size_t n = json_string_length(value);
    if (!text)
        return bad(r, key, "texts");
    char *p = ctx_alloc(r->ctx, n, 1);
    if (!p)
        return STATUS_NO_MEMORY;
    *out = (struct str){memcpy(p, text, n), n};
    return STATUS_OK;
}

static enum status read_categories(struct reading *r, const json_t *object, struct column_code *c) {
    const json_t *list = json_object_get(object, "categories");
    c->categories = json_array_size(list);
    if (!json_is_array(list) || c->categories < 1 || c->categories > TABLE_CATEGORIES_MAX)
        return bad(r, "categories", "1 to 1024 of them");
    struct str *names = ctx_alloc(r->ctx, c->categories, sizeof *names);
    enum status status = names ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t k = 0; k < c->categories && status == STATUS_OK; k++)
        status = keep_text(r, json_array_get(list, k), "categories", &names[k]);
    r->out->names.categories[r->column] = names;
    return status;
}

static enum status read_numbers(struct reading *r, const json_t *object, struct column_code *c) {
    const struct {
        const char *key;
        double *to;
    } KEYS[] = {{"low", &c->low}, {"high", &c->high}, {"mean", &c->mean}, {"std", &c->std}};
    for (size_t i = 0; i < COUNT_OF(KEYS); i++) {
        const json_t *value = json_object_get(object, KEYS[i].key);
        if (!json_is_number(value))
            return bad(r, KEYS[i].key, "a number");
        *KEYS[i].to = json_number_value(value);
    }
    const json_t *decimals = json_object_get(object, "decimals");
    const json_int_t d = json_integer_value(decimals);
    if (!json_is_integer(decimals) || d < -1 || d > TABLE_DECIMALS_MAX)
        return bad(r, "decimals", "an integer from -1 to 9");
    c->decimals = (int)d;
    if (c->kind == COLUMN_INTEGER && d != 0)
        return bad(r, "decimals that fit it", "0 for integers");
    return STATUS_OK;
}

static enum status read_kind(struct reading *r, const json_t *object, struct column_code *c) {
    const char *kind = json_string_value(json_object_get(object, "kind"));
    int i = 0;
    while (kind && column_kind_names[i] && strcmp(column_kind_names[i], kind) != 0)
        i++;
    if (!kind || !column_kind_names[i])
        return bad(r, "kind", "numeric, integer or categorical");
    c->kind = (enum column_kind)i;
    c->gaps = json_is_true(json_object_get(object, "gaps"));
    return STATUS_OK;
}

static enum status read_column(struct reading *r, const json_t *object) {
    struct column_code *c = &r->out->code.columns[r->column];
    enum status status = read_kind(r, object, c);
    if (status == STATUS_OK)
        status = keep_text(r, json_object_get(object, "name"), "name", &r->out->names.columns[r->column]);
    if (status != STATUS_OK)
        return status;
    c->std = 1;
    return c->kind == COLUMN_CATEGORICAL ? read_categories(r, object, c) : read_numbers(r, object, c);
}

static enum status read_columns(struct reading *r, const json_t *list) {
    struct table_file *t = r->out;
    const size_t n = json_array_size(list);
    if (n < 1 || n > TABLE_COLUMNS_MAX)
        return bad_file(r, "columns", "an array of 1 to 4096 objects");
    t->code.n = t->names.n = n;
    t->code.columns = ctx_zalloc(r->ctx, n, sizeof *t->code.columns);
    t->names.columns = ctx_zalloc(r->ctx, n, sizeof *t->names.columns);
    t->names.categories = ctx_zalloc(r->ctx, n, sizeof *t->names.categories);
    if (!t->code.columns || !t->names.columns || !t->names.categories)
        return STATUS_NO_MEMORY;
    enum status status = STATUS_OK;
    for (; r->column < n && status == STATUS_OK; r->column++)
        status = read_column(r, json_array_get(list, r->column));
    for (size_t i = 0; i < n && status == STATUS_OK; i++)
        if (table_names_find(&t->names, t->names.columns[i]) != i)
            status = bad_file(r, "columns of different names", "one of each");
    return status;
}

/* The counts are those of all rows, so that each place among them is a class. */
static enum status read_counts(struct reading *r, const json_t *list) {
    struct table_code *code = &r->out->code;
    int64_t sum = 0;
    if (json_array_size(list) != code->classes)
        return bad_file(r, "counts of its label's classes", "one of each");
    if (!(code->counts = ctx_zalloc(r->ctx, code->classes, sizeof *code->counts)))
        return STATUS_NO_MEMORY;
    for (size_t k = 0; k < code->classes; k++) {
        code->counts[k] = json_integer_value(json_array_get(list, k));
        if (code->counts[k] < 0 || code->counts[k] > COUNT_MAX - sum)
            return bad_file(r, "counts of its label's classes", "integers from 0");
        sum += code->counts[k];
    }
    return sum == (int64_t)code->rows ? STATUS_OK : bad_file(r, "counts that make its rows", "those of each class");
}

static enum status read_label(struct reading *r, const json_t *object) {
    struct table_file *t = r->out;
    const char *label = json_string_value(json_object_get(object, "label"));
    t->code.label = TABLE_NO_LABEL;
    t->code.joint = json_is_true(json_object_get(object, "joint"));
    t->choices = json_is_true(json_object_get(object, "choices"));
    if (!label)
        return table_code_place(r->ctx, &t->code);
    t->code.label = table_names_find(&t->names, (struct str){label, strlen(label)});
    if (t->code.label == SIZE_MAX)
        return bad_file(r, "column of its label's name", "one");
    enum status status = table_code_place(r->ctx, &t->code);
    return status == STATUS_OK ? read_counts(r, json_object_get(object, "counts")) : status;
}

enum status table_file_read(struct ctx *ctx, json_t *object, struct table_file *out) {
    struct reading r = {ctx, out, 0};
    *out = (struct table_file){0};
    const json_int_t rows = json_integer_value(json_object_get(object, "rows"));
    if (rows < 1 || rows > COUNT_MAX)
        return bad_file(&r, "rows", "an integer from 1");
    out->code.rows = (size_t)rows;
    enum status status = read_columns(&r, json_object_get(object, "columns"));
    return status == STATUS_OK ? read_label(&r, object) : status;
}

/* -- Writing -- */

static void write_named(const char *key, double x, struct buf *out) {
    buf_printf(out, ", \"%s\": ", key);
    number_write_real(out, x);
}

static void write_column(const struct table_file *t, size_t i, struct buf *out) {
    const struct column_code *c = &t->code.columns[i];
    buf_text(out, i ? ",\n    {\"name\": " : "\n    {\"name\": ");
    encode_string(out, t->names.columns[i].p, t->names.columns[i].n);
    buf_printf(out, ", \"kind\": \"%s\", \"gaps\": %s", column_kind_names[c->kind], c->gaps ? "true" : "false");
    if (c->kind != COLUMN_CATEGORICAL) {
        write_named("low", c->low, out);
        write_named("high", c->high, out);
        write_named("mean", c->mean, out);
        write_named("std", c->std, out);
        buf_printf(out, ", \"decimals\": %d}", c->decimals);
        return;
    }
    for (size_t k = 0; k < c->categories; k++) {
        buf_text(out, k ? ", " : ", \"categories\": [");
        encode_string(out, t->names.categories[i][k].p, t->names.categories[i][k].n);
    }
    buf_text(out, "]}");
}

void table_file_write(const struct table_file *t, struct buf *out) {
    buf_printf(out, "{\n  \"rows\": %zu,\n", t->code.rows);
    if (t->code.label != TABLE_NO_LABEL) {
        buf_text(out, "  \"label\": ");
        encode_string(out, t->names.columns[t->code.label].p, t->names.columns[t->code.label].n);
        for (size_t k = 0; k < t->code.classes; k++)
            buf_printf(out, "%s%lld", k ? ", " : ",\n  \"counts\": [", (long long)t->code.counts[k]);
        buf_printf(out, "],\n  \"joint\": %s,\n", t->code.joint ? "true" : "false");
    }
    if (t->choices)
        buf_text(out, "  \"choices\": true,\n");
    buf_text(out, "  \"columns\": [");
    for (size_t i = 0; i < t->code.n; i++)
        write_column(t, i, out);
    buf_text(out, "\n  ]\n}\n");
}
