#include "core/nn/graph_parts.h"

static size_t segments_of(const struct parameter *p) { return p->dims == 4 ? p->shape[2] * p->shape[3] : 1; }

/* panel_floats is the size of a parameter that is packed. */
static size_t panel_floats(const struct graph *g, const struct parameter *p) {
    return matrix_floats(g->kernels, segments_of(p), p->shape[1], p->shape[0]);
}

void graph_halve(struct graph *g, size_t i) { g->parameters[i].half = graph_packed_by(g, i) != NULL; }

size_t graph_load_bytes(const struct graph *g) {
    size_t bytes = 0;
    for (size_t i = 0; i < g->n_parameters; i++) {
        const struct parameter *p = &g->parameters[i];
        bytes += graph_packed_by(g, i) ? panel_floats(g, p) * (p->half ? sizeof(uint16_t) : sizeof(float))
                                       : p->n * sizeof(float);
    }
    return bytes;
}

void patches_by_rows(const struct parameter *p, const float *w, float *to) {
    size_t in = p->shape[1], side = p->shape[2];
    for (size_t o = 0; o < p->shape[0]; o++, w += in * side * side)
        for (size_t x = 0; x < side; x++)
            for (size_t c = 0; c < in; c++)
                for (size_t y = 0; y < side; y++)
                    *to++ = w[(c * side + y) * side + x];
}

static enum status pack_patches(struct ctx *ctx, struct graph *g, struct node *node, const struct parameter *p,
                                const float *w, float *panels) {
    size_t side = p->shape[2], depth = p->shape[1] * side;
    float *rows = ctx_alloc(ctx, p->n, sizeof *rows);
    if (!rows)
        return STATUS_NO_MEMORY;
    patches_by_rows(p, w, rows);
    matrix_pack(g->kernels, side, depth, p->shape[0], rows, panels);
    node->matrix = (struct matrix){side, depth, p->shape[0], NULL, NULL};
    return STATUS_OK;
}

/* pack fills panels with what is found, and says in node->matrix how they lie. */
static enum status pack(struct ctx *ctx, struct graph *g, struct node *node, const struct parameter *p,
                        graph_find *find, void *self, float *panels) {
    float *w = ctx_alloc(ctx, p->n, sizeof *w);
    enum status status = w ? find(self, ctx, p, w) : STATUS_NO_MEMORY;
    if (status != STATUS_OK || conv_patches(&node->conv))
        return status == STATUS_OK ? pack_patches(ctx, g, node, p, w, panels) : status;
    matrix_pack(g->kernels, segments_of(p), p->shape[1], p->shape[0], w, panels);
    node->matrix = (struct matrix){segments_of(p), p->shape[1], p->shape[0], NULL, NULL};
    return STATUS_OK;
}

/* keep makes room for a parameter as it is kept. */
static enum status keep(struct ctx *ctx, const struct graph *g, struct parameter *p, const struct node *node,
                        void **out) {
    const size_t n = node ? panel_floats(g, p) : p->n;
    *out = ctx_alloc(ctx, n, node && p->half ? sizeof(uint16_t) : sizeof(float));
    return *out ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status load_matrix(struct ctx *ctx, struct graph *g, struct node *node, const struct parameter *p,
                               graph_find *find, void *self, void *kept) {
    size_t n = panel_floats(g, p);
    struct ctx_mark mark = ctx_mark(ctx);
    float *panels = p->half ? ctx_alloc(ctx, n, sizeof *panels) : kept;
    enum status status = panels ? pack(ctx, g, node, p, find, self, panels) : STATUS_NO_MEMORY;
    if (status == STATUS_OK && p->half) {
        matrix_halve(panels, n, kept);
        node->matrix.halves = kept;
    } else if (status == STATUS_OK) {
        node->matrix.panels = kept;
    }
    ctx_rewind(ctx, mark);
    return status;
}

static enum status load_parameter(struct ctx *ctx, struct graph *g, size_t i, graph_find *find, void *self,
                                  void *kept) {
    struct parameter *p = &g->parameters[i];
    struct node *node = graph_packed_by(g, i);
    if (node)
        return load_matrix(ctx, g, node, p, find, self, kept);
    p->values = kept;
    return find(self, ctx, p, kept);
}

/* What is kept has its room before anything else is asked for: else what passes would leave holes between. */
enum status graph_load(struct ctx *ctx, struct graph *g, graph_find *find, void *self) {
    void **kept = ctx_alloc(ctx, g->n_parameters, sizeof *kept);
    enum status status = kept ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t i = 0; i < g->n_parameters && status == STATUS_OK; i++)
        status = keep(ctx, g, &g->parameters[i], graph_packed_by(g, i), &kept[i]);
    for (size_t i = 0; i < g->n_parameters && status == STATUS_OK; i++)
        status = load_parameter(ctx, g, i, find, self, kept[i]);
    return status;
}
