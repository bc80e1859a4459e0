/* weight_files.h - the weights of a network in a folder, in one file or in several with an index. */
#ifndef SOLVENT_WEIGHT_FILES_H
#define SOLVENT_WEIGHT_FILES_H

#include "handlers/files.h"
#include "handlers/safetensors.h"

enum { WEIGHT_FILES_MAX = 1000, WEIGHT_PATH = 256 };

/* weight_files_open finds the tensors in `folder` ("" or "unet/"). Of what diffusers writes it takes the first there is:
 * diffusion_pytorch_model.safetensors, its .index.json ({"weight_map": {tensor: file}}), and the same of the variants
 * fp16 and bf16. Tensors that the index does not name are left out.
 * Errors: INVALID (there are none; only pickles, which are never opened; what safetensors_open refuses; an index that
 * does not fit its files), NO_MEMORY; those of files->open. */
enum status weight_files_open(struct ctx *ctx, struct files *files, const char *folder,
                              struct safetensors *out) MUST_CHECK;

#endif
