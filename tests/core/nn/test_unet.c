/* Goldens: diffusers' UNet2DModel with the initial weights of seed 0, by PyTorch (../shared/reference/diffusion.md, section 4,
 * which took them from diffusers' own pipeline tests and from runs beside it). */
#include "core/nn/unet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"
#include "tests/support/untrained.h"

static struct unet_config tiny(void) {
    struct unet_config c = unet_default();
    c.height = c.width = 8;
    c.levels = 2;
    c.block_out_channels[0] = 4;
    c.block_out_channels[1] = 8;
    c.down_attention[0] = false, c.down_attention[1] = true;
    c.up_attention[0] = true, c.up_attention[1] = false;
    c.layers_per_block = 1;
    c.norm_num_groups = 4;
    return c;
}

/* randn fills x[3][8][8] (channels first, as PyTorch has it) into channels last. */
static void randn(float *x) {
    struct torch_random r;
    float planes[192];
    torch_random_seed(&r, 0);
    torch_random_normal(&r, planes, 192);
    for (size_t c = 0; c < 3; c++)
        for (size_t p = 0; p < 64; p++)
            x[p * 3 + c] = planes[c * 64 + p];
}

static struct graph *make(struct ctx *ctx, enum isa isa, const struct unet_config *c, double *sum) {
    struct graph *g;
    struct untrained weights = {.sum = 0};
    torch_random_seed(&weights.random, 0);
    assert_int_equal(unet_make(ctx, tensor_kernels_for(isa), c, &g), STATUS_OK);
    assert_int_equal(graph_load(ctx, g, untrained_find, &weights), STATUS_OK);
    *sum = weights.sum;
    return g;
}

static double forward(struct ctx *ctx, const struct graph *g, float time, float *y) {
    float x[192];
    randn(x);
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
        struct unet_config c = tiny();
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

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_untrained_network_is_pytorchs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
