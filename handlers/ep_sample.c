#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/diffusion/slerp.h"
#include "handlers/adaptive_request.h"
#include "handlers/control_request.h"
#include "handlers/diagnostics_request.h"
#include "handlers/sampler_request.h"
#include "handlers/time_limit_field.h"

enum { MAX_COUNT = 10 * 1000 * 1000, MAX_NUMBERS = 16 * 1000 * 1000, MAX_SECONDS = 600, MAX_JUMPS = 1000 };
#define SEED_LIMIT (INT64_C(1) << 53)

struct repaint_params {
    int64_t length, repeats;
    bool has_length, has_repeats;
};

struct interpolate_params {
    struct array from, to;
};

struct params {
    struct choice model;
    int64_t count, seed, time_limit_ms;
    struct sampler_request how;
    struct control_request control;
    struct array latents, init, mask, known, invert;
    double strength;
    bool has_strength, trajectory, diagnostics;
    int noise;
    struct repaint_params repaint;
    struct interpolate_params interpolate;
};

struct result {
    struct array samples, shape, trajectory, latents, round_trip_error;
    int64_t seed, steps, network_calls;
    struct used_result used;
    struct grid_result grid;
    struct str numerics;
    struct adaptive_result adaptive;
    struct diagnostics_result diagnostics;
    bool has_adaptive, has_diagnostics;
};

static const struct field REPAINT_FIELDS[] = {
    FIELD(struct repaint_params, length, INT, "How many steps a jump goes back; default 10.",
          .present = offsetof(struct repaint_params, has_length), FIELD_INTS(1, GRID_MAX_STEPS)),
    FIELD(struct repaint_params, repeats, INT, "How often each stretch is taken; default 10, 1: no jumps.",
          .present = offsetof(struct repaint_params, has_repeats), FIELD_INTS(1, MAX_JUMPS)),
    {0}};

#define LATENT(S, member, text) \
    FIELD(S, member, ARRAY, text, .kinds = KIND_REAL, .min_items = 1, .max_items = MAX_NUMBERS, FIELD_REALS(-1e9, 1e9))
static const struct field INTERPOLATE_FIELDS[] = {
    LATENT(struct interpolate_params, from, "The latent of the first sample, [d]."),
    LATENT(struct interpolate_params, to, "The latent of the last sample, [d]."),
    {0}};

/* SAMPLES is a field of one row for each sample, or of one row for all. */
#define SAMPLES(member, text)                                                                    \
    FIELD(struct params, member, ARRAY, text, .kinds = KIND_REAL, .max_dims = 2, .min_items = 1, \
          .max_items = MAX_NUMBERS, FIELD_REALS(-1e9, 1e9))

enum { NOISE_PHILOX, NOISE_TORCH };
static const char *const NOISES[] = {"philox", "torch", NULL};

static const struct field INPUT[] = {
    MODEL_FIELD(struct params, model, "What to sample from.", .required = true),
    FIELD(struct params, count, INT, "How many samples.", .def = "1", FIELD_INTS(1, MAX_COUNT)),
    FIELD(struct params, seed, INT,
          "Chooses the random numbers: the same request with the same seed has the same answer, to the byte, and the "
          "first samples of a longer request are those of a shorter one. Drawn and echoed where it is absent.",
          .role = ROLE_SEED, FIELD_INTS(0, SEED_LIMIT - 1)),
    FIELD(struct params, noise, ENUM,
          "Where random numbers come from. torch: PyTorch's CPU generator, as torch.randn of all samples at once draws "
          "the "
          "latents and then each step's noise, in single precision; a sample then depends on how many there are.",
          .names = NOISES, .def = "philox"),
    SAMPLER_REQUEST_FIELDS(struct params, how),
    CONTROL_FIELDS(struct params, control),
    SAMPLES(
        latents,
        "Standard normal numbers to start from in place of drawn ones, [count][d] (or [count] in one dimension). They "
        "are multiplied by the standard deviation of the first state: 1 on paths that preserve the variance, sigma on "
        "the others."),
    FIELD(struct params, interpolate, OBJECT,
          "Two latents: the samples start at equal distances on the way between them along the sphere.",
          .fields = INTERPOLATE_FIELDS),
    SAMPLES(init,
            "Data to start from instead of noise alone (SDEdit, img2img), [count][d], or [1][d] for all samples: noise "
            "is added up to a level that strength chooses."),
    FIELD(struct params, strength, NUMBER,
          "With init: the share of the steps that are taken, from 0 (init itself) to 1 (all of them); default 0.8.",
          .present = offsetof(struct params, has_strength), FIELD_REALS(0, 1)),
    LATENT(struct params, mask,
           "Inpainting, [d]: 1 where known holds the answer, 0 where the model is asked, anything between to blend."),
    LATENT(struct params, known, "With mask: the data that are known, [d]."),
    FIELD(struct params, repaint, OBJECT,
          "With mask: go back and repeat, so that what is asked agrees with what is known (Lugmayr et al. 2022).",
          .fields = REPAINT_FIELDS),
    SAMPLES(
        invert,
        "Data whose latents are wanted, [count][d]: the steps are taken from data to noise, and the samples are what "
        "the latents lead back to. Wants a solver that draws no noise."),
    FIELD(struct params, trajectory, BOOL, "Also give the state x at every noise level.", .def = "false"),
    FIELD(struct params, diagnostics, BOOL, diagnostics_doc, .def = "false"),
    TIME_LIMIT_INPUT(struct params),
    {0}};

static const struct field OUTPUT[] = {
    FIELD(struct result, samples, ARRAY, "The samples, [count][d].", .kinds = KIND_REAL, .min_dims = 2, .max_dims = 2,
          .required = true),
    FIELD(struct result, shape, ARRAY, "[count, d].", .kinds = KIND_INT, .required = true),
    FIELD(struct result, seed, INT, "The seed that was used.", .required = true, FIELD_INTS(0, SEED_LIMIT - 1)),
    USED_FIELDS(struct result, used),
    FIELD(struct result, steps, INT,
          "The number of steps between the noise levels of grid; of an adaptive solver the most that a sample took.",
          .required = true),
    FIELD(struct result, grid, OBJECT,
          "The noise levels of the request; of an adaptive solver the first and the last, and data.",
          .fields = grid_result_fields, .required = true),
    FIELD(struct result, network_calls, INT,
          "How often the denoiser was asked for one sample; guidance asks two models each time. Of an adaptive solver "
          "the most for any sample.",
          .required = true),
    FIELD(struct result, adaptive, OBJECT, "With an adaptive solver: what each sample took.",
          .present = offsetof(struct result, has_adaptive), .fields = adaptive_result_fields),
    FIELD(struct result, diagnostics, OBJECT, "With diagnostics: how far the samples are from the model.",
          .present = offsetof(struct result, has_diagnostics), .fields = diagnostics_fields),
    FIELD(struct result, numerics, STRING,
          "The version of the arithmetic: samples of equal requests are equal bytes while it stays.", .required = true),
    FIELD(struct result, latents, ARRAY, "With invert: the latents that lead back to the data, [count][d].",
          .kinds = KIND_REAL, .min_dims = 2, .max_dims = 2),
    FIELD(struct result, round_trip_error, ARRAY,
          "With invert: how far each sample is from its data, as the root of the mean square over d.",
          .kinds = KIND_REAL),
    FIELD(struct result, trajectory, ARRAY, "The states x after every step taken, [steps + 1][count][d].",
          .kinds = KIND_REAL, .min_dims = 3, .max_dims = 3),
    {0}};

static int64_t repeats_of(const struct params *p) {
    if (!p->repaint.has_length && !p->repaint.has_repeats)
        return 1;
    return p->repaint.has_repeats ? p->repaint.repeats : 10;
}

/* Nanoseconds; fitted to bench/sample.c. A call moves the state, and stochastic solvers draw 10 ns a number. */
static double predict(const struct params *p) {
    const struct sampler_params *s = &p->how.sampler;
    const struct solver *solver = solver_find((enum solver_id)s->solver);
    const bool scheduler = p->how.scheduler_config.p;
    double each = scheduler ? 2 : solver->calls; /* no class makes more calls a step, but for the first ones */
    bool draws = scheduler || solver->stochastic || s->eta > 0 || s->s_churn > 0 || p->mask.kind;
    double d = (double)model_extent(&p->model).d, row = control_row_cost(&p->model, &p->control) + 8;
    if (solver->adaptive) /* each row at a point of its own; a third as many calls as 32 steps would make */
        row = 2.5 * row + 150;
    double calls = (double)sampler_steps(s) * each * (double)repeats_of(p) * (p->invert.kind ? 2 : 1);
    double judging = p->diagnostics ? diagnostics_cost((size_t)p->count, model_extent(&p->model).k, (size_t)d) : 0;
    return 2000 + judging + model_setup_cost(&p->model) +
           (double)p->count * (calls * (row + (draws ? 14 : 4) * d) + 10 * d) + (double)sampler_steps(s) * 200;
}

static uint64_t cost(const void *params) {
    double ns = predict(params);
    return ns < 1e18 ? (uint64_t)ns : (uint64_t)1e18;
}

static enum status check_size(struct call *call, const struct params *p) {
    enum status status = model_check_size(call, &p->model, "model");
    if (status != STATUS_OK)
        return status;
    double numbers = (double)p->count * (double)model_extent(&p->model).d;
    double points = p->trajectory ? (double)(sampler_steps(&p->how.sampler) * (2 * repeats_of(p) - 1)) + 2 : 1;
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

/* check_rows wants a row of d numbers for each sample; or, with `one`, a single row. */
static enum status check_rows(struct ctx *ctx, const struct array *a, const char *name, size_t count, size_t d,
                              bool one) {
    if (!a->kind || ((a->shape[0] == count || (one && a->shape[0] == 1)) && model_columns(a) == d))
        return STATUS_OK;
    char pointer[64];
    snprintf(pointer, sizeof pointer, "/%s", name);
    return ctx_fail(ctx, STATUS_INVALID, pointer, "%s has %zu rows of %zu numbers, want count = %zu rows of %zu%s.",
                    name, a->shape[0], model_columns(a), count, d, one ? ", or one" : "");
}

static enum status check_vector(struct ctx *ctx, const struct array *a, const char *pointer, size_t d) {
    if (!a->kind || a->n == d)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, pointer, "%s holds %zu numbers, want %zu as a sample.",
                    strrchr(pointer, '/') + 1, a->n, d);
}

/* check_companions: what is given must not be left without effect. */
static enum status check_companions(struct ctx *ctx, const struct params *p) {
    const bool jumps = p->repaint.has_length || p->repaint.has_repeats;
    const bool between = p->interpolate.from.kind || p->interpolate.to.kind;
    if (p->has_strength && !p->init.kind)
        return ctx_fail(ctx, STATUS_INVALID, "/strength", "strength says how much noise init gets; want init, too.");
    if (!p->mask.kind != !p->known.kind)
        return ctx_fail(ctx, STATUS_INVALID, p->mask.kind ? "/known" : "/mask", "There is %s; want both, or neither.",
                        p->mask.kind ? "a mask, but no known" : "a known, but no mask");
    if (jumps && !p->mask.kind)
        return ctx_fail(ctx, STATUS_INVALID, "/repaint", "repaint goes with mask and known, want those too.");
    if (between && (!p->interpolate.from.kind || !p->interpolate.to.kind))
        return ctx_fail(ctx, STATUS_INVALID, "/interpolate", "interpolate lacks %s, want from and to.",
                        p->interpolate.from.kind ? "to" : "from");
    if (between && (p->latents.kind || p->count < 2))
        return ctx_fail(ctx, STATUS_INVALID, p->latents.kind ? "/latents" : "/count",
                        p->latents.kind ? "latents and interpolate both say where to start, want one of the two."
                                        : "interpolate wants a count of at least 2, one sample at each end.");
    if (p->invert.kind && (p->latents.kind || p->init.kind || p->mask.kind || between))
        return ctx_fail(
            ctx, STATUS_INVALID, "/invert",
            "invert starts from data and ends at latents; want no latents, init, mask or interpolate beside "
            "it.");
    return STATUS_OK;
}

/* check_diagnostics wants samples of the model as it is. */
static enum status check_diagnostics(struct ctx *ctx, const struct params *p) {
    const char *name = control_around(&p->control);
    if (!name)
        name = p->init.kind               ? "init"
               : p->mask.kind             ? "mask"
               : p->invert.kind           ? "invert"
               : p->interpolate.from.kind ? "interpolate"
                                          : NULL;
    if (!p->diagnostics || (!name && p->count >= DIAGNOSTICS_LEAST))
        return STATUS_OK;
    if (!name)
        return ctx_fail(ctx, STATUS_INVALID, "/count", "diagnostics judge %d samples or more, this is a count of %lld.",
                        DIAGNOSTICS_LEAST, (long long)p->count);
    return ctx_fail(ctx, STATUS_INVALID, "/diagnostics",
                    "diagnostics compare the samples with the model itself, and %s changes what is sampled; want one "
                    "without the other.",
                    name);
}

static enum status check_shapes(struct ctx *ctx, const struct params *p, size_t d) {
    size_t count = (size_t)p->count;
    enum status status = check_rows(ctx, &p->latents, "latents", count, d, false);
    if (status == STATUS_OK)
        status = check_rows(ctx, &p->init, "init", count, d, true);
    if (status == STATUS_OK)
        status = check_rows(ctx, &p->invert, "invert", count, d, false);
    if (status == STATUS_OK)
        status = check_vector(ctx, &p->mask, "/mask", d);
    if (status == STATUS_OK)
        status = check_vector(ctx, &p->known, "/known", d);
    if (status == STATUS_OK)
        status = check_vector(ctx, &p->interpolate.from, "/interpolate/from", d);
    if (status == STATUS_OK)
        status = check_vector(ctx, &p->interpolate.to, "/interpolate/to", d);
    for (size_t j = 0; status == STATUS_OK && j < p->mask.n; j++)
        if (!(p->mask.reals[j] >= 0 && p->mask.reals[j] <= 1)) {
            char pointer[32];
            snprintf(pointer, sizeof pointer, "/mask/%zu", j);
            return ctx_fail(ctx, STATUS_INVALID, pointer, "mask[%zu] is %.9g, want 0 to 1.", j, p->mask.reals[j]);
        }
    return status;
}

/* walk_with_jumps takes every stretch of `length` steps `repeats` times, going back between. */
static void walk_with_jumps(struct plan_build *b, const struct sampler_setup *s, size_t first, size_t length,
                            size_t repeats) {
    for (size_t i = first; i < s->steps; i += length) {
        size_t end = s->steps - i < length ? s->steps : i + length;
        plan_walk(b, s->solver, s->points, s->steps, i, end);
        for (size_t r = 1; r < repeats; r++) {
            plan_jump(b, &s->points[end], &s->points[i]);
            plan_walk(b, s->solver, s->points, s->steps, i, end);
        }
    }
}

static enum status make_plan(struct ctx *ctx, const struct params *p, const struct sampler_setup *s,
                             struct plan *plan) {
    const bool inverse = s->scheduler.made && s->scheduler.made->inverse;
    const double given = p->has_strength ? p->strength : 0.8, *strength = p->init.kind && !inverse ? &given : NULL;
    size_t length = p->repaint.has_length ? (size_t)p->repaint.length : 10;
    struct plan_build b;
    sampler_start(&b, ctx, s, strength);
    b.known = p->mask.kind;
    walk_with_jumps(&b, s, sampler_first(s, strength), repeats_of(p) > 1 ? length : s->steps, (size_t)repeats_of(p));
    return plan_end(&b, plan);
}

/* make_inversion takes the steps from data to noise. The first level is the lowest of the grid, where data are taken to
 * be free of noise. */
static enum status make_inversion(struct ctx *ctx, const struct sampler_setup *s, struct plan *plan) {
    struct path_point *up = ctx_alloc(ctx, s->steps, sizeof *up);
    if (!up)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < s->steps; i++)
        up[i] = s->points[s->steps - 1 - i];
    struct plan_build b;
    plan_begin(&b, ctx, &s->path, &s->options, up[0].alpha, 0);
    plan_walk(&b, s->solver, up, s->steps - 1, 0, s->steps - 1);
    return plan_end(&b, plan);
}

/* invert finds the latents of p->invert and puts them into in->latents. */
static enum status invert(struct ctx *ctx, const struct params *p, const struct sampler_setup *s, struct sampler_in *in,
                          struct result *out) {
    if (in->plan->n_draws)
        return ctx_fail(ctx, STATUS_INVALID, "/sampler/solver",
                        "Solver \"%s\" draws noise with these options, and what is drawn cannot be inverted; want one "
                        "that does not, such as \"euler\".",
                        s->solver->name);
    struct plan plan;
    struct sampler_out found;
    enum status status = make_inversion(ctx, s, &plan);
    if (status != STATUS_OK)
        return status;
    const struct sampler_in up = {.denoiser = in->denoiser,
                                  .plan = &plan,
                                  .noise = in->noise,
                                  .count = in->count,
                                  .init = p->invert.reals,
                                  .n_init = in->count};
    status = sampler_run(ctx, &up, &found);
    if (status != STATUS_OK)
        return status;
    size_t d = in->denoiser->d;
    double std = path_prior_std(&s->path, &s->points[0]);
    for (size_t i = 0; i < in->count * d; i++)
        found.samples[i] /= std;
    in->latents = found.samples;
    out->latents = (struct array){KIND_REAL, 2, {in->count, d}, in->count * d, {.reals = found.samples}};
    return STATUS_OK;
}

static enum status measure_round_trip(struct ctx *ctx, const double *data, const double *back, size_t count, size_t d,
                                      struct array *out) {
    double *error = ctx_alloc(ctx, count, sizeof *error);
    if (!error)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        double sum = 0;
        for (size_t j = 0; j < d; j++)
            sum += (data[i * d + j] - back[i * d + j]) * (data[i * d + j] - back[i * d + j]);
        error[i] = sqrt(sum / (double)d);
    }
    *out = array_1d(KIND_REAL, error, count);
    return STATUS_OK;
}

static enum status interpolate(struct ctx *ctx, const struct params *p, size_t d, struct sampler_in *in) {
    double *latents = ctx_alloc(ctx, in->count, d * sizeof *latents);
    if (!latents)
        return STATUS_NO_MEMORY;
    slerp_rows(d, p->interpolate.from.reals, p->interpolate.to.reals, in->count, latents);
    in->latents = latents;
    return STATUS_OK;
}

/* report_samples writes what every answer holds. */
static enum status report_samples(struct ctx *ctx, const struct params *p, double *samples,
                                  const struct denoiser *denoiser, struct result *out) {
    size_t count = (size_t)p->count, d = denoiser->d;
    int64_t *shape = ctx_alloc(ctx, 2, sizeof *shape);
    if (!shape)
        return STATUS_NO_MEMORY;
    shape[0] = (int64_t)count;
    shape[1] = (int64_t)d;
    out->shape = array_1d(KIND_INT, shape, 2);
    out->samples = (struct array){KIND_REAL, 2, {count, d}, count * d, {.reals = samples}};
    out->seed = p->seed;
    out->numerics = (struct str){SAMPLER_NUMERICS, sizeof SAMPLER_NUMERICS - 1};
    out->has_diagnostics = p->diagnostics;
    enum status status = STATUS_OK;
    if (p->invert.kind)
        status = measure_round_trip(ctx, p->invert.reals, samples, count, d, &out->round_trip_error);
    if (status == STATUS_OK && p->diagnostics)
        status = diagnostics_answer(ctx, denoiser, (uint64_t)p->seed, samples, count, &out->diagnostics);
    return status;
}

static enum status report(struct ctx *ctx, const struct params *p, const struct sampler_setup *s,
                          const struct sampler_in *in, const struct sampler_out *drawn, struct result *out) {
    size_t d = in->denoiser->d, points = in->plan->n_steps + 1;
    if (drawn->trajectory)
        out->trajectory =
            (struct array){KIND_REAL, 3, {points, in->count, d}, points * in->count * d, {.reals = drawn->trajectory}};
    out->used = sampler_used(&p->how, s);
    out->steps = (int64_t)s->steps;
    out->network_calls = (int64_t)in->plan->n_calls;
    enum status status = sampler_report_grid(ctx, s, &out->grid);
    return status == STATUS_OK ? report_samples(ctx, p, drawn->samples, in->denoiser, out) : status;
}

/* check_adaptive refuses what counts steps or goes back and forth between them. */
static enum status check_adaptive(struct ctx *ctx, const struct params *p) {
    const char *name = p->trajectory ? "trajectory" : p->init.kind ? "init" : p->mask.kind ? "mask" : NULL;
    char pointer[32];
    if (p->noise == NOISE_TORCH)
        return ctx_fail(ctx, STATUS_INVALID, "/noise",
                        "noise \"torch\" draws for a plan of fixed steps, and an adaptive solver has none; want "
                        "\"philox\", or latents.");
    if (!name)
        return STATUS_OK;
    snprintf(pointer, sizeof pointer, "/%s", name);
    return ctx_fail(ctx, STATUS_INVALID, pointer,
                    "%s wants all samples to visit the same noise levels, and with solver \"%s\" each chooses its "
                    "own; want a solver with fixed steps, such as \"heun\", for it.",
                    name, solver_names[p->how.sampler.solver]);
}

static enum status report_adaptive(struct ctx *ctx, const struct params *p, const struct adaptive_setup *s,
                                   const struct adaptive_drawn *drawn, const struct denoiser *denoiser,
                                   struct result *out) {
    size_t d = denoiser->d;
    out->used = (struct used_result){.path = p->how.path, .solver = p->how.sampler.solver, .has_path = true};
    out->steps = drawn->most_steps;
    out->network_calls = drawn->most_calls;
    out->adaptive = drawn->how;
    out->has_adaptive = true;
    if (drawn->latents) {
        size_t count = (size_t)p->count;
        out->latents = (struct array){KIND_REAL, 2, {count, d}, count * d, {.reals = drawn->latents}};
    }
    enum status status = adaptive_report_grid(ctx, s, &out->grid);
    return status == STATUS_OK ? report_samples(ctx, p, drawn->samples, denoiser, out) : status;
}

static enum status run_adaptive(struct call *call, const struct params *p, struct result *out) {
    struct ctx *ctx = &call->ctx;
    const struct noise noise = noise_of_seed(ctx->isa, (uint64_t)p->seed);
    struct adaptive_setup setup;
    struct adaptive_drawn drawn;
    struct sampler_in in = {.count = (size_t)p->count, .latents = p->latents.kind ? p->latents.reals : NULL};
    enum status status = check_adaptive(ctx, p);
    if (status == STATUS_OK)
        status = adaptive_setup(call, &p->how, &setup);
    if (status == STATUS_OK)
        status = control_denoiser(call, &p->model, &p->control, &in.denoiser);
    if (status == STATUS_OK)
        status = check_shapes(ctx, p, in.denoiser->d);
    if (status == STATUS_OK && p->interpolate.from.kind)
        status = interpolate(ctx, p, in.denoiser->d, &in);
    if (status != STATUS_OK)
        return status;
    const struct adaptive_job job = {in.denoiser, &noise, in.count, in.latents,
                                     p->invert.kind ? p->invert.reals : NULL};
    status = adaptive_sample(call, &setup, &job, &drawn);
    return status == STATUS_OK ? report_adaptive(ctx, p, &setup, &drawn, in.denoiser, out) : status;
}

static enum status check_scheduler(struct ctx *ctx, const struct params *p, const struct scheduler *s) {
    if (p->invert.kind)
        return ctx_fail(
            ctx, STATUS_INVALID, "/invert",
            "invert takes the steps of a sampler; with scheduler_config the inverse classes do that: want init "
            "and DDIMInverseScheduler, say.");
    if (s->inverse && (!p->init.kind || p->has_strength || p->mask.kind))
        return ctx_fail(ctx, STATUS_INVALID, p->init.kind ? "/scheduler_config/_class_name" : "/init",
                        "An inverse scheduler leads from data to noise: want init, and no strength or mask.");
    return STATUS_OK;
}

static enum status run(struct call *call, const void *params, void *result) {
    struct ctx *ctx = &call->ctx;
    const struct params *p = params;
    const struct noise noise = noise_of_seed(ctx->isa, (uint64_t)p->seed);
    struct noise_torch torch;
    const struct plan_known known = {p->mask.reals, p->known.reals};
    struct sampler_setup setup;
    struct plan plan;
    struct sampler_out drawn;
    struct sampler_in in = {
        .plan = &plan,
        .noise = &noise,
        .count = (size_t)p->count,
        .latents = p->latents.kind ? p->latents.reals : NULL,
        .init = p->init.kind ? p->init.reals : NULL,
        .n_init = p->init.shape[0],
        .known = p->mask.kind ? &known : NULL,
        .trajectory = p->trajectory,
    };
    enum status status = check_size(call, p);
    if (status == STATUS_OK)
        status = check_companions(ctx, p);
    if (status == STATUS_OK)
        status = check_diagnostics(ctx, p);
    if (status == STATUS_OK && !p->how.scheduler_config.p && adaptive_asked(&p->how))
        return run_adaptive(call, p, result);
    if (status == STATUS_OK)
        status = sampler_setup(call, &p->how, &setup);
    if (status == STATUS_OK)
        status = control_denoiser(call, &p->model, &p->control, &in.denoiser);
    if (status == STATUS_OK)
        status = check_shapes(ctx, p, in.denoiser->d);
    if (status == STATUS_OK && setup.scheduler.made)
        status = check_scheduler(ctx, p, setup.scheduler.made);
    if (status == STATUS_OK)
        status = make_plan(ctx, p, &setup, &plan);
    if (status == STATUS_OK && p->noise == NOISE_TORCH) {
        bool latents = !p->latents.kind && !p->interpolate.from.kind;
        status = noise_of_torch(ctx, (uint64_t)p->seed, &plan, in.count, in.denoiser->d, latents, &torch);
        in.noise = &torch.base;
    }
    if (status == STATUS_OK && p->interpolate.from.kind)
        status = interpolate(ctx, p, in.denoiser->d, &in);
    if (status == STATUS_OK && p->invert.kind)
        status = invert(ctx, p, &setup, &in, result);
    if (status == STATUS_OK)
        status = sampler_run(ctx, &in, &drawn);
    return status == STATUS_OK ? report(ctx, p, &setup, &in, &drawn, result) : status;
}

const struct endpoint ep_sample = {
    .method = "POST",
    .route = "/v1/sample",
    .version = 4,
    .title = "Draw samples from a diffusion or flow model",
    .doc =
        "Starts from Gaussian noise and removes it step by step with the exact denoiser E[x0 | x] of the model, along "
        "any of the paths, noise levels and solvers of the field; every combination works, and one that means nothing "
        "(a grid that counts trained steps on a path of continuous time, an option of another solver) is refused.\n\n"
        "All paths are written as x = alpha(t) x0 + sigma(t) eps with the noise level k = sigma/alpha; sigma_min, "
        "sigma_max, s_tmin and s_tmax are in k. Time counts towards noise: on flow t = 1 is noise and t = 0 data.\n\n"
        "The solvers dopri5 and dpm_23 are adaptive: each sample takes steps of its own, as long as rtol and atol "
        "allow, "
        "and the answer tells what each took.\n\n"
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
    .answer = "{\"samples\":[[1.9211490900232164,0.8629307851039966],[2.401768393518548,1.5330008066031382]],"
              "\"shape\":[2,2],\"seed\":7,\"path\":\"edm\",\"solver\":\"heun\",\"steps\":10,"
              "\"grid\":{\"type\":\"karras\",\"t\":[80.0,42.41518931851267,21.10867673619376,9.723201355260132,"
              "4.066123602953759,1.501741979068008,0.46997905799774714,0.1166385635251784,0.020435334553438746,"
              "0.002,0.0],\"alpha\":[1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0],\"sigma\":[80.0,"
              "42.41518931851267,21.10867673619376,9.723201355260132,4.066123602953759,1.501741979068008,"
              "0.46997905799774714,0.1166385635251784,0.020435334553438746,0.002,0.0],\"k\":[80.0,"
              "42.41518931851267,21.10867673619376,9.723201355260132,4.066123602953759,1.501741979068008,"
              "0.46997905799774714,0.1166385635251784,0.020435334553438746,0.002,0.0]},\"network_calls\":19,"
              "\"numerics\":\"3\"}",
    .npy_input = "latents",
    .npy_output = "samples",
    .ndjson_output = "samples",
    .cost = cost,
    .run = run,
};
