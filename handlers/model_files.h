/* model_files.h - a model as diffusers writes it to a folder: what networks, their weights, its scheduler, its labels.
 *
 *     struct model_files m;
 *     if (model_files_open(ctx, files, &m)) ...
 *     model_graphs_make(ctx, &m, &graphs)                       (model_graphs.h)
 *
 * Layout: model_index.json names the components; one NAME lies in the folder NAME/ or, in old repositories, at the root;
 * without it config.json at the root is the network's. A pipeline is read of one network (UNet2DModel,
 * DiTTransformer2DModel, which was called Transformer2DModel before, or our own MLP), a scheduler, and an AutoencoderKL
 * where the network's samples are latents. Attention weights may have their old names (query, key, value, proj_attn).
 * id2label of model_index.json, {"0": "tench, Tinca tinca"}, names classes. Beside an MLP, table.json (table_file.h) says
 * what rows of a table its numbers are. source/points.safetensors (source_file.h) has what a flow starts from, where that is
 * not noise. */
#ifndef SOLVENT_MODEL_FILES_H
#define SOLVENT_MODEL_FILES_H

#include "core/nn/dit.h"
#include "core/nn/mlp.h"
#include "core/nn/unet.h"
#include "core/nn/vae.h"
#include "handlers/files.h"
#include "handlers/json_file.h"
#include "handlers/mlp_file.h"
#include "handlers/model_labels.h"
#include "handlers/safetensors.h"
#include "handlers/source_file.h"
#include "handlers/table_file.h"

enum network_kind { NETWORK_UNET, NETWORK_DIT, NETWORK_MLP };

/* A network's weights. */
struct model_part {
    struct files *files; /* that the weights are read from */
    struct safetensors weights;
    size_t numbers;              /* in the tensors */
    size_t tensors[DTYPE_COUNT]; /* of each type */
};

struct model_files {
    const char *architecture; /* "UNet2DModel": the class of the network */
    enum network_kind kind;   /* which of the configs is there */
    struct unet_config unet;
    struct dit_config dit;
    struct mlp_file mlp;
    struct model_part network;
    bool latent; /* there is an AutoencoderKL: */
    struct vae_config vae;
    struct model_part autoencoder;
    struct model_labels labels;
    struct table_file *table;          /* NULL: its samples are no rows of a table */
    const struct tensor_entry *source; /* NULL: it starts from standard normal numbers */
    struct str scheduler; /* scheduler_config.json as JSON, with the class that the index names; n 0: there is none */
    struct file_warnings warnings;
};

/* model_files_open reads all but the numbers; what it points to lives in the arena and in `files`.
 * Errors: INVALID (one sentence), NO_MEMORY; those of files->open. */
enum status model_files_open(struct ctx *ctx, struct files *files, struct model_files *out) MUST_CHECK;

/* model_part_check finds every parameter of a network, or of several in turn, by its name and shape, and notes in
 * asked[weights.n] which tensors that were. Errors: INVALID (the first that is missing or has another shape, with both
 * shapes). */
enum status model_part_check(struct ctx *ctx, const struct model_part *part, const struct parameter *list, size_t n,
                             bool *asked) MUST_CHECK;

/* model_part_dtype is the type that the file has a parameter in which model_part_check found. */
enum dtype model_part_dtype(const struct model_part *part, const struct parameter *p);

/* model_part_find is a graph_find; self is a struct model_part. Errors: INVALID (as model_part_check; a number that is
 * not finite). */
enum status model_part_find(void *self, struct ctx *ctx, const struct parameter *p, float *to) MUST_CHECK;

#endif
