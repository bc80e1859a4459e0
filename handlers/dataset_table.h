/* dataset_table.h - the rows of a table as data to learn from: its columns as features (core/table/table_code.h). */
#ifndef SOLVENT_DATASET_TABLE_H
#define SOLVENT_DATASET_TABLE_H

#include "handlers/dataset.h"
#include "handlers/table_file.h"

struct dataset_table_in {
    struct str csv;                  /* csv.h; it outlives the table */
    const struct array *categorical; /* names of columns of numbers that are categories; KIND_NONE: none */
    struct str label;                /* the column of classes; "": none */
    bool joint;                      /* the label has features, too */
};

/* dataset_table fits *table to the rows and makes data of them, whose `table` it is. Classes have names where all labels
 * fit those of a model's folder.
 * Errors: those of table_text_read and table_code_fit, at /csv, /label (no such column; one of numbers) and
 * /categorical; NO_MEMORY. */
enum status dataset_table(struct ctx *ctx, const struct dataset_table_in *in, struct table_file *table,
                          struct dataset *out) MUST_CHECK;

#endif
