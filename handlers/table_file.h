/* table_file.h - table.json of a model's folder: what the columns of its rows are like, so that its features become rows.
 *
 *     {"rows": 120, "label": "species", "counts": [40, 40, 40], "columns": [
 *       {"name": "sepal_length", "kind": "numeric", "gaps": false, "low": 4.3, "high": 7.9, "mean": 5.8, "std": 0.83,
 *        "decimals": 1},
 *       {"name": "species", "kind": "categorical", "gaps": false, "categories": ["setosa", ...]}]}
 *
 * label and counts are there where there is a label, and "joint": true where it has features (table_code.h); "choices":
 * true where the network learnt to make choices (table_choice.h). */
#ifndef SOLVENT_TABLE_FILE_H
#define SOLVENT_TABLE_FILE_H

#include "handlers/json_file.h"
#include "handlers/table_text.h"

#define TABLE_FILE "table.json"

struct table_file {
    struct table_code code;
    struct table_names names;
    bool choices; /* the network says what it would choose */
};

/* table_file_read reads the object, as hostile as any; all lives in the arena.
 * Errors: INVALID (a sentence), NO_MEMORY. */
enum status table_file_read(struct ctx *ctx, json_t *object, struct table_file *out) MUST_CHECK;

void table_file_write(const struct table_file *t, struct buf *out);

#endif
