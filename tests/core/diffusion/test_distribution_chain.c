/* Solvers whose bias many steps do not take away cheaply are held against the law of the chain itself on Gaussian data:
 * there D is affine in y = x / alpha, so that every state is a sum of independent normal numbers, whose weights follow
 * step by step from the formulas of the papers, written out here once more. */
#include "tests/core/diffusion/distribution.h"

enum { NORMALS = 48 };

/* Gaussian data, for the laws of chains: four numbers a sample, each of which is a chain of its own. */
#define MEAN 0.4
#define STD 0.5
static const double MEANS_4[] = {MEAN, MEAN, MEAN, MEAN}, STD_4[] = {STD};
static const struct mixture_in GAUSSIAN = {.k = 1, .d = 4, .means = MEANS_4, .stds = STD_4, .n_stds = 1};

/* The law of x on the way: mean + sum by[i] z_i over independent standard normal z_i, of which n have been drawn. */
struct form {
    double mean, by[NORMALS];
};
struct law {
    struct form x;
    size_t n;
};

static struct form sum_of(double a, const struct form *x, double b, const struct form *y) {
    struct form sum = {.mean = a * x->mean + b * y->mean};
    for (size_t i = 0; i < NORMALS; i++)
        sum.by[i] = a * x->by[i] + b * y->by[i];
    return sum;
}

/* denoised: on Gaussian data D = m + c (y - m), c = s^2 / (s^2 + k^2). */
static struct form denoised(const struct path_point *at, const struct form *x) {
    double c = STD * STD / (STD * STD + at->k * at->k);
    const struct form mean = {.mean = MEAN};
    return sum_of(c / at->alpha, x, 1 - c, &mean);
}

static void add_noise(struct law *law, struct form *x, double noise) {
    assert_true(law->n < NORMALS);
    x->by[law->n++] += noise;
}

/* A step is x' = of_x x + of_D D + noise z. */
struct step {
    double of_x, of_D, noise;
};

/* with_eps adds by * eps, eps = (x - alpha D) / sigma. */
static struct step with_eps(struct step s, double by, const struct path_point *at) {
    return (struct step){s.of_x + by / at->sigma, s.of_D - by * at->alpha / at->sigma, s.noise};
}

static void follow(struct law *law, const struct path_point *at, struct step s) {
    const struct form D = denoised(at, &law->x);
    law->x = sum_of(s.of_x, &law->x, s.of_D, &D);
    add_noise(law, &law->x, s.noise);
}

static double variance(const struct form *x) {
    double sum = 0;
    for (size_t i = 0; i < NORMALS; i++)
        sum += x->by[i] * x->by[i];
    return sum;
}

typedef void advance(const struct job *j, const struct path_point *from, const struct path_point *to, struct law *law);

/* Song, Meng, Ermon 2021, eq. 12 and 16 */
static void ddim(const struct job *j, const struct path_point *from, const struct path_point *to, struct law *law) {
    double a = to->k / from->k, noise = j->options.eta * to->sigma * sqrt(1 - a * a);
    const struct step data = {0, to->alpha, noise};
    follow(law, from, with_eps(data, sqrt(to->sigma * to->sigma - noise * noise), from));
}

/* The posterior of y' given y and D: Ho, Jain, Abbeel 2020, eq. 7, in k. */
static void posterior(const struct job *j, const struct path_point *from, const struct path_point *to,
                      struct law *law) {
    double k2 = from->k * from->k, l2 = to->k * to->k, forward = from->alpha / to->alpha;
    double small = to->alpha * sqrt(l2 * (k2 - l2) / k2), large = sqrt(1 - forward * forward);
    follow(law, from,
           (struct step){to->alpha / from->alpha * l2 / k2, to->alpha * (1 - l2 / k2),
                         j->options.variance == VARIANCE_LARGE ? large : small});
}

/* k-diffusion's sample_euler_ancestral */
static void ancestral(const struct job *j, const struct path_point *from, const struct path_point *to,
                      struct law *law) {
    double k = from->k, l = to->k, up = fmin(l, j->options.eta * sqrt(l * l * (k * k - l * l) / (k * k)));
    double down = sqrt(l * l - up * up);
    follow(law, from, (struct step){to->alpha / from->alpha * down / k, to->alpha * (1 - down / k), to->alpha * up});
}

/* Karras et al. 2022, alg. 2: up to k (1 + gamma) with noise, then the trapezoid, in k, or on flow in t. */
static void churned(const struct job *j, const struct path_point *from, const struct path_point *to, struct law *law) {
    const bool flow = j->path.family->velocity;
    const double gamma = fmin(j->options.s_churn / (double)j->steps, M_SQRT2 - 1);
    const struct path_point high = path_at_k(&j->path, from->k * (1 + gamma));
    law->x = sum_of(1 / from->alpha, &law->x, 0, &law->x); /* y */
    add_noise(law, &law->x, j->options.s_noise * sqrt(high.k * high.k - from->k * from->k));
    law->x = sum_of(high.alpha, &law->x, 0, &law->x);
    const struct form D = denoised(&high, &law->x);
    const struct step at_high = with_eps((struct step){0, flow ? -1 : 0, 0}, 1, &high),
                      at_end = with_eps((struct step){0, flow ? -1 : 0, 0}, 1, to);
    struct form slope = sum_of(at_high.of_x, &law->x, at_high.of_D, &D);
    const double h = flow ? to->t - high.t : to->k - high.k, scale = flow ? 1 : high.alpha, end = flow ? 1 : to->alpha;
    const struct form predicted = sum_of(end / scale, &law->x, end * h, &slope), D2 = denoised(to, &predicted),
                      slope2 = sum_of(at_end.of_x, &predicted, at_end.of_D, &D2);
    slope = sum_of(0.5, &slope, 0.5, &slope2);
    law->x = sum_of(end / scale, &law->x, end * h, &slope);
}

/* Song et al. 2023, alg. 1, of a network that says D */
static void consistency(const struct job *j, const struct path_point *from, const struct path_point *to,
                        struct law *law) {
    (void)j;
    follow(law, from, (struct step){0, to->alpha, to->sigma});
}

/* Zheng et al. 2024, alg. 4, on flow: down to (1 - gamma) t', and back with noise */
static void trajectory_consistency(const struct job *j, const struct path_point *from, const struct path_point *to,
                                   struct law *law) {
    double t = (1 - j->options.gamma) * to->t, raise = (1 - to->t) / (1 - t);
    const struct step data = {0, raise * (1 - t), sqrt(to->t * to->t - raise * raise * t * t)};
    follow(law, from, with_eps(data, raise * t, from));
}

/* Song et al. 2021, eq. 46: x' = (2 - a) x + v score + sqrt(v) z with the forward chain x = a x' + sqrt(v) z */
static void reversed(const struct job *j, const struct path_point *from, const struct path_point *to, struct law *law) {
    (void)j;
    double a = from->alpha / to->alpha, v = from->sigma * from->sigma - a * a * to->sigma * to->sigma;
    const struct step keep = {2 - a, 0, sqrt(v)};
    follow(law, from, with_eps(keep, -v / from->sigma, from));
}

/* Song, Ermon 2019, alg. 1, each step 2 (snr sigma)^2 / 2 along the score; then y stays */
static void annealed(const struct job *j, const struct path_point *from, const struct path_point *to, struct law *law) {
    double delta = 2 * pow(j->options.snr * from->sigma, 2), kept = to->alpha / from->alpha;
    const struct step keep = {1, 0, sqrt(2 * delta)};
    for (int i = 0; i < j->options.corrector_steps; i++)
        follow(law, from, with_eps(keep, -delta / from->sigma, from));
    law->x = sum_of(kept, &law->x, 0, &law->x);
}

/* The free equation dx = (u + w^2 / (2 sigma) eps) dt + w dW, u = alpha_dot D + sigma_dot eps, with w^2 = 2 form(t) of Ma
 * et al. 2024, sec. 3.4; the derivatives are those of the paths' definitions. */
struct free {
    double alpha_dot, sigma_dot, w2;
};

static struct free free_at(const struct job *j, const struct path_point *at) {
    const char *name = j->path.family->name;
    double s = at->sigma / (at->alpha + at->sigma), form = NAN;
    struct free f = {0, 1, 0};
    if (!strcmp(name, "flow"))
        f.alpha_dot = -1;
    if (!strcmp(name, "vp")) {
        double beta = 0.1 + 19.9 * at->t;
        f.alpha_dot = -beta / 2 * at->alpha;
        f.sigma_dot = beta * at->alpha * at->alpha / (2 * at->sigma);
    }
    switch ((enum solver_diffusion)j->options.diffusion) {
    case DIFFUSION_SBDM: form = at->sigma * f.sigma_dot - f.alpha_dot / at->alpha * at->sigma * at->sigma; break;
    case DIFFUSION_CONSTANT: form = 1; break;
    case DIFFUSION_SIGMA: form = at->sigma; break;
    case DIFFUSION_LINEAR: form = s; break;
    case DIFFUSION_DECREASING: form = pow((1 + cos(M_PI * (1 - s))) / 2, 2); break;
    case DIFFUSION_BUMP: form = pow(sin(M_PI * s), 2); break;
    }
    f.w2 = 2 * form * j->options.diffusion_scale;
    return f;
}

/* drift is by * the drift, as part of a step. */
static struct step drift(const struct job *j, const struct path_point *at, struct step s, double by) {
    const struct free f = free_at(j, at);
    s.of_D += by * f.alpha_dot;
    return with_eps(s, by * (f.sigma_dot + f.w2 / (2 * at->sigma)), at);
}

static void maruyama(const struct job *j, const struct path_point *from, const struct path_point *to, struct law *law) {
    double dt = to->t - from->t;
    follow(law, from, drift(j, from, (struct step){1, 0, sqrt(-dt * free_at(j, from).w2)}, dt));
}

/* The noise first, then the trapezoid of the drift. */
static void free_heun(const struct job *j, const struct path_point *from, const struct path_point *to,
                      struct law *law) {
    double dt = to->t - from->t;
    add_noise(law, &law->x, sqrt(-dt * free_at(j, from).w2));
    const struct form D = denoised(from, &law->x);
    const struct step whole = drift(j, from, (struct step){1, 0, 0}, dt),
                      half = drift(j, from, (struct step){1, 0, 0}, dt / 2),
                      end = drift(j, to, (struct step){0, 0, 0}, dt / 2);
    const struct form predicted = sum_of(whole.of_x, &law->x, whole.of_D, &D), D2 = denoised(to, &predicted);
    const struct form first = sum_of(half.of_x, &law->x, half.of_D, &D),
                      second = sum_of(end.of_x, &predicted, end.of_D, &D2);
    law->x = sum_of(1, &first, 1, &second);
}

/* Cui et al. 2023, eq. 18 */
static void extended(const struct job *j, const struct path_point *from, const struct path_point *to, struct law *law) {
    (void)j;
    double k = from->k, l = to->k, r = l * (exp(pow(l, 0.3)) + 10) / (k * (exp(pow(k, 0.3)) + 10));
    follow(law, from,
           (struct step){to->alpha / from->alpha * r, to->alpha * (1 - r), to->alpha * sqrt(l * l - r * r * k * k)});
}

/* Xue et al. 2023, eq. 14 with one node; Lu et al. 2022b, eq. 18, with tau^2 = eta */
static void exponential(double tau2, const struct path_point *from, const struct path_point *to, struct law *law) {
    double h = log(from->k / to->k);
    follow(law, from,
           (struct step){to->sigma / from->sigma * exp(-tau2 * h), to->alpha * (1 - exp(-(1 + tau2) * h)),
                         to->sigma * sqrt(1 - exp(-2 * tau2 * h))});
}

/* k-diffusion's sample_dpmpp_sde with r = 1/2: an ancestral step to the middle of ln k, whose D takes the whole step. */
static void two_stages(const struct job *j, const struct path_point *from, const struct path_point *to,
                       struct law *law) {
    const double k[3] = {from->k, sqrt(from->k * to->k), to->k};
    const struct path_point middle = path_at_k(&j->path, k[1]), *at[3] = {from, &middle, to};
    struct form D = denoised(from, &law->x), x = law->x;
    for (int i = 1; i <= 2; i++) {
        double up = fmin(k[i], j->options.eta * k[i] * sqrt(1 - pow(k[i] / k[0], 2))),
               q = sqrt(k[i] * k[i] - up * up) / k[0];
        x = sum_of(at[i]->alpha / from->alpha * q, &law->x, at[i]->alpha * (1 - q), &D);
        add_noise(law, &x, at[i]->alpha * up);
        D = denoised(at[i], &x);
    }
    law->x = x;
}

static void adams(const struct job *j, const struct path_point *from, const struct path_point *to, struct law *law) {
    exponential(j->options.eta * j->options.eta, from, to, law);
}

static void lu(const struct job *j, const struct path_point *from, const struct path_point *to, struct law *law) {
    exponential(j->options.eta, from, to, law);
}

enum { EVERYWHERE = 1 << PATH_EDM | 1 << PATH_VP | 1 << PATH_FLOW };
enum { FORMS = 6 };

struct chain {
    struct row row;
    advance *advance;
    unsigned paths;
};

static const struct chain CHAINS[] = {
    {{"euler, eta 1", SOLVER_EULER, {.given = OPT(eta), .eta = 1}, 6, 3}, ddim, EVERYWHERE},
    {{"euler, eta 0.8", SOLVER_EULER, {.given = OPT(eta), .eta = 0.8}, 6, 3}, ddim, EVERYWHERE},
    {{"ddpm", SOLVER_DDPM, {0}, 6, 3}, posterior, EVERYWHERE},
    {{"ddpm, large", SOLVER_DDPM, {.given = OPT(variance), .variance = VARIANCE_LARGE}, 6, 3}, posterior, 1 << PATH_VP},
    {{"euler_ancestral", SOLVER_EULER_ANCESTRAL, {0}, 6, 3}, ancestral, EVERYWHERE},
    {{"euler_ancestral, eta 1.1", SOLVER_EULER_ANCESTRAL, {.given = OPT(eta), .eta = 1.1}, 6, 3},
     ancestral,
     EVERYWHERE},
    {{"euler_ancestral_cfgpp", SOLVER_EULER_ANCESTRAL_CFGPP, {0}, 6, 3}, ancestral, EVERYWHERE},
    {{"er_sde 1", SOLVER_ER_SDE, {.given = OPT(order), .order = 1}, 6, 80}, extended, EVERYWHERE},
    {{"sa_solver 1", SOLVER_SA_SOLVER, {.given = OPT(order) | OPT(corrector) | OPT(eta), .order = 1, .eta = 0.8}, 6, 3},
     adams,
     EVERYWHERE},
    {{"dpmpp_sde", SOLVER_DPMPP_SDE, {0}, 6, 3}, two_stages, EVERYWHERE},
    {{"sde_heun", SOLVER_SDE_HEUN, {.given = OPT(diffusion_scale), .diffusion_scale = 2}, 6, 3}, free_heun, EVERYWHERE},
    {{"dpmpp_2m_sde, one step", SOLVER_DPMPP_2M_SDE, {.given = OPT(brownian), .brownian = true}, 1, 3},
     lu,
     1 << PATH_VP},
    {{"heun, churn", SOLVER_HEUN, {.given = OPT(s_churn) | OPT(s_noise), .s_churn = 2, .s_noise = 1.1}, 6, 3},
     churned,
     EVERYWHERE},
    {{"lcm", SOLVER_LCM, {0}, 6, 3}, consistency, EVERYWHERE},
    {{"tcd", SOLVER_TCD, {.given = OPT(gamma), .gamma = 0.8}, 6, 3}, trajectory_consistency, 1 << PATH_FLOW},
    {{"reverse_diffusion", SOLVER_REVERSE_DIFFUSION, {0}, 6, 3}, reversed, EVERYWHERE},
    {{"annealed_langevin", SOLVER_ANNEALED_LANGEVIN, {0}, 6, 3}, annealed, EVERYWHERE},
};

static void check_chain(const struct chain *c, enum path_id path) {
    struct job j;
    prepare(&j, &c->row, path, &GAUSSIAN, N, 0.3);
    const struct path_point *first = &j.points[0], *last = &j.points[j.steps];
    struct law law = {{first->alpha * MEAN, {first->alpha * STD, first->sigma}}, 2};
    for (size_t i = 0; i < j.steps; i++)
        c->advance(&j, &j.points[i], &j.points[i + 1], &law);
    double mean = law.x.mean / last->alpha, std = sqrt(variance(&law.x)) / last->alpha;
    check(&j, c->row.name, &(struct mixture_in){.k = 1, .d = 1, .means = &mean, .stds = &std}, 0,
          path == PATH_VP || !(c->paths >> PATH_VP & 1));
    ctx_release(&j.ctx);
}

static void check_everywhere(const struct chain *c) {
    for (int path = 0; path < PATH_COUNT; path++)
        if (c->paths >> path & 1)
            check_chain(c, (enum path_id)path);
}

static void chains_follow_their_law(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(CHAINS); i++)
        check_everywhere(&CHAINS[i]);
    for (int form = 0; form < FORMS; form++) {
        const struct solver_options options = {
            .given = OPT(diffusion) | OPT(diffusion_scale), .diffusion = form, .diffusion_scale = 3};
        const struct chain c = {{"sde", SOLVER_SDE, options, 6, 3}, maruyama, EVERYWHERE};
        check_everywhere(&c);
    }
}

/* Whoever adds a solver that draws noise adds it to one of the two. */
static void no_solver_is_left_out(void **state) {
    (void)state;
    const uint64_t noisy = OPT(eta) | OPT(s_churn) | OPT(diffusion) | OPT(gamma);
    for (int id = 0; id < SOLVER_COUNT; id++) {
        const struct solver *solver = solver_find((enum solver_id)id);
        bool found = id == SOLVER_GRADIENT_ESTIMATION || id == SOLVER_SDE; /* gamma is no noise there; by its forms */
        for (size_t i = 0; i < COUNT(CHAINS); i++)
            found |= CHAINS[i].row.solver == (enum solver_id)id;
        for (size_t i = 0; i < COUNT(AGAINST_MIXTURE); i++)
            found |= AGAINST_MIXTURE[i] == (enum solver_id)id;
        if ((solver->stochastic || solver->takes & noisy) && !found)
            fail_msg("%s is tested nowhere", solver->name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(chains_follow_their_law),
                                       cmocka_unit_test(no_solver_is_left_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
