/* Rows at points of their own: against eval, against central differences, and alone against among others. */
#include <math.h>

#include "core/diffusion/clip.h"
#include "core/diffusion/guidance.h"
#include "core/diffusion/mixture.h"
#include "tests/support/test.h"

enum { K = 5, D = 11, ROWS = 13 };

static double between(uint64_t *seed, double low, double high) {
    return low + (high - low) * ((double)(test_random(seed) >> 11) * 0x1p-53);
}

struct world {
    struct ctx ctx;
    size_t d;
    double means[K * D], stds[K * D], covariances[K * D * D], weights[K];
    double x[ROWS * D], v[ROWS * D], D[ROWS * D], trace[ROWS], vJv[ROWS], density[ROWS];
    struct path_point at[ROWS];
};

/* covariance c is A A' + 0.05 I. */
static void fill_covariance(uint64_t *seed, size_t d, double *out) {
    double a[D * D];
    for (size_t i = 0; i < d * d; i++)
        a[i] = between(seed, -0.4, 0.4);
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = i == j ? 0.05 : 0;
            for (size_t l = 0; l < d; l++)
                sum += a[i * d + l] * a[j * d + l];
            out[i * d + j] = out[j * d + i] = sum;
        }
}

static const struct denoiser *make(struct world *w, enum mixture_shape shape, size_t d, uint64_t *seed) {
    const struct denoiser *denoiser = NULL;
    w->d = d;
    for (size_t c = 0; c < K; c++) {
        w->weights[c] = c == 1 ? 0 : between(seed, 0.1, 1);
        fill_covariance(seed, d, w->covariances + c * d * d);
    }
    for (size_t i = 0; i < K * d; i++) {
        w->means[i] = between(seed, -1, 1);
        w->stds[i] = between(seed, 0.2, 0.8);
    }
    const struct mixture_in in = {.k = K,
                                  .d = d,
                                  .weights = w->weights,
                                  .means = w->means,
                                  .stds = shape == MIXTURE_FULL ? NULL : w->stds,
                                  .n_stds = shape == MIXTURE_AXES ? K * d : K,
                                  .covariances = shape == MIXTURE_FULL ? w->covariances : NULL};
    if (mixture_make(&w->ctx, &in, &denoiser) != STATUS_OK)
        fail_msg("%s", w->ctx.err.detail);
    for (size_t r = 0; r < ROWS; r++) {
        double sigma = exp(between(seed, -3, 1)), alpha = r % 5 == 4 ? 0 : between(seed, 0.1, 1.2);
        w->at[r] = (struct path_point){.t = 0.5, .k = sigma / alpha, .alpha = alpha, .sigma = sigma};
        for (size_t j = 0; j < d; j++) {
            w->x[r * d + j] = between(seed, -1, 1) * (alpha + sigma);
            w->v[r * d + j] = between(seed, -1, 1);
        }
    }
    return denoiser;
}

static struct denoiser_each query(struct world *w, size_t rows) {
    return (struct denoiser_each){.at = w->at,
                                  .rows = rows,
                                  .x = w->x,
                                  .D = w->D,
                                  .trace = w->trace,
                                  .v = w->v,
                                  .vJv = w->vJv,
                                  .density = w->density};
}

static void ask(struct world *w, const struct denoiser *denoiser, const struct denoiser_each *q) {
    double *scratch = ctx_alloc(&w->ctx, denoiser_each_scratch(denoiser, q->rows), sizeof *scratch);
    assert_non_null(scratch);
    denoiser_each(denoiser, q, scratch);
}

/* The same denoiser, but it can do no more than eval. */
struct bare {
    struct denoiser base;
    const struct denoiser *inner;
};

static void bare_eval(const struct denoiser *self, const struct path_point *at, const struct told *told, size_t rows,
                      const double *x, double *out, double *scratch) {
    denoiser_eval(((const struct bare *)(const void *)self)->inner, at, told, rows, x, out, scratch);
}

/* check_against compares with the same denoiser that can do no more than eval. */
static void check_against(struct world *w, const struct denoiser *denoiser, bool density, double tolerance) {
    struct denoiser_each q = query(w, ROWS);
    if (!density)
        q.density = NULL;
    ask(w, denoiser, &q);
    double plain_D[ROWS * D], trace[ROWS], vJv[ROWS];
    const struct bare bare = {
        {.d = w->d, .scratch = denoiser->scratch, .scratch_row = denoiser->scratch_row, .eval = bare_eval}, denoiser};
    q.D = plain_D, q.trace = trace, q.vJv = vJv, q.density = NULL;
    ask(w, &bare.base, &q);
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t j = 0; j < w->d; j++)
            if (!(fabs(plain_D[r * w->d + j] - w->D[r * w->d + j]) < 1e-12))
                fail_msg("D %zu %zu: %.17g, eval says %.17g", r, j, w->D[r * w->d + j], plain_D[r * w->d + j]);
        double scale = 1 + fabs(trace[r]);
        if (!(fabs(trace[r] - w->trace[r]) < tolerance * scale))
            fail_msg("trace %zu: %.12g, differences say %.12g", r, w->trace[r], trace[r]);
        if (!(fabs(vJv[r] - w->vJv[r]) < tolerance * scale))
            fail_msg("vJv %zu: %.12g, differences say %.12g", r, w->vJv[r], vJv[r]);
    }
}

static void jacobians_match_differences(void **state) {
    (void)state;
    uint64_t seed = 5;
    for (int shape = MIXTURE_ROUND; shape <= MIXTURE_FULL; shape++)
        for (size_t d = 1; d <= D; d += 5) {
            struct world w;
            ctx_init(&w.ctx, 8 << 20);
            check_against(&w, make(&w, (enum mixture_shape)shape, d, &seed), true, 3e-7);
            ctx_release(&w.ctx);
        }
}

/* Tweedie: the gradient of the log density is (alpha D - x) / sigma^2. */
static void densities_have_the_score(void **state) {
    (void)state;
    uint64_t seed = 6;
    for (int shape = MIXTURE_ROUND; shape <= MIXTURE_FULL; shape++) {
        struct world w;
        ctx_init(&w.ctx, 8 << 20);
        const struct denoiser *denoiser = make(&w, (enum mixture_shape)shape, D, &seed);
        const struct denoiser_each q = query(&w, ROWS);
        ask(&w, denoiser, &q);
        double D_at[ROWS * D];
        memcpy(D_at, w.D, sizeof D_at);
        for (size_t j = 0; j < D; j++) {
            double sides[2][ROWS];
            for (int side = 0; side < 2; side++) {
                for (size_t r = 0; r < ROWS; r++)
                    w.x[r * D + j] += (side ? -2e-5 : 1e-5) * w.at[r].sigma;
                ask(&w, denoiser, &q);
                memcpy(sides[side], w.density, sizeof w.density);
            }
            for (size_t r = 0; r < ROWS; r++) {
                double sigma = w.at[r].sigma, x = w.x[r * D + j] += 1e-5 * sigma;
                double want = (w.at[r].alpha * D_at[r * D + j] - x) / (sigma * sigma);
                double got = (sides[0][r] - sides[1][r]) / (2e-5 * sigma);
                if (!(fabs(got - want) < 1e-5 * (1 + fabs(want)) / sigma))
                    fail_msg("row %zu: slope %.9g, score %.9g", r, got, want);
            }
        }
        ctx_release(&w.ctx);
    }
}

/* Summed over a fine grid the density is 1, at sigma = 0 too. */
static void densities_integrate_to_one(void **state) {
    (void)state;
    struct ctx ctx;
    ctx_init(&ctx, 8 << 20);
    const struct denoiser *denoiser;
    const double means[] = {-1, 2}, stds[] = {0.3, 0.5}, weights[] = {3, 1};
    const struct mixture_in in = {.k = 2, .d = 1, .weights = weights, .means = means, .stds = stds, .n_stds = 2};
    assert_int_equal(mixture_make(&ctx, &in, &denoiser), STATUS_OK);
    assert_true(denoiser->smooth);
    double *scratch = ctx_alloc(&ctx, denoiser_each_scratch(denoiser, 1), sizeof *scratch);
    for (double sigma = 0; sigma < 1; sigma += 0.4) {
        const struct path_point at = {.k = sigma / 0.9, .alpha = 0.9, .sigma = sigma};
        double sum = 0, ln, x;
        for (x = -8; x < 8; x += 0.01) {
            const struct denoiser_each q = {.at = &at, .rows = 1, .x = &x, .density = &ln};
            denoiser_each(denoiser, &q, scratch);
            sum += 0.01 * exp(ln);
        }
        assert_true(fabs(sum - 1) < 1e-10);
    }
    const struct mixture_in rough = {.k = 1, .d = 1, .means = means, .stds = &(double){0}, .n_stds = 1};
    assert_int_equal(mixture_make(&ctx, &rough, &denoiser), STATUS_OK);
    assert_false(denoiser->smooth);
    ctx_release(&ctx);
}

static void neighbours_change_nothing(void **state) {
    (void)state;
    uint64_t seed = 7;
    for (int shape = MIXTURE_ROUND; shape <= MIXTURE_FULL; shape++) {
        struct world w;
        ctx_init(&w.ctx, 8 << 20);
        const struct denoiser *denoiser = make(&w, (enum mixture_shape)shape, D, &seed);
        struct denoiser_each q = query(&w, ROWS);
        ask(&w, denoiser, &q);
        for (size_t r = 0; r < ROWS; r++) {
            double alone_D[D], trace, vJv, density;
            const struct denoiser_each alone = {.at = w.at + r,
                                                .rows = 1,
                                                .x = w.x + r * D,
                                                .D = alone_D,
                                                .trace = &trace,
                                                .v = w.v + r * D,
                                                .vJv = &vJv,
                                                .density = &density};
            ask(&w, denoiser, &alone);
            assert_memory_equal(alone_D, w.D + r * D, sizeof alone_D);
            assert_true(trace == w.trace[r] && vJv == w.vJv[r] && density == w.density[r]);
        }
        ctx_release(&w.ctx);
    }
}

/* Guidance is linear, within its interval; clipping answers by differences. */
static void around_others(void **state) {
    (void)state;
    uint64_t seed = 8;
    struct world w;
    ctx_init(&w.ctx, 8 << 20);
    const struct denoiser *good = make(&w, MIXTURE_ROUND, 3, &seed), *ref = make(&w, MIXTURE_AXES, 3, &seed);
    const struct denoiser *guided, *rescaled, *clipped;
    struct guidance_in in = {.good = good, .ref = ref, .scale = 2.5, .low = 0.1, .high = 2};
    assert_int_equal(guidance_make(&w.ctx, &in, &guided), STATUS_OK);
    assert_true(guided->gives == (EACH_TRACE | EACH_VJV));
    check_against(&w, guided, false, 1e-6);
    in.rescale = 0.5;
    assert_int_equal(guidance_make(&w.ctx, &in, &rescaled), STATUS_OK);
    assert_true(rescaled->gives == 0);
    check_against(&w, rescaled, false, 1e-6);
    assert_int_equal(clip_make(&w.ctx, &(struct clip_in){.denoiser = good, .range = 0.01}, &clipped), STATUS_OK);
    check_against(&w, clipped, false, 1e-6);
    double most = 0;
    for (size_t r = 0; r < ROWS; r++)
        most = fmax(most, fabs(w.trace[r]));
    struct denoiser_each q = query(&w, ROWS);
    q.density = NULL;
    ask(&w, good, &q);
    double unclipped = 0;
    for (size_t r = 0; r < ROWS; r++)
        unclipped = fmax(unclipped, fabs(w.trace[r]));
    assert_true(most < unclipped); /* where D is clipped it does not move */
    ctx_release(&w.ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jacobians_match_differences),
        cmocka_unit_test(densities_have_the_score),
        cmocka_unit_test(densities_integrate_to_one),
        cmocka_unit_test(neighbours_change_nothing),
        cmocka_unit_test(around_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
