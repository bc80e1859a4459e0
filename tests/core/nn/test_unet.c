/* Goldens: diffusers' UNet2DModel with the initial weights of seed 0, by PyTorch (../shared/reference/diffusion.md, section 4,
 * which took them from diffusers' own pipeline tests and from runs beside it). */
#include "core/nn/unet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/network.h"
#include "tests/support/test.h"
#include "tests/support/untrained.h"

static struct graph *make(struct ctx *ctx, enum isa isa, const struct unet_config *c, double *sum) {
    struct graph *g;
    assert_int_equal(unet_make(ctx, tensor_kernels_for(isa), c, &g), STATUS_OK);
    assert_int_equal(untrained_load(ctx, g, sum), STATUS_OK);
    return g;
}

static double forward(struct ctx *ctx, const struct graph *g, float time, float *y) {
    float x[192];
    network_randn(8, 8, 3, x);
    float *work = ctx_alloc(ctx, graph_floats(g, 1), sizeof *work);
    assert_non_null(work);
    graph_run(ctx, g, 1, &(struct graph_in){.x = x, .times = &time}, y, work);
    double sum = 0;
    for (size_t i = 0; i < 192; i++)
        sum += fabs((double)y[i]);
    return sum;
}

static void near(double got, double want, double relative) {
    if (!(fabs(got - want) <= relative * fabs(want)))
        fail_msg("%.9g, want %.9g", got, want);
}

static void the_untrained_network_is_pytorchs(void **state) {
    (void)state;
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_here((enum isa)isa))
            continue;
        struct ctx ctx;
        ctx_init(&ctx, 64 << 20);
        struct unet_config c = network_tiny_unet();
        double sum;
        float y[192];
        struct graph *g = make(&ctx, (enum isa)isa, &c, &sum);
        near(sum, 1086.0016, 1e-6);
        near(forward(&ctx, g, 0, y), 49.313219, 1e-6);
        near(forward(&ctx, g, 500, y), 49.929685, 1e-6);
        near(forward(&ctx, g, 10, y), 49.540886, 1e-6);
        near((double)y[0], .43482754, 1e-5);
        near((double)y[3], .36600369, 1e-5);
        c.freq_shift = 1;
        c.flip_sin_to_cos = false;
        c.downsample_padding = 0;
        c.attention_head_dim = 0;
        c.norm_eps = 1e-6;
        g = make(&ctx, (enum isa)isa, &c, &sum);
        near(forward(&ctx, g, 500, y), 51.844834, 1e-6);
        ctx_release(&ctx);
    }
}

/* Parameters and tensors as in the reference, section 3, table of models. */
static const struct {
    const char *name;
    size_t size, channels, levels, widths[6], layers, groups;
    const char *down, *up; /* a: with attention */
    size_t parameters, tensors;
    double gflop; /* of a forward pass, 2 a multiply-add */
} SIZES[] = {
    {"cifar10-32", 32, 3, 4, {128, 256, 256, 256}, 2, 32, "-a--", "--a-", 35746307, 328, 12.44},
    {"celebahq-256", 256, 3, 6, {128, 128, 256, 256, 512, 512}, 2, 32, "----a-", "-a----", 113673219, 450, 497.0},
    {"28x28", 28, 1, 3, {32, 64, 64}, 1, 32, "---", "---", 1062497, 152, .373},
    {"28x28 with attention", 28, 1, 3, {32, 64, 64}, 1, 32, "--a", "a--", 1112801, 182, .380},
    {"28x28, 2 layers", 28, 1, 3, {32, 64, 64}, 2, 32, "---", "---", 1539329, 218, .543},
    {"28x28, 2 layers with attention", 28, 1, 3, {32, 64, 64}, 2, 32, "--a", "a--", 1623169, 268, .554},
    {"28x28, 2 layers with more of it", 28, 1, 3, {32, 64, 64}, 2, 32, "-aa", "aa-", 1707009, 318, .636},
    {"8x8 digits", 8, 1, 2, {32, 64}, 1, 8, "-a", "a-", 701345, 144, .032},
};

static void parameters_are_as_many_as_in_files(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(SIZES); i++) {
        struct unet_config c = unet_default();
        c.height = c.width = SIZES[i].size;
        c.in_channels = c.out_channels = SIZES[i].channels;
        c.levels = SIZES[i].levels;
        c.layers_per_block = SIZES[i].layers;
        c.norm_num_groups = SIZES[i].groups;
        for (size_t l = 0; l < c.levels; l++) {
            c.block_out_channels[l] = SIZES[i].widths[l];
            c.down_attention[l] = SIZES[i].down[l] == 'a';
            c.up_attention[l] = SIZES[i].up[l] == 'a';
        }
        struct ctx ctx;
        ctx_init(&ctx, 64 << 20);
        struct graph *g;
        assert_int_equal(unet_make(&ctx, &tensor_ref, &c, &g), STATUS_OK);
        size_t n, sum = network_counts(g, &n);
        if (n != SIZES[i].tensors || sum != SIZES[i].parameters)
            fail_msg("%s: %zu parameters in %zu tensors", SIZES[i].name, sum, n);
        double gflop = graph_work(g) * 2e-9; /* the reference has three or two digits */
        if (fabs(gflop - SIZES[i].gflop) > 0.02 * SIZES[i].gflop)
            fail_msg("%s: %g GFLOP", SIZES[i].name, gflop);
        ctx_release(&ctx);
    }
}

static void names_are_those_of_files(void **state) {
    (void)state;
    static const char *const wanted[] = {"conv_in.weight",
                                         "time_embedding.linear_1.bias",
                                         "down_blocks.0.resnets.0.norm1.weight",
                                         "down_blocks.0.downsamplers.0.conv.weight",
                                         "down_blocks.1.attentions.0.to_q.weight",
                                         "down_blocks.1.attentions.0.to_out.0.bias",
                                         "mid_block.attentions.0.group_norm.weight",
                                         "mid_block.resnets.1.conv2.weight",
                                         "up_blocks.0.resnets.0.conv_shortcut.weight",
                                         "up_blocks.0.upsamplers.0.conv.bias",
                                         "up_blocks.1.resnets.1.time_emb_proj.weight",
                                         "conv_norm_out.bias",
                                         "conv_out.weight"};
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    struct graph *g;
    struct unet_config c = network_tiny_unet();
    const struct parameter *list;
    assert_int_equal(unet_make(&ctx, &tensor_ref, &c, &g), STATUS_OK);
    size_t n = graph_parameters(g, &list);
    for (size_t i = 0; i < COUNT(wanted); i++) {
        size_t p = 0;
        while (p < n && strcmp(list[p].name, wanted[i]) != 0)
            p++;
        if (p == n)
            fail_msg("no %s", wanted[i]);
    }
    ctx_release(&ctx);
}

/* Each key changes the answer, and leaves it finite. */
#define KEY_LIST(X)                                                                     \
    X(c.center_input_sample = true)                                                     \
    X(c.time_embedding_type = UNET_TIME_FOURIER)                                        \
    X(c.time_embedding_type = UNET_TIME_LEARNED)                                        \
    X(c.time_embedding_dim = 24)                                                        \
    X(c.freq_shift = 1)                                                                 \
    X(c.flip_sin_to_cos = false)                                                        \
    X(c.down_attention[0] = true, c.attention_head_dim = 4)                             \
    X(c.up_attention[0] = false)                                                        \
    X(c.block_out_channels[1] = 16)                                                     \
    X(c.layers_per_block = 2)                                                           \
    X(c.mid_block_scale_factor = 1.5)                                                   \
    X(c.downsample_padding = 0)                                                         \
    X(c.down_attention[0] = true, c.resnet_downsample = true, c.attention_head_dim = 4) \
    X(c.resnet_upsample = true)                                                         \
    X(c.act_fn = ACTIVATION_MISH)                                                       \
    X(c.act_fn = ACTIVATION_GELU)                                                       \
    X(c.act_fn = ACTIVATION_RELU)                                                       \
    X(c.attention_head_dim = 4)                                                         \
    X(c.norm_num_groups = 2)                                                            \
    X(c.attn_norm_num_groups = 2)                                                       \
    X(c.norm_eps = 0.1)                                                                 \
    X(c.scale_shift = true)                                                             \
    X(c.scale_shift = true, c.attn_norm_num_groups = 4)                                 \
    X(c.add_attention = false)                                                          \
    X(c.class_embed_type = UNET_CLASS_EMBEDDING, c.num_class_embeds = 3)                \
    X(c.class_embed_type = UNET_CLASS_TIMESTEP)

static double sum_with(struct unet_config c) {
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    double weights, sum = 0;
    float x[192], y[192], time = 10;
    network_randn(8, 8, 3, x);
    struct graph *g = make(&ctx, ISA_REF, &c, &weights);
    float *work = ctx_alloc(&ctx, graph_floats(g, 1), sizeof *work);
    graph_run(&ctx, g, 1, &(struct graph_in){x, &time, &(int64_t){2}}, y, work);
    for (size_t i = 0; i < 192; i++)
        sum += (double)y[i];
    ctx_release(&ctx);
    assert_true(isfinite(sum));
    return sum;
}

static void every_key_counts(void **state) {
    (void)state;
    double sums[64] = {sum_with(network_tiny_unet())};
    size_t n = 1;
#define X(...)                                             \
    {                                                      \
        struct unet_config c = network_tiny_unet();        \
        (void)(__VA_ARGS__);                               \
        sums[n] = sum_with(c);                             \
        for (size_t i = 0; i < n; i++)                     \
            if (fabs(sums[n] - sums[i]) < 1e-4)            \
                fail_msg("%s is as %zu", #__VA_ARGS__, i); \
        n++;                                               \
    }
    KEY_LIST(X)
#undef X
}

static void what_does_not_fit_is_named(void **state) {
    (void)state;
    struct ctx ctx;
    struct graph *g;
    ctx_init(&ctx, 64 << 20);
#define REFUSED(words, ...)                                                     \
    {                                                                           \
        struct unet_config c = network_tiny_unet();                             \
        (void)(__VA_ARGS__);                                                    \
        assert_int_equal(unet_make(&ctx, &tensor_ref, &c, &g), STATUS_INVALID); \
        if (!strstr(ctx.err.detail, words))                                     \
            fail_msg("%s, not %s", ctx.err.detail, words);                      \
    }
    REFUSED("sample_size is 7, want one that halves", c.height = c.width = 7)
    REFUSED("sample_size is 0", c.height = 0)
    REFUSED("sample_size is 1025", c.height = 8, c.width = 8, c.height = 1025)
    REFUSED("in_channels is 0", c.in_channels = 0)
    REFUSED("out_channels is 4097", c.out_channels = 4097)
    REFUSED("block_out_channels is 6, want a multiple of norm_num_groups", c.block_out_channels[1] = 6)
    REFUSED("block_out_channels[0] is 5, want an even", c.norm_num_groups = 1, c.block_out_channels[0] = 5)
    REFUSED("layers_per_block is 17", c.layers_per_block = 17)
    REFUSED("attention_head_dim is 9", c.attention_head_dim = 9)
    REFUSED("attn_norm_num_groups is 3", c.attn_norm_num_groups = 3)
    REFUSED("length of block_out_channels is 9", c.levels = 9)
    REFUSED("norm_num_groups is 0", c.norm_num_groups = 0)
    REFUSED("mid_block_scale_factor", c.mid_block_scale_factor = 0)
    REFUSED("identity", c.class_embed_type = UNET_CLASS_IDENTITY)
#undef REFUSED
    ctx_release(&ctx);
}

static enum status make_tiny(struct ctx *ctx, struct graph **out) {
    const struct unet_config c = network_tiny_unet();
    return unet_make(ctx, &tensor_ref, &c, out);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    network_fails_cleanly(make_tiny);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_untrained_network_is_pytorchs), cmocka_unit_test(parameters_are_as_many_as_in_files),
        cmocka_unit_test(names_are_those_of_files),          cmocka_unit_test(every_key_counts),
        cmocka_unit_test(what_does_not_fit_is_named),        cmocka_unit_test(each_allocation_may_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
