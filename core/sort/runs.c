#include "core/sort/runs.h"

#include "core/sort/sort.h"

#include <inttypes.h>

const char *const runs_algorithm_names[] = {"stretches", "two_pointers", NULL};

enum { POLL = 1 << 20 };

struct job {
    struct ctx *ctx;
    uint64_t step;
    const int64_t *v; /* ascending, each once */
    size_t n;
    /* Of the run that value i belongs to, in steps: its first value's index. NULL for step 1: runs are stretches. */
    uint32_t *first;
    uint32_t *length; /* of the run with its first value at this index, so far; 0: no first value */
};

/* distance is exact for a <= b, over all of 64 bits. */
static uint64_t distance(int64_t a, int64_t b) { return (uint64_t)b - (uint64_t)a; }

static void take_longer(struct run *longest, int64_t length, int64_t start, int64_t end) {
    if (length > longest->length || (length == longest->length && start < longest->start))
        *longest = (struct run){length, start, end};
}

/* each_stretch walks the runs of step 1: *longest gets the longest, runs (may be NULL) all; gives their number. */
static size_t each_stretch(const struct job *job, struct run *longest, struct run *runs) {
    size_t count = 0;
    for (size_t i = 0, from = 0; i < job->n; i++) {
        if (i % POLL == POLL - 1 && ctx_stop(job->ctx) != STOP_NONE)
            return count;
        if (i + 1 < job->n && distance(job->v[i], job->v[i + 1]) == 1)
            continue;
        struct run run = {(int64_t)(i + 1 - from), job->v[from], job->v[i]};
        if (runs)
            runs[count] = run;
        take_longer(longest, run.length, run.start, run.end);
        count++;
        from = i + 1;
    }
    return count;
}

/* link_runs follows every value with the one a step below it. */
static enum status link_runs(struct job *job) {
    job->first = ctx_alloc(job->ctx, job->n, sizeof *job->first);
    job->length = ctx_zalloc(job->ctx, job->n, sizeof *job->length);
    if (!job->first || !job->length)
        return STATUS_NO_MEMORY;
    for (size_t i = 0, below = 0; i < job->n; i++) {
        while (distance(job->v[below], job->v[i]) > job->step)
            below++;
        bool follows = distance(job->v[below], job->v[i]) == job->step;
        job->first[i] = follows ? job->first[below] : (uint32_t)i;
        job->length[job->first[i]]++;
        if (i % POLL == POLL - 1 && ctx_stop(job->ctx) != STOP_NONE)
            return ctx_stopped(job->ctx);
    }
    return STATUS_OK;
}

static size_t each_chain(const struct job *job, struct run *longest, struct run *runs) {
    size_t count = 0;
    for (size_t i = 0; i < job->n; i++) {
        if (job->length[i] == 0)
            continue;
        int64_t length = job->length[i], end = (int64_t)((uint64_t)job->v[i] + (uint64_t)(length - 1) * job->step);
        if (runs)
            runs[count] = (struct run){length, job->v[i], end};
        take_longer(longest, length, job->v[i], end);
        count++;
    }
    return count;
}

static size_t each_run(const struct job *job, struct run *longest, struct run *runs) {
    return job->length ? each_chain(job, longest, runs) : each_stretch(job, longest, runs);
}

static enum status list_runs(struct job *job, struct runs_out *out) {
    out->n_runs = each_run(job, &out->longest, NULL);
    if (!(out->runs = ctx_alloc(job->ctx, out->n_runs, sizeof *out->runs)))
        return STATUS_NO_MEMORY;
    if (ctx_stop(job->ctx) == STOP_NONE)
        each_run(job, &out->longest, out->runs);
    return STATUS_OK;
}

/* trace_runs looks for the value below each by going back over those before it: the plain way. */
static enum status trace_runs(struct job *job, const struct runs_in *in, const int64_t *at) {
    struct trace *t = in->trace;
    int64_t *length = ctx_alloc(job->ctx, job->n, sizeof *length);
    if (!length)
        return STATUS_NO_MEMORY;
    int64_t longest = 0;
    for (size_t i = 0; i < job->n; i++) {
        length[i] = 1;
        for (size_t j = i; j-- > 0 && length[i] == 1;)
            if (distance(job->v[j], job->v[i]) == job->step)
                length[i] = length[j] + 1;
        int64_t start = (int64_t)((uint64_t)job->v[i] - (uint64_t)(length[i] - 1) * job->step);
        trace_add(t, length[i] > 1 ? "extend" : "start", TRACE_AT(at[i]), &in->values,
                  TRACE_VARS({"length", trace_int(length[i])}, {"start", trace_int(start)}));
        if (length[i] <= longest)
            continue;
        longest = length[i];
        trace_add(
            t, "best", TRACE_AT(at[i]), &in->values,
            TRACE_VARS({"length", trace_int(longest)}, {"start", trace_int(start)}, {"end", trace_int(job->v[i])}));
    }
    return trace_end(t);
}

static enum status check(struct ctx *ctx, const struct runs_in *in) {
    if (in->values.dims > 1)
        return ctx_fail(ctx, STATUS_INVALID, "/values", "values has %u dimensions, want one.", in->values.dims);
    if (in->values.n > UINT32_MAX)
        return ctx_fail(ctx, STATUS_TOO_LARGE, "/values", "values has %zu elements, want fewer than 2^32.",
                        in->values.n);
    if (in->step < 1)
        return ctx_fail(ctx, STATUS_INVALID, "/step", "step is %" PRId64 ", want an integer of at least 1.", in->step);
    return STATUS_OK;
}

static void choose(const struct runs_in *in, struct runs_out *out) {
    out->algorithm = in->step == 1 ? RUNS_STRETCHES : RUNS_TWO_POINTERS;
    out->why = in->step == 1
                   ? "With a step of 1 a run is a stretch of the values in order."
                   : "Runs of such a step are woven into each other, so a second pointer follows a step behind.";
}

enum status runs_solve(struct ctx *ctx, const struct runs_in *in, struct runs_out *out) {
    *out = (struct runs_out){0};
    enum status status = check(ctx, in);
    if (status != STATUS_OK)
        return status;
    struct sort_in sort = {.values = in->values, .unique = true, .argsort = in->trace != NULL};
    struct sort_out sorted;
    status = sort_solve(ctx, &sort, &sorted);
    if (status != STATUS_OK)
        return status;
    struct job job = {.ctx = ctx, .step = (uint64_t)in->step, .v = sorted.values.ints, .n = sorted.values.n};
    choose(in, out);
    if (out->algorithm == RUNS_TWO_POINTERS)
        status = link_runs(&job);
    if (status == STATUS_OK && in->all)
        status = list_runs(&job, out);
    else if (status == STATUS_OK)
        each_run(&job, &out->longest, NULL);
    if (status == STATUS_OK && ctx_stop(ctx) != STOP_NONE)
        status = ctx_stopped(ctx);
    return status == STATUS_OK && in->trace ? trace_runs(&job, in, sorted.indices.ints) : status;
}
