#include "core/combine/knapsack_table.h"

#include <inttypes.h>
#include <string.h>

struct table {
    const struct knapsack_task *task;
    struct trace *trace;
    size_t width;     /* capacity + 1 */
    size_t levels;    /* at_most + 1; 1 where there is no such limit */
    size_t row;       /* width * levels */
    int64_t *best;    /* [row], or [parts + 1][row] in two dimensions */
    uint64_t *keep;   /* [parts][words], in one dimension */
    size_t words;     /* of 64 cells */
    int64_t nowhere;  /* what an unreachable cell holds: below any sum */
    struct array all; /* best as the trace sees it */
};

static size_t levels_of(const struct knapsack_task *task, const struct knapsack_parts *parts) {
    uint64_t copies = 0;
    if (task->at_most < 0)
        return 1;
    for (size_t i = 0; i < parts->n && copies < (uint64_t)task->at_most; i++)
        copies += (uint64_t)parts->part[i].copies;
    return (size_t)(copies < (uint64_t)task->at_most ? copies : (uint64_t)task->at_most) + 1;
}

int64_t knapsack_table_cells(const struct knapsack_task *task, const struct knapsack_parts *parts, bool two) {
    int64_t cells, levels = (int64_t)levels_of(task, parts);
    if (levels <= 0 || __builtin_add_overflow(parts->capacity, 1, &cells) ||
        __builtin_mul_overflow(cells, levels, &cells) ||
        __builtin_mul_overflow(cells, (int64_t)parts->n + two, &cells) || cells > INT64_MAX / 2)
        return 0;
    return parts->n + two ? cells : 1;
}

/* -- A row -- */

/* fill_level is the inner loop for one level, downwards, so that `from` may be the row itself. */
static void fill_level(int64_t *to, const int64_t *from, size_t lo, size_t hi, int64_t p, uint64_t *keep, size_t at) {
    for (size_t c = hi; c-- > lo;) {
        int64_t with = from[c - lo] + p;
        bool better = with > to[c];
        to[c] = better ? with : to[c];
        keep[(at + c) / 64] |= (uint64_t)better << (at + c) % 64;
    }
}

static void fill_level_2d(int64_t *to, const int64_t *from, size_t lo, size_t hi, int64_t p) {
    for (size_t c = lo; c < hi; c++) {
        int64_t with = from[c - lo] + p;
        to[c] = with > to[c] ? with : to[c];
    }
}

/* fill_traced is the plain twin of both. */
static void fill_traced(struct table *t, const struct knapsack_part *part, int64_t *to, const int64_t *from, size_t lo,
                        size_t hi, uint64_t *keep, size_t at) {
    for (size_t c = hi; c-- > lo;) {
        if (from[c - lo] < 0 || from[c - lo] + part->p <= to[c])
            continue;
        to[c] = from[c - lo] + part->p;
        if (keep)
            keep[(at + c) / 64] |= UINT64_C(1) << (at + c) % 64;
        trace_add(t->trace, "set", TRACE_AT(to + c - t->best), &t->all,
                  TRACE_VARS({"item", trace_int(part->item)}, {"copies", trace_int(part->copies)},
                             {"weight", trace_int((int64_t)c)}));
    }
}

static void copy_row(struct table *t, const int64_t *from, int64_t *to) {
    memcpy(to, from, t->row * sizeof *to);
    if (!t->trace)
        return;
    for (size_t c = 0; c < t->row; c++)
        trace_add(t->trace, "set", TRACE_AT(to + c - t->best), &t->all, TRACE_NO_VARS);
}

/* fill_part works one part in; from and to are rows, the same one in one dimension. False: asked to stop. */
static bool fill_part(struct ctx *ctx, struct table *t, const struct knapsack_part *part, const int64_t *from,
                      int64_t *to, uint64_t *keep) {
    size_t q = t->levels > 1 ? (size_t)part->copies : 0, w = (size_t)part->w;
    if (from != to)
        copy_row(t, from, to);
    if (q >= t->levels || w >= t->width)
        return ctx_stop(ctx) == STOP_NONE;
    for (size_t k = t->levels; k-- > q;) {
        int64_t *level = to + k * t->width;
        const int64_t *source = from + (k - q) * t->width;
        if (t->trace)
            fill_traced(t, part, level, source, w, t->width, keep, k * t->width);
        else if (keep)
            fill_level(level, source, w, t->width, part->p, keep, k * t->width);
        else
            fill_level_2d(level, source, w, t->width, part->p);
        if (k % 64 == 0 && ctx_stop(ctx) != STOP_NONE)
            return false;
    }
    return true;
}

/* -- The table -- */

static enum status make_table(struct ctx *ctx, const struct knapsack_task *task, const struct knapsack_parts *parts,
                              bool two, struct table *t) {
    *t = (struct table){.task = task, .trace = task->trace};
    t->width = (size_t)parts->capacity + 1;
    t->levels = levels_of(task, parts);
    t->row = t->width * t->levels;
    t->words = t->row / 64 + 1;
    t->nowhere = task->trace ? -1 : INT64_MIN;
    size_t cells = t->row * (two ? parts->n + 1 : 1);
    t->best = ctx_zalloc(ctx, cells, sizeof *t->best);
    t->keep = two ? NULL : ctx_zalloc(ctx, parts->n * t->words, sizeof *t->keep);
    if (!t->best || (!two && !t->keep))
        return STATUS_NO_MEMORY;
    if (task->exact_fill)
        for (size_t c = 0; c < t->row; c++)
            t->best[c] = c % t->width ? t->nowhere : 0;
    t->all = array_1d(KIND_INT, t->best, cells);
    if (!task->trace)
        return STATUS_OK;
    enum status status = trace_begin(ctx, task->trace, task->max_steps, NULL); /* check_size has its own limit */
    return status == STATUS_OK ? trace_show(task->trace, &t->all) : status;
}

static bool took(const struct table *t, bool two, size_t i, size_t cell) {
    if (two)
        return t->best[(i + 1) * t->row + cell] != t->best[i * t->row + cell];
    return t->keep[i * t->words + cell / 64] >> cell % 64 & 1;
}

/* read_choice goes from the last cell back to the first part. */
static void read_choice(struct table *t, struct knapsack_parts *parts, bool two) {
    size_t k = t->levels - 1, c = t->width - 1;
    for (size_t i = parts->n; i-- > 0;) {
        struct knapsack_part *part = &parts->part[i];
        size_t cell = k * t->width + c;
        part->taken = took(t, two, i, cell);
        trace_add(t->trace, part->taken ? "take" : "leave", TRACE_AT((int64_t)((two ? (i + 1) * t->row : 0) + cell)),
                  NULL, TRACE_VARS({"item", trace_int(part->item)}, {"copies", trace_int(part->copies)}));
        if (!part->taken)
            continue;
        c -= (size_t)part->w;
        k -= t->levels > 1 ? (size_t)part->copies : 0;
    }
}

static enum status check_size(struct ctx *ctx, const struct knapsack_task *task, const struct knapsack_parts *parts,
                              bool two) {
    int64_t cells = knapsack_table_cells(task, parts, two);
    int64_t most = task->trace ? KNAPSACK_CELLS_TRACED : two ? KNAPSACK_CELLS_2D : KNAPSACK_CELLS_1D;
    if (cells == 0)
        return ctx_fail(ctx, STATUS_TOO_LARGE, task->trace ? "/trace" : "/algorithm",
                        "The table would have more than 4611686018427387904 cells, want at most %" PRId64 ".", most);
    if (cells > most)
        return ctx_fail(ctx, STATUS_TOO_LARGE, task->trace ? "/trace" : "/algorithm",
                        "The table would have %" PRId64 " cells, want at most %" PRId64 "%s.", cells, most,
                        task->trace ? " for a trace" : "");
    int64_t row = cells / ((int64_t)parts->n + two ? (int64_t)parts->n + two : 1);
    if (row > KNAPSACK_CELLS_2D)
        return ctx_fail(ctx, STATUS_TOO_LARGE, "/algorithm",
                        "A row of the table would have %" PRId64 " cells, want at most %d.", row, KNAPSACK_CELLS_2D);
    return STATUS_OK;
}

static enum status fill(struct ctx *ctx, struct table *t, struct knapsack_parts *parts, bool two, bool *stopped) {
    for (size_t i = 0; i < parts->n && !*stopped; i++) {
        int64_t *from = two ? t->best + i * t->row : t->best;
        *stopped =
            !fill_part(ctx, t, &parts->part[i], from, two ? from + t->row : from, two ? NULL : t->keep + i * t->words);
    }
    return ctx_stop(ctx) == STOP_CANCEL ? ctx_stopped(ctx) : STATUS_OK;
}

enum status knapsack_table_solve(struct ctx *ctx, const struct knapsack_task *task, struct knapsack_parts *parts,
                                 bool two, struct knapsack_found *out) {
    *out = (struct knapsack_found){.end = KNAPSACK_COMPLETE};
    struct table t;
    bool stopped = false;
    enum status status = check_size(ctx, task, parts, two);
    if (status == STATUS_OK)
        status = make_table(ctx, task, parts, two, &t);
    if (status == STATUS_OK)
        status = fill(ctx, &t, parts, two, &stopped);
    if (status != STATUS_OK)
        return status;
    int64_t states = knapsack_table_cells(task, parts, two);
    out->stats = (struct knapsack_stats){(int64_t)parts->n, (int64_t)parts->n, states, states, 0};
    if (stopped) {
        *out = (struct knapsack_found){!task->exact_fill, false, parts->sum_p, KNAPSACK_DEADLINE, out->stats};
        return STATUS_OK;
    }
    int64_t value = t.best[(two ? parts->n * t.row : 0) + t.row - 1];
    out->found = value >= 0;
    out->optimal = true;
    out->bound = value >= 0 ? value : 0;
    if (out->found)
        read_choice(&t, parts, two);
    return trace_end(t.trace);
}
