#include "core/nn/graph_parts.h"
#include "core/tensor/winograd.h"

static size_t segments_of(const struct parameter *p) { return p->dims == 4 ? p->shape[2] * p->shape[3] : 1; }

bool graph_by_winograd(const struct graph *g, const struct node *node, bool half) {
    const struct parameter *p = &g->parameters[node->weight];
    const struct value_place *out = &g->values[node->out];
    return node->conv.kernel == 3 && node->conv.stride == 1 && (half || !p->half) &&
           winograd_pays(out->height, out->width, p->shape[1], p->shape[0], half);
}

/* matrix_of is how a parameter is packed, for products of float32 or by `half`: a patch's segments are its rows of
 * pixels. */
static struct matrix matrix_of(const struct graph *g, const struct node *node, const struct parameter *p,
                               const struct half_kernels *half) {
    struct matrix m = {.segments = segments_of(p), .depth = p->shape[1], .columns = p->shape[0]};
    if (conv_patches(&node->conv)) {
        m.segments = p->shape[2];
        m.depth *= p->shape[2];
    } else if (graph_by_winograd(g, node, half != NULL)) {
        m.segments = WINOGRAD_PLACES;
    }
    return m;
}

/* packed_bytes is the size of n numbers of it, *n. */
static size_t packed_bytes(const struct graph *g, const struct node *node, const struct parameter *p,
                           const struct half_kernels *half, size_t *n) {
    const struct matrix m = matrix_of(g, node, p, half);
    *n = half ? half_size(half, m.segments, m.depth, m.columns)
              : matrix_floats(g->kernels, m.segments, m.depth, m.columns);
    return half || p->half ? sizeof(uint16_t) : sizeof(float);
}

void graph_halve(struct graph *g, size_t i) { g->parameters[i].half = graph_packed_by(g, i) != NULL; }

size_t graph_halved_bytes(const struct graph *g, const struct half_kernels *half) {
    size_t bytes = 0;
    for (size_t i = 0; i < g->n_parameters; i++) {
        const struct parameter *p = &g->parameters[i];
        const struct node *node = graph_packed_by(g, i);
        size_t n = p->n, size = node ? packed_bytes(g, node, p, half, &n) : sizeof(float);
        bytes += n * size;
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

/* by_segments gives the weights as they are packed, and says in node->matrix what they are; NULL: no memory. */
static const float *by_segments(struct ctx *ctx, const struct graph *g, struct node *node, const struct parameter *p,
                                const float *w) {
    node->matrix = matrix_of(g, node, p, g->half);
    node->winograd = graph_by_winograd(g, node, g->half != NULL);
    const size_t kernels = p->shape[0] * p->shape[1];
    if (!node->winograd && !conv_patches(&node->conv))
        return w;
    float *to = ctx_alloc(ctx, kernels, node->winograd ? WINOGRAD_PLACES * sizeof *to : p->n / kernels * sizeof *to);
    if (to && node->winograd)
        winograd_weights(kernels, w, to);
    else if (to)
        patches_by_rows(p, w, to);
    return to;
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
    const float *ordered = by_segments(ctx, g, node, p, w);
    if (!ordered)
        return STATUS_NO_MEMORY;
    if (!g->half)
        return pack_panels(ctx, g, p, ordered, m, n, kept);
    half_pack(g->half, m->segments, m->depth, m->columns, ordered, kept);
    m->pairs = kept;
    return STATUS_OK;
}

/* keep makes room for a parameter as it is kept. */
static enum status keep(struct ctx *ctx, const struct graph *g, struct parameter *p, const struct node *node,
                        void **out) {
    size_t n = p->n, size = node ? packed_bytes(g, node, p, g->half, &n) : sizeof(float);
    *out = ctx_alloc(ctx, n, size);
    return *out ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status load_matrix(struct ctx *ctx, struct graph *g, struct node *node, const struct parameter *p,
                               graph_find *find, void *self, void *kept) {
    size_t n;
    struct ctx_mark mark = ctx_mark(ctx);
    (void)packed_bytes(g, node, p, g->half, &n);
    enum status status = pack(ctx, g, node, p, find, self, n, kept);
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
