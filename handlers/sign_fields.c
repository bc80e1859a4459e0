#include "handlers/sign_fields.h"

static enum status signs_of(struct ctx *ctx, const double *rows, size_t n, double eps,
                            const struct predicate *predicate, struct array *out) {
    int64_t *signs = ctx_alloc(ctx, n, sizeof *signs);
    if (!signs)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        if (i % (1 << 10) == 0 && ctx_stop(ctx) != STOP_NONE)
            return ctx_stopped(ctx);
        signs[i] = predicate->sign(rows + 2 * predicate->points * i, eps);
    }
    *out = array_1d(KIND_INT, signs, n);
    return STATUS_OK;
}

enum status sign_run(struct call *call, const void *params, const struct predicate *predicate, void *result) {
    const struct sign_params *p = params;
    struct sign_result *out = result;
    bool many = p->many.kind != KIND_NONE;
    double one[2 * SIGN_MAX_POINTS];
    for (size_t k = 0; k < predicate->points && !many; k++)
        memcpy(one + 2 * k, p->point[k].reals, 2 * sizeof *one);
    const double *rows = many ? p->many.reals : one;
    size_t n = many ? p->many.shape[0] : 1;
    enum status status = trace_open(&call->ctx, p->has_trace, &p->trace, &p->many, &out->trace);
    if (status == STATUS_OK && many)
        status = signs_of(&call->ctx, rows, n, p->eps, predicate, &out->signs);
    if (status != STATUS_OK)
        return status;
    out->has_sign = !many;
    if (!many)
        out->sign = predicate->sign(one, p->eps);
    return p->has_trace ? predicate->steps(&call->ctx, rows, n, p->eps, &out->trace) : STATUS_OK;
}
