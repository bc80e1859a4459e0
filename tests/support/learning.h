/* learning.h - what tests of training share: a small network for the points of eight-gaussians, and how it learns. */
#ifndef SOLVENT_TEST_LEARNING_H
#define SOLVENT_TEST_LEARNING_H

#include "core/train/trainer.h"

/* learning_mlp makes an MLP of 32, one block, two features and eight classes, with the kernels of ctx. */
enum status learning_mlp(struct ctx *ctx, struct graph **out);

/* learning_loss is that of flow matching along the path, of which a tenth of the labels is dropped. */
struct loss learning_loss(const struct path *path);

/* learning_options lack steps and batch. */
struct trainer_options learning_options(void);

#endif
