/* knapsack_parts.h - a knapsack of items with copies as a 0/1 problem of parts: 1, 2, 4, ... copies of an item and the
 * rest, so that every number of copies is a sum of parts.
 *
 * Source: Martello and Toth, "Knapsack Problems" (1990), section 3.1 (bounded as 0/1) and 3.6 (unbounded); Kellerer,
 * Pferschy, Pisinger (2004), sections 7.1.1 and 8.2 (dominance). Of w_b copies or more of items other than the one b of
 * best ratio some weigh a multiple of w_b together and can be exchanged for copies of b; so w_b / gcd(w_b, w) - 1
 * copies of an item are enough.
 *
 * Cost: O(n log n) for unbounded, else O(n + parts). Threads: reentrant. */
#ifndef SOLVENT_KNAPSACK_PARTS_H
#define SOLVENT_KNAPSACK_PARTS_H

#include "core/base/trace.h"
#include "core/combine/knapsack.h"

enum knapsack_variant { KNAPSACK_01, KNAPSACK_BOUNDED, KNAPSACK_UNBOUNDED, KNAPSACK_SUBSET_SUM };

#define KNAPSACK_ALGORITHMS(X) \
    X(AUTO, "auto")            \
    X(CORE, "core")            \
    X(TABLE_2D, "table-2d") X(TABLE_1D, "table-1d") X(MEET, "meet-in-the-middle") X(BRANCH, "branch-and-bound")
enum knapsack_algorithm {
#define X(name, text) KNAPSACK_##name,
    KNAPSACK_ALGORITHMS(X)
#undef X
};

enum { KNAPSACK_MAX_DIMS = 64 };

/* The problem as it is asked. */
struct knapsack_task {
    struct knapsack_in in; /* with dims > 0 weight and capacity are not read. KNAPSACK_SUBSET_SUM: value is weight */
    enum knapsack_variant variant;
    const int64_t *count; /* KNAPSACK_BOUNDED: item i has count[i * count_stride] >= 0 copies; borrowed */
    size_t count_stride;
    size_t dims;                       /* 0: one weight each; else up to KNAPSACK_MAX_DIMS */
    const int64_t *weights, *capacity; /* dims > 0: [n][dims], [dims]; >= 0, borrowed */
    bool exact_fill;                   /* the weight is to equal the capacity, in every dimension */
    int64_t at_most;                   /* copies chosen in all; -1: any number */
    enum knapsack_algorithm algorithm;
    int64_t sets;        /* list so many of the optimal choices; 0: do not */
    struct trace *trace; /* NULL: nobody watches */
    size_t max_steps;
};

struct knapsack_part {
    int64_t w, p;   /* of all its copies; w is 0 where the task has dims */
    int64_t copies; /* >= 1 */
    uint32_t item;
    uint32_t taken; /* 0 or 1 */
};

/* The problem to be solved: each part is taken or not. */
struct knapsack_parts {
    struct knapsack_part *part; /* by item, ascending; in the arena */
    size_t n;
    int64_t capacity;
    int64_t sum_w, sum_p; /* of all parts; they fit int64, in every dimension */
};

/* What a solver of parts says; which it took stands in them. */
struct knapsack_found {
    bool found;    /* false: nothing is taken (exact fill) */
    bool optimal;  /* proven; where nothing was found: that there is nothing */
    int64_t bound; /* no choice is worth more; without meaning where it is proven that there is none */
    enum knapsack_end end;
    struct knapsack_stats stats;
};

/* knapsack_parts_check checks what knapsack_solve would, for all variants. Errors: INVALID, TOO_LARGE. */
enum status knapsack_parts_check(struct ctx *ctx, const struct knapsack_task *task) MUST_CHECK;

/* knapsack_parts_make splits a checked task. all: keep also what no best choice needs (items without value, dominated
 * ones). Errors: INVALID (a sum that does not fit; value without end), NO_MEMORY. */
enum status knapsack_parts_make(struct ctx *ctx, const struct knapsack_task *task, bool all,
                                struct knapsack_parts *out) MUST_CHECK;

/* knapsack_gcd of two integers of at least 0; that of 0 and b is b. */
int64_t knapsack_gcd(int64_t a, int64_t b);

/* knapsack_weight is an item's weight in a dimension (0 where there is one only). */
static inline int64_t knapsack_weight(const struct knapsack_task *task, size_t i, size_t d) {
    return task->dims ? task->weights[i * task->dims + d] : task->in.weight[i * task->in.stride];
}
static inline int64_t knapsack_value(const struct knapsack_task *task, size_t i) {
    return task->in.value[i * task->in.stride];
}
static inline int64_t knapsack_capacity(const struct knapsack_task *task, size_t d) {
    return task->dims ? task->capacity[d] : task->in.capacity;
}

#endif
