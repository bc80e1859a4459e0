#include "core/heap/heap.h"
#include "core/heap/heap_run.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *const heap_op_names[] = {"heapify",   "push",  "pop",  "replace", "pushpop", "nlargest",
                                     "nsmallest", "merge", "sort", "check",   NULL};

enum { POLL = 1 << 20 };

struct job {
    struct ctx *ctx;
    const struct heap_in *in;
    struct heap_out *out;
    struct heap_run run;
    size_t work; /* values touched since the stop flag was read */
};

struct pointer {
    char text[96];
};

static struct pointer pointer_to(const char *format, ...) PRINTF_LIKE(1, 2);
static struct pointer pointer_to(const char *format, ...) {
    struct pointer p;
    va_list args;
    va_start(args, format);
    vsnprintf(p.text, sizeof p.text, format, args);
    va_end(args);
    return p;
}

/* Which members an operation has. */

static bool takes_value(enum heap_op op) { return op == HEAP_PUSH || op == HEAP_REPLACE || op == HEAP_PUSHPOP; }
static bool takes_n(enum heap_op op) { return op == HEAP_NLARGEST || op == HEAP_NSMALLEST; }

static enum status check_member(struct ctx *ctx, size_t i, enum heap_op op, const char *member, bool wanted,
                                bool given) {
    if (wanted == given)
        return STATUS_OK;
    struct pointer at = pointer_to("/operations/%zu/%s", i, member);
    if (wanted)
        return ctx_fail(ctx, STATUS_INVALID, at.text, "operations[%zu].%s is missing; \"%s\" needs it.", i, member,
                        heap_op_names[op]);
    return ctx_fail(ctx, STATUS_INVALID, at.text, "operations[%zu].%s means nothing to \"%s\"; leave it out.", i,
                    member, heap_op_names[op]);
}

static enum status check_members(struct ctx *ctx, const struct heap_in *in) {
    for (size_t i = 0; i < in->n_operations; i++) {
        const struct heap_operation *o = &in->operations[i];
        enum status status = check_member(ctx, i, o->op, "value", takes_value(o->op), o->value.kind != KIND_NONE);
        if (status == STATUS_OK)
            status = check_member(ctx, i, o->op, "n", takes_n(o->op), o->has_n);
        if (status == STATUS_OK)
            status = check_member(ctx, i, o->op, "inputs", o->op == HEAP_MERGE, o->inputs != NULL);
        if (status == STATUS_OK && o->has_n && o->n < 0)
            status = ctx_fail(ctx, STATUS_INVALID, pointer_to("/operations/%zu/n", i).text,
                              "operations[%zu].n is %" PRId64 ", want an integer of at least 0.", i, o->n);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* Kinds. One for all values that meet: strings, or reals where one of the numbers is real, or integers. */

static const char *kind_text(enum kind kind) { return kind == KIND_STRING ? "a string" : "a number"; }

/* join_kind widens *kind by another; false: a number met a string. */
static bool join_kind(enum kind *kind, enum kind other) {
    if (*kind == KIND_NONE || (*kind == KIND_INT && other == KIND_REAL))
        *kind = other;
    return (*kind == KIND_STRING) == (other == KIND_STRING);
}

static enum status heap_kind(struct ctx *ctx, const struct heap_in *in, enum kind *kind) {
    *kind = in->values.n ? in->values.kind : KIND_NONE;
    for (size_t i = 0; i < in->n_operations; i++) {
        enum kind other = in->operations[i].value.kind;
        if (other != KIND_NONE && !join_kind(kind, other))
            return ctx_fail(ctx, STATUS_INVALID, pointer_to("/operations/%zu/value", i).text,
                            "operations[%zu].value is %s, but what came before is %s; a heap holds values that can be "
                            "compared.",
                            i, kind_text(other), kind_text(*kind));
    }
    *kind = *kind == KIND_NONE ? KIND_INT : *kind;
    return STATUS_OK;
}

static enum status merge_kind(struct job *job, size_t i, enum kind *kind) {
    const struct heap_operation *o = &job->in->operations[i];
    *kind = KIND_NONE;
    for (size_t j = 0; j < o->n_inputs; j++) {
        const struct array *a = &o->inputs[j].values;
        bool bare = o->inputs[j].bare;
        if (a->n && !join_kind(kind, a->kind))
            return ctx_fail(job->ctx, STATUS_INVALID,
                            pointer_to("/operations/%zu/inputs/%zu%s/0", i, j, bare ? "" : "/values").text,
                            "operations[%zu].inputs[%zu]%s[0] is %s, but what came before is %s; want inputs that "
                            "can be compared.",
                            i, j, bare ? "" : ".values", kind_text(a->kind), kind_text(*kind));
    }
    *kind = *kind == KIND_NONE ? KIND_INT : *kind;
    return STATUS_OK;
}

/* to_real gives an integer as a double, which must hold it. 2^63 is a double that no int64 is. */
static enum status to_real(struct ctx *ctx, int64_t i, const char *pointer, double *r) {
    *r = (double)i;
    if (*r < 0x1p63 && (int64_t)*r == i)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, pointer,
                    "The integer %" PRId64 " stands beside reals, and no double holds it exactly; want integers only, "
                    "or at most 2^53.",
                    i);
}

static enum status value_as(struct ctx *ctx, enum kind kind, const char *pointer, struct value *value) {
    if (value->kind == kind || value->kind == KIND_NONE)
        return STATUS_OK;
    int64_t i = value->i;
    value->kind = KIND_REAL;
    return to_real(ctx, i, pointer, &value->r);
}

/* reals_of copies integers as doubles; base is the pointer of their array. */
static enum status reals_of(struct ctx *ctx, const struct array *ints, const char *base, double *to) {
    for (size_t i = 0; i < ints->n; i++) {
        double r = (double)ints->ints[i];
        if (!(r < 0x1p63) || (int64_t)r != ints->ints[i])
            return to_real(ctx, ints->ints[i], pointer_to("%s/%zu", base, i).text, &to[i]);
        to[i] = r;
    }
    return STATUS_OK;
}

static enum status copy_values(struct job *job, enum kind kind) {
    size_t room = job->in->values.n;
    for (size_t i = 0; i < job->in->n_operations; i++)
        room += job->in->operations[i].op == HEAP_PUSH;
    struct heap_run *run = &job->run;
    run->heap = array_1d(kind, ctx_alloc(job->ctx, room, run->kernel->size), job->in->values.n);
    if (!run->heap.data)
        return STATUS_NO_MEMORY;
    if (run->heap.n == 0)
        return STATUS_OK;
    if (job->in->values.kind != kind)
        return reals_of(job->ctx, &job->in->values, "/values", run->heap.reals);
    memcpy(run->heap.data, job->in->values.data, run->heap.n * run->kernel->size);
    return STATUS_OK;
}

static enum status begin_trace(struct job *job) {
    const struct heap_in *in = job->in;
    size_t n = in->values.n;
    for (size_t i = 0; i < in->n_operations; i++) {
        const struct heap_operation *o = &in->operations[i];
        n += o->op == HEAP_PUSH;
        for (size_t j = 0; j < o->n_inputs; j++)
            n += o->inputs[j].values.n;
    }
    if (n > TRACE_MAX_VALUES)
        return ctx_fail(job->ctx, STATUS_TOO_LARGE, "/trace",
                        "There are %zu values with those pushed and merged, and a trace is made of at most %d.", n,
                        TRACE_MAX_VALUES);
    job->run.trace = &job->out->trace;
    return trace_begin(job->ctx, job->run.trace, in->trace_steps, &job->run.heap);
}

/* Merging. */

static enum status check_sorted(struct job *job, size_t i, size_t j, const struct array *a, bool max) {
    size_t k = heap_kernel_of(a->kind, max)->disorder(a->data, a->n);
    if (k == a->n)
        return STATUS_OK;
    bool bare = job->in->operations[i].inputs[j].bare;
    return ctx_fail(job->ctx, STATUS_INVALID,
                    pointer_to("/operations/%zu/inputs/%zu%s/%zu", i, j, bare ? "" : "/values", k).text,
                    "operations[%zu].inputs[%zu]%s[%zu] is %s than the value before it; want inputs that are "
                    "sorted, %s first.",
                    i, j, bare ? "" : ".values", k, max ? "greater" : "less", max ? "greatest" : "least");
}

/* merge_input makes input j ready: sorted, and of the merge's kind. */
static enum status merge_input(struct job *job, size_t i, size_t j, enum kind kind, const struct array **to) {
    const struct heap_input *input = &job->in->operations[i].inputs[j];
    const struct array *a = &input->values;
    enum status status = a->n ? check_sorted(job, i, j, a, job->in->max) : STATUS_OK;
    *to = a;
    if (status != STATUS_OK || a->kind == kind || a->n == 0)
        return status;
    struct array *reals = ctx_alloc(job->ctx, 1, sizeof *reals);
    double *data = ctx_alloc(job->ctx, a->n, sizeof *data);
    if (!reals || !data)
        return STATUS_NO_MEMORY;
    *reals = array_1d(KIND_REAL, data, a->n);
    *to = reals;
    return reals_of(job->ctx, a, pointer_to("/operations/%zu/inputs/%zu%s", i, j, input->bare ? "" : "/values").text,
                    data);
}

static void trace_merge(struct job *job, const struct heap_merge *m, const struct array *merged) {
    memset(m->next, 0, m->k * sizeof *m->next);
    for (size_t i = 0; i < m->n; i++) {
        size_t from = m->from[i];
        trace_add(job->run.trace, "take", TRACE_NOWHERE, NULL,
                  TRACE_VARS({"input", trace_int((int64_t)from)}, {"index", trace_int((int64_t)m->next[from]++)},
                             {"value", array_at(merged, i)}));
    }
}

static enum status merge(struct job *job, size_t i, struct array *out) {
    const struct heap_operation *o = &job->in->operations[i];
    enum kind kind;
    enum status status = merge_kind(job, i, &kind);
    struct heap_merge m = {.k = o->n_inputs};
    m.inputs = ctx_alloc(job->ctx, m.k, sizeof *m.inputs);
    m.next = ctx_zalloc(job->ctx, m.k, sizeof *m.next);
    m.tree = ctx_alloc(job->ctx, m.k, sizeof *m.tree);
    m.winners = ctx_alloc(job->ctx, m.k, sizeof *m.winners);
    m.ended = ctx_alloc(job->ctx, m.k, 1);
    if (!m.inputs || !m.next || !m.tree || !m.winners || !m.ended)
        return STATUS_NO_MEMORY;
    for (size_t j = 0; j < m.k && status == STATUS_OK; j++) {
        status = merge_input(job, i, j, kind, &m.inputs[j]);
        m.n += o->inputs[j].values.n;
    }
    if (status != STATUS_OK)
        return status;
    const struct heap_kernel *kernel = heap_kernel_of(kind, job->in->max);
    m.to = ctx_alloc(job->ctx, m.n, kernel->size);
    m.heads = ctx_alloc(job->ctx, m.k, kernel->size);
    if (!m.to || !m.heads || (job->run.trace && !(m.from = ctx_alloc(job->ctx, m.n, sizeof *m.from))))
        return STATUS_NO_MEMORY;
    *out = array_1d(kind, m.to, m.n);
    if (m.n)
        kernel->merge(job->ctx, &m);
    if (job->run.trace)
        trace_merge(job, &m, out);
    job->work += m.n;
    return STATUS_OK;
}

/* Operations. */

static enum status pop(struct job *job, size_t i, const struct value *value, struct heap_result *result) {
    result->empty = job->run.heap.n == 0;
    if (result->empty && job->in->report_empty)
        return STATUS_OK;
    if (result->empty)
        return ctx_fail(
            job->ctx, STATUS_INVALID, pointer_to("/operations/%zu", i).text,
            "operations[%zu] is \"%s\", but the heap is empty by then; want a value in it, or on_empty \"report\".", i,
            heap_op_names[job->in->operations[i].op]);
    result->value = value ? heap_run_replace(&job->run, value) : heap_run_pop(&job->run);
    return STATUS_OK;
}

static void check(struct job *job, struct heap_result *result) {
    size_t at;
    result->has_valid = true;
    result->valid = heap_run_check(&job->run, &at);
    result->has_at = !result->valid;
    result->at = result->valid ? 0 : (int64_t)at;
}

static enum status operate(struct job *job, size_t i, struct heap_result *result) {
    const struct heap_operation *o = &job->in->operations[i];
    struct value value = o->value;
    enum status status = value_as(job->ctx, job->run.heap.kind, pointer_to("/operations/%zu/value", i).text, &value);
    if (status != STATUS_OK)
        return status;
    job->work += takes_value(o->op) || o->op == HEAP_POP ? 64 : job->run.heap.n;
    size_t n = (uint64_t)o->n < job->run.heap.n ? (size_t)o->n : job->run.heap.n;
    switch (o->op) {
    case HEAP_HEAPIFY: heap_run_heapify(&job->run); break;
    case HEAP_PUSH: heap_run_push(&job->run, &value); break;
    case HEAP_POP: return pop(job, i, NULL, result);
    case HEAP_REPLACE: return pop(job, i, &value, result);
    case HEAP_PUSHPOP: result->value = heap_run_pushpop(&job->run, &value); break;
    case HEAP_NLARGEST: return heap_run_extremes(&job->run, true, n, &result->values);
    case HEAP_NSMALLEST: return heap_run_extremes(&job->run, false, n, &result->values);
    case HEAP_MERGE: return merge(job, i, &result->values);
    case HEAP_SORT: return heap_run_sort(&job->run);
    case HEAP_CHECK: check(job, result); break;
    }
    return STATUS_OK;
}

/* stopping reads the stop flag now and then, and always after an operation that it may have ended early. */
static bool stopping(struct job *job, enum heap_op op) {
    if (job->work < POLL && op != HEAP_HEAPIFY && op != HEAP_MERGE)
        return false;
    job->work = 0;
    return ctx_stop(job->ctx) != STOP_NONE;
}

static enum status operate_all(struct job *job) {
    for (size_t i = 0; i < job->in->n_operations; i++) {
        enum heap_op op = job->in->operations[i].op;
        trace_add(job->run.trace, "operation", TRACE_NOWHERE, NULL,
                  TRACE_VARS({"index", trace_int((int64_t)i)},
                             {"op", {.kind = KIND_STRING, .s = {heap_op_names[op], strlen(heap_op_names[op])}}}));
        struct heap_result *result = &job->out->results[i];
        *result = (struct heap_result){.op = (int)op};
        enum status status = operate(job, i, result);
        if (status != STATUS_OK)
            return status;
        if (stopping(job, op))
            return ctx_stopped(job->ctx);
    }
    return STATUS_OK;
}

enum status heap_solve(struct ctx *ctx, const struct heap_in *in, struct heap_out *out) {
    struct job job = {.ctx = ctx, .in = in, .out = out, .run = {.ctx = ctx, .max = in->max}};
    *out = (struct heap_out){0};
    if (in->values.dims > 1)
        return ctx_fail(ctx, STATUS_INVALID, "/values", "values has %u dimensions, want one.", in->values.dims);
    enum kind kind;
    enum status status = check_members(ctx, in);
    if (status == STATUS_OK)
        status = heap_kind(ctx, in, &kind);
    if (status != STATUS_OK)
        return status;
    job.run.kernel = heap_kernel_of(kind, in->max);
    status = copy_values(&job, kind);
    if (status == STATUS_OK && !(out->results = ctx_alloc(ctx, in->n_operations, sizeof *out->results)))
        status = STATUS_NO_MEMORY;
    if (status == STATUS_OK && in->trace_steps)
        status = begin_trace(&job);
    if (status == STATUS_OK)
        status = operate_all(&job);
    if (status == STATUS_OK)
        status = trace_end(job.run.trace);
    out->heap = job.run.heap;
    return status;
}
