#include "core/combine/knapsack_core.h"

#include <string.h>

#include "core/combine/knapsack_open.h"
#include "core/combine/knapsack_reach.h"

typedef knapsack_wide wide;

enum {
    FIRST_STATES = 1024, /* a list's first size */
    PRICE_STATES =
        20000, /* states made, beside PRICE_ITEMS an item, before the cardinality bound is worth its O(n log p) */
    PRICE_ITEMS = 10,
    REACH_STATES = 1000 * 1000, /* the same for the sums that open items reach */
    REACH_ITEMS = 50,
    BEAM = 1 << 16, /* states kept once the memory is used up: from there on it is a heuristic, which is to end soon */
};

struct solver {
    struct ctx *ctx;
    struct knapsack_item *item;
    size_t n;
    struct knapsack_split split;
    int64_t break_w, break_p; /* of the break item: the LP's ratio */
    struct knapsack_open open;
    struct knapsack_reach *reach; /* NULL: not built */
    struct knapsack_hope hope;
    struct knapsack_list list, spare;
    struct knapsack_history history;
    struct knapsack_best best;
    uint32_t *core; /* positions of the core's items in item[] */
    size_t core_n, core_size;
    int64_t given_up_bound; /* no completion of a state given up is worth more */
    bool priced, reached, short_of_memory;
    struct knapsack_stats stats;
};

static int64_t max64(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }

/* lp_bound is Dantzig's: the break solution and the fraction of the break item that fits. */
static int64_t lp_bound(const struct solver *s) {
    return s->split.p + (int64_t)((wide)(s->hope.capacity - s->split.w) * s->break_p / s->break_w);
}

/* -- The first incumbent --------------------------------------------------------------------------------------------
 */

/* forward takes what still fits behind the break solution; backward puts one open item in and takes one out for it.
 * Both look at the items in the order the split left them. */
static int64_t forward_greedy(struct solver *s) {
    int64_t room = s->hope.capacity - s->split.w, value = s->split.p;
    for (size_t i = 0; i < s->n; i++) {
        struct knapsack_item *item = &s->item[i];
        item->taken = i < s->split.at;
        if (i >= s->split.at && item->w <= room) {
            item->taken = 1;
            room -= item->w;
            value += item->p;
        }
    }
    return value;
}

static int64_t best_single(const struct solver *s, size_t *at) {
    int64_t room = s->hope.capacity - s->split.w, best = 0;
    *at = s->n;
    for (size_t i = s->split.at; i < s->n; i++)
        if (s->item[i].w <= room && s->item[i].p > best) {
            best = s->item[i].p;
            *at = i;
        }
    return s->split.p + best;
}

/* backward_greedy takes the break item and leaves out the least valuable item that makes room for it; n: there is none.
 */
static int64_t backward_greedy(const struct solver *s, size_t *out) {
    int64_t excess = s->break_w - (s->hope.capacity - s->split.w), least = INT64_MAX;
    *out = s->n;
    for (size_t i = 0; i < s->split.at; i++)
        if (s->item[i].w >= excess && s->item[i].p < least) {
            least = s->item[i].p;
            *out = i;
        }
    return *out < s->n ? s->split.p + s->break_p - least : 0;
}

static int64_t first_incumbent(struct solver *s) {
    size_t in, out;
    int64_t greedy = forward_greedy(s), single = best_single(s, &in), backward = backward_greedy(s, &out);
    int64_t best = max64(greedy, max64(single, backward));
    if (best == greedy)
        return best;
    for (size_t i = 0; i < s->n; i++)
        s->item[i].taken = i < s->split.at;
    if (best == backward) {
        s->item[s->split.at].taken = 1;
        s->item[out].taken = 0;
    } else {
        s->item[in].taken = 1;
    }
    return best;
}

/* -- Stronger bounds, for instances that turn out hard
 * ------------------------------------------------------------------------ */

static bool is_hard(const struct solver *s, uint64_t states, uint64_t each) {
    return (uint64_t)s->stats.states > states + each * s->n;
}

/* find_price looks for the cardinality bound. Without memory for it the search goes on as it was. */
static void find_price(struct solver *s) {
    s->priced = true;
    struct knapsack_price *price = &s->hope.price;
    if (knapsack_price_find(s->ctx, s->item, s->n, s->hope.capacity, s->split.at, s->hope.z, price) == STATUS_OK)
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

/* -- Memory
 * ------------------------------------------------------------------------------------------------------------ */

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

/* make_room sees to it that the spare list can take a merge; by giving up states where the memory is used up. */
static void make_room(struct solver *s) {
    size_t wanted = 2 * s->list.n;
    if (s->spare.size < wanted && !s->short_of_memory && !make_list(s, &s->spare, 2 * wanted))
        (void)(wanted > FIRST_STATES && make_list(s, &s->spare, wanted));
    if (s->spare.size < wanted)
        trim_to(s, min64(BEAM, (int64_t)(s->spare.size / 2)));
    else if (s->short_of_memory)
        trim_to(s, BEAM);
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

/* -- The dynamic program
 * ------------------------------------------------------------------------------------------------ */

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

/* step merges item `at` into the list. False: ctx asked to stop, or there is no memory to go on at all; the list is as
 * it was. */
static bool step(struct solver *s, size_t at, bool right) {
    const struct knapsack_item item = s->item[at];
    if (s->core_n % 64 == 0 && s->core_n > 0 && !knapsack_history_push(s->ctx, &s->history, &s->list, &s->best)) {
        trim_to(s, min64(BEAM / 4, (int64_t)s->list.n / 2));
        if (!knapsack_history_push(s->ctx, &s->history, &s->list, &s->best))
            return false;
    }
    make_room(s);
    if (!remember_core(s, at))
        return false;
    struct knapsack_flip flip = {right ? item.w : -item.w, right ? item.p : -item.p,
                                 (uint64_t)1 << (s->core_n - 1) % 64};
    struct knapsack_hope before = s->hope;
    open_to_core(s, at, right);
    if (!knapsack_merge(s->ctx, &s->list, &flip, s->core_n, &s->hope, &s->spare, &s->best)) {
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
    }
    return true;
}

/* write_best marks the items of the program's best state. */
static void write_best(struct solver *s) {
    for (size_t i = 0; i < s->n; i++)
        s->item[i].taken = i < s->split.at;
    for (size_t i = 0; i < s->best.core; i++)
        if (knapsack_history_flips(&s->history, &s->best, i / 64) >> i % 64 & 1)
            s->item[s->core[i]].taken ^= 1;
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
    int64_t upper = lp_bound(s);
    if (upper <= s->hope.z)
        return s->hope.z;
    if (!start_list(s)) {
        *end = KNAPSACK_MEMORY;
        return upper;
    }
    knapsack_open_init(&s->open, s->item, s->n, &s->split, &s->hope);
    knapsack_open_look(&s->open);
    s->given_up_bound = INT64_MIN;
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
    struct solver s = {.ctx = ctx, .item = problem->item, .n = problem->n, .hope.capacity = problem->capacity};
    *out = (struct knapsack_result){.end = KNAPSACK_COMPLETE};
    struct ctx_mark mark = ctx_mark(ctx);
    const struct error err = ctx->err; /* an allocation that failed on the way is no failure of the request */
    knapsack_split_at(s.item, s.n, problem->capacity, &s.split);
    s.break_w = s.item[s.split.at].w;
    s.break_p = s.item[s.split.at].p;
    s.hope.z = first_incumbent(&s);
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
