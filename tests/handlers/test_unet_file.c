#include "handlers/unet_file.h"
#include "tests/support/test.h"

static struct file_warnings warnings;

static enum status read_text(struct ctx *ctx, const char *text, struct unet_config *out) {
    json_t *object = NULL;
    warnings = (struct file_warnings){0};
    enum status status = json_file_object(ctx, "config.json", (struct str){text, strlen(text)}, &object);
    if (status != STATUS_OK)
        return status;
    status = unet_file_read(ctx, "config.json", object, &warnings, out);
    json_decref(object);
    return status;
}

static struct unet_config good(struct ctx *ctx, const char *text) {
    struct unet_config c;
    if (read_text(ctx, text, &c))
        fail_msg("%s: %s", text, ctx->err.detail);
    return c;
}

/* Defaults: the signature of the class, as ../shared/reference/diffusion.md section 3 has it. */
static void missing_keys_have_defaults(void **state) {
    (void)state;
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    struct unet_config c = good(&ctx, "{\"_class_name\":\"UNet2DModel\",\"sample_size\":32}"), d = unet_default();
    assert_int_equal(warnings.total, 0);
    assert_int_equal(c.height, 32);
    assert_int_equal(c.width, 32);
    assert_int_equal(c.levels, 4);
    assert_true(!c.down_attention[0] && c.down_attention[1] && c.down_attention[3]);
    assert_true(c.up_attention[0] && c.up_attention[2] && !c.up_attention[3]);
    assert_int_equal(c.block_out_channels[3], 896);
    assert_int_equal(c.attention_head_dim, 8);
    assert_int_equal(c.class_embed_type, UNET_CLASS_NONE);
    assert_true(c.flip_sin_to_cos && c.add_attention && c.norm_eps == d.norm_eps && c.freq_shift == 0);
    ctx_release(&ctx);
}

/* The keys of google/ddpm-cifar10-32 (../shared/reference/diffusion.md section 3). */
static void the_config_of_a_known_model(void **state) {
    (void)state;
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    struct unet_config c =
        good(&ctx, "{\"_class_name\":\"UNet2DModel\",\"_diffusers_version\":\"0.0.4\",\"act_fn\":\"silu\","
                   "\"attention_head_dim\":null,\"block_out_channels\":[128,256,256,256],\"center_input_sample\":false,"
                   "\"down_block_types\":[\"DownBlock2D\",\"AttnDownBlock2D\",\"DownBlock2D\",\"DownBlock2D\"],"
                   "\"downsample_padding\":0,\"flip_sin_to_cos\":false,\"freq_shift\":1,\"in_channels\":3,"
                   "\"layers_per_block\":2,\"mid_block_scale_factor\":1,\"norm_eps\":1e-06,\"norm_num_groups\":32,"
                   "\"out_channels\":3,\"sample_size\":32,\"time_embedding_type\":\"positional\","
                   "\"up_block_types\":[\"UpBlock2D\",\"UpBlock2D\",\"AttnUpBlock2D\",\"UpBlock2D\"]}");
    assert_int_equal(warnings.total, 0);
    assert_int_equal(c.attention_head_dim, 0);
    assert_int_equal(c.downsample_padding, 0);
    assert_true(c.freq_shift == 1 && c.norm_eps == 1e-6 && !c.flip_sin_to_cos);
    assert_true(!c.down_attention[0] && c.down_attention[1] && !c.down_attention[2]);
    assert_true(!c.up_attention[0] && !c.up_attention[1] && c.up_attention[2] && !c.up_attention[3]);
    ctx_release(&ctx);
}

static void every_key_is_read(void **state) {
    (void)state;
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    struct unet_config c = good(
        &ctx, "{\"sample_size\":[16,24],\"in_channels\":5,\"out_channels\":6,\"center_input_sample\":true,"
              "\"time_embedding_type\":\"fourier\",\"time_embedding_dim\":77,\"freq_shift\":0.5,"
              "\"flip_sin_to_cos\":false,\"down_block_types\":[\"AttnDownBlock2D\"],"
              "\"mid_block_type\":\"UNetMidBlock2D\",\"up_block_types\":[\"AttnUpBlock2D\"],"
              "\"block_out_channels\":[64],\"layers_per_block\":3,\"mid_block_scale_factor\":1.5,"
              "\"downsample_padding\":0,\"downsample_type\":\"resnet\",\"upsample_type\":\"resnet\",\"dropout\":0.1,"
              "\"act_fn\":\"mish\",\"attention_head_dim\":16,\"norm_num_groups\":8,\"attn_norm_num_groups\":4,"
              "\"norm_eps\":0.001,\"resnet_time_scale_shift\":\"scale_shift\",\"add_attention\":false,"
              "\"class_embed_type\":\"timestep\",\"num_class_embeds\":10,\"num_train_timesteps\":500}");
    assert_int_equal(warnings.total, 0);
    assert_true(c.height == 16 && c.width == 24 && c.in_channels == 5 && c.out_channels == 6);
    assert_true(c.center_input_sample && c.time_embedding_type == UNET_TIME_FOURIER && c.time_embedding_dim == 77);
    assert_true(c.freq_shift == 0.5 && !c.flip_sin_to_cos && c.levels == 1 && c.down_attention[0] && c.up_attention[0]);
    assert_true(c.block_out_channels[0] == 64 && c.layers_per_block == 3 && c.mid_block_scale_factor == 1.5);
    assert_true(c.downsample_padding == 0 && c.resnet_downsample && c.resnet_upsample && c.act_fn == ACTIVATION_MISH);
    assert_true(c.attention_head_dim == 16 && c.norm_num_groups == 8 && c.attn_norm_num_groups == 4);
    assert_true(c.norm_eps == 0.001 && c.scale_shift && !c.add_attention);
    assert_true(c.class_embed_type == UNET_CLASS_TIMESTEP && c.num_class_embeds == 10 && c.num_train_timesteps == 500);
    c = good(&ctx, "{\"sample_size\":8,\"num_class_embeds\":10,\"class_embed_type\":null,\"act_fn\":\"swish\","
                   "\"num_train_timesteps\":null,\"time_embedding_dim\":null,\"attn_norm_num_groups\":null,"
                   "\"_null_class\":9}");
    assert_true(c.num_class_embeds == 10 && c.null_class == 9);
    assert_true(c.class_embed_type == UNET_CLASS_EMBEDDING && c.act_fn == ACTIVATION_SILU);
    assert_true(c.time_embedding_dim == 0 && c.attn_norm_num_groups == 0 && c.num_train_timesteps == 0);
    ctx_release(&ctx);
}

static void unknown_keys_are_warnings(void **state) {
    (void)state;
    struct ctx ctx;
    char text[4096] = "{\"sample_size\":8,\"_of_ours\":1,\"new_key\":[1]";
    ctx_init(&ctx, 1 << 20);
    size_t n = strlen(text);
    for (int i = 0; i < FILE_WARNINGS_MAX; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, ",\"key%d\":null", i);
    snprintf(text + n, sizeof text - n, "}");
    (void)good(&ctx, text);
    assert_int_equal(warnings.total, FILE_WARNINGS_MAX + 1);
    assert_int_equal(warnings.n, FILE_WARNINGS_MAX);
    assert_string_equal(warnings.list[0], "config.json has the unknown key new_key, which is left out.");
    ctx_release(&ctx);
}

#define WANTS(key) key " of config.json wants "

static const struct {
    const char *members, *detail;
} BAD[] = {
    {"", "config.json does not say its sample_size; want an integer from 1 to 1024."},
    {"\"sample_size\":null", "config.json does not say its sample_size; want an integer from 1 to 1024."},
    {"\"sample_size\":0", WANTS("sample_size") "an integer from 1 to 1024, or null."},
    {"\"sample_size\":1025", WANTS("sample_size") "an integer from 1 to 1024, or null."},
    {"\"sample_size\":8.0", WANTS("sample_size") "an integer from 1 to 1024, or null."},
    {"\"sample_size\":\"8\"", WANTS("sample_size") "an integer from 1 to 1024, or null."},
    {"\"sample_size\":[8]", WANTS("sample_size") "one integer, or two: height and width."},
    {"\"sample_size\":[8,-1]", WANTS("sample_size") "an integer from 1 to 1024, or null."},
    {"\"in_channels\":null", WANTS("in_channels") "an integer from 1 to 4096."},
    {"\"in_channels\":4097", WANTS("in_channels") "an integer from 1 to 4096."},
    {"\"in_channels\":9223372036854775807", WANTS("in_channels") "an integer from 1 to 4096."},
    {"\"out_channels\":true", WANTS("out_channels") "an integer from 1 to 4096."},
    {"\"center_input_sample\":0", WANTS("center_input_sample") "true or false."},
    {"\"time_embedding_type\":\"sine\"",
     WANTS("time_embedding_type") "one of positional, fourier, learned, not \"sine\"."},
    {"\"time_embedding_type\":1",
     WANTS("time_embedding_type") "one of positional, fourier, learned, not a value of another type."},
    {"\"freq_shift\":\"1\"", WANTS("freq_shift") "a number from -1000 to 1000."},
    {"\"freq_shift\":1e308", WANTS("freq_shift") "a number from -1000 to 1000."},
    {"\"down_block_types\":[]", WANTS("down_block_types") "an array of 1 to 8, one a level."},
    {"\"down_block_types\":\"DownBlock2D\"", WANTS("down_block_types") "an array of 1 to 8, one a level."},
    {"\"down_block_types\":[\"SkipDownBlock2D\"]",
     WANTS("down_block_types") "one of DownBlock2D, AttnDownBlock2D, not \"SkipDownBlock2D\"."},
    {"\"up_block_types\":[\"DownBlock2D\"]",
     WANTS("up_block_types") "one of UpBlock2D, AttnUpBlock2D, not \"DownBlock2D\"."},
    {"\"mid_block_type\":\"UNetMidBlock2DCrossAttn\"",
     WANTS("mid_block_type") "one of UNetMidBlock2D, not \"UNetMidBlock2DCrossAttn\"."},
    {"\"mid_block_type\":null", WANTS("mid_block_type") "one of UNetMidBlock2D, not null."},
    {"\"block_out_channels\":[4,4,4,4,4,4,4,4,4]", WANTS("block_out_channels") "an array of 1 to 8, one a level."},
    {"\"block_out_channels\":[4,4,4,0]", WANTS("block_out_channels") "an integer from 1 to 4096."},
    {"\"sample_size\":8,\"block_out_channels\":[4,4,4]",
     "config.json has 4 down_block_types, 4 up_block_types and 3 block_out_channels; want as many of each."},
    {"\"layers_per_block\":17", WANTS("layers_per_block") "an integer from 1 to 16."},
    {"\"mid_block_scale_factor\":0", WANTS("mid_block_scale_factor") "a number from 1e-06 to 1000000."},
    {"\"downsample_padding\":2", WANTS("downsample_padding") "an integer from 0 to 1."},
    {"\"downsample_type\":\"pool\"", WANTS("downsample_type") "one of conv, resnet, not \"pool\"."},
    {"\"dropout\":2", WANTS("dropout") "a number from 0 to 1."},
    {"\"act_fn\":\"\"", WANTS("act_fn") "one of silu, swish, mish, gelu, relu, not \"\"."},
    {"\"attention_head_dim\":0", WANTS("attention_head_dim") "an integer from 1 to 4096, or null."},
    {"\"norm_eps\":0", WANTS("norm_eps") "a number from 1e-12 to 1."},
    {"\"resnet_time_scale_shift\":\"ada_group\"",
     WANTS("resnet_time_scale_shift") "one of default, scale_shift, not \"ada_group\"."},
    {"\"class_embed_type\":\"projection\"", WANTS("class_embed_type") "one of timestep, identity, not \"projection\"."},
    {"\"num_class_embeds\":1000001", WANTS("num_class_embeds") "an integer from 1 to 1000000, or null."},
    {"\"sample_size\":8,\"num_class_embeds\":10,\"_null_class\":8",
     "config.json has the _null_class 8 and 10 num_class_embeds; want the last of these, counted from 0, or no "
     "_null_class."},
    {"\"sample_size\":8,\"num_class_embeds\":10,\"_null_class\":9,\"class_embed_type\":\"timestep\"",
     "config.json has the _null_class 9 and 10 num_class_embeds; want the last of these, counted from 0, or no "
     "_null_class."},
    {"\"_null_class\":0", WANTS("_null_class") "an integer from 1 to 1000000, or null."},
    {"\"in_channels\":1,\"in_channels\":1", "config.json gives a name twice (before its byte 30); want it once."},
    {"\"in_channels\":1e999", "config.json has a number that is out of range before its byte 20."},
};

static void bad_values_get_a_sentence(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(BAD); i++) {
        struct ctx ctx;
        struct unet_config c;
        char text[400];
        ctx_init(&ctx, 1 << 20);
        snprintf(text, sizeof text, "{%s}", BAD[i].members);
        enum status status = read_text(&ctx, text, &c);
        if (status != STATUS_INVALID || strcmp(ctx.err.detail, BAD[i].detail) != 0)
            fail_msg("%s: %d '%s'\nwant '%s'", text, status, ctx.err.detail, BAD[i].detail);
        ctx_release(&ctx);
    }
}

/* Python writes what JSON has not; within a string it is text. */
static void infinities_of_python_become_strings(void **state) {
    (void)state;
    struct ctx ctx;
    struct str out;
    static const char text[] = "{\"a\":-Infinity,\"NaN\":[NaN,Infinity],\"b\":\"\\\"Infinity\"}";
    static const char want[] = "{\"a\":\"-Infinity\",\"NaN\":[\"NaN\",\"Infinity\"],\"b\":\"\\\"Infinity\"}";
    ctx_init(&ctx, 1 << 20);
    assert_int_equal(json_file_python(&ctx, (struct str){text, sizeof text - 1}, &out), STATUS_OK);
    assert_int_equal(out.n, sizeof want - 1);
    assert_memory_equal(out.p, want, out.n);
    for (size_t n = 0; n < sizeof text; n++) { /* cut anywhere, in a block of that size */
        char *copy = malloc(n ? n : 1);
        assert_non_null(copy);
        memcpy(copy, text, n);
        assert_int_equal(json_file_python(&ctx, (struct str){copy, n}, &out), STATUS_OK);
        free(copy);
    }
    ctx.fail_after = 0;
    assert_int_equal(json_file_python(&ctx, (struct str){text, 1}, &out), STATUS_NO_MEMORY);
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_keys_have_defaults), cmocka_unit_test(the_config_of_a_known_model),
        cmocka_unit_test(every_key_is_read),          cmocka_unit_test(unknown_keys_are_warnings),
        cmocka_unit_test(bad_values_get_a_sentence),  cmocka_unit_test(infinities_of_python_become_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
