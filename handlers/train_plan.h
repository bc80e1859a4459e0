/* train_plan.h - a run's options and its data, put together: the network, the loss, the trainer's options, and what of
 * them the trained model's folder says. */
#ifndef SOLVENT_TRAIN_PLAN_H
#define SOLVENT_TRAIN_PLAN_H

#include "core/nn/dit.h"
#include "core/nn/mlp.h"
#include "core/nn/unet.h"
#include "handlers/dataset.h"
#include "handlers/train_config.h"

struct train_plan {
    struct train_config config;          /* no option is auto; sigma_data is not 0 on edm */
    const struct dataset *data, *source; /* source NULL: standard normal numbers */
    struct train_data from;              /* the source's items as the network sees them, on the scale of the data */
    struct unet_config unet;             /* one of the three, as config.network says */
    struct mlp_config mlp;
    struct dit_config dit;
    struct path path;
    struct loss loss; /* points to path: the plan stays where it is */
    struct trainer_options options;
    size_t initial_numbers; /* in options.initial (train_init.h) */
};

/* train_plan_make settles what is open; source NULL: there is none. Errors: INVALID (options that do not fit the data or
 * each other: a sentence that names one), NO_MEMORY. */
enum status train_plan_make(struct ctx *ctx, const struct train_config *config, const struct dataset *data,
                            const struct dataset *source, struct train_plan *out) MUST_CHECK;

/* train_plan_adopt has a plan with images take another UNet2DModel, at the size and with the classes of its data. */
void train_plan_adopt(struct train_plan *plan, const struct unet_config *unet);

/* train_plan_graph makes the network, without weights, with the kernels of ctx. Errors: as of unet_make, mlp_make,
 * dit_make. */
enum status train_plan_graph(struct ctx *ctx, const struct train_plan *plan, struct graph **out) MUST_CHECK;

/* train_plan_starts gives points of the source that a model's samples start from, as the network sees them and in the
 * order of its samples, [n][channels][height][width]: all, or as many as the seed draws, TRAIN_STARTS_MAX or, of large
 * ones, those that hold TRAIN_START_NUMBERS numbers, but no fewer than TRAIN_STARTS_LEAST. Errors: NO_MEMORY. */
enum { TRAIN_STARTS_MAX = 4096, TRAIN_STARTS_LEAST = 64, TRAIN_START_NUMBERS = 4 << 20 };
enum status train_plan_starts(struct ctx *ctx, const struct train_plan *plan, float **points, size_t *n) MUST_CHECK;

#endif
