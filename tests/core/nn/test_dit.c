/* Goldens: diffusers 0.42.1 with PyTorch 2.13.0 on a CPU, for each row
 *     torch.manual_seed(0); m = DiTTransformer2DModel(num_attention_heads=2, attention_head_dim=8, in_channels=3,
 *         num_layers=2, sample_size=8, patch_size=2, num_embeds_ada_norm=10, and what the row names).eval()
 *     torch.manual_seed(0); x = torch.randn(1, 3, sample_size, sample_size)
 *     y = m(x, timestep=torch.tensor([500]), class_labels=torch.tensor([7])).sample
 * and the sums of tests/support/network.h over y, and of |weights|. */
#include "core/nn/dit.h"

#include <math.h>

#include "tests/support/network.h"
#include "tests/support/test.h"
#include "tests/support/untrained.h"

static struct dit_config tiny(void) {
    struct dit_config c = dit_default();
    c.num_attention_heads = 2;
    c.attention_head_dim = 8;
    c.in_channels = 3;
    c.num_layers = 2;
    c.sample_size = 8;
    c.num_embeds_ada_norm = 10;
    return c;
}

static struct graph *make(struct ctx *ctx, enum isa isa, const struct dit_config *c, double *weights) {
    struct graph *g;
    assert_int_equal(dit_make(ctx, tensor_kernels_for(isa), c, &g), STATUS_OK);
    assert_int_equal(untrained_load(ctx, g, weights), STATUS_OK);
    return g;
}

struct golden {
    const char *name;
    struct dit_config c;
    size_t parameters, tensors;
    double weights, absolute, mixed;
};

static void near(const char *name, double got, double want, double within) {
    if (!(fabs(got - want) <= within))
        fail_msg("%s: %.9g, want %.9g", name, got, want);
}

static void check(enum isa isa, const struct golden *golden) {
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    double weights;
    const struct dit_config *c = &golden->c;
    size_t tensors, size = c->sample_size, out = c->out_channels ? c->out_channels : c->in_channels;
    struct graph *g = make(&ctx, isa, c, &weights);
    assert_int_equal(network_counts(g, &tensors), golden->parameters);
    assert_int_equal(tensors, golden->tensors);
    near(golden->name, weights, golden->weights, 1e-7 * golden->weights);
    float *x = ctx_alloc(&ctx, size * size * c->in_channels, sizeof *x), time = 500;
    network_randn(size, size, c->in_channels, x);
    float *y = network_run(g, 1, &(struct graph_in){x, &time, &(int64_t){7}}, size * size * out, 1);
    struct network_sums sums = network_sums(size, size, out, y);
    near(golden->name, sums.absolute, golden->absolute, 2e-6 * golden->absolute);
    near(golden->name, sums.mixed, golden->mixed, 2e-6 * golden->absolute);
    free(y);
    ctx_release(&ctx);
}

/* What is set, parameters, tensors, sums: of |weights|, of |y|, mixed. No two rows agree: each key counts. */
#define GOLDEN_LIST(X)                                                                                             \
    X((void)0, 19772, 44, 1803.96019, 135.678235, 0.87075689)                                                      \
    X(c.out_channels = 6, 19976, 44, 1827.96202, 233.274008, 10.1108413)                                           \
    X(c.patch_size = 4, 20960, 44, 1915.91531, 129.969215, -12.3785263)                                            \
    X((c.patch_size = 1, c.sample_size = 4), 19475, 44, 1774.84252, 23.2456614, 8.39335754)                        \
    X((c.patch_size = 8, c.sample_size = 16), 25712, 44, 2270.45092, 457.605195, 17.1522317)                       \
    X(c.activation_fn = DIT_GELU, 19772, 44, 1803.96019, 135.679785, 0.870398321)                                  \
    X(c.activation_fn = DIT_GEGLU, 21948, 44, 2067.6601, 114.414796, -20.2446507)                                  \
    X(c.activation_fn = DIT_GEGLU_APPROXIMATE, 19772, 44, 1803.96019, 135.714943, 0.865672157)                     \
    X(c.activation_fn = DIT_SWIGLU, 21948, 44, 2067.6601, 114.825855, -20.2923045)                                 \
    X(c.activation_fn = DIT_LINEAR_SILU, 19772, 44, 1803.96019, 134.310057, 1.18944669)                            \
    X(c.attention_bias = false, 19676, 38, 1797.38908, 113.786329, -9.23997426)                                    \
    X((c.norm_elementwise_affine = true, c.norm_eps = 0.1), 19836, 48, 1835.96019, 135.330965, 0.930324441)        \
    X((c.num_attention_heads = 1, c.attention_head_dim = 20, c.num_layers = 1), 14632, 25, 1292.06496, 93.3650492, \
      -0.110744674)                                                                                                \
    X(c.num_embeds_ada_norm = 20, 20092, 44, 2051.4266, 86.4215244, -13.6612633)

static void untrained_networks_are_pytorchs(void **state) {
    (void)state;
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_here((enum isa)isa))
            continue;
#define X(set, ...)                                                         \
    {                                                                       \
        struct dit_config c = tiny();                                       \
        set;                                                                \
        check((enum isa)isa, &(const struct golden){#set, c, __VA_ARGS__}); \
    }
        GOLDEN_LIST(X)
#undef X
    }
}

/* DiT-XL/2 as diffusers 0.42.1 builds it with its defaults, and with the learned variance's channels. */
static void parameters_are_as_many_as_in_files(void **state) {
    (void)state;
    static const size_t wanted[][2] = {{0, 749808016}, {8, 749826464}};
    for (size_t i = 0; i < COUNT(wanted); i++) {
        struct ctx ctx;
        ctx_init(&ctx, 64 << 20);
        struct graph *g;
        struct dit_config c = dit_default();
        c.out_channels = wanted[i][0];
        assert_int_equal(dit_make(&ctx, &tensor_ref, &c, &g), STATUS_OK);
        size_t tensors;
        assert_int_equal(network_counts(g, &tensors), wanted[i][1]);
        assert_int_equal(tensors, 538);
        ctx_release(&ctx);
    }
}

static void names_are_those_of_files(void **state) {
    (void)state;
#define BLOCK "transformer_blocks.0."
    static const char *const wanted[] = {
        "pos_embed.proj.weight",
        "pos_embed.proj.bias",
        BLOCK "norm1.emb.timestep_embedder.linear_1.weight",
        BLOCK "norm1.emb.timestep_embedder.linear_1.bias",
        BLOCK "norm1.emb.timestep_embedder.linear_2.weight",
        BLOCK "norm1.emb.timestep_embedder.linear_2.bias",
        BLOCK "norm1.emb.class_embedder.embedding_table.weight",
        BLOCK "norm1.linear.weight",
        BLOCK "norm1.linear.bias",
        BLOCK "attn1.to_q.weight",
        BLOCK "attn1.to_q.bias",
        BLOCK "attn1.to_k.weight",
        BLOCK "attn1.to_k.bias",
        BLOCK "attn1.to_v.weight",
        BLOCK "attn1.to_v.bias",
        BLOCK "attn1.to_out.0.weight",
        BLOCK "attn1.to_out.0.bias",
        BLOCK "norm3.weight",
        BLOCK "norm3.bias",
        BLOCK "ff.net.0.proj.weight",
        BLOCK "ff.net.0.proj.bias",
        BLOCK "ff.net.2.weight",
        BLOCK "ff.net.2.bias",
        "proj_out_1.weight",
        "proj_out_1.bias",
        "proj_out_2.weight",
        "proj_out_2.bias",
    };
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    struct graph *g;
    struct dit_config c = tiny();
    c.num_layers = 1;
    c.norm_elementwise_affine = true;
    assert_int_equal(dit_make(&ctx, &tensor_ref, &c, &g), STATUS_OK);
    const struct parameter *list;
    size_t n = graph_parameters(g, &list);
    for (size_t i = 0; i < n && i < COUNT(wanted); i++)
        assert_string_equal(list[i].name, wanted[i]);
    assert_int_equal(n, COUNT(wanted));
    assert_int_equal(list[0].dims, 4);
    assert_int_equal(list[0].shape[3], 2);
    ctx_release(&ctx);
}

enum { IMAGES = 5, FLOATS = 8 * 8 * 3 };
static const float TIMES[IMAGES] = {0, 999, 500, 1, 250.5f};
static const int64_t CLASSES[IMAGES] = {0, 9, 10, 7, 3};

static void neighbours_and_threads_change_no_bit(void **state) {
    (void)state;
    float x[IMAGES * FLOATS];
    network_randn(1, 1, IMAGES * FLOATS, x);
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_here((enum isa)isa))
            continue;
        struct ctx ctx;
        ctx_init(&ctx, 64 << 20);
        double weights;
        struct dit_config c = tiny();
        struct graph *g = make(&ctx, (enum isa)isa, &c, &weights);
        network_ignores_neighbours(g, IMAGES, &(struct graph_in){x, TIMES, CLASSES}, FLOATS, FLOATS);
        ctx_release(&ctx);
    }
}

/* Time and class count, the null class (the last row) among them. */
static void conditions_count(void **state) {
    (void)state;
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    double weights;
    struct dit_config c = tiny();
    struct graph *g = make(&ctx, ISA_REF, &c, &weights);
    float x[FLOATS], *y[3];
    network_randn(8, 8, 3, x);
    for (size_t i = 0; i < 3; i++)
        y[i] = network_run(g, 1, &(struct graph_in){x, &(float){i == 1 ? 20 : 10}, &(int64_t){i == 2 ? 10 : 9}}, FLOATS,
                           1);
    assert_memory_not_equal(y[0], y[1], FLOATS * sizeof(float));
    assert_memory_not_equal(y[0], y[2], FLOATS * sizeof(float));
    for (size_t i = 0; i < 3; i++)
        free(y[i]);
    ctx_release(&ctx);
}

static void what_does_not_fit_is_named(void **state) {
    (void)state;
    struct ctx ctx;
    struct graph *g;
    ctx_init(&ctx, 64 << 20);
#define REFUSED(words, ...)                                                    \
    {                                                                          \
        struct dit_config c = tiny();                                          \
        (void)(__VA_ARGS__);                                                   \
        assert_int_equal(dit_make(&ctx, &tensor_ref, &c, &g), STATUS_INVALID); \
        if (!strstr(ctx.err.detail, words))                                    \
            fail_msg("%s, not %s", ctx.err.detail, words);                     \
    }
    REFUSED("num_attention_heads is 0", c.num_attention_heads = 0)
    REFUSED("num_attention_heads is 8193", c.num_attention_heads = 8193)
    REFUSED("attention_head_dim is 0", c.attention_head_dim = 0)
    REFUSED("attention_head_dim is 4097", c.attention_head_dim = 4097)
    REFUSED("num_attention_heads * attention_head_dim is 6, want a multiple of 4", c.attention_head_dim = 3)
    REFUSED("in_channels is 0", c.in_channels = 0)
    REFUSED("out_channels is 4097", c.out_channels = 4097)
    REFUSED("num_layers is 257", c.num_layers = 257)
    REFUSED("num_layers is 0", c.num_layers = 0)
    REFUSED("patch_size is 0", c.patch_size = 0)
    REFUSED("patch_size is 10", c.patch_size = 10, c.sample_size = 20)
    REFUSED("sample_size is 9", c.sample_size = 9)
    REFUSED("sample_size is 0", c.sample_size = 0)
    REFUSED("sample_size is 1026", c.sample_size = 1026)
    REFUSED("activation_fn", c.activation_fn = DIT_ACTIVATION_COUNT)
    REFUSED("num_embeds_ada_norm is 0", c.num_embeds_ada_norm = 0)
    REFUSED("norm_eps", c.norm_eps = NAN)
    REFUSED("norm_eps", c.norm_eps = -1)
#undef REFUSED
    ctx_release(&ctx);
}

static enum status make_tiny(struct ctx *ctx, struct graph **out) {
    const struct dit_config c = tiny();
    return dit_make(ctx, &tensor_ref, &c, out);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    network_fails_cleanly(make_tiny);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(untrained_networks_are_pytorchs),
        cmocka_unit_test(parameters_are_as_many_as_in_files),
        cmocka_unit_test(names_are_those_of_files),
        cmocka_unit_test(neighbours_and_threads_change_no_bit),
        cmocka_unit_test(conditions_count),
        cmocka_unit_test(what_does_not_fit_is_named),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
