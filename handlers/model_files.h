/* model_files.h - a model as diffusers writes it to a folder: what network, its weights, its scheduler.
 *
 *     struct model_files m;
 *     if (model_files_open(ctx, files, &m)) ...
 *     unet_make(ctx, kernels, &m.unet, &graph);
 *     model_files_check(ctx, &m, parameters, n);                all that is wrong with shapes, before any is read
 *     graph_load(ctx, graph, model_files_find, &m);
 *
 * Layout: model_index.json names the components; one NAME lies in the folder NAME/ or, in old repositories, at the root;
 * without it config.json at the root is the network's. A pipeline of a UNet2DModel and a scheduler is read. Attention
 * weights may have their old names (query, key, value, proj_attn). */
#ifndef SOLVENT_MODEL_FILES_H
#define SOLVENT_MODEL_FILES_H

#include "core/nn/unet.h"
#include "handlers/files.h"
#include "handlers/json_file.h"
#include "handlers/safetensors.h"

struct model_files {
    const char *architecture; /* "UNet2DModel" */
    struct unet_config unet;
    struct str scheduler; /* scheduler_config.json as JSON, with the class that the index names; n 0: there is none */
    struct safetensors weights;
    size_t numbers;              /* in the tensors */
    size_t bytes;                /* of them as float32 */
    size_t tensors[DTYPE_COUNT]; /* of each type */
    struct file_warnings warnings;
};

/* model_files_open reads all but the numbers; what it points to lives in the arena and in `files`.
 * Errors: INVALID (one sentence), NO_MEMORY; those of files->open. */
enum status model_files_open(struct ctx *ctx, struct files *files, struct model_files *out) MUST_CHECK;

/* model_files_check finds every parameter of a network by its name and shape; tensors that nothing asks for are
 * warnings. Errors: INVALID (the first that is missing or has another shape, with both shapes), NO_MEMORY. */
enum status model_files_check(struct ctx *ctx, struct model_files *m, const struct parameter *list,
                              size_t n) MUST_CHECK;

/* model_files_find is a graph_find; self is a struct model_files. Errors: INVALID (as model_files_check; a number that
 * is not finite). */
enum status model_files_find(void *self, struct ctx *ctx, const struct parameter *p, float *to) MUST_CHECK;

#endif
