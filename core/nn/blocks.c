#include "core/nn/blocks.h"

#include <stdarg.h>
#include <stdio.h>

const char *block_name(char name[PARAMETER_NAME], const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(name, PARAMETER_NAME, format, args);
    va_end(args);
    return name;
}

enum status block_refuse(struct ctx *ctx, const char *key, size_t value, const char *wanted) {
    return ctx_fail(ctx, STATUS_INVALID, "", "%s is %zu, want %s.", key, value, wanted);
}

int block_conv3(struct graph *g, int x, const char *name, size_t out) {
    return graph_conv(g, x, &(struct conv){.name = name, .out = out, .kernel = 3});
}

int block_linear(struct graph *g, int x, const char *name, size_t out, enum activation activation) {
    return graph_conv(g, x,
                      &(struct conv){.name = name, .out = out, .kernel = 1, .linear = true, .activation = activation});
}

int block_embedder(struct graph *g, int x, const char *name, size_t out) {
    char part[PARAMETER_NAME];
    x = block_linear(g, x, block_name(part, "%.90s.linear_1", name), out, ACTIVATION_SILU);
    return block_linear(g, x, block_name(part, "%.90s.linear_2", name), out, ACTIVATION_NONE);
}

static int resized(struct graph *g, int x, enum block_resize resize) {
    return resize == BLOCK_DOWN ? graph_pool(g, x) : resize == BLOCK_UP ? graph_upsample(g, x) : x;
}

int block_res(const struct blocks *b, int x, const char *block, size_t out, double scale_factor,
              enum block_resize resize) {
    char name[PARAMETER_NAME];
    size_t in = graph_channels(b->g, x);
    struct norm norm = {.groups = b->groups, .eps = b->eps, .activation = b->activation};
    norm.name = block_name(name, "%.90s.norm1", block);
    int h = resized(b->g, graph_group_norm(b->g, x, &norm), resize), shift = 0;
    x = resized(b->g, x, resize);
    struct conv conv1 = {.out = out, .kernel = 3},
                conv2 = {.out = out, .kernel = 3, .scale = (float)(1 / scale_factor)};
    conv1.name = block_name(name, "%.90s.conv1", block);
    graph_conv_first(b->g, in, &conv1);
    if (b->emb)
        shift = block_linear(b->g, b->emb, block_name(name, "%.90s.time_emb_proj", block),
                             b->scale_shift ? 2 * out : out, ACTIVATION_NONE);
    conv1.name = block_name(name, "%.90s.conv1", block);
    conv1.vector = b->scale_shift ? 0 : shift;
    h = graph_conv(b->g, h, &conv1);
    norm.name = block_name(name, "%.90s.norm2", block);
    norm.modulation = b->scale_shift ? shift : 0;
    h = graph_group_norm(b->g, h, &norm);
    conv2.name = block_name(name, "%.90s.conv2", block);
    graph_conv_first(b->g, out, &conv2);
    if (in != out)
        x = graph_conv(b->g, x,
                       &(struct conv){.name = block_name(name, "%.90s.conv_shortcut", block), .out = out, .kernel = 1});
    conv2.name = block_name(name, "%.90s.conv2", block);
    conv2.residual = x;
    return graph_conv(b->g, h, &conv2);
}

int block_attention(const struct blocks *b, int x, const char *block, size_t groups, double scale_factor) {
    char name[PARAMETER_NAME];
    size_t channels = graph_channels(b->g, x);
    size_t heads = b->head_dim ? channels / b->head_dim : 1, inner = b->head_dim ? heads * b->head_dim : channels;
    int h = x;
    if (groups)
        h = graph_group_norm(
            b->g, x,
            &(struct norm){.name = block_name(name, "%.90s.group_norm", block), .groups = groups, .eps = b->eps});
    int q = block_linear(b->g, h, block_name(name, "%.90s.to_q", block), inner, ACTIVATION_NONE);
    int k = block_linear(b->g, h, block_name(name, "%.90s.to_k", block), inner, ACTIVATION_NONE);
    int v = block_linear(b->g, h, block_name(name, "%.90s.to_v", block), inner, ACTIVATION_NONE);
    h = graph_attention(b->g, q, k, v, heads);
    return graph_conv(b->g, h,
                      &(struct conv){.name = block_name(name, "%.90s.to_out.0", block),
                                     .out = channels,
                                     .kernel = 1,
                                     .linear = true,
                                     .residual = x,
                                     .scale = (float)(1 / scale_factor)});
}

int block_middle(const struct blocks *b, int x, const char *block, bool attention, size_t groups, double scale_factor) {
    char name[PARAMETER_NAME];
    size_t channels = graph_channels(b->g, x);
    x = block_res(b, x, block_name(name, "%.90s.resnets.0", block), channels, scale_factor, BLOCK_KEEP);
    if (attention)
        x = block_attention(b, x, block_name(name, "%.90s.attentions.0", block), groups, scale_factor);
    return block_res(b, x, block_name(name, "%.90s.resnets.1", block), channels, scale_factor, BLOCK_KEEP);
}
