/* csv.h - a table as text (RFC 4180): rows of fields, separated by commas, semicolons or tabs; fields in quotes may hold
 * separators, line breaks and doubled quotes. Lines end with LF or CRLF; empty lines are left out, and so is a mark of
 * UTF-8 at the start.
 *
 * The separator is that of ',', ';' and TAB which the first line has most of. The first line is a header where none of
 * its fields is a number and some are there; else, or where it is empty, a column's name is column_1, column_2 ...
 * A column holds numbers where all of its fields that are there are numbers: as JSON writes them, but also with a
 * sign '+', without a digit before or behind the point (.5, 5.), and with blanks around; else it holds categories, which
 * are texts as they stand. A field is missing that is empty or one of NA, N/A, NaN, nan, null, NULL, None and ?. */
#ifndef SOLVENT_CSV_H
#define SOLVENT_CSV_H

#include "core/base/array.h"
#include "core/base/ctx.h"

enum { CSV_COLUMNS_MAX = 4096, CSV_ROWS_MAX = 100 * 1000 * 1000 };

struct csv_column {
    struct str name;
    bool number;
    bool whole;      /* a number's: all of its values are integers */
    size_t missing;  /* fields */
    double *numbers; /* [rows] finite, NaN where it is missing; NULL: categories */
    int64_t *codes;  /* [rows] places in `categories`, -1 where it is missing; NULL: numbers */
    size_t n_categories;
    struct str *categories; /* [n_categories] in order of their bytes */
};

struct csv {
    size_t rows, n;
    struct csv_column *columns; /* [n] */
};

/* csv_read reads the n bytes at p, which must outlive `out`; `file` names them in sentences. All else lies in ctx.
 * Errors: INVALID (the line: too many or too few fields, an open quote, a number out of range; no rows; UTF-16, lines that
 * end with CR alone), TOO_LARGE, CANCELLED,
 * NO_MEMORY. Cost: O(n), categories O(rows log rows). */
enum status csv_read(struct ctx *ctx, const char *file, const char *p, size_t n, struct csv *out) MUST_CHECK;

/* csv_find is the column of that name, NULL where there is none. */
const struct csv_column *csv_find(const struct csv *csv, const char *name);

#endif
