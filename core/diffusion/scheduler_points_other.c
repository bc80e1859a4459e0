/* Which levels the schedulers of diffusers visit: those without a table of trained steps. */
#include <math.h>

#include "core/base/elementary.h"
#include "core/diffusion/grid_levels.h"
#include "core/diffusion/scheduler_class.h"

static enum status fill_k(struct making *m, double last) {
    enum status status = scheduler_make_points(m, false);
    for (size_t i = 0; i <= m->n && status == STATUS_OK; i++)
        m->s->points[i] = path_at_k(&m->s->path, i < m->n ? m->k[i] : last);
    return status;
}

static enum status check_range(const struct making *m) {
    return m->c->sigma_min < m->c->sigma_max
               ? STATUS_OK
               : scheduler_fail(m->ctx, "sigma_min", "scheduler_config.sigma_min is not below sigma_max.");
}

static enum status begin_edm(struct making *m) {
    enum status status = check_range(m);
    return status == STATUS_OK ? path_make(m->ctx, PATH_EDM, NULL, &m->s->path) : status;
}

enum status scheduler_points_edm(struct making *m) {
    const struct scheduler_config *c = m->c;
    enum status status = begin_edm(m);
    if (status != STATUS_OK)
        return status;
    const bool karras = c->sigma_schedule == SIGMAS_KARRAS;
    if (karras)
        grid_karras(m->n, c->sigma_max, c->sigma_min, c->rho, m->k);
    else /* of one: the least */
        grid_polyexponential(m->n, m->n > 1 ? c->sigma_max : c->sigma_min, c->sigma_min, 1, m->k);
    m->s->start_sigma = sqrt(c->sigma_max * c->sigma_max + 1);
    const double low = m->s->class->solver ? c->sigma_min : m->k[m->n - 1]; /* EDMEuler stays where it was */
    return fill_k(m, c->final_sigmas_type == FINAL_AT_MIN ? low : 0);
}

/* Every (T / N)th of T karras levels, the greatest first; or those of a list. */
enum status scheduler_points_cm(struct making *m) {
    const struct scheduler_config *c = m->c;
    enum status status = begin_edm(m);
    if (status != STATUS_OK)
        return status;
    size_t all = (size_t)c->num_train_timesteps, stride = all / m->n;
    double *k = ctx_alloc(m->ctx, all, sizeof *k);
    if (!k)
        return STATUS_NO_MEMORY;
    grid_karras(all, c->sigma_max, c->sigma_min, c->rho, k);
    if (m->run->times.n)
        status = scheduler_run_times(m, true);
    for (size_t i = 0; i < m->n && status == STATUS_OK; i++) /* a list is read from its end */
        m->k[i] = k[m->run->times.n ? (size_t)m->t[m->n - 1 - i] : i * stride];
    if (status != STATUS_OK)
        return status;
    m->s->path.told_by = 1000;
    m->s->start_sigma = c->sigma_max;
    return fill_k(m, c->sigma_min);
}

static void shift(const struct scheduler_config *c, double *sigma, size_t n) {
    double s = c->shift;
    if (c->use_dynamic_shifting)
        s = c->time_shift_type == SHIFT_LINEAR ? c->mu : elementary_exp(c->mu);
    for (size_t i = 0; i < n; i++)
        sigma[i] = s * sigma[i] / (1 + (s - 1) * sigma[i]);
    double rest = 1 - sigma[n - 1];
    for (size_t i = 0; i < n && c->shift_terminal > 0 && rest > 0; i++)
        sigma[i] = 1 - (1 - sigma[i]) * (1 - c->shift_terminal) / rest;
}

/* flow_sigmas fills m->k before the shift, and m->t where the network is told other times than the shifted ones. */
static enum status flow_sigmas(struct making *m) {
    const double T = (double)m->c->num_train_timesteps;
    const struct config_list *times = &m->run->times;
    if (m->run->sigmas.n)
        return scheduler_run_sigmas(m, 1);
    for (size_t i = 0; i < m->n && !times->n; i++)
        m->k[i] = m->n > 1 ? 1 + (double)i / (double)(m->n - 1) * (1 / T - 1) : 1;
    for (size_t i = 0; i < times->n; i++) {
        m->k[i] = times->v[i] / T;
        if (!(m->k[i] > 0 && m->k[i] <= 1 && (i == 0 || m->k[i] < m->k[i - 1])))
            return scheduler_run_wrong(m, "times", i, times->v[i], "times above 0 and up to num_train_timesteps");
    }
    return STATUS_OK;
}

/* sigma from 1 to 1 / T, shifted once. With invert_sigmas networks are told 1 - sigma and point to the data, which is the
 * path condot. */
enum status scheduler_points_flow(struct making *m) {
    const struct scheduler_config *c = m->c;
    struct scheduler *s = m->s;
    const double T = (double)c->num_train_timesteps;
    enum status status = path_make(m->ctx, c->invert_sigmas ? PATH_CONDOT : PATH_FLOW, NULL, &s->path);
    if (status == STATUS_OK)
        status = scheduler_make_points(m, false);
    if (status != STATUS_OK)
        return status;
    status = flow_sigmas(m);
    if (status != STATUS_OK)
        return status;
    shift(c, m->k, m->n);
    const double high = m->k[0], low = m->k[m->n - 1];
    if (c->use_karras_sigmas)
        grid_karras(m->n, high, low, 7, m->k);
    else if (c->use_exponential_sigmas)
        grid_polyexponential(m->n, high, low, 1, m->k);
    else if (c->use_beta_sigmas)
        grid_beta(m->n, high, low, 1, m->k);
    for (size_t i = 0; i < m->n; i++)
        s->points[i] = path_at_t(&s->path, m->k[i]);
    for (size_t i = 0; i < m->run->times.n && !c->invert_sigmas; i++)
        s->points[i].t = m->run->times.v[i] / T; /* which the network is told, shifted or not */
    s->points[m->n] = path_at_t(&s->path, 0);
    s->path.told_by = c->invert_sigmas ? T : T / 1000;
    s->start_sigma = 1;
    return STATUS_OK;
}

/* sigma = sin^2(pi u / 2), u from 1 to 0, or as trained_betas list it, one more than steps; the network is told t with sigma / alpha = tan(pi t / 2). */
enum status scheduler_points_ipndm(struct making *m) {
    enum status status = scheduler_make_points(m, false);
    if (status == STATUS_OK)
        status = path_make(m->ctx, PATH_DDPM_LINEAR, NULL, &m->s->path); /* of which only "told t" is used */
    if (status != STATUS_OK)
        return status;
    const struct config_list *betas = &m->c->trained_betas;
    if (betas->n && betas->n != m->n + 1)
        return scheduler_fail(m->ctx, "trained_betas", "IPNDMScheduler wants one of trained_betas more than steps.");
    for (size_t i = 0; i <= m->n; i++) {
        double s = elementary_sinpi((double)(m->n - i) / (double)m->n / 2), sigma = betas->n ? betas->v[i] : s * s;
        double alpha = sqrt((1 - sigma) * (1 + sigma)), k = alpha > 0 ? sigma / alpha : (double)INFINITY;
        m->s->points[i] = (struct path_point){2 * elementary_atanpi(k), k, alpha, sigma};
    }
    m->s->start_sigma = 1;
    return STATUS_OK;
}

static double time_at(const struct making *m, size_t i) {
    return m->n > 1 ? 1 - (double)i / (double)(m->n - 1) * (1 - m->c->sampling_eps) : 1;
}

/* Networks are told sigma(t); the steps count N levels evenly in ln sigma, which differ a little. */
enum status scheduler_points_ve(struct making *m) {
    const struct scheduler_config *c = m->c;
    const struct path_options ends = {
        .given = PATH_OPT(sigma_min) | PATH_OPT(sigma_max), .sigma_min = c->sigma_min, .sigma_max = c->sigma_max};
    enum status status = check_range(m);
    if (status == STATUS_OK)
        status = path_make(m->ctx, PATH_VE, &ends, &m->s->path);
    if (status == STATUS_OK)
        status = scheduler_make_points(m, true);
    if (status != STATUS_OK)
        return status;
    grid_polyexponential(m->n, m->n > 1 ? c->sigma_max : c->sigma_min, c->sigma_min, 1, m->k); /* of one: the least */
    for (size_t i = 0; i < m->n; i++) {
        m->s->points[i] = path_at_t(&m->s->path, time_at(m, i));
        m->s->targets[i] = path_at_k(&m->s->path, i + 1 < m->n ? m->k[i + 1] : 0);
        m->s->targets[i].t = m->k[i]; /* where the step begins, for scheduler_ve */
    }
    m->s->points[m->n] = path_at_k(&m->s->path, 0);
    m->s->start_sigma = c->sigma_max;
    return STATUS_OK;
}

enum status scheduler_points_vp(struct making *m) {
    const struct scheduler_config *c = m->c;
    const struct path_options ends = {
        .given = PATH_OPT(beta_min) | PATH_OPT(beta_max), .beta_min = c->beta_min, .beta_max = c->beta_max};
    if (!(c->beta_max >= c->beta_min && c->beta_min + c->beta_max < 80))
        return scheduler_fail(m->ctx, "beta_max",
                              "scheduler_config.beta_max is out of range, want at least beta_min and a sum below 80.");
    enum status status = path_make(m->ctx, PATH_VP, &ends, &m->s->path);
    if (status == STATUS_OK)
        status = scheduler_make_points(m, false);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < m->n; i++)
        m->s->points[i] = path_at_t(&m->s->path, time_at(m, i));
    m->s->points[m->n] = path_at_k(&m->s->path, 0);
    m->s->start_sigma = 1;
    return STATUS_OK;
}
