#include "core/sort/sort_top.h"

#include "core/sort/keys.h"
#include "core/sort/select.h"

/* side tells where value i stands against the last one that is wanted: below 0 before it, 0 equal. */
static inline int side(const struct sort_in *in, size_t i, const struct array *last) {
    int c;
    if (in->values.kind == KIND_STRING) {
        c = str_compare(&in->values.strings[i], &last->strings[0], 0);
    } else if (in->values.kind == KIND_INT) {
        int64_t a = in->values.ints[i], b = last->ints[0];
        c = (a > b) - (a < b);
    } else { /* by their keys: -0.0 is before 0.0 */
        uint64_t a = key_of_real(in->values.reals[i]), b = key_of_real(last->reals[0]);
        c = (a > b) - (a < b);
    }
    return in->descending ? -c : c;
}

static bool stopped(const struct ctx *ctx, size_t i) {
    return i % SORTER_POLL == SORTER_POLL - 1 && ctx_stop(ctx) != STOP_NONE;
}

/* gather copies those before `last`, and the first of its equals, to chosen[0 .. top-1], with their places. */
static enum status gather(struct ctx *ctx, const struct sort_in *in, const struct array *last, size_t top,
                          struct array *chosen, int64_t *places) {
    size_t before = 0, n = 0;
    for (size_t i = 0; i < in->values.n; i++) {
        before += side(in, i, last) < 0;
        if (stopped(ctx, i))
            return ctx_stopped(ctx);
    }
    for (size_t i = 0, equals = top - before; i < in->values.n && n < top; i++) {
        int c = side(in, i, last);
        if (stopped(ctx, i))
            return ctx_stopped(ctx);
        if (c > 0 || (c == 0 && equals == 0))
            continue;
        equals -= c == 0;
        places[n] = (int64_t)i;
        if (in->values.kind == KIND_STRING)
            chosen->strings[n++] = in->values.strings[i];
        else
            chosen->ints[n++] = in->values.ints[i]; /* of reals the bits */
    }
    return STATUS_OK;
}

/* sort_chosen sorts the gathered values; their indices become those of the input. */
static enum status sort_chosen(struct ctx *ctx, const struct sort_in *in, const struct array *chosen,
                               const int64_t *places, struct sort_out *out) {
    struct sort_in some = *in;
    some.values = *chosen;
    enum status status = sort_solve(ctx, &some, out);
    out->stats.n = (int64_t)in->values.n;
    for (size_t i = 0; status == STATUS_OK && i < out->indices.n; i++)
        out->indices.ints[i] = places[out->indices.ints[i]];
    return status;
}

static enum status select_and_sort(struct ctx *ctx, const struct sort_in *in, size_t top, struct sort_out *out) {
    int64_t k = (int64_t)top;
    struct select_in select = {.values = in->values, .ks = &k, .n_ks = 1, .single = true, .smallest = !in->descending};
    struct array last;
    enum status status = select_solve(ctx, &select, &last);
    if (status != STATUS_OK)
        return status;
    size_t size = in->values.kind == KIND_STRING ? sizeof(struct str) : 8;
    void *data = ctx_alloc(ctx, top, size);
    int64_t *places = ctx_alloc(ctx, top, sizeof *places);
    if (!data || !places)
        return STATUS_NO_MEMORY;
    struct array chosen = array_1d(in->values.kind, data, top);
    status = gather(ctx, in, &last, top, &chosen, places);
    return status == STATUS_OK ? sort_chosen(ctx, in, &chosen, places, out) : status;
}

enum status sort_top(struct ctx *ctx, const struct sort_in *in, size_t top, struct sort_out *out) {
    bool few = top <= in->values.n / SORT_TOP_SHARE && in->values.dims == 1 && in->values.n <= UINT32_MAX;
    if (few && !in->unique)
        return select_and_sort(ctx, in, top, out);
    enum status status = sort_solve(ctx, in, out);
    if (status != STATUS_OK || top >= out->values.n)
        return status;
    out->values.n = out->values.shape[0] = top;
    if (out->indices.kind)
        out->indices.n = out->indices.shape[0] = top;
    return STATUS_OK;
}
