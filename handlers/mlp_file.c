#include "handlers/mlp_file.h"

#include <stddef.h>

#include "handlers/config_file.h"

#define AT(member) offsetof(struct mlp_file, mlp.member)
static const struct config_key KEYS[] = {
    {"features", CONFIG_SIZE, false, AT(features), 1, MLP_WIDTH_MAX},
    {"hidden_size", CONFIG_SIZE, false, AT(hidden_size), 1, MLP_WIDTH_MAX},
    {"inner_size", CONFIG_SIZE, true, AT(inner_size), 0, MLP_WIDTH_MAX},
    {"num_blocks", CONFIG_SIZE, false, AT(num_blocks), 0, MLP_BLOCKS_MAX},
    {"time_size", CONFIG_SIZE, false, AT(time_size), 2, MLP_WIDTH_MAX},
    {"num_classes", CONFIG_SIZE, true, AT(num_classes), 0, MLP_CLASSES_MAX},
    {"given", CONFIG_FLAG, true, AT(given)},
    {"act_fn", CONFIG_WORD, false, AT(act_fn), .words = config_activations},
    {"data_mean", CONFIG_REALS, false, offsetof(struct mlp_file, mean), -1e30, 1e30, NULL, MLP_WIDTH_MAX,
     offsetof(struct mlp_file, n_mean)},
    {"data_std", CONFIG_REALS, false, offsetof(struct mlp_file, std), 1e-30, 1e30, NULL, MLP_WIDTH_MAX,
     offsetof(struct mlp_file, n_std)},
};

static enum status check_scale(struct ctx *ctx, const char *file, const struct mlp_file *m) {
    if (m->n_mean == m->n_std && (!m->n_mean || m->n_mean == m->mlp.features))
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, "",
                    "%.100s has %zu numbers as data_mean and %zu as data_std; want one of each for each of the %zu "
                    "features, or none.",
                    file, m->n_mean, m->n_std, m->mlp.features);
}

/* drop_identity: a scale that changes nothing is none. */
static void drop_identity(struct mlp_file *m) {
    for (size_t i = 0; i < m->n_mean; i++)
        if (m->mean[i] != 0 || m->std[i] != 1)
            return;
    m->mean = m->std = NULL;
}

enum status mlp_file_read(struct ctx *ctx, const char *file, json_t *object, struct file_warnings *warnings,
                          struct mlp_file *out) {
    *out = (struct mlp_file){.mlp = mlp_default()};
    enum status status = config_file_read(ctx, file, object, KEYS, COUNT_OF(KEYS), warnings, out);
    if (status == STATUS_OK)
        status = check_scale(ctx, file, out);
    if (status == STATUS_OK)
        drop_identity(out);
    return status;
}
