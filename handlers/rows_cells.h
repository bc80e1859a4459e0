/* rows_cells.h - what a request gives of a table's rows: some columns of all of them, or rows with gaps. */
#ifndef SOLVENT_ROWS_CELLS_H
#define SOLVENT_ROWS_CELLS_H

#include "handlers/call.h"
#include "handlers/table_file.h"

struct rows_cells {
    size_t rows;    /* 1 where it is the same for all rows; 0: nothing is given */
    double *values; /* [rows][columns] as of struct table */
    bool *given;    /* [rows][columns] */
    bool gaps;      /* what is not given is a gap, to be filled with a value: nothing that is missing */
};

/* What a row has of a column; a row of all where there is one. */
static inline bool rows_cells_given(const struct rows_cells *c, size_t columns, size_t row, size_t column) {
    return c->rows && c->given[(c->rows == 1 ? 0 : row) * columns + column];
}
static inline double rows_cells_value(const struct rows_cells *c, size_t columns, size_t row, size_t column) {
    return c->values[(c->rows == 1 ? 0 : row) * columns + column];
}

/* rows_cells_label gives the label a category, by its text, in all rows. Errors: INVALID ("/label"), NO_MEMORY. */
enum status rows_cells_label(struct call *call, const struct table_file *table, struct str label,
                             struct rows_cells *out) MUST_CHECK;

/* rows_cells_object reads {"name": value, ...}: these columns of all rows; null: it is missing.
 * rows_cells_columns reads {"name": [value, ...], ...}, as the answer has rows; null: a gap.
 * rows_cells_csv reads rows with a header; empty fields are gaps. A column that is not there is a gap everywhere.
 * Errors: INVALID with the place below "/given", "/columns" or "/csv" (no such column, another type, a category that was
 * never seen, a number outside of what was, missing where nothing was; "/columns": of different lengths, no rows),
 * TOO_LARGE (more than `most` rows), NO_MEMORY. */
enum status rows_cells_object(struct call *call, const struct table_file *table, struct str json,
                              struct rows_cells *out) MUST_CHECK;
enum status rows_cells_columns(struct call *call, const struct table_file *table, struct str json, size_t most,
                               struct rows_cells *out) MUST_CHECK;
enum status rows_cells_csv(struct call *call, const struct table_file *table, struct str text, size_t most,
                           struct rows_cells *out) MUST_CHECK;

#endif
