/* mlp_file.h - the config.json of an MLP, our own network of points and rows of tables (core/nn/mlp.h):
 *     {"_class_name": "MLP", "features": 2, "hidden_size": 128, "num_blocks": 3, "time_size": 128, "num_classes": 10} */
#ifndef SOLVENT_MLP_FILE_H
#define SOLVENT_MLP_FILE_H

#include "core/nn/mlp.h"
#include "handlers/json_file.h"

/* mlp_file_read reads the members of `object`, which comes from the file `file`: those of struct mlp_config; missing
 * keys have the values of mlp_default, and unknown ones are warnings.
 * Errors: INVALID (one sentence that names the key, and what it wants), NO_MEMORY. */
enum status mlp_file_read(struct ctx *ctx, const char *file, json_t *object, struct file_warnings *warnings,
                          struct mlp_config *out) MUST_CHECK;

#endif
