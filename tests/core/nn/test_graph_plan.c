/* Where the values of networks lie: none in another's place while both live, and in as little as lives at once. */
#include "core/nn/dit.h"
#include "core/nn/graph_parts.h"
#include "core/nn/vae.h"
#include "tests/support/network.h"
#include "tests/support/test.h"

static bool alive(const struct value_place *v, size_t node) {
    return (size_t)v->first <= node && node <= (size_t)v->last;
}

/* at_once is the floats of early or late values that live at a node; fails the test where two of them overlap. */
static size_t at_once(const struct graph *g, bool early, size_t node) {
    size_t sum = 0;
    for (size_t i = 0; i < g->n_values; i++) {
        const struct value_place *a = &g->values[i];
        if (a->early != early || !alive(a, node))
            continue;
        sum += a->floats;
        if (a->at + a->floats > g->floats)
            fail_msg("value %zu ends at %zu of %zu", i, a->at + a->floats, g->floats);
        for (size_t k = 0; k < i; k++) {
            const struct value_place *b = &g->values[k];
            if (alive(b, node) && a->at < b->at + b->floats && b->at < a->at + a->floats)
                fail_msg("values %zu and %zu share memory at node %zu", i, k, node);
        }
    }
    return sum;
}

/* check wants the values to take no more than `slack` times the most that lives at once. */
static void check(const char *name, const struct graph *g, double slack) {
    size_t most[2] = {0};
    for (size_t node = 0; node < g->n_nodes; node++)
        for (int early = 0; early < 2; early++) {
            const size_t now = at_once(g, early, node);
            most[early] = now > most[early] ? now : most[early];
        }
    assert_int_equal(graph_memory(g).moment, most[0] + most[1]);
    const double share = (double)graph_floats(g, 1) / (double)(most[0] + most[1]);
    if (!(share >= 1 && share <= slack))
        fail_msg("%s: %zu floats, %.4f of those that live at once", name, graph_floats(g, 1), share);
}

static struct graph *made(enum status status, struct graph *const *g) {
    assert_int_equal(status, STATUS_OK);
    return *g;
}

static void networks_take_what_lives_at_once(void **state) {
    (void)state;
    struct ctx ctx;
    struct graph *g = NULL;
    const struct tensor_kernels *k = tensor_kernels_for(ISA_REF);
    ctx_init(&ctx, 64 << 20);
    struct unet_config unet = network_tiny_unet();
    check("tiny", made(unet_make(&ctx, k, &unet, &g), &g), 1);
    unet = unet_default(); /* as google/ddpm-cifar10-32 */
    unet.height = unet.width = 32;
    for (size_t i = 0; i < 4; i++) {
        unet.block_out_channels[i] = i ? 256 : 128;
        unet.down_attention[i] = i == 1;
        unet.up_attention[i] = i == 2;
    }
    check("cifar", made(unet_make(&ctx, k, &unet, &g), &g), 1);
    unet.layers_per_block = 4;
    check("deep", made(unet_make(&ctx, k, &unet, &g), &g), 1.02);
    struct dit_config dit = dit_default();
    dit.num_layers = 3;
    check("dit", made(dit_make(&ctx, k, &dit, &g), &g), 1.01);
    struct vae_config vae = vae_default();
    vae.height = vae.width = 32;
    check("decoder", made(vae_make(&ctx, k, &vae, VAE_DECODER, &g), &g), 1);
    check("encoder", made(vae_make(&ctx, k, &vae, VAE_ENCODER, &g), &g), 1);
    ctx_release(&ctx);
}

/* The same names find the same parameters however many there are, and the two largest values are what they are. */
static void many_parameters_are_told_apart(void **state) {
    (void)state;
    enum { MANY = 500 };
    struct ctx ctx;
    const struct parameter *list;
    ctx_init(&ctx, 64 << 20);
    struct graph *g = graph_new(&ctx, tensor_kernels_for(ISA_REF));
    int x = graph_input(g, 1, 1, 4);
    for (size_t round = 0; round < 2; round++)
        for (size_t i = 0; i < MANY; i++) {
            char name[32];
            snprintf(name, sizeof name, "layers.%zu", i);
            x = graph_conv(g, x, &(struct conv){.name = name, .out = 4, .kernel = 1, .linear = true});
        }
    graph_output(g, x);
    assert_false(graph_failed(g));
    assert_int_equal(graph_parameters(g, &list), 2 * MANY);
    for (size_t i = 0; i < MANY; i++) {
        char name[32];
        snprintf(name, sizeof name, "layers.%zu.bias", i);
        assert_string_equal(list[2 * i + 1].name, name);
        assert_ptr_equal(graph_packed_by(g, 2 * i), &g->nodes[1 + i]); /* of the two that read it the first */
        assert_null(graph_packed_by(g, 2 * i + 1));
    }
    assert_int_equal(graph_memory(g).two_largest, 32); /* lines of 16 floats */
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_take_what_lives_at_once),
        cmocka_unit_test(many_parameters_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
