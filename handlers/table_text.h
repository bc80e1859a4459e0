/* table_text.h - tables with the names of their columns and categories: read from CSV, written as CSV or JSON. */
#ifndef SOLVENT_TABLE_TEXT_H
#define SOLVENT_TABLE_TEXT_H

#include "core/base/array.h"
#include "core/base/buf.h"
#include "core/table/table_code.h"

struct table_names {
    size_t n;
    struct str *columns;     /* [n] no two are the same */
    struct str **categories; /* [n]; [i][k] is category k; NULL: column i holds numbers */
};

struct table_text {
    struct table table;
    struct table_names names;
};

/* table_text_read reads a CSV (csv.h), whose bytes must outlive `out`. A column is of integers where all of its numbers
 * are; one whose name is among `categorical` (strings; KIND_NONE: none), or is `label`, has categories, its numbers by
 * their size.
 * Errors: INVALID, TOO_LARGE at `pointer` (those of csv_read; too many columns or categories, a column without values, a text
 * that is no UTF-8), INVALID ("/categorical": no such column), NO_MEMORY. */
enum status table_text_read(struct ctx *ctx, const char *pointer, struct str csv, const struct array *categorical,
                            struct str label, struct table_text *out) MUST_CHECK;

/* table_names_find is a column's index; SIZE_MAX: there is none of that name. table_names_category the same of a
 * category. */
size_t table_names_find(const struct table_names *names, struct str name);
size_t table_names_category(const struct table_names *names, size_t column, size_t n, struct str text);

/* table_text_number is the name of a number as a category: 5, 0.5; in ctx. Errors: NO_MEMORY. */
enum status table_text_number(struct ctx *ctx, double x, struct str *out) MUST_CHECK;

/* table_text_csv appends a table of these columns with a header; a field that is missing is empty. table_text_json appends
 * {"name": [values], ...}, where it is null. */
void table_text_csv(const struct table_names *names, const struct table *table, struct buf *out);
void table_text_json(const struct table_names *names, const struct table *table, struct buf *out);

/* table_room makes a table of those kinds with values to be written. Errors: NO_MEMORY. */
enum status table_room(struct ctx *ctx, const struct table_code *code, size_t rows, struct table *out) MUST_CHECK;

#endif
