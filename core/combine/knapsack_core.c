#include "core/combine/knapsack_core.h"

#include <string.h>

#include "core/combine/knapsack_greedy.h"
#include "core/combine/knapsack_open.h"
#include "core/combine/knapsack_reach.h"

typedef knapsack_wide wide;

enum {
    FIRST_STATES = 1024,  /* a list's first size */
    PRICE_STATES = 20000, /* so many states, and PRICE_ITEMS an item, before the cardinality bound is worth its time */
    PRICE_ITEMS = 10,
    REACH_STATES = 2000 * 1000, /* the same for the sums that open items reach */
    REACH_ITEMS = 100,
    DIVE_WIDTH = 1 << 13, /* states of a dive at most, */
    DIVE_WORK = 1 << 22,  /* and times open items */
    DIVE_EVERY = 4,
    BEAM = 1 << 16, /* states kept once the memory is used up: from there on it is a heuristic, which is to end soon */
};

/* What a dive needs of its own. */
struct dive {
    struct knapsack_list list, spare;
    struct knapsack_state *origin; /* [DIVE_WIDTH] the states it started from */
    struct knapsack_history history;
    uint32_t *core;
    size_t core_size;
};

struct solver {
    struct ctx *ctx;
    struct knapsack_item *item;
    size_t n;
    struct knapsack_split split;
    struct knapsack_open open;
    struct knapsack_reach *reach; /* NULL: not built */
    struct knapsack_hope hope;
    struct knapsack_list list, spare;
    size_t last_size; /* of lists that will not be made greater; 0: they still grow */
    struct knapsack_history history;
    struct knapsack_best best;
    uint32_t *core; /* positions of the core's items in item[] */
    size_t core_n, core_size;
    size_t beam;            /* states kept once the memory is used up */
    struct dive *dive;      /* NULL: none was made yet */
    uint64_t next_dive;     /* states made before the next */
    int64_t given_up_bound; /* no completion of a state given up is worth more */
    bool priced, reached, short_of_memory;
    struct knapsack_stats stats;

    /* For who watches; unused where nobody does. */
    const struct knapsack_problem *problem;
    int64_t upper, told_value, told_upper; /* upper: the bound, as of the last look */
    int64_t next_look;                     /* states made before the next */
};

static int64_t max64(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }

/* lp_bound is Dantzig's: the break solution and the fraction of the break item that fits. */
static int64_t lp_bound(const struct solver *s) {
    const struct knapsack_open *open = &s->open;
    return open->p + (int64_t)((wide)(s->hope.capacity - open->w) * open->break_p / open->break_w);
}

/* -- Stronger bounds, for instances that turn out hard -- */

static bool is_hard(const struct solver *s, uint64_t states, uint64_t each) {
    return (uint64_t)s->stats.states > states + each * s->n;
}

/* find_price looks for the cardinality bound. Without memory for it the search goes on as it was. */
static void find_price(struct solver *s) {
    s->priced = true;
    struct knapsack_price *price = &s->hope.price;
    if (knapsack_price_find(s->ctx, s->item, s->n, s->hope.capacity, s->split.at, s->hope.z, price) != STATUS_OK)
        return;
    if (price->d && (int64_t)(price->total / price->d) >= lp_bound(s))
        price->d = 0; /* it costs time in every state and says no more than the ratios do */
    knapsack_open_reprice(&s->open);
}

/* list_steps foretells in which order the open items enter the core. */
static size_t list_steps(const struct solver *s, bool right, struct knapsack_step *step) {
    size_t l = s->open.left.hi, r = s->open.right.lo, n = 0;
    while (l > s->open.left.lo || r < s->open.right.hi) {
        right = l == s->open.left.lo || (r < s->open.right.hi && !right);
        step[n++] =
            (struct knapsack_step){right ? s->item[r].w : -s->item[l - 1].w, l - s->open.left.lo, s->open.right.hi - r};
        right ? r++ : l--;
    }
    return n;
}

/* find_reach sorts all open items and builds the sums that they reach; `right`: the side that was served last. */
static void find_reach(struct solver *s, bool right) {
    s->reached = true;
    knapsack_open_sort(&s->open);
    size_t n = s->open.left.hi - s->open.left.lo + s->open.right.hi - s->open.right.lo;
    struct knapsack_reach *reach = ctx_alloc(s->ctx, 1, sizeof *reach);
    struct knapsack_step *step = reach ? ctx_alloc(s->ctx, n, sizeof *step) : NULL;
    if (step && knapsack_reach_build(s->ctx, step, list_steps(s, right, step), reach))
        s->reach = reach;
}

/* -- Memory -- */

static bool make_list(struct solver *s, struct knapsack_list *list, size_t size) {
    size_t left = s->ctx->cap > s->ctx->used ? s->ctx->cap - s->ctx->used : 0;
    if (size > left / sizeof *list->state)
        return false;
    struct knapsack_state *state = ctx_alloc(s->ctx, size, sizeof *state);
    if (!state)
        return false;
    list->state = state;
    list->size = size;
    return true;
}

static void give_up(struct solver *s, int64_t bound) {
    s->short_of_memory = true;
    s->given_up_bound = max64(s->given_up_bound, bound);
}

static int64_t list_bound(const struct solver *s) {
    int64_t bound = INT64_MIN;
    for (size_t i = 0; i < s->list.n; i++)
        bound = max64(bound, knapsack_hope_bound(&s->hope, &s->list.state[i]));
    return bound;
}

/* trim_to gives up states until at most `keep` are left; the spare list is its scratch. */
static void trim_to(struct solver *s, size_t keep) {
    size_t before = s->list.n;
    if (before <= keep)
        return;
    if (keep == 0 || s->spare.size * sizeof *s->spare.state < before * sizeof(int64_t)) {
        give_up(s, list_bound(s));
        s->list.n = 0;
    } else {
        give_up(s, knapsack_trim(&s->list, keep, &s->hope, (int64_t *)(void *)s->spare.state));
    }
    s->stats.given_up += (int64_t)(before - s->list.n);
}

/* make_room gives the spare list room for the merge of the whole list with itself flipped, as long as lists are small.
 * Once they are not, either list gets a third of the memory that is left, at once (what is never written to costs
 * nothing), and history the last third; from then on a merge may find its list full. */
static void make_room(struct solver *s) {
    if (s->short_of_memory)
        trim_to(s, s->beam);
    size_t wanted = 2 * s->list.n, left = s->ctx->cap > s->ctx->used ? s->ctx->cap - s->ctx->used : 0;
    if (s->spare.size >= wanted || s->spare.size == s->last_size)
        return;
    if (!s->last_size && wanted > left / sizeof *s->list.state / 32)
        s->last_size = left / sizeof *s->list.state / 3;
    if (!make_list(s, &s->spare, s->last_size ? s->last_size : 2 * wanted))
        s->last_size = s->spare.size;
}

static bool remember_core(struct solver *s, size_t at) {
    if (s->core_n == s->core_size) {
        size_t size = s->core_size ? 4 * s->core_size : 256;
        uint32_t *more = ctx_alloc(s->ctx, size, sizeof *more);
        if (!more)
            return false;
        if (s->core_n)
            memcpy(more, s->core, s->core_n * sizeof *more);
        s->core = more;
        s->core_size = size;
    }
    s->core[s->core_n++] = (uint32_t)at;
    return true;
}

/* -- The dynamic program -- */

/* next_item chooses what the core takes next: the sides take turns. n: nothing is open. */
static size_t next_item(struct solver *s, bool *right) {
    *right = !*right;
    size_t at = knapsack_open_peek(&s->open, *right);
    if (at == s->n) {
        *right = !*right;
        at = knapsack_open_peek(&s->open, *right);
    }
    return at;
}

/* open_to_core takes an item off the open ones and sets the bounds of those that are left. */
static void open_to_core(struct solver *s, size_t at, bool right) {
    knapsack_open_take(&s->open, at, right);
    knapsack_open_look(&s->open);
    if (s->reach)
        knapsack_reach_use(s->reach, s->open.left.hi - s->open.left.lo, s->open.right.hi - s->open.right.lo, &s->hope);
}

/* push_history moves the states' flips out of the way of the next 64. False: there is no memory for that. */
static bool push_history(struct solver *s) {
    for (size_t keep = s->list.n / 2;; keep /= 4) {
        if (knapsack_history_push(s->ctx, &s->history, &s->list, &s->best))
            return true;
        if (keep < 16)
            return false;
        trim_to(s, keep < s->beam ? keep : s->beam);
    }
}

/* merge_core merges a flip; where the list does not fit, states are given up (by the bounds of `before`, the item being
 * open to them) and it is done again. */
static bool merge_core(struct solver *s, const struct knapsack_flip *flip, const struct knapsack_hope *before) {
    enum knapsack_merged merged = knapsack_merge(s->ctx, &s->list, flip, s->core_n, &s->hope, &s->spare, &s->best);
    if (merged == KNAPSACK_FULL) {
        struct knapsack_hope after = s->hope;
        s->hope = *before;
        s->hope.z = after.z;
        trim_to(s, s->spare.size / 2 < s->beam ? s->spare.size / 2 : s->beam);
        s->hope = after;
        merged = knapsack_merge(s->ctx, &s->list, flip, s->core_n, &s->hope, &s->spare, &s->best);
    }
    return merged == KNAPSACK_MERGED;
}

/* step merges item `at` into the list. False: ctx asked to stop, or there is no memory to go on at all; the list is as
 * it was. */
static bool step(struct solver *s, size_t at, bool right) {
    const struct knapsack_item item = s->item[at];
    if (s->core_n % 64 == 0 && s->core_n > 0 && !push_history(s))
        return false;
    make_room(s);
    if (!remember_core(s, at))
        return false;
    struct knapsack_flip flip = {right ? item.w : -item.w, right ? item.p : -item.p,
                                 (uint64_t)1 << (s->core_n - 1) % 64};
    struct knapsack_hope before = s->hope;
    open_to_core(s, at, right);
    if (!merge_core(s, &flip, &before)) {
        before.z = s->hope.z; /* the old list with its old bounds: the item is still open to it */
        s->hope = before;
        return false;
    }
    struct knapsack_list t = s->list;
    s->list = s->spare;
    s->spare = t;
    s->stats.states += (int64_t)s->list.n;
    s->stats.max_states = max64(s->stats.max_states, (int64_t)s->list.n);
    return true;
}

/* apply_flips turns the items of a state's core over, from the break solution or from what is marked already. */
static void apply_flips(struct solver *s, const struct knapsack_history *history, const struct knapsack_best *best,
                        const uint32_t *core, size_t first) {
    for (size_t i = first; i < best->core; i++)
        if (knapsack_history_flips(history, best, i / 64) >> i % 64 & 1)
            s->item[core[i]].taken ^= 1;
}

/* write_best marks the items of the program's best state. */
static void write_best(struct solver *s) {
    for (size_t i = 0; i < s->n; i++)
        s->item[i].taken = i < s->split.at;
    apply_flips(s, &s->history, &s->best, s->core, 0);
}

/* -- Dives: the rest of the program with a few states, for an incumbent. They take a part of the states' time that is
 * fixed, since each waits for DIVE_EVERY times as many states as the one before.
 * */

static bool make_dive(struct solver *s) {
    struct dive *d = ctx_zalloc(s->ctx, 1, sizeof *d);
    if (!d || !make_list(s, &d->list, 2 * DIVE_WIDTH) || !make_list(s, &d->spare, 2 * DIVE_WIDTH))
        return false;
    d->origin = ctx_alloc(s->ctx, DIVE_WIDTH, sizeof *d->origin);
    d->core_size = 256;
    d->core = d->origin ? ctx_alloc(s->ctx, d->core_size, sizeof *d->core) : NULL;
    s->dive = d->core ? d : NULL;
    return d->core;
}

/* choose_origins picks the states of greatest bound, without touching the list. The origins' numbers take the place of
 * 64 core items. */
static bool choose_origins(struct solver *s, size_t width) {
    struct dive *d = s->dive;
    size_t every = (s->list.n + 2 * DIVE_WIDTH - 1) / (2 * DIVE_WIDTH);
    d->list.n = 0;
    for (size_t i = 0; i < s->list.n; i += every)
        d->list.state[d->list.n++] = s->list.state[i];
    if (d->list.n > width)
        (void)knapsack_trim(&d->list, width, &s->hope, (int64_t *)(void *)d->spare.state);
    for (size_t i = 0; i < d->list.n; i++) {
        d->origin[i] = d->list.state[i];
        d->list.state[i].path = 0;
        d->list.state[i].flips = i;
    }
    return d->list.n > 0;
}

/* lend gives the solver the dive's lists, history and core in place of its own. */
static void lend(struct solver *s, size_t width) {
    struct dive *d = s->dive;
    s->list = d->list;
    s->spare = d->spare;
    s->last_size = d->spare.size;
    s->history = d->history;
    s->history.n = s->history.after_clearing = 0;
    s->core = d->core;
    s->core_size = d->core_size;
    s->core_n = 64;
    s->best.found = false;
    s->beam = width;
    s->short_of_memory = true;
}

/* take_back restores the solver, but for what the dive found. */
static void take_back(struct solver *s, const struct solver *before) {
    struct dive *d = s->dive;
    const struct solver after = *s;
    *s = *before;
    d->list = after.list;
    d->spare = after.spare;
    d->history = after.history;
    d->core = after.core;
    d->core_size = after.core_size;
    s->stats.states = after.stats.states;
    if (!after.best.found)
        return;
    s->hope.z = after.hope.z;
    struct knapsack_best origin = {true, d->origin[knapsack_history_flips(&d->history, &after.best, 0)], s->core_n};
    s->best = origin;
    write_best(s);
    s->best.found = false;
    apply_flips(s, &d->history, &after.best, d->core, 64);
}

static void dive(struct solver *s, bool right) {
    size_t open = s->open.left.hi - s->open.left.lo + s->open.right.hi - s->open.right.lo, at;
    size_t width = open ? DIVE_WORK / open : 0;
    s->next_dive = DIVE_EVERY * ((uint64_t)s->stats.states + DIVE_WORK);
    width = width < DIVE_WIDTH ? width : DIVE_WIDTH;
    if (width < 16 || s->short_of_memory || (!s->dive && !make_dive(s)) || !choose_origins(s, width))
        return;
    struct solver before = *s;
    size_t reach_at = s->reach ? s->reach->at : 0;
    lend(s, width);
    while (s->list.n > 0 && (at = next_item(s, &right)) < s->n && ctx_stop(s->ctx) == STOP_NONE && step(s, at, right))
        ;
    take_back(s, &before);
    if (s->reach)
        s->reach->at = reach_at;
}

/* -- For who watches -- */

/* look_at_bound asks all states what can become of them; rarely, since they are many. */
static void look_at_bound(struct solver *s) {
    if (s->stats.states < s->next_look)
        return;
    s->next_look = 2 * s->stats.states;
    s->upper = min64(s->upper, max64(s->given_up_bound, list_bound(s)));
}

static void tell(struct solver *s) {
    const struct knapsack_problem *problem = s->problem;
    if (!problem->watch)
        return;
    look_at_bound(s);
    s->upper = max64(s->upper, s->hope.z);
    if (s->hope.z <= s->told_value && s->upper >= s->told_upper)
        return;
    s->told_value = s->hope.z;
    s->told_upper = s->upper;
    problem->watch->tell(problem->watch, problem->base + problem->unit * s->hope.z,
                         problem->base + problem->unit * s->upper);
}

/* grow_core runs the program to its end. False: it stopped early and the list's states are unexplored. */
static bool grow_core(struct solver *s) {
    bool right = false;
    while (s->list.n > 0) {
        size_t at = next_item(s, &right);
        if (at == s->n)
            return true;
        if (ctx_stop(s->ctx) != STOP_NONE || !step(s, at, right))
            return false;
        if (!s->priced && is_hard(s, PRICE_STATES, PRICE_ITEMS))
            find_price(s);
        if (!s->reached && is_hard(s, REACH_STATES, REACH_ITEMS))
            find_reach(s, right);
        if (s->reached && (uint64_t)s->stats.states >= s->next_dive)
            dive(s, right);
        tell(s);
    }
    return true;
}

static bool start_list(struct solver *s) {
    if (!make_list(s, &s->list, FIRST_STATES) || !make_list(s, &s->spare, FIRST_STATES))
        return false;
    s->list.state[0] = (struct knapsack_state){.w = s->split.w, .p = s->split.p, .count = (int32_t)s->split.at};
    s->list.n = 1;
    s->stats.states = s->stats.max_states = 1;
    return true;
}

/* search runs the program and says what no subset exceeds. */
static int64_t search(struct solver *s, enum knapsack_end *end) {
    knapsack_open_init(&s->open, s->item, s->n, &s->split, &s->hope);
    int64_t upper = lp_bound(s);
    if (upper <= s->hope.z)
        return s->hope.z;
    if (!start_list(s)) {
        *end = KNAPSACK_MEMORY;
        return upper;
    }
    knapsack_open_look(&s->open);
    s->given_up_bound = INT64_MIN;
    s->upper = s->told_upper = upper;
    s->told_value = -1;
    tell(s);
    if (!grow_core(s)) {
        *end = ctx_stop(s->ctx) != STOP_NONE ? KNAPSACK_DEADLINE : KNAPSACK_MEMORY;
        s->given_up_bound = max64(s->given_up_bound, list_bound(s));
    } else if (s->short_of_memory) {
        *end = KNAPSACK_MEMORY;
    }
    if (s->hope.price.d)
        upper = min64(upper, (int64_t)(s->hope.price.total / s->hope.price.d));
    return max64(s->hope.z, min64(upper, s->given_up_bound));
}

enum status knapsack_core_solve(struct ctx *ctx, const struct knapsack_problem *problem, struct knapsack_result *out) {
    struct solver s = {.ctx = ctx,
                       .problem = problem,
                       .item = problem->item,
                       .n = problem->n,
                       .hope.capacity = problem->capacity,
                       .beam = BEAM};
    *out = (struct knapsack_result){.end = KNAPSACK_COMPLETE};
    struct ctx_mark mark = ctx_mark(ctx);
    const struct error err = ctx->err; /* an allocation that failed on the way is no failure of the request */
    knapsack_split_at(s.item, s.n, problem->capacity, &s.split);
    s.hope.z = knapsack_greedy(s.item, s.n, &s.split, problem->capacity);
    out->bound = search(&s, &out->end);
    out->value = s.hope.z;
    if (s.best.found)
        write_best(&s);
    out->stats = s.stats;
    out->stats.items = (int64_t)s.n;
    out->stats.core = (int64_t)s.core_n;
    ctx_rewind(ctx, mark);
    ctx->err = err;
    if (ctx_stop(ctx) == STOP_CANCEL)
        return ctx_stopped(ctx);
    return STATUS_OK;
}
