#include "core/base/trace.h"

static size_t element_size(enum kind kind) { return kind == KIND_STRING ? sizeof(struct str) : 8; }

static void *copy(struct ctx *ctx, const void *p, size_t count, size_t size) {
    void *to = ctx_alloc(ctx, count, size);
    if (to && count)
        memcpy(to, p, count * size);
    return to;
}

enum status trace_check(struct ctx *ctx, size_t n) {
    if (n <= TRACE_MAX_VALUES)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_TOO_LARGE, "/trace", "There are %zu values, and a trace is made of at most %d.", n,
                    TRACE_MAX_VALUES);
}

enum status trace_begin(struct ctx *ctx, struct trace *t, size_t max_steps, const struct array *initial) {
    *t = (struct trace){.ctx = ctx, .max_steps = max_steps};
    enum status status = initial ? trace_check(ctx, initial->n) : STATUS_OK;
    return initial && status == STATUS_OK ? trace_show(t, initial) : status;
}

enum status trace_show(struct trace *t, const struct array *initial) {
    t->initial = *initial;
    t->initial.data = copy(t->ctx, initial->data, initial->n, element_size(initial->kind));
    return t->initial.data ? STATUS_OK : STATUS_NO_MEMORY;
}

/* next_step makes room for one more; NULL without memory. */
static struct trace_step *next_step(struct trace *t) {
    if (t->n == t->size) {
        size_t size = t->size ? t->size * 2 : 64;
        struct trace_step *steps = ctx_alloc(t->ctx, size, sizeof *steps);
        if (!steps)
            return NULL;
        if (t->n)
            memcpy(steps, t->steps, t->n * sizeof *steps);
        t->steps = steps;
        t->size = size;
    }
    return &t->steps[t->n++];
}

/* take_values copies the elements at the indices; an index outside ends them. */
static bool take_values(struct trace *t, struct trace_step *step, const struct array *of) {
    size_t size = element_size(of->kind), n = 0;
    char *to = ctx_alloc(t->ctx, step->n_at, size);
    if (!to)
        return false;
    for (; n < step->n_at && step->at[n] >= 0 && (size_t)step->at[n] < of->n; n++)
        memcpy(to + n * size, (const char *)of->data + (size_t)step->at[n] * size, size);
    step->values = array_1d(of->kind, to, n);
    return true;
}

void trace_add(struct trace *t, const char *op, const int64_t *at, size_t n_at, const struct array *of,
               const struct trace_var *vars, size_t n_vars) {
    if (!t || ++t->total > t->max_steps || t->failed)
        return;
    struct trace_step *step = next_step(t);
    t->failed = !step;
    if (!step)
        return;
    *step = (struct trace_step){.op = op, .n_at = n_at, .n_vars = n_vars};
    step->at = copy(t->ctx, at, n_at, sizeof *at);
    step->vars = copy(t->ctx, vars, n_vars, sizeof *vars);
    t->failed = !step->at || !step->vars || (of && n_at && !take_values(t, step, of));
}

enum status trace_end(struct trace *t) { return t && t->failed ? STATUS_NO_MEMORY : STATUS_OK; }
