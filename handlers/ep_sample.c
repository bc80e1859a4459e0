#include <math.h>

#include "core/diffusion/grid.h"
#include "core/diffusion/mixture.h"
#include "core/diffusion/sampler.h"
#include "handlers/call.h"

enum { MAX_COUNT = 10 * 1000 * 1000, MAX_NUMBERS = 16 * 1000 * 1000, MAX_MODEL = 4 * 1000 * 1000, MAX_SECONDS = 600 };
#define SEED_LIMIT (INT64_C(1) << 53)

struct mixture_params {
    struct array weights, means, stds, covariances;
};

struct points_params {
    struct array points;
    double bandwidth;
};

enum { MODEL_MIXTURE, MODEL_POINTS };

struct sampler_params {
    int64_t steps;
    int solver, grid, variance;
    double eta, rho, sigma_min, sigma_max, s_churn, s_tmin, s_tmax, s_noise;
    bool has_grid, has_variance, has_eta, has_rho, has_sigma_min, has_sigma_max, has_s_churn, has_s_tmin, has_s_tmax,
        has_s_noise;
};

struct params {
    struct choice model;
    int64_t count, seed, time_limit_ms;
    int path;
    struct sampler_params sampler;
    struct array latents;
    bool trajectory;
};

struct grid_result {
    int type;
    struct array t, alpha, sigma, k;
};

struct result {
    struct array samples, shape, trajectory;
    int64_t seed, steps, network_calls;
    int solver, path;
    struct grid_result grid;
    struct str numerics;
};

static const struct field MIXTURE_FIELDS[] = {
    FIELD(struct mixture_params, weights, ARRAY,
          "How likely each part is, [K]. Divided by their sum; absent: all the same.", .kinds = KIND_REAL,
          .min_items = 1, .max_items = MAX_MODEL, FIELD_REALS(0, 1e308)),
    FIELD(struct mixture_params, means, ARRAY, "The means of the parts, [K][d]; or [K] in one dimension.",
          .required = true, .kinds = KIND_REAL, .max_dims = 2, .min_items = 1, .max_items = MAX_MODEL,
          FIELD_REALS(-MIXTURE_MAX_VALUE, MIXTURE_MAX_VALUE)),
    FIELD(struct mixture_params, stds, ARRAY,
          "Standard deviations: a number for all parts, [K] of each part, or [K][d] of each part along each axis.",
          .kinds = KIND_REAL, .scalar = true, .max_dims = 2, .min_items = 1, .max_items = MAX_MODEL,
          FIELD_REALS(0, MIXTURE_MAX_VALUE)),
    FIELD(struct mixture_params, covariances, ARRAY,
          "Covariance matrices, [K][d][d], symmetric and positive definite; d up to 256.", .kinds = KIND_REAL,
          .min_dims = 3, .max_dims = 3, .min_items = 1, .max_items = MAX_MODEL,
          FIELD_REALS(-MIXTURE_MAX_VALUE, MIXTURE_MAX_VALUE)),
    {0}};

static const struct rule MIXTURE_RULES[] = {EXACTLY_ONE("stds", "covariances"), {0}};

static const struct field POINTS_FIELDS[] = {
    FIELD(struct points_params, points, ARRAY, "The points, [n][d]; or [n] in one dimension.", .required = true,
          .kinds = KIND_REAL, .max_dims = 2, .min_items = 1, .max_items = MAX_MODEL,
          FIELD_REALS(-MIXTURE_MAX_VALUE, MIXTURE_MAX_VALUE)),
    FIELD(struct points_params, bandwidth, NUMBER,
          "The standard deviation of the Gaussian around each point. With 0 the samples are the points themselves, as "
          "far as the steps allow: the optimal denoiser of a training set.",
          .def = "0", FIELD_REALS(0, MIXTURE_MAX_VALUE)),
    {0}};

static const struct variant MODELS[] = {
    {"mixture", "A mixture of Gaussians; its denoiser is a formula, so the only error is that of the steps.",
     MIXTURE_FIELDS, sizeof(struct mixture_params), MIXTURE_RULES},
    {"points", "A finite set of equally likely points, each widened by a Gaussian (a kernel density estimate).",
     POINTS_FIELDS, sizeof(struct points_params), NULL},
    {0}};

#define SAMPLER_FIELD(member, type, doc, ...)                                                                 \
    FIELD(struct sampler_params, member, type, doc, .present = offsetof(struct sampler_params, has_##member), \
          __VA_ARGS__)

static const struct field SAMPLER_FIELDS[] = {
    FIELD(struct sampler_params, solver, ENUM,
          "How one step is taken. euler: first order, deterministic unless eta is given (DDIM; on flow, Euler in t). "
          "ddpm: ancestral sampling with the posterior's variance. euler_ancestral: Euler to a lower level, then fresh "
          "noise. heun: second order, two network calls a step; with s_churn the stochastic sampler of EDM.",
          .names = solver_names, .def = "heun"),
    FIELD(struct sampler_params, steps, INT, "How many steps.", .def = "32", FIELD_INTS(1, GRID_MAX_STEPS)),
    SAMPLER_FIELD(grid, ENUM,
                  "Which noise levels are visited before data (k = 0). linspace, leading, trailing: as the DDPM "
                  "literature spaces the 1000 trained steps, for ddpm-linear and ddpm-cosine. karras: evenly in "
                  "k^(1/rho). uniform: evenly in t. Absent: trailing on ddpm-*, karras on edm, uniform on the others.",
                  .names = grid_names),
    SAMPLER_FIELD(eta, NUMBER,
                  "The share of fresh noise: euler 0 to 1 (0: none, 1: as DDPM; default 0), euler_ancestral 0 to 10 "
                  "(default 1).",
                  FIELD_REALS(0, 10)),
    SAMPLER_FIELD(variance, ENUM,
                  "ddpm: the variance of the noise, that of the posterior (small, default) or of the forward step "
                  "(large; for ddpm-* and vp).",
                  .names = solver_variance_names),
    SAMPLER_FIELD(rho, NUMBER, "karras: the exponent; default 7.", FIELD_REALS(0.1, 100)),
    SAMPLER_FIELD(sigma_min, NUMBER,
                  "karras, uniform: the least noise level k = sigma/alpha before data. Absent: the path's own.",
                  FIELD_REALS(0, 1e9), .above_min = true),
    SAMPLER_FIELD(sigma_max, NUMBER, "karras, uniform: the greatest noise level k. Absent: the path's own.",
                  FIELD_REALS(0, 1e9), .above_min = true),
    SAMPLER_FIELD(s_churn, NUMBER,
                  "heun: how much noise is put back, S_churn of Karras et al. 2022; default 0, which is deterministic.",
                  FIELD_REALS(0, 1e9)),
    SAMPLER_FIELD(s_tmin, NUMBER, "heun: noise is put back only from this level k up; default 0.", FIELD_REALS(0, 1e9)),
    SAMPLER_FIELD(s_tmax, NUMBER, "heun: noise is put back only up to this level k; default: at any.",
                  FIELD_REALS(0, 1e9)),
    SAMPLER_FIELD(s_noise, NUMBER, "heun: the standard deviation of the noise that is put back; default 1.",
                  FIELD_REALS(0, 1000)),
    {0}};

static const struct field INPUT[] = {
    FIELD(struct params, model, UNION, "What to sample from.", .role = ROLE_MODEL, .required = true,
          .variants = MODELS),
    FIELD(struct params, count, INT, "How many samples.", .def = "1", FIELD_INTS(1, MAX_COUNT)),
    FIELD(struct params, seed, INT,
          "Chooses the random numbers: the same request with the same seed has the same answer, to the byte, and the "
          "first samples of a longer request are those of a shorter one. Drawn and echoed where it is absent.",
          .role = ROLE_SEED, FIELD_INTS(0, SEED_LIMIT - 1)),
    FIELD(
        struct params, path, ENUM,
        "How data turn into noise, x = alpha(t) x0 + sigma(t) eps. ddpm-linear, ddpm-cosine: 1000 trained steps, t = 0 "
        "to 999. vp, ve: the SDEs of Song et al. 2021, t from 0 to 1. edm: alpha = 1, sigma = t. flow: alpha = 1 - t, "
        "sigma = t.",
        .names = path_names, .def = "edm"),
    FIELD(struct params, sampler, OBJECT, "The solver and the noise levels it visits.", .fields = SAMPLER_FIELDS),
    FIELD(
        struct params, latents, ARRAY,
        "Standard normal numbers to start from in place of drawn ones, [count][d] (or [count] in one dimension). They "
        "are multiplied by the standard deviation of the first state: 1 on ddpm-* and vp, sigma on the others.",
        .kinds = KIND_REAL, .max_dims = 2, .min_items = 1, .max_items = MAX_NUMBERS, FIELD_REALS(-1e9, 1e9)),
    FIELD(struct params, trajectory, BOOL, "Also give the state x at every noise level.", .def = "false"),
    FIELD(struct params, time_limit_ms, INT, "Give up after so many milliseconds.", .role = ROLE_TIME_LIMIT,
          FIELD_INTS(1, 3600 * 1000)),
    {0}};

static const struct field GRID_FIELDS[] = {
    FIELD(struct grid_result, type, ENUM, "The grid that was used.", .names = grid_names, .required = true),
    FIELD(struct grid_result, t, ARRAY, "The times, [steps + 1]; the last is data.", .kinds = KIND_REAL,
          .required = true),
    FIELD(struct grid_result, alpha, ARRAY, "alpha at each.", .kinds = KIND_REAL, .required = true),
    FIELD(struct grid_result, sigma, ARRAY, "sigma at each.", .kinds = KIND_REAL, .required = true),
    FIELD(struct grid_result, k, ARRAY,
          "The noise level sigma/alpha at each. Infinite, and so null, where alpha is 0: flow at t = 1.",
          .kinds = KIND_REAL, .nullable = true, .required = true),
    {0}};

static const struct field OUTPUT[] = {
    FIELD(struct result, samples, ARRAY, "The samples, [count][d].", .kinds = KIND_REAL, .min_dims = 2, .max_dims = 2,
          .required = true),
    FIELD(struct result, shape, ARRAY, "[count, d].", .kinds = KIND_INT, .required = true),
    FIELD(struct result, seed, INT, "The seed that was used.", .required = true, FIELD_INTS(0, SEED_LIMIT - 1)),
    FIELD(struct result, path, ENUM, "The path that was used.", .names = path_names, .required = true),
    FIELD(struct result, solver, ENUM, "The solver that was used.", .names = solver_names, .required = true),
    FIELD(struct result, steps, INT, "The number of steps.", .required = true),
    FIELD(struct result, grid, OBJECT, "The noise levels that were visited.", .fields = GRID_FIELDS, .required = true),
    FIELD(struct result, network_calls, INT, "How often the denoiser was asked for one sample.", .required = true),
    FIELD(struct result, numerics, STRING,
          "The version of the arithmetic: samples of equal requests are equal bytes while it stays.", .required = true),
    FIELD(struct result, trajectory, ARRAY, "The states x, [steps + 1][count][d].", .kinds = KIND_REAL, .min_dims = 3,
          .max_dims = 3),
    {0}};

/* A model's size, for limits and cost; right or not, it is safe to compute with. */
struct extent {
    size_t k, d;
    enum mixture_shape shape;
};

static size_t columns(const struct array *a) { return a->dims == 2 ? a->shape[1] : 1; }

static struct extent extent_of(const struct choice *model) {
    if (model->variant == MODEL_POINTS) {
        const struct points_params *p = model->params;
        return (struct extent){p->points.shape[0], columns(&p->points), MIXTURE_ROUND};
    }
    const struct mixture_params *m = model->params;
    enum mixture_shape shape = m->covariances.kind ? MIXTURE_FULL : m->stds.dims == 2 ? MIXTURE_AXES : MIXTURE_ROUND;
    return (struct extent){m->means.shape[0], columns(&m->means), shape};
}

/* Nanoseconds; fitted to bench/sample.c. A call moves the state, and stochastic solvers draw 10 ns a number. */
static double predict(const struct params *p) {
    struct extent e = extent_of(&p->model);
    const struct sampler_params *s = &p->sampler;
    bool draws = s->solver == SOLVER_DDPM || s->solver == SOLVER_EULER_ANCESTRAL || s->eta > 0 || s->s_churn > 0;
    double d = (double)e.d, calls = (double)s->steps * (s->solver == SOLVER_HEUN ? 2 : 1);
    double setup = e.shape == MIXTURE_FULL ? (double)e.k * (200 + 25 * d * d * d) : (double)e.k * (5 + d);
    double row = mixture_cost(e.k, e.d, e.shape) + 8 + (draws ? 14 : 4) * d;
    return 2000 + setup + (double)p->count * (calls * row + 10 * d) + (double)s->steps * 100;
}

static uint64_t cost(const void *params) {
    double ns = predict(params);
    return ns < 1e18 ? (uint64_t)ns : (uint64_t)1e18;
}

static enum status check_size(struct call *call, const struct params *p) {
    struct extent e = extent_of(&p->model);
    if (e.d > MIXTURE_MAX_D)
        return call_fail(call, STATUS_TOO_LARGE, "/model", "The model has %zu dimensions, want at most %d.", e.d,
                         MIXTURE_MAX_D);
    double numbers = (double)p->count * (double)e.d, points = p->trajectory ? (double)p->sampler.steps + 2 : 1;
    if (numbers * points > MAX_NUMBERS)
        return call_fail(call, STATUS_TOO_LARGE, "/count",
                         "The answer would hold %.0f numbers, want at most %d: fewer samples%s.", numbers * points,
                         MAX_NUMBERS, p->trajectory ? ", fewer steps, or no trajectory" : "");
    double seconds = predict(p) * 1e-9;
    if (seconds > MAX_SECONDS)
        return call_fail(call, STATUS_TOO_LARGE, "/count",
                         "This would take about %.0f seconds of computing, want at most %d: fewer samples, steps or "
                         "parts of the model.",
                         seconds, MAX_SECONDS);
    return STATUS_OK;
}

static enum status check_mixture(struct call *call, const struct mixture_params *m, size_t k, size_t d) {
    if (m->weights.kind && m->weights.n != k)
        return call_fail(call, STATUS_INVALID, "/model/weights",
                         "weights holds %zu numbers, want one for each of the "
                         "%zu means.",
                         m->weights.n, k);
    if (m->stds.dims == 2 && (m->stds.shape[0] != k || m->stds.shape[1] != d))
        return call_fail(call, STATUS_INVALID, "/model/stds",
                         "stds has the shape [%zu][%zu], want [%zu][%zu] as the "
                         "means.",
                         m->stds.shape[0], m->stds.shape[1], k, d);
    if (m->stds.dims == 1 && m->stds.n != 1 && m->stds.n != k)
        return call_fail(call, STATUS_INVALID, "/model/stds",
                         "stds holds %zu numbers, want 1 (of all parts) or %zu (one "
                         "for each mean).",
                         m->stds.n, k);
    const size_t *s = m->covariances.shape;
    if (m->covariances.kind && (s[0] != k || s[1] != d || s[2] != d))
        return call_fail(call, STATUS_INVALID, "/model/covariances",
                         "covariances has the shape [%zu][%zu][%zu], want "
                         "[%zu][%zu][%zu] to go with the means.",
                         s[0], s[1], s[2], k, d, d);
    return STATUS_OK;
}

static enum status make_model(struct call *call, const struct choice *model, const struct denoiser **out) {
    struct extent e = extent_of(model);
    if (model->variant == MODEL_POINTS) {
        const struct points_params *p = model->params;
        return points_make(&call->ctx, p->points.reals, e.k, e.d, p->bandwidth, out);
    }
    const struct mixture_params *m = model->params;
    enum status status = check_mixture(call, m, e.k, e.d);
    if (status != STATUS_OK)
        return status;
    const struct mixture_in in = {
        .k = e.k,
        .d = e.d,
        .weights = m->weights.kind ? m->weights.reals : NULL,
        .means = m->means.reals,
        .stds = m->stds.kind ? m->stds.reals : NULL,
        .n_stds = m->stds.n,
        .covariances = m->covariances.kind ? m->covariances.reals : NULL,
    };
    return mixture_make(&call->ctx, &in, out);
}

static enum status check_latents(struct call *call, const struct array *a, size_t count, size_t d) {
    if (!a->kind || (a->shape[0] == count && columns(a) == d && (a->dims == 2 || d == 1)))
        return STATUS_OK;
    return call_fail(call, STATUS_INVALID, "/latents",
                     "latents has %zu rows of %zu numbers, want count = %zu rows of %zu.", a->shape[0], columns(a),
                     count, d);
}

static struct solver_options options_of(const struct sampler_params *s) {
    return (struct solver_options){
        .given = (s->has_eta ? OPTION_ETA : 0u) | (s->has_variance ? OPTION_VARIANCE : 0u) |
                 (s->has_s_churn ? OPTION_CHURN : 0u) | (s->has_s_tmin ? OPTION_TMIN : 0u) |
                 (s->has_s_tmax ? OPTION_TMAX : 0u) | (s->has_s_noise ? OPTION_NOISE : 0u),
        .eta = s->eta,
        .variance = (enum solver_variance)s->variance,
        .s_churn = s->s_churn,
        .s_tmin = s->s_tmin,
        .s_tmax = s->s_tmax,
        .s_noise = s->s_noise,
    };
}

static enum status report_grid(struct ctx *ctx, const struct path_point *points, size_t n, struct grid_result *out) {
    double *all = ctx_alloc(ctx, n, 4 * sizeof *all);
    if (!all)
        return STATUS_NO_MEMORY;
    double *t = all, *alpha = t + n, *sigma = alpha + n, *k = sigma + n;
    for (size_t i = 0; i < n; i++) {
        t[i] = points[i].t;
        alpha[i] = points[i].alpha;
        sigma[i] = points[i].sigma;
        k[i] = points[i].k;
    }
    out->t = array_1d(KIND_REAL, t, n);
    out->alpha = array_1d(KIND_REAL, alpha, n);
    out->sigma = array_1d(KIND_REAL, sigma, n);
    out->k = array_1d(KIND_REAL, k, n);
    return STATUS_OK;
}

static enum status report(struct ctx *ctx, const struct params *p, const struct sampler_in *in,
                          const struct sampler_out *drawn, struct result *out) {
    size_t d = in->denoiser->d;
    int64_t *shape = ctx_alloc(ctx, 2, sizeof *shape);
    if (!shape)
        return STATUS_NO_MEMORY;
    shape[0] = (int64_t)in->count;
    shape[1] = (int64_t)d;
    out->shape = array_1d(KIND_INT, shape, 2);
    out->samples = (struct array){KIND_REAL, 2, {in->count, d}, in->count * d, {.reals = drawn->samples}};
    if (drawn->trajectory)
        out->trajectory = (struct array){
            KIND_REAL, 3, {in->steps + 1, in->count, d}, (in->steps + 1) * in->count * d, {.reals = drawn->trajectory}};
    out->seed = p->seed;
    out->path = p->path;
    out->solver = p->sampler.solver;
    out->steps = p->sampler.steps;
    out->network_calls = (int64_t)drawn->network_calls;
    out->numerics = (struct str){SAMPLER_NUMERICS, sizeof SAMPLER_NUMERICS - 1};
    return report_grid(ctx, in->points, in->steps + 1, &out->grid);
}

/* prepare makes all that sampler_run wants; everything lives in ctx. */
static enum status prepare(struct call *call, const struct params *p, struct path *path, struct solver_options *options,
                           struct sampler_in *in, int *grid_type) {
    struct ctx *ctx = &call->ctx;
    const struct sampler_params *s = &p->sampler;
    enum status status = path_make(ctx, (enum path_id)p->path, path);
    if (status != STATUS_OK)
        return status;
    *grid_type = s->has_grid ? s->grid : path->family->grid;
    const struct grid_in grid = {(enum grid_id) * grid_type, (size_t)s->steps, s->rho, s->sigma_min, s->sigma_max};
    const struct solver_options given = options_of(s);
    struct path_point *points = NULL;
    status = grid_make(ctx, path, &grid, &points);
    in->points = points;
    if (status == STATUS_OK)
        status = solver_resolve(ctx, in->solver, path, &given, options);
    if (status == STATUS_OK)
        status = make_model(call, &p->model, &in->denoiser);
    if (status == STATUS_OK)
        status = check_latents(call, &p->latents, in->count, in->denoiser->d);
    return status;
}

static enum status run(struct call *call, const void *params, void *result) {
    const struct params *p = params;
    struct result *out = result;
    struct path path;
    struct solver_options options;
    const struct noise noise = noise_of_seed((uint64_t)p->seed);
    struct sampler_in in = {
        .path = &path,
        .steps = (size_t)p->sampler.steps,
        .solver = solver_find((enum solver_id)p->sampler.solver),
        .options = &options,
        .noise = &noise,
        .count = (size_t)p->count,
        .latents = p->latents.kind ? p->latents.reals : NULL,
        .trajectory = p->trajectory,
    };
    struct sampler_out drawn;
    enum status status = check_size(call, p);
    if (status == STATUS_OK)
        status = prepare(call, p, &path, &options, &in, &out->grid.type);
    if (status == STATUS_OK)
        status = sampler_run(&call->ctx, &in, &drawn);
    return status == STATUS_OK ? report(&call->ctx, p, &in, &drawn, out) : status;
}

const struct endpoint ep_sample = {
    .method = "POST",
    .route = "/v1/sample",
    .version = 1,
    .title = "Draw samples from a diffusion or flow model",
    .doc =
        "Starts from Gaussian noise and removes it step by step with the exact denoiser E[x0 | x] of the model, along "
        "any of the paths, noise levels and solvers of the field; every combination works, and one that means nothing "
        "(a grid that counts trained steps on a path of continuous time, an option of another solver) is refused.\n\n"
        "All paths are written as x = alpha(t) x0 + sigma(t) eps with the noise level k = sigma/alpha; sigma_min, "
        "sigma_max, s_tmin and s_tmax are in k. Time counts towards noise: on flow t = 1 is noise and t = 0 data.\n\n"
        "Equal requests with equal seeds have equal bytes, on every machine; sample i does not depend on how many "
        "others are drawn.\n\n"
        "As application/x-npy the answer is the samples alone, and a body of that type is the latents, with the other "
        "fields in the query.",
    .source = "Karras, Aittala, Aila, Laine 2022 (grids, Heun, churn); Ho, Jain, Abbeel 2020 (ddpm); Song, Meng, Ermon "
              "2021 (euler with eta: DDIM); Song et al. 2021 (vp, ve); Nichol, Dhariwal 2021 (cosine); Liu, Gong, Liu "
              "2023 and Lipman et al. 2023 (flow)",
    .input = INPUT,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"model\":{\"type\":\"mixture\",\"weights\":[0.25,0.75],\"means\":[[-2,0],[2,1]],\"stds\":[0.5,0.3]},"
               "\"count\":2,\"seed\":7,\"path\":\"edm\",\"sampler\":{\"solver\":\"heun\",\"steps\":10}}",
    .answer = "{\"samples\":[[1.9211490900232162,0.8629307851039969],[2.401768393518549,1.5330008066031373]],"
              "\"shape\":[2,2],\"seed\":7,\"path\":\"edm\",\"solver\":\"heun\",\"steps\":10,"
              "\"grid\":{\"type\":\"karras\",\"t\":[80.0,42.41518931851267,21.10867673619376,9.723201355260132,"
              "4.066123602953759,1.501741979068008,0.46997905799774714,0.1166385635251784,0.020435334553438746,"
              "0.002,0.0],\"alpha\":[1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0],\"sigma\":[80.0,"
              "42.41518931851267,21.10867673619376,9.723201355260132,4.066123602953759,1.501741979068008,"
              "0.46997905799774714,0.1166385635251784,0.020435334553438746,0.002,0.0],\"k\":[80.0,"
              "42.41518931851267,21.10867673619376,9.723201355260132,4.066123602953759,1.501741979068008,"
              "0.46997905799774714,0.1166385635251784,0.020435334553438746,0.002,0.0]},\"network_calls\":19,"
              "\"numerics\":\"1\"}",
    .npy_input = "latents",
    .npy_output = "samples",
    .ndjson_output = "samples",
    .cost = cost,
    .run = run,
};
