#include "handlers/polygon_fields.h"

#include <stdio.h>

const struct field polygon_hole_fields[] = {
    FIELD(struct hole, ring, ARRAY, "The ring as `[[x,y],...]`.", .required = true, .kinds = KIND_REAL,
          .lossless = true, .min_dims = 2, .max_dims = 2, .columns = 2, .min_items = 6,
          .max_items = 2 * POLYGON_MAX_VERTICES),
    {0},
};

static enum status check_ring(struct ctx *ctx, const char *pointer, size_t k, const struct ring *ring) {
    size_t closed = ring->n > 1 && ring->xy[0] == ring->xy[2 * ring->n - 2] && ring->xy[1] == ring->xy[2 * ring->n - 1];
    if (ring->n - closed < 3 && ring->n < 4)
        return ctx_fail(ctx, STATUS_INVALID, pointer,
                        "Ring %zu has %zu points, want at least 3, and 4 with the closing one.", k, ring->n);
    return STATUS_OK;
}

static enum status rings_of_text(struct ctx *ctx, const struct geometry_text *text, unsigned types, struct rings *out) {
    struct wkt wkt;
    const char *pointer = geometry_pointer(text);
    enum status status = geometry_read(ctx, text, types, &wkt);
    if (status != STATUS_OK)
        return status;
    if (wkt.n_paths == 0)
        return ctx_fail(ctx, STATUS_INVALID, pointer, "The polygon is empty, want one with a ring.");
    struct ring *ring = ctx_alloc(ctx, wkt.n_paths, sizeof *ring);
    if (!ring)
        return STATUS_NO_MEMORY;
    for (size_t k = 0, from = 0; k < wkt.n_paths && status == STATUS_OK; from = wkt.end[k++]) {
        ring[k] = (struct ring){wkt.xy + 2 * from, wkt.end[k] - from};
        status = check_ring(ctx, pointer, k, &ring[k]);
    }
    *out = (struct rings){wkt.n_paths, ring};
    return status;
}

static enum status rings_of_arrays(struct ctx *ctx, const struct array *polygon, const struct list *holes,
                                   struct rings *out) {
    if (polygon->n == 0)
        return ctx_fail(ctx, STATUS_INVALID, "/polygon", "The polygon is empty, want a ring of at least 3 points.");
    enum status status = STATUS_OK;
    size_t n = polygon->dims == 3 ? polygon->shape[0] : 1, points = polygon->shape[polygon->dims - 2];
    struct ring *ring = ctx_alloc(ctx, n + holes->n, sizeof *ring);
    if (!ring)
        return STATUS_NO_MEMORY;
    for (size_t k = 0; k < n && status == STATUS_OK; k++) {
        ring[k] = (struct ring){polygon->reals + 2 * k * points, points};
        status = check_ring(ctx, "/polygon", k, &ring[k]);
    }
    for (size_t k = 0; k < holes->n && status == STATUS_OK; k++) {
        const struct array *a = &((const struct hole *)holes->items)[k].ring;
        char pointer[64];
        snprintf(pointer, sizeof pointer, "/holes/%zu/ring", k);
        ring[n + k] = (struct ring){a->reals, a->n / 2};
        status = check_ring(ctx, pointer, n + k, &ring[n + k]);
    }
    *out = (struct rings){n + holes->n, ring};
    return status;
}

enum status polygon_rings(struct ctx *ctx, const struct array *polygon, const struct list *holes,
                          const struct geometry_text *text, unsigned types, struct rings *out) {
    return polygon->kind != KIND_NONE ? rings_of_arrays(ctx, polygon, holes, out)
                                      : rings_of_text(ctx, text, types, out);
}

uint64_t polygon_size(const struct array *polygon, const struct list *holes, const struct geometry_text *text) {
    uint64_t n = polygon->n / 2 + geometry_size(text);
    for (size_t k = 0; k < holes->n; k++)
        n += ((const struct hole *)holes->items)[k].ring.n / 2;
    return n;
}

enum status polygon_trace_open(struct ctx *ctx, bool wanted, const struct trace_params *params,
                               const struct rings *rings, size_t n, struct trace *trace) {
    for (size_t r = 0; r < rings->n; r++)
        n += rings->ring[r].n;
    enum status status = wanted ? trace_check(ctx, 2 * n) : STATUS_OK;
    return status == STATUS_OK ? trace_open(ctx, wanted, params, NULL, trace) : status;
}
