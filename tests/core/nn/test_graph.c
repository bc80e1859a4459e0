/* Graphs against direct sums in double precision; batches, threads and neighbours change no bit. */
#include <math.h>

#include "core/nn/graph.h"
#include "tests/support/network.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"

enum { IMAGES = 3 };

static enum status draw(void *self, struct ctx *ctx, const struct parameter *p, float *to) {
    (void)ctx;
    for (size_t i = 0; i < p->n; i++)
        to[i] = 0.25f * (float)((double)(int64_t)test_below(self, 2000001) * 1e-6 - 1);
    return STATUS_OK;
}

static float *numbers(size_t n, uint64_t seed) {
    float *x = malloc((n ? n : 1) * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)((double)(int64_t)test_below(&seed, 2000001) * 1e-6 - 1);
    return x;
}

/* run loads the weights of seed 9 and gives the outputs, malloc'ed. */
static float *run(struct ctx *ctx, struct graph *g, const struct graph_in *in, size_t images, size_t floats) {
    uint64_t seed = 9;
    assert_false(graph_failed(g));
    assert_int_equal(graph_load(ctx, g, draw, &seed), STATUS_OK);
    float *out = malloc(images * floats * sizeof *out), *work = malloc(graph_floats(g, images) * sizeof *work);
    for (size_t i = 0; i < graph_floats(g, images); i++)
        work[i] = NAN; /* what was not written is not to be read */
    graph_run(ctx, g, images, in, out, work);
    free(work);
    return out;
}

static void within(size_t i, double got, double want, double error) {
    if (!(fabs(got - want) <= error * (1 + fabs(want))))
        fail_msg("%zu: %.9g, want %.9g", i, got, want);
}
static void near(size_t i, double got, double want) { within(i, got, want, 2e-5); }

/* direct is one number of a convolution. */
static double direct(const float *x, size_t h, size_t w, size_t in, const float *weight, size_t kernel, long y0,
                     long x0, size_t o) {
    double sum = 0;
    for (size_t c = 0; c < in; c++)
        for (size_t ky = 0; ky < kernel; ky++)
            for (size_t kx = 0; kx < kernel; kx++) {
                long y = y0 + (long)ky, z = x0 + (long)kx;
                if (y >= 0 && z >= 0 && y < (long)h && z < (long)w)
                    sum += (double)x[((size_t)y * w + (size_t)z) * in + c] *
                           (double)weight[((o * in + c) * kernel + ky) * kernel + kx];
            }
    return sum;
}

static void check_conv(enum isa isa, size_t h, size_t w, size_t in, const struct conv *c) {
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    struct graph *g = graph_new(&ctx, tensor_kernels_for(isa));
    graph_output(g, graph_conv(g, graph_input(g, h, w, in), c));
    size_t stride = c->stride ? c->stride : 1, oh = h / stride, ow = w / stride, floats = oh * ow * c->out;
    float *x = numbers(IMAGES * h * w * in, 5);
    float *y = run(&ctx, g, &(struct graph_in){.x = x}, IMAGES, floats);
    uint64_t seed = 9;
    const struct parameter *list;
    assert_int_equal(graph_parameters(g, &list), 2);
    float *weight = malloc(list[0].n * sizeof *weight), *bias = malloc(c->out * sizeof *bias);
    (void)draw(&seed, &ctx, &list[0], weight);
    (void)draw(&seed, &ctx, &list[1], bias);
    long edge = c->kernel == 3 && stride < 3 && !c->late_border ? 1 : 0;
    for (size_t i = 0; i < IMAGES * floats; i++) {
        size_t o = i % c->out, p = i / c->out % (oh * ow), image = i / floats;
        near(i, (double)y[i],
             (double)bias[o] + direct(x + image * h * w * in, h, w, in, weight, c->kernel,
                                      (long)(p / ow * stride) - edge, (long)(p % ow * stride) - edge, o));
    }
    free(x), free(y), free(weight), free(bias);
    ctx_release(&ctx);
}

static void convolutions_are_direct_sums(void **state) {
    (void)state;
    static const size_t channels[] = {1, 3, 8, 17, 33};
    for (int isa = 0; isa < ISA_COUNT; isa++)
        for (size_t i = 0; isa_here((enum isa)isa) && i < 25; i++)
            for (int kind = 0; kind < 4; kind++) {
                struct conv c = {.name = "c", .out = channels[i / 5], .kernel = kind ? 3 : 1};
                c.stride = kind > 1 ? 2 : 1;
                c.late_border = kind == 3;
                check_conv((enum isa)isa, 6, 10, channels[i % 5], &c);
            }
    for (size_t p = 2; p <= PATCH_MAX; p++) {
        check_conv(ISA_REF, 2 * p, 3 * p, 3, &(struct conv){.name = "c", .out = 5, .kernel = p, .stride = p});
        check_conv(isa_best(), 2 * p, 3 * p, 4, &(struct conv){.name = "c", .out = 18, .kernel = p, .stride = p});
    }
    check_conv(isa_best(), 1, 1, 3, &(struct conv){.name = "c", .out = 2, .kernel = 3});
    check_conv(isa_best(), 32, 32, 40, &(struct conv){.name = "c", .out = 70, .kernel = 3});
}

enum { OUT = 3 * 5 * 5 };
static const float TIMES[16] = {1, 2, 3, 500, 999, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0.5f};
static const int64_t CLASSES[16] = {0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0};

static float *run_everything(enum isa isa, size_t first, size_t images, size_t threads) {
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    struct parallel parallel = test_threads(threads);
    ctx.parallel = &parallel;
    float *x = numbers(16 * 6 * 10 * 3, 6);
    float *y = run(&ctx, network_everything(&ctx, isa),
                   &(struct graph_in){x + first * 180, TIMES + first, CLASSES + first}, images, OUT);
    free(x);
    ctx_release(&ctx);
    return y;
}

static void neighbours_and_threads_change_no_bit(void **state) {
    (void)state;
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_here((enum isa)isa))
            continue;
        float *all = run_everything((enum isa)isa, 0, 16, 1);
        for (size_t i = 0; i < 16 * OUT; i++)
            assert_true(isfinite(all[i]));
        for (size_t threads = 1; threads <= 4; threads++)
            for (size_t images = 1; images <= 16; images += threads == 1 ? 2 : 15)
                for (size_t first = 0; first + images <= 16; first += images) {
                    float *part = run_everything((enum isa)isa, first, images, threads);
                    assert_memory_equal(part, all + first * OUT, images * OUT * sizeof *part);
                    free(part);
                }
        free(all);
    }
}

static enum status draw_halves(void *self, struct ctx *ctx, const struct parameter *p, float *to) {
    (void)draw(self, ctx, p, to);
    for (size_t i = 0; i < p->n; i++)
        to[i] = (float)(int)(to[i] * 512) / 128; /* seven bits and a sign: bfloat16 has them */
    return STATUS_OK;
}

/* Matrices that are kept as bfloat16 and whose numbers are: the same bits, for one image and for many, in half the
 * memory (so few channels are not for winograd.h). */
static void halves_change_no_bit(void **state) {
    (void)state;
    enum { N = 3, SIDE = 40, FLOATS = SIDE * SIDE * 15 };
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        float *y[2], *x = numbers(N * FLOATS, 8);
        size_t bytes[2];
        for (int half = 0; isa_here((enum isa)isa) && half < 2; half++) {
            struct ctx ctx;
            ctx_init(&ctx, 64 << 20);
            struct graph *g = graph_new(&ctx, tensor_kernels_for((enum isa)isa));
            int h = graph_conv(g, graph_input(g, SIDE, SIDE, 15), &(struct conv){.name = "a", .out = 40, .kernel = 3});
            h = graph_conv(g, h, &(struct conv){.name = "p", .out = 17, .kernel = 2, .stride = 2});
            graph_output(g, graph_conv(g, graph_upsample(g, h), &(struct conv){.name = "b", .out = 15, .kernel = 1}));
            const struct parameter *list;
            for (size_t i = graph_parameters(g, &list); half && i-- > 0;)
                graph_halve(g, i);
            bytes[half] = graph_load_bytes(g);
            uint64_t seed = 4;
            assert_int_equal(graph_load(&ctx, g, draw_halves, &seed), STATUS_OK);
            y[half] = network_run(g, N, &(struct graph_in){.x = x}, FLOATS, 2);
            float *one = network_run(g, 1, &(struct graph_in){.x = x}, FLOATS, 1);
            assert_memory_equal(one, y[half], FLOATS * sizeof *one);
            free(one);
            ctx_release(&ctx);
            if (!half)
                continue;
            assert_memory_equal(y[0], y[1], N * FLOATS * sizeof *x);
            assert_in_range(bytes[1], bytes[0] / 2, bytes[0] * 52 / 100);
            free(y[0]), free(y[1]);
        }
        free(x);
    }
}

/* Images so large that a thread takes one at a time through all layers; an odd one is left for all threads. */
static void images_share_room_one_after_the_other(void **state) {
    (void)state;
    enum { N = 7, SIDE = 64, FLOATS = SIDE * SIDE * 2 };
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    float *x = numbers(N * FLOATS, 8);
    struct graph *g = graph_new(&ctx, tensor_kernels_for(isa_best()));
    int h = graph_conv(g, graph_input(g, SIDE, SIDE, 2), &(struct conv){.name = "a", .out = 40, .kernel = 3});
    int t = graph_sinusoids(g, GRAPH_TIME, 16, 1, true);
    h = graph_conv(g, h, &(struct conv){.name = "b", .out = 16, .kernel = 1, .vector = t});
    graph_output(g, graph_conv(g, h, &(struct conv){.name = "c", .out = 2, .kernel = 3}));
    struct graph_in in = {.x = x, .times = TIMES};
    float *all = run(&ctx, g, &in, N, FLOATS);
    for (size_t threads = 2; threads <= 3; threads++) {
        struct parallel parallel = test_threads(threads);
        ctx.parallel = &parallel;
        float *y = run(&ctx, g, &in, N, FLOATS);
        assert_memory_equal(y, all, N * FLOATS * sizeof *y);
        free(y);
    }
    ctx.parallel = NULL;
    for (size_t i = 0; i < N; i++) {
        in = (struct graph_in){.x = x + i * FLOATS, .times = TIMES + i};
        float *y = run(&ctx, g, &in, 1, FLOATS);
        assert_memory_equal(y, all + i * FLOATS, FLOATS * sizeof *y);
        free(y);
    }
    free(x), free(all);
    ctx_release(&ctx);
}

static void tables_agree(void **state) {
    (void)state;
    float *ref = run_everything(ISA_REF, 0, 16, 1);
    for (int isa = 1; isa < ISA_COUNT; isa++) {
        float *y = isa_here((enum isa)isa) ? run_everything((enum isa)isa, 0, 16, 2) : NULL;
        for (size_t i = 0; y && i < 16 * OUT; i++)
            near(i, (double)y[i], (double)ref[i]);
        free(y);
    }
    free(ref);
}

/* Attention with more tokens than a block of keys, against its definition. */
static void attention_is_its_definition(void **state) {
    (void)state;
    enum { H = 13, W = 17, C = 24, HEADS = 2, D = C / HEADS, T = H * W }; /* more than a piece of queries, too */
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_here((enum isa)isa))
            continue;
        struct ctx ctx;
        ctx_init(&ctx, 64 << 20);
        struct graph *g = graph_new(&ctx, tensor_kernels_for((enum isa)isa));
        int x = graph_input(g, H, W, C), three = graph_affine(g, x, 3, 0), minus = graph_affine(g, x, -1, 0.5f);
        graph_output(g, graph_attention(g, three, x, minus, HEADS));
        float *in = numbers(2 * T * C, 7), *y = run(&ctx, g, &(struct graph_in){.x = in}, 2, T * C);
        for (size_t i = 0; i < 2 * T * C; i += 7) {
            size_t c = i % C, from = i / C / T * T, head = c / D * D;
            double sum = 0, value = 0;
            for (size_t k = from; k < from + T; k++) {
                double score = 0;
                for (size_t j = head; j < head + D; j++)
                    score += 3 * (double)in[i / C * C + j] * (double)in[k * C + j];
                double weight = exp(score / sqrt(D));
                sum += weight;
                value += weight * (0.5 - (double)in[k * C + c]);
            }
            near(i, (double)y[i], value / sum);
        }
        free(in), free(y);
        ctx_release(&ctx);
    }
}

/* normed is a group's mean, and the factor that makes its variance 1. */
static void normed(const float *x, size_t pixels, size_t channels, size_t n, double *mean, double *factor) {
    double square = 0;
    *mean = 0;
    for (size_t i = 0; i < pixels * n; i++)
        *mean += (double)x[i / n * channels + i % n] / (double)(pixels * n);
    for (size_t i = 0; i < pixels * n; i++)
        square += pow((double)x[i / n * channels + i % n] - *mean, 2) / (double)(pixels * n);
    *factor = 1 / sqrt(square + 0.5);
}

/* A value so large that its norm and its copies are cut into pieces, whose last is shorter. */
static void large_values_are_cut(void **state) {
    (void)state;
    enum { SIDE = 43, C = 24, GROUPS = 3, N = C / GROUPS, PIXELS = SIDE * SIDE, FLOATS = PIXELS * C };
    for (int isa = 0; isa < ISA_COUNT; isa++) {
        if (!isa_here((enum isa)isa))
            continue;
        struct ctx ctx;
        struct parallel parallel = test_threads(3);
        ctx_init(&ctx, 64 << 20);
        struct graph *g = graph_new(&ctx, tensor_kernels_for((enum isa)isa));
        int x = graph_input(g, SIDE, SIDE, C);
        int y = graph_group_norm(g, x, &(struct norm){.name = "n", .groups = GROUPS, .eps = 0.5f});
        graph_output(g, graph_upsample(g, graph_concat(g, x, y)));
        float *in = numbers(FLOATS, 7), *one = run(&ctx, g, &(struct graph_in){.x = in}, 1, 8 * FLOATS);
        ctx.parallel = &parallel;
        float *three = run(&ctx, g, &(struct graph_in){.x = in}, 1, 8 * FLOATS), w[2][C];
        assert_memory_equal(one, three, 8 * FLOATS * sizeof *one);
        uint64_t seed = 9;
        const struct parameter *list;
        for (size_t i = 0; i < graph_parameters(g, &list); i++)
            (void)draw(&seed, &ctx, &list[i], w[i]);
        for (size_t c = 0; c < C; c++) {
            double mean, factor;
            normed(in + c / N * N, PIXELS, C, N, &mean, &factor);
            for (size_t i = 0; i < 4 * PIXELS; i++) {
                size_t from = i / (2 * SIDE) / 2 * SIDE + i % (2 * SIDE) / 2;
                double value = (double)in[from * C + c];
                near(i, (double)one[i * 2 * C + c], value);
                near(i, (double)one[i * 2 * C + C + c], (value - mean) * factor * (double)w[0][c] + (double)w[1][c]);
            }
        }
        free(in), free(one), free(three);
        ctx_release(&ctx);
    }
}

/* A gate, a constant, a modulated norm with weights, a slice, a product of halves and patches undone, one after the
 * other, against their definitions. */
enum { TOKEN_H = 2, TOKEN_W = 3, TOKEN_C = 24, TOKENS = TOKEN_H * TOKEN_W, TOKEN_FLOATS = TOKENS * TOKEN_C };

static struct graph *token_graph(struct ctx *ctx, enum isa isa, float *constant, const char *last) {
    struct graph *g = graph_new(ctx, tensor_kernels_for(isa));
    int x = graph_input(g, TOKEN_H, TOKEN_W, TOKEN_C);
    int m = graph_sinusoids(g, GRAPH_TIME, 2 * TOKEN_C + 8, 0, false);
    int y = graph_conv(g, x,
                       &(struct conv){.name = "a",
                                      .out = TOKEN_C,
                                      .kernel = 1,
                                      .gate = m,
                                      .gate_at = 3,
                                      .residual = graph_constant(g, TOKEN_H, TOKEN_W, TOKEN_C, constant)});
    if (!strcmp(last, "gate")) {
        graph_output(g, y);
        return g;
    }
    y = graph_layer_norm(
        g, y, &(struct layer){.name = "n", .eps = 0.25f, .modulation = m, .scale_at = 5, .shift_at = TOKEN_C + 1});
    if (!strcmp(last, "norm")) {
        graph_output(g, y);
        return g;
    }
    y = graph_multiply(g, graph_slice(g, y, 12, 12), ACTIVATION_RELU, graph_slice(g, y, 0, 12));
    graph_output(g, graph_unpatch(g, y, 2)); /* [4][6][3] */
    return g;
}

static void norm_of_token(const double *y, const float *w, const float *b, const double *m, double *z) {
    double mean = 0, variance = 0;
    for (size_t c = 0; c < TOKEN_C; c++)
        mean += y[c] / TOKEN_C;
    for (size_t c = 0; c < TOKEN_C; c++)
        variance += (y[c] - mean) * (y[c] - mean) / TOKEN_C;
    for (size_t c = 0; c < TOKEN_C; c++)
        z[c] =
            ((y[c] - mean) / sqrt(variance + 0.25) * (double)w[c] + (double)b[c]) * (1 + m[5 + c]) + m[TOKEN_C + 1 + c];
}

static void check_tokens(enum isa isa, const char *last) {
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    float *in = numbers(2 * TOKEN_FLOATS, 3), *constant = numbers(TOKEN_FLOATS, 4);
    const float times[] = {3, 700};
    struct graph *g = token_graph(&ctx, isa, constant, last);
    size_t out = !strcmp(last, "unpatch") ? TOKEN_FLOATS / 2 : TOKEN_FLOATS;
    float *got = run(&ctx, g, &(struct graph_in){in, times, NULL}, 2, out);
    uint64_t seed = 9;
    const struct parameter *list;
    float w[4][TOKEN_C * TOKEN_C];
    size_t n = graph_parameters(g, &list);
    for (size_t i = 0; i < n; i++)
        (void)draw(&seed, &ctx, &list[i], w[i]);
    for (size_t t = 0; t < 2 * TOKENS; t++) {
        double m[2 * TOKEN_C + 8], y[TOKEN_C], z[TOKEN_C], p[12];
        size_t half = TOKEN_C + 4, image = t / TOKENS, row = t % TOKENS / TOKEN_W, column = t % TOKEN_W;
        for (size_t j = 0; j < half; j++) {
            double angle = (double)times[image] * pow(10000, -(double)j / (double)half);
            m[j] = sin(angle), m[half + j] = cos(angle);
        }
        for (size_t c = 0; c < TOKEN_C; c++) {
            double sum = (double)w[1][c];
            for (size_t k = 0; k < TOKEN_C; k++)
                sum += (double)in[t * TOKEN_C + k] * (double)w[0][c * TOKEN_C + k];
            y[c] = sum * m[3 + c] + (double)constant[t % TOKENS * TOKEN_C + c];
        }
        norm_of_token(y, w[2], w[3], m, z);
        for (size_t c = 0; c < 12; c++) {
            p[c] = (z[12 + c] > 0 ? z[12 + c] : 0) * z[c];
            size_t at = ((row * 2 + c / 6) * 2 * TOKEN_W + column * 2 + c / 3 % 2) * 3 + c % 3;
            if (!strcmp(last, "unpatch"))
                within(at, (double)got[image * out + at], p[c], 2e-4);
        }
        for (size_t c = 0; c < TOKEN_C && strcmp(last, "unpatch") != 0; c++)
            within(c, (double)got[t * TOKEN_C + c], strcmp(last, "gate") ? z[c] : y[c], 2e-4);
    }
    free(in), free(constant), free(got);
    ctx_release(&ctx);
}

static void tokens_are_their_definitions(void **state) {
    (void)state;
    for (int isa = 0; isa < ISA_COUNT; isa++)
        for (int i = 0; isa_here((enum isa)isa) && i < 3; i++)
            check_tokens((enum isa)isa, (const char *const[]){"gate", "norm", "unpatch"}[i]);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    for (size_t n = 0;; n++) {
        struct ctx ctx;
        ctx_init(&ctx, 64 << 20);
        ctx.fail_after = n;
        struct graph *g = graph_new(&ctx, &tensor_ref);
        uint64_t seed = 1;
        enum status status = STATUS_NO_MEMORY;
        if (g) {
            int x = graph_input(g, 4, 4, 3);
            for (int i = 0; i < 100; i++) {
                char name[16];
                snprintf(name, sizeof name, "c%d", i);
                x = graph_conv(g, x, &(struct conv){.name = name, .out = 3, .kernel = 3});
            }
            x = graph_conv(g, x, &(struct conv){.name = "w", .out = 16, .kernel = 3});
            x = graph_conv(g, x, &(struct conv){.name = "x", .out = 16, .kernel = 3}); /* for winograd.h */
            graph_output(g, graph_group_norm(g, x, &(struct norm){.name = "n", .groups = 1}));
            status = graph_failed(g) ? STATUS_NO_MEMORY : graph_load(&ctx, g, draw, &seed);
        }
        ctx_release(&ctx);
        if (status == STATUS_OK)
            break;
        assert_int_equal(status, STATUS_NO_MEMORY);
        assert_true(n < 10000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_are_direct_sums),
        cmocka_unit_test(neighbours_and_threads_change_no_bit),
        cmocka_unit_test(halves_change_no_bit),
        cmocka_unit_test(images_share_room_one_after_the_other),
        cmocka_unit_test(tables_agree),
        cmocka_unit_test(attention_is_its_definition),
        cmocka_unit_test(large_values_are_cut),
        cmocka_unit_test(tokens_are_their_definitions),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
