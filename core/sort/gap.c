#include "core/sort/gap.h"

#include "core/sort/gap_buckets.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

const char *const gap_algorithm_names[] = {"auto", "buckets", "sort", NULL};

enum { POLL = 1 << 20 };

struct job {
    struct ctx *ctx;
    const struct gap_in *in;
    struct gap_out *out;
    enum kind kind;
};

static enum status check(struct ctx *ctx, const struct gap_in *in) {
    if (in->values.dims > 1)
        return ctx_fail(ctx, STATUS_INVALID, "/values", "values has %u dimensions, want one.", in->values.dims);
    if (in->values.n > UINT32_MAX)
        return ctx_fail(ctx, STATUS_TOO_LARGE, "/values", "values has %zu elements, want fewer than 2^32.",
                        in->values.n);
    if (in->algorithm == GAP_BUCKETS && in->top > 1)
        return ctx_fail(ctx, STATUS_INVALID, "/algorithm",
                        "The buckets find the greatest gap alone, but top is %zu; take \"sort\" or \"auto\".", in->top);
    return STATUS_OK;
}

static struct value value_of(enum kind kind, uint64_t key) {
    struct value v = {.kind = kind};
    if (kind == KIND_INT)
        v.i = key_to_int(key);
    else
        v.r = key_to_real(key);
    return v;
}

static enum status size_of(struct job *job, const struct span *span, struct value *gap) {
    if (job->kind == KIND_REAL) {
        double low = key_to_real(span->low), high = key_to_real(span->high);
        *gap = (struct value){.kind = KIND_REAL, .r = high - low};
        if (isfinite(gap->r))
            return STATUS_OK;
        return ctx_fail(job->ctx, STATUS_INVALID, "/values",
                        "The gap between the neighbours %.17g and %.17g is more than a double holds; want a gap below "
                        "1.8e308.",
                        low, high);
    }
    uint64_t size = span->high - span->low;
    *gap = (struct value){.kind = KIND_INT, .i = (int64_t)size};
    if (size <= INT64_MAX)
        return STATUS_OK;
    char *text = ctx_alloc(job->ctx, 24, 1);
    if (!text)
        return STATUS_NO_MEMORY;
    int n = snprintf(text, 24, "%" PRIu64, size);
    *gap = (struct value){.kind = KIND_STRING, .s = {text, (size_t)n}};
    return STATUS_OK;
}

static enum status gap_of(struct job *job, const struct span *span, struct gap *gap) {
    gap->low = value_of(job->kind, span->low);
    gap->high = value_of(job->kind, span->high);
    return size_of(job, span, &gap->gap);
}

/* The k greatest: a heap with the least of those kept at its root. */

static void sink(enum kind kind, struct span *a, size_t n, size_t at) {
    struct span x = a[at];
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        child += child + 1 < n && span_above(kind, &a[child], &a[child + 1]);
        if (!span_above(kind, &x, &a[child]))
            break;
        a[at] = a[child];
    }
    a[at] = x;
}

/* keep_greatest gives how many it kept, k of n - 1; without use where the host wants an end. */
static size_t keep_greatest(struct job *job, const uint64_t *keys, size_t n, struct span *kept, size_t k) {
    enum kind kind = job->kind;
    size_t m = 0;
    for (size_t i = 1; i < n && (i % POLL || ctx_stop(job->ctx) == STOP_NONE); i++) {
        struct span span = {keys[i - 1], keys[i], i};
        if (m < k) {
            kept[m++] = span;
            for (size_t at = m == k ? m / 2 : 0; at > 0; at--)
                sink(kind, kept, m, at - 1);
        } else if (span_above(kind, &span, &kept[0])) {
            kept[0] = span;
            sink(kind, kept, m, 0);
        }
    }
    for (size_t end = m; end > 1; end--) { /* the least of those left goes to the end */
        struct span least = kept[0];
        kept[0] = kept[end - 1];
        kept[end - 1] = least;
        sink(kind, kept, end - 1, 0);
    }
    return m;
}

static enum status by_sorting(struct job *job, struct span *best) {
    struct sort_in sort = {.values = job->in->values};
    struct sort_out sorted;
    enum status status = sort_solve(job->ctx, &sort, &sorted);
    if (status != STATUS_OK)
        return status;
    size_t n = sorted.values.n, k = job->in->top > 1 ? job->in->top : 1;
    k = k < n - 1 ? k : n - 1;
    uint64_t *keys = ctx_alloc(job->ctx, n, sizeof *keys);
    struct span *kept = ctx_alloc(job->ctx, k, sizeof *kept);
    if (!keys || !kept)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        keys[i] = gap_key(&sorted.values, i);
    size_t m = keep_greatest(job, keys, n, kept, k);
    *best = kept[0];
    if (!job->in->top)
        return ctx_stop(job->ctx) == STOP_NONE ? STATUS_OK : ctx_stopped(job->ctx);
    if (!(job->out->gaps = ctx_alloc(job->ctx, m, sizeof *job->out->gaps)))
        return STATUS_NO_MEMORY;
    job->out->n_gaps = m;
    for (size_t i = 0; i < m && status == STATUS_OK; i++)
        status = gap_of(job, &kept[i], &job->out->gaps[i]);
    return status == STATUS_OK && ctx_stop(job->ctx) != STOP_NONE ? ctx_stopped(job->ctx) : status;
}

static enum status by_buckets(struct job *job, struct span *best) {
    enum status status = gap_buckets(job->ctx, &job->in->values, best);
    if (status != STATUS_OK || !job->in->top)
        return status;
    if (!(job->out->gaps = ctx_alloc(job->ctx, 1, sizeof *job->out->gaps)))
        return STATUS_NO_MEMORY;
    job->out->n_gaps = 1;
    return gap_of(job, best, &job->out->gaps[0]);
}

/* The trace: the values in order tell what the buckets would compare. */

static void trace_pair(struct job *job, int64_t i, int64_t j, struct span *best) {
    const struct array *values = &job->in->values;
    struct span span = {gap_key(values, (size_t)i), gap_key(values, (size_t)j), 0};
    struct value gap = {.kind = KIND_REAL, .r = key_to_real(span.high) - key_to_real(span.low)};
    if (job->kind == KIND_INT) {
        uint64_t size = span.high - span.low;
        gap = trace_int((int64_t)size);
        if (size > INT64_MAX && size_of(job, &span, &gap) != STATUS_OK) {
            job->in->trace->failed = true;
            return;
        }
    }
    struct value low = value_of(job->kind, span.low), high = value_of(job->kind, span.high);
    trace_add(job->in->trace, "compare", TRACE_AT(i, j), values,
              TRACE_VARS({"low", low}, {"high", high}, {"gap", gap}));
    span.at = best->at + 1; /* a later one is not above an equal one */
    if (best->at && !span_above(job->kind, &span, best))
        return;
    *best = span;
    trace_add(job->in->trace, "best", TRACE_AT(i, j), values, TRACE_VARS({"low", low}, {"high", high}, {"gap", gap}));
}

static enum status trace_steps(struct job *job) {
    const struct array *values = &job->in->values;
    struct trace *t = job->in->trace;
    struct sort_in sort = {.values = *values, .argsort = true};
    struct sort_out sorted;
    enum status status = sort_solve(job->ctx, &sort, &sorted);
    if (status != STATUS_OK || values->n < 2)
        return status;
    const int64_t *at = sorted.indices.ints;
    bool buckets = job->out->algorithm == GAP_BUCKETS;
    struct gap_map map;
    gap_map_init(&map, values->kind, values->n, gap_key(&sorted.values, 0), gap_key(&sorted.values, values->n - 1));
    for (size_t i = 0; buckets && i < values->n; i++)
        trace_add(t, "place", TRACE_AT((int64_t)i), values,
                  TRACE_VARS({"bucket", trace_int((int64_t)gap_bucket(&map, gap_key(values, i)))}));
    struct span best = {0};
    for (size_t i = 1; i < values->n; i++) {
        uint64_t low = gap_key(&sorted.values, i - 1), high = gap_key(&sorted.values, i);
        if (!buckets || gap_bucket(&map, low) != gap_bucket(&map, high))
            trace_pair(job, at[i - 1], at[i], &best);
    }
    return trace_end(t);
}

enum status gap_solve(struct ctx *ctx, const struct gap_in *in, struct gap_out *out) {
    struct job job = {ctx, in, out, in->values.kind};
    *out = (struct gap_out){.algorithm = in->algorithm};
    enum status status = check(ctx, in);
    if (status != STATUS_OK)
        return status;
    if (out->algorithm == GAP_AUTO) {
        out->algorithm = in->top > 1 ? GAP_SORT : GAP_BUCKETS;
        out->why = in->top > 1 ? "Buckets find no gap but the greatest, and more are asked for."
                               : "The greatest gap alone is found without sorting.";
    }
    struct span best;
    if (in->values.n < 2) {
        out->greatest.gap = job.kind == KIND_REAL ? trace_real(0) : trace_int(0);
        out->gaps = in->top ? ctx_alloc(ctx, 1, sizeof *out->gaps) : NULL;
        status = in->top && !out->gaps ? STATUS_NO_MEMORY : STATUS_OK;
    } else {
        status = out->algorithm == GAP_SORT ? by_sorting(&job, &best) : by_buckets(&job, &best);
        if (status == STATUS_OK)
            status = gap_of(&job, &best, &out->greatest);
    }
    return status == STATUS_OK && in->trace ? trace_steps(&job) : status;
}
