/* train_data.h - opens what --data and --labels name, and --source: a file, a folder of PNG, or a toy. */
#ifndef SOLVENT_SERVER_TRAIN_DATA_H
#define SOLVENT_SERVER_TRAIN_DATA_H

#include "handlers/dataset.h"
#include "handlers/train_config.h"

/* The files, mapped as long as the data are used; those of a folder are read and let go. */
struct train_files {
    struct files *data, *labels; /* NULL: there is none */
};

/* train_data_open reads the data of the options into ctx. files are closed by train_data_close, the last first, also after an error.
 * A folder's PNG, and those of all folders below it, come in order of their paths.
 * Errors: those of dataset_read; INVALID (a file that is not there, no PNG in the folder). */
enum status train_data_open(struct ctx *ctx, const struct train_config *config, struct train_files *files,
                            struct dataset *out) MUST_CHECK;

/* train_source_open reads what config->source names (it is not empty), in the same way, without labels; of a CSV the
 * label_column is none of its numbers. Errors: as of train_data_open. */
enum status train_source_open(struct ctx *ctx, const struct train_config *config, struct train_files *files,
                              struct dataset *out) MUST_CHECK;

void train_data_close(struct train_files *files);

#endif
