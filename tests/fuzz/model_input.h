/* model_input.h - one hostile file in a model's folder that is right otherwise; for the fuzz target and the replay of
 * its corpus. */
#ifndef SOLVENT_FUZZ_MODEL_INPUT_H
#define SOLVENT_FUZZ_MODEL_INPUT_H

#include <stdbool.h>
#include <stddef.h>

/* Which file it is: names of the corpus begin with these words. */
#define MODEL_INPUT_LIST(X)                                            \
    X("weights", "unet/diffusion_pytorch_model.safetensors")           \
    X("shards", "unet/diffusion_pytorch_model.safetensors.index.json") \
    X("part", "unet/part.safetensors")                                 \
    X("config", "unet/config.json")                                    \
    X("pipeline", "model_index.json")                                  \
    X("scheduler", "scheduler/scheduler_config.json")                  \
    X("dit", "transformer/config.json")                                \
    X("mlp", "config.json")                                            \
    X("autoencoder", "vae/config.json")                                \
    X("coder", "vae/diffusion_pytorch_model.safetensors")              \
    X("latent", "model_index.json")                                    \
    X("source", "source/points.safetensors")                           \
    X("table", "table.json")
enum {
    MODEL_INPUT_DIT = 6,
    MODEL_INPUT_MLP,
    MODEL_INPUT_AUTOENCODER,
    MODEL_INPUT_CODER,
    MODEL_INPUT_LATENT,
    MODEL_INPUT_SOURCE,
    MODEL_INPUT_TABLE,
    MODEL_INPUTS
};
extern const char *const model_input_words[MODEL_INPUTS];

/* model_input_check reads the folder with that file in it. What must hold: nothing crashes, and the report ends in one
 * full sentence where there is an error; rows of a table that can be read can be drawn, or are refused. *good tells whether there was none; false: `why` says what does not hold. */
bool model_input_check(size_t which, const void *bytes, size_t n, bool *good, char why[512]);

/* model_input_seed is a right file of that kind; malloc'ed. */
char *model_input_seed(size_t which, size_t *n);

#endif
