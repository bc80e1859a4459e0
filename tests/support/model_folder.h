/* model_folder.h - a small UNet2DModel and its folder in memory, as diffusers would have written it. */
#ifndef SOLVENT_TEST_MODEL_FOLDER_H
#define SOLVENT_TEST_MODEL_FOLDER_H

#include "handlers/model_files.h"
#include "tests/support/made_files.h"

#define FOLDER_WEIGHTS "diffusion_pytorch_model.safetensors"

extern const char folder_config[], folder_index[], folder_scheduler[];

enum { FOLDER_PARAMETERS_MAX = 400 };

struct model_folder {
    struct ctx ctx;
    struct made_files folder;
    struct graph *graph; /* not loaded */
    const struct parameter *parameters;
    size_t n;
    struct tensor_values values[FOLDER_PARAMETERS_MAX + 1]; /* one more, for tests to add */
};

/* model_folder_begin makes the folder, with components in folders and float32. */
void model_folder_begin(struct model_folder *f);
void model_folder_end(struct model_folder *f);

/* model_folder_value is number i of parameter k: one that every dtype has. */
float model_folder_value(size_t k, size_t i);

/* model_folder_values makes all values anew, to be written as dtype; model_folder_weights writes n of them from the
 * first on. */
void model_folder_values(struct model_folder *f, enum dtype dtype);
void model_folder_weights(struct model_folder *f, const char *path, size_t first, size_t n);

#endif
