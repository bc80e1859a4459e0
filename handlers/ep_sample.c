#include "core/diffusion/slerp.h"
#include "handlers/encode.h"
#include "handlers/latent_request.h"
#include "handlers/png.h"
#include "handlers/sample_answer.h"
#include "handlers/sample_plan.h"
#include "handlers/source_request.h"
#include "handlers/step_events.h"

/* Of adaptive solvers, for each sample: nanoseconds to cut it short, beside those for its D; those that pass before it
 * sets out; and the numbers that an answer has of it beside itself, of which most are short. */
static const double CUT_NS = 10, SET_OUT_NS = 50, ADAPTIVE_NUMBERS = 2;

static uint64_t cost(const void *params) {
    const struct sample_params *p = params;
    double ns = sample_predict(p);
    if (p->time_limit_ms > 0 && sampler_open(&p->how)) /* as long as it may */
        ns = (double)p->time_limit_ms * 1e6;
    return ns < 1e18 ? (uint64_t)ns : (uint64_t)1e18;
}

/* invert finds the latents of the data and puts them into in->latents. */
static enum status invert(struct ctx *ctx, const struct array *data, const struct sampler_setup *s,
                          struct sampler_in *in, struct sample_result *out) {
    if (in->plan->n_draws)
        return ctx_fail(ctx, STATUS_INVALID, "/sampler/solver",
                        "Solver \"%s\" draws noise with these options, and what is drawn cannot be inverted; want one "
                        "that does not, such as \"euler\".",
                        s->solver->name);
    struct plan plan;
    struct sampler_out found;
    enum status status = sample_plan_inversion(ctx, s, &plan);
    if (status != STATUS_OK)
        return status;
    const struct sampler_in up = {.denoiser = in->denoiser,
                                  .plan = &plan,
                                  .noise = in->noise,
                                  .classes = in->classes,
                                  .count = in->count,
                                  .init = data->reals,
                                  .n_init = in->count,
                                  .watch = in->watch};
    if (in->watch)
        step_teller_follow(in->watch->self, &plan, in->count, in->denoiser->d);
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

static enum status interpolate(struct ctx *ctx, const struct sample_params *p, size_t d, struct sampler_in *in) {
    double *latents = ctx_alloc(ctx, in->count, d * sizeof *latents);
    if (!latents)
        return STATUS_NO_MEMORY;
    slerp_rows(d, p->interpolate.from.reals, p->interpolate.to.reals, in->count, latents);
    in->latents = latents;
    return STATUS_OK;
}

static enum status report_adaptive(struct call *call, const struct sample_params *p, const struct adaptive_setup *s,
                                   const struct adaptive_drawn *drawn, const struct denoiser *denoiser,
                                   struct sample_result *out) {
    size_t d = denoiser->d;
    out->used =
        (struct used_result){.path = (int)sampler_path_id(&s->path), .solver = p->how.sampler.solver, .has_path = true};
    out->steps = drawn->most_steps;
    out->network_calls = drawn->most_calls;
    out->adaptive = drawn->how;
    out->has_adaptive = true;
    out->cut = drawn->cut;
    if (drawn->latents) {
        size_t count = (size_t)p->count;
        out->latents = (struct array){KIND_REAL, 2, {count, d}, count * d, {.reals = drawn->latents}};
    }
    enum status status = adaptive_report_grid(&call->ctx, s, &out->grid);
    return status == STATUS_OK ? sample_report_rows(call, p, drawn->samples, denoiser, out) : status;
}

/* ready makes the denoiser, and the data of the request what it sees. */
static enum status ready(struct call *call, const struct loaded_model *model, const struct sample_params *p,
                         struct sampler_in *in, struct latent_inputs *given) {
    struct conditioned made = {0};
    enum status status = control_denoiser(call, &p->model, &p->control, (size_t)p->count, &made);
    in->denoiser = made.denoiser;
    in->classes = made.classes;
    if (status == STATUS_OK)
        status = sample_check_shapes(&call->ctx, p, made.denoiser->d, model_extent(&p->model).sample_d);
    return status == STATUS_OK ? latent_encode(call, model, p, given) : status;
}

/* keep_time finds how much of the time belongs to what comes after sampling. */
static enum status keep_time(struct call *call, const struct loaded_model *model, const struct sample_params *p,
                             const struct denoiser *denoiser, struct deadline *out) {
    const double count = (double)p->count, threads = call->ctx.parallel ? (double)call->ctx.parallel->threads : 1;
    struct deadline_after after = {.numbers = count * (double)model_extent(&p->model).sample_d};
    if (adaptive_asked(&p->how)) {
        after.other_ns += (denoiser->cost / threads + CUT_NS) * count; /* D of those that have a way to go */
        after.numbers += ADAPTIVE_NUMBERS * count;
    }
    if (call->media == MEDIA_PNG) {
        after.other_ns += plot_cost(&p->plot, (size_t)p->count);
        after.optional_ns += plot_density_cost(&p->plot);
    }
    if (p->diagnostics)
        after.optional_ns += diagnostics_cost((size_t)p->count, model_extent(&p->model).k, denoiser->d);
    double decoding = 0;
    enum status status = latent_decode_ns(call, model, (size_t)p->count, &decoding);
    after.other_ns += decoding;
    return status == STATUS_OK ? deadline_begin(call, &after, out) : status;
}

static bool has_source(const struct loaded_model *model) { return model && model->source.n; }

static enum status run_adaptive(struct call *call, const struct loaded_model *model, const struct sample_params *p,
                                const struct noise *noise, struct sample_result *out) {
    struct ctx *ctx = &call->ctx;
    struct adaptive_setup setup;
    struct adaptive_drawn drawn;
    struct latent_inputs given;
    struct deadline deadline;
    struct sampler_in in = {.count = (size_t)p->count, .latents = p->latents.kind ? p->latents.reals : NULL};
    enum status status = sample_check_adaptive(ctx, p);
    if (status == STATUS_OK)
        status = adaptive_setup(call, &p->how, &setup);
    if (status == STATUS_OK && has_source(model))
        status = source_check_plan(ctx, &setup.path, 0);
    if (status == STATUS_OK && model && p->control.use)
        status = network_check(ctx, p->control.use, &setup.ends[0]);
    if (status == STATUS_OK)
        status = ready(call, model, p, &in, &given);
    if (status == STATUS_OK && p->interpolate.from.kind)
        status = interpolate(ctx, p, in.denoiser->d, &in);
    if (status == STATUS_OK)
        status = keep_time(call, model, p, in.denoiser, &deadline);
    if (status == STATUS_OK)
        status = deadline_fits(&deadline, SET_OUT_NS * (double)p->count);
    if (status != STATUS_OK)
        return status;
    const struct adaptive_job job = {.denoiser = in.denoiser,
                                     .classes = in.classes,
                                     .noise = noise,
                                     .count = in.count,
                                     .latents = in.latents,
                                     .invert = given.invert.kind ? given.invert.reals : NULL,
                                     .anytime = p->time_limit_ms > 0,
                                     .limit = deadline_limit(&deadline),
                                     .tells = call->events};
    status = adaptive_sample(call, &setup, &job, &drawn);
    if (status == STATUS_OK)
        status = latent_decode(call, model, p, drawn.samples, &drawn.samples);
    return status == STATUS_OK ? report_adaptive(call, p, &setup, &drawn, in.denoiser, out) : status;
}

/* choose lets the time decide on what the request leaves open. */
static enum status choose(struct call *call, struct sample_params *p, const struct sampler_in *in,
                          const struct deadline *deadline, struct sample_result *out) {
    if (!deadline_wants(call, &p->how))
        return STATUS_OK;
    const double taken = p->init.kind ? (p->has_strength ? p->strength : 0.8) : 1;
    const double d = (double)in->denoiser->d, numbers = (double)p->count * d;
    const double jumps = (double)(2 * sample_repeats(p) - 1),
                 room = p->trajectory ? SAMPLE_MAX_NUMBERS / numbers / jumps - 2 : 1e9;
    const struct deadline_job job = {
        .denoiser = in->denoiser,
        .classes = in->classes,
        .noise = in->noise,
        .count = in->count,
        .passes = taken * (double)sample_repeats(p) + (p->invert.kind ? 1 : 0),
        .most_steps = room > 1 ? (int64_t)room : 1,
        .deadline = deadline,
    };
    return deadline_choose(call, &p->how, &job, &out->chosen);
}

/* What a run with fixed steps works with. */
struct work {
    struct sample_params p; /* the request, with what was chosen */
    struct network_asked asked;
    struct latent_inputs given;
    struct noise noise;
    struct noise_torch torch;
    struct noise_source source;
    struct plan_known known;
    struct sampler_setup setup;
    struct plan plan;
    struct step_teller teller;
    struct deadline deadline;
    struct sampler_in in;
};

static void begin(struct work *w, const struct ctx *ctx, const struct sample_params *p) {
    w->p = *p;
    w->noise = noise_of_seed(ctx->isa, (uint64_t)p->seed);
    w->in = (struct sampler_in){
        .plan = &w->plan,
        .noise = &w->noise,
        .count = (size_t)p->count,
        .latents = p->latents.kind ? p->latents.reals : NULL,
        .given = p->given,
        .trajectory = p->trajectory,
        .anytime = p->time_limit_ms > 0,
        .stop_after = p->has_stop_after ? (size_t)p->stop_after : 0,
    };
}

/* take_data sets what the request gives of data. */
static void take_data(struct work *w) {
    const struct latent_inputs *given = &w->given;
    w->known = (struct plan_known){given->mask.reals, given->known.reals};
    w->in.init = given->init.kind ? given->init.reals : NULL;
    w->in.n_init = given->init.shape[0];
    w->in.known = given->mask.kind ? &w->known : NULL;
}

/* check_calls: a network has to say something of the data wherever it is asked. */
static enum status check_calls(struct ctx *ctx, const struct work *w) {
    enum status status = STATUS_OK;
    const bool asks = w->asked.model && w->p.control.use;
    for (size_t i = 0; asks && status == STATUS_OK && i < w->plan.n_ops; i++)
        if (w->plan.ops[i].kind == PLAN_CALL)
            status = network_check(ctx, w->p.control.use, &w->plan.ops[i].at);
    return status;
}

/* prepare chooses, checks and plans. */
static enum status prepare(struct call *call, struct work *w, struct sample_result *out) {
    struct ctx *ctx = &call->ctx;
    const struct sample_params *p = &w->p;
    enum status status = STATUS_OK;
    if (p->how.scheduler_config.p) { /* it leaves nothing to choose, and networks want to know it */
        status = sampler_setup(call, &p->how, &w->setup);
        w->asked.use = (struct network_use){.scheduler = w->setup.scheduler.made};
        w->p.control.use = &w->asked.use;
    }
    if (status == STATUS_OK)
        status = ready(call, w->asked.model, p, &w->in, &w->given);
    if (status != STATUS_OK)
        return status;
    take_data(w);
    status = keep_time(call, w->asked.model, p, w->in.denoiser, &w->deadline);
    if (status == STATUS_OK)
        status = choose(call, &w->p, &w->in, &w->deadline, out);
    if (status == STATUS_OK)
        w->in.limit = deadline_step_limit(&w->deadline);
    if (status == STATUS_OK && !p->how.scheduler_config.p)
        status = sampler_setup(call, &p->how, &w->setup);
    if (status == STATUS_OK && w->setup.scheduler.made)
        status = sample_check_scheduler(ctx, p, w->setup.scheduler.made);
    if (status == STATUS_OK)
        status = sample_plan_make(ctx, p, &w->setup, &w->plan);
    if (status == STATUS_OK)
        status = check_calls(ctx, w);
    if (status == STATUS_OK && has_source(w->asked.model))
        status = source_check_plan(ctx, &w->setup.path, w->plan.n_draws);
    if (status == STATUS_OK && w->plan.spreads && !w->in.denoiser->eval_spread)
        status = scheduler_fail(ctx, "variance_type",
                                "scheduler_config.variance_type is one that the network says, and this model says "
                                "none, its output having no more channels than its input; want fixed_small, say.");
    if (status == STATUS_OK && w->in.stop_after > w->plan.n_steps)
        status = ctx_fail(ctx, STATUS_INVALID, "/stop_after", "stop_after is %zu, but only %zu steps are taken.",
                          w->in.stop_after, w->plan.n_steps);
    return status;
}

/* set_start makes or finds what the samples start from. */
static enum status set_start(struct call *call, struct work *w, struct sample_result *out) {
    struct ctx *ctx = &call->ctx;
    const struct sample_params *p = &w->p;
    enum status status = STATUS_OK;
    if (p->noise == NOISE_TORCH) {
        bool latents = !p->latents.kind && !p->interpolate.from.kind;
        status = noise_of_torch(ctx, (uint64_t)p->seed, &w->plan, w->in.count, w->in.denoiser->d, latents, &w->torch);
        w->in.noise = &w->torch.base;
    }
    if (status == STATUS_OK && p->interpolate.from.kind)
        status = interpolate(ctx, p, w->in.denoiser->d, &w->in);
    if (status == STATUS_OK && call->events) {
        size_t taken = w->in.stop_after ? w->in.stop_after : w->plan.n_steps;
        step_teller_init(&w->teller, call, taken + (p->invert.kind ? w->setup.steps - 1 : 0), (size_t)p->preview,
                         &p->plot);
        w->teller.decoder = latent_coder(w->asked.model);
        w->in.watch = &w->teller.watch;
    }
    return status == STATUS_OK && p->invert.kind ? invert(ctx, &w->given.invert, &w->setup, &w->in, out) : status;
}

/* start_at_source: the samples of a model with a source start there. */
static enum status start_at_source(struct call *call, struct work *w) {
    enum status status = source_take(call, w->asked.model, &w->p, &w->source);
    w->in.noise = &w->source.base;
    w->in.latents = w->p.latents.kind ? w->p.latents.reals : NULL;
    return status;
}

static enum status run(struct call *call, const void *params, void *result) {
    struct work w;
    struct sampler_out drawn;
    begin(&w, &call->ctx, params);
    const struct sample_params *p = &w.p;
    enum status status = sample_adopt(call, &w.p, &w.asked);
    if (w.asked.use.path)
        w.p.control.use = &w.asked.use;
    if (status == STATUS_OK)
        status = sample_check(call, p);
    if (status == STATUS_OK && has_source(w.asked.model))
        status = start_at_source(call, &w);
    if (status == STATUS_OK && !p->how.scheduler_config.p && adaptive_asked(&p->how))
        return run_adaptive(call, w.asked.model, p, w.in.noise, result);
    if (status == STATUS_OK)
        status = prepare(call, &w, result);
    if (status == STATUS_OK)
        status = set_start(call, &w, result);
    if (status != STATUS_OK)
        return status;
    if (w.in.watch)
        step_teller_follow(&w.teller, &w.plan, w.in.count, w.in.denoiser->d);
    status = sampler_run(&call->ctx, &w.in, &drawn);
    if (status == STATUS_OK && w.in.watch)
        status = w.teller.status;
    if (status == STATUS_OK)
        status = latent_decode(call, w.asked.model, p, drawn.samples, &drawn.samples);
    return status == STATUS_OK ? sample_report(call, &w.p, &w.setup, &w.in, &drawn, result) : status;
}

static enum status settle(struct call *call, void *params) {
    (void)call;
    sample_count(params);
    return STATUS_OK;
}

/* canonical: where the time chooses, it belongs to the question. */
static void canonical(const void *params, struct buf *out) {
    const struct sample_params *p = params;
    encode_fields(out, sample_fields, p);
    if (p->time_limit_ms > 0 && sampler_open(&p->how) && !out->failed) {
        out->n--;
        buf_printf(out, ",\"time_limit_ms\":%lld}", (long long)p->time_limit_ms);
    }
}

static enum status picture(struct call *call, struct buf *out) {
    const struct sample_result *result = call->result;
    return png_write(&call->ctx, result->picture, out);
}

const struct endpoint ep_sample = {
    .method = "POST",
    .route = "/v1/sample",
    .version = 13,
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
        "A network, which a request names, takes the steps of its own scheduler_config.json, unless the request has a "
        "scheduler_config; or a sampler, beyond its steps, which then goes along that scheduler's path; or a path and "
        "a "
        "prediction. Where it works on latents, samples, init, invert, known and mask are of pictures, which its "
        "autoencoder decodes and encodes (to the mean), and where mask is 1 the answer has known as it was given; "
        "latents, trajectory, clip and measurement are of what the network sees.\n\n"
        "A flow that was trained from other points than noise (`source_points` of GET /v1/models/{id}) starts from one "
        "of these for each sample, or from `init` in their place: what the request's points turn into. Solvers that "
        "draw "
        "noise, and what is about noise (strength, mask, interpolate, measurement), are refused then.\n\n"
        "Equal requests with equal seeds have equal bytes, on every machine; sample i does not depend on how many "
        "others are drawn.\n\n"
        "As text/event-stream it tells of every step, however many there are, and goes on no faster than the events "
        "are read (an adaptive solver of each hundredth of the way); who closes the connection ends the work. As "
        "image/png it is a picture of samples of two numbers, over "
        "the density of the model and with their ways where trajectory is asked for; of samples of one number, bars "
        "under the curve of the "
        "density; or a sheet of images "
        "(plot.image_shape).\n\n"
        "With time_limit_ms and without sampler.steps it takes as many steps as fit, by the solver that is best with "
        "so "
        "many, and says so; what the time chose or cut is never cached, and `resolved` is what to ask for to have it "
        "again.\n\n"
        "As application/x-npy the answer is the samples alone, or the trajectory where it is asked for, and a body of "
        "that type is the latents, with the other "
        "fields in the query.",
    .source = "Karras, Aittala, Aila, Laine 2022 (grids, Heun, churn); Ho, Jain, Abbeel 2020 (ddpm); Song, Meng, Ermon "
              "2021 (euler with eta: DDIM); Song et al. 2021 (vp, ve); Nichol, Dhariwal 2021 (cosine); Liu, Gong, Liu "
              "2023 and Lipman et al. 2023 (flow)",
    .input = sample_fields,
    .params_size = sizeof(struct sample_params),
    .output = sample_answer_fields,
    .result_size = sizeof(struct sample_result),
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
              "\"numerics\":\"6\"}",
    .npy_input = "latents",
    .npy_output = "trajectory samples",
    .ndjson_output = "samples",
    .progress = step_event_fields,
    .picture = picture,
    .prepare = settle,
    .canonical = canonical,
    .cost = cost,
    .run = run,
};
