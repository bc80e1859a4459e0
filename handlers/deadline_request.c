#include "handlers/deadline_request.h"

#include <math.h>
#include <stdio.h>

enum { PILOT_STEPS = 3, PILOT_ROWS = 16, PILOT_SHARE = 50, PILOT_RUNS = 8 };
static const double USED = 0.8;  /* of the time that is left: runs differ */
static const double SPARE = 0.9; /* of the memory: samples are not all */

const struct field deadline_choice_fields[] = {
    FIELD(struct deadline_choice, solver, ENUM, "The solver, chosen or as the request names it.", .required = true,
          .names = solver_names),
    FIELD(struct deadline_choice, steps, INT, "How many steps.", .required = true),
    FIELD(struct deadline_choice, call_ms, NUMBER,
          "The milliseconds that a network call for all samples was found to take.", .required = true),
    FIELD(struct deadline_choice, why, STRING, "Why so many, in a sentence.", .required = true),
    {0}};

bool deadline_wants(const struct call *call, const struct sampler_request *request) {
    return call->time_limit_ms > 0 && call->host->now_ns && sampler_open(request);
}

static int64_t now(const struct call *call) { return call->host->now_ns(call->host->self); }

static void take(struct sampler_request *request, int solver, int64_t steps) {
    request->sampler.solver = solver;
    request->sampler.steps = steps;
    request->sampler.has_solver = request->sampler.has_steps = true;
}

/* plan_for makes the plan of so many steps. */
static enum status plan_for(struct call *call, const struct sampler_request *request, int solver, int64_t steps,
                            struct plan *out) {
    struct sampler_request with = *request;
    struct sampler_setup setup;
    take(&with, solver, steps);
    enum status status = sampler_setup(call, &with, &setup);
    return status == STATUS_OK ? sampler_plan(&call->ctx, &setup, NULL, out) : status;
}

/* What a run takes: for each call, and once. Nanoseconds of all samples. */
struct cost {
    double call, once;
};

struct pilot {
    const struct call *call;
    int64_t first, last; /* when the first step and the latest one had ended */
};

static void note_step(void *self, size_t step, const double *x, const double *D) {
    (void)x, (void)D;
    struct pilot *pilot = self;
    pilot->last = now(pilot->call);
    if (step == 0)
        pilot->first = pilot->last;
}

static size_t calls_of_first_step(const struct plan *plan) {
    size_t calls = 0;
    for (size_t i = 0; i < plan->steps[0].end; i++)
        calls += plan->ops[i].kind == PLAN_CALL;
    return calls;
}

/* time_run times a run of so many samples. */
static enum status time_run(struct call *call, const struct deadline_job *job, const struct plan *plan, size_t count,
                            struct cost *out) {
    struct ctx *ctx = &call->ctx;
    struct pilot pilot = {.call = call};
    const struct sampler_watch watch = {&pilot, note_step};
    const struct sampler_in in = {.denoiser = job->denoiser,
                                  .classes = job->classes,
                                  .plan = plan,
                                  .noise = job->noise,
                                  .count = count,
                                  .watch = &watch};
    struct sampler_out drawn;
    const struct ctx_mark mark = ctx_mark(ctx);
    const int64_t before = now(call);
    enum status status = sampler_run(ctx, &in, &drawn);
    const int64_t after = now(call);
    ctx_rewind(ctx, mark);
    const double scale = (double)job->count / (double)count, calls = (double)plan->n_calls;
    out->call = (double)(pilot.last - pilot.first) / (calls - (double)calls_of_first_step(plan)) * scale;
    out->once = fmax((double)(after - before) * scale - calls * out->call, 0);
    return status;
}

/* time_call measures what runs cost: of few samples at first, of more until a fiftieth of the time is spent; if that
 * leaves time, of all of them some times over. */
static enum status time_call(struct call *call, const struct deadline_job *job, const struct plan *plan, int64_t end,
                             struct cost *out) {
    size_t count = job->count < PILOT_ROWS ? job->count : PILOT_ROWS, runs = 0;
    const int64_t begun = now(call);
    struct cost one;
    *out = (struct cost){0};
    for (;; count = count < job->count / 4 ? count * 4 : job->count) {
        enum status status = time_run(call, job, plan, count, &one);
        if (status != STATUS_OK)
            return status;
        runs = count == job->count ? runs + 1 : 1;
        out->call = runs > 1 ? out->call + one.call : one.call;
        out->once = runs > 1 ? out->once + one.once : one.once;
        if (runs == PILOT_RUNS || (now(call) - begun) * PILOT_SHARE > end - begun)
            break;
    }
    out->call /= (double)runs;
    out->once /= (double)runs;
    return STATUS_OK;
}

/* most_steps finds how many steps make no more than so many calls, at least one. */
static enum status most_steps(struct call *call, const struct sampler_request *request, int solver, double calls,
                              int64_t most, int64_t *out) {
    int64_t low = 1, high = (int64_t)calls < most ? (int64_t)calls + 1 : most + 1; /* low fits, or is all there is */
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        struct plan plan;
        const struct ctx_mark mark = ctx_mark(&call->ctx);
        enum status status = plan_for(call, request, solver, middle, &plan);
        ctx_rewind(&call->ctx, mark);
        if (status != STATUS_OK)
            return status;
        *((double)plan.n_calls <= calls ? &low : &high) = middle;
    }
    *out = low;
    return STATUS_OK;
}

static enum status explain(struct ctx *ctx, const struct deadline_choice *c, double fit, bool open, bool room,
                           double left_ms, struct str *why) {
    enum { ROOM = 320 };
    char *text = ctx_alloc(ctx, 1, ROOM);
    if (!text)
        return STATUS_NO_MEMORY;
    int n = snprintf(text, ROOM, "A network call for all samples took %.3g ms, so ", c->call_ms);
    if (fit >= DEADLINE_CALLS_MAX + 1)
        n += snprintf(text + n, ROOM - (size_t)n, "more than the %d calls that are of use fit into the %.4g ms left",
                      DEADLINE_CALLS_MAX, left_ms);
    else
        n += snprintf(text + n, ROOM - (size_t)n, "%.0f fit into four fifths of the %.4g ms left", floor(fit), left_ms);
    n += snprintf(text + n, ROOM - (size_t)n, "; %s.",
                  !open                       ? "the solver was given"
                  : !room                     ? "there is no memory for more than euler with so many samples"
                  : c->solver == SOLVER_EULER ? "with so few, euler errs least"
                                              : "ipndm makes one call a step and comes nearest with that many");
    *why = (struct str){text, (size_t)n};
    return STATUS_OK;
}

/* has_room says whether a run of all samples by ipndm, whose history is long, fits into the memory of the request. */
static enum status has_room(struct call *call, const struct sampler_request *request, const struct deadline_job *job,
                            bool *out) {
    enum { HISTORY = 5 };
    const struct ctx_mark mark = ctx_mark(&call->ctx);
    struct plan plan;
    enum status status = plan_for(call, request, SOLVER_IPNDM, HISTORY, &plan);
    ctx_rewind(&call->ctx, mark);
    if (status == STATUS_OK)
        *out = sampler_bytes(&plan, job->count, job->denoiser->d) < SPARE * (double)(call->ctx.cap - call->ctx.used);
    return status;
}

enum status deadline_choose(struct call *call, struct sampler_request *request, const struct deadline_job *job,
                            struct deadline_choice *out) {
    const bool open = sampler_solver_open(request);
    const int64_t limit_ns = call->time_limit_ms * 1000000, begun = now(call);
    const int64_t end = call->deadline_ns > 0 ? call->deadline_ns : begun + limit_ns;
    int solver = open ? SOLVER_IPNDM : request->sampler.solver;
    struct plan pilot;
    struct cost cost;
    bool room = true;
    enum status status = open ? has_room(call, request, job, &room) : STATUS_OK;
    solver = room ? solver : SOLVER_EULER;
    const struct ctx_mark mark = ctx_mark(&call->ctx);
    if (status == STATUS_OK)
        status = plan_for(call, request, solver, PILOT_STEPS, &pilot);
    if (status == STATUS_OK)
        status = time_call(call, job, &pilot, end, &cost);
    if (status != STATUS_OK)
        return status;
    ctx_rewind(&call->ctx, mark);
    status = deadline_fits(job->deadline, cost.once + cost.call);
    if (status != STATUS_OK)
        return status;
    const double after = job->deadline->reserve_ns + job->deadline->optional_ns;
    const double left = fmax((double)(end - now(call)) - after - cost.once, 0);
    const double fit = USED * left / fmax(cost.call, 1) / (job->passes > 0.01 ? job->passes : 0.01);
    const double calls = fit < 1 ? 1 : fit < DEADLINE_CALLS_MAX ? floor(fit) : DEADLINE_CALLS_MAX;
    if (open && calls < DEADLINE_CALLS_EULER)
        solver = SOLVER_EULER;
    *out = (struct deadline_choice){.made = true, .solver = solver, .call_ms = cost.call * 1e-6};
    status = most_steps(call, request, solver, calls, job->most_steps, &out->steps);
    if (status == STATUS_OK)
        status = explain(&call->ctx, out, fit, open, room, left * 1e-6, &out->why);
    if (status == STATUS_OK)
        take(request, solver, out->steps);
    return status;
}
