#include "handlers/dit_file.h"

#include <stddef.h>

#include "handlers/config_file.h"

static const struct config_word ACTIVATIONS[] = {
#define X(name, text) {text, DIT_##name},
    DIT_ACTIVATION_LIST(X)
#undef X
        {0}};
static const struct config_word NORMS[] = {{"ada_norm_zero", 0}, {0}};

#define AT(member) offsetof(struct dit_config, member)
static const struct config_key KEYS[] = {
    {"num_attention_heads", CONFIG_SIZE, false, AT(num_attention_heads), 1, DIT_WIDTH_MAX},
    {"attention_head_dim", CONFIG_SIZE, false, AT(attention_head_dim), 1, DIT_WIDTH_MAX},
    {"in_channels", CONFIG_SIZE, false, AT(in_channels), 1, DIT_CHANNELS_MAX},
    {"out_channels", CONFIG_SIZE, true, AT(out_channels), 1, DIT_CHANNELS_MAX},
    {"num_layers", CONFIG_SIZE, false, AT(num_layers), 1, DIT_LAYERS_MAX},
    {"dropout", CONFIG_ONLY, false, 0, 0, 1},
    {"norm_num_groups", CONFIG_ONLY, true, 0, 0, DIT_CHANNELS_MAX},
    {"attention_bias", CONFIG_FLAG, false, AT(attention_bias)},
    {"sample_size", CONFIG_SIZE, false, AT(sample_size), 1, DIT_SIZE_MAX},
    {"patch_size", CONFIG_SIZE, false, AT(patch_size), 1, PATCH_MAX},
    {"activation_fn", CONFIG_WORD, false, AT(activation_fn), .words = ACTIVATIONS},
    {"num_embeds_ada_norm", CONFIG_SIZE, false, AT(num_embeds_ada_norm), 1, DIT_CLASSES_MAX},
    {"upcast_attention", CONFIG_OFF},
    {"norm_type", CONFIG_ONLY, false, .words = NORMS},
    {"norm_elementwise_affine", CONFIG_FLAG, false, AT(norm_elementwise_affine)},
    {"norm_eps", CONFIG_REAL, false, AT(norm_eps), 0, 1},
    /* of Transformer2DModel */
    {"cross_attention_dim", CONFIG_OFF},
    {"num_vector_embeds", CONFIG_OFF},
    {"use_linear_projection", CONFIG_OFF},
    {"only_cross_attention", CONFIG_OFF},
    {"double_self_attention", CONFIG_OFF},
    {"caption_channels", CONFIG_OFF},
};

enum status dit_file_read(struct ctx *ctx, const char *file, json_t *object, bool named_so,
                          struct file_warnings *warnings, struct dit_config *out) {
    *out = dit_default();
    if (!named_so && !json_object_get(object, "norm_type"))
        return ctx_fail(ctx, STATUS_INVALID, "",
                        "%.100s is of a Transformer2DModel without a norm_type; of these only those with "
                        "\"ada_norm_zero\" can be served.",
                        file);
    return config_file_read(ctx, file, object, KEYS, COUNT_OF(KEYS), warnings, out);
}
