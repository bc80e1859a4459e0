/* Solvers of higher order against a mixture of Gaussians, with as many steps as keep their bias below detection, and the
 * correctors of pc. Those of first order: test_distribution_chain.c. */
#include "tests/core/diffusion/distribution.h"

static const double WEIGHTS[] = {0.35, 0.65}, MEANS[] = {-1.3, 0.7}, STDS[] = {0.15, 0.25};
static const struct mixture_in MIXTURE = {
    .k = 2, .d = 1, .weights = WEIGHTS, .means = MEANS, .stds = STDS, .n_stds = 2};

static const struct {
    struct row row;
    enum path_id path;
} ROWS[] = {
    {{"dpm2_ancestral", SOLVER_DPM2_ANCESTRAL, {0}, 24, 3}, PATH_VP},
    {{"dpmpp_2s_ancestral", SOLVER_DPMPP_2S_ANCESTRAL, {0}, 24, 3}, PATH_FLOW},
    {{"dpmpp_2m_sde", SOLVER_DPMPP_2M_SDE, {0}, 24, 3}, PATH_EDM},
    {{"dpmpp_2m_sde, heun", SOLVER_DPMPP_2M_SDE, {.given = OPT(form), .form = FORM_HEUN}, 24, 3}, PATH_VE},
    {{"dpmpp_2m_sde, eta 0.5", SOLVER_DPMPP_2M_SDE, {.given = OPT(eta), .eta = 0.5}, 24, 3}, PATH_VP},
    {{"dpmpp_3m_sde", SOLVER_DPMPP_3M_SDE, {0}, 24, 3}, PATH_DDPM_LINEAR},
    {{"sa_solver", SOLVER_SA_SOLVER, {0}, 24, 3}, PATH_VP},
    {{"sa_solver, predictor", SOLVER_SA_SOLVER, {.given = OPT(order) | OPT(corrector), .order = 2}, 48, 3}, PATH_FLOW},
    {{"er_sde", SOLVER_ER_SDE, {0}, 48, 20}, PATH_EDM},
};

static void mixtures_are_met(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct job j;
        prepare(&j, &ROWS[i].row, ROWS[i].path, &MIXTURE, N, 0.3);
        check(&j, ROWS[i].row.name, &MIXTURE, 0.3, true);
        ctx_release(&j.ctx);
    }
}

static const double MEAN = 0.4, STD = 0.5;
static const struct mixture_in GAUSSIAN = {.k = 1, .d = 1, .means = &MEAN, .stds = &STD, .n_stds = 1};

/* The Langevin step of pc moves x by delta s + sqrt(2 delta) z, delta = 2 a (snr z / s)^2, so that s times the move is
 * 2 a snr^2 z^2 + 2 sqrt(a) snr |z| z where s > 0: z can be read off the state, which D of the one step to data gives. */
static void corrections_follow_their_law(void **state) {
    (void)state;
    static const struct row ROW = {"pc", SOLVER_PC, {.given = OPT(snr), .snr = 0.3}, 1, 1.2};
    static const enum path_id PATHS[] = {PATH_EDM, PATH_VP, PATH_FLOW};
    static const double ZERO = 0, ONE = 1;
    enum { MORE = 5 * N }; /* z is the root of the move: 2 % of the noise are 1 % of it */
    for (size_t p = 0; p < COUNT(PATHS); p++) {
        struct job j;
        prepare(&j, &ROW, PATHS[p], &GAUSSIAN, MORE, 0);
        j.trajectory = true;
        double p_values[2];
        for (int wrong = 0; wrong <= 1; wrong++) {
            draw(&j, wrong ? TOO_STRONG : 1);
            const struct path_point *at = &j.points[0];
            double c = STD * STD / (STD * STD + at->k * at->k), a = pow(at->alpha, 2), snr = ROW.options.snr;
            for (size_t i = 0; i < MORE; i++) {
                double x = j.out.trajectory[i], D = MEAN + c * (x / at->alpha - MEAN);
                double score = (at->alpha * D - x) / (at->sigma * at->sigma);
                double moved = at->alpha * (MEAN + (j.out.samples[i] - MEAN) / c) - x, q = score * moved;
                double square = 2 * a * snr * snr, root = 2 * sqrt(a) * snr;
                j.out.samples[i] = q > 0 ? sqrt(q / (root + square)) : -sqrt(-q / (root - square));
            }
            p_values[wrong] =
                p_of(&(struct mixture_in){.k = 1, .d = 1, .means = &ZERO, .stds = &ONE}, 0, j.out.samples, MORE);
        }
        judge(&j, "pc", p_values);
        ctx_release(&j.ctx);
    }
}

static void all_are_here(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(AGAINST_MIXTURE); i++) {
        bool found = AGAINST_MIXTURE[i] == SOLVER_PC;
        for (size_t r = 0; r < COUNT(ROWS); r++)
            found |= ROWS[r].row.solver == AGAINST_MIXTURE[i];
        assert_true(found);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mixtures_are_met),
        cmocka_unit_test(corrections_follow_their_law),
        cmocka_unit_test(all_are_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
