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
    walk->begun = false;
}

enum status combination_begin(struct ctx *ctx, const struct combination_plan *plan, struct combination_walk *walk) {
    *walk = (struct combination_walk){.plan = plan};
    if (plan->none)
        return STATUS_OK;
    size_t table = (plan->target + 1) * plan->states;
    if ((uint64_t)table * plan->n > COMBINATION_MAX_STEPS)
        return ctx_fail(ctx, STATUS_TOO_LARGE, "/target",
                        "The table of rests has %zu entries for %zu candidates each, want a product of at most %lld.",
                        table, plan->n, (long long)COMBINATION_MAX_STEPS);
    size_t longest = plan->n ? plan->target / plan->part[0] : 0;
    if (!plan->reuse && longest > plan->n)
        longest = plan->n;
    walk->last = ctx_alloc(ctx, table, sizeof *walk->last);
    walk->next = walk->last ? ctx_alloc(ctx, plan->n, sizeof *walk->next) : NULL;
    walk->at = walk->next ? ctx_alloc(ctx, longest, sizeof *walk->at) : NULL;
    walk->value = walk->at ? ctx_alloc(ctx, longest, sizeof *walk->value) : NULL;
    if (!walk->value)
        return STATUS_NO_MEMORY;
    for (size_t p = plan->n; p-- > 0;)
        walk->next[p] = p + 1 < plan->n && plan->part[p + 1] == plan->part[p] ? walk->next[p + 1] : p + 1;
    reset(walk);
    return fill_last(ctx, walk);
}

static void push(struct combination_walk *walk, size_t p) {
    walk->at[walk->depth] = p;
    walk->value[walk->depth++] = walk->plan->value[p];
    walk->rest -= walk->plan->part[p];
}

/* push_first pushes the first position from p on that leads on; false where there is none. */
static bool push_first(struct combination_walk *walk, size_t p) {
    const struct combination_plan *plan = walk->plan;
    size_t k, k_after;
    if (!combination_state(plan, plan->start, walk->depth, &k) || !combination_state(plan, k, 1, &k_after))
        return false;
    int32_t last = walk->last[walk->rest * plan->states + k];
    size_t end = last < 0 ? 0 : plan->ordered ? plan->n : (size_t)last + 1;
    for (; p < end && plan->part[p] <= walk->rest; p = walk->next[p])
        if (leads(walk, p, walk->rest, k_after)) {
            push(walk, p);
            return true;
        }
    return false;
}

/* descend takes the first choice until nothing is left of the rest. */
static bool descend(struct combination_walk *walk) {
    while (walk->rest > 0)
        if (!push_first(walk, walk->depth ? lead(walk->plan, walk->at[walk->depth - 1]) : 0))
            return false;
    return true;
}

static size_t pop(struct combination_walk *walk) {
    size_t p = walk->at[--walk->depth];
    walk->rest += walk->plan->part[p];
    return p;
}

bool combination_next(struct combination_walk *walk) {
    const struct combination_plan *plan = walk->plan;
    if (plan->none)
        return false;
    if (!walk->begun) {
        walk->begun = true;
        return walk->last[plan->target * plan->states + plan->start] >= 0 && descend(walk);
    }
    while (walk->depth > 0)
        if (push_first(walk, walk->next[pop(walk)])) {
            walk->kept = walk->depth - 1;
            return descend(walk);
        }
    return false;
}

/* position_of gives the first position of a value at or after `from`; n where there is none. */
static size_t position_of(const struct combination_plan *plan, int64_t value, size_t from) {
    size_t low = from, high = plan->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (plan->value[mid] < value)
            low = mid + 1;
        else
            high = mid;
    }
    return low < plan->n && plan->value[low] == value ? low : plan->n;
}

bool combination_seek(struct combination_walk *walk, const int64_t *values, size_t n) {
    const struct combination_plan *plan = walk->plan;
    if (plan->none)
        return false;
    reset(walk);
    for (size_t i = 0; i < n; i++) {
        size_t from = i ? lead(plan, walk->at[i - 1]) : 0, p = position_of(plan, values[i], from), k, k_after;
        if (p == plan->n || plan->part[p] > walk->rest || !combination_state(plan, plan->start, i, &k) ||
            !combination_state(plan, k, 1, &k_after) || !leads(walk, p, walk->rest, k_after)) {
            reset(walk);
            return false;
        }
        push(walk, p);
    }
    size_t k_end;
    walk->begun = walk->rest == 0 && combination_state(plan, plan->start, n, &k_end) && k_end <= plan->accept;
    if (!walk->begun)
        reset(walk);
    return walk->begun;
}
