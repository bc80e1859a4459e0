#include "handlers/source_request.h"

#include <stdio.h>
#include <string.h>

#include "handlers/latent_request.h"

/* foreign names what of a request means nothing to a source, and where it is. */
static const char *foreign(const struct sample_params *p, const char **pointer) {
    const struct {
        bool given;
        const char *pointer, *name;
    } LIST[] = {
        {p->has_strength, "/strength", "strength"},
        {p->mask.kind, "/mask", "mask"},
        {p->interpolate.from.kind, "/interpolate", "interpolate"},
        {p->noise == NOISE_TORCH, "/noise", "noise \"torch\""},
        {p->control.measurement.matrix.kind, "/measurement", "measurement"},
        {p->diagnostics, "/diagnostics", "diagnostics"},
    };
    for (size_t i = 0; i < sizeof LIST / sizeof LIST[0]; i++)
        if (LIST[i].given) {
            *pointer = LIST[i].pointer;
            return LIST[i].name;
        }
    return NULL;
}

static enum status check(struct ctx *ctx, const struct sample_params *p) {
    const char *pointer = NULL, *name = foreign(p, &pointer);
    if (name)
        return ctx_fail(ctx, STATUS_INVALID, pointer,
                        "This model's samples start from points of its source, and %s is about normal numbers; want it "
                        "without.",
                        name);
    if (p->init.kind && p->latents.kind)
        return ctx_fail(ctx, STATUS_INVALID, "/latents",
                        "This model's samples start from init, or from latents; want one of the two.");
    return STATUS_OK;
}

/* start_from makes rows for all samples the latents of the request, in place of its init. */
static enum status start_from(struct ctx *ctx, const struct array *rows, struct sample_params *p) {
    const size_t count = (size_t)p->count, d = rows->n / rows->shape[0];
    double *latents = ctx_alloc(ctx, count, d * sizeof *latents);
    if (!latents)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        memcpy(latents + i * d, rows->reals + (rows->shape[0] == 1 ? 0 : i * d), d * sizeof *latents);
    p->latents = (struct array){KIND_REAL, 2, {count, d}, count * d, {.reals = latents}};
    p->init = (struct array){0};
    return STATUS_OK;
}

enum status source_take(struct call *call, const struct loaded_model *model, struct sample_params *p,
                        struct noise_source *start) {
    struct ctx *ctx = &call->ctx;
    const struct model_extent extent = model_extent(&p->model);
    struct latent_inputs given;
    *start = noise_of_source(ctx->isa, (uint64_t)p->seed, model->source.points, model->source.n);
    enum status status = check(ctx, p);
    if (status == STATUS_OK)
        status = sample_check_shapes(ctx, p, extent.d, extent.sample_d);
    if (status != STATUS_OK || !p->init.kind)
        return status;
    status = latent_encode(call, model, p, &given);
    return status == STATUS_OK ? start_from(ctx, &given.init, p) : status;
}

enum status source_check_plan(struct ctx *ctx, const struct path *path, size_t draws) {
    if (sampler_path_id(path) != PATH_FLOW)
        return ctx_fail(ctx, STATUS_INVALID, "/path",
                        "This model leads from points of its source to data along the path flow; want no other.");
    if (!draws)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, "/sampler/solver",
                    "This solver draws normal numbers on its way, and this model's flow has none in it; want one that "
                    "draws none, such as \"euler\" or \"dpmpp_2m\".");
}
