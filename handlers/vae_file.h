/* vae_file.h - the config.json of an AutoencoderKL. */
#ifndef SOLVENT_VAE_FILE_H
#define SOLVENT_VAE_FILE_H

#include "core/nn/vae.h"
#include "handlers/json_file.h"

/* vae_file_read reads the members of `object`, which comes from the file `file`. Missing keys have the defaults of the
 * class, unknown ones are warnings; what it points to lives in the arena. sample_size stays what it says, whatever
 * pictures it is used for.
 * Errors: INVALID (one sentence that names the key, and what it wants), NO_MEMORY. */
enum status vae_file_read(struct ctx *ctx, const char *file, json_t *object, struct file_warnings *warnings,
                          struct vae_config *out) MUST_CHECK;

#endif
