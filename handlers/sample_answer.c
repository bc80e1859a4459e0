#include "handlers/sample_answer.h"

#include <math.h>

#include "handlers/class_request.h"
#include "handlers/dtype_field.h"
#include "handlers/rows_text.h"

static const struct field RESOLVED_SAMPLER_FIELDS[] = {
    FIELD(struct resolved_sampler, solver, ENUM, "The solver.", .names = solver_names,
          .present = offsetof(struct resolved_sampler, has_solver)),
    FIELD(struct resolved_sampler, steps, INT, "The steps.", .present = offsetof(struct resolved_sampler, has_steps)),
    {0}};

static const struct field RESOLVED_FIELDS[] = {FIELD(struct resolved_result, seed, INT, "The seed.", .required = true),
                                               FIELD(struct resolved_result, sampler, OBJECT, "Members of sampler.",
                                                     .required = true, .fields = RESOLVED_SAMPLER_FIELDS),
                                               FIELD(struct resolved_result, stop_after, INT, "Where it was cut.",
                                                     .present = offsetof(struct resolved_result, has_stop_after)),
                                               {0}};

const struct field sample_answer_fields[] = {
    FIELD(struct sample_result, samples, ARRAY, "The samples, [count][d].", .kinds = KIND_REAL, .min_dims = 2,
          .max_dims = 2, .required = true),
    FIELD(struct sample_result, columns, JSON,
          "Of a model that learnt a table, whose samples are features: the same as rows, each column by its name, an "
          "array of count numbers or texts; null is a value that is missing. /v1/sample/rows draws labels by their "
          "shares and takes columns that are given.",
          .present = offsetof(struct sample_result, has_columns)),
    FIELD(struct sample_result, shape, ARRAY, "[count, d].", .kinds = KIND_INT, .required = true),
    FIELD(struct sample_result, seed, INT, "The seed that was used.", .required = true,
          FIELD_INTS(0, SAMPLE_SEED_LIMIT - 1)),
    USED_FIELDS(struct sample_result, used),
    FIELD(struct sample_result, dtype, ENUM, "Of a network: what its products were of.", .names = dtype_names,
          .present = offsetof(struct sample_result, has_dtype)),
    FIELD(struct sample_result, steps, INT,
          "The number of steps between the noise levels of grid; of an adaptive solver the most that a sample took.",
          .required = true),
    FIELD(struct sample_result, grid, OBJECT,
          "The noise levels of the request; of an adaptive solver the first and the last, and data.",
          .fields = grid_result_fields, .required = true),
    FIELD(struct sample_result, network_calls, INT,
          "How often the denoiser was asked for one sample; guidance asks two models each time. Of an adaptive solver "
          "the most for any sample.",
          .required = true),
    FIELD(struct sample_result, steps_done, INT, "Where not all steps were taken: how many were.",
          .present = offsetof(struct sample_result, has_steps_done)),
    FIELD(struct sample_result, cut, BOOL,
          "Whether the time limit came before the end: the samples (of an adaptive solver those of adaptive.cut) are "
          "then E[x0 | x] at the last step taken, or the diagnostics are left out.",
          .present = offsetof(struct sample_result, cut)),
    FIELD(struct sample_result, chosen, OBJECT, "With time_limit_ms and no sampler.steps: what was chosen, and why.",
          .present = offsetof(struct sample_result, chosen.made), .fields = deadline_choice_fields),
    FIELD(struct sample_result, resolved, OBJECT,
          "Where the time had a say: with these members in the request, and without time_limit_ms, the samples come "
          "again, byte for byte. Not where it cut an adaptive solver.",
          .present = offsetof(struct sample_result, has_resolved), .fields = RESOLVED_FIELDS),
    FIELD(struct sample_result, adaptive, OBJECT, "With an adaptive solver: what each sample took.",
          .present = offsetof(struct sample_result, has_adaptive), .fields = adaptive_result_fields),
    FIELD(struct sample_result, diagnostics, OBJECT, "With diagnostics: how far the samples are from the model.",
          .present = offsetof(struct sample_result, has_diagnostics), .fields = diagnostics_fields),
    FIELD(struct sample_result, numerics, STRING,
          "The version of the arithmetic: samples of equal requests are equal bytes while it stays.", .required = true),
    FIELD(struct sample_result, latents, ARRAY, "With invert: the latents that lead back to the data, [count][d].",
          .kinds = KIND_REAL, .min_dims = 2, .max_dims = 2),
    FIELD(struct sample_result, round_trip_error, ARRAY,
          "With invert: how far each sample is from its data, as the root of the mean square over d.",
          .kinds = KIND_REAL),
    FIELD(struct sample_result, trajectory, ARRAY, "The states x after every step taken, [steps + 1][count][d].",
          .kinds = KIND_REAL, .min_dims = 3, .max_dims = 3),
    {0}};

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

/* judge adds the diagnostics. Out of time it does without them where the request set the time. */
static enum status judge(struct call *call, const struct sample_params *p, const struct denoiser *denoiser,
                         const double *samples, struct sample_result *out) {
    struct ctx *ctx = &call->ctx;
    if (!p->diagnostics || out->cut)
        return STATUS_OK;
    enum status status =
        diagnostics_answer(ctx, denoiser, (uint64_t)p->seed, samples, (size_t)p->count, &out->diagnostics);
    out->cut = status == STATUS_TIMED_OUT && p->time_limit_ms > 0;
    out->has_diagnostics = status == STATUS_OK;
    return out->cut ? STATUS_OK : status;
}

/* resolve tells how to get the same without a clock, where one had a say. */
static void resolve(struct call *call, const struct sample_params *p, struct sample_result *out) {
    const struct sampler_params *s = &p->how.sampler;
    const bool scheduler = p->how.scheduler_config.p != NULL;
    const bool counted = !s->sigmas.kind && !s->times.kind && (scheduler || !adaptive_asked(&p->how));
    const bool timed = out->cut || out->chosen.made;
    call->partial |= timed;
    out->has_resolved = timed && !out->adaptive.cut.kind; /* where it was cut among samples that step apart, none is */
    out->resolved = (struct resolved_result){
        .seed = p->seed,
        .sampler = {s->solver, out->steps, !scheduler, counted},
        .has_stop_after = out->has_steps_done,
        .stop_after = out->steps_done,
    };
}

/* ways_of gives a trajectory in the unit of the samples: that of a network with a scale of rows is in the network's. */
static enum status ways_of(struct call *call, const struct sample_params *p, const struct array *trajectory,
                           const double **out) {
    const struct loaded_model *model = NULL;
    *out = trajectory->reals;
    enum status status = trajectory->kind ? model_load_network(call, &p->model, &model) : STATUS_OK;
    if (status != STATUS_OK || !model || !model->scaled)
        return status;
    double *ways = ctx_alloc(&call->ctx, trajectory->n, sizeof *ways);
    if (!ways)
        return STATUS_NO_MEMORY;
    *out = ways;
    return coder_run(&call->ctx, &model->decoder, trajectory->n / coder_in(&model->decoder), trajectory->reals, ways,
                     false);
}

static enum status draw(struct call *call, const struct sample_params *p, const double *samples,
                        struct sample_result *out) {
    const double *ways = NULL;
    if (call->media != MEDIA_PNG)
        return STATUS_OK;
    enum status status = ways_of(call, p, &out->trajectory, &ways);
    if (status != STATUS_OK)
        return status;
    const struct plot_job job = {
        .model = &p->model,
        .of = {.asked = p->control.classes},
        .samples = samples,
        .count = (size_t)p->count,
        .d = out->samples.shape[1],
        .trajectory = ways,
        .points = out->trajectory.shape[0],
    };
    return plot_draw(call, &p->plot, &job, &out->picture);
}

/* classes_told is what the network was told for each sample: behind the last class where that is none. */
static enum status classes_told(struct ctx *ctx, const struct sample_params *p, const struct loaded_model *model,
                                const int64_t **out) {
    int64_t none = (int64_t)model->table->code.classes, *told = &none;
    size_t n = 1;
    if (p->control.classes.kind) {
        n = p->control.classes.n;
        enum status status = class_numbers(ctx, model, &p->control.classes, &told);
        if (status != STATUS_OK)
            return status;
    }
    return class_of_samples(ctx, told, n, (size_t)p->count, out);
}

/* put_columns makes rows of the samples of a model that learnt a table, where the answer tells them. Of one whose label is
 * no part of the features (an older one) there are none without a class. */
static enum status put_columns(struct call *call, const struct sample_params *p, const double *samples,
                               struct sample_result *out) {
    const struct loaded_model *model = NULL;
    const int64_t *classes = NULL;
    struct table table;
    const bool told = !p->bare && call->media != MEDIA_PNG && call->media != MEDIA_NPY;
    enum status status = told ? model_load_network(call, &p->model, &model) : STATUS_OK;
    if (status != STATUS_OK || !model || !model->table)
        return status;
    const struct table_code *code = &model->table->code;
    if (code->classes && !code->joint && !p->control.classes.kind)
        return STATUS_OK;
    status = classes_told(&call->ctx, p, model, &classes);
    if (status == STATUS_OK)
        status = rows_decode(&call->ctx, code, (size_t)p->count, samples, classes, &table);
    if (status == STATUS_OK)
        status = rows_text(call, table_text_json, &model->table->names, &table, &out->columns);
    out->has_columns = status == STATUS_OK;
    return status;
}

/* sample_report_rows writes what every answer holds. */
enum status sample_report_rows(struct call *call, const struct sample_params *p, double *samples,
                               const struct denoiser *denoiser, struct sample_result *out) {
    struct ctx *ctx = &call->ctx;
    size_t count = (size_t)p->count, d = model_extent(&p->model).sample_d;
    int64_t *shape = ctx_alloc(ctx, 2, sizeof *shape);
    if (!shape)
        return STATUS_NO_MEMORY;
    shape[0] = (int64_t)count;
    shape[1] = (int64_t)d;
    out->shape = array_1d(KIND_INT, shape, 2);
    out->samples = (struct array){KIND_REAL, 2, {count, d}, count * d, {.reals = samples}};
    out->seed = p->seed;
    out->dtype = p->dtype;
    out->has_dtype = model_is_network(&p->model);
    out->numerics = (struct str){SAMPLER_NUMERICS, sizeof SAMPLER_NUMERICS - 1};
    enum status status = STATUS_OK;
    if (p->invert.kind)
        status = measure_round_trip(ctx, p->invert.reals, samples, count, d, &out->round_trip_error);
    if (status == STATUS_OK)
        status = judge(call, p, denoiser, samples, out);
    if (status == STATUS_OK)
        status = put_columns(call, p, samples, out);
    if (status == STATUS_OK)
        status = draw(call, p, samples, out);
    resolve(call, p, out);
    return status;
}

/* calls_of counts the network calls of a plan's first steps. */
static int64_t calls_of(const struct plan *plan, size_t steps) {
    int64_t calls = 0;
    for (size_t i = 0; steps > 0 && i < plan->steps[steps - 1].end; i++)
        calls += plan->ops[i].kind == PLAN_CALL;
    return calls;
}

enum status sample_report(struct call *call, const struct sample_params *p, const struct sampler_setup *s,
                          const struct sampler_in *in, const struct sampler_out *drawn, struct sample_result *out) {
    size_t d = in->denoiser->d, points = drawn->steps_done + 1;
    if (drawn->trajectory)
        out->trajectory =
            (struct array){KIND_REAL, 3, {points, in->count, d}, points * in->count * d, {.reals = drawn->trajectory}};
    out->used = sampler_used(&p->how, s);
    out->steps = (int64_t)s->steps;
    out->cut = drawn->cut;
    out->has_steps_done = drawn->cut || in->stop_after;
    out->steps_done = (int64_t)drawn->steps_done;
    out->network_calls = out->has_steps_done ? calls_of(in->plan, drawn->steps_done) : (int64_t)in->plan->n_calls;
    enum status status = sampler_report_grid(&call->ctx, s, &out->grid);
    return status == STATUS_OK ? sample_report_rows(call, p, drawn->samples, in->denoiser, out) : status;
}
