#include "core/combine/knapsack_greedy.h"

static void mark_break_solution(struct knapsack_item *item, size_t n, size_t at) {
    for (size_t i = 0; i < n; i++)
        item[i].taken = i < at;
}

static int64_t fill(struct knapsack_item *item, size_t n, const struct knapsack_split *split, int64_t room) {
    int64_t value = split->p;
    mark_break_solution(item, n, split->at);
    for (size_t i = split->at; i < n; i++)
        if (item[i].w <= room) {
            item[i].taken = 1;
            room -= item[i].w;
            value += item[i].p;
        }
    return value;
}

/* best_single is the most valuable item that still fits; n: none does. */
static size_t best_single(const struct knapsack_item *item, size_t n, size_t at, int64_t room) {
    size_t best = n;
    for (size_t i = at; i < n; i++)
        if (item[i].w <= room && (best == n || item[i].p > item[best].p))
            best = i;
    return best;
}

/* cheapest_way_out is the least valuable item of the break solution that weighs at least `excess`; n: none does. */
static size_t cheapest_way_out(const struct knapsack_item *item, size_t n, size_t at, int64_t excess) {
    size_t best = n;
    for (size_t i = 0; i < at; i++)
        if (item[i].w >= excess && (best == n || item[i].p < item[best].p))
            best = i;
    return best;
}

int64_t knapsack_greedy(struct knapsack_item *item, size_t n, const struct knapsack_split *split, int64_t capacity) {
    int64_t room = capacity - split->w, filled = fill(item, n, split, room);
    size_t in = best_single(item, n, split->at, room),
           out = cheapest_way_out(item, n, split->at, item[split->at].w - room);
    int64_t single = in < n ? split->p + item[in].p : 0,
            swapped = out < n ? split->p + item[split->at].p - item[out].p : 0;
    if (filled >= single && filled >= swapped)
        return filled;
    mark_break_solution(item, n, split->at);
    item[single >= swapped ? in : split->at].taken = 1;
    if (single < swapped)
        item[out].taken = 0;
    return single > swapped ? single : swapped;
}
