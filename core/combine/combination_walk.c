#include "core/combine/combination_walk.h"

#include "core/combine/combination_reach.h"

/* lead gives the position from which the rest is chosen after position p. */
static size_t lead(const struct combination_plan *plan, size_t p) {
    return plan->ordered ? 0 : plan->reuse ? p : p + 1;
}

/* leads says whether, at a rest and a state, choosing position p leaves a rest that can be made. */
static inline bool leads(const struct combination_walk *walk, size_t p, size_t rest, size_t k_after) {
    const struct combination_plan *plan = walk->plan;
    return walk->last[(rest - plan->part[p]) * plan->states + k_after] >= (int32_t)lead(plan, p);
}

/* last_of gives the last of the positions before `below` at which a combination of the rest can begin; -1: none. */
static int32_t last_of(const struct combination_walk *walk, size_t below, size_t rest, size_t k) {
    size_t k_after;
    if (!combination_state(walk->plan, k, 1, &k_after))
        return -1;
    for (size_t p = below; p-- > 0;)
        if (leads(walk, p, rest, k_after))
            return (int32_t)p;
    return -1;
}

static enum status fill_last(struct ctx *ctx, struct combination_walk *walk) {
    const struct combination_plan *plan = walk->plan;
    size_t below = 0, steps = 0;
    for (size_t k = 0; k < plan->states; k++)
        walk->last[k] = k <= plan->accept ? INT32_MAX : -1;
    for (size_t rest = 1; rest <= plan->target; rest++) {
        while (below < plan->n && plan->part[below] <= rest)
            below++;
        bool reached = combination_reaches(plan->reach, rest);
        for (size_t k = 0; k < plan->states; k++)
            walk->last[rest * plan->states + k] = reached ? last_of(walk, below, rest, k) : -1;
        steps += ((reached ? below : 0) + 1) * plan->states;
        if (steps >> 20 && ctx_stop(ctx) != STOP_NONE)
            return ctx_stopped(ctx);
        steps &= (1 << 20) - 1;
    }
    return STATUS_OK;
}

static void reset(struct combination_walk *walk) {
    walk->depth = walk->kept = 0;
    walk->rest = walk->plan->target;
    walk->start = combination_first_start(walk->plan);
    walk->begun = false;
}

/* find_copies: equal candidates are copies of one, unless they are distinct. */
static void find_copies(struct combination_walk *walk) {
    const struct combination_plan *plan = walk->plan;
    for (size_t p = 0; p < plan->n; p++)
        walk->first[p] = p && !plan->distinct && plan->part[p - 1] == plan->part[p] ? walk->first[p - 1] : p;
    for (size_t p = plan->n; p-- > 0;)
        walk->next[p] = p + 1 < plan->n && walk->first[p + 1] == walk->first[p] ? walk->next[p + 1] : p + 1;
}

enum status combination_begin(struct ctx *ctx, const struct combination_plan *plan, struct combination_walk *walk) {
    *walk = (struct combination_walk){.plan = plan};
    if (plan->none)
        return STATUS_OK;
    size_t table = (plan->target + 1) * plan->states;
    if ((uint64_t)table * plan->n > (uint64_t)plan->max_steps)
        return ctx_fail(ctx, STATUS_TOO_LARGE, "/target",
                        "The table of rests has %zu entries for %zu candidates each, want a product of at most %lld.",
                        table, plan->n, (long long)plan->max_steps);
    size_t longest = plan->n ? plan->target / plan->part[0] : 0;
    if (!plan->reuse && longest > plan->n)
        longest = plan->n;
    walk->last = ctx_alloc(ctx, table, sizeof *walk->last);
    walk->next = walk->last ? ctx_alloc(ctx, plan->n, sizeof *walk->next) : NULL;
    walk->first = walk->next ? ctx_alloc(ctx, plan->n, sizeof *walk->first) : NULL;
    walk->at = walk->first ? ctx_alloc(ctx, longest, sizeof *walk->at) : NULL;
    walk->row = walk->at ? ctx_alloc(ctx, longest, sizeof *walk->row) : NULL;
    if (!walk->row)
        return STATUS_NO_MEMORY;
    find_copies(walk);
    reset(walk);
    return fill_last(ctx, walk);
}

static void push(struct combination_walk *walk, size_t p) {
    walk->at[walk->depth] = p;
    walk->row[walk->depth++] = walk->plan->indices ? walk->plan->index[p] : walk->plan->value[p];
    walk->rest -= walk->plan->part[p];
}

/* Where the rest is chosen from now. */
static size_t floor_of(const struct combination_walk *walk) {
    return walk->depth ? lead(walk->plan, walk->at[walk->depth - 1]) : 0;
}

/* push_up pushes the first position from p, or from the floor, on that leads on; false where there is none. */
static bool push_up(struct combination_walk *walk, size_t p, size_t last, size_t k_after) {
    const struct combination_plan *plan = walk->plan;
    for (; p <= last && plan->part[p] <= walk->rest; p = walk->next[p])
        if (leads(walk, p, walk->rest, k_after)) {
            push(walk, p);
            return true;
        }
    return false;
}

/* push_down pushes the last position that leads on before `end`, and of copies the first from the floor on, which
 * leaves the most. */
static bool push_down(struct combination_walk *walk, size_t end, size_t last, size_t k_after) {
    const size_t floor = floor_of(walk);
    end = end <= last ? end : last + 1;
    while (end > floor) {
        size_t p = walk->first[end - 1] > floor ? walk->first[end - 1] : floor;
        if (leads(walk, p, walk->rest, k_after)) {
            push(walk, p);
            return true;
        }
        end = p;
    }
    return false;
}

/* push_next pushes the choice that comes first in the order (after == SIZE_MAX), or next after that one. */
static bool push_next(struct combination_walk *walk, size_t after) {
    const struct combination_plan *plan = walk->plan;
    size_t k, k_after;
    if (!combination_state(plan, walk->start, walk->depth, &k) || !combination_state(plan, k, 1, &k_after))
        return false;
    int32_t last = walk->last[walk->rest * plan->states + k];
    if (last < 0)
        return false;
    bool down = plan->order == COMBINATION_DESCENDING, any = after == SIZE_MAX;
    if (down)
        return push_down(walk, any ? plan->n : walk->first[after], (size_t)last, k_after);
    return push_up(walk, any ? floor_of(walk) : walk->next[after], (size_t)last, k_after);
}

/* descend takes the first choice until nothing is left of the rest. */
static bool descend(struct combination_walk *walk) {
    while (walk->rest > 0)
        if (!push_next(walk, SIZE_MAX))
            return false;
    return true;
}

/* first_of_length goes to the first combination of the length at hand, or of one that comes later. */
static bool first_of_length(struct combination_walk *walk) {
    const struct combination_plan *plan = walk->plan;
    walk->kept = 0;
    do
        if (walk->last[plan->target * plan->states + walk->start] >= 0)
            return descend(walk);
    while (combination_next_start(plan, &walk->start));
    return false;
}

static size_t pop(struct combination_walk *walk) {
    size_t p = walk->at[--walk->depth];
    walk->rest += walk->plan->part[p];
    return p;
}

bool combination_next(struct combination_walk *walk) {
    if (walk->plan->none)
        return false;
    if (!walk->begun) {
        walk->begun = true;
        return first_of_length(walk);
    }
    while (walk->depth > 0)
        if (push_next(walk, pop(walk))) {
            walk->kept = walk->depth - 1;
            return descend(walk);
        }
    return combination_next_start(walk->plan, &walk->start) && first_of_length(walk);
}

/* position_of gives the first position of a token at or after `from`; n where there is none. */
static size_t position_of(const struct combination_plan *plan, int64_t token, size_t from) {
    size_t low = from, high = plan->n;
    if (plan->distinct)
        return token >= (int64_t)from && token < (int64_t)high ? (size_t)token : high;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (plan->value[mid] < token)
            low = mid + 1;
        else
            high = mid;
    }
    return low < plan->n && plan->value[low] == token ? low : plan->n;
}

/* start_with sets out for n parts, if some combinations have as many. */
static bool start_with(struct combination_walk *walk, size_t n) {
    const struct combination_plan *plan = walk->plan;
    reset(walk);
    if (plan->order != COMBINATION_SHORT && plan->order != COMBINATION_LONG)
        return true;
    walk->start = n;
    return n >= plan->shortest && n <= plan->longest;
}

/* follow makes the tokens' choices; false where one leads nowhere. */
static bool follow(struct combination_walk *walk, const int64_t *tokens, size_t n) {
    const struct combination_plan *plan = walk->plan;
    for (size_t i = 0; i < n; i++) {
        size_t p = position_of(plan, tokens[i], floor_of(walk)), k, k_after;
        if (p == plan->n || plan->part[p] > walk->rest || !combination_state(plan, walk->start, i, &k) ||
            !combination_state(plan, k, 1, &k_after) || !leads(walk, p, walk->rest, k_after))
            return false;
        push(walk, p);
    }
    size_t k_end;
    return walk->rest == 0 && combination_state(plan, walk->start, n, &k_end) && k_end <= plan->accept;
}

bool combination_seek(struct combination_walk *walk, const int64_t *tokens, size_t n) {
    if (walk->plan->none)
        return false;
    walk->begun = start_with(walk, n) && follow(walk, tokens, n);
    if (!walk->begun)
        reset(walk);
    return walk->begun;
}
