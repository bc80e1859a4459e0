/* mlp_file.h - the config.json of an MLP, our own network of points and rows of tables (core/nn/mlp.h):
 *     {"_class_name": "MLP", "features": 2, "hidden_size": 128, "num_blocks": 3, "time_size": 128, "num_classes": 10,
 *      "given": false, "data_mean": [0, 5], "data_std": [1, 2]}
 * With data_mean and data_std, of `features` numbers each, the network works on (x - mean) / std of rows x. */
#ifndef SOLVENT_MLP_FILE_H
#define SOLVENT_MLP_FILE_H

#include "core/nn/mlp.h"
#include "handlers/json_file.h"

struct mlp_file {
    struct mlp_config mlp;
    const double *mean, *std; /* [features]; both NULL: rows are what the network works on */
    size_t n_mean, n_std;
};

/* mlp_file_read reads the members of `object`, which comes from the file `file`: those of struct mlp_config and the two above; missing
 * keys have the values of mlp_default, and unknown ones are warnings.
 * Errors: INVALID (one sentence that names the key, and what it wants), NO_MEMORY. */
enum status mlp_file_read(struct ctx *ctx, const char *file, json_t *object, struct file_warnings *warnings,
                          struct mlp_file *out) MUST_CHECK;

#endif
