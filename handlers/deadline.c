#include "handlers/deadline.h"

#include "handlers/number.h"

enum { GUESS_NS = 50, NPY_NS = 10, TRIED = 1 << 15, MATTERS = 50 };
/* A long text takes up to twice as long a number as a short one: its memory is touched for the first time. */
enum { LONGER = 2 };
/* Of the limit: sampling may go on so far beyond its share, rather than lose its last step. */
enum { SLACK = 20 };

static int64_t now(const struct call *call) { return call->host->now_ns(call->host->self); }

/* write_ns measures what writing a number takes: digits of full length, as samples have. */
static enum status write_ns(struct call *call, double *out) {
    const struct ctx_mark mark = ctx_mark(&call->ctx);
    double *x = ctx_alloc(&call->ctx, TRIED, sizeof *x);
    if (!x)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < TRIED; i++)
        x[i] = (double)(i * 2654435761u % 1000003 + 1) / 700001;
    const struct array array = {KIND_REAL, 2, {TRIED / 2, 2}, TRIED, {.reals = x}};
    struct buf text;
    buf_init(&text, (size_t)TRIED * (NUMBER_REAL_MAX + 2));
    text.parallel = call->ctx.parallel;
    const int64_t before = now(call);
    numbers_write(&text, &array);
    *out = (double)(now(call) - before) / TRIED;
    buf_release(&text);
    ctx_rewind(&call->ctx, mark);
    return STATUS_OK;
}

static bool as_text(const struct call *call) {
    return call->media == MEDIA_JSON || call->media == MEDIA_NDJSON || call->media == MEDIA_SSE;
}

static double limit_ns(const struct call *call) { return (double)call->time_limit_ms * 1e6; }

static bool over(void *self) {
    const struct deadline *d = self;
    return now(d->call) >= d->end_ns;
}

static bool step_over(void *self) {
    struct deadline *d = self;
    const int64_t at = now(d->call), took = d->last_ns ? at - d->last_ns : 0;
    d->last_ns = at;
    return at + took >= d->end_ns + (int64_t)(limit_ns(d->call) / SLACK);
}

enum status deadline_begin(struct call *call, const struct deadline_after *after, struct deadline *out) {
    const bool text = as_text(call);
    const double writing = after->numbers * (text ? GUESS_NS : call->media == MEDIA_NPY ? NPY_NS : 0);
    *out = (struct deadline){.limit = {out, over},
                             .step_limit = {out, step_over},
                             .call = call,
                             .numbers = after->numbers,
                             .reserve_ns = after->other_ns + writing,
                             .optional_ns = after->optional_ns};
    if (call->time_limit_ms <= 0 || !call->host->now_ns || out->reserve_ns * MATTERS < limit_ns(call))
        return STATUS_OK;
    const int64_t begun = now(call);
    double each = 0;
    enum status status = text && after->numbers >= TRIED ? write_ns(call, &each) : STATUS_OK;
    if (each > 0)
        out->reserve_ns = after->other_ns + after->numbers * LONGER * each;
    out->early = true;
    out->end_ns = call->deadline_ns > 0 ? call->deadline_ns : begun + call->time_limit_ms * 1000000;
    out->end_ns -= (int64_t)out->reserve_ns;
    return status;
}

const struct time_limit *deadline_limit(struct deadline *deadline) { return deadline->early ? &deadline->limit : NULL; }

const struct time_limit *deadline_step_limit(struct deadline *deadline) {
    return deadline->early ? &deadline->step_limit : NULL;
}

enum status deadline_fits(const struct deadline *deadline, double least_ns) {
    struct call *call = deadline->call;
    const double reserve = deadline->reserve_ns;
    if (!deadline->early || least_ns + reserve <= 1.1 * limit_ns(call))
        return STATUS_OK;
    return ctx_fail(&call->ctx, STATUS_TIMED_OUT, "/time_limit_ms",
                    "The least that can be sampled takes about %.3g ms, and what comes after it, the writing of %.0f "
                    "numbers among it, %.3g ms; want a time_limit_ms of at least %.0f, fewer samples%s.",
                    least_ns * 1e-6, deadline->numbers, reserve * 1e-6, (least_ns + reserve) * 1.1e-6 + 1,
                    as_text(call) ? ", or Accept: application/x-npy" : "");
}
