/* graph_parts.h - the inside of a graph, for graph.c (which makes it), graph_plan.c (which finds room for its values),
 * graph_load.c (which packs its weights), graph_run.c and graph_embed.c (which run it) and gradient*.c (which run it
 * backwards). */
#ifndef SOLVENT_GRAPH_PARTS_H
#define SOLVENT_GRAPH_PARTS_H

#include "core/nn/graph.h"

enum operation {
    OP_INPUT,
    OP_CONV,
    OP_GROUP_NORM,
    OP_LAYER_NORM,
    OP_ATTENTION,
    OP_CONCAT,
    OP_SLICE,
    OP_UNPATCH,
    OP_UPSAMPLE,
    OP_POOL,
    OP_AFFINE,
    OP_OVER_TIME,
    OP_ACTIVATION,
    OP_SINUSOIDS,
    OP_FOURIER,
    OP_EMBEDDING,
    OP_ADD,
    OP_MULTIPLY,
    OP_HALVE,
    OP_OUTPUT,
};

enum { NODE_INPUTS = 4 };

struct node {
    enum operation op;
    int in[NODE_INPUTS]; /* values; GRAPH_NONE */
    int out, scratch;    /* values */
    int statistics;      /* a value that group_norm.statistics of the images are kept in; 0: they are not */
    int weight, bias;    /* parameters */
    struct conv conv;
    struct norm norm;
    struct layer layer;
    struct matrix matrix;      /* of a convolution, packed */
    bool winograd;             /* ... for winograd_run */
    size_t heads, from, patch; /* of attention, a slice, patches */
    enum graph_number of;
    double shift; /* of sinusoids */
    bool cos_first;
    float factor, offset;
};

/* A value's numbers lie at workspace + images * at, `floats` an image; those of a constant where it says. */
struct value_place {
    float *constant;
    size_t height, width, channels;
    bool border, early; /* early: made by an early node */
    bool half;          /* bfloat16, for convolutions alone */
    int first, last;    /* nodes: it lives from one through the other */
    size_t floats, at;
};

struct graph {
    struct ctx *ctx;
    const struct tensor_kernels *kernels;
    const struct half_kernels *half; /* of its products; NULL: they are of float32 */
    struct node *nodes;
    struct value_place *values;
    struct parameter *parameters;
    size_t n_nodes, n_values, n_parameters, max_nodes, max_values, max_parameters;
    int *names;     /* [2 max_parameters] parameters by the hashes of their names, each 1 + its index; 0: free */
    int *packed_by; /* [n_parameters] from graph_output on: graph_packed_by as an index; GRAPH_NONE */
    size_t n_early; /* the first nodes, which see times and classes alone: they are few numbers for large matrices */
    struct graph_memory memory;
    size_t floats, late_floats; /* of the workspace, an image; of these, behind the others, for late values */
    bool failed;
};

/* conv_patches: no border, and rows of `kernel` pixels that lie side by side. */
static inline bool conv_patches(const struct conv *c) { return c->kernel > 1 && c->stride == c->kernel; }

/* A run of images first .. first + images - 1 of a workspace for `total`; `in` and `out` begin with image `first`. */
struct run {
    struct ctx *ctx;
    const struct graph *g;
    size_t images, total, first;
    const struct graph_in *in;
    float *out, *workspace;
    float *own; /* a workspace of its own for all but early values, of `images` times late_floats; NULL: none */
};

/* graph_packed_by is the convolution that has a parameter packed; NULL: its plain numbers are kept. */
struct node *graph_packed_by(const struct graph *g, size_t parameter);

/* graph_places is where a value's pixels lie, the border's left out; graph_scratch where its numbers begin. */
struct places graph_places(const struct run *r, int value);
float *graph_scratch(const struct run *r, int value);

/* graph_frame writes the zeros around a value. */
void graph_frame(const struct run *r, int value);

/* graph_product is the product of a convolution. */
struct product graph_product(const struct run *r, const struct node *node);

static inline const float *graph_parameter(const struct run *r, int i) {
    return i < 0 ? NULL : r->g->parameters[i].values;
}

/* These write their embeddings of the images' times or classes (graph_embed.c). */
void graph_sinusoid_embedding(const struct run *r, const struct node *node);
void graph_fourier_embedding(const struct run *r, const struct node *node);
void graph_row_embedding(const struct run *r, const struct node *node);

/* graph_row is the row of its table that an embedding gives an image. */
size_t graph_row(const struct run *r, const struct node *node, size_t image);

void graph_run_node(const struct run *r, const struct node *node);

/* graph_plan orders the nodes of a graph that has its output, early ones first, and finds where its values lie, and what
 * packs its parameters. g->failed: no memory. */
void graph_plan(struct graph *g);

/* graph_measure finds how many floats an image each value has, with the borders that it has by now; graph_place, where
 * they lie, and what packs its parameters. g->failed: no memory. */
void graph_measure(struct graph *g);
void graph_place(struct graph *g);

/* graph_by_winograd: a convolution of 3x3 and stride 1 that is faster by winograd.h, with products of float32 (where its
 * weights are not kept as bfloat16) or of bfloat16. */
bool graph_by_winograd(const struct graph *g, const struct node *node, bool half);

/* patches_by_rows turns a convolution of patches, [out][in][y][x], into what its rows of pixels meet: [out][x][in][y]. */
void patches_by_rows(const struct parameter *p, const float *w, float *to);

#endif
