#include "core/combine/knapsack_trace.h"

#include "core/combine/knapsack_table.h"

typedef __int128 wide;

struct item {
    int64_t w, p, index;
};

/* What a choice of items weighs and is worth. */
struct state {
    int64_t w, p;
};

struct twin {
    struct ctx *ctx;
    struct trace *t;
    struct item *item; /* [n] in order */
    size_t n;
    int64_t capacity, best; /* the best value; -1: none yet */
    struct state none;      /* the items without weight */
    int64_t *places;        /* room for as many as there are items */
    size_t branches;
};

static bool before(const struct item *a, const struct item *b) {
    wide left = (wide)a->p * b->w, right = (wide)b->p * a->w;
    return left > right || (left == right && a->index < b->index);
}

static void note_places(const struct twin *x, const char *op, size_t n) {
    trace_add(x->t, op, x->places, n, NULL, TRACE_NO_VARS);
}

static void note(const struct twin *x, const char *op, struct state s) {
    trace_add(x->t, op, TRACE_NOWHERE, NULL, TRACE_VARS({"weight", trace_int(s.w)}, {"value", trace_int(s.p)}));
}

static void note_item(const struct twin *x, const char *op, size_t at, struct state s) {
    trace_add(x->t, op, &x->item[at].index, at < x->n, NULL,
              TRACE_VARS({"weight", trace_int(s.w)}, {"value", trace_int(s.p)}));
}

static void try_best(struct twin *x, struct state s) {
    if (s.w > x->capacity || s.p <= x->best)
        return;
    x->best = s.p;
    note(x, "best", s);
}

/* order_items sorts by insertion what may be worth while. */
static void order_items(struct twin *x, const struct knapsack_in *in) {
    size_t taken = 0;
    for (size_t i = 0; i < in->n; i++) {
        struct item one = {in->weight[i * in->stride], in->value[i * in->stride], (int64_t)i};
        if (one.w == 0 && one.p > 0) {
            x->none.p += one.p;
            x->places[taken++] = one.index;
        }
        if (one.w == 0 || one.p == 0 || one.w > in->capacity)
            continue;
        size_t k = x->n++;
        for (; k > 0 && before(&one, &x->item[k - 1]); k--)
            x->item[k] = x->item[k - 1];
        x->item[k] = one;
    }
    if (taken > 0)
        note_places(x, "taken", taken);
    for (size_t k = 0; k < x->n; k++)
        x->places[k] = x->item[k].index;
    note_places(x, "order", x->n);
}

/* -- The core -- */

struct list {
    struct state *state; /* by weight; in value too, once the dominated ones are gone */
    size_t n;
};

/* core_bound is what a state may come to with the items from `right` on added, those below `left` removed; the fraction
 * of an item is rounded in favour. -1: it cannot become light enough. */
static int64_t core_bound(const struct twin *x, struct state s, size_t left, size_t right) {
    wide room = (wide)x->capacity - s.w;
    if (room >= 0) {
        wide gain = right < x->n ? room * x->item[right].p / x->item[right].w : 0;
        return gain > INT64_MAX - s.p ? INT64_MAX : s.p + (int64_t)gain;
    }
    if (left == 0)
        return -1;
    const struct item *last = &x->item[left - 1];
    wide loss = (-room * last->p + last->w - 1) / last->w;
    return loss > s.p ? -1 : s.p - (int64_t)loss;
}

static void drop_dominated(const struct twin *x, struct list *list) {
    size_t kept = 0;
    int64_t most = -1;
    for (size_t i = 0; i < list->n; i++) {
        struct state s = list->state[i];
        if (s.p <= most) {
            note(x, "dominated", s);
            continue;
        }
        most = s.p;
        list->state[kept++] = s;
    }
    list->n = kept;
}

static void drop_bounded(const struct twin *x, struct list *list, size_t left, size_t right) {
    size_t kept = 0;
    for (size_t i = 0; i < list->n; i++) {
        struct state s = list->state[i];
        int64_t bound = core_bound(x, s, left, right);
        if (bound > x->best)
            list->state[kept++] = s;
        else
            trace_add(x->t, "bounded", TRACE_NOWHERE, NULL,
                      TRACE_VARS({"weight", trace_int(s.w)}, {"value", trace_int(s.p)}, {"bound", trace_int(bound)}));
    }
    list->n = kept;
}

/* merge makes each state once more, with an item added (sign 1) or removed; by weight, of equal ones the greater value
 * first. */
static void merge(struct twin *x, struct list *list, struct list *to, const struct item *item, int sign) {
    size_t i = 0, k = 0;
    for (to->n = 0; to->n < 2 * list->n; to->n++) {
        struct state a = i < list->n ? list->state[i] : (struct state){INT64_MAX, 0};
        struct state b = k < list->n ? list->state[k] : (struct state){INT64_MAX, 0};
        b.w += k < list->n ? sign * item->w : 0, b.p += sign * item->p;
        bool changed = i == list->n || (k < list->n && (b.w < a.w || (b.w == a.w && b.p > a.p)));
        to->state[to->n] = changed ? b : a;
        i += !changed, k += changed;
        if (changed)
            try_best(x, b);
    }
    struct list swap = *list;
    *list = *to, *to = swap;
}

static enum status refuse(struct ctx *ctx, const char *what, int most) {
    return ctx_fail(ctx, STATUS_TOO_LARGE, "/trace", "The search has more than %d %s, which is too many for a trace.",
                    most, what);
}

/* break_state takes items in order as long as they fit; *at gets the first that does not. */
static struct state break_state(const struct twin *x, size_t *at) {
    struct state s = x->none;
    for (*at = 0; *at < x->n && x->item[*at].w <= x->capacity - s.w; ++*at)
        s = (struct state){s.w + x->item[*at].w, s.p + x->item[*at].p};
    return s;
}

static enum status play_core(struct twin *x) {
    struct list list = {ctx_alloc(x->ctx, 2 * KNAPSACK_CELLS_TRACED, sizeof *list.state), 1};
    struct list spare = {ctx_alloc(x->ctx, 2 * KNAPSACK_CELLS_TRACED, sizeof *spare.state), 0};
    size_t left, right;
    if (!list.state || !spare.state)
        return STATUS_NO_MEMORY;
    list.state[0] = break_state(x, &left);
    note_item(x, "break", left, list.state[0]);
    try_best(x, list.state[0]);
    drop_bounded(x, &list, left, left);
    right = left;
    for (bool add = true; list.n > 0 && (left > 0 || right < x->n); add = !add) {
        if (add ? right == x->n : left == 0)
            continue;
        if (list.n > KNAPSACK_CELLS_TRACED)
            return refuse(x->ctx, "states at a time", KNAPSACK_CELLS_TRACED);
        if (ctx_stop(x->ctx) != STOP_NONE)
            break;
        size_t at = add ? right++ : --left;
        trace_add(x->t, add ? "add" : "remove", TRACE_AT(x->item[at].index), NULL, TRACE_NO_VARS);
        merge(x, &list, &spare, &x->item[at], add ? 1 : -1);
        drop_dominated(x, &list);
        drop_bounded(x, &list, left, right);
    }
    return STATUS_OK;
}

/* -- Branch and bound -- */

/* tree_bound adds the items from k on, and the fraction of the first that does not fit. */
static int64_t tree_bound(const struct twin *x, struct state s, size_t k) {
    for (; k < x->n && x->item[k].w <= x->capacity - s.w; k++)
        s = (struct state){s.w + x->item[k].w, s.p + x->item[k].p};
    return k == x->n ? s.p : s.p + (int64_t)((wide)(x->capacity - s.w) * x->item[k].p / x->item[k].w);
}

/* branch decides item k. Its depth is the number of items. */
static void branch(struct twin *x, size_t k, struct state s) {
    if (k == x->n || x->branches > TRACE_MAX_STEPS || ctx_stop(x->ctx) != STOP_NONE)
        return;
    int64_t bound = tree_bound(x, s, k);
    if (bound <= x->best) {
        trace_add(x->t, "bound", TRACE_AT(x->item[k].index), NULL, TRACE_VARS({"bound", trace_int(bound)}));
        return;
    }
    x->branches++;
    if (x->item[k].w <= x->capacity - s.w) {
        struct state with = {s.w + x->item[k].w, s.p + x->item[k].p};
        note_item(x, "take", k, with);
        try_best(x, with);
        branch(x, k + 1, with);
    }
    note_item(x, "leave", k, s);
    branch(x, k + 1, s);
}

static enum status play_tree(struct twin *x) {
    try_best(x, x->none);
    branch(x, 0, x->none);
    return x->branches > TRACE_MAX_STEPS ? refuse(x->ctx, "branches", TRACE_MAX_STEPS) : STATUS_OK;
}

enum status knapsack_trace(struct ctx *ctx, const struct knapsack_in *in, bool by_branches, const struct array *chosen,
                           struct trace *t) {
    struct twin x = {.ctx = ctx, .t = t, .capacity = in->capacity, .best = -1};
    x.item = ctx_alloc(ctx, in->n, sizeof *x.item);
    x.places = ctx_alloc(ctx, in->n, sizeof *x.places);
    if (!x.item || !x.places)
        return STATUS_NO_MEMORY;
    order_items(&x, in);
    enum status status = by_branches ? play_tree(&x) : play_core(&x);
    if (status == STATUS_OK && ctx_stop(ctx) == STOP_CANCEL)
        status = ctx_stopped(ctx);
    trace_add(t, "answer", chosen->ints, chosen->n, NULL, TRACE_NO_VARS);
    return status == STATUS_OK ? trace_end(t) : status;
}
