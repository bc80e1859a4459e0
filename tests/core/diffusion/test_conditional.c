/* Several denoisers as one: each row has the bits of its own, whatever stands beside it, in one call and along whole ways. */
#include "core/diffusion/conditional.h"

#include <math.h>

#include "core/diffusion/guidance.h"
#include "core/diffusion/plan_build.h"
#include "core/diffusion/sampler.h"
#include "core/diffusion/solver.h"
#include "tests/core/diffusion/gaussian.h"
#include "tests/support/threads.h"

enum { PARTS = 3, D = 3, ROWS = 14 };
static const int64_t NAMES[PARTS] = {-5, 2, INT64_MAX};

struct world {
    struct ctx ctx;
    struct conditional_part parts[PARTS];
    const struct denoiser *whole;
    double x[ROWS * D];
    struct path_point at[ROWS];
    int64_t condition[ROWS];
};

static double between(uint64_t *seed, double low, double high) {
    return low + (high - low) * ((double)(test_random(seed) >> 11) * 0x1p-53);
}

/* begin makes mixtures of one shape each: round, one deviation an axis, round again but of more parts. */
static void begin(struct world *w) {
    uint64_t seed = 4;
    static double means[PARTS][4 * D], stds[PARTS][4 * D];
    ctx_init(&w->ctx, 8 << 20);
    for (size_t p = 0; p < PARTS; p++) {
        for (size_t i = 0; i < 4 * D; i++)
            means[p][i] = between(&seed, -2, 2), stds[p][i] = between(&seed, 0.1, 1);
        const size_t k = p + 2;
        const struct mixture_in in = {.k = k, .d = D, .means = means[p], .stds = stds[p], .n_stds = p == 1 ? k * D : k};
        w->parts[p].class = NAMES[p];
        assert_int_equal(mixture_make(&w->ctx, &in, &w->parts[p].denoiser), STATUS_OK);
    }
    assert_int_equal(conditional_make(&w->ctx, w->parts, PARTS, &w->whole), STATUS_OK);
    for (size_t i = 0; i < ROWS * D; i++)
        w->x[i] = between(&seed, -2, 2);
    for (size_t r = 0; r < ROWS; r++) {
        double sigma = between(&seed, 0.1, 2);
        w->at[r] = (struct path_point){.t = sigma, .k = sigma, .alpha = 1, .sigma = sigma};
        w->condition[r] = NAMES[test_below(&seed, PARTS)];
    }
}

static const struct denoiser *own(const struct world *w, size_t r) {
    for (size_t p = 0; p < PARTS; p++)
        if (w->parts[p].class == w->condition[r])
            return w->parts[p].denoiser;
    fail_msg("row %zu has no denoiser", r);
    return NULL;
}

/* answer asks for rows first .. first + n - 1 with a scratch of just the size that is to do. */
static void answer(const struct world *w, bool apart, size_t first, size_t n, double *out) {
    const size_t doubles = apart ? denoiser_each_scratch(w->whole, n) : denoiser_scratch(w->whole, n);
    double *scratch = malloc(doubles * sizeof *scratch);
    const struct denoiser_each q = {
        .at = w->at + first, .classes = w->condition + first, .rows = n, .x = w->x + first * D, .D = out + first * D};
    if (apart)
        denoiser_each(w->whole, &q, scratch);
    else
        denoiser_eval(w->whole, &w->at[0], &(struct told){.classes = q.classes}, n, q.x, q.D, scratch);
    free(scratch);
}

static void each_row_has_its_own_denoisers_bits(void **state) {
    (void)state;
    struct world w;
    begin(&w);
    for (int apart = 0; apart < 2; apart++)
        for (size_t together = 1; together <= ROWS; together += 4) {
            double got[ROWS * D], want[D], room[1000];
            for (size_t first = 0; first < ROWS; first += together)
                answer(&w, apart, first, together < ROWS - first ? together : ROWS - first, got);
            for (size_t r = 0; r < ROWS; r++) {
                const struct denoiser *part = own(&w, r);
                const struct denoiser_each q = {.at = &w.at[r], .rows = 1, .x = w.x + r * D, .D = want};
                if (apart)
                    denoiser_each(part, &q, room);
                else
                    denoiser_eval(part, &w.at[0], NULL, 1, q.x, want, room);
                assert_memory_equal(got + r * D, want, sizeof want);
            }
        }
    ctx_release(&w.ctx);
}

/* -- Whole ways -- */

enum { SAMPLES = 40, STEPS = 4 };

/* sample draws SAMPLES with guidance away from the first part, which is told nothing; `told` NULL: `good` is one part. */
static double *sample(struct world *w, enum solver_id solver, const struct denoiser *good, const int64_t *told) {
    const struct guidance_in guide = {
        .good = good, .ref = w->parts[0].denoiser, .scale = 1.5, .low = 0, .high = (double)INFINITY};
    const struct noise noise = noise_of_seed(w->ctx.isa, 3);
    const struct grid_in grid = {.id = GRID_KARRAS, .steps = STEPS};
    const struct denoiser *guided;
    struct solver_options given = {0}, options;
    struct path path;
    struct path_point *points;
    struct plan plan;
    struct sampler_out out;
    assert_int_equal(guidance_make(&w->ctx, &guide, &guided), STATUS_OK);
    assert_int_equal(path_make(&w->ctx, PATH_EDM, NULL, &path), STATUS_OK);
    assert_int_equal(grid_make(&w->ctx, &path, &grid, &points, &(size_t){0}), STATUS_OK);
    assert_int_equal(solver_resolve(&w->ctx, solver_find(solver), &path, &given, &options), STATUS_OK);
    assert_int_equal(plan_make(&w->ctx, &path, points, STEPS, solver_find(solver), &options, &plan), STATUS_OK);
    const struct sampler_in in = {
        .denoiser = guided, .classes = told, .plan = &plan, .noise = &noise, .count = SAMPLES};
    assert_int_equal(sampler_run(&w->ctx, &in, &out), STATUS_OK);
    return out.samples;
}

/* The second solver asks what it is guided away from by itself, too. */
static void each_sample_goes_its_own_way(void **state) {
    (void)state;
    static const enum solver_id SOLVERS[] = {SOLVER_HEUN, SOLVER_EULER_CFGPP};
    struct world w;
    int64_t told[SAMPLES];
    for (size_t threads = 1; threads <= 3; threads += 2)
        for (size_t s = 0; s < COUNT(SOLVERS); s++) {
            begin(&w);
            struct parallel parallel = test_threads(threads);
            w.ctx.parallel = &parallel;
            for (size_t i = 0; i < SAMPLES; i++)
                told[i] = NAMES[i * i % PARTS];
            const double *mixed = sample(&w, SOLVERS[s], w.whole, told);
            for (size_t p = 0; p < PARTS; p++) {
                const double *alone = sample(&w, SOLVERS[s], w.parts[p].denoiser, NULL);
                for (size_t i = 0; i < SAMPLES; i++)
                    if (told[i] == NAMES[p])
                        assert_memory_equal(mixed + i * D, alone + i * D, D * sizeof *alone);
            }
            ctx_release(&w.ctx);
        }
}

static void without_memory_there_is_none(void **state) {
    (void)state;
    struct world w;
    const struct denoiser *whole;
    begin(&w);
    w.ctx.fail_after = 0;
    assert_int_equal(conditional_make(&w.ctx, w.parts, PARTS, &whole), STATUS_NO_MEMORY);
    ctx_release(&w.ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_has_its_own_denoisers_bits),
        cmocka_unit_test(each_sample_goes_its_own_way),
        cmocka_unit_test(without_memory_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
