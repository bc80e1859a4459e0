#include "handlers/adaptive_request.h"

#include <stdio.h>
#include <string.h>

#include "handlers/step_events.h"

#define EACH(member, K, text) FIELD(struct adaptive_result, member, ARRAY, text, .kinds = K, .required = true)
const struct field adaptive_result_fields[] = {
    EACH(calls, KIND_INT, "Network calls for each sample, [count]."),
    EACH(steps, KIND_INT, "Steps that each sample took."),
    EACH(rejects, KIND_INT, "Steps that were tried and refused, since their error was above the tolerance."),
    EACH(error, KIND_REAL,
         "The greatest error of a step that each sample took, as a share of the tolerance: the root of the mean square "
         "of e / (atol + rtol |state|), at most 1."),
    FIELD(struct adaptive_result, cut, ARRAY,
          "Where the time limit came first: the indices of the samples that were then on their way, which are "
          "E[x0 | x] of where they were.",
          .kinds = KIND_INT),
    FIELD(struct adaptive_result, total_calls, INT, "Calls of all samples.", .required = true),
    FIELD(struct adaptive_result, total_rejects, INT, "Refused steps of all samples.", .required = true),
    FIELD(struct adaptive_result, rtol, NUMBER, "The tolerances that were used.", .required = true),
    FIELD(struct adaptive_result, atol, NUMBER, "See rtol.", .required = true),
    {0}};

bool adaptive_asked(const struct sampler_request *request) {
    return solver_find((enum solver_id)request->sampler.solver)->adaptive;
}

/* check_foreign refuses what says which levels to visit: these solvers choose for themselves. */
static enum status check_foreign(struct ctx *ctx, const struct sampler_params *s, const char *solver) {
    const char *name = s->has_steps     ? "steps"
                       : s->has_grid    ? "grid"
                       : s->has_rho     ? "rho"
                       : s->has_shift   ? "shift"
                       : s->sigmas.kind ? "sigmas"
                       : s->times.kind  ? "times"
                                        : NULL;
    char pointer[32];
    if (!name)
        return STATUS_OK;
    snprintf(pointer, sizeof pointer, "/sampler/%s", name);
    return ctx_fail(ctx, STATUS_INVALID, pointer,
                    "sampler.%s means nothing to solver \"%s\", which chooses its own steps between sigma_max and "
                    "sigma_min; want rtol and atol instead, or another solver.",
                    name, solver);
}

static enum status find_ends(struct ctx *ctx, const struct sampler_params *s, struct adaptive_setup *out) {
    const struct path *path = &out->path;
    enum status status = grid_check_level(ctx, path, "sigma_min", s->sigma_min);
    if (status == STATUS_OK)
        status = grid_check_level(ctx, path, "sigma_max", s->sigma_max);
    if (status != STATUS_OK)
        return status;
    out->ends[0] = s->sigma_max > 0 ? path_at_k(path, s->sigma_max) : path_at_t(path, path->t_max);
    out->ends[1] = path_at_k(path, s->sigma_min > 0 ? s->sigma_min : path->k_min);
    out->ends[2] = path_at_k(path, 0);
    if (out->ends[0].k > out->ends[1].k)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, s->sigma_min > 0 ? "/sampler/sigma_min" : "/sampler/sigma_max",
                    "The way would lead from sigma_max = %.9g to sigma_min = %.9g, want a sigma_max above sigma_min.",
                    out->ends[0].k, out->ends[1].k);
}

enum status adaptive_setup(struct call *call, const struct sampler_request *request, struct adaptive_setup *out) {
    struct ctx *ctx = &call->ctx;
    const struct sampler_params *s = &request->sampler;
    *out = (struct adaptive_setup){.to_data = s->final == SAMPLER_TO_DATA};
    enum status status = sampler_path(ctx, request, &out->path);
    if (status == STATUS_OK)
        status = sampler_solver(ctx, s, &out->path, &out->solver, &out->options);
    if (status == STATUS_OK)
        status = check_foreign(ctx, s, out->solver->name);
    return status == STATUS_OK ? find_ends(ctx, s, out) : status;
}

static struct adaptive_in way(const struct adaptive_setup *s, const struct adaptive_job *job, double *x,
                              const struct adaptive_watch *watch) {
    return (struct adaptive_in){
        .denoiser = job->denoiser,
        .classes = job->classes,
        .path = &s->path,
        .from = s->ends[0],
        .to = s->ends[1],
        .pair = s->solver == solver_find(SOLVER_DOPRI5) ? ADAPTIVE_DOPRI5 : ADAPTIVE_DPM_23,
        .rtol = s->options.rtol,
        .atol = s->options.atol,
        .to_data = s->to_data,
        .count = job->count,
        .x = x,
        .watch = watch,
    };
}

/* add_up counts another way of the same samples. */
static void add_up(const struct adaptive_out *from, size_t n, struct adaptive_out *to) {
    for (size_t i = 0; i < n; i++) {
        to->calls[i] += from->calls[i];
        to->steps[i] += from->steps[i];
        to->rejects[i] += from->rejects[i];
        to->error[i] = from->error[i] > to->error[i] ? from->error[i] : to->error[i];
    }
}

/* Data are taken to be free of noise at the least level. From infinite k the way up ends in a step of dopri5, too. */
static enum status invert(struct call *call, const struct adaptive_setup *s, const struct adaptive_job *job,
                          const struct adaptive_watch *watch, double *latents, struct adaptive_out *how) {
    size_t n = job->count * job->denoiser->d;
    double alpha = s->ends[1].alpha, std = path_prior_std(&s->path, &s->ends[0]);
    for (size_t i = 0; i < n; i++)
        latents[i] = alpha * job->invert[i];
    struct adaptive_in up = way(s, job, latents, watch);
    up.from = s->ends[1];
    up.to = s->ends[0];
    up.to_data = false;
    up.pair = up.to.alpha > 0 ? up.pair : ADAPTIVE_DOPRI5;
    enum status status = adaptive_run(&call->ctx, &up, how);
    for (size_t i = 0; status == STATUS_OK && i < n; i++)
        latents[i] /= std;
    return status;
}

/* list_cut lists the samples that the deadline cut. */
static enum status list_cut(struct ctx *ctx, const bool *cut, size_t count, struct adaptive_drawn *out) {
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += cut[i];
    out->cut = n > 0;
    if (n == 0)
        return STATUS_OK;
    int64_t *all = ctx_alloc(ctx, n, sizeof *all);
    if (!all)
        return STATUS_NO_MEMORY;
    n = 0;
    for (size_t i = 0; i < count; i++)
        if (cut[i])
            all[n++] = (int64_t)i;
    out->how.cut = array_1d(KIND_INT, all, n);
    return STATUS_OK;
}

static void summarise(const struct adaptive_setup *s, const struct adaptive_out *how, size_t count,
                      struct adaptive_drawn *out) {
    out->how = (struct adaptive_result){
        .calls = array_1d(KIND_INT, how->calls, count),
        .steps = array_1d(KIND_INT, how->steps, count),
        .rejects = array_1d(KIND_INT, how->rejects, count),
        .error = array_1d(KIND_REAL, how->error, count),
        .rtol = s->options.rtol,
        .atol = s->options.atol,
    };
    for (size_t i = 0; i < count; i++) {
        out->how.total_calls += how->calls[i];
        out->how.total_rejects += how->rejects[i];
        out->most_calls = how->calls[i] > out->most_calls ? how->calls[i] : out->most_calls;
        out->most_steps = how->steps[i] > out->most_steps ? how->steps[i] : out->most_steps;
    }
}

/* start writes the states that the way down begins with. */
static void start(const struct adaptive_setup *s, const struct adaptive_job *job, const double *latents, double *x) {
    size_t d = job->denoiser->d, n = job->count * d;
    double std = path_prior_std(&s->path, &s->ends[0]);
    if (latents)
        memcpy(x, latents, n * sizeof *latents);
    else
        job->noise->latent(job->noise, 0, job->count, d, x);
    for (size_t i = 0; i < n; i++)
        x[i] *= std;
}

enum status adaptive_sample(struct call *call, const struct adaptive_setup *s, const struct adaptive_job *job,
                            struct adaptive_drawn *out) {
    struct ctx *ctx = &call->ctx;
    size_t n = job->count * job->denoiser->d;
    struct adaptive_out up = {0}, down;
    struct share_teller teller;
    share_teller_init(&teller, call, job->invert ? 2 : 1);
    const struct adaptive_watch *watch = job->tells ? &teller.watch : NULL;
    *out = (struct adaptive_drawn){.samples = ctx_alloc(ctx, n, sizeof *out->samples)};
    out->latents = job->invert ? ctx_alloc(ctx, n, sizeof *out->latents) : NULL;
    if (!out->samples || (job->invert && !out->latents))
        return STATUS_NO_MEMORY;
    enum status status = job->invert ? invert(call, s, job, watch, out->latents, &up) : STATUS_OK;
    if (status != STATUS_OK)
        return status;
    if (job->invert)
        share_teller_next(&teller);
    start(s, job, job->invert ? out->latents : job->latents, out->samples);
    struct adaptive_in in = way(s, job, out->samples, watch);
    in.anytime = job->anytime;
    in.limit = job->limit;
    status = adaptive_run(ctx, &in, &down);
    if (status != STATUS_OK)
        return status;
    if (job->invert)
        add_up(&up, job->count, &down);
    summarise(s, &down, job->count, out);
    return list_cut(ctx, down.cut, job->count, out);
}

enum status adaptive_report_grid(struct ctx *ctx, const struct adaptive_setup *s, struct grid_result *out) {
    struct sampler_setup as = {.grid = GRID_CUSTOM, .steps = s->to_data ? 2 : 1};
    as.points = ctx_alloc(ctx, 3, sizeof *as.points);
    if (!as.points)
        return STATUS_NO_MEMORY;
    memcpy(as.points, s->ends, sizeof s->ends);
    return sampler_report_grid(ctx, &as, out);
}
