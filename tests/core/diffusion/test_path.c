#include "core/diffusion/path.h"

#include <math.h>

#include "core/diffusion/grid.h"
#include "tests/support/test.h"

static bool near(double a, double b, double relative) { return fabs(a - b) <= relative * fabs(b); }

/* The ends of each table, as published with the schedules: abar(999) of ddpm-linear is 4.03583e-5, k runs from
 * 0.010001 to 157.407; ddpm-cosine from 0.00643 to 20291; vp ends at k(1) = 152.167. */
static void ends_are_those_of_the_literature(void **state) {
    (void)state;
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    static const struct {
        enum path_id id;
        double t_low, k_low, t_high, k_high;
    } CASES[] = {
        {PATH_DDPM_LINEAR, 0, 0.010001, 999, 157.407},
        {PATH_DDPM_COSINE, 0, 0.00643, 999, 20291},
        {PATH_VP, 1e-3, 0.0104860, 1, 152.167},
        {PATH_VE, 0, 0.01, 1, 50},
        {PATH_EDM, 0.002, 0.002, 80, 80},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct path path;
        assert_int_equal(path_make(&ctx, CASES[i].id, NULL, &path), STATUS_OK);
        assert_true(near(path_at_t(&path, CASES[i].t_low).k, CASES[i].k_low, 1e-3));
        assert_true(near(path_at_t(&path, CASES[i].t_high).k, CASES[i].k_high, 3e-5));
        assert_true(near(path.k_min, CASES[i].k_low, 1e-3) && near(path.k_max, CASES[i].k_high, 3e-5));
    }
    struct path path;
    assert_int_equal(path_make(&ctx, PATH_DDPM_LINEAR, NULL, &path), STATUS_OK);
    double alpha = path_at_t(&path, 999).alpha;
    assert_true(near(alpha * alpha, 4.03583e-5, 1e-6));
    ctx_release(&ctx);
}

/* Networks were trained with abar in single precision: 1 / (1 + k^2) is such a number at every trained step. */
static void abar_is_single_precision(void **state) {
    (void)state;
    for (int id = PATH_DDPM_LINEAR; id <= PATH_DDPM_COSINE; id++) {
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        struct path path;
        assert_int_equal(path_make(&ctx, (enum path_id)id, NULL, &path), STATUS_OK);
        for (size_t i = 0; i < path.steps; i++) {
            double abar = 1 / (1 + path.k[i] * path.k[i]);
            assert_true(near(abar, (double)(float)abar, 1e-14));
        }
        ctx_release(&ctx);
    }
}

/* Every trained step of a table without signal at its end, the last but one included, beside an infinite level. abar is
 * what diffusers 0.42.1 trains with: 1 - rescale_zero_terminal_snr(betas), multiplied up. */
static void no_signal_at_the_end(void **state) {
    (void)state;
    struct ctx ctx;
    struct path path;
    const struct path_options zero = {.given = PATH_OPT(zero_snr), .zero_snr = true};
    ctx_init(&ctx, 1 << 20);
    assert_int_equal(path_make(&ctx, PATH_DDPM_LINEAR, &zero, &path), STATUS_OK);
    for (size_t i = 0; i < path.steps; i++) {
        struct path_point at = path_at_t(&path, (double)i);
        assert_true(at.k == path.k[i] && near(at.alpha * at.alpha + at.sigma * at.sigma, 1, 1e-14));
    }
    assert_true(path_at_t(&path, 999).alpha == 0 && isinf(path_at_t(&path, 999).k));
    const struct path_point last = path_at_t(&path, 998), middle = path_at_t(&path, 500);
    assert_true(near(last.alpha * last.alpha, 4.213273285813557e-09, 1e-4));
    assert_true(near(middle.alpha * middle.alpha, 0.07524619996547699, 1e-6));
    ctx_release(&ctx);
}

/* alpha and sigma belong to k; t(k(t)) = t; between trained steps k is linear in t and t linear in ln k. */
static void points_are_consistent(void **state) {
    (void)state;
    for (int id = 0; id < PATH_COUNT; id++) {
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        struct path path;
        assert_int_equal(path_make(&ctx, (enum path_id)id, NULL, &path), STATUS_OK);
        double before = -1;
        for (int i = 0; i <= 999; i++) {
            double t = path.t_min + (path.t_max - path.t_min) * i / 1000;
            if (path.steps)
                t = i;
            struct path_point at = path_at_t(&path, t), back = path_at_k(&path, at.k);
            assert_true(at.k > before);
            before = at.k;
            assert_true(near(at.sigma, at.k * at.alpha, 1e-14));
            assert_true(near(back.t, t, 1e-9) && near(back.alpha, at.alpha, 1e-14) &&
                        near(back.sigma, at.sigma, 1e-14));
            if (path.family->variance_preserving)
                assert_true(near(at.alpha * at.alpha + at.sigma * at.sigma, 1, 1e-14));
            if (path.steps && i < 999) {
                assert_true(near(path_at_t(&path, i + 0.25).k, 0.75 * at.k + 0.25 * path.k[i + 1], 1e-14));
                assert_true(near(path_at_k(&path, sqrt(at.k * path.k[i + 1])).t, i + 0.5, 1e-9));
            }
        }
        struct path_point data = path_at_k(&path, 0);
        assert_true(data.k == 0 && data.sigma == 0 && data.alpha == 1 && data.t == 0);
        ctx_release(&ctx);
    }
}

/* vp against exp(-t^2 19.9 / 4 - t / 20) and flow against 1 - t. */
static void formulas(void **state) {
    (void)state;
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    struct path vp, flow, ve;
    assert_int_equal(path_make(&ctx, PATH_VP, NULL, &vp), STATUS_OK);
    assert_int_equal(path_make(&ctx, PATH_FLOW, NULL, &flow), STATUS_OK);
    assert_int_equal(path_make(&ctx, PATH_VE, NULL, &ve), STATUS_OK);
    for (int i = 1; i <= 100; i++) {
        double t = i / 100.0;
        assert_true(near(path_at_t(&vp, t).alpha, exp(-0.25 * t * t * 19.9 - 0.05 * t), 1e-13));
        assert_true(near(path_at_t(&ve, t).sigma, 0.01 * pow(5000, t), 1e-13));
        assert_true(path_at_t(&flow, t).alpha == 1 - t && path_at_t(&flow, t).sigma == t);
    }
    struct path_point noise = path_at_t(&flow, 1), same = path_at_k(&flow, (double)INFINITY);
    assert_true(isinf(noise.k) && noise.alpha == 0 && noise.sigma == 1);
    assert_memory_equal(&noise, &same, sizeof noise);
    ctx_release(&ctx);
}

/* Levels above the path's end (churn goes there) keep the end's time. */
static void beyond_the_end_time_stays(void **state) {
    (void)state;
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    for (int id = 0; id <= PATH_VE; id++) {
        struct path path;
        assert_int_equal(path_make(&ctx, (enum path_id)id, NULL, &path), STATUS_OK);
        struct path_point at = path_at_k(&path, path.k_high * 1.4);
        assert_true(at.t == path.t_max && at.k == path.k_high * 1.4);
    }
    ctx_release(&ctx);
}

static void allocations_fail_in_turn(void **state) {
    (void)state;
    for (size_t n = 0; n < 2; n++) {
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        ctx.fail_after = n;
        struct path path;
        assert_int_equal(path_make(&ctx, PATH_DDPM_LINEAR, NULL, &path), STATUS_NO_MEMORY);
        ctx_release(&ctx);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_are_those_of_the_literature),
        cmocka_unit_test(points_are_consistent),
        cmocka_unit_test(abar_is_single_precision),
        cmocka_unit_test(formulas),
        cmocka_unit_test(no_signal_at_the_end),
        cmocka_unit_test(beyond_the_end_time_stays),
        cmocka_unit_test(allocations_fail_in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
