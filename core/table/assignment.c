#include "core/table/assignment.h"

#include <math.h>

enum { ROUNDS = 2 };
static const uint32_t NONE = UINT32_MAX;

/* Invariants: a row's column is one of its least in cost - v; columns that were assigned stay so. */
struct assignment {
    size_t n;
    const double *cost; /* [n][n] */
    double *v;          /* [n] of columns */
    uint32_t *to, *of;  /* the column of a row, the row of a column; NONE */
    uint32_t *free;     /* rows without a column */
    size_t n_free;
    double *far;      /* [n] of columns from the row that is being assigned, in reduced costs */
    uint32_t *before; /* [n] the row before a column on its path */
    uint32_t *list;   /* [n] columns: done; at the least distance, to be scanned; the others */
};

static const double *row_of(const struct assignment *a, size_t i) { return a->cost + i * a->n; }

static enum status begin(struct ctx *ctx, struct assignment *a) {
    const size_t n = a->n;
    a->v = ctx_alloc(ctx, n, sizeof *a->v);
    a->far = ctx_alloc(ctx, n, sizeof *a->far);
    a->of = ctx_alloc(ctx, n, sizeof *a->of);
    a->free = ctx_alloc(ctx, n, sizeof *a->free);
    a->before = ctx_alloc(ctx, n, sizeof *a->before);
    a->list = ctx_alloc(ctx, n, sizeof *a->list);
    return a->v && a->far && a->of && a->free && a->before && a->list ? STATUS_OK : STATUS_NO_MEMORY;
}

/* -- Reductions -- */

/* reduce_columns: v is the least cost of each column, which goes to the row that has it, if that is free. */
static void reduce_columns(struct assignment *a) {
    for (size_t j = 0; j < a->n; j++)
        a->v[j] = (double)INFINITY, a->to[j] = NONE;
    for (size_t i = 0; i < a->n; i++)
        for (size_t j = 0; j < a->n; j++)
            if (row_of(a, i)[j] < a->v[j])
                a->v[j] = row_of(a, i)[j], a->of[j] = (uint32_t)i;
    for (size_t j = a->n; j-- > 0;)
        if (a->to[a->of[j]] == NONE)
            a->to[a->of[j]] = (uint32_t)j;
        else
            a->of[j] = NONE;
}

/* The two least of a row in cost - v, and the column of the first. */
struct least {
    double first, second;
    size_t at, next;
};

static struct least least_of(const struct assignment *a, size_t i) {
    const double *row = row_of(a, i);
    struct least l = {(double)INFINITY, (double)INFINITY, 0, 0};
    for (size_t j = 0; j < a->n; j++) {
        const double x = row[j] - a->v[j];
        if (x < l.first)
            l = (struct least){x, l.first, j, l.at};
        else if (x < l.second)
            l.second = x, l.next = j;
    }
    return l;
}

/* transfer lowers a row's column until another is as good, so that others take that one only where it pays. */
static void transfer(struct assignment *a) {
    for (size_t i = 0; i < a->n; i++) {
        if (a->to[i] == NONE) {
            a->free[a->n_free++] = (uint32_t)i;
            continue;
        }
        const struct least l = least_of(a, i);
        const double other = l.at == a->to[i] ? l.second : l.first;
        if (isfinite(other))
            a->v[a->to[i]] -= other - (row_of(a, i)[a->to[i]] - a->v[a->to[i]]);
    }
}

/* take gives row i its best column, or the next best where that one is taken and would cost as much; returns the row that
 * is driven out, or NONE. */
static uint32_t take(struct assignment *a, uint32_t i, bool *better) {
    const struct least l = least_of(a, i);
    const double lowered = a->v[l.at] - (l.second - l.first);
    size_t at = l.at;
    *better = isfinite(lowered) && lowered < a->v[l.at];
    if (*better)
        a->v[l.at] = lowered;
    else if (a->of[l.at] != NONE && isfinite(l.second))
        at = l.next;
    const uint32_t out = a->of[at];
    a->to[i] = (uint32_t)at;
    a->of[at] = i;
    if (out != NONE)
        a->to[out] = NONE;
    return out;
}

/* reduce_rows lets free rows take columns; who is driven out goes on at once where that made a column dearer, else waits. */
static void reduce_rows(struct assignment *a) {
    size_t left = ROUNDS * a->n, at = 0, waiting = 0;
    const size_t n = a->n_free;
    while (at < n && left > 0) {
        uint32_t i = a->free[at++];
        for (bool better = true; i != NONE && better && left > 0; left--)
            i = take(a, i, &better);
        if (i != NONE)
            a->free[waiting++] = i;
    }
    while (at < n)
        a->free[waiting++] = a->free[at++];
    a->n_free = waiting;
}

/* -- Paths -- */

static void swap(uint32_t *list, size_t i, size_t j) {
    uint32_t kept = list[i];
    list[i] = list[j];
    list[j] = kept;
}

/* nearest brings the columns of least distance to the front of list[from ..], and returns where they end. */
static size_t nearest(struct assignment *a, size_t from) {
    size_t end = from;
    double least = (double)INFINITY;
    for (size_t k = from; k < a->n; k++) {
        const double far = a->far[a->list[k]];
        if (far > least)
            continue;
        if (far < least)
            least = far, end = from;
        swap(a->list, end++, k);
    }
    return end;
}

/* scan goes on from column j, at distance `least`: columns that come as near join those to be scanned, up to *end. It
 * returns a free one of these, or NONE. */
static uint32_t scan(struct assignment *a, uint32_t j, double least, size_t *end) {
    const uint32_t i = a->of[j];
    const double *row = row_of(a, i), back = row[j] - a->v[j] - least;
    for (size_t k = *end; k < a->n; k++) {
        const uint32_t to = a->list[k];
        const double far = row[to] - a->v[to] - back;
        if (far >= a->far[to])
            continue;
        a->far[to] = far > least ? far : least; /* rounding */
        a->before[to] = i;
        if (far > least)
            continue;
        if (a->of[to] == NONE)
            return to;
        swap(a->list, (*end)++, k);
    }
    return NONE;
}

/* free_in gives a free column of list[from .. end), or NONE. */
static uint32_t free_in(const struct assignment *a, size_t from, size_t end) {
    for (size_t k = from; k < end; k++)
        if (a->of[a->list[k]] == NONE)
            return a->list[k];
    return NONE;
}

/* shortest finds the nearest free column from row i, and keeps v such that its path is of reduced costs 0. */
static uint32_t shortest(struct assignment *a, uint32_t i) {
    size_t done = 0, end = 0, ready = 0;
    double least = 0;
    uint32_t found = NONE;
    for (size_t j = 0; j < a->n; j++) {
        a->far[j] = row_of(a, i)[j] - a->v[j];
        a->before[j] = i;
        a->list[j] = (uint32_t)j;
    }
    while (found == NONE) {
        if (done == end) {
            ready = done;
            end = nearest(a, done);
            least = a->far[a->list[done]];
            found = free_in(a, done, end);
        } else {
            found = scan(a, a->list[done++], least, &end);
        }
    }
    for (size_t k = 0; k < ready; k++)
        a->v[a->list[k]] += a->far[a->list[k]] - least;
    return found;
}

static void augment(struct assignment *a, uint32_t from, uint32_t column) {
    for (uint32_t i = NONE; i != from;) {
        i = a->before[column];
        const uint32_t had = a->to[i];
        a->of[column] = i;
        a->to[i] = column;
        column = had;
    }
}

static enum status assign_rest(struct ctx *ctx, struct assignment *a) {
    for (size_t k = 0; k < a->n_free && ctx_stop(ctx) == STOP_NONE; k++)
        augment(a, a->free[k], shortest(a, a->free[k]));
    return ctx_stopped(ctx);
}

enum status assignment_solve(struct ctx *ctx, const double *cost, size_t n, uint32_t *to) {
    struct ctx_mark mark = ctx_mark(ctx);
    struct assignment a = {.n = n, .cost = cost, .to = to};
    enum status status = begin(ctx, &a);
    if (status == STATUS_OK) {
        reduce_columns(&a);
        transfer(&a);
        reduce_rows(&a);
        reduce_rows(&a);
        status = assign_rest(ctx, &a);
    }
    ctx_rewind(ctx, mark);
    return status;
}
