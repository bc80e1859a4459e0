/* ER-SDE's coefficients against the definition: with y(k) the solution of the semilinear equation,
 *     y' = r y + phi(k') int_k'^k phi'(u) / phi(u)^2 D(u) du,   D(u) = D + D1 (u - k) + D2 (u - k)^2 / 2,
 * by the midpoint rule in ln u, phi' from its own formula: neither the parts nor the quadrature of the solver. */
#include <math.h>

#include "core/diffusion/grid.h"
#include "core/diffusion/sampler.h"
#include "tests/support/test.h"

static double growth(double k) { return exp(pow(k, 0.3)) + 10; }

static double moment(double k, double l, int power) {
    enum { PIECES = 20000 };
    double sum = 0, step = log(k / l) / PIECES;
    for (int i = 0; i < PIECES; i++) {
        double u = l * exp(step * (i + 0.5)), phi = u * growth(u);
        double slope = growth(u) + 0.3 * pow(u, 0.3) * exp(pow(u, 0.3));
        sum += slope / (phi * phi) * pow(u - k, power) * u * step;
    }
    return l * growth(l) * sum;
}

/* check wants step s (with order - 1 steps before it that count) to have these weights of D, of the D before, and of that
 * before it. */
static void check(const struct plan *plan, const double *k, size_t s, size_t order) {
    double h1 = s ? k[s] - k[s - 1] : 0, h2 = s > 1 ? k[s - 1] - k[s - 2] : 0,
           want[3] = {moment(k[s], k[s + 1], 0), 0, 0};
    if (order > 1) {
        double first = moment(k[s], k[s + 1], 1) / h1;
        want[0] += first, want[1] -= first;
    }
    if (order > 2) {
        double bend =
            moment(k[s], k[s + 1], 2) / (h1 + h2); /* of D2 / 2, D2 = 2 ((D - D') / h1 - (D' - D'') / h2) / (h1 + h2) */
        want[0] += bend / h1, want[1] -= bend / h1 + bend / h2, want[2] += bend / h2;
    }
    const struct plan_op *op = &plan->ops[plan->steps[s].state - 1];
    for (size_t back = 0; back < order; back++) {
        double got = 0;
        for (size_t i = 0; i < op->n_terms; i++)
            got += op->terms[i].of == plan->steps[s - back].D ? op->terms[i].by : 0;
        if (!(fabs(got - want[back]) < 1e-7 * fabs(want[0])))
            fail_msg("step %zu, call %zu back: %.12g, want %.12g", s, back, got, want[back]);
    }
}

static void weights_are_integrals(void **state) {
    (void)state;
    static const double K[] = {60, 11, 2.5, 0.4, 0.01, 0};
    for (int64_t order = 1; order <= 3; order++) {
        const struct solver_options given = {.given = OPT(order), .order = order};
        const struct grid_in grid = {.id = GRID_CUSTOM, .levels = K, .n_levels = COUNT(K)};
        struct ctx ctx;
        struct path path;
        struct path_point *points;
        struct solver_options options;
        struct plan plan;
        size_t steps;
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(path_make(&ctx, PATH_EDM, NULL, &path), STATUS_OK);
        assert_int_equal(grid_make(&ctx, &path, &grid, &points, &steps), STATUS_OK);
        assert_int_equal(solver_resolve(&ctx, solver_find(SOLVER_ER_SDE), &path, &given, &options), STATUS_OK);
        assert_int_equal(plan_make(&ctx, &path, points, steps, solver_find(SOLVER_ER_SDE), &options, &plan), STATUS_OK);
        for (size_t s = 0; s + 1 < steps; s++)
            check(&plan, K, s, s + 1 < (size_t)order ? s + 1 : (size_t)order);
        const struct plan_op *last = &plan.ops[plan.result - 1]; /* to data: D alone */
        assert_int_equal(last->n_terms, 1);
        assert_true(last->terms[0].by == 1 && last->noise == 0);
        ctx_release(&ctx);
    }
}

/* From infinite k, and from levels whose phi leaves the doubles, nothing of the state is kept. */
static void extreme_levels(void **state) {
    (void)state;
    static const double TIMES[] = {1, 1 - 1e-13, 1 - 1e-11, 0.5, 0.1, 0};
    const struct grid_in grid = {.id = GRID_CUSTOM, .levels = TIMES, .n_levels = COUNT(TIMES), .times = true};
    struct ctx ctx;
    struct path path;
    struct path_point *points;
    struct solver_options options;
    struct plan plan;
    size_t steps;
    ctx_init(&ctx, 1 << 20);
    assert_int_equal(path_make(&ctx, PATH_FLOW, NULL, &path), STATUS_OK);
    assert_int_equal(grid_make(&ctx, &path, &grid, &points, &steps), STATUS_OK);
    assert_int_equal(solver_resolve(&ctx, solver_find(SOLVER_ER_SDE), &path, &(struct solver_options){0}, &options),
                     STATUS_OK);
    assert_int_equal(plan_make(&ctx, &path, points, steps, solver_find(SOLVER_ER_SDE), &options, &plan), STATUS_OK);
    for (size_t i = 0; i < plan.n_ops; i++) {
        assert_true(isfinite(plan.ops[i].noise));
        for (size_t j = 0; j < plan.ops[i].n_terms; j++)
            assert_true(isfinite(plan.ops[i].terms[j].by));
    }
    assert_true(plan.ops[plan.steps[0].state - 1].noise == points[1].sigma);
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(weights_are_integrals), cmocka_unit_test(extreme_levels)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
