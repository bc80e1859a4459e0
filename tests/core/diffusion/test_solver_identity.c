/* At first order all families of solvers are one formula, x' = alpha' D + sigma' (v eps + u z): what they write into
 * their plans must be the same numbers, to the last few bits. */
#include <math.h>

#include "core/diffusion/grid.h"
#include "core/diffusion/sampler.h"
#include "tests/support/test.h"

enum { STEPS = 6 };
static const double CLOSE = 4e-15; /* of a step's greatest coefficient: some dozen roundings, in logarithms too */

struct member {
    const char *name;
    enum solver_id solver;
    struct solver_options options;
    unsigned not_on; /* paths where it is another formula */
    bool in_parts;   /* it writes of_x as alpha'/alpha less nearly as much */
};

/* What one step makes of its state, of its D (guided or not) and of noise. */
struct step {
    double of_x, of_D, noise;
    double kept; /* alpha' / alpha, 1 from alpha 0 */
};

/* steps_of reads a plan whose steps call once, twice at the same place (cfgpp), or also correct what they call. */
static size_t steps_of(const struct member *m, enum path_id path_id, const struct grid_in *grid, struct step *out) {
    struct ctx ctx;
    struct path path;
    struct path_point *points;
    struct solver_options options;
    struct plan plan;
    size_t steps, x = 0;
    const struct solver *solver = solver_find(m->solver);
    ctx_init(&ctx, 16 << 20);
    assert_int_equal(path_make(&ctx, path_id, NULL, &path), STATUS_OK);
    if (grid_make(&ctx, &path, grid, &points, &steps) != STATUS_OK)
        fail_msg("%s", ctx.err.detail);
    assert_int_equal(solver_resolve(&ctx, solver, &path, &m->options, &options), STATUS_OK);
    assert_int_equal(plan_make(&ctx, &path, points, steps, solver, &options, &plan), STATUS_OK);
    for (size_t s = 0; s < steps; s++) {
        const struct plan_step *step = &plan.steps[s];
        const struct plan_op *last = &plan.ops[step->state - 1];
        assert_int_equal(last->kind, PLAN_MIX);
        out[s] =
            (struct step){.noise = last->noise, .kept = step->from.alpha > 0 ? step->to.alpha / step->from.alpha : 1};
        for (size_t i = 0; i < last->n_terms; i++) {
            const struct plan_term *term = &last->terms[i];
            if (term->of != x && plan.ops[term->of - 1].kind != PLAN_CALL)
                fail_msg("%s: step %zu uses more than its state and its call", m->name, s);
            *(term->of == x ? &out[s].of_x : &out[s].of_D) += term->by;
        }
        for (size_t i = step->first; i < step->end; i++)
            assert_true(plan.ops[i].kind == PLAN_MIX || plan.ops[i].in == x);
        x = step->state;
    }
    ctx_release(&ctx);
    return steps;
}

static void compare(const struct member *a, const struct member *b, enum path_id path, const struct grid_in *grid) {
    struct step p[STEPS], q[STEPS];
    size_t n = steps_of(a, path, grid, p);
    assert_int_equal(steps_of(b, path, grid, q), n);
    for (size_t s = 0; s < n; s++) {
        double most = fmax(fabs(p[s].of_x), fmax(fabs(p[s].of_D), fabs(p[s].noise)));
        most = b->in_parts ? fmax(most, p[s].kept) : most;
        double off =
            fmax(fabs(p[s].of_x - q[s].of_x), fmax(fabs(p[s].of_D - q[s].of_D), fabs(p[s].noise - q[s].noise)));
        if (!(off <= CLOSE * most))
            fail_msg("%s and %s on %s, step %zu: %.17g %.17g %.17g, and %.17g %.17g %.17g", a->name, b->name,
                     path_names[path], s, p[s].of_x, p[s].of_D, p[s].noise, q[s].of_x, q[s].of_D, q[s].noise);
    }
}

/* check compares all with the first, on all paths, from the path's noise to data and between two levels. */
static void check(const struct member *members, size_t n, size_t steps) {
    for (int path = 0; path < PATH_COUNT; path++)
        for (int to_data = 0; to_data <= 1; to_data++) {
            const struct grid_in levels = {
                .id = GRID_KARRAS, .steps = steps, .k_min = 0.12, .k_max = 10, .to_k_min = true};
            const struct grid_in times = {.id = GRID_UNIFORM, .steps = steps};
            for (size_t i = 1; i < n; i++)
                if (!(members[i].not_on >> path & 1))
                    compare(&members[0], &members[i], (enum path_id)path, to_data ? &times : &levels);
        }
}

#define ORDER_1 .given = OPT(order), .order = 1

/* Song et al. 2021 (DDIM) = Euler in k = DPM-Solver-1 = DPM-Solver++ 1 = UniPC-1 = DEIS-1 = SA-Solver without noise, and
 * Euler in t on the straight flow. */
static void without_noise(void **state) {
    (void)state;
    static const struct member MEMBERS[] = {
        {"euler", SOLVER_EULER, {0}, 0, false},
        {"euler_ancestral, eta 0", SOLVER_EULER_ANCESTRAL, {.given = OPT(eta)}, 0, false},
        {"lms 1", SOLVER_LMS, {ORDER_1}, 1U << PATH_GVP, true}, /* in t, which is curved there */
        {"ipndm 1", SOLVER_IPNDM, {ORDER_1}, 0, true},
        {"deis 1", SOLVER_DEIS, {ORDER_1}, 0, true},
        {"unipc 1", SOLVER_UNIPC, {.given = OPT(order) | OPT(corrector), .order = 1}, 0, false},
        {"unipc 1, bh1",
         SOLVER_UNIPC,
         {.given = OPT(order) | OPT(corrector) | OPT(bh), .order = 1, .bh = BH_1},
         0,
         false},
        {"sa_solver 1, eta 0",
         SOLVER_SA_SOLVER,
         {.given = OPT(order) | OPT(corrector) | OPT(eta), .order = 1},
         0,
         false},
        {"gradient_estimation, gamma 1", SOLVER_GRADIENT_ESTIMATION, {.given = OPT(gamma), .gamma = 1}, 0, true},
        {"euler_cfgpp", SOLVER_EULER_CFGPP, {0}, 0, false},
        {"euler_ancestral_cfgpp, eta 0", SOLVER_EULER_ANCESTRAL_CFGPP, {.given = OPT(eta)}, 0, false},
        {"tcd, gamma 0", SOLVER_TCD, {.given = OPT(gamma)}, 0, false},
    };
    check(MEMBERS, COUNT(MEMBERS), STEPS);
}

/* The first step of those that look back, and the only one of a run of one. */
static void first_steps_of_multistep_methods(void **state) {
    (void)state;
    static const struct member MEMBERS[] = {
        {"euler", SOLVER_EULER, {0}, 0, false},
        {"dpmpp_2m", SOLVER_DPMPP_2M, {0}, 0, false},
        {"dpmpp_2m, heun", SOLVER_DPMPP_2M, {.given = OPT(form), .form = FORM_HEUN}, 0, false},
        {"dpmpp_3m", SOLVER_DPMPP_3M, {0}, 0, false},
        {"res_multistep", SOLVER_RES_MULTISTEP, {0}, 0, false},
        {"unipc", SOLVER_UNIPC, {0}, 0, false},
        {"deis", SOLVER_DEIS, {0}, 0, true},
        {"lms", SOLVER_LMS, {0}, 1U << PATH_GVP, true},
        {"ipndm", SOLVER_IPNDM, {0}, 0, true},
        {"gradient_estimation", SOLVER_GRADIENT_ESTIMATION, {0}, 0, true},
        {"dpmpp_2m_sde, eta 0", SOLVER_DPMPP_2M_SDE, {.given = OPT(eta)}, 0, false},
        {"dpmpp_3m_sde, eta 0", SOLVER_DPMPP_3M_SDE, {.given = OPT(eta)}, 0, false},
        {"sa_solver, eta 0", SOLVER_SA_SOLVER, {.given = OPT(eta)}, 0, false},
    };
    check(MEMBERS, COUNT(MEMBERS), 1);
}

/* DDPM = DDIM with eta 1 = Euler ancestral = the stochastic DPM-Solver++ 1. */
static void with_all_noise(void **state) {
    (void)state;
    static const struct member MEMBERS[] = {
        {"ddpm", SOLVER_DDPM, {0}, 0, false},
        {"euler, eta 1", SOLVER_EULER, {.given = OPT(eta), .eta = 1}, 0, false},
        {"euler_ancestral", SOLVER_EULER_ANCESTRAL, {0}, 0, false},
        {"euler_ancestral_cfgpp", SOLVER_EULER_ANCESTRAL_CFGPP, {0}, 0, false},
        {"sa_solver 1",
         SOLVER_SA_SOLVER,
         {.given = OPT(order) | OPT(corrector) | OPT(eta), .order = 1, .eta = 1},
         0,
         false},
    };
    static const struct member FIRST[] = {
        {"ddpm", SOLVER_DDPM, {0}, 0, false},
        {"dpmpp_2m_sde", SOLVER_DPMPP_2M_SDE, {0}, 0, false},
        {"dpmpp_3m_sde", SOLVER_DPMPP_3M_SDE, {0}, 0, false},
        {"sa_solver", SOLVER_SA_SOLVER, {0}, 0, false},
    };
    check(MEMBERS, COUNT(MEMBERS), STEPS);
    check(FIRST, COUNT(FIRST), 1);
}

/* A share of the noise: euler's eta and euler_ancestral's are the same number. */
static void with_some_noise(void **state) {
    (void)state;
    static const struct member MEMBERS[] = {
        {"euler, eta 0.3", SOLVER_EULER, {.given = OPT(eta), .eta = 0.3}, 0, false},
        {"euler_ancestral, eta 0.3", SOLVER_EULER_ANCESTRAL, {.given = OPT(eta), .eta = 0.3}, 0, false},
        {"euler_ancestral_cfgpp, eta 0.3", SOLVER_EULER_ANCESTRAL_CFGPP, {.given = OPT(eta), .eta = 0.3}, 0, false},
    };
    check(MEMBERS, COUNT(MEMBERS), STEPS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_noise),
        cmocka_unit_test(first_steps_of_multistep_methods),
        cmocka_unit_test(with_all_noise),
        cmocka_unit_test(with_some_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
