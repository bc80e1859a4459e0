/* blocks.h - parts that the networks of diffusers share: ResnetBlock2D, Attention over pixels, and small layers.
 * Parameters are listed in the order of the constructors there. */
#ifndef SOLVENT_BLOCKS_H
#define SOLVENT_BLOCKS_H

#include "core/nn/graph.h"

struct blocks {
    struct graph *g;
    size_t groups; /* of the norms */
    float eps;
    enum activation activation;
    size_t head_dim;  /* of attention; 0: one head */
    int emb;          /* act(embedding of time and class): [1][1][n]; 0: none */
    bool scale_shift; /* the embedding scales and shifts behind the second norm; else it is added before it */
};

enum block_resize { BLOCK_KEEP, BLOCK_DOWN, BLOCK_UP };

/* block_name prints a parameter's name and gives it. */
const char *block_name(char name[PARAMETER_NAME], const char *format, ...) PRINTF_LIKE(2, 3);

int block_conv3(struct graph *g, int x, const char *name, size_t out);
int block_linear(struct graph *g, int x, const char *name, size_t out, enum activation activation);

/* block_embedder is NAME.linear_1, SiLU, NAME.linear_2 (TimestepEmbedding). */
int block_embedder(struct graph *g, int x, const char *name, size_t out);

int block_res(const struct blocks *b, int x, const char *block, size_t out, double scale_factor,
              enum block_resize resize);
/* block_attention: groups 0 is without a norm. */
int block_attention(const struct blocks *b, int x, const char *block, size_t groups, double scale_factor);

/* block_middle is UNetMidBlock2D: res, attention (where wanted), res. */
int block_middle(const struct blocks *b, int x, const char *block, bool attention, size_t groups, double scale_factor);

/* block_refuse is STATUS_INVALID with "KEY is VALUE, want WANTED." */
enum status block_refuse(struct ctx *ctx, const char *key, size_t value, const char *wanted);

#endif
