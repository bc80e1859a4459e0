#include "core/geometry/point_set.h"
#include "core/sort/sort.h"

#include <math.h>
#include <stdio.h>

enum status points_range(struct ctx *ctx, const struct points *points, const char *name) {
    const double *x = &points->at->x, least = 1e-120, most = 1e150;
    for (size_t i = 0; i < 2 * points->n; i++) {
        double size = fabs(x[i]);
        if (size > most || (size < least && size != 0)) {
            char pointer[96];
            (void)snprintf(pointer, sizeof pointer, "/%s/%zu/%zu", name, i / 2, i % 2);
            return ctx_fail(ctx, STATUS_INVALID, pointer,
                            "A coordinate is %g, want 0 or a magnitude of %g to %g, whose squares are doubles too.",
                            x[i], least, most);
        }
    }
    return STATUS_OK;
}

struct units points_units(const struct point *at, size_t n) {
    double x = 0, y = 0;
    for (size_t i = 0; i < n; i++) {
        x = fabs(at[i].x) > x ? fabs(at[i].x) : x;
        y = fabs(at[i].y) > y ? fabs(at[i].y) : y;
    }
    return (struct units){x == 0 ? 0 : ilogb(x), y == 0 ? 0 : ilogb(y)};
}

enum status points_of(struct ctx *ctx, const struct array *array, const char *name, size_t least, struct points *out) {
    char pointer[64];
    (void)snprintf(pointer, sizeof pointer, "/%s", name);
    *out = (struct points){NULL, array->n / 2};
    if (array->n && (array->dims != 2 || array->shape[1] != 2))
        return ctx_fail(ctx, STATUS_INVALID, pointer, "The rows of %s have %zu numbers, want pairs [x, y].", name,
                        array->dims == 2 ? array->shape[1] : 1);
    if (out->n < least)
        return ctx_fail(ctx, STATUS_INVALID, pointer, "There %s %zu point%s, want at least %zu.",
                        out->n == 1 ? "is" : "are", out->n, &"s"[out->n == 1], least);
    if (out->n > POINTS_MAX)
        return ctx_fail(ctx, STATUS_TOO_LARGE, pointer, "There are %zu points, want at most %d.", out->n, POINTS_MAX);
    out->at = (const struct point *)(const void *)array->reals;
    return STATUS_OK;
}

/* gather makes the array of coordinates that sort_solve orders; adding 0.0 makes 0.0 of -0.0. */
static double *gather(struct ctx *ctx, const struct point *at, const uint32_t *which, size_t n, bool y) {
    double *keys = ctx_alloc(ctx, n, sizeof *keys);
    for (size_t i = 0; keys && i < n; i++) {
        const struct point *p = &at[which ? which[i] : i];
        keys[i] = (y ? p->y : p->x) + 0.0;
    }
    return keys;
}

/* order_by orders which[0 .. n-1] (NULL: 0 .. n-1) stably by one coordinate into `to`. */
static enum status order_by(struct ctx *ctx, const struct point *at, const uint32_t *which, size_t n, bool y,
                            uint32_t *to) {
    struct ctx_mark mark = ctx_mark(ctx);
    double *keys = gather(ctx, at, which, n, y);
    if (!keys)
        return STATUS_NO_MEMORY;
    struct sort_in in = {.values = array_1d(KIND_REAL, keys, n), .argsort = true};
    struct sort_out out;
    enum status status = sort_solve(ctx, &in, &out);
    for (size_t i = 0; status == STATUS_OK && i < n; i++)
        to[i] = which ? which[out.indices.ints[i]] : (uint32_t)out.indices.ints[i];
    ctx_rewind(ctx, mark);
    return status;
}

/* insert_by_y orders a few points of equal x; stable. */
static void insert_by_y(const struct point *at, uint32_t *order, size_t n) {
    for (size_t i = 1; i < n; i++) {
        uint32_t one = order[i];
        size_t k = i;
        for (; k > 0 && at[one].y < at[order[k - 1]].y; k--)
            order[k] = order[k - 1];
        order[k] = one;
    }
}

/* order_run orders n points of equal x by y. */
static enum status order_run(struct ctx *ctx, const struct point *at, uint32_t *order, size_t n) {
    if (n <= 24) {
        insert_by_y(at, order, n);
        return STATUS_OK;
    }
    struct ctx_mark mark = ctx_mark(ctx);
    uint32_t *copy = ctx_alloc(ctx, n, sizeof *copy);
    if (!copy)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        copy[i] = order[i];
    enum status status = order_by(ctx, at, copy, n, true, order);
    ctx_rewind(ctx, mark);
    return status;
}

enum status points_order(struct ctx *ctx, const struct point *at, const uint32_t *which, size_t n, uint32_t **order) {
    uint32_t *to = *order = ctx_alloc(ctx, n, sizeof *to);
    if (!to)
        return STATUS_NO_MEMORY;
    enum status status = order_by(ctx, at, which, n, false, to);
    for (size_t from = 0, end; status == STATUS_OK && from < n; from = end) {
        end = from + 1;
        while (end < n && at[to[end]].x == at[to[from]].x)
            end++;
        if (end - from > 1)
            status = order_run(ctx, at, to + from, end - from);
    }
    return status;
}
