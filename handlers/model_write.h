/* model_write.h - a trained model as the folder that model_files.h and diffusers read: model_index.json, the network's
 * config.json and weights, the scheduler that its path and prediction go with.
 *
 * A UNet2DModel lies in unet/, with the class `none` as the last row of its embedding. An MLP, which diffusers has not,
 * lies in mlp/; its config.json has the members of struct mlp_config, and data_mean and data_std, the scale of its rows. A
 * DiTTransformer2DModel lies in transformer/. Of a table there is table.json, too (table_file.h); where a flow has a source,
 * source/points.safetensors has points of it (source_file.h).
 * path     scheduler
 * flow     FlowMatchEulerDiscreteScheduler
 * ddpm-*   DDIMScheduler, trailing, without clipping
 * edm      EDMEulerScheduler */
#ifndef SOLVENT_MODEL_WRITE_H
#define SOLVENT_MODEL_WRITE_H

#include "handlers/train_plan.h"

enum { MODEL_WRITE_FILES = 6 };

/* model_write_path is the path of file i below the model's folder, in the order in which they are to be written: the
 * weights come last. NULL: this model has no such file. */
const char *model_write_path(const struct train_plan *plan, size_t i);

/* model_write_file appends file i. `graph` names the parameters, whose values lie in `weights` as gradient.h has them.
 * Errors: NO_MEMORY (`out` failed too). */
enum status model_write_file(struct ctx *ctx, const struct train_plan *plan, const struct graph *graph,
                             const float *weights, size_t i, struct buf *out) MUST_CHECK;

#endif
