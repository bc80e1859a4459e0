#include "core/combine/combination.h"

#include <string.h>

#include "core/combine/combination_count.h"
#include "core/combine/combination_cursor.h"
#include "core/combine/combination_walk.h"
#include "core/combine/wide.h"

/* What a page is made of. `at` are the positions of the combination that the trace shows. */
struct pager {
    struct ctx *ctx;
    struct combination_walk walk;
    const struct combination_page *page;
    size_t *start; /* [n + 1], room for rows */
    int64_t *values;
    size_t n, rows_room, values_room;
    size_t steps;        /* since the stop was looked at */
    const int64_t *last; /* tokens of the combination that ends the page; NULL: none has */
    size_t n_last;
    struct array shown; /* the sorted candidates */
    size_t *at;
    size_t depth;
};

/* grow doubles an array of 8-byte elements in the arena until it has room for n. */
static void *grow(struct ctx *ctx, void *old, size_t used, size_t *room, size_t n) {
    size_t size = *room;
    while (size < n)
        size *= 2;
    if (size == *room)
        return old;
    void *to = ctx_alloc(ctx, size, 8);
    if (to && used)
        memcpy(to, old, used * 8);
    *room = size;
    return to;
}

static enum status keep_row(struct pager *p) {
    const struct combination_walk *walk = &p->walk;
    size_t used = p->start[p->n];
    p->values = grow(p->ctx, p->values, used, &p->values_room, used + walk->depth);
    p->start = p->values ? grow(p->ctx, p->start, p->n + 1, &p->rows_room, p->n + 2) : NULL;
    if (!p->start)
        return STATUS_NO_MEMORY;
    if (walk->depth)
        memcpy(p->values + used, walk->row, walk->depth * sizeof *p->values);
    p->start[++p->n] = used + walk->depth;
    return STATUS_OK;
}

/* -- Trace: from one combination to the next, what backtracking takes back and what it chooses -- */

static void trace_choice(struct pager *p, const char *op, size_t position, int64_t *rest) {
    *rest += (op[0] == 'c' ? -1 : 1) * p->walk.plan->value[position];
    trace_add(p->page->trace, op, TRACE_AT((int64_t)position), &p->shown,
              TRACE_VARS({"depth", trace_int((int64_t)p->depth)}, {"rest", trace_int(*rest)}));
}

static void trace_move(struct pager *p, size_t depth, int64_t *rest) {
    const struct combination_walk *walk = &p->walk;
    size_t same = 0;
    while (same < depth && same < p->depth && walk->at[same] == p->at[same])
        same++;
    while (p->depth > same) {
        p->depth--;
        trace_choice(p, "unchoose", p->at[p->depth], rest);
    }
    while (p->depth < depth) {
        p->at[p->depth] = walk->at[p->depth];
        p->depth++;
        trace_choice(p, "choose", p->at[p->depth - 1], rest);
    }
}

static enum status trace_start(struct pager *p) {
    const struct combination_plan *plan = p->walk.plan;
    p->shown = array_1d(KIND_INT, plan->value, plan->n);
    p->at = ctx_alloc(p->ctx, plan->none || !plan->n ? 0 : plan->target / plan->part[0], sizeof *p->at);
    return p->at ? trace_begin(p->ctx, p->page->trace, p->page->max_steps, &p->shown) : STATUS_NO_MEMORY;
}

static void trace_row(struct pager *p, int64_t *rest) {
    if (!p->page->trace)
        return;
    trace_move(p, p->walk.depth, rest);
    trace_add(p->page->trace, "emit", TRACE_NOWHERE, NULL, TRACE_VARS({"row", trace_int((int64_t)p->n)}));
}

/* -- Pages -- */

/* give_row hands a combination over, or keeps it. */
static enum status give_row(struct pager *p) {
    if (!p->page->row)
        return keep_row(p);
    p->n++;
    return p->page->row(p->page->row_self, p->walk.row, p->walk.depth, p->walk.kept);
}

/* stop_comes looks from time to time whether the host wants an end. */
static enum stop stop_comes(struct pager *p) {
    p->steps += 1 + p->walk.depth;
    enum stop stop = p->steps >> 16 ? ctx_stop(p->ctx) : STOP_NONE;
    p->steps &= (1 << 16) - 1;
    return stop;
}

/* end_page ends the page with the combination at hand where it is full, or a deadline wants it. */
static enum status end_page(struct pager *p, bool *cut) {
    enum stop stop = stop_comes(p);
    if (stop == STOP_CANCEL)
        return ctx_stopped(p->ctx);
    *cut = stop == STOP_DEADLINE;
    if (!*cut && p->n < (size_t)p->page->limit && (p->page->row || p->start[p->n] < COMBINATION_PAGE_VALUES))
        return STATUS_OK;
    p->n_last = p->walk.depth;
    int64_t *last = ctx_alloc(p->ctx, p->n_last, sizeof *last);
    for (size_t i = 0; last && i < p->n_last; i++)
        last[i] = combination_token(p->walk.plan, p->walk.at[i]);
    p->last = last;
    return last ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status fill_page(struct pager *p, bool have, int64_t target, struct combination_out *out) {
    int64_t rest = target;
    bool more = have || combination_next(&p->walk);
    while (more && !p->last) {
        trace_row(p, &rest);
        enum status status = give_row(p);
        if (status == STATUS_OK)
            status = end_page(p, &out->cut);
        if (status != STATUS_OK)
            return status;
        more = combination_next(&p->walk);
    }
    if (p->page->trace && !more)
        trace_move(p, 0, &rest);
    out->cut = out->cut && more;
    return more ? combination_cursor_write(p->ctx, p->walk.plan->mark, p->last, p->n_last, &out->next_cursor)
                : STATUS_OK;
}

static enum status seek_cursor(struct pager *p) {
    const struct combination_plan *plan = p->walk.plan;
    size_t n, most = plan->none || !plan->n ? 0 : plan->target / plan->part[0];
    int64_t *tokens;
    enum status status = combination_cursor_read(p->ctx, plan->mark, most, &p->page->cursor, &tokens, &n);
    if (status == STATUS_OK && !combination_seek(&p->walk, tokens, n))
        status = ctx_fail(p->ctx, STATUS_INVALID, "/cursor",
                          "The cursor names no combination of this request, want the next_cursor of an answer.");
    return status;
}

/* read_offset gives the rank in limbs; *past where it is not below the total. */
static enum status read_offset(struct ctx *ctx, const struct value *offset, const struct combination_count *count,
                               uint64_t **rank, bool *past) {
    *rank = ctx_zalloc(ctx, count->width, sizeof **rank);
    if (!*rank)
        return STATUS_NO_MEMORY;
    if (offset->kind == KIND_INT) {
        if (offset->i < 0)
            return ctx_fail(ctx, STATUS_INVALID, "/offset", "offset is %lld, want an integer of at least 0.",
                            (long long)offset->i);
        (*rank)[0] = (uint64_t)offset->i;
        *past = !wide_less(*rank, count->total, count->width);
        return STATUS_OK;
    }
    for (size_t i = 0; i < offset->s.n; i++)
        if (offset->s.p[i] < '0' || offset->s.p[i] > '9')
            return ctx_fail(ctx, STATUS_INVALID, "/offset",
                            "offset has another character than a digit at %zu, want decimal digits.", i);
    if (offset->s.n == 0)
        return ctx_fail(ctx, STATUS_INVALID, "/offset", "offset is an empty string, want decimal digits.");
    *past = !wide_read(*rank, count->width, offset->s.p, offset->s.n) || !wide_less(*rank, count->total, count->width);
    return STATUS_OK;
}

/* seek_offset leaves the walk at the combination of that rank; *past: there is none. */
static enum status seek_offset(struct pager *p, struct combination_count *count, bool *past) {
    uint64_t *rank;
    int64_t *tokens;
    size_t n;
    enum status status = read_offset(p->ctx, &p->page->offset, count, &rank, past);
    if (status != STATUS_OK || *past)
        return status;
    status = combination_unrank(p->ctx, count, rank, &tokens, &n);
    if (status == STATUS_OK && !combination_seek(&p->walk, tokens, n))
        status = ctx_fail(p->ctx, STATUS_INTERNAL, "", "The rank gave no combination.");
    return status;
}

static enum status list_page(struct pager *p, struct combination_count *count, int64_t target,
                             struct combination_out *out) {
    bool offset = p->page->offset.kind != KIND_NONE, past = false;
    enum status status = combination_begin(p->ctx, p->walk.plan, &p->walk);
    if (status == STATUS_OK && p->page->cursor.p)
        status = seek_cursor(p);
    else if (status == STATUS_OK && offset)
        status = seek_offset(p, count, &past);
    p->rows_room = p->values_room = 64;
    p->start = ctx_zalloc(p->ctx, p->rows_room, sizeof *p->start);
    p->values = p->start ? ctx_alloc(p->ctx, p->values_room, sizeof *p->values) : NULL;
    if (status == STATUS_OK && !p->values)
        status = STATUS_NO_MEMORY;
    if (status == STATUS_OK && p->page->trace)
        status = trace_start(p);
    if (status == STATUS_OK && !past)
        status = fill_page(p, offset, target, out);
    if (status == STATUS_OK)
        status = trace_end(p->page->trace);
    out->rows = (struct rows){p->n, p->start, p->values};
    return status;
}

enum status combination_solve(struct ctx *ctx, const struct combination_in *in, const struct combination_page *page,
                              struct combination_out *out) {
    struct combination_plan plan;
    struct combination_count count;
    const bool offset = page->offset.kind != KIND_NONE;
    *out = (struct combination_out){0};
    enum status status = combination_plan_make(ctx, in, &plan);
    if (status == STATUS_OK && (page->count || offset))
        status = combination_count_make(ctx, &plan, offset, &count);
    if (status == STATUS_OK && page->count)
        status = wide_value(ctx, count.total, count.width, &out->count);
    struct pager pager = {.ctx = ctx, .page = page, .walk = {.plan = &plan}};
    if (status == STATUS_OK && page->list)
        status = list_page(&pager, &count, in->target, out);
    return status;
}
