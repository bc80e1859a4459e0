#include "core/nn/initial.h"

#include <math.h>

#include "core/nn/gradient.h"
#include "tests/support/network.h"
#include "tests/support/test.h"

/* The moments of a parameter's numbers. */
struct moments {
    double mean, std, most;
};

static struct moments moments_of(const float *x, size_t n) {
    struct moments m = {0};
    for (size_t i = 0; i < n; i++) {
        m.mean += (double)x[i] / (double)n;
        m.most = fmax(m.most, fabs((double)x[i]));
    }
    for (size_t i = 0; i < n; i++)
        m.std += pow((double)x[i] - m.mean, 2) / (double)n;
    m.std = sqrt(m.std);
    return m;
}

static struct graph *make(struct ctx *ctx) {
    struct graph *g;
    struct unet_config c = network_tiny_unet();
    c.block_out_channels[0] = 16;
    c.block_out_channels[1] = 32;
    c.class_embed_type = UNET_CLASS_EMBEDDING;
    c.num_class_embeds = 40;
    ctx_init(ctx, 64 << 20);
    assert_int_equal(unet_make(ctx, &tensor_ref, &c, &g), STATUS_OK);
    return g;
}

static void check_one(const struct parameter *p, const float *w) {
    struct moments m = moments_of(w, p->n);
    double bound = p->fan_in ? 1 / sqrt((double)p->fan_in) : 0, slack = 5 / sqrt((double)p->n);
    switch (p->role) {
    case PARAMETER_ONE: assert_true(m.most == 1 && m.std < 1e-12); break;
    case PARAMETER_ZERO: assert_true(m.most == 0); break;
    case PARAMETER_EMBEDDING: assert_true(fabs(m.mean) < slack && fabs(m.std - 1) < slack && m.most < 6.8); break;
    default: /* uniform: its standard deviation is bound / sqrt 3 */
        assert_true(m.most <= bound && fabs(m.mean) < slack * bound && fabs(m.std - bound / sqrt(3)) < slack * bound);
    }
}

static void weights_are_drawn_as_pytorch_draws_them(void **state) {
    (void)state;
    struct ctx ctx;
    struct graph *g = make(&ctx);
    const struct parameter *list;
    size_t n = graph_parameters(g, &list), numbers = gradient_numbers(g);
    float *w = ctx_alloc(&ctx, numbers, sizeof *w), *other = ctx_alloc(&ctx, numbers, sizeof *w);
    assert_non_null(w);
    assert_non_null(other);
    initial_weights(g, 1, w);
    for (size_t i = 0, at = 0; i < n; at += list[i++].n)
        check_one(&list[i], w + at);
    initial_weights(g, 1, other);
    assert_memory_equal(w, other, numbers * sizeof *w);
    initial_weights(g, 2, other);
    size_t equal = 0; /* ones, zeros, and nothing else */
    for (size_t i = 0; i < numbers; i++)
        equal += w[i] == other[i];
    assert_true(equal < numbers / 20);
    ctx_release(&ctx);
}

static void named_parameters_start_otherwise(void **state) {
    (void)state;
    struct ctx ctx;
    struct graph *g = make(&ctx);
    const struct parameter *list;
    size_t n = graph_parameters(g, &list), numbers = gradient_numbers(g), zeros = 0;
    float *w = ctx_alloc(&ctx, numbers, sizeof *w);
    assert_non_null(w);
    initial_weights(g, 1, w);
    assert_int_equal(initial_normal(g, "no such", 1, 1, w), 0);
    assert_int_equal(initial_normal(g, "class_embedding", 0.5, 1, w), 1);
    size_t blocks = initial_normal(g, "conv2.", 0, 1, w);
    for (size_t i = 0, at = 0; i < n; at += list[i++].n) {
        struct moments m = moments_of(w + at, list[i].n);
        if (strstr(list[i].name, "class_embedding"))
            assert_true(fabs(m.std - 0.5) < 0.05);
        bool named = strstr(list[i].name, "conv2.");
        zeros += named;
        assert_true(named ? m.most == 0 : m.most > 0 || list[i].role == PARAMETER_ZERO);
    }
    assert_int_equal(blocks, zeros);
    assert_true(zeros > 0);
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_drawn_as_pytorch_draws_them),
        cmocka_unit_test(named_parameters_start_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
