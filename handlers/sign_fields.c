#include "handlers/sign_fields.h"

static enum status run_many(struct ctx *ctx, const struct array *many, size_t points, int (*sign)(const double *xy),
                            struct array *out) {
    size_t n = many->n / (2 * points);
    int64_t *signs = ctx_alloc(ctx, n, sizeof *signs);
    if (!signs)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        if (i % (1 << 18) == 0 && ctx_stop(ctx) != STOP_NONE)
            return ctx_stopped(ctx);
        signs[i] = sign(many->reals + 2 * points * i);
    }
    *out = array_1d(KIND_INT, signs, n);
    return STATUS_OK;
}

enum status sign_run(struct call *call, const void *params, size_t points, int (*sign)(const double *xy),
                     void *result) {
    const struct sign_params *p = params;
    struct sign_result *out = result;
    if (p->many.kind != KIND_NONE)
        return run_many(&call->ctx, &p->many, points, sign, &out->signs);
    double xy[2 * SIGN_MAX_POINTS];
    for (size_t k = 0; k < points; k++)
        memcpy(xy + 2 * k, p->point[k].reals, 2 * sizeof *xy);
    out->sign = sign(xy);
    out->has_sign = true;
    return STATUS_OK;
}
