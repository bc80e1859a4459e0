/* Which levels the schedulers of diffusers visit: those over a table of trained steps. */
#include <math.h>

#include "core/base/elementary.h"
#include "core/diffusion/grid_levels.h"
#include "core/diffusion/scheduler_class.h"

enum status scheduler_make_points(struct making *m, bool targets) {
    struct scheduler *s = m->s;
    s->steps = m->n;
    s->points = ctx_zalloc(m->ctx, m->n + 1, sizeof *s->points);
    s->targets = targets ? ctx_zalloc(m->ctx, m->n, sizeof *s->targets) : NULL;
    return s->points && (!targets || s->targets) ? STATUS_OK : STATUS_NO_MEMORY;
}

/* at_k is a point at level k whose network is told t. */
static struct path_point at_k(const struct scheduler *s, double k, double t) {
    struct path_point at = path_at_k(&s->path, k);
    at.t = t;
    return at;
}

struct path_point scheduler_level(const struct scheduler *s, double t) {
    return t < 0 ? s->final : path_at_t(&s->path, t);
}

static double trained(const struct making *m) { return (double)m->c->num_train_timesteps; }

/* spaced fills t[n] as a run or timestep_spacing says, falling, of the trained steps below `last`. With `extra` one more time is
 * counted and the lowest is left out. */
static enum status spaced(struct making *m, double last, bool extra, bool whole) {
    if (m->run->times.n)
        return scheduler_run_times(m, whole);
    const size_t n = m->n, all = n + extra;
    const double ratio = m->c->timestep_spacing == SPACING_LEADING ? floor(last / (double)all) : 0;
    const double down = (last - trained(m) / (double)m->asked) - last; /* numpy's, whose rounding decides halves */
    const double linear = all > 1 ? (last - 1) / (double)(all - 1) : 0;
    const bool even = m->c->timestep_spacing == SPACING_LINSPACE, own = scheduler_regrids(m->c);
    const size_t picked = m->c->timestep_spacing == SPACING_LEADING ? all : n;
    if ((!even || whole) && !own && !m->c->use_flow_sigmas && (double)picked > last)
        return ctx_fail(m->ctx, STATUS_INVALID, "/sampler/steps",
                        "There are %zu steps, but %.0f trained ones to pick them from; want fewer.", n, last);
    for (size_t i = 0; i < n; i++) {
        double up = (double)(all - 1 - i), t = i || all == 1 ? up * linear : last - 1; /* no rounding at the end */
        if (m->c->timestep_spacing == SPACING_LEADING)
            t = up * ratio + (double)m->c->steps_offset;
        else if (m->c->timestep_spacing == SPACING_TRAILING)
            t = rint(last + (double)i * down) - 1;
        else if (whole)
            t = rint(t);
        m->t[i] = t;
        if (!(t >= 0 && t <= trained(m) - 1))
            return scheduler_fail(m->ctx, m->c->steps_offset ? "steps_offset" : "timestep_spacing",
                                  "scheduler_config leads to trained steps that do not exist; want a smaller "
                                  "steps_offset or fewer steps.");
    }
    return STATUS_OK;
}

/* regrid puts m->k[n] between two ends. */
static enum status regrid(struct making *m, double high, double low) {
    const struct scheduler_config *c = m->c;
    high = c->given & KEY(sigma_max) ? c->sigma_max : high;
    low = c->given & KEY(sigma_min) ? c->sigma_min : low;
    if (c->given & (KEY(sigma_min) | KEY(sigma_max)) && !(low < high) && m->n > 1)
        return scheduler_fail(m->ctx, c->given & KEY(sigma_min) ? "sigma_min" : "sigma_max",
                              "The levels would not fall; want sigma_min below sigma_max.");
    grid_levels *levels = c->use_karras_sigmas ? grid_karras : c->use_beta_sigmas ? grid_beta : grid_polyexponential;
    levels(m->n, high, low, c->use_karras_sigmas ? 7 : 1, m->k);
    return STATUS_OK;
}

static double told(double t, enum told how) { return how == TOLD_AS_IS ? t : how == TOLD_ROUNDED ? rint(t) : floor(t); }

/* tell finds the times of levels. */
static void tell(struct making *m, enum told how) {
    for (size_t i = 0; i < m->n; i++)
        m->t[i] = told(path_at_k(&m->s->path, m->k[i]).t, how);
}

/* Levels on the table's path, then the last one. */
static enum status fill(struct making *m, double last_k) {
    enum status status = scheduler_make_points(m, false);
    for (size_t i = 0; i < m->n && status == STATUS_OK; i++)
        m->s->points[i] = at_k(m->s, m->k[i], m->t[i]);
    if (status == STATUS_OK)
        m->s->points[m->n] = at_k(m->s, last_k, last_k > 0 ? path_at_k(&m->s->path, last_k).t : 0);
    return status;
}

/* end_k fills the points of classes that hold y; init_noise_sigma is k_max, or sqrt(k_max^2 + 1). */
static enum status end_k(struct making *m, double last) {
    const struct scheduler_config *c = m->c;
    for (size_t i = 0; i < m->n && scheduler_continuous(c); i++)
        m->t[i] = 0.25 * elementary_log(m->k[i]);
    enum status status = fill(m, last);
    if (status != STATUS_OK)
        return status;
    struct path_point *end = &m->s->points[m->n];
    end->alpha = 1, end->sigma = end->k; /* what is left is y itself */
    m->s->start_sigma = c->timestep_spacing == SPACING_LEADING ? 1 : m->s->points[0].sigma;
    return STATUS_OK;
}

static double last_level(const struct making *m, double low) {
    return m->c->final_sigmas_type == FINAL_AT_MIN ? low : 0;
}

/* log_linear: one level more than steps, evenly in ln k; the last is where the last step leads. */
static void log_linear(struct making *m) {
    const struct path *path = &m->s->path;
    double k[2] = {path->k[path->steps - 1], path->k[0]};
    m->n++;
    grid_polyexponential(m->n, k[0], k[1], 1, m->k);
    m->n--;
}

/* A list of sigmas holds the last level, too. */
static enum status listed_k(struct making *m) {
    enum status status = scheduler_run_sigmas(m, HUGE_VAL);
    if (status == STATUS_OK)
        tell(m, TOLD_AS_IS);
    return status == STATUS_OK ? end_k(m, m->k[m->n]) : status;
}

enum status scheduler_points_k(struct making *m) {
    const struct scheduler_config *c = m->c;
    struct scheduler *s = m->s;
    if (m->run->sigmas.n)
        return listed_k(m);
    enum status status = spaced(m, trained(m), false, false);
    if (status != STATUS_OK)
        return status;
    bool even = c->interpolation_type == INTERPOLATION_LOG_LINEAR;
    for (size_t i = 0; i < m->n; i++)
        m->k[i] = path_at_t(&s->path, m->t[i]).k;
    double last = last_level(m, s->path.k[0]);
    if (even)
        log_linear(m);
    if (scheduler_regrids(c)) {
        status = regrid(m, m->k[0], m->k[even ? m->n : m->n - 1]);
        tell(m, s->class->whole_karras && c->use_karras_sigmas ? TOLD_ROUNDED : TOLD_AS_IS);
    } else if (scheduler_holds_last(c))
        last = m->k[m->n];
    else if (even) /* continuous times are told of the last level, too */
        m->n++;
    return status == STATUS_OK ? end_k(m, last) : status;
}

#define NO_STEPS "scheduler_config.lambda_min_clipped leaves no steps; want a lower one."

/* clipped counts the noisiest trained steps that lambda_min_clipped leaves out. */
static size_t clipped(const struct making *m) {
    const struct path *path = &m->s->path;
    size_t n = 0;
    while (m->c->given & KEY(lambda_min_clipped) && n < path->steps &&
           -path->ln_k[path->steps - 1 - n] < m->c->lambda_min_clipped)
        n++;
    return n;
}

/* Flow levels under a class of the table: sigma of x = (1 - sigma) x0 + sigma eps. */
static struct path_point flow_point(double sigma, double t) {
    return (struct path_point){.t = t, .k = sigma / (1 - sigma), .alpha = 1 - sigma, .sigma = sigma};
}

static double shifted(const struct scheduler_config *c, double sigma) {
    if (!c->use_dynamic_shifting)
        return c->flow_shift * sigma / (1 + (c->flow_shift - 1) * sigma);
    double mu = c->time_shift_type == SHIFT_LINEAR ? c->mu : elementary_exp(c->mu);
    return mu / (mu + (1 / sigma - 1));
}

static void stretch(const struct scheduler_config *c, double *sigma, size_t n) {
    double rest = 1 - sigma[n - 1];
    if (c->shift_terminal > 0 && rest > 0)
        for (size_t i = 0; i < n; i++)
            sigma[i] = 1 - (1 - sigma[i]) / (rest / (1 - c->shift_terminal)); /* rounded as theirs */
}

/* UniPC starts at 1 less 1e-6 and may be given its levels before the shift, the others start one of the trained steps
 * below 1. */
static enum status flow_levels(struct making *m) {
    const double low = 1 / trained(m), step = (low - 1) / (double)m->n;
    bool unipc = m->s->class->plain == SOLVER_UNIPC;
    enum status status = scheduler_run_sigmas(m, 1);
    for (size_t i = 0; i < m->n; i++) { /* rounded as theirs, since times are cut to whole ones */
        double sigma = i ? 1 - ((double)(m->n - i) * step + 1) : 1 - low;
        if (unipc)
            sigma = m->run->sigmas.n ? m->k[i] : (double)i * step + 1;
        m->k[i] = shifted(m->c, sigma);
    }
    if (!unipc)
        return status;
    stretch(m->c, m->k, m->n);
    if (fabs(m->k[0] - 1) < 1e-6)
        m->k[0] -= 1e-6;
    return status;
}

/* Where the levels are not the table's, DEIS and SA-Solver end at the least that they have visited, and so does UniPC with
 * sigma_min: a last step of no length. */
static bool repeats_last(const struct making *m) {
    const struct scheduler_class *class = m->s->class;
    bool ends = class->takes & KEY(final_sigmas_type), own = scheduler_regrids(m->c) || m->c->use_flow_sigmas;
    return own && (!ends || (class->plain == SOLVER_UNIPC && m->c->final_sigmas_type == FINAL_AT_MIN));
}

static enum status flow_over_table(struct making *m) {
    enum status status = scheduler_make_points(m, false);
    if (status != STATUS_OK)
        return status;
    if (scheduler_regrids(m->c)) /* UniPC: karras levels k become sigma = k / (1 + k) */
        for (size_t i = 0; i < m->n; i++)
            m->k[i] /= 1 + m->k[i];
    else
        status = flow_levels(m);
    if (status != STATUS_OK)
        return status;
    double last = repeats_last(m) ? m->k[m->n - 1] : last_level(m, m->s->path.k[0]);
    for (size_t i = 0; i < m->n; i++)
        m->s->points[i] = flow_point(m->k[i], floor(m->k[i] * trained(m)));
    m->s->points[m->n] = flow_point(last, last * trained(m));
    status = path_make(m->ctx, PATH_FLOW, NULL, &m->s->path);
    m->s->path.told_by = 0.001; /* a point's t is what is told, and the path counts 1000 t */
    return status;
}

static enum told told_in_lambda(const struct making *m) {
    const struct scheduler_config *c = m->c;
    bool rounds = c->use_karras_sigmas || c->use_lu_lambdas;
    bool cosine = c->beta_schedule == SCHEDULE_COSINE && m->s->class->takes & KEY(use_lu_lambdas);
    return rounds && !cosine ? TOLD_ROUNDED : TOLD_CUT;
}

enum status scheduler_points_lambda(struct making *m) {
    const struct scheduler_config *c = m->c;
    struct scheduler *s = m->s;
    const struct path *path = &s->path;
    double last = trained(m) - (double)clipped(m);
    if (c->timestep_spacing == SPACING_TRAILING) { /* as many as there are */
        double left = ceil(last * (double)m->n / trained(m));
        m->n = left < (double)m->n ? (size_t)left : m->n;
    }
    if (m->n == 0 || last < 1)
        return scheduler_fail(m->ctx, "lambda_min_clipped", NO_STEPS);
    s->start_sigma = 1;
    enum status status = spaced(m, last, true, true);
    if (status != STATUS_OK)
        return status;
    if (scheduler_regrids(c)) {
        status = regrid(m, path->k[path->steps - 1], path->k[0]);
        if (!c->use_flow_sigmas)
            tell(m, told_in_lambda(m));
    } else
        for (size_t i = 0; i < m->n; i++)
            m->k[i] = path_at_t(path, m->t[i]).k;
    if (status != STATUS_OK)
        return status;
    if (c->use_flow_sigmas)
        return flow_over_table(m);
    bool ends = s->class->takes & KEY(final_sigmas_type);
    return fill(m, repeats_last(m) ? m->k[m->n - 1] : ends ? last_level(m, path->k[0]) : path->k[0]);
}

static void reverse(double *v, size_t n) {
    for (size_t i = 0; 2 * i + 1 < n; i++) {
        double t = v[i];
        v[i] = v[n - 1 - i];
        v[n - 1 - i] = t;
    }
}

/* drop_repeated keeps the first of equal neighbours and returns how many are left. */
static size_t drop_repeated(double *t, size_t n) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || t[i] != t[i - 1])
            t[kept++] = t[i];
    return kept;
}

/* Upwards, from trained step 0. Where rounded times repeat, there are fewer steps; the levels then count on from the
 * least, as in the Python class, and the greatest are not reached. (Times that are cut repeat unnoticed there.) */
enum status scheduler_points_inverse_dpm(struct making *m) {
    const struct scheduler_config *c = m->c;
    struct scheduler *s = m->s;
    const struct path *path = &s->path;
    const double top = trained(m) - 1 - (double)clipped(m);
    if (top < 0)
        return scheduler_fail(m->ctx, "lambda_min_clipped", NO_STEPS);
    enum status status = spaced(m, top + 1, c->timestep_spacing != SPACING_TRAILING, true);
    if (status != STATUS_OK)
        return status;
    double ratio = c->timestep_spacing == SPACING_LEADING ? floor((top + 1) / (double)(m->n + 1)) : top / (double)m->n;
    double offset = c->timestep_spacing == SPACING_LEADING ? (double)c->steps_offset : 0;
    for (size_t i = 0; i < m->n && c->timestep_spacing != SPACING_TRAILING; i++)
        m->t[i] = rint((double)(m->n - 1 - i) * ratio) + offset; /* the highest is left out */
    if (scheduler_regrids(c)) {
        status = regrid(m, path->k[path->steps - 1], path->k[0]);
        tell(m, c->use_karras_sigmas ? TOLD_ROUNDED : TOLD_CUT);
    } else
        for (size_t i = 0; i < m->n; i++)
            m->k[i] = path_at_t(path, m->t[i]).k;
    if (status != STATUS_OK)
        return status;
    reverse(m->t, m->n);
    reverse(m->k, m->n);
    s->start_sigma = 0;
    m->k[m->n] = scheduler_regrids(c) ? m->k[m->n - 1] : path_at_t(path, top).k;
    if (!scheduler_regrids(c) || c->use_karras_sigmas)
        m->n = drop_repeated(m->t, m->n);
    return fill(m, m->k[m->n]);
}

/* over_table fills the points at trained steps t, then the final level. */
static enum status over_table(struct making *m, bool targets) {
    struct scheduler *s = m->s;
    enum status status = scheduler_make_points(m, targets);
    for (size_t i = 0; i < m->n && status == STATUS_OK; i++)
        s->points[i] = path_at_t(&s->path, m->t[i]);
    if (status == STATUS_OK)
        s->points[m->n] = s->final;
    s->start_sigma = 1;
    return status;
}

enum status scheduler_points_table(struct making *m) {
    enum status status = spaced(m, trained(m), false, true);
    return status == STATUS_OK ? over_table(m, false) : status;
}

static double stride_of(const struct making *m) { return floor(trained(m) / (double)m->n); }

/* DDIM steps T / N trained steps down, whatever lies next on its list. */
enum status scheduler_points_ddim(struct making *m) {
    enum status status = spaced(m, trained(m), false, true);
    if (status == STATUS_OK)
        status = over_table(m, true);
    for (size_t i = 0; i < m->n && status == STATUS_OK; i++)
        m->s->targets[i] = scheduler_level(m->s, m->t[i] - stride_of(m));
    return status;
}

/* PNDM's warming up leads to the next of its list: three Runge-Kutta steps, or one of Heun's. */
enum status scheduler_points_pndm(struct making *m) {
    enum status status = scheduler_points_ddim(m);
    const size_t warm = m->c->skip_prk_steps ? 1 : 3;
    if (status == STATUS_OK && !m->c->skip_prk_steps && m->n < 4)
        return ctx_fail(m->ctx, STATUS_INVALID, "/sampler/steps",
                        "PNDMScheduler takes three Runge-Kutta steps before others; want at least 4 steps, or "
                        "skip_prk_steps.");
    for (size_t i = 0; i < warm && i + 1 < m->n && status == STATUS_OK; i++)
        m->s->targets[i] = m->s->points[i + 1];
    return status;
}

/* A step up from t - T / N to t, with a network that is told t. */
enum status scheduler_points_inverse_ddim(struct making *m) {
    enum status status = spaced(m, trained(m), false, true);
    if (status != STATUS_OK)
        return status;
    reverse(m->t, m->n);
    status = over_table(m, true);
    for (size_t i = 0; i < m->n && status == STATUS_OK; i++) {
        m->s->targets[i] = m->s->points[i];
        m->s->points[i] = scheduler_level(m->s, m->t[i] - stride_of(m));
        m->s->points[i].t = m->t[i];
    }
    if (status == STATUS_OK)
        m->s->points[m->n] = m->s->targets[m->n - 1];
    m->s->start_sigma = 0;
    if (status == STATUS_OK && m->c->prediction_type == PREDICTS_SAMPLE && m->s->points[0].k == 0)
        return scheduler_fail(
            m->ctx, "set_alpha_to_one",
            "Where alpha is 1 a predicted sample says nothing of the noise; want set_alpha_to_one false.");
    return status;
}

/* The trained steps that distillation used, a share of them. */
static enum status distilled(struct making *m) {
    if (m->run->times.n)
        return scheduler_run_times(m, true);
    size_t all = (size_t)m->c->original_inference_steps, stride = (size_t)m->c->num_train_timesteps / all;
    if (stride == 0)
        return scheduler_fail(m->ctx, "original_inference_steps",
                              "More original_inference_steps than num_train_timesteps; want as many at most.");
    if (m->n > all)
        return ctx_fail(m->ctx, STATUS_INVALID, "/sampler/steps",
                        "There are %zu steps, but %zu original_inference_steps to pick them from; want fewer.", m->n,
                        all);
    for (size_t i = 0; i < m->n; i++) {
        size_t index = (size_t)floor((double)i * ((double)all / (double)m->n));
        m->t[i] = (double)((all - index) * stride - 1);
    }
    return STATUS_OK;
}

enum status scheduler_points_lcm(struct making *m) {
    enum status status = distilled(m);
    if (status == STATUS_OK)
        status = over_table(m, false);
    if (status == STATUS_OK)
        m->s->points[m->n] = path_at_k(&m->s->path, 0);
    return status;
}

/* TCD ends at trained step 0. */
enum status scheduler_points_tcd(struct making *m) {
    enum status status = distilled(m);
    if (status == STATUS_OK)
        status = over_table(m, false);
    if (status == STATUS_OK)
        m->s->points[m->n] = path_at_t(&m->s->path, 0);
    return status;
}
