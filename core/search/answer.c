#include "core/search/answer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/search/answer_problems.h"
#include "core/sort/sort.h"

const char *const answer_field_names[] = {
#define X(name, ...) #name,
    ANSWER_ARRAYS(X) ANSWER_NUMBERS(X)
#undef X
        "hour",
    NULL};

struct search {
    struct ctx *ctx;
    const struct answer_problem *problem;
    struct answer_task task;
    struct trace *trace;
    int64_t evaluations;
};

static enum answer_field array_of(const struct answer_problem *problem) {
    uint64_t arrays = problem->fields & ((UINT64_C(1) << ANSWER_N_ARRAYS) - 1);
    return arrays ? (enum answer_field)__builtin_ctzll(arrays) : ANSWER_N_FIELDS;
}

const struct array *answer_values(const struct answer_in *in) {
    enum answer_field f = array_of(&answer_problems[in->problem]);
    return f < ANSWER_N_ARRAYS && in->arrays[f].kind != KIND_NONE ? &in->arrays[f] : NULL;
}

double answer_cost(const struct answer_in *in) {
    const struct answer_problem *problem = &answer_problems[in->problem];
    const struct array *values = answer_values(in);
    double n = values ? (double)values->n : 1, evaluations = 66;
    if (values)
        return n * evaluations + (problem->sorted ? 20 * n : 0);
    if ((problem->fields & (UINT64_C(1) << ANSWER_m)) == 0)
        return evaluations * 64;
    double m = (double)in->m, columns = (double)in->n, fewer = m < columns ? m : columns;
    double runs = 2 * sqrt(m * columns);
    fewer = fewer <= (double)ANSWER_MAX_ROWS ? fewer : 1; /* more are refused */
    return evaluations * (1 + (fewer < runs ? fewer : runs));
}

static enum status fail_field(struct ctx *ctx, enum answer_field f, const char *text, const char *problem) {
    char pointer[64];
    snprintf(pointer, sizeof pointer, "/%s", answer_field_names[f]);
    return ctx_fail(ctx, STATUS_INVALID, pointer, text, problem, answer_field_names[f]);
}

/* check_fields wants those of the problem, and no other. */
static enum status check_fields(struct ctx *ctx, const struct answer_in *in) {
    const struct answer_problem *problem = &answer_problems[in->problem];
    for (enum answer_field f = 0; f < ANSWER_N_FIELDS; f++) {
        bool wanted = problem->fields >> f & 1;
        bool given = f < ANSWER_N_ARRAYS ? in->arrays[f].kind != KIND_NONE : in->given[f];
        if (wanted && !given)
            return fail_field(ctx, f, "The problem %s wants %s, which is missing.", problem->name);
        if (given && !wanted)
            return fail_field(ctx, f, "The problem %s has no %s.", problem->name);
    }
    return STATUS_OK;
}

static enum status check_numbers(struct ctx *ctx, const struct answer_in *in) {
    const struct answer_problem *problem = &answer_problems[in->problem];
    const struct array *values = answer_values(in);
    if (values && values->n < problem->min_values) {
        char pointer[64];
        snprintf(pointer, sizeof pointer, "/%s", answer_field_names[array_of(problem)]);
        return ctx_fail(ctx, STATUS_INVALID, pointer, "There %s %zu value%s, and the problem %s wants at least %zu.",
                        values->n == 1 ? "is" : "are", values->n, &"s"[values->n == 1], problem -> name,
                        problem -> min_values);
    }
    if (problem->floor && in->numbers[problem->floor_field - ANSWER_N_ARRAYS] < problem->floor) {
        char text[128];
        snprintf(text, sizeof text, "The problem %%s wants %%s to be at least %lld.", (long long)problem->floor);
        return fail_field(ctx, problem->floor_field, text, problem->name);
    }
    bool table = !values && problem->fields >> ANSWER_m & 1;
    if (table && in->m > ANSWER_MAX_ROWS && in->n > ANSWER_MAX_ROWS)
        return ctx_fail(ctx, STATUS_TOO_LARGE, "/m", "m is %lld and n is %lld; one of them can be at most %lld.",
                        (long long)in->m, (long long)in->n, (long long)ANSWER_MAX_ROWS);
    return STATUS_OK;
}

static enum status check_squares(struct ctx *ctx, const struct array *squares) {
    if (squares->kind == KIND_NONE)
        return STATUS_OK;
    if (squares->dims != 2 || squares->shape[1] != 3)
        return ctx_fail(ctx, STATUS_INVALID, "/squares", "A square has %zu numbers, want three: x, y and side.",
                        squares->dims == 2 ? squares->shape[1] : 1);
    for (size_t i = 0; i < squares->n; i++) {
        int64_t v = squares->ints[i], low = i % 3 == 2;
        if (v >= low && v <= ANSWER_MAX_COORDINATE)
            continue;
        char pointer[64];
        snprintf(pointer, sizeof pointer, "/squares/%zu/%zu", i / 3, i % 3);
        return ctx_fail(ctx, STATUS_INVALID, pointer, "The number is %lld, want %lld to %lld.", (long long)v,
                        (long long)low, (long long)ANSWER_MAX_COORDINATE);
    }
    return STATUS_OK;
}

/* check_hour takes the decimal that was meant: 2.7 hours are 27 / 10, although no double is. */
static enum status check_hour(struct ctx *ctx, const struct answer_in *in, struct answer_task *task) {
    if (!in->given[ANSWER_hour])
        return STATUS_OK;
    for (int64_t unit = 1; unit <= 1000 * 1000 * 1000; unit *= 10) {
        double part = rint(in->hour * (double)unit);
        if (part >= 0 && part < 0x1p52 && part / (double)unit == in->hour) {
            task->hour_part = (int64_t)part;
            task->hour_unit = unit;
            return STATUS_OK;
        }
    }
    return ctx_fail(ctx, STATUS_INVALID, "/hour",
                    "hour is %.17g, want a decimal of at most nine places and fifteen digits in all.", in->hour);
}

/* prepare gives the predicates their values, in order where they want that. */
static enum status prepare(struct ctx *ctx, const struct answer_in *in, struct answer_task *task) {
    const struct array *values = answer_values(in);
    task->in = in;
    task->v = values ? values->ints : NULL;
    task->n = values ? values->n : 0;
    if (!values || !answer_problems[in->problem].sorted)
        return STATUS_OK;
    struct sort_in wanted = {.values = array_1d(KIND_INT, values->ints, values->n), .algorithm = SORT_AUTO};
    struct sort_out sorted;
    enum status status = sort_solve(ctx, &wanted, &sorted);
    if (status == STATUS_OK)
        task->v = sorted.values.ints;
    return status;
}

static double real_of(int64_t bits) {
    double y;
    memcpy(&y, &bits, sizeof y);
    return y;
}

/* candidate is x as the caller sees it: of a real answer, x is the bits of a double, which order as doubles do. */
static struct value candidate(const struct search *s, int64_t x) {
    return s->problem->goal == ANSWER_LEAST_REAL ? trace_real(real_of(x)) : trace_int(x);
}

/* evaluate tells the predicate at x, and the trace about it; the answer is known to be in lo .. hi. */
static bool evaluate(struct search *s, int64_t x, int64_t lo, int64_t hi) {
    const struct answer_problem *p = s->problem;
    bool holds = p->goal == ANSWER_LEAST_REAL ? p->holds_real(&s->task, real_of(x)) : p->holds(&s->task, x);
    s->evaluations++;
    if (s->trace)
        trace_add(s->trace, "evaluate", TRACE_NOWHERE, NULL,
                  TRACE_VARS({"lo", candidate(s, lo)}, {"hi", candidate(s, hi)}, {"candidate", candidate(s, x)},
                             {"holds", trace_int(holds)}));
    return holds;
}

/* turns says whether x is on the upper side of the turn: there LEAST problems hold and GREATEST ones fail. */
static bool turns(struct search *s, int64_t x, int64_t lo, int64_t hi) {
    return evaluate(s, x, lo, hi) != (s->problem->goal == ANSWER_GREATEST);
}

/* interval clamps the bounds to int64: the turn is in *first .. *last, or past 2^63 - 1 where *cut is set. */
static void interval(struct search *s, int64_t *first, int64_t *last, bool *cut) {
    if (s->problem->goal == ANSWER_LEAST_REAL) {
        double top = 0x1p31; /* past all squares */
        *first = 0;
        memcpy(last, &top, sizeof top);
        *cut = false;
        return;
    }
    struct answer_bounds b = s->problem->bounds(&s->task);
    __int128 high = b.high + (s->problem->goal == ANSWER_GREATEST);
    *cut = high > INT64_MAX;
    *first = (int64_t)b.low;
    *last = *cut ? INT64_MAX : (int64_t)high;
}

static enum status no_turn(struct search *s, int64_t last, bool cut, struct answer_out *out) {
    if (cut)
        return ctx_fail(s->ctx, STATUS_TOO_LARGE, "", "The answer is past 2^63 - 1.");
    if (s->problem->goal == ANSWER_GREATEST)
        return ctx_fail(s->ctx, STATUS_INTERNAL, "", "The predicate of %s holds above its bound.", s->problem->name);
    out->fails_at = candidate(s, last);
    return STATUS_OK;
}

/* conclude makes the answer from the turn, which has been seen at `turn`, and at the candidate before where that is
 * not below `first`. */
static enum status conclude(struct search *s, int64_t turn, int64_t first, struct answer_out *out) {
    bool greatest = s->problem->goal == ANSWER_GREATEST;
    out->fails_at = candidate(s, turn);
    if (greatest && turn == first) /* nothing below: no candidate is feasible */
        return STATUS_OK;
    /* Reals do not go below 0, which separate-squares excludes: its area is above 0. */
    if (turn == first && (s->problem->goal == ANSWER_LEAST_REAL || turns(s, turn - 1, turn - 1, turn)))
        return ctx_fail(s->ctx, STATUS_INTERNAL, "", "The predicate of %s holds below its bound.", s->problem->name);
    out->found = true;
    out->answer = out->holds_at = candidate(s, greatest ? turn - 1 : turn);
    out->fails_at = candidate(s, greatest ? turn : turn - 1);
    return STATUS_OK;
}

static enum status bisect(struct search *s, struct answer_out *out) {
    int64_t first, last;
    bool cut;
    interval(s, &first, &last, &cut);
    if (!turns(s, last, first, last))
        return no_turn(s, last, cut, out);
    int64_t lo = first,
            hi = last; /* the turn is in lo .. hi; hi has turned, lo - 1 has not where it is not below first */
    while (lo < hi) {
        if (ctx_stop(s->ctx) != STOP_NONE)
            return ctx_stopped(s->ctx);
        int64_t mid = lo + (hi - lo) / 2;
        if (turns(s, mid, lo, hi))
            hi = mid;
        else
            lo = mid + 1;
    }
    return conclude(s, lo, first, out);
}

enum status answer_solve(struct ctx *ctx, const struct answer_in *in, struct trace *trace, struct answer_out *out) {
    struct search s = {.ctx = ctx, .problem = &answer_problems[in->problem], .trace = trace};
    *out = (struct answer_out){0};
    enum status status = check_fields(ctx, in);
    if (status == STATUS_OK)
        status = check_numbers(ctx, in);
    if (status == STATUS_OK)
        status = check_squares(ctx, &in->squares);
    if (status == STATUS_OK)
        status = check_hour(ctx, in, &s.task);
    if (status == STATUS_OK)
        status = prepare(ctx, in, &s.task);
    if (status == STATUS_OK)
        status = bisect(&s, out);
    out->evaluations = s.evaluations;
    return status == STATUS_OK ? trace_end(trace) : status;
}
