#include "core/nn/graph_weights.h"

#include <math.h>

#include "core/nn/dit.h"
#include "core/nn/mlp.h"
#include "tests/support/network.h"
#include "tests/support/test.h"
#include "tests/support/untrained.h"

/* What graph_load was given, one parameter after another. */
struct given {
    struct untrained random;
    float numbers[60000];
    size_t n;
};

static enum status find(void *self, struct ctx *ctx, const struct parameter *p, float *to) {
    struct given *given = self;
    enum status status = untrained_find(&given->random, ctx, p, to);
    assert_true(given->n + p->n <= COUNT(given->numbers));
    memcpy(given->numbers + given->n, to, p->n * sizeof *to);
    given->n += p->n;
    return status;
}

static void gives_back(struct ctx *ctx, struct graph *g) {
    static struct given given;
    float *got = ctx_alloc(ctx, COUNT(given.numbers), sizeof *got);
    given = (struct given){.n = 0};
    torch_random_seed(&given.random.random, 0);
    assert_non_null(got);
    assert_int_equal(graph_load(ctx, g, find, &given), STATUS_OK);
    assert_int_equal(graph_weights(ctx, g, got), STATUS_OK);
    assert_memory_equal(got, given.numbers, given.n * sizeof *got);
}

/* Convolutions of 3x3, of 1x1 and of patches, linear layers, norms, embeddings. */
static void weights_come_back(void **state) {
    (void)state;
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_here((enum isa)isa))
            continue;
        struct ctx ctx;
        struct graph *g;
        const struct tensor_kernels *k = tensor_kernels_for((enum isa)isa);
        struct unet_config unet = network_tiny_unet();
        struct dit_config dit = dit_default();
        struct mlp_config mlp = mlp_default();
        ctx_init(&ctx, 64 << 20);
        assert_int_equal(unet_make(&ctx, k, &unet, &g), STATUS_OK);
        gives_back(&ctx, g);
        dit.num_attention_heads = 2, dit.attention_head_dim = 8, dit.in_channels = 3, dit.num_layers = 1;
        dit.sample_size = 6, dit.patch_size = 3, dit.num_embeds_ada_norm = 10;
        assert_int_equal(dit_make(&ctx, k, &dit, &g), STATUS_OK);
        gives_back(&ctx, g);
        mlp.hidden_size = 37, mlp.num_classes = 2, mlp.features = 5;
        assert_int_equal(mlp_make(&ctx, k, &mlp, &g), STATUS_OK);
        gives_back(&ctx, g);
        ctx_release(&ctx);
    }
}

/* A convolution that winograd.h runs: weights up to rounding, the bias exactly. */
static void transformed_weights_come_back(void **state) {
    (void)state;
    enum { IN = 16, OUT = 19, WEIGHTS = 9 * IN * OUT };
    static struct given given;
    static float got[WEIGHTS + OUT];
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    struct graph *g = graph_new(&ctx, tensor_kernels_for(isa_best()));
    graph_output(g, graph_conv(g, graph_input(g, 6, 4, IN), &(struct conv){.name = "c", .out = OUT, .kernel = 3}));
    given = (struct given){.n = 0};
    torch_random_seed(&given.random.random, 0);
    assert_true(graph_load_bytes(g) >= (WEIGHTS * 16 / 9 + OUT) * sizeof *got); /* it is one of these */
    assert_int_equal(graph_load(&ctx, g, find, &given), STATUS_OK);
    assert_int_equal(graph_weights(&ctx, g, got), STATUS_OK);
    for (size_t i = 0; i < WEIGHTS; i++)
        assert_true(fabsf(got[i] - given.numbers[i]) <= 1e-7f);
    assert_memory_equal(got + WEIGHTS, given.numbers + WEIGHTS, OUT * sizeof *got);
    ctx_release(&ctx);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    struct ctx ctx;
    struct graph *g;
    struct mlp_config mlp = mlp_default();
    static float to[200000];
    enum status status = STATUS_NO_MEMORY;
    ctx_init(&ctx, 64 << 20);
    assert_int_equal(mlp_make(&ctx, &tensor_ref, &mlp, &g), STATUS_OK);
    assert_int_equal(untrained_load(&ctx, g, NULL), STATUS_OK);
    for (size_t n = 0; status != STATUS_OK; n++) {
        struct ctx other;
        ctx_init(&other, 64 << 20);
        other.fail_after = n;
        status = graph_weights(&other, g, to);
        ctx_release(&other);
        assert_true((status == STATUS_OK || status == STATUS_NO_MEMORY) && n < 200);
    }
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(weights_come_back),
                                       cmocka_unit_test(transformed_weights_come_back),
                                       cmocka_unit_test(each_allocation_may_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
