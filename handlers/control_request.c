#include "handlers/control_request.h"

#include <math.h>
#include <stdio.h>

#include "core/diffusion/clip.h"
#include "core/diffusion/guidance.h"
#include "core/diffusion/project.h"

#define GIVEN(S, member) .present = offsetof(S, has_##member)

const struct field guidance_fields[] = {
    FIELD(struct guidance_params, scale, NUMBER, "1 (default): none.", GIVEN(struct guidance_params, scale),
          FIELD_REALS(-1000, 1000)),
    FIELD(struct guidance_params, rescale, NUMBER,
          "How much of the standard deviation that guidance changed is given back to a sample, 0 (default) to 1.",
          GIVEN(struct guidance_params, rescale), FIELD_REALS(0, 1)),
    FIELD(struct guidance_params, k_min, NUMBER, "Guidance only from this noise level k up; default 0.",
          GIVEN(struct guidance_params, k_min), FIELD_REALS(0, 1e9)),
    FIELD(struct guidance_params, k_max, NUMBER, "Guidance only up to this noise level k; default: at any.",
          GIVEN(struct guidance_params, k_max), FIELD_REALS(0, 1e9)),
    MODEL_FIELD(struct guidance_params, model,
                "The reference model. Absent: the request's model without its `class`, which must then be given."),
    {0}};

const struct field clip_fields[] = {
    FIELD(struct clip_params, range, NUMBER, "Clipped to -range .. range.", GIVEN(struct clip_params, range),
          FIELD_REALS(0, 1e9), .above_min = true),
    FIELD(
        struct clip_params, quantile, NUMBER,
        "Dynamic thresholding: clipped at this quantile of a sample's magnitudes, if above 1, and divided by it; 0.995 "
        "is usual.",
        GIVEN(struct clip_params, quantile), FIELD_REALS(0, 1)),
    FIELD(struct clip_params, most, NUMBER, "The greatest threshold that quantile may lead to; default 1.",
          GIVEN(struct clip_params, most), FIELD_REALS(1, 1e9)),
    {0}};

const struct field measurement_fields[] = {
    FIELD(struct measurement_params, matrix, ARRAY, "A, [m][d], m up to 256.", .kinds = KIND_REAL, .min_dims = 2,
          .max_dims = 2, .min_items = 1, .max_items = MODEL_MAX_NUMBERS, FIELD_REALS(-1e9, 1e9)),
    FIELD(struct measurement_params, values, ARRAY, "b, [m].", .kinds = KIND_REAL, .min_items = 1,
          .max_items = PROJECT_MAX_ROWS, FIELD_REALS(-1e9, 1e9)),
    {0}};

static bool wants_class(const struct ctx *ctx, enum status status) {
    return status == STATUS_INVALID && !strcmp(ctx->err.pointer, "/class");
}

/* below_guidance makes the error of guidance's own model point there. */
static enum status below_guidance(struct ctx *ctx, enum status status) {
    char pointer[sizeof ctx->err.pointer];
    snprintf(pointer, sizeof pointer, "/guidance%.150s", wants_class(ctx, status) ? "/model" : ctx->err.pointer);
    memcpy(ctx->err.pointer, pointer, sizeof pointer);
    return status;
}

/* make_classless makes the request's model once more, without its class. */
static enum status make_classless(struct call *call, const struct choice *model, const struct network_use *use,
                                  const struct denoiser **out) {
    enum status status = model_make(call, model, (struct model_class){.use = use}, out);
    return wants_class(&call->ctx, status)
               ? ctx_fail(&call->ctx, STATUS_INVALID, "/guidance",
                          "guidance leads away from no class, and this network has no row for none (a _null_class in "
                          "its config.json); want guidance.model.")
               : status;
}

static enum status make_reference(struct call *call, const struct choice *model, const struct control_request *r,
                                  size_t d, const struct denoiser **out) {
    struct ctx *ctx = &call->ctx;
    const struct choice *own = &r->guidance.model;
    if (!own->params && !r->classes.kind)
        return ctx_fail(ctx, STATUS_INVALID, "/guidance",
                        "guidance has nothing to guide away from; want a class, or guidance.model.");
    if (!own->params)
        return make_classless(call, model, r->use, out);
    enum status status = model_check_size(call, own, "guidance/model");
    if (status != STATUS_OK)
        return status;
    if (model_extent(own).d != d)
        return ctx_fail(ctx, STATUS_INVALID, "/guidance/model",
                        "guidance.model has %zu dimensions, want %zu as the model.", model_extent(own).d, d);
    status = model_make(call, own, (struct model_class){.use = r->use}, out);
    return status == STATUS_OK ? status : below_guidance(ctx, status);
}

static enum status guide(struct call *call, const struct choice *model, const struct control_request *r,
                         const struct denoiser **denoiser) {
    const struct guidance_params *g = &r->guidance;
    struct guidance_in in = {
        .good = *denoiser,
        .scale = g->has_scale ? g->scale : 1,
        .rescale = g->rescale,
        .low = g->k_min,
        .high = g->has_k_max ? g->k_max : (double)INFINITY,
    };
    if (in.low > in.high)
        return ctx_fail(&call->ctx, STATUS_INVALID, "/guidance/k_max",
                        "guidance.k_max is %.9g, want at least k_min = %.9g.", in.high, in.low);
    enum status status = make_reference(call, model, r, in.good->d, &in.ref);
    return status == STATUS_OK ? guidance_make(&call->ctx, &in, denoiser) : status;
}

static enum status clip(struct ctx *ctx, const struct clip_params *c, const struct denoiser **denoiser) {
    if (c->has_range == c->has_quantile)
        return ctx_fail(ctx, STATUS_INVALID, "/clip", "clip has %s, want exactly one of the two.",
                        c->has_range ? "both range and quantile" : "neither range nor quantile");
    if (c->has_most && !c->has_quantile)
        return ctx_fail(ctx, STATUS_INVALID, "/clip/most", "clip.most goes with quantile, want that or no most.");
    const struct clip_in in = {*denoiser, c->range, c->quantile, c->has_most ? c->most : 1};
    return clip_make(ctx, &in, denoiser);
}

static enum status measure(struct ctx *ctx, const struct measurement_params *m, const struct denoiser **denoiser) {
    const struct array *a = &m->matrix, *b = &m->values;
    if (!a->kind || !b->kind)
        return ctx_fail(ctx, STATUS_INVALID, "/measurement", "measurement has no %s, want matrix and values.",
                        a->kind ? "values" : "matrix");
    if (a->shape[1] != (*denoiser)->d || a->shape[0] > PROJECT_MAX_ROWS)
        return ctx_fail(ctx, STATUS_INVALID, "/measurement/matrix",
                        "measurement.matrix has the shape [%zu][%zu], want at most %d rows of %zu numbers.",
                        a->shape[0], a->shape[1], PROJECT_MAX_ROWS, (*denoiser)->d);
    if (b->n != a->shape[0])
        return ctx_fail(ctx, STATUS_INVALID, "/measurement/values",
                        "measurement.values holds %zu numbers, want one for each of the %zu rows of matrix.", b->n,
                        a->shape[0]);
    const struct project_in in = {*denoiser, a->reals, b->reals, b->n};
    return project_make(ctx, &in, denoiser);
}

static bool guided(const struct guidance_params *g) {
    return g->model.params || g->has_scale || g->has_rescale || g->has_k_min || g->has_k_max;
}

static bool clipped(const struct clip_params *c) { return c->has_range || c->has_quantile || c->has_most; }

const char *control_around(const struct control_request *r) {
    return guided(&r->guidance)                                       ? "guidance"
           : clipped(&r->clip)                                        ? "clip"
           : r->measurement.matrix.kind || r->measurement.values.kind ? "measurement"
                                                                      : NULL;
}

enum status control_denoiser(struct call *call, const struct choice *model, const struct control_request *r,
                             size_t count, struct conditioned *out) {
    struct ctx *ctx = &call->ctx;
    const struct denoiser **around = &out->denoiser;
    enum status status = model_make_each(call, model, (struct model_class){r->classes, r->use}, count, out);
    if (status == STATUS_OK && guided(&r->guidance))
        status = guide(call, model, r, around);
    if (status == STATUS_OK && clipped(&r->clip))
        status = clip(ctx, &r->clip, around);
    if (status == STATUS_OK && (r->measurement.matrix.kind || r->measurement.values.kind))
        status = measure(ctx, &r->measurement, around);
    return status;
}

double control_row_cost(const struct choice *model, const struct control_request *r) {
    double d = (double)model_extent(model).d, cost = model_row_cost(model);
    if (guided(&r->guidance))
        cost += d + model_row_cost(r->guidance.model.params ? &r->guidance.model : model);
    if (r->clip.has_quantile)
        cost += 8 * d;
    return cost + 2 * (double)r->measurement.matrix.n;
}
