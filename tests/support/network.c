#include "tests/support/network.h"

#include <math.h>

#include "core/base/torch_random.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"
#include "tests/support/untrained.h"

void network_randn(size_t height, size_t width, size_t channels, float *x) {
    struct torch_random random;
    size_t plane = height * width;
    float *planes = malloc(plane * channels * sizeof *planes);
    assert_non_null(planes);
    torch_random_seed(&random, 0);
    torch_random_normal(&random, planes, plane * channels);
    for (size_t c = 0; c < channels; c++)
        for (size_t p = 0; p < plane; p++)
            x[p * channels + c] = planes[c * plane + p];
    free(planes);
}

float *network_run(const struct graph *g, size_t images, const struct graph_in *in, size_t floats, size_t threads) {
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    struct parallel parallel = test_threads(threads);
    ctx.parallel = &parallel;
    size_t n = graph_floats(g, images);
    float *out = malloc(images * floats * sizeof *out), *work = malloc(n * sizeof *work);
    assert_non_null(out);
    assert_non_null(work);
    for (size_t i = 0; i < n; i++)
        work[i] = NAN;
    graph_run(&ctx, g, images, in, out, work);
    free(work);
    ctx_release(&ctx);
    return out;
}

struct network_sums network_sums(size_t height, size_t width, size_t channels, const float *y) {
    struct network_sums sums = {0};
    size_t plane = height * width;
    for (size_t i = 0; i < plane * channels; i++) {
        double value = (double)y[i % plane * channels + i / plane];
        sums.absolute += fabs(value);
        sums.mixed += value * (double)(i * 7919 % 1009) / 1009;
    }
    return sums;
}

size_t network_counts(const struct graph *g, size_t *tensors) {
    const struct parameter *list;
    size_t sum = 0;
    *tensors = graph_parameters(g, &list);
    for (size_t i = 0; i < *tensors; i++)
        sum += list[i].n;
    return sum;
}

void network_ignores_neighbours(const struct graph *g, size_t images, const struct graph_in *in, size_t in_floats,
                                size_t out_floats) {
    float *all = network_run(g, images, in, out_floats, 1);
    for (size_t i = 0; i < images * out_floats; i++)
        assert_true(isfinite(all[i]));
    for (size_t threads = 1; threads <= 3; threads++)
        for (size_t n = 1; n <= images; n += images - 1)
            for (size_t first = 0; first + n <= images; first += n) {
                const struct graph_in part_in = {in->x + first * in_floats, in->times ? in->times + first : NULL,
                                                 in->classes ? in->classes + first : NULL};
                float *part = network_run(g, n, &part_in, out_floats, threads);
                assert_memory_equal(part, all + first * out_floats, n * out_floats * sizeof *part);
                free(part);
            }
    free(all);
}

void network_fails_cleanly(enum status (*make)(struct ctx *ctx, struct graph **out)) {
    enum status status = STATUS_NO_MEMORY;
    for (size_t n = 0; status != STATUS_OK; n++) {
        struct ctx ctx;
        struct graph *g;
        ctx_init(&ctx, 64 << 20);
        ctx.fail_after = n;
        status = make(&ctx, &g);
        if (status == STATUS_OK)
            status = untrained_load(&ctx, g, NULL);
        ctx_release(&ctx);
        assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
        assert_true(n < 1000);
    }
}

struct unet_config network_tiny_unet(void) {
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

struct graph *network_everything(struct ctx *ctx, enum isa isa) {
    struct graph *g = graph_new(ctx, tensor_kernels_for(isa));
    assert_non_null(g);
    int x = graph_affine(g, graph_input(g, 6, 10, 3), 2, -1);
    int t = graph_sinusoids(g, GRAPH_TIME, 16, 1, true);
    t = graph_add(g, graph_add(g, t, graph_embedding(g, GRAPH_CLASS, "class", 5, 16)), graph_fourier(g, "time", 16));
    t = graph_activation(g, t, ACTIVATION_SILU);
    int m = graph_conv(g, t, &(struct conv){.name = "m", .out = 48, .kernel = 1, .linear = true});
    int h = graph_conv(g, x, &(struct conv){.name = "a", .out = 24, .kernel = 3, .vector = m, .vector_at = 3});
    h = graph_group_norm(
        g, h, &(struct norm){.name = "n", .groups = 4, .eps = 1e-5f, .modulation = m, .activation = ACTIVATION_GELU});
    int q = graph_conv(g, h, &(struct conv){.name = "q", .out = 24, .kernel = 1, .linear = true});
    int k = graph_conv(g, h, &(struct conv){.name = "k", .out = 24, .kernel = 1, .linear = true});
    int v = graph_conv(g, h, &(struct conv){.name = "v", .out = 24, .kernel = 1, .linear = true, .no_bias = true});
    h = graph_concat(g, h, graph_attention(g, q, k, v, 3));
    int d = graph_pool(g, h);
    d = graph_conv(g, graph_upsample(g, d),
                   &(struct conv){.name = "u", .out = 48, .kernel = 3, .residual = h, .scale = 0.5f});
    int l = graph_layer_norm(g, d,
                             &(struct layer){.name = "l", .eps = 1e-5f, .modulation = m, .scale_at = 0, .shift_at = 0});
    l = graph_multiply(g, graph_slice(g, l, 0, 24), ACTIVATION_SILU, graph_slice(g, l, 24, 24));
    l = graph_unpatch(g, graph_conv(g, l, &(struct conv){.name = "p", .out = 48, .kernel = 2, .stride = 2}), 2);
    l = graph_conv(g, l, &(struct conv){.name = "g", .out = 48, .kernel = 1, .gate = m, .residual = h});
    d = graph_conv(g, graph_add(g, d, l), &(struct conv){.name = "s", .out = 5, .kernel = 3, .stride = 2});
    graph_output(g, graph_over_time(g, d));
    return g;
}
