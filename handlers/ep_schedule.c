#include "core/diffusion/network.h"
#include "handlers/sampler_request.h"

enum { MAX_OPERATIONS = 200000 };

struct params {
    struct sampler_request how;
    int prediction;
    double sigma_data, strength;
    bool has_prediction, has_strength;
};

struct point_result {
    double t, k, alpha, sigma;
};

struct operation_result {
    int op;
    int64_t out, x, d, draw, spread;
    double t, time, k, alpha, sigma, input_scale, x_by, out_by, noise, snr, a, from, to, range, quantile, most, low,
        high;
    struct array of, by;
    bool reads, has_level, has_range, has_quantile, is_call, is_langevin, has_network, draws, bridges, unguided,
        spreads, ranged;
    bool has_d;
};

struct step_result {
    int64_t index, state;
    struct point_result from, to;
    struct list operations;
};

struct start_result {
    double alpha, sigma;
};

struct result {
    struct used_result used;
    int prediction;
    bool has_prediction;
    int64_t n_steps, network_calls, draws, state;
    struct grid_result grid;
    struct start_result start;
    struct list steps;
    struct str numerics;
};

static const struct field INPUT[] = {
    SAMPLER_REQUEST_FIELDS(struct params, how),
    FIELD(struct params, prediction, ENUM,
          "What your network predicts: each call then tells how to scale its input and how to make D of its output.",
          .present = offsetof(struct params, has_prediction), .names = prediction_names, .aliases = prediction_aliases),
    FIELD(struct params, sigma_data, NUMBER, "With prediction edm: the standard deviation of the data.", .def = "0.5",
          FIELD_REALS(0, 1e9), .above_min = true),
    FIELD(struct params, strength, NUMBER,
          "The share of the steps that are taken, as /v1/sample does with init. Absent: all of them, from noise.",
          .present = offsetof(struct params, has_strength), FIELD_REALS(0, 1)),
    {0}};

static const struct field POINT_FIELDS[] = {FIELD(struct point_result, t, NUMBER, "Time.", .required = true),
                                            FIELD(struct point_result, k, NUMBER,
                                                  "sigma/alpha; null where it is infinite.", .required = true,
                                                  .nullable = true),
                                            FIELD(struct point_result, alpha, NUMBER, "alpha.", .required = true),
                                            FIELD(struct point_result, sigma, NUMBER, "sigma.", .required = true),
                                            {0}};

static const char *const OPS[] = {"call", "mix", "langevin", "clip", "spread", NULL};

#define OF_CALL .present = offsetof(struct operation_result, is_call)
#define OF_LANGEVIN .present = offsetof(struct operation_result, is_langevin)
#define OF_NETWORK .present = offsetof(struct operation_result, has_network)
#define OF_DRAW .present = offsetof(struct operation_result, draws)
#define OF_BRIDGE .present = offsetof(struct operation_result, bridges)
static const struct field OPERATION_FIELDS[] = {
    FIELD(
        struct operation_result, op, ENUM,
        "call: vector `out` is D, the denoised vector `x`. mix: it is the sum of the vectors `of`, each times its "
        "`by`, "
        "plus `noise` times a standard normal vector. langevin: x + delta s + sqrt(2 delta) z with s = (alpha D - x) / "
        "sigma^2 and delta = 2 a (snr |z| / |s|)^2. clip: vector `x` in -range .. range; or in -s .. s and over s, "
        "where s "
        "is the `quantile` of its magnitudes, put into 1 .. most. spread: the rest of what the network said in the "
        "call "
        "that made vector `d`, where half of its output is the prediction: the variance.",
        .names = OPS, .required = true),
    FIELD(struct operation_result, out, INT, "The number of the vector that this makes.", .required = true),
    FIELD(struct operation_result, x, INT, "call, langevin: the number of the state; clip: of what is clipped.",
          .present = offsetof(struct operation_result, reads)),
    FIELD(struct operation_result, d, INT, "langevin: the number of D there; spread: of the D of that call.",
          .present = offsetof(struct operation_result, has_d)),
    FIELD(struct operation_result, unguided, BOOL, "call: true: without guidance. Absent: with it, where there is any.",
          .present = offsetof(struct operation_result, unguided)),
    FIELD(struct operation_result, t, NUMBER, "call: the time.", OF_CALL),
    FIELD(struct operation_result, time, NUMBER, "call: what a network of this path is told of the time.", OF_CALL),
    FIELD(struct operation_result, k, NUMBER, "call: the noise level; null where it is infinite.", OF_CALL,
          .nullable = true),
    FIELD(struct operation_result, alpha, NUMBER, "call, langevin: alpha.",
          .present = offsetof(struct operation_result, has_level)),
    FIELD(struct operation_result, sigma, NUMBER, "call, langevin: sigma.",
          .present = offsetof(struct operation_result, has_level)),
    FIELD(struct operation_result, input_scale, NUMBER, "call: the network's input is input_scale times x.",
          OF_NETWORK),
    FIELD(struct operation_result, x_by, NUMBER, "call: D = x_by x + out_by network(input_scale x, time).", OF_NETWORK),
    FIELD(struct operation_result, out_by, NUMBER, "call: see x_by.", OF_NETWORK),
    FIELD(struct operation_result, of, ARRAY, "mix: the numbers of vectors.", .kinds = KIND_INT),
    FIELD(struct operation_result, by, ARRAY, "mix: a coefficient for each.", .kinds = KIND_REAL),
    FIELD(struct operation_result, noise, NUMBER, "mix: the coefficient of the noise.", OF_DRAW),
    FIELD(struct operation_result, spread, INT,
          "mix: the number of a spread s, which gives each number a coefficient of its own beside `noise`: exp((low + "
          "(high "
          "- low) (1 + s) / 2) / 2), or sqrt(s), of a negative s 0, where there is no low.",
          .present = offsetof(struct operation_result, spreads)),
    FIELD(struct operation_result, low, NUMBER, "With spread: the logarithm of the least variance.",
          .present = offsetof(struct operation_result, ranged)),
    FIELD(struct operation_result, high, NUMBER, "With spread: that of the greatest.",
          .present = offsetof(struct operation_result, ranged)),
    FIELD(struct operation_result, draw, INT,
          "The number of the draw; its normal numbers are independent of all others.", OF_DRAW),
    FIELD(struct operation_result, from, NUMBER,
          "With `to`: the draw is (W(to) - W(from)) / sqrt(|to - from|) of one Brownian path over 0 to 1.", OF_BRIDGE),
    FIELD(struct operation_result, to, NUMBER, "See from.", OF_BRIDGE),
    FIELD(struct operation_result, snr, NUMBER, "langevin: the wanted signal-to-noise ratio.", OF_LANGEVIN),
    FIELD(struct operation_result, a, NUMBER, "langevin: the factor a.", OF_LANGEVIN),
    FIELD(struct operation_result, range, NUMBER, "clip: to -range .. range.",
          .present = offsetof(struct operation_result, has_range)),
    FIELD(struct operation_result, quantile, NUMBER, "clip: by this quantile.",
          .present = offsetof(struct operation_result, has_quantile)),
    FIELD(struct operation_result, most, NUMBER, "clip: the greatest threshold.",
          .present = offsetof(struct operation_result, has_quantile)),
    {0}};

static const struct field STEP_FIELDS[] = {
    FIELD(struct step_result, index, INT, "From 0.", .required = true),
    FIELD(struct step_result, from, OBJECT, "The noise level where it begins.", .fields = POINT_FIELDS,
          .required = true),
    FIELD(struct step_result, to, OBJECT, "The noise level where it ends.", .fields = POINT_FIELDS, .required = true),
    FIELD(struct step_result, operations, LIST, "In order.", .fields = OPERATION_FIELDS,
          .size = sizeof(struct operation_result), .required = true),
    FIELD(struct step_result, state, INT, "The number of the vector that is the state after it.", .required = true),
    {0}};

static const struct field START_FIELDS[] = {
    FIELD(struct start_result, alpha, NUMBER, "Times the data that it starts from; 0: from noise alone.",
          .required = true),
    FIELD(struct start_result, sigma, NUMBER, "Times a standard normal vector.", .required = true),
    {0}};

static const struct field OUTPUT[] = {
    USED_FIELDS(struct result, used),
    FIELD(struct result, prediction, ENUM, "The prediction.", .names = prediction_names,
          .present = offsetof(struct result, has_prediction)),
    FIELD(struct result, grid, OBJECT, "The noise levels that are visited.", .fields = grid_result_fields,
          .required = true),
    FIELD(struct result, start, OBJECT, "Vector 0, the first state.", .fields = START_FIELDS, .required = true),
    FIELD(struct result, steps, LIST, "The steps.", .fields = STEP_FIELDS, .size = sizeof(struct step_result),
          .required = true),
    FIELD(struct result, state, INT, "The number of the vector that holds the sample.", .required = true),
    FIELD(struct result, n_steps, INT, "How many steps there are.", .required = true),
    FIELD(struct result, network_calls, INT, "How many calls they make.", .required = true),
    FIELD(struct result, draws, INT, "How many normal vectors they draw, beside the first state's.", .required = true),
    FIELD(struct result, numerics, STRING, "The version of the arithmetic.", .required = true),
    {0}};

static struct point_result point_of(const struct path_point *p) {
    return (struct point_result){p->t, p->k, p->alpha, p->sigma};
}

static struct prediction network_of(const struct params *p, const struct sampler_setup *s,
                                    const struct path_point *at) {
    if (s->scheduler.made)
        return scheduler_network(s->scheduler.made, at);
    return prediction_at(&s->path, at, (enum prediction_id)p->prediction, p->sigma_data);
}

static void fill_call(const struct params *p, const struct sampler_setup *s, const struct plan_op *op,
                      struct operation_result *out) {
    out->reads = out->has_level = out->is_call = true;
    out->x = (int64_t)op->in;
    out->unguided = op->unguided;
    out->t = op->at.t;
    out->time = path_time(&s->path, &op->at);
    out->k = op->at.k;
    out->alpha = op->at.alpha;
    out->sigma = op->at.sigma;
    out->has_network = p->has_prediction || s->scheduler.made;
    if (!out->has_network)
        return;
    const struct prediction c = network_of(p, s, &op->at);
    out->input_scale = c.input;
    out->x_by = c.x_by;
    out->out_by = c.out_by;
}

static enum status fill_mix(struct ctx *ctx, const struct plan_op *op, struct operation_result *out) {
    int64_t *of = ctx_alloc(ctx, op->n_terms, sizeof *of);
    double *by = ctx_alloc(ctx, op->n_terms, sizeof *by);
    if (!of || !by)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < op->n_terms; i++) {
        of[i] = (int64_t)op->terms[i].of;
        by[i] = op->terms[i].by;
    }
    out->of = array_1d(KIND_INT, of, op->n_terms);
    out->by = array_1d(KIND_REAL, by, op->n_terms);
    out->noise = op->noise;
    out->spread = (int64_t)op->variance.spread;
    out->spreads = op->variance.spread > 0;
    out->ranged = op->variance.ranged;
    out->low = op->variance.low;
    out->high = op->variance.high;
    return STATUS_OK;
}

static enum status fill_operation(struct call *call, const struct params *p, const struct sampler_setup *s,
                                  const struct plan *plan, size_t index, struct operation_result *out) {
    static const int NAMES[] = {
        [PLAN_CALL] = 0, [PLAN_MIX] = 1, [PLAN_LANGEVIN] = 2, [PLAN_CLIP] = 3, [PLAN_SPREAD] = 4};
    const struct plan_op *op = &plan->ops[index];
    *out = (struct operation_result){.op = NAMES[op->kind], .out = (int64_t)index + 1};
    out->draws = op->kind == PLAN_LANGEVIN || (op->kind == PLAN_MIX && op->noise != 0);
    if (out->draws) {
        out->draw = (int64_t)op->draw;
        out->from = plan->draws[op->draw].from;
        out->to = plan->draws[op->draw].to;
        out->bridges = out->from != out->to;
    }
    if (op->kind == PLAN_MIX)
        return fill_mix(&call->ctx, op, out);
    if (op->kind == PLAN_CALL) {
        const struct network_use use = {s->scheduler.made, &s->path, (enum prediction_id)p->prediction, p->sigma_data,
                                        0};
        fill_call(p, s, op, out);
        return out->has_network ? network_check(&call->ctx, &use, &op->at) : STATUS_OK;
    }
    if (op->kind == PLAN_SPREAD) {
        out->has_d = true;
        out->d = (int64_t)op->in;
        return STATUS_OK;
    }
    out->reads = true;
    out->x = (int64_t)op->in;
    if (op->kind == PLAN_CLIP) {
        out->range = op->clip.range;
        out->quantile = op->clip.quantile;
        out->most = op->clip.most;
        out->has_range = op->clip.range > 0;
        out->has_quantile = !out->has_range;
        return STATUS_OK;
    }
    out->has_level = out->is_langevin = out->has_d = true;
    out->d = (int64_t)op->D;
    out->alpha = op->at.alpha;
    out->sigma = op->at.sigma;
    out->snr = op->snr;
    out->a = op->a;
    return STATUS_OK;
}

static enum status fill_step(struct call *call, const struct params *p, const struct sampler_setup *s,
                             const struct plan *plan, size_t index, struct step_result *out) {
    const struct plan_step *step = &plan->steps[index];
    size_t n = step->end - step->first;
    struct operation_result *operations = ctx_alloc(&call->ctx, n, sizeof *operations);
    enum status status = operations ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t i = 0; i < n && status == STATUS_OK; i++)
        status = fill_operation(call, p, s, plan, step->first + i, &operations[i]);
    *out = (struct step_result){
        (int64_t)index, (int64_t)step->state, point_of(&step->from), point_of(&step->to), {n, operations}};
    return status;
}

static enum status fill(struct call *call, const struct params *p, const struct sampler_setup *s,
                        const struct plan *plan, struct result *out) {
    struct step_result *steps = ctx_alloc(&call->ctx, plan->n_steps, sizeof *steps);
    enum status status = steps ? sampler_report_grid(&call->ctx, s, &out->grid) : STATUS_NO_MEMORY;
    for (size_t i = 0; i < plan->n_steps && status == STATUS_OK; i++)
        status = fill_step(call, p, s, plan, i, &steps[i]);
    out->steps = (struct list){plan->n_steps, steps};
    out->used = sampler_used(&p->how, s);
    out->prediction = p->prediction;
    out->has_prediction = p->has_prediction;
    out->start = (struct start_result){p->has_strength ? plan->start_alpha : 0, plan->start_sigma};
    out->state = (int64_t)plan->result;
    out->n_steps = (int64_t)plan->n_steps;
    out->network_calls = (int64_t)plan->n_calls;
    out->draws = (int64_t)plan->n_draws;
    out->numerics = (struct str){SAMPLER_NUMERICS, sizeof SAMPLER_NUMERICS - 1};
    return status;
}

static enum status run(struct call *call, const void *params, void *result) {
    const struct params *p = params;
    struct sampler_setup setup;
    struct plan plan;
    enum status status = sampler_setup(call, &p->how, &setup);
    if (status == STATUS_OK && p->has_prediction && setup.scheduler.made)
        return ctx_fail(
            &call->ctx, STATUS_INVALID, "/prediction",
            "scheduler_config says as prediction_type what the network predicts; want no prediction beside it.");
    if (status == STATUS_OK && p->has_prediction)
        status = prediction_check(&call->ctx, &setup.path, (enum prediction_id)p->prediction);
    if (status == STATUS_OK)
        status = sampler_plan(&call->ctx, &setup, p->has_strength ? &p->strength : NULL, &plan);
    if (status == STATUS_OK && plan.n_ops > MAX_OPERATIONS)
        return ctx_fail(&call->ctx, STATUS_TOO_LARGE, "/sampler/steps",
                        "The schedule would have %zu operations, want at most %d: fewer steps.", plan.n_ops,
                        MAX_OPERATIONS);
    return status == STATUS_OK ? fill(call, p, &setup, &plan, result) : status;
}

const struct endpoint ep_schedule = {
    .method = "POST",
    .route = "/v1/schedule",
    .version = 8,
    .title = "Explain a sampler without running it",
    .doc =
        "Everything that a sampler does between its network calls, as numbers, so that a program that runs a network "
        "of "
        "its own (in a browser, say) can follow the same solver. Vectors are numbered: 0 is the first state, and each "
        "operation makes the next one. With `prediction`, every call also tells how to scale the network's input and "
        "how "
        "to make D, the denoised data, of its output.\n\n"
        "Followed by hand with the noise of /v1/sample, the operations give its samples.",
    .source = "As /v1/sample; Salimans, Ho 2022 (v); Karras et al. 2022, table 1 (edm)",
    .input = INPUT,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"path\":\"flow\",\"prediction\":\"velocity\",\"sampler\":{\"solver\":\"euler\",\"steps\":2}}",
    .answer = "{\"path\":\"flow\",\"solver\":\"euler\",\"prediction\":\"velocity\",\"grid\":{\"type\":\"uniform"
              "\",\"t\":[1.0,0.5,0.0],\"alpha\":[0.0,0.5,1.0],\"sigma\":[1.0,0.5,0.0],\"k\":[null,1.0,0.0]},\"s"
              "tart\":{\"alpha\":0.0,\"sigma\":1.0},\"steps\":[{\"index\":0,\"from\":{\"t\":1.0,\"k\":null,\"al"
              "pha\":0.0,\"sigma\":1.0},\"to\":{\"t\":0.5,\"k\":1.0,\"alpha\":0.5,\"sigma\":0.5},\"operations\""
              ":[{\"op\":\"call\",\"out\":1,\"x\":0,\"t\":1.0,\"time\":1000.0,\"k\":null,\"alpha\":0.0,\"sigma"
              "\":1.0,\"input_scale\":1.0,\"x_by\":1.0,\"out_by\":-1.0},{\"op\":\"mix\",\"out\":2,\"of\":[1,0],"
              "\"by\":[0.5,0.5]}],\"state\":2},{\"index\":1,\"from\":{\"t\":0.5,\"k\":1.0,\"alpha\":0.5,\"sigma"
              "\":0.5},\"to\":{\"t\":0.0,\"k\":0.0,\"alpha\":1.0,\"sigma\":0.0},\"operations\":[{\"op\":\"call"
              "\",\"out\":3,\"x\":2,\"t\":0.5,\"time\":500.0,\"k\":1.0,\"alpha\":0.5,\"sigma\":0.5,\"input_scal"
              "e\":1.0,\"x_by\":1.0,\"out_by\":-0.5},{\"op\":\"mix\",\"out\":4,\"of\":[3],\"by\":[1.0]}],\"stat"
              "e\":4}],\"state\":4,\"n_steps\":2,\"network_calls\":2,\"draws\":0,\"numerics\":\"6\"}",
    .run = run,
};
