/* train_init.h - a model that a run starts from in place of drawn weights: what its folder says of network and objective as
 * options, and its weights.
 *
 *     train_init_open(ctx, "models/digits", files, &init)
 *     train_init_options(ctx, &init, &config)              ... what else is wanted goes over it
 *     train_plan_make(ctx, &config, ..., &plan)
 *     train_init_apply(ctx, &init, &plan)
 *
 * The network is the model's, whatever of UNet2DModel it has, at the size of the data. Classes that are other than the
 * model's, or that it has not, are drawn. */
#ifndef SOLVENT_TRAIN_INIT_H
#define SOLVENT_TRAIN_INIT_H

#include "handlers/model_files.h"
#include "handlers/train_plan.h"

struct train_init {
    const char *name; /* of the folder, for sentences */
    struct model_files model;
};

/* train_init_open reads all but the weights of the folder `files`, which outlives the struct.
 * Errors: INVALID (no model that can be served; one of latents, of a table, or whose network solvent train has no way to
 * write), NO_MEMORY. */
enum status train_init_open(struct ctx *ctx, const char *name, struct files *files, struct train_init *out) MUST_CHECK;

/* train_init_options sets what describes the network, and by the model's scheduler path, prediction, zero_snr and
 * sigma_data; a model without a scheduler leaves these as they are.
 * Errors: INVALID (a scheduler of another training than solvent train has), NO_MEMORY. */
enum status train_init_options(struct ctx *ctx, const struct train_init *init, struct train_config *c) MUST_CHECK;

/* train_init_apply puts the network and its weights, in ctx, into a plan.
 * Errors: INVALID (options that are not those of the network, data of other channels, a tensor that does not fit),
 * NO_MEMORY. */
enum status train_init_apply(struct ctx *ctx, const struct train_init *init, struct train_plan *plan) MUST_CHECK;

#endif
