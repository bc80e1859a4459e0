/* table.h - rows of a table by columns: numbers, integers and categories, any of which may be missing. */
#ifndef SOLVENT_TABLE_H
#define SOLVENT_TABLE_H

#include <stddef.h>

enum { TABLE_COLUMNS_MAX = 4096, TABLE_CATEGORIES_MAX = 1024 };

enum column_kind { COLUMN_NUMERIC, COLUMN_INTEGER, COLUMN_CATEGORICAL };
extern const char *const column_kind_names[]; /* in the order of column_kind; ends with NULL */

struct table_column {
    enum column_kind kind;
    size_t categories; /* of a categorical one: 1 .. TABLE_CATEGORIES_MAX; else 0 */
    double *values;    /* [rows] a number within +-1e30, or a category, 0 .. categories - 1; NaN: it is missing */
};

struct table {
    size_t rows, n;               /* n is 1 .. TABLE_COLUMNS_MAX */
    struct table_column *columns; /* [n] */
};

#endif
