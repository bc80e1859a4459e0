#include <math.h>
#include <string.h>

#include "handlers/model_write.h"
#include "handlers/train_request.h"

enum { CHECKPOINTS = 40, TOLD = 100 };

/* A checkpoint is kept after so many nanoseconds at the latest, but for one that takes long to write: no more than a part
 * of the time goes into them. Which are kept changes no byte of the model. */
static const int64_t KEEP_NS = INT64_C(2000000000), FIRST_NS = INT64_C(250000000); /* and the first one soon */
enum { KEEP_PART = 20 };

struct result {
    struct str model;
    int kind;
    int64_t items, features, parameters, steps;
    double loss, held_out_loss;
    bool has_held_out;
};

static const struct field OUTPUT[] = {
    FIELD(struct result, model, STRING, "The model's name.", .required = true),
    FIELD(struct result, kind, ENUM, "What it draws.", .required = true, .names = train_kind_names),
    FIELD(struct result, items, INT, "Rows, points or images that it learnt from.", .required = true),
    FIELD(struct result, features, INT, "Numbers that the network sees of each.", .required = true),
    FIELD(struct result, parameters, INT, "Numbers in the network.", .required = true),
    FIELD(struct result, steps, INT, "Steps taken.", .required = true),
    FIELD(struct result, loss, NUMBER, "The loss of the last step, to three digits after the point.", .required = true),
    FIELD(struct result, held_out_loss, NUMBER,
          "With options.held_out: the loss of the model on what it did not learn from, to three digits, too.",
          .present = offsetof(struct result, has_held_out)),
    {0}};

struct told {
    int64_t step, steps;
    double loss, norm;
};
static const struct field PROGRESS[] = {
    FIELD(struct told, step, INT, "Steps taken.", .required = true),
    FIELD(struct told, steps, INT, "Steps in all.", .required = true),
    FIELD(struct told, loss, NUMBER, "The loss of this step.", .required = true),
    FIELD(
        struct told, norm, NUMBER,
        "The norm of its gradient, before it was clipped; null where that overflowed, and the step was skipped (dtype "
        "f16).",
        .required = true, .nullable = true),
    {0}};

/* Multiplications forwards and twice as many backwards, for each item of each batch. */
static uint64_t cost(const void *params) {
    const struct train_params *p = params;
    const double pixels = p->kind == TRAIN_IMAGES ? (double)(p->dataset.height * p->dataset.width) : 1;
    const double ns = 0.3 * (double)p->numbers * pixels * (double)p->plan.options.batch * (double)p->plan.options.steps;
    return ns < 1e18 ? (uint64_t)ns : (uint64_t)1e18;
}

static enum status prepare(struct call *call, void *params) { return train_prepare(call, params); }

/* -- Training -- */

struct run {
    struct call *call;
    const struct train_params *params;
    struct graph *graph;
    struct trainer *trainer;
    unsigned char *state;     /* [state_bytes] a checkpoint: that of the trainer, then the loss */
    int64_t kept_ns, took_ns; /* when the last one was written, and how long that took */
    double loss;
};

static size_t state_bytes(const struct run *r) { return trainer_bytes(r->trainer) + sizeof r->loss; }

/* resume goes on from the checkpoint that this job kept; *resumed: there was one. */
static enum status resume(struct run *r, bool *resumed) {
    struct buf saved;
    enum status status = STATUS_OK;
    buf_init(&saved, state_bytes(r) + 1);
    *resumed = call_saved(r->call, &saved) && !saved.failed && saved.n == state_bytes(r);
    if (*resumed) {
        memcpy(&r->loss, saved.data + trainer_bytes(r->trainer), sizeof r->loss);
        status = trainer_restore(r->trainer, saved.data, trainer_bytes(r->trainer));
    }
    buf_release(&saved);
    return status;
}

static enum status begin(struct run *r) {
    struct ctx *ctx = &r->call->ctx;
    const struct train_plan *plan = &r->params->plan;
    bool resumed = false;
    enum status status = train_plan_graph(ctx, plan, &r->graph);
    if (status == STATUS_OK)
        status = trainer_make(ctx, r->graph, &plan->data->data, &plan->loss, &plan->options, &r->trainer);
    if (status == STATUS_OK && !(r->state = ctx_alloc(ctx, state_bytes(r), 1)))
        status = STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = resume(r, &resumed);
    return status == STATUS_OK && !resumed ? train_refuse_taken(r->call, r->params) : status;
}

/* every tells whether a step is one of about n that are marked. */
static bool every(size_t step, size_t steps, size_t n) {
    const size_t stride = steps / n ? steps / n : 1;
    return step % stride == 0 || step == steps;
}

static int64_t now_ns(const struct run *r) {
    const struct host *host = r->call->host;
    return host->now_ns ? host->now_ns(host->self) : 0;
}

/* is_due: the last checkpoint is of the last step, so a job that ends while it writes the model does not begin again. */
static bool is_due(const struct run *r, size_t step, size_t steps) {
    const int64_t rest = KEEP_PART * r->took_ns > KEEP_NS ? KEEP_PART * r->took_ns : KEEP_NS;
    return r->call->job && (every(step, steps, CHECKPOINTS) || now_ns(r) - r->kept_ns >= rest);
}

static void keep(struct run *r) {
    const int64_t begun = now_ns(r);
    trainer_save(r->trainer, r->state);
    memcpy(r->state + trainer_bytes(r->trainer), &r->loss, sizeof r->loss);
    (void)call_save(r->call, r->state, state_bytes(r)); /* the work goes on without */
    r->kept_ns = now_ns(r);
    r->took_ns = r->kept_ns - begun;
}

static enum status take_step(struct run *r) {
    const size_t steps = r->params->plan.options.steps;
    struct trainer_report report;
    enum status status = trainer_step(r->trainer, &report);
    if (status != STATUS_OK)
        return status;
    r->loss = report.loss;
    call_share(r->call, (double)report.step / (double)steps);
    if (every(report.step, steps, TOLD))
        call_progress(r->call, "step", &(struct told){(int64_t)report.step, (int64_t)steps, report.loss, report.norm});
    if (is_due(r, report.step, steps))
        keep(r);
    return STATUS_OK;
}

/* -- The model -- */

static enum status put_model(struct run *r) {
    struct model_store *store = r->call->host->models;
    const struct train_params *p = r->params;
    struct model_file files[MODEL_WRITE_FILES];
    struct buf texts[MODEL_WRITE_FILES];
    enum status status = STATUS_OK;
    size_t n = 0;
    for (size_t i = 0; i < MODEL_WRITE_FILES && status == STATUS_OK; i++) {
        const char *path = model_write_path(&p->plan, i);
        if (!path)
            continue;
        buf_init(&texts[n], SIZE_MAX / 2);
        status = model_write_file(&r->call->ctx, &p->plan, r->graph, trainer_average(r->trainer), i, &texts[n]);
        files[n] = (struct model_file){path, texts[n].data, texts[n].n};
        n++;
    }
    if (status == STATUS_OK)
        status = store->put(store, &r->call->ctx, p->name, files, n, p->replace);
    for (size_t i = 0; i < n; i++)
        buf_release(&texts[i]);
    return status;
}

static double three_digits(double x) { return round(x * 1000) / 1000; }

/* report fills the result, and judges the model by what was held out. */
static enum status report(struct run *r, struct result *out) {
    const struct train_params *p = r->params;
    const size_t held = p->plan.options.held;
    double of_held = 0;
    enum status status = held ? trainer_held_out(r->trainer, &of_held) : STATUS_OK;
    *out = (struct result){.model = p->name,
                           .kind = (int)p->kind,
                           .items = (int64_t)(p->dataset.data.n - held),
                           .features = (int64_t)p->dataset.data.d,
                           .parameters = (int64_t)p->numbers,
                           .steps = (int64_t)p->plan.options.steps,
                           .loss = three_digits(r->loss),
                           .held_out_loss = three_digits(of_held),
                           .has_held_out = held > 0};
    return status;
}

static enum status run(struct call *call, const void *params, void *result) {
    const struct train_params *p = params;
    struct run r = {.call = call, .params = p};
    r.kept_ns = now_ns(&r) - KEEP_NS + FIRST_NS;
    const size_t steps = p->plan.options.steps;
    if (!call->host->models || !call->host->models->put)
        return call_fail(call, STATUS_INVALID, "/name", "This host has no models to add one to.");
    enum status status = begin(&r);
    while (status == STATUS_OK && trainer_at(r.trainer) < steps)
        status = take_step(&r);
    if (status == STATUS_OK)
        status = report(&r, result);
    return status == STATUS_OK ? put_model(&r) : status;
}

const struct endpoint ep_models_add = {
    .method = "POST",
    .route = "/v1/models",
    .version = 5,
    .title = "A model that learns from your data",
    .doc = "Trains a network, as a job: the answer is 202 with the job's address, and its events tell of the loss. The "
           "model "
           "is then in the folder of `--models`, under its name, for `/v1/sample` (points, images) or "
           "`/v1/sample/rows` (tables). The same request gives the same weights, on any number of threads; a job "
           "that was interrupted goes on from its checkpoint to the same bytes. `DELETE /v1/models/{id}` takes it away "
           "again; `replace` is for learning it anew.\n\n"
           "Points and images may be sent as `application/x-npy`, with the other fields in the query.",
    .source = "Lipman et al. 2023 (flow matching); Kotelnikov et al. 2023 (TabDDPM)",
    .input = train_fields,
    .rules = train_rules,
    .params_size = sizeof(struct train_params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"name\":\"dimes\",\"csv\":\"side,weight\\nheads,5.1\\ntails,5.0\\nheads,5.2\\n\",\"label\":\"side\","
               "\"options\":{\"steps\":2,\"batch\":4,\"hidden_size\":8}}",
    .answer =
        "{\"model\":\"dimes\",\"kind\":\"table\",\"items\":3,\"features\":3,\"parameters\":1795,\"steps\":2,\"loss\":"
        "1.376}",
    .npy_input = "data",
    .progress = PROGRESS,
    .cache = CACHE_NEVER,
    .job_only = true,
    .changes = true,
    .prepare = prepare,
    .cost = cost,
    .run = run,
};
