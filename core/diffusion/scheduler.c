#include "core/diffusion/scheduler.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/elementary.h"
#include "core/diffusion/scheduler_class.h"

const char *const config_schedule_names[] = {
    "linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid", "exp", "laplace", NULL};
const char *const config_prediction_names[] = {"epsilon", "sample", "v_prediction", "flow_prediction", NULL};
const char *const config_variance_names[] = {"fixed_small", "fixed_small_log", "fixed_large", "fixed_large_log",
                                             "learned",     "learned_range",   NULL};
const char *const config_spacing_names[] = {"linspace", "leading", "trailing", NULL};
const char *const config_shift_names[] = {"exponential", "linear", NULL};
const char *const config_interpolation_names[] = {"linear", "log_linear", NULL};
const char *const config_timestep_names[] = {"discrete", "continuous", NULL};
const char *const config_sigmas_names[] = {"karras", "exponential", NULL};
const char *const config_final_names[] = {"zero", "sigma_min", NULL};
const char *const config_solver_names[] = {"midpoint", "heun", "bh1", "bh2", "logrho", NULL};
const char *const config_algorithm_names[] = {"dpmsolver", "dpmsolver++",     "sde-dpmsolver",    "sde-dpmsolver++",
                                              "deis",      "data_prediction", "noise_prediction", NULL};

enum status scheduler_fail(struct ctx *ctx, const char *key, const char *sentence) {
    char pointer[80];
    snprintf(pointer, sizeof pointer, "/scheduler_config%s%s", *key ? "/" : "", key);
    return ctx_fail(ctx, STATUS_INVALID, pointer, "%s", sentence);
}

static const struct {
    size_t offset, size;
} KEYS[] = {
#define X(name, type, ...) {offsetof(struct scheduler_config, name), sizeof(option_##type)},
    SCHEDULER_KEYS(X)
#undef X
};

/* resolve fills in the class's defaults. */
static void resolve(const struct scheduler_class *class, const struct scheduler_config *given,
                    struct scheduler_config *out) {
    *out = class->defaults;
    out->given = given->given & class->takes;
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (out->given & UINT64_C(1) << i)
            memcpy((char *)out + KEYS[i].offset, (const char *)given + KEYS[i].offset, KEYS[i].size);
    if (out->trained_betas.n == 0)
        out->given &= ~KEY(trained_betas);
}

static enum status check(struct making *m) {
    const struct scheduler_config *c = m->c;
    const struct scheduler_class *class = m->s->class;
    if (!(class->predictions & 1u << c->prediction_type))
        return scheduler_fail(m->ctx, "prediction_type", "This class has no such prediction_type; want epsilon, say.");
    if (class->schedules && !(class->schedules & 1u << c->beta_schedule))
        return scheduler_fail(m->ctx, "beta_schedule", "This class has no such beta_schedule; want linear, say.");
    if (c->use_karras_sigmas + c->use_exponential_sigmas + c->use_beta_sigmas + c->use_lu_lambdas > 1)
        return scheduler_fail(m->ctx, "use_karras_sigmas",
                              "At most one of use_karras_sigmas, use_exponential_sigmas, use_beta_sigmas and "
                              "use_lu_lambdas can hold.");
    if (c->use_dynamic_shifting && !(c->given & KEY(mu)))
        return scheduler_fail(m->ctx, "use_dynamic_shifting",
                              "With use_dynamic_shifting the shift comes from the image's size: want it as mu, too.");
    if (c->use_dynamic_shifting && c->time_shift_type == SHIFT_LINEAR && !(c->mu > 0))
        return scheduler_fail(m->ctx, "mu",
                              "With time_shift_type linear mu is the shift itself; want a number above 0.");
    if (class->takes & KEY(use_flow_sigmas) && (c->prediction_type == PREDICTS_FLOW) != c->use_flow_sigmas &&
        (c->prediction_type == PREDICTS_FLOW || c->prediction_type == PREDICTS_V))
        return scheduler_fail(m->ctx, "prediction_type",
                              "flow_prediction and use_flow_sigmas belong together, and v_prediction to neither.");
    return class->check ? class->check(m) : STATUS_OK;
}

/* laplace is the schedule of Hang, Gu 2024, as diffusers has it. */
static double laplace_abar(double u) {
    double lambda = 0.5 * elementary_log(1 - 2 * fabs(0.5 - u) + 1e-6);
    double snr = elementary_exp(u <= 0.5 ? -lambda : lambda);
    return sqrt(snr / (1 + snr));
}

static enum status laplace(struct making *m, const double **out) {
    size_t n = (size_t)m->c->num_train_timesteps;
    double *betas = ctx_alloc(m->ctx, n, sizeof *betas);
    if (!betas)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        double beta = 1 - laplace_abar((double)(i + 1) / (double)n) / laplace_abar((double)i / (double)n);
        betas[i] = beta < 0.999 ? beta : 0.999;
    }
    *out = betas;
    return STATUS_OK;
}

static enum status check_betas(struct making *m) {
    const struct scheduler_config *c = m->c;
    if (c->trained_betas.n && c->trained_betas.n != (size_t)c->num_train_timesteps)
        return scheduler_fail(m->ctx, "trained_betas", "trained_betas does not hold num_train_timesteps numbers.");
    for (size_t i = 0; i < c->trained_betas.n; i++)
        if (c->trained_betas.v[i] >= 1)
            return scheduler_fail(m->ctx, "trained_betas", "A beta of 1 leaves no data; want trained_betas below 1.");
    if (!(c->beta_start > 0) || !(c->beta_end > 0))
        return scheduler_fail(m->ctx, c->beta_start > 0 ? "beta_end" : "beta_start",
                              "A beta of 0 adds no noise; want beta_start and beta_end above 0.");
    return STATUS_OK;
}

static enum status make_path(struct making *m) {
    static const enum path_id PATHS[] = {PATH_DDPM_LINEAR,  PATH_DDPM_SCALED_LINEAR, PATH_DDPM_COSINE,
                                         PATH_DDPM_SIGMOID, PATH_DDPM_EXP,           PATH_DDPM_LINEAR};
    const struct scheduler_config *c = m->c;
    const enum path_id id = c->trained_betas.n ? PATH_DDPM_LINEAR : PATHS[c->beta_schedule];
    struct path_options o = {.trained_steps = c->num_train_timesteps,
                             .beta_start = c->beta_start,
                             .beta_end = c->beta_end,
                             .zero_snr = c->rescale_betas_zero_snr,
                             .betas = c->trained_betas.n ? c->trained_betas.v : NULL,
                             .last_abar = m->s->class->floors_snr ? 0x1p-24 : 0};
    o.given = path_takes(id);
    enum status status = check_betas(m);
    if (status == STATUS_OK && c->beta_schedule == SCHEDULE_LAPLACE && !o.betas)
        status = laplace(m, &o.betas);
    if (status != STATUS_OK)
        return status;
    status = path_make(m->ctx, id, &o, &m->s->path);
    if (status == STATUS_INVALID)
        strcpy(m->ctx->err.pointer, "/scheduler_config");
    if (status == STATUS_OK)
        m->s->final = path_at_k(&m->s->path, c->set_alpha_to_one ? 0 : m->s->path.k[0]);
    return status;
}

static void set_clip(struct scheduler *s) {
    const struct scheduler_config *c = &s->config;
    if (c->thresholding && (s->class->plain != SOLVER_UNIPC || c->predict_x0))
        s->clip = (struct plan_clip){0, c->dynamic_thresholding_ratio, c->sample_max_value};
    else if (c->clip_sample)
        s->clip = (struct plan_clip){c->clip_sample_range, 0, 0};
    else if (c->clip_denoised)
        s->clip = (struct plan_clip){1, 0, 0};
}

/* The solver and its options. Only what differs from the solver's defaults is set here. */
static enum status set_solver(struct making *m) {
    struct scheduler *s = m->s;
    const struct scheduler_config *c = &s->config;
    s->solver = s->class->solver         ? s->class->solver
                : c->stochastic_sampling ? solver_find(SOLVER_LCM)
                                         : solver_find(s->class->plain);
    s->options = s->solver->defaults;
    s->options.scheduler = s;
    s->options.order = c->solver_order ? c->solver_order : s->options.order;
    s->options.bh = c->solver_type == SOLVER_TYPE_BH1 ? BH_1 : BH_2;
    s->options.timestep_scaling = c->timestep_scaling;
    s->options.brownian = s->solver == solver_find(SOLVER_DPMPP_SDE);
    if (s->class->runs & OPT(s_churn))
        s->options.s_tmax = HUGE_VAL, s->options.s_noise = 1;
    enum status status = scheduler_run_options(m);
    if (s->class->plain == SOLVER_TCD && m->run->options && m->run->options->given & OPT(eta))
        s->options.gamma = s->options.eta; /* the paper's name */
    if (s->options.s_churn > 0)
        s->solver = &scheduler_euler_churn;
    return status;
}

static enum prediction_id prediction_of(const struct scheduler *s) {
    static const enum prediction_id IDS[] = {PREDICTION_EPS, PREDICTION_X0, PREDICTION_V, PREDICTION_VELOCITY};
    if (s->class->takes & KEY(sigma_data))
        return PREDICTION_EDM;
    return s->class->solver == &scheduler_ve ? PREDICTION_SCORE : IDS[s->config.prediction_type];
}

/* steps_of is how many a run asks for. Where sigmas hold the level after the last step, there is one less. */
static enum status steps_of(struct making *m) {
    const struct scheduler_class *class = m->s->class;
    const struct scheduler_run *run = m->run;
    const size_t most = class->most ? class->most(m->c) : (size_t)m->c->num_train_timesteps;
    const bool ends = run->sigmas.n && class->points == scheduler_points_k;
    m->n = run->times.n ? run->times.n : run->sigmas.n ? run->sigmas.n - ends : run->steps;
    if (ends && m->n == 0)
        return ctx_fail(m->ctx, STATUS_INVALID, "/sampler/sigmas",
                        "With %s the last of sampler.sigmas is where the last step leads; want at least two.",
                        class->name);
    if ((run->times.n || run->sigmas.n) && run->steps && run->steps != m->n)
        return ctx_fail(m->ctx, STATUS_INVALID, "/sampler/steps", "The listed levels make %zu steps, want %zu.", m->n,
                        run->steps);
    if (m->n == 0)
        m->n = most < 32 ? most : 32;
    m->asked = m->n;
    if (m->n > most && !run->times.n)
        return ctx_fail(m->ctx, STATUS_INVALID, "/sampler/steps", "sampler.steps is %zu, want at most %zu with %s.",
                        m->n, most, class->name);
    return STATUS_OK;
}

static enum status make_levels(struct making *m) {
    m->t = ctx_alloc(m->ctx, m->n + 2, sizeof *m->t);
    m->k = ctx_alloc(m->ctx, m->n + 2, sizeof *m->k);
    enum status status = m->t && m->k ? check(m) : STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = scheduler_run_check(m);
    if (status == STATUS_OK && m->s->class->schedules)
        status = make_path(m);
    return status == STATUS_OK ? m->s->class->points(m) : status;
}

enum status scheduler_make(struct ctx *ctx, const struct scheduler_class *class, const struct scheduler_config *given,
                           const struct scheduler_run *run, struct scheduler *out) {
    static const struct scheduler_run USUAL_RUN = {0};
    *out = (struct scheduler){.class = class};
    resolve(class, given, &out->config);
    struct making m = {.ctx = ctx, .s = out, .c = &out->config, .run = run ? run : &USUAL_RUN};
    enum status status = steps_of(&m);
    if (status == STATUS_OK)
        status = make_levels(&m);
    if (status != STATUS_OK)
        return status;
    out->inverse = out->start_sigma == 0;
    out->prediction = prediction_of(out);
    set_clip(out);
    return set_solver(&m);
}

/* Networks of consistency models give the data at sigma_min, not at 0. */
static struct prediction of_consistency(const struct scheduler_config *c, double k) {
    double s2 = c->sigma_data * c->sigma_data, above = k - c->sigma_min, root = sqrt(k * k + s2);
    return (struct prediction){1 / root, s2 / (above * above + s2), above * c->sigma_data / root};
}

struct prediction scheduler_network(const struct scheduler *s, const struct path_point *at) {
    if (s->class->solver == &scheduler_cm)
        return of_consistency(&s->config, at->k);
    struct prediction p = prediction_at(&s->path, at, s->prediction, s->config.sigma_data);
    if (s->prediction == PREDICTION_EDM && s->config.prediction_type == PREDICTS_V)
        p.out_by = -p.out_by;
    return p;
}

size_t scheduler_order(const struct plan_build *b, size_t order) {
    const struct scheduler *s = b->options->scheduler;
    size_t left = b->n_steps - b->index;
    if (!s)
        return order;
    bool ends = s->config.euler_at_final ||
                (s->class->takes & KEY(final_sigmas_type) && s->config.final_sigmas_type == FINAL_AT_ZERO);
    if (left == 1 && ends)
        return 1;
    return s->config.lower_order_final && b->n_steps < 15 && left < order ? left : order;
}
