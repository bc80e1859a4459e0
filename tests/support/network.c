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
