/* Derivatives of whole small networks against central differences, and against PyTorch's. */
#include <math.h>

#include "core/nn/dit.h"
#include "core/nn/mlp.h"
#include "core/nn/vae.h"
#include "tests/support/derivatives.h"
#include "tests/support/network.h"
#include "tests/support/test.h"
#include "tests/support/untrained.h"

enum { CLASSES = DERIVATIVES_CLASSES };

static enum status other_unet(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct unet_config c = network_tiny_unet();
    c.time_embedding_type = UNET_TIME_FOURIER;
    c.class_embed_type = UNET_CLASS_TIMESTEP;
    c.scale_shift = c.resnet_downsample = c.resnet_upsample = true;
    c.center_input_sample = true;
    c.attention_head_dim = 4;
    c.down_attention[0] = c.up_attention[1] = true;
    c.downsample_padding = 0;
    return unet_make(ctx, k, &c, out);
}

static enum status dit_swiglu(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct dit_config c = derivatives_dit_config();
    c.activation_fn = DIT_SWIGLU;
    return dit_make(ctx, k, &c, out);
}

static struct vae_config tiny_vae(void) {
    struct vae_config c = vae_default();
    c.height = c.width = 8;
    c.levels = 2;
    c.block_out_channels[0] = 4;
    c.block_out_channels[1] = 8;
    c.norm_num_groups = 2;
    return c;
}
static enum status decoder(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    const struct vae_config c = tiny_vae();
    return vae_make(ctx, k, &c, VAE_DECODER, out);
}
static enum status encoder(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    const struct vae_config c = tiny_vae();
    return vae_make(ctx, k, &c, VAE_ENCODER, out);
}

/* Its input goes two ways. */
static enum status told_mlp(struct ctx *ctx, const struct tensor_kernels *k, struct graph **out) {
    struct mlp_config c = mlp_default();
    c.hidden_size = 10, c.num_blocks = 1, c.time_size = 8, c.given = true;
    return mlp_make(ctx, k, &c, out);
}

static void networks(void **state) {
    (void)state;
    derivatives_check(derivatives_tiny_mlp, 3, 2);
    derivatives_check(told_mlp, 6, 0);
    derivatives_check(derivatives_tiny_unet, 8 * 8 * 3, 0);
    derivatives_check(other_unet, 8 * 8 * 3, 0);
    derivatives_check(derivatives_tiny_dit, 4 * 4 * 3, 0);
    derivatives_check(dit_swiglu, 4 * 4 * 3, 0);
    derivatives_check(decoder, 4 * 4 * 4, 0);
    derivatives_check(encoder, 8 * 8 * 3, 0);
}

/* -- PyTorch -- */

static double absolute(const struct graph *g, const char *name, const float *by) {
    const struct parameter *list;
    size_t n = graph_parameters(g, &list);
    double sum = 0;
    for (size_t i = 0; i < n; by += list[i++].n)
        for (size_t k = 0; k < list[i].n && (!name || !strcmp(name, list[i].name)); k++)
            sum += fabs((double)by[k]);
    return sum;
}

static void close_to(double got, double want) {
    if (!(fabs(got - want) <= 2e-5 * fabs(want)))
        fail_msg("%.9g, want %.9g", got, want);
}

/* The network of diffusers' own tests with the weights of torch.manual_seed(0), x = torch.randn(1, 3, 8, 8) of seed 0,
 * time 10, the loss half the sum of squares of what comes out: sums of absolute derivatives by PyTorch 2.13.0 on a CPU,
 * through diffusers 0.42.1. */
static void the_derivatives_are_pytorchs(void **state) {
    (void)state;
    struct ctx ctx;
    struct graph *g;
    struct gradient *gradient;
    const struct unet_config c = network_tiny_unet();
    struct untrained untrained = {.sum = 0};
    float x[192], y[192], by_input[192];
    ctx_init(&ctx, 64 << 20);
    assert_int_equal(unet_make(&ctx, tensor_kernels_for(isa_best()), &c, &g), STATUS_OK);
    assert_int_equal(gradient_new(&ctx, g, 1, &gradient), STATUS_OK);
    size_t n = gradient_numbers(g), at = 0;
    float *weights = malloc(n * sizeof *weights), *by = malloc(n * sizeof *by);
    assert_non_null(weights);
    assert_non_null(by);
    const struct parameter *list;
    size_t tensors = graph_parameters(g, &list);
    torch_random_seed(&untrained.random, 0);
    for (size_t i = 0; i < tensors; at += list[i++].n)
        assert_int_equal(untrained_find(&untrained, &ctx, &list[i], weights + at), STATUS_OK);
    network_randn(8, 8, 3, x);
    gradient_forward(&ctx, gradient, weights, 1, &(struct graph_in){.x = x, .times = (const float[]){10}}, y);
    gradient_backward(&ctx, gradient, y, by);
    gradient_by_input(&ctx, gradient, y, by_input);
    double sum = 0;
    for (size_t i = 0; i < 192; i++)
        sum += fabs((double)by_input[i]);
    close_to(sum, 36.53527069);
    close_to(absolute(g, NULL, by), 5566.654267);
    close_to(absolute(g, "conv_in.weight", by), 205.0807);
    close_to(absolute(g, "time_embedding.linear_1.weight", by), 4.29158);
    close_to(absolute(g, "down_blocks.0.downsamplers.0.conv.weight", by), 129.3144);
    close_to(absolute(g, "down_blocks.1.attentions.0.group_norm.weight", by), .6586901);
    close_to(absolute(g, "up_blocks.0.upsamplers.0.conv.weight", by), 431.59);
    close_to(absolute(g, "mid_block.attentions.0.to_q.weight", by), 1.291525);
    close_to((double)by[5], 1.043983); /* conv_in.weight is the first */
    free(weights), free(by);
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks),
        cmocka_unit_test(the_derivatives_are_pytorchs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
