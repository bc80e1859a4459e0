/* Goldens: diffusers 0.42.1 with PyTorch 2.13.0 on a CPU, for each row
 *     torch.manual_seed(0); m = AutoencoderKL(down_block_types=("DownEncoderBlock2D",) * 2,
 *         up_block_types=("UpDecoderBlock2D",) * 2, block_out_channels=(8, 16), norm_num_groups=4, sample_size=16, and
 *         what the row names).eval()
 *     torch.manual_seed(0); y = m.decode(torch.randn(1, latent_channels, h, h)).sample    h latents high
 *     torch.manual_seed(0); d = m.encode(torch.randn(1, in_channels, 16, 16)).latent_dist
 *     y = torch.cat([d.mean, d.logvar], 1)
 * and the sums of tests/support/network.h over both y, and of |weights|. */
#include "core/nn/vae.h"

#include <math.h>

#include "tests/support/network.h"
#include "tests/support/test.h"
#include "tests/support/untrained.h"

static struct vae_config tiny(void) {
    struct vae_config c = vae_default();
    c.height = c.width = 16;
    c.levels = 2;
    c.block_out_channels[0] = 8;
    c.block_out_channels[1] = 16;
    c.norm_num_groups = 4;
    c.scaling_factor = 1; /* the autoencoder's own latents */
    return c;
}

/* The weights of both parts: the constructor makes the encoder, the decoder, quant_conv and post_quant_conv. */
struct bank {
    struct parameter list[512];
    size_t n;
    struct untrained untrained;
};

static void draw(struct bank *bank, struct ctx *ctx, const struct graph *g, bool quant) {
    const struct parameter *list;
    size_t n = graph_parameters(g, &list);
    for (size_t i = 0; i < n; i++)
        if (quant == (strstr(list[i].name, "quant_conv.") != NULL)) {
            struct parameter *p = &bank->list[bank->n++];
            *p = list[i];
            assert_non_null(p->values = ctx_alloc(ctx, p->n, sizeof *p->values));
            assert_int_equal(untrained_find(&bank->untrained, ctx, p, p->values), STATUS_OK);
        }
}

static enum status find(void *self, struct ctx *ctx, const struct parameter *p, float *to) {
    const struct bank *bank = self;
    (void)ctx;
    for (size_t i = 0; i < bank->n; i++)
        if (!strcmp(bank->list[i].name, p->name)) {
            memcpy(to, bank->list[i].values, p->n * sizeof *to);
            return STATUS_OK;
        }
    fail_msg("no %s", p->name);
    return STATUS_INTERNAL;
}

static void make(struct ctx *ctx, enum isa isa, const struct vae_config *c, struct bank *bank, struct graph *part[3]) {
    bank->n = 0;
    bank->untrained.sum = 0;
    torch_random_seed(&bank->untrained.random, 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(vae_make(ctx, tensor_kernels_for(isa), c, (enum vae_part)i, &part[i]), STATUS_OK);
    draw(bank, ctx, part[VAE_MOMENTS], false);
    draw(bank, ctx, part[VAE_DECODER], false);
    draw(bank, ctx, part[VAE_MOMENTS], true);
    draw(bank, ctx, part[VAE_DECODER], true);
    for (int i = 0; i < 3; i++)
        assert_int_equal(graph_load(ctx, part[i], find, bank), STATUS_OK);
}

struct golden {
    const char *name;
    struct vae_config c;
    size_t parameters, tensors;
    double weights, decoded, decoded_mixed, moments, moments_mixed;
};

static void near(const char *name, double got, double want, double within) {
    if (!(fabs(got - want) <= within))
        fail_msg("%s: %.9g, want %.9g", name, got, want);
}

static float *run(struct ctx *ctx, const struct graph *g, size_t size, size_t in, size_t floats) {
    float *x = ctx_alloc(ctx, size * size * in, sizeof *x);
    network_randn(size, size, in, x);
    return network_run(g, 1, &(struct graph_in){.x = x}, floats, 1);
}

static void check(enum isa isa, const struct golden *golden) {
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    const struct vae_config *c = &golden->c;
    struct graph *part[3];
    static struct bank bank;
    make(&ctx, isa, c, &bank, part);
    size_t n[2], latents = c->height >> (c->levels - 1), own = latents * latents * c->latent_channels;
    assert_int_equal(network_counts(part[VAE_DECODER], &n[0]) + network_counts(part[VAE_MOMENTS], &n[1]),
                     golden->parameters);
    assert_int_equal(n[0] + n[1], golden->tensors);
    near(golden->name, bank.untrained.sum, golden->weights, 1e-7 * golden->weights);
    float *y = run(&ctx, part[VAE_DECODER], latents, c->latent_channels, c->height * c->width * c->out_channels);
    struct network_sums sums = network_sums(c->height, c->width, c->out_channels, y);
    near(golden->name, sums.absolute, golden->decoded, 5e-6 * golden->decoded);
    near(golden->name, sums.mixed, golden->decoded_mixed, 5e-6 * golden->decoded);
    free(y);
    float *moments = run(&ctx, part[VAE_MOMENTS], c->height, c->in_channels, 2 * own);
    sums = network_sums(latents, latents, 2 * c->latent_channels, moments);
    near(golden->name, sums.absolute, golden->moments, 5e-6 * golden->moments);
    near(golden->name, sums.mixed, golden->moments_mixed, 5e-6 * golden->moments);
    float *mean = run(&ctx, part[VAE_ENCODER], c->height, c->in_channels, own);
    for (size_t i = 0; i < own; i++)
        assert_true(mean[i] == moments[i / c->latent_channels * 2 * c->latent_channels + i % c->latent_channels]);
    free(moments), free(mean);
    ctx_release(&ctx);
}

/* What is set, parameters, tensors, sums: of |weights|, of |decoded|, mixed, of |moments|, mixed. Each key counts. */
#define GOLDEN_LIST(X)                                                                                                 \
    X((void)0, 43711, 124, 2461.6179, 172.209852, -29.7542816, 111.246577, 16.0279507)                                 \
    X(c.layers_per_block = 2, 55519, 156, 3074.85726, 181.550226, 23.8124143, 112.516531, 9.87110873)                  \
    X(c.act_fn = ACTIVATION_GELU, 43711, 124, 2461.6179, 170.3846, -29.8076472, 110.643062, 16.5437574)                \
    X((c.latent_channels = 2, c.in_channels = 1, c.out_channels = 2), 42560, 124, 2403.58389, 109.083433, -26.6205911, \
      49.2761322, 14.3268945)                                                                                          \
    X(c.norm_num_groups = 2, 43711, 124, 2461.6179, 183.558333, -40.6587438, 114.655311, 14.8693802)                   \
    X(c.use_quant_conv = c.use_post_quant_conv = false, 43619, 120, 2443.01592, 172.631385, -27.4428931, 130.126477,   \
      16.9401149)                                                                                                      \
    X(c.mid_block_add_attention = false, 41471, 104, 2160.53614, 200.544336, -1.14578759, 144.172283, 17.2115234)      \
    X(c.down_attention[1] = c.up_attention[0] = true, 47071, 154, 2921.71398, 190.082651, 36.9017499, 112.178785,      \
      -10.6982013)                                                                                                     \
    X((c.levels = 3, c.block_out_channels[2] = 16), 62463, 152, 3327.20854, 175.783327, 40.8194106, 28.9900442,        \
      -2.89315278)

static void untrained_networks_are_pytorchs(void **state) {
    (void)state;
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_here((enum isa)isa))
            continue;
#define X(set, ...)                                                         \
    {                                                                       \
        struct vae_config c = tiny();                                       \
        set;                                                                \
        check((enum isa)isa, &(const struct golden){#set, c, __VA_ARGS__}); \
    }
        GOLDEN_LIST(X)
#undef X
    }
}

/* Latents of samplers are (own - shift) * scaling, both ways. */
static void latents_are_scaled(void **state) {
    (void)state;
    enum { LATENTS = 8 * 8 * 4, PIXELS = 16 * 16 * 3 };
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    struct vae_config c = tiny(), scaled = tiny();
    scaled.scaling_factor = 0.25;
    scaled.shift_factor = 0.5;
    struct graph *part[3], *other[3];
    static struct bank bank;
    make(&ctx, ISA_REF, &c, &bank, part);
    make(&ctx, ISA_REF, &scaled, &bank, other);
    float *mean = run(&ctx, part[VAE_ENCODER], 16, 3, LATENTS),
          *latents = run(&ctx, other[VAE_ENCODER], 16, 3, LATENTS);
    for (size_t i = 0; i < LATENTS; i++)
        near("latents", (double)latents[i], ((double)mean[i] - 0.5) * 0.25, 1e-6);
    float *y = network_run(part[VAE_DECODER], 1, &(struct graph_in){.x = mean}, PIXELS, 1);
    float *z = network_run(other[VAE_DECODER], 1, &(struct graph_in){.x = latents}, PIXELS, 1);
    for (size_t i = 0; i < PIXELS; i++)
        near("picture", (double)z[i], (double)y[i], 1e-5);
    free(mean), free(latents), free(y), free(z);
    ctx_release(&ctx);
}

/* Of each channel: (own - shift - mean) / std * scaling, both ways. */
static void latents_have_means_and_deviations(void **state) {
    (void)state;
    enum { LATENTS = 8 * 8 * 4, PIXELS = 16 * 16 * 3 };
    static const double MEAN[] = {0.5, -1, 0, 2}, STD[] = {1, 2, 0.5, 4};
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    struct vae_config c = tiny(), scaled = tiny();
    scaled.scaling_factor = 0.25;
    scaled.shift_factor = 0.125;
    scaled.latents_mean = MEAN;
    scaled.latents_std = STD;
    struct graph *part[3], *other[3];
    static struct bank bank;
    make(&ctx, ISA_REF, &c, &bank, part);
    make(&ctx, ISA_REF, &scaled, &bank, other);
    float *own = run(&ctx, part[VAE_ENCODER], 16, 3, LATENTS), *seen = run(&ctx, other[VAE_ENCODER], 16, 3, LATENTS);
    for (size_t i = 0; i < LATENTS; i++)
        near("latents", (double)seen[i], ((double)own[i] - 0.125 - MEAN[i % 4]) / STD[i % 4] * 0.25, 1e-6);
    float *y = network_run(part[VAE_DECODER], 1, &(struct graph_in){.x = own}, PIXELS, 1);
    float *z = network_run(other[VAE_DECODER], 1, &(struct graph_in){.x = seen}, PIXELS, 1);
    for (size_t i = 0; i < PIXELS; i++)
        near("picture", (double)z[i], (double)y[i], 1e-5);
    free(own), free(seen), free(y), free(z);
    scaled.latents_mean = NULL; /* one without the other */
    make(&ctx, ISA_REF, &scaled, &bank, other);
    seen = run(&ctx, other[VAE_ENCODER], 16, 3, LATENTS);
    assert_true(isfinite(seen[0]));
    free(seen);
    scaled.latents_std = (const double[]){1, 0, 1, 1};
    assert_int_equal(vae_make(&ctx, &tensor_ref, &scaled, VAE_DECODER, &other[0]), STATUS_INVALID);
    assert_string_equal(ctx.err.detail, "latents_std is not positive and finite.");
    ctx_release(&ctx);
}

/* The autoencoder of DiT and Stable Diffusion, counted by diffusers 0.42.1; pictures need not be square. */
static void parameters_are_as_many_as_in_files(void **state) {
    (void)state;
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    struct vae_config c = vae_default();
    c.levels = 4;
    c.height = 256, c.width = 512;
    c.layers_per_block = 2;
    for (size_t i = 0; i < 4; i++)
        c.block_out_channels[i] = (const size_t[]){128, 256, 512, 512}[i];
    struct graph *g;
    size_t tensors;
    assert_int_equal(vae_make(&ctx, &tensor_ref, &c, VAE_MOMENTS, &g), STATUS_OK);
    assert_int_equal(network_counts(g, &tensors), 34163664);
    assert_int_equal(tensors, 108);
    assert_int_equal(vae_make(&ctx, &tensor_ref, &c, VAE_DECODER, &g), STATUS_OK);
    assert_int_equal(network_counts(g, &tensors), 49490199);
    assert_int_equal(tensors, 140);
    ctx_release(&ctx);
}

static void names_are_those_of_files(void **state) {
    (void)state;
    static const char *const wanted[] = {
        "post_quant_conv.weight",
        "decoder.conv_in.weight",
        "decoder.mid_block.attentions.0.group_norm.weight",
        "decoder.mid_block.attentions.0.to_out.0.bias",
        "decoder.mid_block.resnets.1.conv2.bias",
        "decoder.up_blocks.0.resnets.1.norm1.weight",
        "decoder.up_blocks.0.upsamplers.0.conv.bias",
        "decoder.up_blocks.1.resnets.0.conv_shortcut.weight",
        "decoder.conv_norm_out.weight",
        "decoder.conv_out.bias",
        "quant_conv.bias",
        "encoder.conv_in.weight",
        "encoder.down_blocks.0.resnets.0.conv1.weight",
        "encoder.down_blocks.0.downsamplers.0.conv.weight",
        "encoder.down_blocks.1.resnets.0.conv_shortcut.bias",
        "encoder.down_blocks.1.attentions.0.to_q.weight",
        "encoder.mid_block.resnets.0.norm2.bias",
        "encoder.conv_norm_out.bias",
        "encoder.conv_out.weight",
    };
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    struct vae_config c = tiny();
    c.down_attention[1] = true;
    struct graph *part[3];
    static struct bank bank;
    make(&ctx, ISA_REF, &c, &bank, part);
    for (size_t i = 0; i < COUNT(wanted); i++) {
        size_t k = 0;
        while (k < bank.n && strcmp(bank.list[k].name, wanted[i]) != 0)
            k++;
        if (k == bank.n)
            fail_msg("no %s", wanted[i]);
    }
    ctx_release(&ctx);
}

static void neighbours_and_threads_change_no_bit(void **state) {
    (void)state;
    enum { IMAGES = 3, LATENTS = 4 * 8 * 4, PIXELS = 8 * 16 * 3 };
    float x[IMAGES * PIXELS];
    network_randn(1, 1, IMAGES * PIXELS, x);
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_here((enum isa)isa))
            continue;
        struct ctx ctx;
        ctx_init(&ctx, 64 << 20);
        struct vae_config c = tiny();
        c.height = 8;
        struct graph *part[3];
        static struct bank bank;
        make(&ctx, (enum isa)isa, &c, &bank, part);
        network_ignores_neighbours(part[VAE_DECODER], IMAGES, &(struct graph_in){.x = x}, LATENTS, PIXELS);
        network_ignores_neighbours(part[VAE_ENCODER], IMAGES, &(struct graph_in){.x = x}, PIXELS, LATENTS);
        ctx_release(&ctx);
    }
}

static void what_does_not_fit_is_named(void **state) {
    (void)state;
    struct ctx ctx;
    struct graph *g;
    ctx_init(&ctx, 64 << 20);
#define REFUSED(words, ...)                                                                 \
    {                                                                                       \
        struct vae_config c = tiny();                                                       \
        (void)(__VA_ARGS__);                                                                \
        assert_int_equal(vae_make(&ctx, &tensor_ref, &c, VAE_DECODER, &g), STATUS_INVALID); \
        if (!strstr(ctx.err.detail, words))                                                 \
            fail_msg("%s, not %s", ctx.err.detail, words);                                  \
    }
    REFUSED("length of block_out_channels is 0", c.levels = 0)
    REFUSED("length of block_out_channels is 9", c.levels = 9)
    REFUSED("sample_size is 15", c.width = 15)
    REFUSED("sample_size is 0", c.height = 0)
    REFUSED("sample_size is 4098", c.height = 4098)
    REFUSED("layers_per_block is 17", c.layers_per_block = 17)
    REFUSED("layers_per_block is 0", c.layers_per_block = 0)
    REFUSED("scaling_factor", c.scaling_factor = 0)
    REFUSED("scaling_factor", c.scaling_factor = NAN)
    REFUSED("shift_factor", c.shift_factor = INFINITY)
    REFUSED("in_channels is 0", c.in_channels = 0)
    REFUSED("out_channels is 4097", c.out_channels = 4097)
    REFUSED("latent_channels is 0", c.latent_channels = 0)
    REFUSED("norm_num_groups is 0", c.norm_num_groups = 0)
    REFUSED("block_out_channels is 18, want 1 to 4096 and a multiple of norm_num_groups", c.block_out_channels[1] = 18)
#undef REFUSED
    ctx_release(&ctx);
}

static enum status make_decoder(struct ctx *ctx, struct graph **out) {
    const struct vae_config c = tiny();
    return vae_make(ctx, &tensor_ref, &c, VAE_DECODER, out);
}
static enum status make_encoder(struct ctx *ctx, struct graph **out) {
    const struct vae_config c = tiny();
    return vae_make(ctx, &tensor_ref, &c, VAE_ENCODER, out);
}
static enum status make_moments(struct ctx *ctx, struct graph **out) {
    const struct vae_config c = tiny();
    return vae_make(ctx, &tensor_ref, &c, VAE_MOMENTS, out);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    network_fails_cleanly(make_decoder);
    network_fails_cleanly(make_encoder);
    network_fails_cleanly(make_moments);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(untrained_networks_are_pytorchs),   cmocka_unit_test(latents_are_scaled),
        cmocka_unit_test(latents_have_means_and_deviations), cmocka_unit_test(parameters_are_as_many_as_in_files),
        cmocka_unit_test(names_are_those_of_files),          cmocka_unit_test(neighbours_and_threads_change_no_bit),
        cmocka_unit_test(what_does_not_fit_is_named),        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
