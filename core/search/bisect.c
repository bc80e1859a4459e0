#include "core/search/bisect.h"

#include <stdio.h>

#include "core/search/bisect_batch.h"

const char *const bisect_mode_names[] = {"lower_bound", "upper_bound", "exact", "nearest",
                                         "range",       "rotated",     "peak",  NULL};

/* A piece of work for one thread: this many targets. */
enum { PIECE = 1 << 13 };

/* What the searches of a request share. */
struct search {
    struct ctx *ctx;
    const struct bisect_in *in;
    struct bisect_out *out;
    size_t pivot; /* ROTATED; else lo: [lo, pivot) and [pivot, hi) are sorted */
};

static void trace_start(struct trace *t, const char *what, size_t lo, size_t hi) {
    trace_add(t, what, TRACE_NOWHERE, NULL, TRACE_VARS({"lo", trace_int((int64_t)lo)}, {"hi", trace_int((int64_t)hi)}));
}

/* trace_exclude: of [lo, hi), the part [from, to) cannot hold the answer, as the element at mid shows. */
static void trace_exclude(const struct bisect_in *in, size_t lo, size_t hi, size_t mid, size_t from, size_t to,
                          bool left) {
    struct value half = {.kind = KIND_STRING, .s = {left ? "left" : "right", left ? 4 : 5}};
    if (in->trace)
        trace_add(in->trace, "exclude", TRACE_AT((int64_t)mid), &in->values,
                  TRACE_VARS({"lo", trace_int((int64_t)lo)}, {"hi", trace_int((int64_t)hi)},
                             {"mid", trace_int((int64_t)mid)}, {"from", trace_int((int64_t)from)},
                             {"to", trace_int((int64_t)to)}, {"half", half}));
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

/* target_of is target j. */
static struct value target_of(const struct search *s, size_t j) { return array_at(&s->in->targets, j); }

static bool equal_at(const struct search *s, size_t i, size_t end, size_t j) {
    if (i >= end)
        return false;
    struct bisect_key low = bisect_key_of(s->in->values.kind, target_of(s, j), false);
    struct bisect_key high = bisect_key_of(s->in->values.kind, target_of(s, j), true);
    return !bisect_below(&s->in->values, i, &low) && bisect_below(&s->in->values, i, &high);
}

/* nearest turns a lower bound into the first index of the nearest value. */
static int64_t nearest(const struct search *s, size_t at, size_t j) {
    const struct bisect_in *in = s->in;
    if (in->lo == in->hi)
        return -1;
    if (at == in->lo || (at < in->hi && bisect_upper_nearer(&in->values, at - 1, at, target_of(s, j))))
        return (int64_t)at;
    struct bisect_key key = bisect_key_of(in->values.kind, array_at(&in->values, at - 1), false);
    if (at - 1 == in->lo || bisect_below(&in->values, at - 2, &key))
        return (int64_t)at - 1;
    struct bisect_in quiet = *in;
    quiet.trace = NULL;
    return (int64_t)halve(&quiet, in->lo, at - 1, &key);
}

/* settle makes the answer of target j from its bound in [lo, pivot) and that in [pivot, hi). */
static void settle(const struct search *s, size_t j, size_t left, size_t right) {
    const struct bisect_in *in = s->in;
    struct bisect_out *out = s->out;
    bool in_left = equal_at(s, left, s->pivot, j);
    bool behind = in->mode == BISECT_UPPER;
    bool found =
        in_left || (behind ? right > s->pivot && equal_at(s, right - 1, in->hi, j) : equal_at(s, right, in->hi, j));
    int64_t at = in_left ? (int64_t)left : (int64_t)right;
    if (in->mode == BISECT_NEAREST)
        at = nearest(s, right, j);
    else if (!found && (in->mode == BISECT_EXACT || in->mode == BISECT_ROTATED))
        at = -1;
    out->index[j] = at;
    out->found[j] = found;
}

/* piece answers PIECE targets, in groups. */
static void piece(void *arg, size_t p) {
    const struct search *s = arg;
    const struct bisect_in *in = s->in;
    size_t end = (p + 1) * PIECE < in->targets.n ? (p + 1) * PIECE : in->targets.n;
    if (ctx_stop(s->ctx) != STOP_NONE)
        return;
    for (size_t j = p * PIECE; j < end; j += BISECT_GROUP) {
        size_t n = end - j < BISECT_GROUP ? end - j : BISECT_GROUP;
        size_t left[BISECT_GROUP], right[BISECT_GROUP];
        struct bisect_key keys[BISECT_GROUP];
        for (size_t k = 0; k < n; k++)
            keys[k] = bisect_key_of(in->values.kind, target_of(s, j + k), in->mode == BISECT_UPPER), left[k] = s->pivot;
        if (s->pivot > in->lo)
            bisect_group(&in->values, in->lo, s->pivot, keys, n, left);
        bisect_group(&in->values, s->pivot, in->hi, keys, n, right);
        for (size_t k = 0; k < n; k++)
            settle(s, j + k, left[k], right[k]);
        if (!s->out->end)
            continue;
        for (size_t k = 0; k < n; k++)
            keys[k] = bisect_key_of(in->values.kind, target_of(s, j + k), true);
        bisect_group(&in->values, in->lo, in->hi, keys, n, right);
        for (size_t k = 0; k < n; k++)
            s->out->end[j + k] = (int64_t)right[k];
    }
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

enum status bisect_solve(struct ctx *ctx, const struct bisect_in *given, struct bisect_out *out) {
    struct bisect_in copy = *given, *in = &copy;
    enum status status = check_target(ctx, in);
    if (status == STATUS_OK)
        status = check_order(ctx, in);
    if (status != STATUS_OK)
        return status;
    if (in->values.n == 0) /* an empty array is of any kind */
        in->values.kind = in->targets.kind;
    bool none = in->targets.kind == KIND_NONE;
    size_t n = none ? 1 : in->targets.n;
    *out = (struct bisect_out){.index = ctx_alloc(ctx, n, 8), .found = ctx_alloc(ctx, n, 8), .pivot = -1};
    if (in->mode == BISECT_RANGE)
        out->end = ctx_alloc(ctx, n, 8);
    if (!out->index || !out->found || (in->mode == BISECT_RANGE && !out->end))
        return STATUS_NO_MEMORY;
    struct search s = {ctx, in, out, in->lo};
    if (in->mode == BISECT_ROTATED && in->lo < in->hi)
        out->pivot = (int64_t)(s.pivot = find_pivot(in));
    if (none)
        without_target(&s);
    else if (in->trace || n == 1)
        search_one(&s);
    else
        parallel_for(ctx, (n + PIECE - 1) / PIECE, piece, &s);
    if (ctx_stop(ctx) != STOP_NONE)
        return ctx_stopped(ctx);
    return trace_end(in->trace);
}
