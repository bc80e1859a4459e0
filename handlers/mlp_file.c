#include "handlers/mlp_file.h"

#include <stddef.h>

#include "handlers/config_file.h"

#define AT(member) offsetof(struct mlp_config, member)
static const struct config_key KEYS[] = {
    {"features", CONFIG_SIZE, false, AT(features), 1, MLP_WIDTH_MAX},
    {"hidden_size", CONFIG_SIZE, false, AT(hidden_size), 1, MLP_WIDTH_MAX},
    {"inner_size", CONFIG_SIZE, true, AT(inner_size), 0, MLP_WIDTH_MAX},
    {"num_blocks", CONFIG_SIZE, false, AT(num_blocks), 0, MLP_BLOCKS_MAX},
    {"time_size", CONFIG_SIZE, false, AT(time_size), 2, MLP_WIDTH_MAX},
    {"num_classes", CONFIG_SIZE, true, AT(num_classes), 0, MLP_CLASSES_MAX},
    {"act_fn", CONFIG_WORD, false, AT(act_fn), .words = config_activations},
};

enum status mlp_file_read(struct ctx *ctx, const char *file, json_t *object, struct file_warnings *warnings,
                          struct mlp_config *out) {
    *out = mlp_default();
    return config_file_read(ctx, file, object, KEYS, COUNT_OF(KEYS), warnings, out);
}
