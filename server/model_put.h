/* model_put.h - adds a model's folder to the folder of models: whole, or not at all.
 *
 * The files are written to .NAME.new, each forced to the disk, and the folder gets its name last. A process that dies on
 * the way leaves .NAME.new, which no scan takes for a model and the next one of that name replaces. */
#ifndef SOLVENT_MODEL_PUT_H
#define SOLVENT_MODEL_PUT_H

#include "handlers/model_store.h"

/* model_put writes it; *there: a folder of that name with the same bytes in these files was there, and stays.
 * Errors: INVALID ("/name": there is another one; else why it cannot be written), NO_MEMORY. */
enum status model_put(struct ctx *ctx, const char *folder, const char *name, const struct model_file *files, size_t n,
                      bool *there) MUST_CHECK;

#endif
