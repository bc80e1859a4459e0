#include "core/search/bisect.h"

#include <stdio.h>

#include "core/search/bisect_batch.h"
#include "core/sort/sort.h"

const char *const bisect_mode_names[] = {"lower_bound", "upper_bound", "exact", "nearest",
                                         "range",       "rotated",     "peak",  NULL};

const char *const bisect_algorithm_names[] = {"halving", "groups", "sorted_groups", NULL};

/* A piece of work for one thread: this many targets. And from how many numbers on it pays to go through the targets in
 * their order: a piece of them then looks at a part of the values that stays in the cache. */
enum { PIECE = 1 << 11, SORT_VALUES = 1 << 18, SORT_TARGETS = 1 << 14 };

/* What the searches of a request share. */
struct search {
    struct ctx *ctx;
    const struct bisect_in *in;
    struct bisect_out *out;
    size_t pivot;         /* ROTATED; else lo: [lo, pivot) and [pivot, hi) are sorted */
    struct array targets; /* as they are gone through: in->targets, or those by size */
    const int64_t *order; /* NULL, or where the k-th of targets stood */
};

static void trace_start(struct trace *t, const char *what, size_t lo, size_t hi) {
    trace_add(t, what, TRACE_NOWHERE, NULL, TRACE_VARS({"lo", trace_int((int64_t)lo)}, {"hi", trace_int((int64_t)hi)}));
}

/* trace_exclude: of [lo, hi), the part [from, to) cannot hold the answer, as the element at mid shows. */
static void trace_exclude(const struct bisect_in *in, size_t lo, size_t hi, size_t mid, size_t from, size_t to,
                          bool left) {
    if (in->trace)
        trace_add(in->trace, "exclude", TRACE_AT((int64_t)mid), &in->values,
                  TRACE_VARS({"lo", trace_int((int64_t)lo)}, {"hi", trace_int((int64_t)hi)},
                             {"mid", trace_int((int64_t)mid)}, {"from", trace_int((int64_t)from)},
                             {"to", trace_int((int64_t)to)}, {"half", trace_text(left ? "left" : "right")}));
}

static void trace_found(const struct bisect_in *in, size_t at) {
    if (in->trace)
        trace_add(in->trace, "found", TRACE_AT((int64_t)at), &in->values, TRACE_NO_VARS);
}

/* halve is the plain twin of bisect_group, for one key, with a trace. */
static size_t halve(const struct bisect_in *in, size_t lo, size_t hi, const struct bisect_key *key) {
    trace_start(in->trace, "start", lo, hi);
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        bool right = bisect_below(&in->values, mid, key);
        trace_exclude(in, lo, hi, mid, right ? lo : mid, right ? mid + 1 : hi, right);
        if (right)
            lo = mid + 1;
        else
            hi = mid;
    }
    trace_found(in, lo);
    return lo;
}

/* find_pivot gives where the sorted order of a rotated [lo, hi) begins. Where the element in the middle equals the
 * last one, nothing tells on which side the descent is, and only the last one goes: O(n) at worst. */
static size_t find_pivot(const struct bisect_in *in) {
    const struct array *a = &in->values;
    size_t lo = in->lo, hi = in->hi;
    trace_start(in->trace, "start_pivot", lo, hi);
    while (hi - lo > 1) {
        size_t last = hi - 1, mid = lo + (last - lo) / 2;
        if (bisect_less(a, last, mid)) {
            trace_exclude(in, lo, hi, mid, lo, mid + 1, true);
            lo = mid + 1;
        } else if (bisect_less(a, mid, last)) {
            trace_exclude(in, lo, hi, mid, mid + 1, hi, false);
            hi = mid + 1;
        } else if (bisect_less(a, last, last - 1)) {
            trace_exclude(in, lo, hi, last, lo, last, true);
            lo = last;
        } else {
            trace_exclude(in, lo, hi, last, last, hi, false);
            hi = last;
        }
    }
    trace_found(in, lo);
    return lo;
}

/* find_peak keeps: what is left of lo is below it, what is right of hi - 1 is not above it. */
static size_t find_peak(const struct bisect_in *in) {
    size_t lo = in->lo, hi = in->hi;
    trace_start(in->trace, "start", lo, hi);
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo - 1) / 2;
        bool right = bisect_less(&in->values, mid, mid + 1);
        trace_exclude(in, lo, hi, mid, right ? lo : mid + 1, right ? mid + 1 : hi, right);
        if (right)
            lo = mid + 1;
        else
            hi = mid + 1;
    }
    trace_found(in, lo);
    return lo;
}

/* next_descent gives the first i in from .. hi-1 with values[i] < values[i - 1]; hi: none. */
static size_t next_descent(const struct bisect_in *in, size_t from) {
    const struct array *a = &in->values;
    size_t i = from;
    if (a->kind == KIND_INT)
        while (i < in->hi && a->ints[i - 1] <= a->ints[i])
            i++;
    else if (a->kind == KIND_REAL)
        while (i < in->hi && a->reals[i - 1] <= a->reals[i])
            i++;
    else
        while (i < in->hi && !bisect_less(a, i, i - 1))
            i++;
    return i;
}

static enum status fail_at(struct ctx *ctx, const struct bisect_in *in, size_t i, const char *text) {
    char pointer[64];
    size_t columns = in->values.dims == 2 ? in->values.shape[1] : 0;
    if (columns)
        snprintf(pointer, sizeof pointer, "/values/%zu/%zu", i / columns, i % columns);
    else
        snprintf(pointer, sizeof pointer, "/values/%zu", i);
    return ctx_fail(ctx, STATUS_INVALID, pointer, text, i, i ? i - 1 : 0);
}

/* check_order refuses what is not sorted, or not sorted and rotated. */
static enum status check_order(struct ctx *ctx, const struct bisect_in *in) {
    if (!in->check || in->mode == BISECT_PEAK || in->hi - in->lo < 2)
        return STATUS_OK;
    size_t first = next_descent(in, in->lo + 1);
    if (first == in->hi)
        return STATUS_OK;
    if (in->mode != BISECT_ROTATED)
        return fail_at(ctx, in, first,
                       "Value %zu is below value %zu, and a binary search wants values in ascending order.");
    size_t second = next_descent(in, first + 1);
    if (second < in->hi)
        return fail_at(ctx, in, second,
                       "Value %zu is below value %zu, which is the second descent; a sorted array that was rotated has "
                       "at most one.");
    if (bisect_less(&in->values, in->lo, in->hi - 1))
        return fail_at(ctx, in, in->hi - 1,
                       "Value %zu is above the first value of the range, although there is a descent; a sorted array "
                       "that was rotated ends at or below its first value.");
    return STATUS_OK;
}

static struct value target_of(const struct search *s, size_t k) { return array_at(&s->targets, k); }

static size_t place_of(const struct search *s, size_t k) { return s->order ? (size_t)s->order[k] : k; }

static struct bisect_key key_of(const struct search *s, size_t k, bool upper) {
    return bisect_key_of(s->in->values.kind, target_of(s, k), upper);
}

/* equal_at says whether element i, which is a target's lower bound, equals it; with `upper`, the last one below its
 * upper bound. One comparison is left to make. */
static bool equal_at(const struct search *s, size_t i, size_t k, bool upper) {
    const struct array *a = &s->in->values;
    if (a->kind == KIND_INT && s->targets.kind == KIND_INT)
        return a->ints[i] == s->targets.ints[k];
    if (a->kind == KIND_REAL && s->targets.kind == KIND_REAL)
        return a->reals[i] == s->targets.reals[k];
    struct bisect_key key = key_of(s, k, !upper);
    return bisect_below(a, i, &key) != upper;
}

/* nearest turns a lower bound into the first index of the nearest value. */
static int64_t nearest(const struct search *s, size_t at, size_t k) {
    const struct bisect_in *in = s->in;
    if (in->lo == in->hi)
        return -1;
    if (at == in->lo || (at < in->hi && bisect_upper_nearer(&in->values, at - 1, at, target_of(s, k))))
        return (int64_t)at;
    struct bisect_key key = bisect_key_of(in->values.kind, array_at(&in->values, at - 1), false);
    if (at - 1 == in->lo || bisect_below(&in->values, at - 2, &key))
        return (int64_t)at - 1;
    struct bisect_in quiet = *in;
    quiet.trace = NULL;
    return (int64_t)halve(&quiet, in->lo, at - 1, &key);
}

/* settle makes the answer of target k from its bound in [lo, pivot) and that in [pivot, hi). */
static void settle(const struct search *s, size_t k, size_t left, size_t right) {
    const struct bisect_in *in = s->in;
    bool upper = in->mode == BISECT_UPPER, in_left = left < s->pivot && equal_at(s, left, k, false);
    bool found = in_left || (upper ? right > in->lo && equal_at(s, right - 1, k, true)
                                   : right < in->hi && equal_at(s, right, k, false));
    int64_t at = in_left ? (int64_t)left : (int64_t)right;
    if (in->mode == BISECT_NEAREST)
        at = nearest(s, right, k);
    else if (!found && (in->mode == BISECT_EXACT || in->mode == BISECT_ROTATED))
        at = -1;
    size_t j = place_of(s, k);
    s->out->index[j] = at;
    s->out->found[j] = found;
}

/* A part of the values in which targets first .. end-1, counted in their order, have their bounds. */
struct part {
    size_t from, to;
};

static struct part narrow(const struct search *s, struct part all, size_t first, size_t end, bool upper) {
    if (!s->order)
        return all;
    struct bisect_key least = key_of(s, first, upper), most = key_of(s, end - 1, upper);
    struct part part = all;
    bisect_group(&s->in->values, all.from, all.to, &least, 1, &part.from);
    bisect_group(&s->in->values, part.from, all.to, &most, 1, &part.to);
    return part;
}

/* bounds finds those of a piece, in groups, and has `take` make the answers of them. */
static void bounds(const struct search *s, size_t first, size_t end, bool upper,
                   void (*take)(const struct search *s, size_t k, size_t left, size_t right)) {
    const struct array *values = &s->in->values;
    struct part low = narrow(s, (struct part){s->in->lo, s->pivot}, first, end, upper);
    struct part high = narrow(s, (struct part){s->pivot, s->in->hi}, first, end, upper);
    for (size_t k = first; k < end; k += BISECT_GROUP) {
        size_t n = end - k < BISECT_GROUP ? end - k : BISECT_GROUP;
        size_t left[BISECT_GROUP], right[BISECT_GROUP];
        struct bisect_key keys[BISECT_GROUP];
        for (size_t i = 0; i < n; i++)
            keys[i] = key_of(s, k + i, upper), left[i] = s->pivot;
        if (s->pivot > s->in->lo)
            bisect_group(values, low.from, low.to, keys, n, left);
        bisect_group(values, high.from, high.to, keys, n, right);
        for (size_t i = 0; i < n; i++)
            take(s, k + i, left[i], right[i]);
    }
}

static void settle_end(const struct search *s, size_t k, size_t left, size_t right) {
    (void)left;
    s->out->end[place_of(s, k)] = (int64_t)right;
}

/* piece answers PIECE targets. */
static void piece(void *arg, size_t p) {
    const struct search *s = arg;
    size_t n = s->in->targets.n, end = (p + 1) * PIECE < n ? (p + 1) * PIECE : n;
    if (ctx_stop(s->ctx) != STOP_NONE)
        return;
    bounds(s, p * PIECE, end, s->in->mode == BISECT_UPPER, settle);
    if (s->out->end)
        bounds(s, p * PIECE, end, true, settle_end);
}

static void choose(const struct bisect_in *in, struct bisect_out *out) {
    static const char *const WHY[] = {
        [BISECT_HALVING] = "There is one search to make, and nothing that could go on beside it.",
        [BISECT_GROUPS] = "Searches of a group go down in step, so that their readings of memory overlap.",
        [BISECT_SORTED_GROUPS] =
            "So many targets are sorted first, so that a group of them reads one part of the values."};
    bool pays = in->values.kind != KIND_STRING && in->targets.n >= SORT_TARGETS && in->hi - in->lo >= SORT_VALUES;
    out->algorithm = in->targets.n <= 1 || in->trace ? BISECT_HALVING : pays ? BISECT_SORTED_GROUPS : BISECT_GROUPS;
    out->why = WHY[out->algorithm];
}

static enum status order_targets(struct search *s) {
    const struct array *targets = &s->in->targets;
    struct sort_in wanted = {.values = array_1d(targets->kind, targets->data, targets->n), .argsort = true};
    struct sort_out sorted;
    enum status status = sort_solve(s->ctx, &wanted, &sorted);
    if (status == STATUS_OK)
        s->targets = sorted.values, s->order = sorted.indices.ints;
    return status;
}

static enum status search_many(struct search *s) {
    enum status status = s->out->algorithm == BISECT_SORTED_GROUPS ? order_targets(s) : STATUS_OK;
    if (status == STATUS_OK)
        parallel_for(s->ctx, (s->in->targets.n + PIECE - 1) / PIECE, piece, s);
    return status;
}

/* search_one is piece() for one target, with a trace. */
static void search_one(const struct search *s) {
    const struct bisect_in *in = s->in;
    struct value t = target_of(s, 0);
    struct bisect_key key = bisect_key_of(in->values.kind, t, in->mode == BISECT_UPPER);
    size_t left = s->pivot > in->lo ? halve(in, in->lo, s->pivot, &key) : s->pivot;
    settle(s, 0, left, halve(in, s->pivot, in->hi, &key));
    if (s->out->end) {
        key = bisect_key_of(in->values.kind, t, true);
        s->out->end[0] = (int64_t)halve(in, in->lo, in->hi, &key);
    }
}

static enum status check_target(struct ctx *ctx, const struct bisect_in *in) {
    bool words = in->values.kind == KIND_STRING, word = in->targets.kind == KIND_STRING;
    if (in->targets.n && in->values.n && words != word)
        return ctx_fail(ctx, STATUS_INVALID, "/target", "The values are %s and what is searched for %s.",
                        words ? "strings" : "numbers", word ? "is text" : "are numbers");
    if (in->mode == BISECT_NEAREST && (words || (word && in->targets.n)))
        return ctx_fail(ctx, STATUS_INVALID, "/mode", "Strings have no distance, so there is no nearest one.");
    return STATUS_OK;
}

/* without_target answers PEAK, and ROTATED when it asks for the pivot alone. */
static void without_target(struct search *s) {
    bool any = s->in->lo < s->in->hi;
    s->out->index[0] = !any ? -1 : (int64_t)(s->in->mode == BISECT_PEAK ? find_peak(s->in) : s->pivot);
    s->out->found[0] = any;
}

enum status bisect_solve(struct ctx *ctx, const struct bisect_in *in, struct bisect_out *out) {
    enum status status = check_target(ctx, in);
    if (status == STATUS_OK)
        status = check_order(ctx, in);
    if (status != STATUS_OK)
        return status;
    struct bisect_in copy = *in;
    if (in->values.n == 0) /* an empty array is of any kind */
        copy.values.kind = in->targets.kind;
    in = &copy;
    bool none = in->targets.kind == KIND_NONE;
    size_t n = none ? 1 : in->targets.n;
    *out = (struct bisect_out){.index = ctx_alloc(ctx, n, 8), .found = ctx_alloc(ctx, n, 8), .pivot = -1};
    if (in->mode == BISECT_RANGE)
        out->end = ctx_alloc(ctx, n, 8);
    if (!out->index || !out->found || (in->mode == BISECT_RANGE && !out->end))
        return STATUS_NO_MEMORY;
    choose(in, out);
    struct search s = {ctx, in, out, in->lo, in->targets, NULL};
    if (in->mode == BISECT_ROTATED && in->lo < in->hi)
        out->pivot = (int64_t)(s.pivot = find_pivot(in));
    if (none)
        without_target(&s);
    else if (out->algorithm == BISECT_HALVING && n == 1)
        search_one(&s);
    else
        status = search_many(&s);
    if (status != STATUS_OK)
        return status;
    if (ctx_stop(ctx) != STOP_NONE)
        return ctx_stopped(ctx);
    return trace_end(in->trace);
}
