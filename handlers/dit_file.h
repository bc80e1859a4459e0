/* dit_file.h - the config.json of a DiTTransformer2DModel. */
#ifndef SOLVENT_DIT_FILE_H
#define SOLVENT_DIT_FILE_H

#include "core/nn/dit.h"
#include "handlers/json_file.h"

/* dit_file_read reads the members of `object`, which comes from the file `file`. Missing keys have the defaults of the
 * class; with `named_so` false it is a Transformer2DModel, the class's name before it had one of its own, which has to
 * say that its norm_type is ada_norm_zero. Unknown keys are warnings, and what other transformers have must be off.
 * Errors: INVALID (one sentence that names the key, and what it wants), NO_MEMORY. */
enum status dit_file_read(struct ctx *ctx, const char *file, json_t *object, bool named_so,
                          struct file_warnings *warnings, struct dit_config *out) MUST_CHECK;

#endif
