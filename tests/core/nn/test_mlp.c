/* The network against the formulas of mlp.h in double precision; all weights are drawn, those of norms too. */
#include "core/nn/mlp.h"

#include <math.h>

#include "tests/support/network.h"
#include "tests/support/test.h"
#include "tests/support/untrained.h"

static struct mlp_config tiny(void) {
    struct mlp_config c = mlp_default();
    c.features = 5;
    c.hidden_size = 12;
    c.inner_size = 20;
    c.num_blocks = 2;
    c.time_size = 8;
    c.num_classes = 3;
    return c;
}

/* The weights, kept beside the graph's own, which are packed. */
struct bank {
    struct parameter list[64];
    size_t n;
    struct torch_random random;
};

static enum status find(void *self, struct ctx *ctx, const struct parameter *p, float *to) {
    struct bank *bank = self;
    struct parameter *kept = &bank->list[bank->n++];
    (void)ctx;
    *kept = *p;
    assert_non_null(kept->values = malloc(p->n * sizeof *to));
    torch_random_normal(&bank->random, to, p->n);
    for (size_t i = 0; i < p->n; i++)
        kept->values[i] = to[i] *= 0.5f;
    return STATUS_OK;
}

static struct graph *make(struct ctx *ctx, enum isa isa, const struct mlp_config *c, struct bank *bank) {
    struct graph *g;
    bank->n = 0;
    torch_random_seed(&bank->random, 0);
    ctx_init(ctx, 64 << 20);
    assert_int_equal(mlp_make(ctx, tensor_kernels_for(isa), c, &g), STATUS_OK);
    assert_int_equal(graph_load(ctx, g, find, bank), STATUS_OK);
    return g;
}

static void release(struct ctx *ctx, struct bank *bank) {
    while (bank->n)
        free(bank->list[--bank->n].values);
    ctx_release(ctx);
}

/* -- The formulas -- */

enum { WIDE = 64 };

static const float *weights(const struct bank *bank, const char *name, const char *suffix) {
    char full[PARAMETER_NAME];
    snprintf(full, sizeof full, "%s.%s", name, suffix);
    for (size_t i = 0; i < bank->n; i++)
        if (!strcmp(bank->list[i].name, full))
            return bank->list[i].values;
    fail_msg("no %s", full);
    return NULL;
}

static void linear(const struct bank *bank, const char *name, size_t in, size_t out, const double *x, double *y) {
    const float *w = weights(bank, name, "weight"), *b = weights(bank, name, "bias");
    for (size_t i = 0; i < out; i++) {
        y[i] = (double)b[i];
        for (size_t k = 0; k < in; k++)
            y[i] += (double)w[i * in + k] * x[k];
    }
}

static void norm(const struct bank *bank, const char *name, size_t n, const double *x, double *y) {
    const float *w = weights(bank, name, "weight"), *b = weights(bank, name, "bias");
    double mean = 0, variance = 0;
    for (size_t i = 0; i < n; i++)
        mean += x[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        variance += (x[i] - mean) * (x[i] - mean) / (double)n;
    for (size_t i = 0; i < n; i++)
        y[i] = (x[i] - mean) / sqrt(variance + 1e-5) * (double)w[i] + (double)b[i];
}

static void silu(size_t n, double *x) {
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] / (1 + exp(-x[i]));
}

/* numbers_in is what an image has. */
static size_t numbers_in(const struct mlp_config *c) { return c->features * (c->given ? 3 : 1); }

static void embed(const struct bank *bank, const struct mlp_config *c, const double *x, double time, size_t class,
                  double *emb) {
    double t[WIDE], u[WIDE];
    size_t half = c->time_size / 2;
    for (size_t j = 0; j < half; j++) {
        double angle = time * pow(10000, -(double)j / (double)half);
        t[j] = cos(angle);
        t[half + j] = sin(angle);
    }
    linear(bank, "time.linear_1", c->time_size, c->hidden_size, t, u);
    silu(c->hidden_size, u);
    linear(bank, "time.linear_2", c->hidden_size, c->hidden_size, u, emb);
    for (size_t i = 0; i < c->hidden_size && c->num_classes; i++)
        emb[i] += (double)weights(bank, "class", "weight")[class * c->hidden_size + i];
    if (c->given)
        linear(bank, "given", numbers_in(c), c->hidden_size, x, u);
    for (size_t i = 0; i < c->hidden_size && c->given; i++)
        emb[i] += u[i];
    silu(c->hidden_size, emb);
}

static void formula(const struct bank *bank, const struct mlp_config *c, const float *x, double time, size_t class,
                    double *out) {
    double emb[WIDE], h[WIDE], y[WIDE], z[WIDE], e[WIDE];
    char name[PARAMETER_NAME];
    size_t n = c->hidden_size, inner = c->inner_size ? c->inner_size : n;
    for (size_t i = 0; i < numbers_in(c); i++)
        y[i] = (double)x[i];
    embed(bank, c, y, time, class, emb);
    linear(bank, "input", numbers_in(c), n, y, h);
    for (size_t b = 0; b < c->num_blocks; b++) {
#define NAME(part) (snprintf(name, sizeof name, "blocks.%zu." part, b), name)
        norm(bank, NAME("norm"), n, h, y);
        linear(bank, NAME("linear_1"), n, inner, y, z);
        linear(bank, NAME("emb"), n, inner, emb, e);
        for (size_t i = 0; i < inner; i++)
            z[i] += e[i];
        silu(inner, z);
        linear(bank, NAME("linear_2"), inner, n, z, y);
        for (size_t i = 0; i < n; i++)
            h[i] += y[i];
#undef NAME
    }
    norm(bank, "norm", n, h, y);
    silu(n, y);
    linear(bank, "output", n, c->features, y, out);
}

static const float POINTS[] = {0.3f,  -1.2f, 2.5f, 0, 1,     -0.7f, 0.1f, 4,     -3,  0.5f,
                               -2.5f, 1.5f,  0.2f, 9, -0.4f, 0,     0,    -0.1f, -10, 0.25f};
static const float TIMES[] = {0, 999, 12.5f, 500};
static const int64_t CLASSES[] = {0, 2, 3, 1};
enum { POINTS_N = COUNT(TIMES) };

static void check(enum isa isa, const struct mlp_config *c) {
    struct ctx ctx;
    struct bank bank;
    struct graph *g = make(&ctx, isa, c, &bank);
    float *y = network_run(g, POINTS_N, &(struct graph_in){POINTS, TIMES, CLASSES}, c->features, 1);
    for (size_t i = 0; i < POINTS_N; i++) {
        double want[WIDE];
        formula(&bank, c, POINTS + i * numbers_in(c), (double)TIMES[i], (size_t)CLASSES[i], want);
        for (size_t k = 0; k < c->features; k++)
            if (!(fabs((double)y[i * c->features + k] - want[k]) <= 2e-4 * (1 + fabs(want[k]))))
                fail_msg("%zu, %zu: %.9g, want %.9g", i, k, (double)y[i * c->features + k], want[k]);
    }
    free(y);
    release(&ctx, &bank);
}

static void networks_are_their_formulas(void **state) {
    (void)state;
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_here((enum isa)isa))
            continue;
        struct mlp_config c = tiny();
        check((enum isa)isa, &c);
        c.inner_size = 0;
        check((enum isa)isa, &c);
        c.num_classes = 0, c.features = 1;
        check((enum isa)isa, &c);
        c.given = true;
        check((enum isa)isa, &c);
        c.num_blocks = 0, c.hidden_size = 1, c.time_size = 2;
        check((enum isa)isa, &c);
    }
}

static void parameters_are_as_listed(void **state) {
    (void)state;
    static const char *const wanted[] = {"time.linear_1.weight",
                                         "time.linear_1.bias",
                                         "time.linear_2.weight",
                                         "time.linear_2.bias",
                                         "class.weight",
                                         "input.weight",
                                         "input.bias",
                                         "blocks.0.norm.weight",
                                         "blocks.0.norm.bias",
                                         "blocks.0.linear_1.weight",
                                         "blocks.0.linear_1.bias",
                                         "blocks.0.emb.weight",
                                         "blocks.0.emb.bias",
                                         "blocks.0.linear_2.weight",
                                         "blocks.0.linear_2.bias",
                                         "norm.weight",
                                         "norm.bias",
                                         "output.weight",
                                         "output.bias"};
    struct ctx ctx;
    struct bank bank;
    struct mlp_config c = tiny();
    c.num_blocks = 1;
    (void)make(&ctx, ISA_REF, &c, &bank);
    assert_int_equal(bank.n, COUNT(wanted));
    for (size_t i = 0; i < bank.n; i++)
        assert_string_equal(bank.list[i].name, wanted[i]);
    assert_int_equal(bank.list[4].shape[0], 4); /* three classes and none */
    assert_int_equal(bank.list[9].shape[0], 20);
    assert_int_equal(bank.list[9].shape[1], 12);
    release(&ctx, &bank);
}

static void neighbours_and_threads_change_no_bit(void **state) {
    (void)state;
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_here((enum isa)isa))
            continue;
        struct ctx ctx;
        struct bank bank;
        struct mlp_config c = tiny();
        struct graph *g = make(&ctx, (enum isa)isa, &c, &bank);
        network_ignores_neighbours(g, POINTS_N, &(struct graph_in){POINTS, TIMES, CLASSES}, c.features, c.features);
        release(&ctx, &bank);
    }
}

static void what_does_not_fit_is_named(void **state) {
    (void)state;
    struct ctx ctx;
    struct graph *g;
    ctx_init(&ctx, 64 << 20);
#define REFUSED(words, set)                                                    \
    {                                                                          \
        struct mlp_config c = tiny();                                          \
        (void)(set);                                                           \
        assert_int_equal(mlp_make(&ctx, &tensor_ref, &c, &g), STATUS_INVALID); \
        if (!strstr(ctx.err.detail, words))                                    \
            fail_msg("%s, not %s", ctx.err.detail, words);                     \
    }
    REFUSED("features is 0", c.features = 0)
    REFUSED("features is 65537", c.features = 65537)
    REFUSED("hidden_size is 0", c.hidden_size = 0)
    REFUSED("inner_size is 65537", c.inner_size = 65537)
    REFUSED("num_blocks is 257", c.num_blocks = 257)
    REFUSED("time_size is 7", c.time_size = 7)
    REFUSED("time_size is 0", c.time_size = 0)
    REFUSED("num_classes is 1000001", c.num_classes = 1000001)
#undef REFUSED
    ctx_release(&ctx);
}

static enum status make_tiny(struct ctx *ctx, struct graph **out) {
    const struct mlp_config c = tiny();
    return mlp_make(ctx, &tensor_ref, &c, out);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    network_fails_cleanly(make_tiny);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_are_their_formulas),
        cmocka_unit_test(parameters_are_as_listed),
        cmocka_unit_test(neighbours_and_threads_change_no_bit),
        cmocka_unit_test(what_does_not_fit_is_named),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
