#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/diffusion/likelihood.h"
#include "handlers/control_request.h"
#include "handlers/network_request.h"
#include "handlers/time_limit_field.h"

enum { MAX_NUMBERS = 16 * 1000 * 1000, MAX_SECONDS = 600, MAX_PROBES = 100000, PROBES = 16 };
#define SEED_LIMIT (INT64_C(1) << 53)

struct params {
    struct choice model;
    struct array points;
    struct sampler_request how; /* its path and path_options */
    struct network_request network;
    struct control_request control;
    int method, probe, prior;
    int64_t probes, seed, time_limit_ms;
    double rtol, atol, sigma_min, sigma_max, offset_bits;
    bool has_probes, has_probe, has_prior, has_sigma_max, has_rtol, has_atol;
};

struct prior_result {
    int type;
    double std;
    bool has_std;
};

struct mean_result {
    double log_likelihood, bits_per_dim;
};

struct result {
    struct array log_likelihoods, bits_per_dim, standard_errors, log_densities, noised_log_densities;
    struct mean_result mean;
    int path, method;
    double sigma_min, sigma_max;
    struct prior_result prior;
    int64_t calls, rejects, most_calls;
    struct str numerics;
};

static const char *const METHODS[] = {"exact", "hutchinson", NULL};
static const char *const PROBE_NAMES[] = {"rademacher", "normal", NULL};
static const char *const PRIORS[] = {"model", "normal", NULL};

static const struct field INPUT[] = {
    MODEL_FIELD(struct params, model, "Whose likelihood is wanted.", .required = true),
    FIELD(struct params, points, ARRAY, "The data, [n][d]; or [n] in one dimension.", .required = true,
          .kinds = KIND_REAL, .max_dims = 2, .min_items = 1, .max_items = MAX_NUMBERS, FIELD_REALS(-1e9, 1e9)),
    FIELD(struct params, method, ENUM,
          "How the divergence of the flow is found: exact, the trace of the Jacobian; hutchinson, an unbiased estimate "
          "from random directions, which costs less where d is large and there is no formula.",
          .names = METHODS, .def = "exact"),
    FIELD(struct params, probes, INT, "hutchinson: how many directions are averaged; default 16.",
          .present = offsetof(struct params, has_probes), FIELD_INTS(1, MAX_PROBES)),
    FIELD(struct params, probe, ENUM, "hutchinson: numbers -1 and 1 (rademacher, the default), or normal ones.",
          .present = offsetof(struct params, has_probe), .names = PROBE_NAMES),
    FIELD(struct params, seed, INT, "hutchinson: chooses the directions.", .def = "0", FIELD_INTS(0, SEED_LIMIT - 1)),
    FIELD(
        struct params, rtol, NUMBER,
        "The error of a step of the flow, and of the log density, relative to it; default 1e-7, and 1e-4 of networks, "
        "which compute in single precision.",
        .present = offsetof(struct params, has_rtol), FIELD_REALS(0, 1)),
    FIELD(struct params, atol, NUMBER, "The error of a step that is allowed beside that of rtol; default as of rtol.",
          .present = offsetof(struct params, has_atol), FIELD_REALS(1e-13, 1e9)),
    {.name = "path",
     .doc = sampler_path_doc,
     .type = FIELD_ENUM,
     .offset = offsetof(struct params, how.path),
     .present = offsetof(struct params, how.has_path),
     .names = path_names,
     .aliases = path_aliases,
     .def = "edm"},
    {.name = "path_options",
     .doc = "Numbers of the path in place of its own.",
     .type = FIELD_OBJECT,
     .offset = offsetof(struct params, how.path_options),
     .fields = path_option_fields},
    NETWORK_REQUEST_FIELDS(struct params, network),
    FIELD(
        struct params, sigma_min, NUMBER,
        "The noise level k = sigma/alpha that the data are taken to have, where the flow starts. What is found is the "
        "density of data with that much noise.",
        .def = "1e-4", FIELD_REALS(1e-9, 1e9)),
    FIELD(struct params, sigma_max, NUMBER,
          "The noise level where the flow ends and the prior is asked. Absent: the path's own, infinite on flow.",
          .present = offsetof(struct params, has_sigma_max), FIELD_REALS(1e-9, 1e9)),
    FIELD(struct params, prior, ENUM,
          "The density of the states at sigma_max. normal: N(0, 1), or N(0, sigma^2) on paths that do not preserve the "
          "variance, as published; it ignores what is left of the data there, about mean / sigma_max. model: the "
          "model's own. Absent: model, or normal where the model has none (with guidance, clip or measurement).",
          .present = offsetof(struct params, has_prior), .names = PRIORS),
    FIELD(struct params, offset_bits, NUMBER,
          "Added to bits_per_dim: 7 for 8-bit data scaled to -1 .. 1, 8 for such data scaled to 0 .. 1.", .def = "0",
          FIELD_REALS(-64, 64)),
    CONTROL_FIELDS(struct params, control, "", 1),
    TIME_LIMIT_INPUT(struct params),
    {0}};

static const struct field PRIOR_FIELDS[] = {
    FIELD(struct prior_result, type, ENUM, "Which.", .names = PRIORS, .required = true),
    FIELD(struct prior_result, std, NUMBER, "normal: its standard deviation.",
          .present = offsetof(struct prior_result, has_std)),
    {0}};

static const struct field MEAN_FIELDS[] = {
    FIELD(struct mean_result, log_likelihood, NUMBER, "Of log_likelihoods.", .required = true),
    FIELD(struct mean_result, bits_per_dim, NUMBER, "Of bits_per_dim.", .required = true),
    {0}};

#define EACH(member, text, ...) FIELD(struct result, member, ARRAY, text, .kinds = KIND_REAL, __VA_ARGS__)
static const struct field OUTPUT[] = {
    EACH(log_likelihoods, "log p of each point, natural logarithm, [n].", .required = true),
    EACH(bits_per_dim, "-log p / (d ln 2) + offset_bits, [n].", .required = true),
    EACH(standard_errors,
         "hutchinson with two probes or more: the standard error of each log-likelihood, [n]; estimated from the "
         "probes, and "
         "so rough where they are few (two of rademacher in two dimensions are the same half of the time)."),
    EACH(log_densities,
         "Where the model has a density: its formula at each point, without noise and without the flow. [n]"),
    EACH(noised_log_densities,
         "Where the model's formula is what the flow follows (no guidance, clip or measurement): the log density with "
         "noise sigma_min, which log_likelihoods would be if the flow had no error. [n]"),
    FIELD(struct result, mean, OBJECT, "Averages over the points.", .fields = MEAN_FIELDS, .required = true),
    FIELD(struct result, path, ENUM, "The path that was used.", .names = path_names, .required = true),
    FIELD(struct result, method, ENUM, "The method that was used.", .names = METHODS, .required = true),
    FIELD(struct result, sigma_min, NUMBER, "Where the flow started.", .required = true),
    FIELD(struct result, sigma_max, NUMBER, "Where it ended; infinite, and so null, on flow.", .required = true,
          .nullable = true),
    FIELD(struct result, prior, OBJECT, "The density that was asked there.", .fields = PRIOR_FIELDS, .required = true),
    FIELD(struct result, calls, INT, "Network calls of all points and probes.", .required = true),
    FIELD(struct result, rejects, INT, "Steps that were tried and refused.", .required = true),
    FIELD(struct result, most_calls, INT, "The most calls of one point and probe.", .required = true),
    FIELD(struct result, numerics, STRING, "The version of the arithmetic.", .required = true),
    {0}};

static size_t probes_of(const struct params *p) {
    return p->method == LIKELIHOOD_EXACT ? 1 : p->has_probes ? (size_t)p->probes : PROBES;
}

static double tolerance(const struct params *p, bool given, double value) {
    return given ? value : model_is_network(&p->model) ? 1e-4 : 1e-7;
}

/* around names what makes the divergence take calls of its own, by differences (denoiser_each); NULL: nothing does. */
static const char *around(const struct params *p) {
    const struct control_request *c = &p->control;
    return c->clip.has_range || c->clip.has_quantile ? "clip"
           : c->measurement.matrix.kind              ? "measurement"
           : c->guidance.rescale > 0                 ? "guidance.rescale"
                                                     : NULL;
}

/* passes is how many calls the divergence is worth. */
static double passes(const struct params *p) {
    const double d = (double)model_extent(&p->model).d;
    if (model_is_network(&p->model)) /* of eval's: one forward, and those backward */
        return (p->method == LIKELIHOOD_EXACT ? 1 + 2 * d : 3) / 8;
    return around(p) ? 8 * (p->method == LIKELIHOOD_EXACT ? 2 * d + 1 : 3) : 1;
}

/* Nanoseconds; a call of each is about eight of eval's, and 1e-7 takes some 150. */
static double predict(const struct params *p) {
    double d = (double)model_extent(&p->model).d, row = 8 * control_row_cost(&p->model, &p->control) + 80 * d + 300;
    double error = tolerance(p, p->has_rtol, p->rtol) + tolerance(p, p->has_atol, p->atol);
    double accuracy = pow(fmax(error, 1e-13) / 1e-7, -0.2), calls = 150 * fmax(1, accuracy);
    return 2000 + model_setup_cost(&p->model) +
           (double)p->points.shape[0] * (double)probes_of(p) * calls * row * passes(p);
}

static uint64_t cost(const void *params) {
    double ns = predict(params);
    return ns < 1e18 ? (uint64_t)ns : (uint64_t)1e18;
}

static enum status check_size(struct call *call, const struct params *p) {
    enum status status = model_check_size(call, &p->model, "model");
    if (status != STATUS_OK)
        return status;
    double numbers = (double)p->points.n * (double)probes_of(p), seconds = predict(p) * 1e-9;
    if (numbers > MAX_NUMBERS)
        return call_fail(call, STATUS_TOO_LARGE, p->method == LIKELIHOOD_EXACT ? "/points" : "/probes",
                         "Points and probes make %.0f numbers, want at most %d.", numbers, MAX_NUMBERS);
    if (seconds > MAX_SECONDS)
        return call_fail(call, STATUS_TOO_LARGE, "/points",
                         "This would take about %.0f seconds of computing, want at most %d: fewer points, probes or "
                         "parts of the model, or larger tolerances.",
                         seconds, MAX_SECONDS);
    return STATUS_OK;
}

static enum status check_fields(struct ctx *ctx, const struct params *p) {
    size_t d = model_extent(&p->model).d;
    if (model_columns(&p->points) != d)
        return ctx_fail(ctx, STATUS_INVALID, "/points", "points has rows of %zu numbers, want %zu as the model.",
                        model_columns(&p->points), d);
    if (p->method == LIKELIHOOD_EXACT && (p->has_probes || p->has_probe))
        return ctx_fail(ctx, STATUS_INVALID, p->has_probes ? "/probes" : "/probe",
                        "%s means nothing to method \"exact\"; leave it out, or want method \"hutchinson\".",
                        p->has_probes ? "probes" : "probe");
    return STATUS_OK;
}

static enum status find_ends(struct ctx *ctx, const struct params *p, const struct path *path,
                             struct likelihood_in *in) {
    in->from = path_at_k(path, p->sigma_min);
    in->to = p->has_sigma_max ? path_at_k(path, p->sigma_max) : path_at_t(path, path->t_max);
    if (p->has_sigma_max && !(p->sigma_max >= path->k_low && p->sigma_max <= path->k_high))
        return ctx_fail(ctx, STATUS_INVALID, "/sigma_max",
                        "sigma_max is %.9g, want a noise level that path \"%s\" has: %.9g to %.9g.", p->sigma_max,
                        path->family->name, path->k_low, path->k_high);
    if (in->to.k > in->from.k)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, p->has_sigma_max ? "/sigma_max" : "/sigma_min",
                    "The flow would lead from sigma_min = %.9g to sigma_max = %.9g, want a sigma_max above sigma_min.",
                    in->from.k, in->to.k);
}

static enum status choose_prior(struct ctx *ctx, const struct params *p, struct likelihood_in *in) {
    bool own = in->denoiser->gives & EACH_DENSITY;
    in->prior = p->has_prior ? (enum likelihood_prior)p->prior : own ? PRIOR_MODEL : PRIOR_NORMAL;
    if (in->prior == PRIOR_NORMAL || own)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, "/prior",
                    "A network, and a model with guidance, clip or measurement, has no density of its own at "
                    "sigma_max; want prior \"normal\".");
}

/* check_network refuses what the flow of a network's pictures cannot be followed by. */
static enum status check_network(struct ctx *ctx, const struct params *p, const struct loaded_model *model) {
    char pointer[32];
    if (model->decoder.graph && !model->scaled)
        return ctx_fail(ctx, STATUS_INVALID, "/model",
                        "This network's flow is one of latents, and what density its pictures have nobody knows; want "
                        "a model without an autoencoder.");
    if (model->source.n)
        return ctx_fail(ctx, STATUS_INVALID, "/model",
                        "This network's flow leads to points of its source, whose density nobody knows; want a model "
                        "that starts from normal numbers.");
    if (!around(p))
        return STATUS_OK;
    snprintf(pointer, sizeof pointer, "/%.20s", around(p));
    return ctx_fail(ctx, STATUS_INVALID, *around(p) == 'g' ? "/guidance/rescale" : pointer,
                    "With %s the divergence is found by differences, for which a network's single precision is too "
                    "little; want it without.",
                    around(p));
}

/* A likelihood's own part of what params say; they stay as they are. */
struct work {
    struct params p;
    struct network_asked asked;
    struct likelihood_in in;
};

/* ask decides how the model is asked. */
static enum status ask(struct call *call, struct work *w) {
    struct params *p = &w->p;
    enum status status = model_load_network(call, &p->model, &w->asked.model);
    if (status == STATUS_OK && w->asked.model)
        status = check_network(&call->ctx, p, w->asked.model);
    if (status == STATUS_OK)
        status = network_request_settle(call, &p->network, true, &p->how, &w->asked);
    w->asked.use.slopes = true;
    if (w->asked.use.path)
        p->control.use = &w->asked.use;
    return status;
}

static bool scaled(const struct work *w) { return w->asked.model && w->asked.model->scaled; }

/* scale_points takes rows to the network's numbers, unscale their densities back. */
static enum status scale_points(struct ctx *ctx, const struct loaded_model *model, struct likelihood_in *in) {
    double *points = ctx_alloc(ctx, in->n, coder_out(&model->encoder) * sizeof *points);
    if (!points)
        return STATUS_NO_MEMORY;
    enum status status = coder_run(ctx, &model->encoder, in->n, in->points, points, false);
    if (status == STATUS_INVALID)
        snprintf(ctx->err.pointer, sizeof ctx->err.pointer, "/points");
    in->points = points;
    return status;
}

static void unscale(const struct loaded_model *model, size_t n, double *log_likelihood) {
    for (size_t i = 0; i < n; i++)
        log_likelihood[i] -= model->log_scale;
}

/* prepare fills w, which borrows the path, and that. */
static enum status prepare(struct call *call, struct work *w, struct path *path) {
    struct ctx *ctx = &call->ctx;
    const struct params *p = &w->p;
    struct likelihood_in *in = &w->in;
    struct conditioned model = {0};
    *in = (struct likelihood_in){
        .path = path,
        .rtol = tolerance(p, p->has_rtol, p->rtol),
        .atol = tolerance(p, p->has_atol, p->atol),
        .n = p->points.shape[0],
        .points = p->points.reals,
        .method = (enum likelihood_method)p->method,
        .probe = (enum likelihood_probe)p->probe,
        .probes = probes_of(p),
        .seed = (uint64_t)p->seed,
    };
    enum status status = check_size(call, p);
    if (status == STATUS_OK)
        status = ask(call, w);
    if (status == STATUS_OK)
        status = check_fields(ctx, p);
    if (status == STATUS_OK && scaled(w))
        status = scale_points(ctx, w->asked.model, in);
    if (status == STATUS_OK)
        status = sampler_path(ctx, &p->how, path);
    if (status == STATUS_OK)
        status = find_ends(ctx, p, path, in);
    if (status == STATUS_OK && w->asked.model)
        status = network_check(ctx, &w->asked.use, &in->to);
    if (status == STATUS_OK)
        status = control_denoiser(call, &p->model, &p->control, 1, &model);
    in->denoiser = model.denoiser;
    return status == STATUS_OK ? choose_prior(ctx, p, in) : status;
}

/* add_density fills in a closed form at a noise level. */
static enum status add_density(struct ctx *ctx, const struct likelihood_in *in, const struct path_point *at,
                               struct array *out) {
    double *density = ctx_alloc(ctx, in->n, sizeof *density);
    if (!density)
        return STATUS_NO_MEMORY;
    *out = array_1d(KIND_REAL, density, in->n);
    return likelihood_density(ctx, in->denoiser, at, in->points, in->n, density);
}

static enum status fill_bits(struct ctx *ctx, const struct params *p, const double *log_likelihood, size_t n,
                             struct result *out) {
    double *bits = ctx_alloc(ctx, n, sizeof *bits), per_dim = (double)model_extent(&p->model).d * M_LN2;
    if (!bits)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        bits[i] = p->offset_bits - log_likelihood[i] / per_dim;
        out->mean.log_likelihood += log_likelihood[i] / (double)n;
        out->mean.bits_per_dim += bits[i] / (double)n;
    }
    out->bits_per_dim = array_1d(KIND_REAL, bits, n);
    return STATUS_OK;
}

static enum status report(struct ctx *ctx, const struct params *p, const struct likelihood_in *in,
                          const struct likelihood_out *found, struct result *out) {
    const struct path_point data = path_at_k(in->path, 0);
    out->log_likelihoods = array_1d(KIND_REAL, found->log_likelihood, in->n);
    if (found->standard_error)
        out->standard_errors = array_1d(KIND_REAL, found->standard_error, in->n);
    out->path = (int)sampler_path_id(in->path);
    out->method = p->method;
    out->sigma_min = in->from.k;
    out->sigma_max = in->to.k;
    out->prior = (struct prior_result){in->prior, path_prior_std(in->path, &in->to), in->prior == PRIOR_NORMAL};
    out->calls = found->calls;
    out->rejects = found->rejects;
    out->most_calls = found->most_calls;
    out->numerics = (struct str){SAMPLER_NUMERICS, sizeof SAMPLER_NUMERICS - 1};
    enum status status = fill_bits(ctx, p, found->log_likelihood, in->n, out);
    if (status == STATUS_OK && in->denoiser->gives & EACH_DENSITY)
        status = add_density(ctx, in, &in->from, &out->noised_log_densities);
    if (status == STATUS_OK && in->denoiser->gives & EACH_DENSITY && in->denoiser->smooth)
        status = add_density(ctx, in, &data, &out->log_densities);
    return status;
}

static enum status run(struct call *call, const void *params, void *result) {
    struct work w = {.p = *(const struct params *)params};
    struct path path;
    struct likelihood_out found;
    enum status status = prepare(call, &w, &path);
    if (status == STATUS_OK)
        status = likelihood_run(&call->ctx, &w.in, &found);
    if (status == STATUS_OK && scaled(&w))
        unscale(w.asked.model, w.in.n, found.log_likelihood);
    return status == STATUS_OK ? report(&call->ctx, &w.p, &w.in, &found, result) : status;
}

const struct endpoint ep_likelihood = {
    .method = "POST",
    .route = "/v1/likelihood",
    .version = 8,
    .title = "The likelihood of data under a diffusion or flow model",
    .doc =
        "Takes each point from data to noise along the probability-flow equation, adds up the divergence of the flow "
        "on the way, and asks the prior there: log p in nats and in bits a dimension, as score-based models and "
        "flows report them. Each point takes steps of its own (dopri5), so a point's answer does not depend on "
        "the others.\n\n"
        "A network's divergence comes from passes backward through it: one for each direction with hutchinson, one for "
        "each number of a sample with exact. Its flow is that of its own scheduler_config, or of the request's path "
        "and "
        "prediction; it is followed in single precision, so rtol and atol below 1e-6 are of little use. Of a network "
        "with a scale of "
        "its rows, sigma_min and sigma_max are levels of the scaled rows, and the density that of the rows.\n\n"
        "With guidance, clip or measurement the answer is the density of what the guided flow makes of the prior.\n\n"
        "As application/x-npy the answer is log_likelihoods, and a body of that type is the points, with the other "
        "fields in the query.",
    .source = "Chen et al. 2018 (change of variables); Song et al. 2021, sec. 4.3 and app. D.2; Grathwohl et al. 2019 "
              "(Hutchinson's estimate with a fixed probe)",
    .input = INPUT,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"model\":{\"type\":\"mixture\",\"means\":[0],\"stds\":[0.5]},\"points\":[0.5],\"path\":\"flow\"}",
    .answer = "{\"log_likelihoods\":[-0.7257913519677655],\"bits_per_dim\":[1.0470955842039915],\"log_densities\":["
              "-0.7257913526447274],\"noised_log_densities\":[-0.7257913526447277],\"mean\":{\"log_likelihood\":-0."
              "7257913519677655,\"bits_per_dim\":1.0470955842039915},\"path\":\"flow\",\"method\":\"exact\",\"sigma"
              "_min\":0.0001,\"sigma_max\":null,\"prior\":{\"type\":\"model\"},\"calls\":79,\"rejects\":2,\"most_ca"
              "lls\":79,\"numerics\":\"6\"}",
    .npy_input = "points",
    .npy_output = "log_likelihoods",
    .cost = cost,
    .run = run,
};
