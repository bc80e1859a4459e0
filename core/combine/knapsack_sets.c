#include "core/combine/knapsack_sets.h"

#include <stdlib.h>
#include <string.h>

#include "core/combine/knapsack_surrogate.h"

typedef __int128 wide;

/* An item with its copies, in the order of the search. */
struct entry {
    int64_t w, p, copies;
    size_t item, from, to; /* its parts */
};

struct search {
    struct ctx *ctx;
    const struct knapsack_task *task;
    struct knapsack_parts parts;
    struct entry *entry; /* [n] */
    size_t n;
    int64_t *count; /* [n] copies now chosen */
    int64_t *table; /* [n + 1][row]: the greatest value of entries i .. n-1; NULL: there is none */
    size_t width, levels, row;
    size_t cells;                      /* of a table, at most */
    size_t dims;                       /* 1 .. */
    struct knapsack_surrogate by;      /* several capacities: the bound, of entries as parts */
    int64_t value;                     /* of an optimal choice */
    int64_t p, copies;                 /* of what is chosen now */
    int64_t used[KNAPSACK_MAX_LIMITS]; /* and what it weighs; behind that, with at_most, its copies */
    size_t work;                       /* since the last look at the stop flag */
    size_t room;                       /* in out->set */
    struct knapsack_sets *out;
};

/* -- What the rest can be worth -- */

static void add_part(struct search *s, int64_t *row, const struct knapsack_part *part) {
    size_t q = s->levels > 1 ? (size_t)part->copies : 0, w = (size_t)part->w;
    if (q >= s->levels || w >= s->width)
        return;
    for (size_t k = s->levels; k-- > q;)
        for (size_t c = s->width; c-- > w;) {
            int64_t with = row[(k - q) * s->width + c - w] + part->p, *to = &row[k * s->width + c];
            *to = with > *to ? with : *to;
        }
}

/* make_table leaves s->table NULL where it would be too large. A sum of values added to INT64_MIN, which stands for
 * what cannot be reached, stays negative. */
static enum status make_table(struct search *s) {
    uint64_t levels = s->task->at_most < 0 ? 1 : (uint64_t)s->task->at_most + 1;
    uint64_t width = (uint64_t)s->parts.capacity + 1;
    if (s->task->dims || width > s->cells || levels > s->cells || (wide)width * levels * (wide)(s->n + 1) > s->cells)
        return STATUS_OK;
    s->width = width;
    s->levels = levels;
    s->row = width * levels;
    s->table = ctx_zalloc(s->ctx, s->row * (s->n + 1), sizeof *s->table);
    if (!s->table)
        return STATUS_NO_MEMORY;
    for (size_t c = 0; s->task->exact_fill && c < s->row; c++)
        s->table[s->n * s->row + c] = c % width ? INT64_MIN : 0;
    for (size_t i = s->n; i-- > 0 && ctx_stop(s->ctx) == STOP_NONE;) {
        int64_t *row = s->table + i * s->row;
        memcpy(row, row + s->row, s->row * sizeof *row);
        for (size_t k = s->entry[i].from; k < s->entry[i].to; k++)
            add_part(s, row, &s->parts.part[k]);
    }
    return STATUS_OK;
}

/* lp_rest is the LP bound on entries from .. n-1, which stand in order of ratio. */
static wide lp_rest(const struct search *s, size_t from, int64_t room) {
    wide value = 0;
    for (size_t i = from; i < s->n; i++) {
        const struct entry *e = &s->entry[i];
        if (e->w * e->copies > room) /* fits int64: parts_make has checked the sums */
            return value + (wide)room * e->p / e->w;
        room -= e->w * e->copies;
        value += e->p * e->copies;
    }
    return value;
}

static int64_t capacity_of(const struct search *s, size_t d) {
    return s->task->dims ? knapsack_capacity(s->task, d) : s->parts.capacity;
}

/* may_win tells whether entries from .. can bring the choice to the optimum. */
static bool may_win(const struct search *s, size_t from) {
    if (s->task->dims)
        return knapsack_surrogate_bound(&s->by, from, s->used, s->p) >= (double)s->value &&
               knapsack_surrogate_fills(&s->by, from, s->used);
    int64_t room = s->parts.capacity - s->used[0];
    if (!s->table)
        return s->p + lp_rest(s, from, room) >= s->value;
    int64_t left = s->levels > 1 ? s->task->at_most - s->copies : 0;
    int64_t rest = s->table[from * s->row + (size_t)left * s->width + (size_t)room];
    return rest >= 0 && s->p + rest >= s->value;
}

/* -- Entries -- */

static int by_ratio(const void *x, const void *y) {
    const struct entry *a = x, *b = y;
    wide left = (wide)a->p * b->w, right = (wide)b->p * a->w;
    if ((a->w == 0) != (b->w == 0))
        return a->w == 0 ? -1 : 1;
    if (a->w > 0 && left != right)
        return left > right ? -1 : 1;
    return a->item < b->item ? -1 : a->item > b->item;
}

/* order_entries puts entries in the surrogate's order; each is a part of all its copies there. */
static enum status order_entries(struct search *s) {
    struct knapsack_parts *whole = ctx_alloc(s->ctx, 1, sizeof *whole);
    struct knapsack_part *part = ctx_alloc(s->ctx, s->n, sizeof *part);
    struct entry *entry = ctx_alloc(s->ctx, s->n, sizeof *entry);
    if (!whole || !part || !entry)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < s->n; i++) {
        const struct entry *e = &s->entry[i];
        part[i] = (struct knapsack_part){.p = e->p * e->copies, .copies = e->copies, .item = (uint32_t)e->item};
    }
    *whole = (struct knapsack_parts){.part = part, .n = s->n};
    enum status status = knapsack_surrogate_make(s->ctx, s->task, whole, &s->by);
    for (size_t k = 0; status == STATUS_OK && k < s->n; k++)
        entry[k] = s->entry[s->by.order[k].i];
    s->entry = entry;
    return status;
}

static enum status make_entries(struct search *s) {
    enum status status = knapsack_parts_make(s->ctx, s->task, true, &s->parts);
    if (status != STATUS_OK)
        return status;
    s->entry = ctx_alloc(s->ctx, s->parts.n, sizeof *s->entry);
    s->count = ctx_zalloc(s->ctx, s->parts.n + 1, sizeof *s->count);
    if (!s->entry || !s->count)
        return STATUS_NO_MEMORY;
    for (size_t k = 0; k < s->parts.n; k++) {
        const struct knapsack_part *part = &s->parts.part[k];
        if (k == 0 || part->item != part[-1].item)
            s->entry[s->n++] = (struct entry){
                knapsack_weight(s->task, part->item, 0), knapsack_value(s->task, part->item), 0, part->item, k, k};
        s->entry[s->n - 1].copies += part->copies;
        s->entry[s->n - 1].to = k + 1;
    }
    if (!s->task->exact_fill && s->parts.sum_w < s->parts.capacity)
        s->parts.capacity = s->parts.sum_w;
    status = s->task->dims ? order_entries(s) : make_table(s);
    if (!s->task->dims && !s->table && s->n)
        qsort(s->entry, s->n, sizeof *s->entry, by_ratio);
    s->out->table = s->table;
    return status;
}

/* -- The search -- */

static int by_number(const void *x, const void *y) {
    const int64_t *a = x, *b = y;
    return *a < *b ? -1 : *a > *b;
}

static bool make_room(struct search *s) {
    if (s->out->n < s->room)
        return true;
    s->room = s->room ? 2 * s->room : 16;
    struct knapsack_set *set = ctx_alloc(s->ctx, s->room, sizeof *set);
    if (set && s->out->n)
        memcpy(set, s->out->set, s->out->n * sizeof *set);
    s->out->set = set;
    return set;
}

/* record copies the choice, by index. */
static enum status record(struct search *s) {
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        n += s->count[i] > 0;
    int64_t(*pair)[2] = ctx_alloc(s->ctx, n, sizeof *pair);
    int64_t *chosen = ctx_alloc(s->ctx, n, sizeof *chosen), *counts = ctx_alloc(s->ctx, n, sizeof *counts);
    if (!pair || !chosen || !counts || !make_room(s))
        return STATUS_NO_MEMORY;
    n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (s->count[i] > 0) {
            pair[n][0] = (int64_t)s->entry[i].item;
            pair[n++][1] = s->count[i];
        }
    if (n)
        qsort(pair, n, sizeof *pair, by_number);
    for (size_t k = 0; k < n; k++) {
        chosen[k] = pair[k][0];
        counts[k] = pair[k][1];
    }
    s->out->set[s->out->n++] = (struct knapsack_set){array_1d(KIND_INT, chosen, n), array_1d(KIND_INT, counts, n)};
    return STATUS_OK;
}

static void take(struct search *s, size_t i, int64_t copies) {
    s->count[i] += copies;
    s->p += copies * s->entry[i].p;
    s->copies += copies;
    for (size_t d = 0; d < s->dims; d++)
        s->used[d] += copies * knapsack_weight(s->task, s->entry[i].item, d);
    s->used[s->dims] = s->copies;
}

static int64_t most(const struct search *s, size_t i) {
    int64_t copies = s->entry[i].copies;
    for (size_t d = 0; d < s->dims; d++) {
        int64_t w = knapsack_weight(s->task, s->entry[i].item, d), room = capacity_of(s, d) - s->used[d];
        if (w > 0 && copies > room / w)
            copies = room / w;
    }
    if (s->task->at_most >= 0 && copies > s->task->at_most - s->copies)
        copies = s->task->at_most - s->copies;
    return copies;
}

static bool asked_to_stop(struct search *s) {
    s->work += s->table ? 1 : s->n + 1;
    if (s->work < 1 << 20)
        return false;
    s->work = 0;
    return ctx_stop(s->ctx) != STOP_NONE;
}

/* next moves to the next branch that may win: from entry i's count downwards, going back where none is left. Gives the
 * depth to go on from, SIZE_MAX at the end. */
static size_t next(struct search *s, size_t i, bool fresh) {
    for (;;) {
        if (asked_to_stop(s)) {
            s->out->stopped = true;
            return SIZE_MAX;
        }
        if (fresh && may_win(s, i + 1))
            return i + 1;
        /* Of what takes no room but is worth something, fewer copies are only worse. */
        if (s->count[i] > 0 && fresh && s->entry[i].w == 0 && !s->task->dims && s->entry[i].p > 0 &&
            s->task->at_most < 0)
            take(s, i, -s->count[i]);
        fresh = s->count[i] > 0;
        if (fresh)
            take(s, i, -1);
        else if (i-- == 0)
            return SIZE_MAX;
    }
}

static bool is_full(const struct search *s) {
    for (size_t d = 0; s->task->exact_fill && d < s->dims; d++)
        if (s->used[d] != capacity_of(s, d))
            return false;
    return true;
}

static enum status explore(struct search *s) {
    size_t i = 0;
    while (i != SIZE_MAX) {
        if (i < s->n) {
            take(s, i, most(s, i));
            i = next(s, i, true);
            continue;
        }
        if (s->p == s->value && is_full(s)) {
            s->out->more = s->out->n == (size_t)s->task->sets;
            enum status status = s->out->more ? STATUS_OK : record(s);
            if (s->out->more || status != STATUS_OK)
                return status;
        }
        i = s->n ? next(s, s->n - 1, false) : SIZE_MAX;
    }
    return STATUS_OK;
}

enum status knapsack_sets_list(struct ctx *ctx, const struct knapsack_task *task, int64_t value, size_t cells,
                               struct knapsack_sets *out) {
    struct search s = {
        .ctx = ctx, .task = task, .value = value, .cells = cells, .dims = task->dims ? task->dims : 1, .out = out};
    *out = (struct knapsack_sets){0};
    enum status status = make_entries(&s);
    if (status != STATUS_OK)
        return status;
    out->stopped = ctx_stop(ctx) != STOP_NONE;
    if (!out->stopped)
        status = explore(&s);
    return ctx_stop(ctx) == STOP_CANCEL ? ctx_stopped(ctx) : status;
}
