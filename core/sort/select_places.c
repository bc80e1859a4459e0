#include <string.h>

#include "core/sort/keys.h"
#include "core/sort/select.h"
#include "core/sort/sort.h"

/* compare orders element i of a against element j of b, of one kind, as sort.h does: -0.0 before 0.0. */
static int compare(const struct array *a, size_t i, const struct array *b, size_t j) {
    if (a->kind == KIND_STRING)
        return str_compare(&a->strings[i], &b->strings[j], 0);
    bool ints = a->kind == KIND_INT;
    uint64_t x = ints ? key_of_int(a->ints[i]) : key_of_real(a->reals[i]);
    uint64_t y = ints ? key_of_int(b->ints[j]) : key_of_real(b->reals[j]);
    return (x > y) - (x < y);
}

/* by_reading looks through the values for each. */
static enum status by_reading(struct ctx *ctx, const struct array *values, const struct array *found, int64_t *places) {
    for (size_t i = 0; i < found->n; i++) {
        size_t at = 0;
        for (; at + 1 < values->n && compare(values, at, found, i) != 0; at++)
            if (at % SORTER_POLL == SORTER_POLL - 1 && ctx_stop(ctx) != STOP_NONE)
                return ctx_stopped(ctx);
        places[i] = (int64_t)at;
    }
    return STATUS_OK;
}

/* by_sorting finds the first of equal values where they stand in order, as they came. */
static enum status by_sorting(struct ctx *ctx, const struct array *values, const struct array *found, int64_t *places) {
    struct sort_in sort = {.values = *values, .argsort = true};
    struct sort_out sorted;
    enum status status = sort_solve(ctx, &sort, &sorted);
    for (size_t i = 0; status == STATUS_OK && i < found->n; i++) {
        size_t low = 0, high = values->n - 1; /* the first is in low .. high */
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (compare(&sorted.values, middle, found, i) < 0)
                low = middle + 1;
            else
                high = middle;
        }
        places[i] = sorted.indices.ints[low];
    }
    return status;
}

enum status select_places(struct ctx *ctx, const struct array *values, const struct array *found, struct array *out) {
    int64_t *places = ctx_alloc(ctx, found->n, sizeof *places);
    if (!places)
        return STATUS_NO_MEMORY;
    *out = array_1d(KIND_INT, places, found->n);
    return (found->n > SELECT_MANY ? by_sorting : by_reading)(ctx, values, found, places);
}
