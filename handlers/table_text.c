#include "handlers/table_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "handlers/csv.h"
#include "handlers/encode.h"
#include "handlers/number.h"

enum { NUMBER_ROOM = 40 };

static bool same(struct str a, struct str b) { return a.n == b.n && !memcmp(a.p, b.p, a.n); }

size_t table_names_find(const struct table_names *names, struct str name) {
    for (size_t i = 0; i < names->n; i++)
        if (same(names->columns[i], name))
            return i;
    return SIZE_MAX;
}

size_t table_names_category(const struct table_names *names, size_t column, size_t n, struct str text) {
    for (size_t k = 0; names->categories[column] && k < n; k++)
        if (same(names->categories[column][k], text))
            return k;
    return SIZE_MAX;
}

/* -- Reading -- */

struct reading {
    struct ctx *ctx;
    const char *pointer;
    const struct array *categorical;
    struct str label;
    struct table_text *out;
};

static bool is_utf8(struct str s) {
    json_t *text = json_stringn(s.p, s.n);
    json_decref(text);
    return text != NULL;
}

static enum status check_category(struct reading *r, size_t column, struct str text) {
    if (is_utf8(text))
        return STATUS_OK;
    return ctx_fail(r->ctx, STATUS_INVALID, r->pointer, "Column %zu has a text that is no UTF-8.", column);
}

static enum status take_categories(struct reading *r, size_t i, const struct csv_column *c, size_t rows) {
    struct table_column *to = &r->out->table.columns[i];
    if (!c->n_categories)
        return ctx_fail(r->ctx, STATUS_INVALID, r->pointer,
                        "The column %.*s has nothing in it; want a value, or no such column.",
                        (int)(c->name.n < 60 ? c->name.n : 60), c->name.p);
    if (c->n_categories > TABLE_CATEGORIES_MAX)
        return ctx_fail(r->ctx, STATUS_INVALID, r->pointer,
                        "The column %.*s has %zu different texts; want at most %d categories, or numbers.",
                        (int)(c->name.n < 60 ? c->name.n : 60), c->name.p, c->n_categories, TABLE_CATEGORIES_MAX);
    if (!(to->values = ctx_alloc(r->ctx, rows, sizeof *to->values)))
        return STATUS_NO_MEMORY;
    to->kind = COLUMN_CATEGORICAL;
    to->categories = c->n_categories;
    r->out->names.categories[i] = c->categories;
    for (size_t k = 0; k < rows; k++)
        to->values[k] = c->codes[k] < 0 ? (double)NAN : (double)c->codes[k];
    enum status status = STATUS_OK;
    for (size_t k = 0; k < c->n_categories && status == STATUS_OK; k++)
        status = check_category(r, i, c->categories[k]);
    return status;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* distinct leaves each of the numbers that are there once, in order. */
static size_t distinct(const double *from, size_t n, double *to) {
    size_t k = 0, kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(from[i]))
            to[k++] = from[i] + 0.0;
    qsort(to, k, sizeof *to, by_size);
    for (size_t i = 0; i < k; i++)
        if (!i || to[i] != to[kept - 1])
            to[kept++] = to[i];
    return kept;
}

enum status table_text_number(struct ctx *ctx, double x, struct str *out) {
    struct buf text;
    char *p = NULL;
    buf_init(&text, NUMBER_ROOM);
    number_write_real(&text, x);
    size_t n = text.n > 2 && !memcmp(text.data + text.n - 2, ".0", 2) ? text.n - 2 : text.n;
    if (!text.failed && (p = ctx_alloc(ctx, n, 1)))
        memcpy(p, text.data, n);
    buf_release(&text);
    *out = (struct str){p, n};
    return p ? STATUS_OK : ctx_fail(ctx, STATUS_NO_MEMORY, "", "There is not enough memory for the categories.");
}

/* name_numbers makes categories of numbers, as text_categories made them of texts. */
static enum status name_numbers(struct reading *r, size_t i, const double *values, size_t n) {
    struct str *names = ctx_alloc(r->ctx, n, sizeof *names);
    enum status status = names ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t k = 0; k < n && status == STATUS_OK; k++)
        status = table_text_number(r->ctx, values[k], &names[k]);
    r->out->names.categories[i] = names;
    return status;
}

static enum status number_categories(struct reading *r, size_t i, const struct csv_column *c, size_t rows) {
    struct table_column *to = &r->out->table.columns[i];
    double *values = ctx_alloc(r->ctx, rows, sizeof *values);
    to->values = ctx_alloc(r->ctx, rows, sizeof *to->values);
    if (!values || !to->values)
        return STATUS_NO_MEMORY;
    to->kind = COLUMN_CATEGORICAL;
    to->categories = distinct(c->numbers, rows, values);
    if (to->categories < 1 || to->categories > TABLE_CATEGORIES_MAX)
        return ctx_fail(r->ctx, STATUS_INVALID, r->pointer,
                        "The column %.*s has %zu different numbers; want 1 to %d to be categories.",
                        (int)(c->name.n < 60 ? c->name.n : 60), c->name.p, to->categories, TABLE_CATEGORIES_MAX);
    for (size_t k = 0; k < rows; k++) {
        const double *at = bsearch(&c->numbers[k], values, to->categories, sizeof *values, by_size);
        to->values[k] = isnan(c->numbers[k]) ? (double)NAN : (double)(at - values);
    }
    return name_numbers(r, i, values, to->categories);
}

static bool is_listed(const struct array *names, struct str name) {
    for (size_t i = 0; names->kind == KIND_STRING && i < names->n; i++)
        if (same(names->strings[i], name))
            return true;
    return false;
}

static enum status take_column(struct reading *r, size_t i, const struct csv *csv) {
    const struct csv_column *c = &csv->columns[i];
    if (!c->number)
        return take_categories(r, i, c, csv->rows);
    if (is_listed(r->categorical, c->name) || same(c->name, r->label))
        return number_categories(r, i, c, csv->rows);
    r->out->table.columns[i] = (struct table_column){c->whole ? COLUMN_INTEGER : COLUMN_NUMERIC, 0, c->numbers};
    return STATUS_OK;
}

static enum status check_names(struct reading *r, const struct array *categorical) {
    const struct table_names *names = &r->out->names;
    for (size_t i = 0; i < names->n; i++)
        if (!is_utf8(names->columns[i]))
            return ctx_fail(r->ctx, STATUS_INVALID, r->pointer, "The name of column %zu is no UTF-8.", i);
    for (size_t i = 0; categorical->kind && i < categorical->n; i++)
        if (table_names_find(names, categorical->strings[i]) == SIZE_MAX)
            return ctx_fail(r->ctx, STATUS_INVALID, "/categorical", "There is no column \"%.*s\".",
                            (int)(categorical->strings[i].n < 60 ? categorical->strings[i].n : 60),
                            categorical->strings[i].p);
    return STATUS_OK;
}

static enum status make_room(struct reading *r, const struct csv *csv) {
    struct table_text *out = r->out;
    if (csv->n > TABLE_COLUMNS_MAX)
        return ctx_fail(r->ctx, STATUS_INVALID, r->pointer, "There are %zu columns; want at most %d.", csv->n,
                        TABLE_COLUMNS_MAX);
    out->table = (struct table){csv->rows, csv->n, ctx_zalloc(r->ctx, csv->n, sizeof *out->table.columns)};
    out->names = (struct table_names){csv->n, ctx_alloc(r->ctx, csv->n, sizeof *out->names.columns),
                                      ctx_zalloc(r->ctx, csv->n, sizeof *out->names.categories)};
    if (!out->table.columns || !out->names.columns || !out->names.categories)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < csv->n; i++)
        out->names.columns[i] = csv->columns[i].name;
    return STATUS_OK;
}

enum status table_text_read(struct ctx *ctx, const char *pointer, struct str text, const struct array *categorical,
                            struct str label, struct table_text *out) {
    struct reading r = {ctx, pointer, categorical, label, out};
    struct csv csv;
    enum status status = csv_read(ctx, "The CSV", text.p, text.n, &csv);
    if (status == STATUS_INVALID || status == STATUS_TOO_LARGE)
        snprintf(ctx->err.pointer, sizeof ctx->err.pointer, "%s", pointer);
    if (status == STATUS_OK)
        status = make_room(&r, &csv);
    if (status == STATUS_OK)
        status = check_names(&r, categorical);
    for (size_t i = 0; status == STATUS_OK && i < csv.n; i++)
        status = take_column(&r, i, &csv);
    return status;
}

enum status table_room(struct ctx *ctx, const struct table_code *code, size_t rows, struct table *out) {
    *out = (struct table){rows, code->n, ctx_zalloc(ctx, code->n, sizeof *out->columns)};
    if (!out->columns)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < code->n; i++) {
        out->columns[i].kind = code->columns[i].kind;
        out->columns[i].categories = code->columns[i].categories;
        if (!(out->columns[i].values = ctx_alloc(ctx, rows, sizeof *out->columns[i].values)))
            return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

/* -- Writing -- */

static void write_number(const struct table_column *c, double x, struct buf *out) {
    if (c->kind == COLUMN_INTEGER && fabs(x) < 0x1p53)
        number_write_int(out, (int64_t)x);
    else
        number_write_real(out, x);
}

/* write_field quotes what would not be read as it stands. */
static void write_field(struct str s, struct buf *out) {
    bool plain = s.n > 0 && s.p[0] != ' ' && s.p[s.n - 1] != ' ';
    for (size_t i = 0; i < s.n && plain; i++)
        plain = !strchr(",;\t\r\n\"", s.p[i]);
    if (plain) {
        buf_add(out, s.p, s.n);
        return;
    }
    buf_byte(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"')
            buf_byte(out, '"');
        buf_byte(out, s.p[i]);
    }
    buf_byte(out, '"');
}

void table_text_csv(const struct table_names *names, const struct table *table, struct buf *out) {
    for (size_t i = 0; i < names->n; i++) {
        if (i)
            buf_byte(out, ',');
        write_field(names->columns[i], out);
    }
    for (size_t r = 0; r < table->rows; r++)
        for (size_t i = 0; i < names->n; i++) {
            const double x = table->columns[i].values[r];
            buf_byte(out, i ? ',' : '\n');
            if (isnan(x))
                continue;
            if (names->categories[i])
                write_field(names->categories[i][(size_t)x], out);
            else
                write_number(&table->columns[i], x, out);
        }
    buf_byte(out, '\n');
}

static void write_json(const struct table_names *names, const struct table *table, size_t i, double x,
                       struct buf *out) {
    if (isnan(x))
        buf_text(out, "null");
    else if (names->categories[i])
        encode_string(out, names->categories[i][(size_t)x].p, names->categories[i][(size_t)x].n);
    else
        write_number(&table->columns[i], x, out);
}

void table_text_json(const struct table_names *names, const struct table *table, struct buf *out) {
    for (size_t i = 0; i < names->n; i++) {
        buf_byte(out, i ? ',' : '{');
        encode_string(out, names->columns[i].p, names->columns[i].n);
        for (size_t r = 0; r < table->rows; r++) {
            buf_text(out, r ? "," : ":[");
            write_json(names, table, i, table->columns[i].values[r], out);
        }
        buf_text(out, table->rows ? "]" : ":[]");
    }
    buf_byte(out, '}');
}
