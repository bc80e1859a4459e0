#include "core/nn/graph_parts.h"

static struct node *packed_into(const struct graph *g, size_t parameter) {
    for (size_t i = 0; i < g->n_nodes; i++)
        if (g->nodes[i].op == OP_CONV && g->nodes[i].weight == (int)parameter)
            return &g->nodes[i];
    return NULL;
}

static size_t segments_of(const struct parameter *p) { return p->dims == 4 ? p->shape[2] * p->shape[3] : 1; }

/* panel_floats is the size of a parameter that is packed, in numbers; pairs_size that of one for bfloat16 products, whose
 * segments are those of its packing: a patch's are its rows of pixels. */
static size_t panel_floats(const struct graph *g, const struct parameter *p) {
    return matrix_floats(g->kernels, segments_of(p), p->shape[1], p->shape[0]);
}
static size_t pairs_size(const struct half_kernels *half, const struct node *node, const struct parameter *p) {
    const bool patches = conv_patches(&node->conv);
    const size_t side = patches ? p->shape[2] : 1;
    return half_size(half, segments_of(p) / side, p->shape[1] * side, p->shape[0]);
}

void graph_halve(struct graph *g, size_t i) { g->parameters[i].half = packed_into(g, i) != NULL; }

size_t graph_halved_bytes(const struct graph *g, const struct half_kernels *half) {
    size_t bytes = 0;
    for (size_t i = 0; i < g->n_parameters; i++) {
        const struct parameter *p = &g->parameters[i];
        const struct node *node = packed_into(g, i);
        if (node && half)
            bytes += pairs_size(half, node, p) * sizeof(uint16_t);
        else if (node)
            bytes += panel_floats(g, p) * (p->half ? sizeof(uint16_t) : sizeof(float));
        else
            bytes += p->n * sizeof(float);
    }
    return bytes;
}

size_t graph_load_bytes(const struct graph *g) { return graph_halved_bytes(g, g->half); }

void patches_by_rows(const struct parameter *p, const float *w, float *to) {
    size_t in = p->shape[1], side = p->shape[2];
    for (size_t o = 0; o < p->shape[0]; o++, w += in * side * side)
        for (size_t x = 0; x < side; x++)
            for (size_t c = 0; c < in; c++)
                for (size_t y = 0; y < side; y++)
                    *to++ = w[(c * side + y) * side + x];
}

/* by_segments gives the weights in the order that is packed, and says in node->matrix what they are; NULL: no memory. */
static const float *by_segments(struct ctx *ctx, struct node *node, const struct parameter *p, const float *w) {
    node->matrix = (struct matrix){.segments = segments_of(p), .depth = p->shape[1], .columns = p->shape[0]};
    if (!conv_patches(&node->conv))
        return w;
    size_t side = p->shape[2];
    float *rows = ctx_alloc(ctx, p->n, sizeof *rows);
    if (rows)
        patches_by_rows(p, w, rows);
    node->matrix.segments = side;
    node->matrix.depth *= side;
    return rows;
}

/* pack_panels packs into n numbers for products of float32, halved where the weights are. */
static enum status pack_panels(struct ctx *ctx, const struct graph *g, const struct parameter *p, const float *w,
                               struct matrix *m, size_t n, void *kept) {
    float *panels = p->half ? ctx_alloc(ctx, n, sizeof *panels) : kept;
    if (!panels)
        return STATUS_NO_MEMORY;
    matrix_pack(g->kernels, m->segments, m->depth, m->columns, w, panels);
    if (p->half)
        matrix_halve(panels, n, kept);
    m->halves = p->half ? kept : NULL;
    m->panels = p->half ? NULL : kept;
    return STATUS_OK;
}

/* pack fills `kept`, n numbers, with what is found. */
static enum status pack(struct ctx *ctx, const struct graph *g, struct node *node, const struct parameter *p,
                        graph_find *find, void *self, size_t n, void *kept) {
    float *w = ctx_alloc(ctx, p->n, sizeof *w);
    enum status status = w ? find(self, ctx, p, w) : STATUS_NO_MEMORY;
    if (status != STATUS_OK)
        return status;
    struct matrix *m = &node->matrix;
    const float *ordered = by_segments(ctx, node, p, w);
    if (!ordered)
        return STATUS_NO_MEMORY;
    if (!g->half)
        return pack_panels(ctx, g, p, ordered, m, n, kept);
    half_pack(g->half, m->segments, m->depth, m->columns, ordered, kept);
    m->pairs = kept;
    return STATUS_OK;
}

static enum status load_matrix(struct ctx *ctx, struct graph *g, struct node *node, const struct parameter *p,
                               graph_find *find, void *self) {
    size_t n = g->half ? pairs_size(g->half, node, p) : panel_floats(g, p);
    void *kept = ctx_alloc(ctx, n, g->half || p->half ? sizeof(uint16_t) : sizeof(float));
    struct ctx_mark mark = ctx_mark(ctx);
    enum status status = kept ? pack(ctx, g, node, p, find, self, n, kept) : STATUS_NO_MEMORY;
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
