#include "handlers/index_array.h"

enum status index_array(struct ctx *ctx, const uint32_t *at, size_t n, struct array *out) {
    int64_t *ints = ctx_alloc(ctx, n, sizeof *ints);
    if (!ints)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        ints[i] = at[i];
    *out = array_1d(KIND_INT, ints, n);
    return STATUS_OK;
}

enum status points_array(struct ctx *ctx, const struct point *at, const uint32_t *which, size_t n, struct array *out) {
    double *reals = ctx_alloc(ctx, n, 2 * sizeof *reals);
    if (!reals)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        const struct point *p = &at[which ? which[i] : i];
        reals[2 * i] = p->x + 0.0;
        reals[2 * i + 1] = p->y + 0.0;
    }
    *out = (struct array){.kind = KIND_REAL, .dims = 2, .shape = {n, 2}, .n = 2 * n, .reals = reals};
    return STATUS_OK;
}
