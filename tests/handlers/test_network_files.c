/* config.json of the networks that are no UNet2DModel. Defaults: the signatures of the classes in diffusers 0.42. */
#include <math.h>

#include "handlers/dit_file.h"
#include "handlers/mlp_file.h"
#include "handlers/vae_file.h"
#include "tests/support/test.h"

static struct file_warnings warnings;

struct configs {
    struct dit_config dit;
    struct mlp_config mlp;
    struct vae_config vae;
};

enum class { DIT, OLD_DIT, MLP, VAE };

static enum status read_text(struct ctx *ctx, enum class kind, const char *text, struct configs *out) {
    json_t *object = NULL;
    warnings = (struct file_warnings){0};
    enum status status = json_file_object(ctx, "c.json", (struct str){text, strlen(text)}, &object);
    if (status != STATUS_OK)
        return status;
    if (kind == MLP)
        status = mlp_file_read(ctx, "c.json", object, &warnings, &out->mlp);
    else if (kind == VAE)
        status = vae_file_read(ctx, "c.json", object, &warnings, &out->vae);
    else
        status = dit_file_read(ctx, "c.json", object, kind == DIT, &warnings, &out->dit);
    json_decref(object);
    return status;
}

static struct configs good(struct ctx *ctx, enum class kind, const char *text) {
    struct configs c;
    if (read_text(ctx, kind, text, &c))
        fail_msg("%s: %s", text, ctx->err.detail);
    return c;
}

static void missing_keys_have_defaults(void **state) {
    (void)state;
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    struct dit_config d = good(&ctx, DIT, "{\"_class_name\":\"DiTTransformer2DModel\"}").dit;
    assert_true(d.num_attention_heads == 16 && d.attention_head_dim == 72 && d.in_channels == 4 && !d.out_channels);
    assert_true(d.num_layers == 28 && d.sample_size == 32 && d.patch_size == 2 && d.num_embeds_ada_norm == 1000);
    assert_true(d.activation_fn == DIT_GELU_APPROXIMATE && d.attention_bias && !d.norm_elementwise_affine);
    assert_true(d.norm_eps == 1e-5);
    struct mlp_config m = good(&ctx, MLP, "{}").mlp;
    assert_true(m.features == 2 && m.hidden_size == 128 && m.inner_size == 0 && m.num_blocks == 3);
    assert_true(m.time_size == 128 && m.num_classes == 0 && m.act_fn == ACTIVATION_SILU);
    struct vae_config v = good(&ctx, VAE, "{}").vae;
    assert_true(v.in_channels == 3 && v.out_channels == 3 && v.latent_channels == 4 && v.levels == 1);
    assert_true(v.block_out_channels[0] == 64 && v.layers_per_block == 1 && v.norm_num_groups == 32 && v.height == 32);
    assert_true(v.scaling_factor == 0.18215 && v.shift_factor == 0 && !v.latents_mean && !v.latents_std);
    assert_true(v.use_quant_conv && v.use_post_quant_conv && v.mid_block_add_attention);
    assert_int_equal(warnings.total, 0);
    ctx_release(&ctx);
}

static void every_key_is_read(void **state) {
    (void)state;
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    struct dit_config d =
        good(&ctx, DIT,
             "{\"num_attention_heads\":3,\"attention_head_dim\":5,\"in_channels\":7,\"out_channels\":9,"
             "\"num_layers\":11,\"sample_size\":12,\"patch_size\":4,\"activation_fn\":\"swiglu\","
             "\"num_embeds_ada_norm\":13,\"attention_bias\":false,\"norm_elementwise_affine\":true,"
             "\"norm_eps\":0.5,\"dropout\":0.1,\"norm_num_groups\":32,\"upcast_attention\":false,"
             "\"norm_type\":\"ada_norm_zero\"}")
            .dit;
    assert_true(d.num_attention_heads == 3 && d.attention_head_dim == 5 && d.in_channels == 7 && d.out_channels == 9);
    assert_true(d.num_layers == 11 && d.sample_size == 12 && d.patch_size == 4 && d.num_embeds_ada_norm == 13);
    assert_true(d.activation_fn == DIT_SWIGLU && !d.attention_bias && d.norm_elementwise_affine && d.norm_eps == 0.5);
    struct mlp_config m = good(&ctx, MLP,
                               "{\"features\":3,\"hidden_size\":5,\"inner_size\":7,\"num_blocks\":0,"
                               "\"time_size\":10,\"num_classes\":11,\"act_fn\":\"relu\"}")
                              .mlp;
    assert_true(m.features == 3 && m.hidden_size == 5 && m.inner_size == 7 && m.num_blocks == 0);
    assert_true(m.time_size == 10 && m.num_classes == 11 && m.act_fn == ACTIVATION_RELU);
    struct vae_config v =
        good(&ctx, VAE,
             "{\"in_channels\":1,\"out_channels\":2,\"latent_channels\":2,\"layers_per_block\":3,"
             "\"down_block_types\":[\"DownEncoderBlock2D\",\"AttnDownEncoderBlock2D\"],"
             "\"up_block_types\":[\"AttnUpDecoderBlock2D\",\"UpDecoderBlock2D\"],"
             "\"block_out_channels\":[4,8],\"act_fn\":\"gelu\",\"norm_num_groups\":4,\"sample_size\":[64,32],"
             "\"scaling_factor\":2,\"shift_factor\":0.5,\"latents_mean\":[1,-2.5],\"latents_std\":[3,4],"
             "\"force_upcast\":true,\"use_quant_conv\":false,\"use_post_quant_conv\":false,"
             "\"mid_block_add_attention\":false}")
            .vae;
    assert_true(v.in_channels == 1 && v.out_channels == 2 && v.latent_channels == 2 && v.layers_per_block == 3);
    assert_true(v.levels == 2 && !v.down_attention[0] && v.down_attention[1] && v.up_attention[0] &&
                !v.up_attention[1]);
    assert_true(v.block_out_channels[1] == 8 && v.act_fn == ACTIVATION_GELU && v.norm_num_groups == 4);
    assert_true(v.height == 64 && v.width == 32 && v.scaling_factor == 2 && v.shift_factor == 0.5);
    assert_true(v.latents_mean[1] == -2.5 && v.latents_std[0] == 3);
    assert_true(!v.use_quant_conv && !v.use_post_quant_conv && !v.mid_block_add_attention);
    assert_int_equal(warnings.total, 0);
    ctx_release(&ctx);
}

/* The config of facebook/DiT-XL-2-256, whose class had another name then. */
static void a_transformer_of_old(void **state) {
    (void)state;
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    struct dit_config d =
        good(
            &ctx, OLD_DIT,
            "{\"_class_name\":\"Transformer2DModel\",\"_diffusers_version\":\"0.12.0.dev0\",\"activation_fn\":"
            "\"gelu-approximate\",\"attention_bias\":true,\"attention_head_dim\":72,\"cross_attention_dim\":null,"
            "\"double_self_attention\":false,\"dropout\":0.0,\"in_channels\":4,\"norm_elementwise_affine\":false,"
            "\"norm_num_groups\":32,\"norm_type\":\"ada_norm_zero\",\"num_attention_heads\":16,\"num_embeds_ada_norm\":"
            "1000,\"num_layers\":28,\"num_vector_embeds\":null,\"only_cross_attention\":false,\"out_channels\":8,"
            "\"patch_size\":2,\"sample_size\":32,\"upcast_attention\":false,\"use_linear_projection\":false}")
            .dit;
    assert_int_equal(warnings.total, 0);
    assert_int_equal(d.out_channels, 8);
    ctx_release(&ctx);
}

#define WANTS(key) key " of c.json wants "
static const struct {
    enum class kind;
    const char *text, *detail;
} BAD[] = {
    {DIT, "{\"num_layers\":0}", WANTS("num_layers") "an integer from 1 to 256."},
    {DIT, "{\"num_layers\":257}", WANTS("num_layers") "an integer from 1 to 256."},
    {DIT, "{\"num_layers\":2.0}", WANTS("num_layers") "an integer from 1 to 256."},
    {DIT, "{\"num_layers\":null}", WANTS("num_layers") "an integer from 1 to 256."},
    {DIT, "{\"out_channels\":0}", WANTS("out_channels") "an integer from 1 to 4096, or null."},
    {DIT, "{\"sample_size\":[8,8]}", WANTS("sample_size") "an integer from 1 to 1024."},
    {DIT, "{\"patch_size\":10}", WANTS("patch_size") "an integer from 1 to 9."},
    {DIT, "{\"norm_type\":\"layer_norm\"}", WANTS("norm_type") "one of ada_norm_zero, not \"layer_norm\"."},
    {DIT, "{\"norm_eps\":\"x\"}", WANTS("norm_eps") "a number from 0 to 1."},
    {DIT, "{\"attention_bias\":1}", WANTS("attention_bias") "true or false."},
    {DIT, "{\"upcast_attention\":true}", WANTS("upcast_attention") "false or null: there is no such network here."},
    {DIT, "{\"cross_attention_dim\":768}",
     WANTS("cross_attention_dim") "false or null: there is no such network here."},
    {OLD_DIT, "{}",
     "c.json is of a Transformer2DModel without a norm_type; of these only those with \"ada_norm_zero\" can be "
     "served."},
    {MLP, "{\"features\":0}", WANTS("features") "an integer from 1 to 65536."},
    {MLP, "{\"features\":65537}", WANTS("features") "an integer from 1 to 65536."},
    {MLP, "{\"num_blocks\":257}", WANTS("num_blocks") "an integer from 0 to 256."},
    {MLP, "{\"act_fn\":\"tanh\"}", WANTS("act_fn") "one of silu, swish, mish, gelu, relu, not \"tanh\"."},
    {VAE, "{\"block_out_channels\":[4,8]}",
     "c.json has 1 down_block_types, 1 up_block_types and 2 block_out_channels; want as many of each."},
    {VAE, "{\"block_out_channels\":[]}", WANTS("block_out_channels") "an array of 1 to 8, one a level."},
    {VAE, "{\"block_out_channels\":[1,1,1,1,1,1,1,1,1]}",
     WANTS("block_out_channels") "an array of 1 to 8, one a level."},
    {VAE, "{\"down_block_types\":[\"DownBlock2D\"]}",
     WANTS("down_block_types") "one of DownEncoderBlock2D, AttnDownEncoderBlock2D, not \"DownBlock2D\"."},
    {VAE, "{\"latents_mean\":[1,2,3]}",
     "c.json has 3 numbers in latents_mean, want 4, one for each of latent_channels."},
    {VAE, "{\"latents_std\":[1,2,3,4,5]}",
     "c.json has 5 numbers in latents_std, want 4, one for each of latent_channels."},
    {VAE, "{\"latents_std\":[1,2,3,0]}", WANTS("latents_std") "a number from 1e-09 to 1e+09, or null."},
    {VAE, "{\"latents_mean\":1}", WANTS("latents_mean") "an array of 1 to 4096."},
    {VAE, "{\"scaling_factor\":0}", WANTS("scaling_factor") "a number from 1e-09 to 1e+09."},
    {VAE, "{\"sample_size\":[8]}", WANTS("sample_size") "one integer, or two: height and width."},
};

static void bad_values_get_a_sentence(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(BAD); i++) {
        struct ctx ctx;
        struct configs c;
        ctx_init(&ctx, 1 << 20);
        enum status status = read_text(&ctx, BAD[i].kind, BAD[i].text, &c);
        if (status != STATUS_INVALID || strcmp(ctx.err.detail, BAD[i].detail) != 0)
            fail_msg("%s: %d '%s'\nwant '%s'", BAD[i].text, status, ctx.err.detail, BAD[i].detail);
        ctx_release(&ctx);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_keys_have_defaults),
        cmocka_unit_test(every_key_is_read),
        cmocka_unit_test(a_transformer_of_old),
        cmocka_unit_test(bad_values_get_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
