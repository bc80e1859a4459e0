/* unet_file.h - the config.json of a UNet2DModel. */
#ifndef SOLVENT_UNET_FILE_H
#define SOLVENT_UNET_FILE_H

#include "core/base/buf.h"
#include "core/nn/unet.h"
#include "handlers/json_file.h"

/* unet_file_read reads the members of `object`, which comes from the file `file`. Missing keys have the defaults of the
 * class, keys that begin with '_' mean nothing, unknown ones are warnings, and so is a dropout (it is for training).
 * Errors: INVALID (one sentence that names the key, and what it wants), NO_MEMORY. */
enum status unet_file_read(struct ctx *ctx, const char *file, json_t *object, struct file_warnings *warnings,
                           struct unet_config *out) MUST_CHECK;

/* unet_file_write_rest appends what is not as by default, but for what model_write.c writes of every network: sizes,
 * blocks, attention_head_dim, norm_num_groups, num_class_embeds and _null_class. */
void unet_file_write_rest(const struct unet_config *c, struct buf *out);

#endif
