/* The trace of a network's Jacobian and v' J v, against differences of the network itself in single precision, whose
 * rounding (about 1e-7 of D over the step) and curvature set how near they come. */
#include <math.h>

#include "core/diffusion/network.h"
#include "core/nn/unet.h"
#include "tests/support/network.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"
#include "tests/support/untrained.h"

enum { D = 2 * 4 * 4, ROWS = 11 };

/* A network of two channels in and three out, of which the third is no part of the prediction; with `given` it has four
 * more in, that say what is known: nothing. */
static void make(struct ctx *ctx, bool given, struct network *n) {
    struct unet_config c = network_tiny_unet();
    struct graph *g;
    c.height = c.width = 4;
    c.in_channels = given ? 6 : 2, c.out_channels = 3;
    assert_int_equal(unet_make(ctx, tensor_kernels_for(ctx->isa), &c, &g), STATUS_OK);
    assert_int_equal(untrained_load(ctx, g, NULL), STATUS_OK);
    *n = (struct network){g, 4, 4, 2, 3, given};
}

struct asked {
    struct path path;
    struct network network;
    const struct denoiser *denoiser;
    struct path_point at[ROWS];
    double x[ROWS * D], v[ROWS * D];
};

static void ask(struct ctx *ctx, enum path_id path, enum prediction_id prediction, bool given, struct asked *a) {
    uint64_t seed = 5;
    make(ctx, given, &a->network);
    assert_int_equal(path_make(ctx, path, NULL, &a->path), STATUS_OK);
    const struct network_use use = {.path = &a->path, .prediction = prediction, .sigma_data = 0.5, .slopes = true};
    assert_int_equal(network_denoiser(ctx, &a->network, &use, &a->denoiser), STATUS_OK);
    assert_int_equal(a->denoiser->gives, EACH_TRACE | EACH_VJV);
    for (size_t i = 0; i < ROWS; i++)
        a->at[i] = path_at_k(&a->path, 0.1 + 0.3 * (double)i);
    for (size_t i = 0; i < ROWS * D; i++) {
        a->x[i] = (double)test_below(&seed, 2000) * 1e-3 - 1;
        a->v[i] = test_below(&seed, 2) ? 1 : -1;
    }
}

static void query(const struct asked *a, size_t rows, size_t first, double *trace, double *vJv, double *D_of) {
    const struct denoiser_each q = {.at = a->at + first,
                                    .rows = rows,
                                    .x = a->x + first * D,
                                    .D = D_of,
                                    .trace = trace,
                                    .v = a->v + first * D,
                                    .vJv = vJv};
    double *scratch = malloc(denoiser_each_scratch(a->denoiser, rows) * sizeof *scratch);
    denoiser_each(a->denoiser, &q, scratch);
    free(scratch);
}

/* along is v' (D(x + h v) - D(x - h v)) / 2 h of row r. */
static double along(const struct asked *a, size_t r, const double *v, double h) {
    double sides[2] = {0, 0}, x[D], y[D];
    double *scratch = malloc(denoiser_scratch(a->denoiser, 1) * sizeof *scratch);
    for (int side = 0; side < 2; side++) {
        for (size_t j = 0; j < D; j++)
            x[j] = a->x[r * D + j] + (side ? -h : h) * v[j];
        denoiser_eval(a->denoiser, &a->at[r], NULL, 1, x, y, scratch);
        for (size_t j = 0; j < D; j++)
            sides[side] += v[j] * y[j];
    }
    free(scratch);
    return (sides[0] - sides[1]) / (2 * h);
}

static void slopes_are_those_of_differences(void **state) {
    (void)state;
    static const struct {
        enum path_id path;
        enum prediction_id prediction;
        bool given;
    } USES[] = {{PATH_FLOW, PREDICTION_VELOCITY, false},
                {PATH_DDPM_LINEAR, PREDICTION_EPS, true},
                {PATH_EDM, PREDICTION_EDM, false}};
    for (int isa = 0; isa < ISA_COUNT; isa++)
        for (size_t i = 0; i < COUNT(USES) && isa_here((enum isa)isa); i++) {
            struct ctx ctx;
            static struct asked a;
            double trace[ROWS], vJv[ROWS], D_of[ROWS * D], plain[ROWS * D];
            ctx_init(&ctx, 64 << 20);
            ctx.isa = (enum isa)isa;
            ask(&ctx, USES[i].path, USES[i].prediction, USES[i].given, &a);
            query(&a, ROWS, 0, trace, NULL, D_of);
            query(&a, ROWS, 0, NULL, vJv, plain);
            for (size_t r = 0; r < ROWS; r += 5) {
                double sum = 0;
                for (size_t j = 0; j < D; j++) {
                    double unit[D] = {0};
                    unit[j] = 1;
                    sum += along(&a, r, unit, 3e-3);
                }
                if (!(fabs(trace[r] - sum) <= 2e-3 * (1 + fabs(sum))))
                    fail_msg("trace of row %zu: %.9g, want %.9g", r, trace[r], sum);
                double want = along(&a, r, a.v + r * D, 1e-3);
                if (!(fabs(vJv[r] - want) <= 2e-3 * (1 + fabs(want))))
                    fail_msg("v' J v of row %zu: %.9g, want %.9g", r, vJv[r], want);
            }
            query(&a, ROWS, 0, NULL, NULL, plain);
            assert_memory_equal(D_of, plain, sizeof plain);
            for (size_t r = 0; r < ROWS; r++) { /* each at its own point */
                double scratch[4096];
                assert_true(denoiser_scratch(a.denoiser, 1) <= COUNT(scratch));
                denoiser_eval(a.denoiser, &a.at[r], NULL, 1, a.x + r * D, D_of, scratch);
                assert_memory_equal(D_of, plain + r * D, D * sizeof *plain);
            }
            ctx_release(&ctx);
        }
}

static void a_rows_bits_are_its_own(void **state) {
    (void)state;
    double trace[ROWS], vJv[ROWS], one[2];
    for (size_t threads = 1; threads <= 3; threads++) {
        struct ctx ctx;
        static struct asked a;
        ctx_init(&ctx, 64 << 20);
        ctx.isa = isa_best();
        struct parallel parallel = test_threads(threads);
        ctx.parallel = &parallel;
        ask(&ctx, PATH_FLOW, PREDICTION_VELOCITY, false, &a);
        if (threads == 1)
            query(&a, ROWS, 0, trace, vJv, NULL);
        for (size_t r = 0; r < ROWS; r++) {
            query(&a, 1, r, &one[0], &one[1], NULL);
            assert_memory_equal(&one[0], &trace[r], sizeof trace[r]);
            assert_memory_equal(&one[1], &vJv[r], sizeof vJv[r]);
        }
        ctx_release(&ctx);
    }
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    struct ctx ctx;
    struct network n;
    struct path path;
    enum status status = STATUS_NO_MEMORY;
    ctx_init(&ctx, 64 << 20);
    make(&ctx, false, &n);
    assert_int_equal(path_make(&ctx, PATH_FLOW, NULL, &path), STATUS_OK);
    const struct network_use use = {.path = &path, .prediction = PREDICTION_VELOCITY, .slopes = true};
    for (size_t i = 0; status != STATUS_OK; i++) {
        struct ctx other;
        const struct denoiser *denoiser;
        ctx_init(&other, 64 << 20);
        other.fail_after = i;
        status = network_denoiser(&other, &n, &use, &denoiser);
        ctx_release(&other);
        assert_true((status == STATUS_OK || status == STATUS_NO_MEMORY) && i < 1000);
    }
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slopes_are_those_of_differences),
        cmocka_unit_test(a_rows_bits_are_its_own),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
