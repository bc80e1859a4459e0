#include "core/diffusion/grid.h"

#include <math.h>

#include "core/diffusion/grid_levels.h"
#include "tests/support/test.h"

struct fixture {
    struct ctx ctx;
    struct path path;
    struct path_point *points;
};

static enum status make(struct fixture *f, enum path_id path, const struct grid_in *in) {
    ctx_init(&f->ctx, 1 << 20);
    assert_int_equal(path_make(&f->ctx, path, NULL, &f->path), STATUS_OK);
    return grid_make(&f->ctx, &f->path, in, &f->points, &(size_t){0});
}

/* The times that diffusers prints for 5 and 10 of 1000 steps (set_timesteps), without steps_offset. */
static void trained_steps_are_counted_as_in_the_field(void **state) {
    (void)state;
    static const struct {
        enum grid_id id;
        size_t steps;
        double want[16];
    } CASES[] = {
        {GRID_LINSPACE, 5, {999, 749.25, 499.5, 249.75, 0}},
        {GRID_LEADING, 5, {800, 600, 400, 200, 0}},
        {GRID_TRAILING, 5, {999, 799, 599, 399, 199}},
        {GRID_LEADING, 3, {666, 333, 0}},
        {GRID_TRAILING, 3, {999, 666, 332}},
        {GRID_TRAILING, 10, {999, 899, 799, 699, 599, 499, 399, 299, 199, 99}},
        /* halves round to even, as numpy's do: 937.5 -> 938, 812.5 -> 812 */
        {GRID_TRAILING, 16, {999, 937, 874, 811, 749, 687, 624, 561, 499, 437, 374, 311, 249, 187, 124, 61}},
        /* denoiser.hpp of stable-diffusion.cpp 97d2990, worked out by hand */
        {GRID_SIMPLE, 3, {999, 666, 333}},
        {GRID_SIMPLE, 7, {999, 857, 714, 571, 428, 285, 142}},
        {GRID_SGM_UNIFORM, 4, {999, 749.25, 499.5, 249.75}},
        {GRID_SMOOTHSTEP, 4, {999, 843, 500, 156}},
        {GRID_LCM, 4, {999, 759, 499, 259}},
        {GRID_SGM_UNIFORM, 1, {999}},
        {GRID_LCM, 1, {999}},
        {GRID_LINSPACE, 1, {999}},
        {GRID_LEADING, 1, {0}},
        {GRID_TRAILING, 1, {999}},
    };
    for (size_t c = 0; c < COUNT(CASES); c++) {
        struct fixture f;
        assert_int_equal(make(&f, PATH_DDPM_LINEAR, &(struct grid_in){.id = CASES[c].id, .steps = CASES[c].steps}),
                         STATUS_OK);
        for (size_t i = 0; i < CASES[c].steps; i++)
            assert_true(fabs(f.points[i].t - CASES[c].want[i]) < 1e-9);
        assert_true(f.points[CASES[c].steps].k == 0);
        ctx_release(&f.ctx);
    }
}

static void karras_and_uniform_levels(void **state) {
    (void)state;
    struct fixture f;
    assert_int_equal(make(&f, PATH_EDM, &(struct grid_in){.id = GRID_KARRAS, .steps = 18}), STATUS_OK);
    for (int i = 0; i < 18; i++) {
        double want = pow(pow(80, 1 / 7.0) + i / 17.0 * (pow(0.002, 1 / 7.0) - pow(80, 1 / 7.0)), 7);
        assert_true(fabs(f.points[i].k / want - 1) < 1e-13);
    }
    assert_true(f.points[0].k == 80 && f.points[17].k == 0.002 && f.points[18].k == 0);
    ctx_release(&f.ctx);

    assert_int_equal(make(&f, PATH_FLOW, &(struct grid_in){.id = GRID_UNIFORM, .steps = 4}), STATUS_OK);
    for (int i = 0; i <= 4; i++)
        assert_true(f.points[i].t == 1 - i / 4.0 && f.points[i].sigma == f.points[i].t);
    ctx_release(&f.ctx);

    assert_int_equal(make(&f, PATH_VE, &(struct grid_in){.id = GRID_UNIFORM, .steps = 3}), STATUS_OK);
    assert_true(f.points[0].k == 50 && fabs(f.points[1].k / sqrt(0.5) - 1) < 1e-12 &&
                fabs(f.points[2].k / 0.01 - 1) < 1e-12);
    ctx_release(&f.ctx);

    assert_int_equal(make(&f, PATH_FLOW, &(struct grid_in){.id = GRID_UNIFORM, .steps = 3, .k_max = 3, .k_min = 1}),
                     STATUS_OK);
    assert_true(f.points[0].t == 0.75 && f.points[1].t == 0.625 && f.points[2].t == 0.5 && f.points[3].t == 0);
    ctx_release(&f.ctx);
}

/* On flow a grid in t runs from t = 1, infinite k, to data: bounds beyond those of a grid in k are fine. */
static void uniform_bounds_on_flow(void **state) {
    (void)state;
    struct fixture f;
    assert_int_equal(make(&f, PATH_FLOW, &(struct grid_in){.id = GRID_UNIFORM, .steps = 3, .k_min = 999}), STATUS_OK);
    assert_true(f.points[0].t == 1 && fabs(f.points[2].t - 0.999) < 1e-15 && f.points[3].t == 0);
    ctx_release(&f.ctx);
    assert_int_equal(make(&f, PATH_FLOW, &(struct grid_in){.id = GRID_UNIFORM, .steps = 2, .k_max = 0.001}), STATUS_OK);
    assert_true(f.points[0].t < 0.001 && f.points[1].t == f.points[0].t / 2 && f.points[2].t == 0);
    ctx_release(&f.ctx);
}

/* Every grid falls strictly to 0 on every path that has it, whatever the number of steps. */
static void all_grids_fall_to_data(void **state) {
    (void)state;
    static const size_t STEPS[] = {1, 2, 3, 7, 50, 999, 1000};
    for (int path = 0; path < PATH_COUNT; path++)
        for (int grid = 0; grid < GRID_AYS_SD15; grid++)
            for (size_t s = 0; s < COUNT(STEPS); s++) {
                struct fixture f;
                enum status status =
                    make(&f, (enum path_id)path, &(struct grid_in){.id = (enum grid_id)grid, .steps = STEPS[s]});
                const size_t most = grid == GRID_LCM          ? 50
                                    : grid == GRID_SMOOTHSTEP ? 100
                                                              : SIZE_MAX; /* all different */
                bool legal = (path < PATH_VP || grid >= GRID_KARRAS) && STEPS[s] <= most;
                assert_int_equal(status, legal ? STATUS_OK : STATUS_INVALID);
                for (size_t i = 0; legal && i < STEPS[s]; i++)
                    assert_true(f.points[i].k > f.points[i + 1].k);
                if (legal)
                    assert_true(f.points[STEPS[s]].k == 0);
                ctx_release(&f.ctx);
            }
}

/* vp is k-diffusion's get_sigmas_vp; bong-tangent is that of stable-diffusion.cpp 97d2990, both computed from their
 * formulas in Python. */
static void grids_of_other_projects(void **state) {
    (void)state;
    static const double VP[] = {152.1669703, 17.04912256, 3.422244763, 0.9575264822, 0.01048599279},
                        BONG[] = {80, 74.31774968, 63.81527839, 40.001, 14.84968703, 4.546061084};
    struct fixture f;
    assert_int_equal(make(&f, PATH_VP, &(struct grid_in){.id = GRID_VP, .steps = 5}), STATUS_OK);
    for (size_t i = 0; i < 5; i++)
        assert_true(fabs(f.points[i].k / VP[i] - 1) < 1e-6);
    ctx_release(&f.ctx);
    assert_int_equal(make(&f, PATH_EDM, &(struct grid_in){.id = GRID_BONG_TANGENT, .steps = 6}), STATUS_OK);
    for (size_t i = 0; i < 6; i++)
        assert_true(fabs(f.points[i].k / BONG[i] - 1) < 1e-6);
    ctx_release(&f.ctx);
    assert_int_equal(make(&f, PATH_EDM, &(struct grid_in){.id = GRID_BONG_TANGENT, .steps = 6, .to_k_min = true}),
                     STATUS_OK);
    assert_true(fabs(f.points[5].k / BONG[5] - 1) < 1e-6 && f.points[6].k == 0.002);
    ctx_release(&f.ctx);
}

/* Between trained steps of sgm-uniform ln k is linear. */
static void sgm_uniform_is_linear_in_ln_k(void **state) {
    (void)state;
    struct fixture f;
    assert_int_equal(make(&f, PATH_DDPM_LINEAR, &(struct grid_in){.id = GRID_SGM_UNIFORM, .steps = 4}), STATUS_OK);
    assert_true(fabs(f.points[2].k / sqrt(f.path.k[499] * f.path.k[500]) - 1) < 1e-12);
    ctx_release(&f.ctx);
    assert_int_equal(make(&f, PATH_DDPM_LINEAR, &(struct grid_in){.id = GRID_LCM, .steps = 51}), STATUS_INVALID);
    assert_string_equal(f.ctx.err.pointer, "/sampler/steps");
    ctx_release(&f.ctx);
}

/* Sabour et al. 2024: for ten steps the tables themselves, the last step to data. */
static void align_your_steps(void **state) {
    (void)state;
    static const double SD15[] = {14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0};
    struct fixture f;
    assert_int_equal(make(&f, PATH_DDPM_LINEAR, &(struct grid_in){.id = GRID_AYS_SD15, .steps = 10}), STATUS_OK);
    for (size_t i = 0; i <= 10; i++)
        assert_true(fabs(f.points[i].k - SD15[i]) < 1e-12);
    ctx_release(&f.ctx);
    assert_int_equal(make(&f, PATH_EDM, &(struct grid_in){.id = GRID_AYS_SDXL, .steps = 20}), STATUS_OK);
    assert_true(f.points[2].k == 6.315 && fabs(f.points[1].k - sqrt(14.615 * 6.315)) < 1e-12);
    ctx_release(&f.ctx);
    assert_int_equal(make(&f, PATH_DDPM_SCALED_LINEAR, &(struct grid_in){.id = GRID_AYS_SD15, .steps = 10}), STATUS_OK);
    assert_true(f.points[0].t == 999 && f.points[0].k < 14.61465 && fabs(f.points[1].k - 6.475) < 1e-3);
    ctx_release(&f.ctx);
    assert_int_equal(make(&f, PATH_VP, &(struct grid_in){.id = GRID_AYS_SVD, .steps = 10}),
                     STATUS_INVALID); /* k = 700 */
    assert_string_equal(f.ctx.err.pointer, "/sampler/grid");
    ctx_release(&f.ctx);
}

/* Quantiles of Beta(0.6, 0.6): symmetric, and those that scipy.stats.beta.ppf gives (SciPy 1.17). */
static void beta_quantiles(void **state) {
    (void)state;
    static const double CASES[][2] = {
        {0.1, 0.03958440558878085}, {0.25, 0.17568037865269498}, {0.4, 0.3627009907532143}};
    for (size_t i = 0; i < COUNT(CASES); i++) {
        assert_true(fabs(grid_beta_quantile(CASES[i][0]) - CASES[i][1]) < 1e-13);
        assert_true(fabs(grid_beta_quantile(1 - CASES[i][0]) - (1 - CASES[i][1])) < 1e-13);
    }
    assert_true(grid_beta_quantile(0) < 1e-17 && grid_beta_quantile(1) == 1 &&
                fabs(grid_beta_quantile(0.5) - 0.5) < 1e-15);
}

static void listed_levels(void **state) {
    (void)state;
    static const double LEVELS[] = {20, 3, 0.5, 0}, RISING[] = {1, 2}, TIMES[] = {1, 0.25};
    struct fixture f;
    for (size_t n = 3; n <= 4; n++) { /* with and without the data */
        const struct grid_in in = {.id = GRID_CUSTOM, .levels = LEVELS, .n_levels = n};
        assert_int_equal(make(&f, PATH_VP, &in), STATUS_OK);
        for (size_t i = 0; i < 4; i++)
            assert_true(f.points[i].k == LEVELS[i]);
        ctx_release(&f.ctx);
    }
    assert_int_equal(
        make(&f, PATH_FLOW, &(struct grid_in){.id = GRID_CUSTOM, .levels = TIMES, .n_levels = 2, .times = true}),
        STATUS_OK);
    assert_true(isinf(f.points[0].k) && f.points[1].t == 0.25 && f.points[2].k == 0);
    ctx_release(&f.ctx);
    assert_int_equal(make(&f, PATH_EDM, &(struct grid_in){.id = GRID_CUSTOM, .levels = RISING, .n_levels = 2}),
                     STATUS_INVALID);
    assert_string_equal(f.ctx.err.pointer, "/sampler/sigmas/1");
    ctx_release(&f.ctx);
    assert_int_equal(
        make(&f, PATH_EDM, &(struct grid_in){.id = GRID_CUSTOM, .levels = LEVELS, .n_levels = 4, .steps = 4}),
        STATUS_INVALID);
    assert_string_equal(f.ctx.err.pointer, "/sampler/steps");
    ctx_release(&f.ctx);
}

/* Esser et al. 2024: t <- s t / (1 + (s - 1) t); shift 3 of 1000 times ends at 0.0089 0.0060 0.0030. */
static void shifted_times(void **state) {
    (void)state;
    struct fixture f;
    assert_int_equal(make(&f, PATH_FLOW, &(struct grid_in){.id = GRID_UNIFORM, .steps = 1000, .shift = 3}), STATUS_OK);
    assert_true(fabs(f.points[997].t - 0.0089) < 5e-5 && fabs(f.points[998].t - 0.0060) < 5e-5 &&
                fabs(f.points[999].t - 0.0030) < 5e-5);
    ctx_release(&f.ctx);
}

/* A grid in k may end at its least level instead of at data: the same levels as one with a step less, and no more. */
static void the_last_level_may_be_above_data(void **state) {
    (void)state;
    struct fixture f, g;
    assert_int_equal(make(&f, PATH_EDM, &(struct grid_in){.id = GRID_KARRAS, .steps = 9, .to_k_min = true}), STATUS_OK);
    assert_int_equal(make(&g, PATH_EDM, &(struct grid_in){.id = GRID_KARRAS, .steps = 10}), STATUS_OK);
    assert_memory_equal(f.points, g.points, 10 * sizeof *f.points);
    ctx_release(&f.ctx);
    ctx_release(&g.ctx);
}

static void what_cannot_be_is_refused(void **state) {
    (void)state;
    static const struct {
        enum path_id path;
        struct grid_in in;
        const char *pointer, *text;
    } CASES[] = {
        {PATH_VP, {GRID_LEADING, 10, 0, 0, 0}, "/sampler/grid", "time is continuous on path \"vp\""},
        {PATH_DDPM_LINEAR, {GRID_LEADING, 1001, 0, 0, 0}, "/sampler/steps", "want at most that many"},
        {PATH_DDPM_LINEAR, {GRID_LINSPACE, 10, 0, 0.1, 0}, "/sampler/sigma_min", "does not go with grid \"linspace\""},
        {PATH_DDPM_LINEAR, {GRID_KARRAS, 10, 0, 0, 158}, "/sampler/sigma_max", "sampler.sigma_max is 158"},
        {PATH_DDPM_LINEAR, {GRID_KARRAS, 10, 0, 0.009, 0}, "/sampler/sigma_min", "0.0100013"},
        {PATH_EDM, {GRID_KARRAS, 10, 0, 81, 0}, "/sampler/sigma_min", "want a sigma_max above sigma_min"},
        {PATH_EDM, {GRID_KARRAS, 10, 0, 1, 1}, "/sampler/sigma_min", "want a sigma_max above sigma_min"},
        {PATH_EDM, {GRID_KARRAS, 10, 0, -1, 0}, "/sampler/sigma_min", "sampler.sigma_min is -1"},
        {PATH_EDM, {GRID_KARRAS, 10, 0, 0, 1e300}, "/sampler/sigma_max", "1e+300"},
        {PATH_EDM, {GRID_KARRAS, 10, 200, 0, 0}, "/sampler/rho", "want 0.1 to 100"},
        {PATH_EDM, {GRID_KARRAS, 10, (double)NAN, 0, 0}, "/sampler/rho", "want 0.1 to 100"},
        {PATH_EDM, {GRID_UNIFORM, 10, 3, 0, 0}, "/sampler/rho", "want grid \"karras\""},
        {PATH_EDM, {GRID_KARRAS, 0, 0, 0, 0}, "/sampler/steps", "want 1 to 10000"},
        {PATH_EDM, {GRID_KARRAS, 10001, 0, 0, 0}, "/sampler/steps", "want 1 to 10000"},
        {PATH_EDM, {GRID_KARRAS, 10000, 0, 1, 1.0000000000001}, "/sampler/steps", "too many for this range"},
    };
    for (size_t c = 0; c < COUNT(CASES); c++) {
        struct fixture f;
        assert_int_equal(make(&f, CASES[c].path, &CASES[c].in), STATUS_INVALID);
        assert_string_equal(f.ctx.err.pointer, CASES[c].pointer);
        if (!strstr(f.ctx.err.detail, CASES[c].text))
            fail_msg("%s", f.ctx.err.detail);
        ctx_release(&f.ctx);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trained_steps_are_counted_as_in_the_field),
        cmocka_unit_test(karras_and_uniform_levels),
        cmocka_unit_test(uniform_bounds_on_flow),
        cmocka_unit_test(all_grids_fall_to_data),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(align_your_steps),
        cmocka_unit_test(grids_of_other_projects),
        cmocka_unit_test(sgm_uniform_is_linear_in_ln_k),
        cmocka_unit_test(beta_quantiles),
        cmocka_unit_test(listed_levels),
        cmocka_unit_test(shifted_times),
        cmocka_unit_test(the_last_level_may_be_above_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
