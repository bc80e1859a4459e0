/* rows_text.h - drawn features as rows of their table, and as text in an answer. */
#ifndef SOLVENT_ROWS_TEXT_H
#define SOLVENT_ROWS_TEXT_H

#include "handlers/call.h"
#include "handlers/table_file.h"

/* rows_decode makes a table of features[rows][code->features]. classes[rows] is what each row's network was told; that
 * behind the last class: none, so that the label is what the features tell (table_code.h). Errors: NO_MEMORY. */
enum status rows_decode(struct ctx *ctx, const struct table_code *code, size_t rows, const double *features,
                        const int64_t *classes, struct table *out) MUST_CHECK;

/* rows_text writes a table with a writer of table_text.h; in the call's memory. Errors: NO_MEMORY. */
typedef void rows_writer(const struct table_names *names, const struct table *table, struct buf *out);
enum status rows_text(struct call *call, rows_writer *writer, const struct table_names *names,
                      const struct table *table, struct str *out) MUST_CHECK;

#endif
