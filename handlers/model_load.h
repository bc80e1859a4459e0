/* model_load.h - a model's folder loaded: its networks with the weights packed, immutable from then on, so that any
 * number of requests may use it at once (core/diffusion/network.h makes denoisers of it).
 *
 *     struct error why;
 *     struct loaded_model *m = model_load(files, isa, GRAPH_F32, 1 << 30, &why);   NULL: `why` says why
 *     ... `files` may be closed; network_denoiser(ctx, &m->network, ...)
 *     model_unload(m); */
#ifndef SOLVENT_MODEL_LOAD_H
#define SOLVENT_MODEL_LOAD_H

#include "core/diffusion/network.h"
#include "handlers/model_graphs.h"

/* What a flow starts from in place of standard normal numbers. */
struct model_source {
    size_t n;            /* 0: there is none */
    const float *points; /* [n][d] as the network sees them; NULL in an outline */
};

struct loaded_model {
    struct ctx ctx; /* the memory of all that follows */
    struct network network;
    struct coder decoder, encoder; /* of latent models: the network works on latents. graph NULL: there is none */
    bool scaled;                   /* these are a scale of rows, whose density is that of the scaled ones */
    double log_scale;              /* divided by exp of this */
    const char *architecture;
    size_t dims, shape[3]; /* of a sample: [features], or [channels, height, width] of a picture */
    struct model_classes classes;
    struct model_labels labels;
    const struct table_file *table; /* NULL: its samples are no rows of a table */
    struct model_source source;
    size_t parameters;    /* numbers in the networks */
    struct str scheduler; /* scheduler_config.json; n 0: there is none */
    struct file_warnings warnings;
    size_t weights[GRAPH_DTYPES]; /* bytes of the packed weights, for products of each */
};

/* model_outline reads all but the weights, of which it reads the headers alone: graphs are made, held against the weights,
 * and not to be run. model_load_bytes is what it holds, outline->weights what loading will take beside. Errors as of
 * model_load. */
struct loaded_model *model_outline(struct files *files, enum isa isa, size_t memory, struct error *why);

/* model_load reads a folder for products of `dtype`, with at most `memory` bytes beside the files. NULL: it cannot be served, or there is not
 * enough memory; why->detail is one full sentence. */
struct loaded_model *model_load(struct files *files, enum isa isa, enum graph_dtype dtype, size_t memory,
                                struct error *why);
void model_unload(struct loaded_model *model);

/* model_load_bytes is the memory that it holds. */
static inline size_t model_load_bytes(const struct loaded_model *model) { return model->ctx.used; }

#endif
