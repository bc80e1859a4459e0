#include "core/heap/heap_run.h"

#include "core/sort/select.h"
#include "core/sort/sort.h"

#include <string.h>

static char *place(const struct heap_run *run, size_t i) { return (char *)run->heap.data + i * run->kernel->size; }

static void set(struct heap_run *run, size_t i, const struct value *value) {
    if (value->kind == KIND_INT)
        run->heap.ints[i] = value->i;
    else if (value->kind == KIND_REAL)
        run->heap.reals[i] = value->r;
    else
        run->heap.strings[i] = value->s;
}

static void resize(struct heap_run *run, size_t n) { run->heap.n = run->heap.shape[0] = n; }

/* Sifting, with steps or without. */

static bool compare(struct heap_run *run, size_t i, size_t j) {
    trace_add(run->trace, "compare", TRACE_AT((int64_t)i, (int64_t)j), &run->heap, TRACE_NO_VARS);
    return run->kernel->before(place(run, i), place(run, j));
}

static void swap(struct heap_run *run, size_t i, size_t j) {
    struct str x; /* as wide as the widest value */
    memcpy(&x, place(run, i), run->kernel->size);
    memcpy(place(run, i), place(run, j), run->kernel->size);
    memcpy(place(run, j), &x, run->kernel->size);
    trace_add(run->trace, "swap", TRACE_AT((int64_t)i, (int64_t)j), &run->heap, TRACE_NO_VARS);
}

static void traced_rise(struct heap_run *run, size_t first, size_t at) {
    for (size_t parent; at > first && compare(run, at, parent = (at - 1) / 2); at = parent)
        swap(run, at, parent);
}

static void up(struct heap_run *run, size_t at) {
    if (run->trace)
        traced_rise(run, 0, at);
    else
        run->kernel->up(run->heap.data, at);
}

static void down(struct heap_run *run, size_t at) {
    size_t n = run->heap.n, first = at;
    if (!run->trace) {
        run->kernel->down(run->heap.data, n, at);
        return;
    }
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && !compare(run, child, child + 1))
            child++;
        swap(run, at, child);
    }
    traced_rise(run, first, at);
}

void heap_run_heapify(struct heap_run *run) {
    if (!run->trace)
        run->kernel->heapify(run->ctx, run->heap.data, run->heap.n);
    for (size_t i = run->trace ? run->heap.n / 2 : 0; i > 0; i--)
        down(run, i - 1);
}

void heap_run_push(struct heap_run *run, const struct value *value) {
    size_t n = run->heap.n;
    resize(run, n + 1);
    set(run, n, value);
    trace_add(run->trace, "push", TRACE_AT((int64_t)n), &run->heap, TRACE_NO_VARS);
    up(run, n);
}

struct value heap_run_pop(struct heap_run *run) {
    size_t last = run->heap.n - 1;
    struct value least = array_at(&run->heap, 0), moved = array_at(&run->heap, last);
    if (run->trace && last > 0)
        swap(run, 0, last);
    trace_add(run->trace, "pop", TRACE_AT((int64_t)last), &run->heap, TRACE_NO_VARS);
    resize(run, last);
    if (last > 0) {
        set(run, 0, &moved);
        down(run, 0);
    }
    return least;
}

struct value heap_run_replace(struct heap_run *run, const struct value *value) {
    struct value least = array_at(&run->heap, 0);
    set(run, 0, value);
    trace_add(run->trace, "set", TRACE_AT(0), &run->heap, TRACE_NO_VARS);
    down(run, 0);
    return least;
}

struct value heap_run_pushpop(struct heap_run *run, const struct value *value) {
    if (run->heap.n == 0)
        return *value;
    trace_add(run->trace, "compare", TRACE_AT(0), &run->heap, TRACE_VARS({"value", *value}));
    const void *x = value->kind == KIND_STRING ? (const void *)&value->s : (const void *)&value->i;
    return run->kernel->before(place(run, 0), x) ? heap_run_replace(run, value) : *value;
}

bool heap_run_check(struct heap_run *run, size_t *at) {
    size_t n = run->heap.n;
    if (!run->trace) {
        *at = run->kernel->violation(run->heap.data, n);
        return *at == n;
    }
    for (*at = 1; *at < n; ++*at)
        if (compare(run, *at, (*at - 1) / 2))
            return false;
    return true;
}

/* Sorting. sort.h puts -0.0 before 0.0, which are equal here: they go back to the order in which they came. */
static void restore_zeros(const struct array *came, struct array *sorted) {
    size_t at = 0;
    if (came->kind != KIND_REAL)
        return;
    while (at < sorted->n && sorted->reals[at] != 0)
        at++;
    for (size_t i = 0; i < came->n; i++)
        if (came->reals[i] == 0)
            sorted->reals[at++] = came->reals[i];
}

static enum status fast_sort(struct ctx *ctx, const struct array *values, bool greatest, struct array *sorted) {
    struct sort_in in = {.values = *values, .descending = greatest};
    struct sort_out out;
    enum status status = sort_solve(ctx, &in, &out);
    *sorted = out.values;
    if (status == STATUS_OK)
        restore_zeros(values, sorted);
    return status;
}

/* stable_before orders by value and, of equal values, by where they came from. */
static bool stable_before(struct heap_run *run, const int64_t *came, size_t i, size_t j) {
    if (compare(run, i, j))
        return true;
    return !run->kernel->before(place(run, j), place(run, i)) && came[i] < came[j];
}

static void stable_swap(struct heap_run *run, int64_t *came, size_t i, size_t j) {
    int64_t x = came[i];
    came[i] = came[j];
    came[j] = x;
    swap(run, i, j);
}

/* heap_sort is the textbook's: a heap with the last value at its root gives its values from the last to the first;
 * came[] gets where each was. */
static void heap_sort(struct heap_run *run, int64_t *came) {
    size_t n = run->heap.n;
    for (size_t i = 0; i < n; i++)
        came[i] = (int64_t)i;
    for (size_t built = n / 2, end = n; end > 1;) {
        size_t at = 0;
        if (built > 0)
            at = --built;
        else
            stable_swap(run, came, 0, --end);
        for (size_t child; (child = 2 * at + 1) < end; at = child) {
            if (child + 1 < end && stable_before(run, came, child, child + 1))
                child++;
            if (!stable_before(run, came, at, child))
                break;
            stable_swap(run, came, at, child);
        }
    }
}

enum status heap_run_sort(struct heap_run *run) {
    struct ctx_mark mark = ctx_mark(run->ctx);
    if (run->trace) { /* no rewind: the trace lies behind the mark */
        int64_t *came = ctx_alloc(run->ctx, run->heap.n, sizeof *came);
        if (came)
            heap_sort(run, came);
        return came ? STATUS_OK : STATUS_NO_MEMORY;
    }
    struct array sorted;
    enum status status = fast_sort(run->ctx, &run->heap, run->max, &sorted);
    if (status == STATUS_OK && sorted.n)
        memcpy(run->heap.data, sorted.data, sorted.n * run->kernel->size);
    ctx_rewind(run->ctx, mark);
    return status;
}

/* candidates copies those of the heap that can be among the n first: all before the n-th, and of its equals the first.
 * There are exactly n. */
static enum status candidates(struct heap_run *run, bool greatest, size_t n, struct array *out) {
    const struct heap_kernel *kernel = heap_kernel_of(run->heap.kind, greatest);
    const int64_t rank = (int64_t)n;
    struct select_in in = {.values = run->heap, .ks = &rank, .n_ks = 1, .single = true, .smallest = !greatest};
    struct array last;
    enum status status = select_solve(run->ctx, &in, &last);
    void *data = status == STATUS_OK ? ctx_alloc(run->ctx, n, kernel->size) : NULL;
    if (!data)
        return status == STATUS_OK ? STATUS_NO_MEMORY : status;
    size_t equals = n, kept = 0;
    for (size_t i = 0; i < run->heap.n; i++)
        equals -= kernel->before(place(run, i), last.data);
    for (size_t i = 0; i < run->heap.n && kept < n; i++) {
        bool before = kernel->before(place(run, i), last.data);
        if (!before && (equals == 0 || kernel->before(last.data, place(run, i))))
            continue;
        equals -= !before;
        memcpy((char *)data + kept++ * kernel->size, place(run, i), kernel->size);
    }
    *out = array_1d(run->heap.kind, data, kept);
    return STATUS_OK;
}

static enum status fast_extremes(struct heap_run *run, bool greatest, struct array *out) {
    struct ctx_mark mark = ctx_mark(run->ctx);
    struct array from = run->heap, sorted;
    enum status status = STATUS_OK;
    if (out->n < run->heap.n / 4)
        status = candidates(run, greatest, out->n, &from);
    if (status == STATUS_OK)
        status = fast_sort(run->ctx, &from, greatest, &sorted);
    if (status == STATUS_OK)
        memcpy(out->data, sorted.data, out->n * run->kernel->size);
    ctx_rewind(run->ctx, mark);
    return status;
}

/* traced_extremes sorts a copy out of sight and shows where the values are taken. */
static enum status traced_extremes(struct heap_run *run, bool greatest, struct array *out) {
    size_t n = run->heap.n;
    void *copy = ctx_alloc(run->ctx, n, run->kernel->size);
    int64_t *came = ctx_alloc(run->ctx, n, sizeof *came);
    if (!copy || !came)
        return STATUS_NO_MEMORY;
    memcpy(copy, run->heap.data, n * run->kernel->size);
    struct heap_run hidden = {run->ctx, heap_kernel_of(run->heap.kind, greatest), greatest,
                              array_1d(run->heap.kind, copy, n), NULL};
    heap_sort(&hidden, came);
    memcpy(out->data, copy, out->n * run->kernel->size);
    for (size_t i = 0; i < out->n; i++)
        trace_add(run->trace, "take", TRACE_AT(came[i]), &run->heap, TRACE_NO_VARS);
    return STATUS_OK;
}

enum status heap_run_extremes(struct heap_run *run, bool greatest, size_t n, struct array *out) {
    n = n < run->heap.n ? n : run->heap.n;
    void *data = ctx_alloc(run->ctx, n, run->kernel->size);
    if (!data)
        return STATUS_NO_MEMORY;
    *out = array_1d(run->heap.kind, data, n);
    if (n == 0)
        return STATUS_OK;
    return run->trace ? traced_extremes(run, greatest, out) : fast_extremes(run, greatest, out);
}
