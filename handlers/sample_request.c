#include "handlers/sample_request.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "handlers/class_request.h"
#include "handlers/deadline_request.h"
#include "handlers/diagnostics_request.h"
#include "handlers/dtype_field.h"
#include "handlers/time_limit_field.h"

enum { MAX_COUNT = 10 * 1000 * 1000, MAX_SECONDS = 600, MAX_JUMPS = 1000, MAX_PREVIEW = 1000 };

static const struct field REPAINT_FIELDS[] = {
    FIELD(struct repaint_params, length, INT, "How many steps a jump goes back; default 10.",
          .present = offsetof(struct repaint_params, has_length), FIELD_INTS(1, GRID_MAX_STEPS)),
    FIELD(struct repaint_params, repeats, INT, "How often each stretch is taken; default 10, 1: no jumps.",
          .present = offsetof(struct repaint_params, has_repeats), FIELD_INTS(1, MAX_JUMPS)),
    {0}};

#define LATENT(S, member, text)                                                                        \
    FIELD(S, member, ARRAY, text, .kinds = KIND_REAL, .min_items = 1, .max_items = SAMPLE_MAX_NUMBERS, \
          FIELD_REALS(-1e9, 1e9))
static const struct field INTERPOLATE_FIELDS[] = {
    LATENT(struct interpolate_params, from, "The latent of the first sample, [d]."),
    LATENT(struct interpolate_params, to, "The latent of the last sample, [d]."),
    {0}};

/* SAMPLES is a field of one row for each sample, or of one row for all. */
#define SAMPLES(member, text)                                                                           \
    FIELD(struct sample_params, member, ARRAY, text, .kinds = KIND_REAL, .max_dims = 2, .min_items = 1, \
          .max_items = SAMPLE_MAX_NUMBERS, FIELD_REALS(-1e9, 1e9))

static const char *const NOISES[] = {"philox", "torch", NULL};

const struct field sample_fields[] = {
    MODEL_FIELD(struct sample_params, model, "What to sample from.", .required = true),
    FIELD(struct sample_params, count, INT, "How many samples. Absent: 1, or as many as classes are listed.",
          .present = offsetof(struct sample_params, has_count), FIELD_INTS(1, MAX_COUNT)),
    FIELD(struct sample_params, seed, INT,
          "Chooses the random numbers: the same request with the same seed has the same answer, to the byte, and the "
          "first samples of a longer request are those of a shorter one. Drawn and echoed where it is absent.",
          .role = ROLE_SEED, FIELD_INTS(0, SAMPLE_SEED_LIMIT - 1)),
    FIELD(struct sample_params, noise, ENUM,
          "Where random numbers come from. torch: PyTorch's CPU generator, as torch.randn of all samples at once draws "
          "the "
          "latents and then each step's noise, in single precision; a sample then depends on how many there are.",
          .names = NOISES, .def = "philox"),
    SAMPLER_REQUEST_FIELDS(struct sample_params, how),
    NETWORK_REQUEST_FIELDS(struct sample_params, network),
    DTYPE_INPUT(struct sample_params, dtype),
    CONTROL_FIELDS(
        struct sample_params, control,
        " A list has a class for each sample; where count is greater, it begins again behind its last. Such a "
        "sample is, to the byte, the one that a request for its class alone has in its place.",
        CLASSES_MAX),
    SAMPLES(
        latents,
        "Standard normal numbers to start from in place of drawn ones, [count][d] (or [count] in one dimension). They "
        "are multiplied by the standard deviation of the first state: 1 on paths that preserve the variance, sigma on "
        "the others."),
    FIELD(struct sample_params, interpolate, OBJECT,
          "Two latents: the samples start at equal distances on the way between them along the sphere.",
          .fields = INTERPOLATE_FIELDS),
    SAMPLES(init,
            "Data to start from instead of noise alone (SDEdit, img2img), [count][d], or [1][d] for all samples: noise "
            "is added up to a level that strength chooses. Of a model with a source: what is led to its data."),
    FIELD(struct sample_params, strength, NUMBER,
          "With init: the share of the steps that are taken, from 0 (init itself) to 1 (all of them); default 0.8.",
          .present = offsetof(struct sample_params, has_strength), FIELD_REALS(0, 1)),
    LATENT(struct sample_params, mask,
           "Inpainting, [d]: 1 where known holds the answer, 0 where the model is asked, anything between to blend. "
           "Without repaint the rest follows what is known too weakly: of two numbers with the correlation 0.9, one "
           "known to be 1.5, the other has a mean of 0.66 instead of 1.35 (heun, 50 steps); 10 repeats of 5 steps make "
           "it 1.22, 50 make it 1.33."),
    LATENT(struct sample_params, known, "With mask: the data that are known, [d]."),
    FIELD(struct sample_params, repaint, OBJECT,
          "With mask: go back and repeat, so that what is asked agrees with what is known (Lugmayr et al. 2022).",
          .fields = REPAINT_FIELDS),
    SAMPLES(
        invert,
        "Data whose latents are wanted, [count][d]: the steps are taken from data to noise, and the samples are what "
        "the latents lead back to. Wants a solver that draws no noise."),
    FIELD(struct sample_params, trajectory, BOOL, "Also give the state x at every noise level.", .def = "false"),
    FIELD(struct sample_params, diagnostics, BOOL, diagnostics_doc, .def = "false"),
    FIELD(struct sample_params, stop_after, INT,
          "Stop after so many of the steps and answer the denoised data E[x0 | x] of the last one: what a run that the "
          "time limit cuts there answers.",
          .present = offsetof(struct sample_params, has_stop_after), FIELD_INTS(1, GRID_MAX_STEPS)),
    FIELD(struct sample_params, preview, INT,
          "With Accept: text/event-stream: each event shows the denoised data of so many samples, the first ones; as a "
          "picture where plot.image_shape is given, or the model is a network of images.",
          .def = "0", FIELD_INTS(0, MAX_PREVIEW)),
    FIELD(struct sample_params, plot, OBJECT,
          "With Accept: image/png: what the picture looks like. With preview: what the pictures in the events do.",
          .present = offsetof(struct sample_params, has_plot), .fields = plot_fields),
    FIELD(struct sample_params, time_limit_ms, INT,
          "Milliseconds that sampling and the writing of its answer may take; what cannot be written in that time is "
          "refused at once. Where the request names no sampler.steps, as many are taken as fit "
          "(and, where it names no solver and no option of one, by the solver that is best then): `chosen` tells. "
          "Where the time ends early, the answer is the denoised data E[x0 | x] of the last step taken, with `cut`; of "
          "an adaptive solver each sample's own, by one more call for all that have not ended. Whoever has not taken a "
          "step by then, or not found the latents of `invert`, gets status 503, code `time_limit`. Absent: 32 steps, "
          "and the server's own limit.",
          .role = ROLE_TIME_LIMIT, FIELD_INTS(1, TIME_LIMIT_MAX_MS)),
    {0}};

int64_t sample_repeats(const struct sample_params *p) {
    if (!p->repaint.has_length && !p->repaint.has_repeats)
        return 1;
    return p->repaint.has_repeats ? p->repaint.repeats : 10;
}

/* Nanoseconds; fitted to bench/sample.c. A call moves the state, and stochastic solvers draw 10 ns a number. */
double sample_predict(const struct sample_params *p) {
    const struct sampler_params *s = &p->how.sampler;
    const struct solver *solver = solver_find((enum solver_id)s->solver);
    const bool scheduler = p->how.scheduler_config.p;
    double each = scheduler ? 2 : solver->calls; /* no class makes more calls a step, but for the first ones */
    bool draws = scheduler || solver->stochastic || s->eta > 0 || s->s_churn > 0 || p->mask.kind;
    double d = (double)model_extent(&p->model).d, row = control_row_cost(&p->model, &p->control) + 8;
    if (solver->adaptive) /* each row at a point of its own; a third as many calls as 32 steps would make */
        row = 2.5 * row + 150;
    double calls = (double)sampler_steps(s) * each * (double)sample_repeats(p) * (p->invert.kind ? 2 : 1);
    double given = (double)(p->init.kind     ? p->init.shape[0]
                            : p->invert.kind ? p->invert.shape[0]
                                             : 0) +
                   (p->known.kind ? 1 : 0);
    double shown = (double)p->preview * (double)sampler_steps(s);
    double coding = model_coding_cost(&p->model, (double)p->count + shown, given);
    double judging = p->diagnostics ? diagnostics_cost((size_t)p->count, model_extent(&p->model).k, (size_t)d) : 0;
    return 2000 + judging + coding + model_setup_cost(&p->model) +
           (double)p->count * (calls * (row + (draws ? 14 : 4) * d) + 10 * d) + (double)sampler_steps(s) * 200;
}

void sample_count(struct sample_params *p) {
    if (!p->has_count)
        p->count = p->control.classes.n > 1 ? (int64_t)p->control.classes.n : 1;
    p->has_count = true;
}

static enum status check_size(struct call *call, const struct sample_params *p) {
    enum status status = model_check_size(call, &p->model, "model");
    if (status != STATUS_OK)
        return status;
    const struct model_extent extent = model_extent(&p->model);
    double numbers = (double)p->count * (double)(extent.d > extent.sample_d ? extent.d : extent.sample_d);
    double points = p->trajectory ? (double)(sampler_steps(&p->how.sampler) * (2 * sample_repeats(p) - 1)) + 2 : 1;
    if (numbers * points > SAMPLE_MAX_NUMBERS)
        return call_fail(call, STATUS_TOO_LARGE, "/count",
                         "The answer would hold %.0f numbers, want at most %d: fewer samples%s.", numbers * points,
                         SAMPLE_MAX_NUMBERS, p->trajectory ? ", fewer steps, or no trajectory" : "");
    const double bytes = model_memory(&p->model, (double)p->count);
    if (bytes > (double)call->ctx.cap)
        return call_fail(
            call, STATUS_NO_MEMORY, "/count",
            "The network's samples would take %.0f MiB of memory, and a request may use %zu: fewer samples.",
            ceil(bytes / 0x1p20), call->ctx.cap >> 20);
    double seconds = sample_predict(p) * 1e-9;
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
static enum status check_companions(struct ctx *ctx, const struct sample_params *p) {
    const bool jumps = p->repaint.has_length || p->repaint.has_repeats;
    const bool between = p->interpolate.from.kind || p->interpolate.to.kind;
    if (p->control.classes.n > (size_t)p->count)
        return ctx_fail(ctx, STATUS_INVALID, "/class",
                        "class lists the classes of %zu samples, and count is %lld; want no more classes than samples.",
                        p->control.classes.n, (long long)p->count);
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
static enum status check_diagnostics(struct ctx *ctx, const struct sample_params *p) {
    const char *name = control_around(&p->control);
    if (p->diagnostics && model_is_network(&p->model))
        return ctx_fail(ctx, STATUS_INVALID, "/diagnostics",
                        "diagnostics compare samples with the true distribution, which nobody knows of a network.");
    if (!name)
        name = p->init.kind               ? "init"
               : p->mask.kind             ? "mask"
               : p->invert.kind           ? "invert"
               : p->interpolate.from.kind ? "interpolate"
               : p->has_stop_after        ? "stop_after"
               : p->control.classes.n > 1 ? "a list of classes"
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

enum status sample_check_shapes(struct ctx *ctx, const struct sample_params *p, size_t d, size_t sample_d) {
    size_t count = (size_t)p->count;
    enum status status = check_rows(ctx, &p->latents, "latents", count, d, false);
    if (status == STATUS_OK)
        status = check_rows(ctx, &p->init, "init", count, sample_d, true);
    if (status == STATUS_OK)
        status = check_rows(ctx, &p->invert, "invert", count, sample_d, false);
    if (status == STATUS_OK)
        status = check_vector(ctx, &p->mask, "/mask", sample_d);
    if (status == STATUS_OK)
        status = check_vector(ctx, &p->known, "/known", sample_d);
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

/* sample_check_adaptive refuses what counts steps or goes back and forth between them. */
enum status sample_check_adaptive(struct ctx *ctx, const struct sample_params *p) {
    const char *name = p->trajectory       ? "trajectory"
                       : p->init.kind      ? "init"
                       : p->mask.kind      ? "mask"
                       : p->has_stop_after ? "stop_after"
                       : p->preview        ? "preview"
                                           : NULL;
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

enum status sample_check_scheduler(struct ctx *ctx, const struct sample_params *p, const struct scheduler *s) {
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

/* check_output refuses what the answer's type leaves without effect, and pictures that cannot be drawn. */
static enum status check_output(struct call *call, const struct sample_params *p) {
    struct ctx *ctx = &call->ctx;
    size_t d = model_extent(&p->model).sample_d;
    if (p->preview > 0 && call->media != MEDIA_SSE) /* of a job; without one the same request has no answer */
        call->partial = true;
    if (p->preview > 0 && !call->events)
        return ctx_fail(ctx, STATUS_INVALID, "/preview",
                        "preview is a part of the events of a text/event-stream; want it with that Accept only.");
    if ((double)p->preview * (double)d > MAX_PREVIEW * 100)
        return ctx_fail(ctx, STATUS_TOO_LARGE, "/preview", "Each preview would hold %.0f numbers, want at most %d.",
                        (double)p->preview * (double)d, MAX_PREVIEW * 100);
    const size_t previews = (size_t)(p->preview < p->count ? p->preview : p->count);
    if (previews && p->plot.image_shape.kind)
        return plot_check(ctx, &p->plot, previews, d, false);
    if (p->has_plot && call->media != MEDIA_PNG)
        return ctx_fail(ctx, STATUS_INVALID, "/plot",
                        "plot is about an image/png, or with plot.image_shape about the preview of a "
                        "text/event-stream; want it with one of these only.");
    return call->media == MEDIA_PNG ? plot_check(ctx, &p->plot, (size_t)p->count, d, p->trajectory) : STATUS_OK;
}

enum status sample_check(struct call *call, const struct sample_params *p) {
    enum status status = check_size(call, p);
    if (status == STATUS_OK)
        status = check_companions(&call->ctx, p);
    if (status == STATUS_OK)
        status = check_diagnostics(&call->ctx, p);
    return status == STATUS_OK ? check_output(call, p) : status;
}

/* adopt_shape makes pictures of a network's samples, and previews of it that are images at all, pictures of its own
 * shape. */
static enum status adopt_shape(struct call *call, const struct loaded_model *m, struct sample_params *p) {
    const bool images = m->shape[0] == 1 || m->shape[0] == 3, previews = p->preview > 0 && call->events && images;
    if (m->dims != 3 || (call->media != MEDIA_PNG && !previews) || p->plot.image_shape.kind)
        return STATUS_OK;
    int64_t *shape = ctx_alloc(&call->ctx, m->dims, sizeof *shape);
    if (!shape)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < m->dims; i++)
        shape[i] = (int64_t)m->shape[i];
    p->plot.image_shape = array_1d(KIND_INT, shape, m->dims);
    return STATUS_OK;
}

enum status sample_adopt(struct call *call, struct sample_params *p, struct network_asked *asked) {
    *asked = (struct network_asked){0};
    call->dtype = (enum graph_dtype)p->dtype;
    enum status status = model_load_network(call, &p->model, &asked->model);
    if (status == STATUS_OK && !asked->model && p->dtype != GRAPH_F32)
        return ctx_fail(&call->ctx, STATUS_INVALID, "/dtype",
                        "The model is a formula, which is computed in double precision; dtype is for networks.");
    if (status == STATUS_OK)
        status = network_request_settle(call, &p->network, deadline_wants(call, &p->how), &p->how, asked);
    return status == STATUS_OK && asked->model ? adopt_shape(call, asked->model, p) : status;
}
