#include "core/nn/graph_parts.h"

static struct node *packed_into(const struct graph *g, size_t parameter) {
    for (size_t i = 0; i < g->n_nodes; i++)
        if (g->nodes[i].op == OP_CONV && g->nodes[i].weight == (int)parameter)
            return &g->nodes[i];
    return NULL;
}

static size_t segments_of(const struct parameter *p) { return p->dims == 4 ? p->shape[2] * p->shape[3] : 1; }

/* panel_floats is the size of a parameter that is packed. */
static size_t panel_floats(const struct graph *g, const struct parameter *p) {
    return matrix_floats(g->kernels, segments_of(p), p->shape[1], p->shape[0]);
}

size_t graph_load_floats(const struct graph *g) {
    size_t floats = 0;
    for (size_t i = 0; i < g->n_parameters; i++)
        floats += packed_into(g, i) ? panel_floats(g, &g->parameters[i]) : g->parameters[i].n;
    return floats;
}

void patches_by_rows(const struct parameter *p, const float *w, float *to) {
    size_t in = p->shape[1], side = p->shape[2];
    for (size_t o = 0; o < p->shape[0]; o++, w += in * side * side)
        for (size_t x = 0; x < side; x++)
            for (size_t c = 0; c < in; c++)
                for (size_t y = 0; y < side; y++)
                    *to++ = w[(c * side + y) * side + x];
}

static enum status load_patches(struct ctx *ctx, struct graph *g, struct node *node, const struct parameter *p,
                                const float *w, float *panels) {
    size_t side = p->shape[2], depth = p->shape[1] * side;
    float *rows = ctx_alloc(ctx, p->n, sizeof *rows);
    if (!rows)
        return STATUS_NO_MEMORY;
    patches_by_rows(p, w, rows);
    matrix_pack(g->kernels, side, depth, p->shape[0], rows, panels);
    node->matrix = (struct matrix){side, depth, p->shape[0], panels};
    return STATUS_OK;
}

static enum status load_matrix(struct ctx *ctx, struct graph *g, struct node *node, const struct parameter *p,
                               graph_find *find, void *self) {
    size_t segments = segments_of(p);
    float *panels = ctx_alloc(ctx, panel_floats(g, p), sizeof *panels);
    struct ctx_mark mark = ctx_mark(ctx);
    float *w = panels ? ctx_alloc(ctx, p->n, sizeof *w) : NULL;
    enum status status = w ? find(self, ctx, p, w) : STATUS_NO_MEMORY;
    if (status == STATUS_OK && conv_patches(&node->conv)) {
        status = load_patches(ctx, g, node, p, w, panels);
    } else if (status == STATUS_OK) {
        matrix_pack(g->kernels, segments, p->shape[1], p->shape[0], w, panels);
        node->matrix = (struct matrix){segments, p->shape[1], p->shape[0], panels};
    }
    ctx_rewind(ctx, mark);
    return status;
}

enum status graph_load(struct ctx *ctx, struct graph *g, graph_find *find, void *self) {
    for (size_t i = 0; i < g->n_parameters; i++) {
        struct parameter *p = &g->parameters[i];
        struct node *node = packed_into(g, i);
        enum status status = STATUS_OK;
        if (node)
            status = load_matrix(ctx, g, node, p, find, self);
        else if (!(p->values = ctx_alloc(ctx, p->n, sizeof *p->values)))
            status = STATUS_NO_MEMORY;
        else
            status = find(self, ctx, p, p->values);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}
