#include "core/combine/knapsack_task.h"

#include "core/combine/knapsack_branch.h"
#include "core/combine/knapsack_meet.h"
#include "core/combine/knapsack_table.h"

const char *const knapsack_algorithm_names[] = {
#define X(name, text) text,
    KNAPSACK_ALGORITHMS(X)
#undef X
        NULL};

/* A table of so many cells takes a few hundredths of a second: it is surer than a search. */
static const char CORE_FIRST[] = "Bounds settle most items, so that a core of them is left.";
enum { SMALL_TABLE = 16 * 1000 * 1000, SURE_MEET = 30 };

/* -- The core program on parts -- */

/* The values of all parts are their weights: the most valuable choice is the heaviest, and nothing need be put first. */
static bool values_are_weights(const struct knapsack_parts *parts) {
    for (size_t i = 0; i < parts->n; i++)
        if (parts->part[i].p != parts->part[i].w)
            return false;
    return true;
}

/* put_first gives each part the value p + M w; false where the sums do not fit. M is 0 where weights are first as it
 * is. */
static bool put_first(struct knapsack_parts *parts, int64_t *unit) {
    int64_t sum;
    *unit = 0;
    if (values_are_weights(parts))
        return true;
    if (__builtin_add_overflow(parts->sum_p, 1, unit) || __builtin_mul_overflow(*unit, parts->sum_w, &sum) ||
        __builtin_add_overflow(sum, parts->sum_p, &sum))
        return false;
    for (size_t i = 0; i < parts->n; i++)
        parts->part[i].p += *unit * parts->part[i].w;
    parts->sum_p = sum;
    return true;
}

/* take_away undoes put_first, also in what was found: a bound below the unit's share of the capacity means that
 * nothing fills it. */
static void take_away(struct knapsack_parts *parts, int64_t unit, struct knapsack_found *found) {
    int64_t weight = 0, full, most = unit ? parts->sum_p - unit * parts->sum_w : parts->capacity;
    for (size_t i = 0; i < parts->n; i++) {
        parts->part[i].p -= unit * parts->part[i].w;
        weight += parts->part[i].taken ? parts->part[i].w : 0;
    }
    full = unit ? unit * parts->capacity : parts->capacity; /* capacity <= sum_w here */
    found->found = weight == parts->capacity;
    found->optimal = found->optimal || found->bound < full;
    if (unit) {
        parts->sum_p = most;
        found->bound = found->bound < full ? 0 : found->bound - full;
    }
    found->bound = found->bound < most ? found->bound : most;
    for (size_t i = 0; i < parts->n && !found->found; i++)
        parts->part[i].taken = 0;
}

static enum status core_solve(struct ctx *ctx, struct knapsack_parts *parts, struct knapsack_watch *watch,
                              struct knapsack_found *out) {
    const struct knapsack_part *part = parts->part;
    const struct knapsack_in in = {parts->n,        &part->w,         &part->p, sizeof *part / sizeof part->w,
                                   parts->capacity, KNAPSACK_COLUMNS, watch};
    struct knapsack_out core;
    enum status status = knapsack_solve(ctx, &in, &core);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < parts->n; i++)
        parts->part[i].taken = 0;
    for (size_t k = 0; k < core.chosen.n; k++)
        parts->part[core.chosen.ints[k]].taken = 1;
    *out = (struct knapsack_found){true, core.optimal, core.bound, core.end, core.stats};
    return STATUS_OK;
}

/* search runs the core program or branch and bound; an exact fill of a single capacity with weight put first. */
static enum status search(struct ctx *ctx, const struct knapsack_task *task, struct knapsack_parts *parts, bool branch,
                          struct knapsack_found *out) {
    const bool first = task->exact_fill && !task->dims;
    int64_t unit = 0;
    if (first && !put_first(parts, &unit))
        return ctx_fail(ctx, STATUS_TOO_LARGE, "/exact_fill",
                        "The sum of the weights, over their common divisor, times the sum of the values is past "
                        "9223372036854775807, want less for an exact fill by more than %d items of such values.",
                        KNAPSACK_MEET_PARTS);
    enum status status = branch ? knapsack_branch_solve(ctx, task, parts, out)
                                : core_solve(ctx, parts, first ? NULL : task->in.watch, out);
    if (status == STATUS_OK && first)
        take_away(parts, unit, out);
    return status;
}

/* -- Which algorithm -- */

static bool small_table(const struct knapsack_task *task, const struct knapsack_parts *parts) {
    int64_t cells = knapsack_table_cells(task, parts, false);
    return cells > 0 && cells <= SMALL_TABLE;
}

static bool weight_can_go_first(const struct knapsack_parts *parts) {
    return values_are_weights(parts) || ((__int128)parts->sum_p + 1) * ((__int128)parts->sum_w + 1) <= INT64_MAX;
}

static enum knapsack_algorithm because(const char **why, enum knapsack_algorithm algorithm, const char *reason) {
    *why = reason;
    return algorithm;
}

static enum knapsack_algorithm choose(const struct knapsack_task *task, const struct knapsack_parts *parts,
                                      const char **why) {
    if (task->algorithm != KNAPSACK_AUTO)
        return task->algorithm;
    if (task->trace) {
        int64_t cells = knapsack_table_cells(task, parts, true);
        return because(why, cells > 0 && cells <= TRACE_MAX_VALUES ? KNAPSACK_TABLE_2D : KNAPSACK_TABLE_1D,
                       "A trace plays a table.");
    }
    if (task->dims)
        return because(why, KNAPSACK_BRANCH, "There are several capacities.");
    if ((task->exact_fill || task->at_most >= 0) && small_table(task, parts))
        return because(why, KNAPSACK_TABLE_1D, "The table is small, and it is sure.");
    if (task->at_most >= 0)
        return because(why, KNAPSACK_BRANCH, "The number of items is limited, and a table would be large.");
    if (task->exact_fill && (parts->n <= SURE_MEET || (parts->n <= KNAPSACK_MEET_PARTS && !weight_can_go_first(parts))))
        return because(why, KNAPSACK_MEET, "There are few items, and a table would be large.");
    return because(why, KNAPSACK_CORE, CORE_FIRST);
}

static int64_t copies_taken(const struct knapsack_parts *parts) {
    int64_t copies = 0;
    for (size_t i = 0; i < parts->n; i++)
        if (parts->part[i].taken && __builtin_add_overflow(copies, parts->part[i].copies, &copies))
            return INT64_MAX;
    return copies;
}

/* relax answers a task with at_most where the optimum without it obeys it. */
static enum status relax(struct ctx *ctx, const struct knapsack_task *task, struct knapsack_parts *parts,
                         struct knapsack_found *found, enum knapsack_algorithm *used) {
    if (task->algorithm != KNAPSACK_AUTO || task->trace || task->dims || task->at_most < 0 || task->exact_fill)
        return STATUS_OK;
    enum status status = core_solve(ctx, parts, NULL, found); /* not yet choices of the task */
    if (status == STATUS_OK && found->optimal && copies_taken(parts) <= task->at_most)
        *used = KNAPSACK_CORE;
    return status;
}

static enum status solve_by(struct ctx *ctx, const struct knapsack_task *task, struct knapsack_parts *parts,
                            enum knapsack_algorithm algorithm, struct knapsack_found *found) {
    for (size_t i = 0; i < parts->n; i++)
        parts->part[i].taken = 0;
    switch (algorithm) {
    case KNAPSACK_TABLE_2D: return knapsack_table_solve(ctx, task, parts, true, found);
    case KNAPSACK_TABLE_1D: return knapsack_table_solve(ctx, task, parts, false, found);
    case KNAPSACK_MEET: return knapsack_meet_solve(ctx, task, parts, found);
    default: return search(ctx, task, parts, algorithm == KNAPSACK_BRANCH, found);
    }
}

static enum status solve_parts(struct ctx *ctx, const struct knapsack_task *task, struct knapsack_parts *parts,
                               struct knapsack_found *found, enum knapsack_algorithm *used, const char **why) {
    *used = KNAPSACK_AUTO;
    *why = task->algorithm == KNAPSACK_AUTO ? CORE_FIRST : NULL;
    found->bound = INT64_MAX;
    enum status status = relax(ctx, task, parts, found, used);
    if (status != STATUS_OK || *used != KNAPSACK_AUTO)
        return status;
    int64_t bound = found->bound; /* also holds with the limit */
    *used = choose(task, parts, why);
    status = solve_by(ctx, task, parts, *used, found);
    /* A table that was cut has nothing to show; a search has a first choice at once. */
    if (status == STATUS_OK && !found->optimal && *used == KNAPSACK_TABLE_1D && task->algorithm == KNAPSACK_AUTO &&
        !task->exact_fill && !task->trace) {
        *used = because(why, KNAPSACK_BRANCH, "A table was begun, and there was no time to end it.");
        status = solve_by(ctx, task, parts, *used, found);
    }
    if (status == STATUS_OK && !found->optimal && found->bound > bound)
        found->bound = bound;
    return status;
}

/* -- The answer -- */

static void add_part(const struct knapsack_part *part, int64_t *chosen, int64_t *counts, size_t *n) {
    if (*n == 0 || chosen[*n - 1] != part->item) {
        chosen[*n] = part->item;
        counts[(*n)++] = 0;
    }
    counts[*n - 1] += part->copies;
}

/* merge brings the parts taken back to items and copies. */
static enum status merge(struct ctx *ctx, const struct knapsack_parts *parts, struct knapsack_answer *out) {
    size_t n = 0, taken = 0;
    for (size_t i = 0; i < parts->n; i++)
        taken += parts->part[i].taken;
    int64_t *chosen = ctx_alloc(ctx, taken, sizeof *chosen), *counts = ctx_alloc(ctx, taken, sizeof *counts);
    if (!chosen || !counts)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < parts->n; i++)
        if (parts->part[i].taken)
            add_part(&parts->part[i], chosen, counts, &n);
    out->chosen = array_1d(KIND_INT, chosen, n);
    out->counts = array_1d(KIND_INT, counts, n);
    return STATUS_OK;
}

static enum status add_weights(struct ctx *ctx, const struct knapsack_task *task, struct knapsack_answer *out) {
    size_t dims = task->dims ? task->dims : 1;
    int64_t *sum = ctx_zalloc(ctx, dims, sizeof *sum), copies = 0;
    if (!sum)
        return STATUS_NO_MEMORY;
    for (size_t k = 0; k < out->chosen.n; k++) {
        size_t i = (size_t)out->chosen.ints[k];
        for (size_t d = 0; d < dims; d++)
            sum[d] += out->counts.ints[k] * knapsack_weight(task, i, d);
        out->value += out->counts.ints[k] * knapsack_value(task, i);
        copies = __builtin_add_overflow(copies, out->counts.ints[k], &copies) ? INT64_MAX : copies;
    }
    out->weight = task->dims ? 0 : sum[0];
    if (task->dims)
        out->weights = array_1d(KIND_INT, sum, dims);
    bool fits = task->at_most < 0 || copies <= task->at_most;
    for (size_t d = 0; d < dims; d++)
        fits = fits && sum[d] <= knapsack_capacity(task, d);
    for (size_t d = 0; d < dims && task->exact_fill && out->found; d++)
        fits = fits && sum[d] == knapsack_capacity(task, d);
    return fits ? STATUS_OK : ctx_fail(ctx, STATUS_INTERNAL, "", "The knapsack's answer did not pass its own check.");
}

static enum status answer(struct ctx *ctx, const struct knapsack_task *task, const struct knapsack_parts *parts,
                          const struct knapsack_found *found, struct knapsack_answer *out) {
    out->found = found->found;
    out->optimal = found->optimal;
    out->end = found->end;
    out->stats = found->stats;
    enum status status = merge(ctx, parts, out);
    if (status == STATUS_OK)
        status = add_weights(ctx, task, out);
    if (status != STATUS_OK)
        return status;
    out->bound = found->optimal ? out->value : found->bound;
    out->optimal = found->optimal || (found->found && out->bound == out->value);
    if (out->bound < out->value || (found->optimal && found->found && found->bound != out->value))
        return ctx_fail(ctx, STATUS_INTERNAL, "", "The knapsack's answer did not pass its own check.");
    return STATUS_OK;
}

/* -- The task -- */

/* solve_plain is knapsack_solve, for which nothing is copied. */
static enum status solve_plain(struct ctx *ctx, const struct knapsack_task *task, struct knapsack_answer *out) {
    struct knapsack_out core;
    enum status status = knapsack_solve(ctx, &task->in, &core);
    if (status != STATUS_OK)
        return status;
    *out = (struct knapsack_answer){.found = true,
                                    .optimal = core.optimal,
                                    .value = core.value,
                                    .weight = core.weight,
                                    .bound = core.bound,
                                    .chosen = core.chosen,
                                    .algorithm = KNAPSACK_CORE,
                                    .why = task->algorithm == KNAPSACK_AUTO ? CORE_FIRST : NULL,
                                    .end = core.end,
                                    .stats = core.stats};
    return STATUS_OK;
}

static bool is_plain(const struct knapsack_task *task) {
    return (task->variant == KNAPSACK_01 || task->variant == KNAPSACK_SUBSET_SUM) && !task->dims && !task->exact_fill &&
           task->at_most < 0 && !task->trace && (task->algorithm == KNAPSACK_AUTO || task->algorithm == KNAPSACK_CORE);
}

/* can_fill is false where sums or divisors of the weights tell that nothing fills a capacity exactly. */
static bool can_fill(const struct knapsack_task *task, const struct knapsack_parts *parts, size_t d) {
    int64_t divisor = 0, sum = 0;
    for (size_t i = 0; i < parts->n; i++) {
        int64_t w = task->dims ? knapsack_weight(task, parts->part[i].item, d) : parts->part[i].w;
        sum += task->dims ? w * parts->part[i].copies : w;
        divisor = divisor == 1 ? 1 : knapsack_gcd(w, divisor);
    }
    int64_t capacity = knapsack_capacity(task, d);
    return capacity <= sum && (divisor == 0 || capacity % divisor == 0);
}

/* divide takes the common divisor, which the capacity has too, out of the weights. Values that are weights stay so. */
static void divide(const struct knapsack_task *task, struct knapsack_parts *parts) {
    int64_t divisor = 0;
    if (task->dims || task->algorithm == KNAPSACK_TABLE_2D || task->algorithm == KNAPSACK_TABLE_1D ||
        values_are_weights(parts))
        return; /* a table asked for is as large as documented */
    for (size_t i = 0; i < parts->n && divisor != 1; i++)
        divisor = knapsack_gcd(parts->part[i].w, divisor);
    if (divisor <= 1)
        return;
    for (size_t i = 0; i < parts->n; i++)
        parts->part[i].w /= divisor;
    parts->capacity /= divisor;
    parts->sum_w /= divisor;
}

/* settled tells of an exact fill that nothing makes; else it makes the numbers small. */
static bool settled(const struct knapsack_task *task, struct knapsack_parts *parts) {
    if (!task->exact_fill || task->trace)
        return false;
    for (size_t d = 0; d < (task->dims ? task->dims : 1); d++)
        if (!can_fill(task, parts, d))
            return true;
    divide(task, parts);
    return false;
}

static enum status solve_split(struct ctx *ctx, const struct knapsack_task *task, struct knapsack_answer *out) {
    struct knapsack_parts parts;
    enum status status = knapsack_parts_check(ctx, task);
    if (status == STATUS_OK)
        status = knapsack_parts_make(ctx, task, false, &parts);
    if (status != STATUS_OK)
        return status;
    struct knapsack_found found = {.optimal = true, .end = KNAPSACK_COMPLETE};
    if (settled(task, &parts)) {
        enum knapsack_algorithm usual = task->dims ? KNAPSACK_BRANCH : KNAPSACK_CORE;
        out->algorithm = task->algorithm == KNAPSACK_AUTO ? usual : task->algorithm;
        out->why = task->algorithm == KNAPSACK_AUTO ? "Sums and divisors of the weights settle it." : NULL;
        return answer(ctx, task, &parts, &found, out);
    }
    if (!task->exact_fill && !task->dims && !task->trace && parts.sum_w < parts.capacity)
        parts.capacity = parts.sum_w;
    status = solve_parts(ctx, task, &parts, &found, &out->algorithm, &out->why);
    return status == STATUS_OK ? answer(ctx, task, &parts, &found, out) : status;
}

enum status knapsack_task_solve(struct ctx *ctx, const struct knapsack_task *task, struct knapsack_answer *out) {
    *out = (struct knapsack_answer){0};
    enum status status = is_plain(task) ? solve_plain(ctx, task, out) : solve_split(ctx, task, out);
    if (status == STATUS_OK && task->sets && out->found && out->optimal)
        status = knapsack_sets_list(ctx, task, out->value, KNAPSACK_SETS_CELLS, &out->sets);
    return status;
}
