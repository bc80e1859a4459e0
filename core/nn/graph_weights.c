#include "core/nn/graph_weights.h"

#include <string.h>

#include "core/nn/graph_parts.h"
#include "core/tensor/winograd.h"

/* A row's place among all, segments times depth, from that of a number in the file's [in][y][x]. */
static size_t row_of(const struct matrix *m, bool patches, size_t in, size_t number) {
    if (!patches) /* [depth][segment] */
        return number % m->segments * m->depth + number / m->segments;
    size_t side = m->segments, x = number % side, y = number / side % side, c = number / side / side;
    return y * m->depth + x * in + c;
}

/* multiply gives out[rows][columns], whose row i is row n - 1 - i of the matrix: the rows that ask for it are windows
 * of a line of zeros with one 1 in its middle. */
static void multiply(struct ctx *ctx, const struct graph *g, const struct matrix *m, float *line, float *out) {
    const size_t n = m->segments * m->depth;
    struct product p = {.images = 1,
                        .height = 1,
                        .width = n,
                        .in = {line, 0, 0, 1},
                        .out = {out, 0, 0, m->columns},
                        .b = m,
                        .scale = 1,
                        .activation = ACTIVATION_NONE};
    for (size_t s = 0; s < m->segments; s++)
        p.segment[s] = s * m->depth;
    memset(line, 0, 2 * n * sizeof *line);
    line[n - 1] = 1;
    product_run(ctx, g->kernels, &p);
}

static enum status unpack(struct ctx *ctx, const struct graph *g, const struct node *node, const struct parameter *p,
                          float *to) {
    const struct matrix *m = &node->matrix;
    const size_t n = m->segments * m->depth;
    const struct ctx_mark mark = ctx_mark(ctx);
    float *line = ctx_alloc(ctx, 2 * n, sizeof *line), *out = ctx_alloc(ctx, n, m->columns * sizeof *out);
    float *file = node->winograd ? ctx_alloc(ctx, n, m->columns * sizeof *file) : to;
    if (!line || !out || !file)
        return STATUS_NO_MEMORY;
    multiply(ctx, g, m, line, out);
    for (size_t j = 0; j < m->columns; j++)
        for (size_t i = 0; i < n; i++)
            file[j * n + i] = out[(n - 1 - row_of(m, conv_patches(&node->conv), p->shape[1], i)) * m->columns + j];
    if (node->winograd)
        winograd_kernels(m->depth * m->columns, file, to);
    ctx_rewind(ctx, mark);
    return STATUS_OK;
}

enum status graph_weights(struct ctx *ctx, const struct graph *g, float *to) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < g->n_parameters && status == STATUS_OK; i++) {
        const struct parameter *p = &g->parameters[i];
        const struct node *node = graph_packed_by(g, i);
        if (node)
            status = unpack(ctx, g, node, p, to);
        else
            memcpy(to, p->values, p->n * sizeof *to);
        to += p->n;
    }
    return status;
}
