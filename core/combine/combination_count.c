#include "core/combine/combination_count.h"

#include <string.h>

#include "core/base/elementary.h"
#include "core/combine/wide.h"

static double log2_of(double x) { return elementary_log(x) * 1.4426950408889634; }

/* limbs_for gives limbs that hold any count below 2^bits; the margin covers the rounding of `bits`. */
static size_t limbs_for(double bits) { return (size_t)((bits * (1 + 1e-9) + 1) / 64) + 1; }

/* -- Groups and widths -- */

static enum status make_groups(struct ctx *ctx, struct combination_count *count) {
    const struct combination_plan *plan = count->plan;
    count->group = ctx_alloc(ctx, plan->n, sizeof *count->group);
    if (!count->group)
        return STATUS_NO_MEMORY;
    for (size_t p = 0; p < plan->n; p++) {
        struct combination_group *last = &count->group[count->n_groups];
        if (p && plan->part[p] == plan->part[p - 1] && !plan->distinct)
            last[-1].copies++;
        else
            *last = (struct combination_group){plan->part[p], 1, p, 1}, count->n_groups++;
    }
    for (size_t g = 0; g < count->n_groups; g++) {
        size_t most = plan->target / count->group[g].part;
        if (plan->reuse || count->group[g].copies > most)
            count->group[g].copies = most;
    }
    return STATUS_OK;
}

/* bound_widths bounds each stage. Groups come in from the greatest part on; the one that came in last is left out. */
static void bound_widths(struct combination_count *count) {
    double ways = 0, volume = 0, parts = 0, size = 0, bits = 0;
    for (size_t g = count->n_groups; g-- > 0;) {
        struct combination_group *group = &count->group[g];
        double bound = size > 0 ? size * log2_of((double)count->plan->target + parts) - volume : 0;
        bound = bound < ways ? bound : ways;
        bits = bits > bound ? bits : bound;
        group->width = limbs_for(bits);
        size++;
        ways += log2_of((double)group->copies + 1);
        volume += log2_of((double)group->part) + log2_of(size);
        parts += (double)group->part;
    }
    count->width = count->n_groups ? count->group[0].width : 1;
}

/* growth gives log2 x where the sum of x^-part is 1, or a little more. */
static double growth(const struct combination_count *count) {
    double low = 0, high = log2_of((double)count->n_groups) / (double)count->group[0].part + 1e-12;
    for (int round = 0; round < 40; round++) {
        double mid = (low + high) / 2, sum = 0;
        for (size_t g = 0; g < count->n_groups && sum <= 1; g++)
            sum += elementary_exp(-mid * (double)count->group[g].part * 0.69314718055994531);
        *(sum <= 1 ? &high : &low) = mid;
    }
    return high;
}

static enum status check_size(struct ctx *ctx, const struct combination_count *count, double steps) {
    double bytes = 8.0 * (double)count->kept * (double)count->plan->states * (double)count->width;
    if (bytes > COMBINATION_MAX_TABLE)
        return ctx_fail(ctx, STATUS_TOO_LARGE, "/target",
                        "The table of counts takes %.0f bytes, with %zu for each count; want at most %d. Listing "
                        "without a count or an offset needs no such table.",
                        bytes, 8 * count->width, COMBINATION_MAX_TABLE);
    if (steps > (double)count->plan->max_steps)
        return ctx_fail(ctx, STATUS_TOO_LARGE, "/target",
                        "Counting takes %.3g additions of 64 bits, want at most %lld. Listing without a count or an "
                        "offset needs none.",
                        steps, (long long)count->plan->max_steps);
    return STATUS_OK;
}

/* -- Unordered -- */

static inline uint64_t *entry(const struct combination_count *count, size_t rest, size_t k) {
    return count->table + (rest * count->plan->states + k) * count->width;
}

enum sign { ADD, SUBTRACT };

static inline void combine(uint64_t *a, const uint64_t *b, size_t w, enum sign sign) {
    if (sign == ADD)
        wide_add(a, b, w);
    else
        wide_subtract(a, b, w);
}

/* move_states combines the entries of `rest` with those that `copies` parts c lead to. */
static inline void move_states(struct combination_count *count, size_t rest, size_t c, size_t copies, size_t w,
                               enum sign sign) {
    const struct combination_plan *plan = count->plan;
    for (size_t k = 0; k < plan->states; k++) {
        size_t after;
        if (combination_state(plan, k, copies, &after))
            combine(entry(count, rest, k), entry(count, rest - copies * c, after), w, sign);
    }
}

/* move_plain is move_states for the n rests from `low` on, where there is one state: the rows are one long array. */
static void move_plain(struct combination_count *count, size_t low, size_t n, size_t distance, size_t w,
                       enum sign sign) {
    const size_t stride = count->width;
    uint64_t *row = count->table + low * stride;
    if (stride == 1 && sign == ADD)
        for (size_t i = 0; i < n; i++, row++)
            *row += row[-(ptrdiff_t)distance];
    else if (sign == ADD)
        for (size_t i = 0; i < n; i++, row += stride)
            wide_add(row, row - distance * stride, w);
    else
        for (row += n * stride; n-- > 0;) {
            row -= stride;
            wide_subtract(row, row - distance * stride, w);
        }
}

/* multiply applies 1 / (1 - S^copies) (ADD, upwards) or 1 - S^copies (SUBTRACT, downwards) to the rests up to `to`. */
static enum status multiply(struct ctx *ctx, struct combination_count *count, size_t c, size_t copies, size_t to,
                            size_t w, enum sign sign) {
    const size_t chunk = ((size_t)1 << 20) / (count->plan->states * w) + 1;
    if (copies > to / c)
        return STATUS_OK;
    size_t from = copies * c, n = to - from + 1;
    for (size_t done = 0; done < n; done += chunk) {
        size_t some = n - done < chunk ? n - done : chunk;
        size_t low = sign == ADD ? from + done : to + 1 - done - some;
        if (ctx_stop(ctx) != STOP_NONE)
            return ctx_stopped(ctx);
        if (count->plan->states == 1) {
            move_plain(count, low, some, from, w, sign);
            continue;
        }
        for (size_t i = 0; i < some; i++)
            move_states(count, sign == ADD ? low + i : low + some - 1 - i, c, copies, w, sign);
    }
    return STATUS_OK;
}

/* take_in multiplies by a group's factor; take_out divides by it. Between the two steps counts may be negative: modulo
 * 2^(64 w) that does no harm. */
static enum status take_in(struct ctx *ctx, struct combination_count *count, const struct combination_group *g) {
    size_t target = count->plan->target;
    enum status status = multiply(ctx, count, g->part, g->copies + 1, target, g->width, SUBTRACT);
    return status == STATUS_OK ? multiply(ctx, count, g->part, 1, target, g->width, ADD) : status;
}

static enum status take_out(struct ctx *ctx, struct combination_count *count, const struct combination_group *g,
                            size_t to) {
    enum status status = multiply(ctx, count, g->part, 1, to, g->width, SUBTRACT);
    return status == STATUS_OK ? multiply(ctx, count, g->part, g->copies + 1, to, g->width, ADD) : status;
}

static enum status count_sets(struct ctx *ctx, struct combination_count *count) {
    const struct combination_plan *plan = count->plan;
    double limbs = 0;
    bound_widths(count);
    for (size_t g = 0; g < count->n_groups; g++)
        limbs += (plan->reuse ? 1 : 2) * (double)count->group[g].width;
    count->kept = plan->target + 1;
    enum status status = check_size(ctx, count, limbs * (double)count->kept * (double)plan->states);
    if (status != STATUS_OK)
        return status;
    count->table = ctx_zalloc(ctx, count->kept * plan->states * count->width, sizeof *count->table);
    if (!count->table)
        return STATUS_NO_MEMORY;
    for (size_t k = 0; k <= plan->accept && k < plan->states; k++)
        *entry(count, 0, k) = 1;
    for (size_t g = count->n_groups; g-- > 0 && status == STATUS_OK;)
        status = take_in(ctx, count, &count->group[g]);
    return status;
}

/* -- Ordered -- */

static inline uint64_t *slot(const struct combination_count *count, size_t rest, size_t k) {
    return entry(count, rest % count->kept, k);
}

/* Neighbouring parts low .. high, all of them there. Three and more have their entries at rest - low .. rest - high
 * added up, in sum[states][width], which goes with `rest` by one addition and one subtraction. */
struct stretch {
    size_t low, high;
    uint64_t *sum; /* NULL: each is added */
};

enum { BY_SUM = 4 };

static size_t additions(const struct stretch *s) { return s->sum ? 3 : s->high - s->low + 1; }

static enum status make_stretches(struct ctx *ctx, const struct combination_count *count, struct stretch **out,
                                  size_t *n) {
    struct stretch *s = *out = ctx_alloc(ctx, count->n_groups, sizeof *s);
    *n = 0;
    for (size_t g = 0; s && g < count->n_groups; g++) {
        size_t part = count->group[g].part;
        if (*n > 0 && s[*n - 1].high + 1 == part)
            s[*n - 1].high = part;
        else
            s[(*n)++] = (struct stretch){part, part, NULL};
    }
    for (size_t i = 0; s && i < *n; i++)
        if (s[i].high - s[i].low + 1 >= BY_SUM)
            if (!(s[i].sum = ctx_zalloc(ctx, count->plan->states * count->width, sizeof *s->sum)))
                return STATUS_NO_MEMORY;
    return s ? STATUS_OK : STATUS_NO_MEMORY;
}

/* slide moves the sum of a stretch from rest - 1 to rest. */
static const uint64_t *slide(const struct combination_count *count, const struct stretch *s, size_t rest, size_t after,
                             size_t k, size_t w) {
    uint64_t *sum = s->sum + k * count->width;
    wide_add(sum, slot(count, rest - s->low, after), w);
    if (rest > s->high)
        wide_subtract(sum, slot(count, rest - 1 - s->high, after), w);
    return sum;
}

/* Terms that wait to be added to a sum together. */
struct terms {
    const uint64_t *at[WIDE_TERMS];
    size_t n;
};

static void add_term(struct terms *terms, uint64_t *sum, const uint64_t *term, size_t w) {
    terms->at[terms->n++] = term;
    if (terms->n == WIDE_TERMS) {
        wide_add_terms(sum, terms->at, w);
        terms->n = 0;
    }
}

static void sum_parts(struct combination_count *count, const struct stretch *stretch, size_t n, size_t rest, size_t k,
                      size_t w) {
    uint64_t *sum = slot(count, rest, k);
    struct terms terms = {.n = 0};
    size_t after;
    memset(sum, 0, count->width * sizeof *sum);
    if (!combination_state(count->plan, k, 1, &after))
        return;
    for (const struct stretch *s = stretch; s < stretch + n && s->low <= rest; s++) {
        if (s->sum)
            add_term(&terms, sum, slide(count, s, rest, after, k, w), w);
        for (size_t part = s->low; !s->sum && part <= s->high && part <= rest; part++)
            add_term(&terms, sum, slot(count, rest - part, after), w);
    }
    while (terms.n > 0)
        wide_add(sum, terms.at[--terms.n], w);
}

static enum status fill_sequences(struct ctx *ctx, struct combination_count *count, double bits,
                                  const struct stretch *stretch, size_t n) {
    const struct combination_plan *plan = count->plan;
    size_t steps = 0, each = 1;
    for (size_t i = 0; i < n; i++)
        each += additions(&stretch[i]);
    for (size_t k = 0; k <= plan->accept && k < plan->states; k++)
        *slot(count, 0, k) = 1;
    for (size_t rest = 1; rest <= plan->target; rest++) {
        size_t w = limbs_for(bits * (double)rest);
        for (size_t k = 0; k < plan->states; k++)
            sum_parts(count, stretch, n, rest, k, w);
        steps += each * plan->states * w;
        if (steps >> 20 && ctx_stop(ctx) != STOP_NONE)
            return ctx_stopped(ctx);
        steps &= (1 << 20) - 1;
    }
    return STATUS_OK;
}

/* additions_of counts those for a rest and a state, before there are stretches. */
static double additions_of(const struct combination_count *count) {
    double sum = 0;
    for (size_t g = 0, length; g < count->n_groups; g += length) {
        for (length = 1; g + length < count->n_groups; length++)
            if (count->group[g + length].part != count->group[g].part + length)
                break;
        sum += length >= BY_SUM ? 3 : (double)length;
    }
    return sum;
}

static enum status count_sequences(struct ctx *ctx, struct combination_count *count, bool ranks) {
    const struct combination_plan *plan = count->plan;
    double bits = count->n_groups ? growth(count) : 0;
    size_t greatest = count->n_groups ? count->group[count->n_groups - 1].part : 0, n;
    count->width = limbs_for(bits * (double)plan->target);
    count->kept = (ranks ? plan->target : greatest + 1) + 1; /* one more: a sum also lets one go */
    enum status status = check_size(ctx, count,
                                    additions_of(count) * (double)(plan->target + 1) * (double)plan->states *
                                        (1 + (double)count->width / 2));
    if (status != STATUS_OK)
        return status;
    struct stretch *stretch;
    count->table = ctx_zalloc(ctx, count->kept * plan->states * count->width, sizeof *count->table);
    status = count->table ? make_stretches(ctx, count, &stretch, &n) : STATUS_NO_MEMORY;
    return status == STATUS_OK ? fill_sequences(ctx, count, bits, stretch, n) : status;
}

enum status combination_count_make(struct ctx *ctx, const struct combination_plan *plan, bool ranks,
                                   struct combination_count *count) {
    static const uint64_t NONE[1];
    *count = (struct combination_count){.plan = plan, .width = 1, .total = NONE};
    if (plan->none)
        return STATUS_OK;
    enum status status = make_groups(ctx, count);
    if (status == STATUS_OK)
        status = plan->ordered ? count_sequences(ctx, count, ranks) : count_sets(ctx, count);
    if (status != STATUS_OK)
        return status;
    uint64_t *total = ctx_zalloc(ctx, count->width, sizeof *total);
    if (!total)
        return STATUS_NO_MEMORY;
    for (size_t start = plan->shortest; start <= plan->longest; start++)
        wide_add(total, slot(count, plan->target, start), count->width);
    count->total = total;
    return STATUS_OK;
}

/* -- Ranks -- */

/* turn_round makes a rank of the reverse order, total - 1 - rank; and back. */
static void turn_round(const struct combination_count *count, uint64_t *rank) {
    if (count->plan->order != COMBINATION_DESCENDING)
        return;
    for (size_t i = 0; i < count->width; i++)
        rank[i] = ~rank[i];
    wide_add(rank, count->total, count->width);
}

/* A combination as it is found (values grow) or as it is given (values are read). */
struct course {
    struct combination_count *count;
    uint64_t *rank; /* unrank: less the combinations that were passed; rank: those that were */
    bool unrank;
    int64_t *values;      /* found: `at` of them so far */
    const int64_t *given; /* [n] */
    size_t n, at;
    size_t rest, k;
};

/* goes_in says whether the course goes into the block of combinations, all equal so far; else the block is passed. */
static bool goes_in(struct course *c, const uint64_t *block, bool given) {
    size_t w = c->count->width;
    if (c->unrank ? wide_less(c->rank, block, w) : given)
        return true;
    combine(c->rank, block, w, c->unrank ? SUBTRACT : ADD);
    return false;
}

static void take(struct course *c, size_t position, size_t copies) {
    const struct combination_plan *plan = c->count->plan;
    for (size_t i = 0; i < copies; i++, c->at++)
        if (c->unrank)
            c->values[c->at] = combination_token(plan, position);
    c->rest -= copies * plan->part[position];
    (void)combination_state(plan, c->k, copies, &c->k);
}

/* choose_copies: more copies of the least value come first. */
static void choose_copies(struct course *c, const struct combination_group *g) {
    const struct combination_plan *plan = c->count->plan;
    size_t copies = c->rest / g->part < g->copies ? c->rest / g->part : g->copies, given = 0, after;
    while (!c->unrank && c->at + given < c->n && c->given[c->at + given] == combination_token(plan, g->first))
        given++;
    for (;; copies--) {
        bool may = combination_state(plan, c->k, copies, &after);
        if (copies == 0 || (may && goes_in(c, entry(c->count, c->rest - copies * g->part, after), copies == given)))
            break;
    }
    take(c, g->first, copies);
}

static enum status course_of_set(struct ctx *ctx, struct course *c) {
    for (size_t g = 0; g < c->count->n_groups && c->rest > 0; g++) {
        enum status status = take_out(ctx, c->count, &c->count->group[g], c->rest);
        if (status != STATUS_OK)
            return status;
        choose_copies(c, &c->count->group[g]);
    }
    return STATUS_OK;
}

static enum status course_of_sequence(struct ctx *ctx, struct course *c) {
    const struct combination_plan *plan = c->count->plan;
    for (size_t steps = 0; c->rest > 0; steps++) {
        size_t after, p = 0;
        (void)combination_state(plan, c->k, 1, &after);
        while (!goes_in(c, slot(c->count, c->rest - plan->part[p], after),
                        !c->unrank && c->given[c->at] == combination_token(plan, p)))
            p++;
        take(c, p, 1);
        if (steps % 64 == 63 && ctx_stop(ctx) != STOP_NONE)
            return ctx_stopped(ctx);
    }
    return STATUS_OK;
}

/* choose_length passes the lengths that come before. */
static void choose_length(struct course *c) {
    const struct combination_plan *plan = c->count->plan;
    c->k = combination_first_start(plan);
    for (size_t next = c->k; combination_next_start(plan, &next); c->k = next)
        if (goes_in(c, slot(c->count, plan->target, c->k), c->k == c->n))
            return;
}

static enum status course(struct ctx *ctx, struct course *c) {
    c->rest = c->count->plan->target;
    choose_length(c);
    return c->count->plan->ordered ? course_of_sequence(ctx, c) : course_of_set(ctx, c);
}

enum status combination_unrank(struct ctx *ctx, struct combination_count *count, uint64_t *rank, int64_t **values,
                               size_t *n) {
    const struct combination_plan *plan = count->plan;
    size_t longest = plan->n ? plan->target / plan->part[0] : 0;
    *values = ctx_alloc(ctx, longest, sizeof **values);
    if (!*values)
        return STATUS_NO_MEMORY;
    turn_round(count, rank);
    struct course c = {.count = count, .rank = rank, .unrank = true, .values = *values};
    enum status status = course(ctx, &c);
    *n = c.at;
    return status;
}

enum status combination_rank(struct ctx *ctx, struct combination_count *count, const int64_t *values, size_t n,
                             uint64_t *rank) {
    struct course c = {.count = count, .rank = rank, .given = values, .n = n};
    memset(rank, 0, count->width * sizeof *rank);
    enum status status = course(ctx, &c);
    turn_round(count, rank);
    return status;
}
