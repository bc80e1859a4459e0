/* dit.h - DiTTransformer2DModel of diffusers (Peebles, Xie 2023, with adaLN-Zero), as a graph.
 * Parameters have the names of its weight files; the table of positions is computed. Deviations: dropout and the random
 * dropping of labels are not applied (they are matters of training); only norm_type "ada_norm_zero" exists, as there.
 * Classes are 0 .. num_embeds_ada_norm - 1, and num_embeds_ada_norm for none. */
#ifndef SOLVENT_DIT_H
#define SOLVENT_DIT_H

#include "core/nn/graph.h"

enum {
    DIT_LAYERS_MAX = 256,
    DIT_WIDTH_MAX = 8192,
    DIT_SIZE_MAX = 1024,
    DIT_CHANNELS_MAX = 4096,
    DIT_CLASSES_MAX = 1000000
};

/* activation_fn, by its names there. In this order: gelu(x), its tanh approximation, x gelu(y), x sigmoid(1.702 x),
 * x silu(y), silu(x), where x and y are the halves of a layer twice as wide. */
#define DIT_ACTIVATION_LIST(X)                \
    X(GELU, "gelu")                           \
    X(GELU_APPROXIMATE, "gelu-approximate")   \
    X(GEGLU, "geglu")                         \
    X(GEGLU_APPROXIMATE, "geglu-approximate") \
    X(SWIGLU, "swiglu")                       \
    X(LINEAR_SILU, "linear-silu")
enum dit_activation {
#define X(name, text) DIT_##name,
    DIT_ACTIVATION_LIST(X)
#undef X
        DIT_ACTIVATION_COUNT
};

/* The members are the keys of config.json; dit_default gives what they are where a key is missing. */
struct dit_config {
    size_t num_attention_heads, attention_head_dim;
    size_t in_channels, out_channels; /* the second 0: the first */
    size_t num_layers;
    size_t sample_size, patch_size; /* the second 1 .. 9 and a divisor of the first */
    enum dit_activation activation_fn;
    size_t num_embeds_ada_norm; /* classes */
    bool attention_bias, norm_elementwise_affine;
    double norm_eps;
};

struct dit_config dit_default(void);

/* dit_make builds the graph: [sample_size][sample_size][in_channels], times and classes, to [..][..][out_channels].
 * Errors: INVALID (ctx->err.detail names the key of config.json that does not fit, and says what would), NO_MEMORY. */
enum status dit_make(struct ctx *ctx, const struct tensor_kernels *kernels, const struct dit_config *config,
                     struct graph **out) MUST_CHECK;

#endif
