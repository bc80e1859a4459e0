#include "handlers/rows_cells.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "handlers/csv.h"
#include "handlers/number.h"

enum { SHOWN = 60, NUMBER_ROOM = 40 };

/* Who reads: a cell's place is `root`/name, and of rows `root`/name/row. */
struct reading {
    struct call *call;
    const struct table_file *table;
    const char *root;
    struct rows_cells *out;
    bool by_row; /* places have rows */
};

/* What stands in a cell. */
struct cell {
    enum { CELL_NULL, CELL_NUMBER, CELL_TEXT, CELL_OTHER } kind;
    double x;
    struct str text;
};

/* -- Places -- */

/* add_name appends a member of a JSON pointer (RFC 6901): ~ and / have other names there. What does not fit is cut. */
static void add_name(char *pointer, size_t room, struct str name) {
    size_t n = strlen(pointer);
    for (size_t i = 0; i <= name.n && n + 3 < room; i++) {
        const char c = i ? name.p[i - 1] : '/';
        if (i && (c == '~' || c == '/')) {
            pointer[n++] = '~';
            pointer[n++] = c == '~' ? '0' : '1';
        } else {
            pointer[n++] = c;
        }
    }
    pointer[n] = '\0';
}

struct place {
    char pointer[sizeof((struct error *)0)->pointer];
};

static struct place place_of(const struct reading *r, struct str column, size_t row) {
    struct place place;
    snprintf(place.pointer, sizeof place.pointer, "%s", r->root);
    if (!strcmp(r->root, "/label") || !strcmp(r->root, "/csv")) /* the field says it all */
        return place;
    add_name(place.pointer, sizeof place.pointer - 24, column);
    if (r->by_row)
        snprintf(place.pointer + strlen(place.pointer), 24, "/%zu", row);
    return place;
}

/* fail says what a cell is and what is wanted; `is` is a phrase. */
static enum status fail(const struct reading *r, size_t column, size_t row, const char *is, const char *want) {
    const struct str name = r->table->names.columns[column];
    char where[48] = "";
    if (r->by_row)
        snprintf(where, sizeof where, " in row %zu", row);
    return call_fail(r->call, STATUS_INVALID, place_of(r, name, row).pointer, "%.*s is %s%s; want %s.",
                     (int)(name.n < SHOWN ? name.n : SHOWN), name.p, is, where, want);
}

/* show_number writes a number as it would be given: 5, 5.4. */
static const char *show_number(double x, char to[NUMBER_ROOM]) {
    size_t n = number_format_real(to, x);
    if (n > 2 && !memcmp(to + n - 2, ".0", 2))
        n -= 2;
    to[n] = '\0';
    return to;
}

static const char *show(const struct cell *cell, char is[SHOWN + 8]) {
    switch (cell->kind) {
    case CELL_NULL: return "null";
    case CELL_NUMBER: return show_number(cell->x, is);
    case CELL_TEXT:
        snprintf(is, SHOWN + 8, "\"%.*s\"", (int)(cell->text.n < SHOWN ? cell->text.n : SHOWN), cell->text.p);
        return is;
    case CELL_OTHER: break;
    }
    return "no single value";
}

/* -- One cell -- */

static enum status take_category(const struct reading *r, size_t column, size_t row, const struct cell *cell,
                                 double *out) {
    const struct column_code *c = &r->table->code.columns[column];
    char is[SHOWN + 8];
    if (cell->kind != CELL_TEXT)
        return fail(r, column, row, show(cell, is), "a text, one of its categories");
    const size_t k = table_names_category(&r->table->names, column, c->categories, cell->text);
    *out = (double)k;
    return k < SIZE_MAX ? STATUS_OK
                        : fail(r, column, row, show(cell, is),
                               "a category that was learnt; GET /v1/models with the model's name lists them");
}

static enum status take_number(const struct reading *r, size_t column, size_t row, const struct cell *cell,
                               double *out) {
    const struct column_code *c = &r->table->code.columns[column];
    char is[SHOWN + 8], low[NUMBER_ROOM], high[NUMBER_ROOM], range[128];
    if (cell->kind != CELL_NUMBER || (c->kind == COLUMN_INTEGER && cell->x != floor(cell->x)))
        return fail(r, column, row, show(cell, is), c->kind == COLUMN_INTEGER ? "an integer" : "a number");
    snprintf(range, sizeof range, "%s to %s, between which it was learnt", show_number(c->low, low),
             show_number(c->high, high));
    *out = cell->x;
    return cell->x >= c->low && cell->x <= c->high ? STATUS_OK : fail(r, column, row, show(cell, is), range);
}

/* take gives a cell its value. null is a gap of rows, and else a value that is missing. */
static enum status take(const struct reading *r, size_t column, size_t row, const struct cell *cell) {
    const struct column_code *c = &r->table->code.columns[column];
    const size_t at = row * r->table->code.n + column;
    if (cell->kind == CELL_NULL && r->out->gaps)
        return STATUS_OK;
    r->out->given[at] = true;
    r->out->values[at] = (double)NAN;
    if (cell->kind == CELL_NULL)
        return c->gaps ? STATUS_OK : fail(r, column, row, "null", "a value, since none of this column was missing");
    return (c->kind == COLUMN_CATEGORICAL ? take_category : take_number)(r, column, row, cell, &r->out->values[at]);
}

static enum status find_column(const struct reading *r, struct str name, size_t *out) {
    const struct reading whole = {.root = r->root};
    *out = table_names_find(&r->table->names, name);
    if (*out < SIZE_MAX)
        return STATUS_OK;
    return call_fail(r->call, STATUS_INVALID, place_of(&whole, name, 0).pointer,
                     "The table of this model has no column \"%.*s\"; GET /v1/models with the model's name lists them.",
                     (int)(name.n < SHOWN ? name.n : SHOWN), name.p);
}

static enum status make_room(struct reading *r, size_t rows) {
    struct ctx *ctx = &r->call->ctx;
    const size_t n = r->table->code.n;
    r->out->rows = rows;
    r->out->values = ctx_alloc(ctx, rows, n * sizeof *r->out->values);
    r->out->given = ctx_zalloc(ctx, rows, n * sizeof *r->out->given);
    return r->out->values && r->out->given ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status check_rows(const struct reading *r, size_t rows, size_t most) {
    if (rows >= 1 && rows <= most)
        return STATUS_OK;
    return call_fail(r->call, rows ? STATUS_TOO_LARGE : STATUS_INVALID, r->root, "There are %zu rows; want 1 to %zu.",
                     rows, most);
}

/* -- JSON -- */

static struct cell cell_of(const json_t *value) {
    if (json_is_null(value))
        return (struct cell){.kind = CELL_NULL};
    if (json_is_number(value))
        return (struct cell){.kind = CELL_NUMBER, .x = json_number_value(value)};
    if (json_is_string(value))
        return (struct cell){.kind = CELL_TEXT, .text = {json_string_value(value), json_string_length(value)}};
    return (struct cell){.kind = CELL_OTHER};
}

/* parse reads the object; what is wrong with it as JSON is wrong with the field. */
static enum status parse(const struct reading *r, struct str json, json_t **object) {
    enum status status = json_file_object(&r->call->ctx, r->root + 1, json, object);
    if (status == STATUS_INVALID)
        snprintf(r->call->ctx.err.pointer, sizeof r->call->ctx.err.pointer, "%s", r->root);
    return status;
}

static enum status read_object(struct reading *r, json_t *object) {
    enum status status = make_room(r, 1);
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) {
        const struct cell cell = cell_of(value);
        size_t column;
        if (status == STATUS_OK)
            status = find_column(r, (struct str){name, strlen(name)}, &column);
        if (status == STATUS_OK)
            status = take(r, column, 0, &cell);
    }
    return status;
}

enum status rows_cells_object(struct call *call, const struct table_file *table, struct str json,
                              struct rows_cells *out) {
    struct reading r = {.call = call, .table = table, .root = "/given", .out = out};
    json_t *object = NULL;
    *out = (struct rows_cells){0};
    enum status status = parse(&r, json, &object);
    if (status == STATUS_OK)
        status = read_object(&r, object);
    json_decref(object);
    return status;
}

static enum status read_column(struct reading *r, struct str name, const json_t *list) {
    const struct reading whole = {.root = r->root};
    size_t column;
    enum status status = find_column(r, name, &column);
    if (status != STATUS_OK)
        return status;
    if (!json_is_array(list) || json_array_size(list) != r->out->rows)
        return call_fail(r->call, STATUS_INVALID, place_of(&whole, name, 0).pointer,
                         "The column %.*s is no array of %zu values, as the first column is; want one.",
                         (int)(name.n < SHOWN ? name.n : SHOWN), name.p, r->out->rows);
    for (size_t i = 0; i < r->out->rows && status == STATUS_OK; i++) {
        const struct cell cell = cell_of(json_array_get(list, i));
        status = take(r, column, i, &cell);
    }
    return status;
}

static enum status read_columns(struct reading *r, json_t *object, size_t most) {
    const json_t *first = json_object_iter_value(json_object_iter(object));
    enum status status = check_rows(r, json_array_size(first), most);
    if (status == STATUS_OK)
        status = make_room(r, json_array_size(first));
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) if (status == STATUS_OK) status =
        read_column(r, (struct str){name, strlen(name)}, value);
    return status;
}

enum status rows_cells_columns(struct call *call, const struct table_file *table, struct str json, size_t most,
                               struct rows_cells *out) {
    struct reading r = {.call = call, .table = table, .root = "/columns", .out = out, .by_row = true};
    json_t *object = NULL;
    *out = (struct rows_cells){.gaps = true};
    enum status status = parse(&r, json, &object);
    if (status == STATUS_OK)
        status = read_columns(&r, object, most);
    json_decref(object);
    return status;
}

/* -- CSV -- */

/* csv_cell: a number is a text where the column that it goes to has categories. */
static enum status csv_cell(const struct reading *r, const struct csv_column *c, size_t row, bool categorical,
                            struct cell *out) {
    *out = (struct cell){.kind = CELL_NULL};
    if (c->number && !isnan(c->numbers[row])) {
        *out = (struct cell){.kind = categorical ? CELL_TEXT : CELL_NUMBER, .x = c->numbers[row]};
        return categorical ? table_text_number(&r->call->ctx, c->numbers[row], &out->text) : STATUS_OK;
    }
    if (!c->number && c->codes[row] >= 0)
        *out = (struct cell){.kind = CELL_TEXT, .text = c->categories[c->codes[row]]};
    return STATUS_OK;
}

static enum status read_csv_column(struct reading *r, const struct csv_column *c) {
    size_t column;
    enum status status = find_column(r, c->name, &column);
    for (size_t i = 0; status == STATUS_OK && i < r->out->rows; i++) {
        struct cell cell;
        status = csv_cell(r, c, i, r->table->code.columns[column].kind == COLUMN_CATEGORICAL, &cell);
        if (status == STATUS_OK)
            status = take(r, column, i, &cell);
    }
    return status;
}

enum status rows_cells_csv(struct call *call, const struct table_file *table, struct str text, size_t most,
                           struct rows_cells *out) {
    struct reading r = {.call = call, .table = table, .root = "/csv", .out = out, .by_row = true};
    struct csv csv;
    *out = (struct rows_cells){.gaps = true};
    enum status status = csv_read(&call->ctx, "csv", text.p, text.n, &csv);
    if (status == STATUS_INVALID || status == STATUS_TOO_LARGE)
        strcpy(call->ctx.err.pointer, "/csv");
    if (status == STATUS_OK)
        status = check_rows(&r, csv.rows, most);
    if (status == STATUS_OK)
        status = make_room(&r, csv.rows);
    for (size_t i = 0; status == STATUS_OK && i < csv.n; i++)
        status = read_csv_column(&r, &csv.columns[i]);
    return status;
}

/* -- The label alone -- */

enum status rows_cells_label(struct call *call, const struct table_file *table, struct str label,
                             struct rows_cells *out) {
    struct reading r = {.call = call, .table = table, .root = "/label", .out = out};
    const struct cell cell = {.kind = CELL_TEXT, .text = label};
    if (table->code.label == TABLE_NO_LABEL)
        return call_fail(call, STATUS_INVALID, "/label", "The table of this model has no label; want none.");
    enum status status = out->rows ? STATUS_OK : make_room(&r, 1);
    if (status == STATUS_OK && rows_cells_given(out, table->code.n, 0, table->code.label))
        return call_fail(call, STATUS_INVALID, "/label", "The label is given as a column, too; want one of the two.");
    return status == STATUS_OK ? take(&r, table->code.label, 0, &cell) : status;
}
