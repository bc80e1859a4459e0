#include "core/search/answer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/search/answer_fraction.h"
#include "core/search/answer_search.h"
#include "core/sort/sort.h"

const char *const answer_field_names[] = {
#define X(name, ...) #name,
    ANSWER_ARRAYS(X) ANSWER_NUMBERS(X)
#undef X
        "hour",
    NULL};

/* array_of gives the first array of a mask of fields, ANSWER_N_FIELDS where it has none. */
static enum answer_field array_of(uint64_t fields) {
    uint64_t arrays = fields & ((UINT64_C(1) << ANSWER_N_ARRAYS) - 1);
    return arrays ? (enum answer_field)__builtin_ctzll(arrays) : ANSWER_N_FIELDS;
}

const struct array *answer_values(const struct answer_in *in) {
    enum answer_field f = array_of(answer_problems[in->problem].fields);
    return f < ANSWER_N_ARRAYS && in->arrays[f].kind != KIND_NONE ? &in->arrays[f] : NULL;
}

double answer_cost(const struct answer_in *in) {
    const struct answer_problem *problem = &answer_problems[in->problem];
    double n = 1, evaluations = problem->goal == ANSWER_LEAST_FRACTION ? ANSWER_MAX_EVALUATIONS : 66;
    for (enum answer_field f = 0; f < ANSWER_N_ARRAYS; f++)
        n += problem->fields >> f & 1 ? (double)in->arrays[f].n : 0;
    double sorting = problem->wants & ANSWER_SORTED ? 20 * n : 0;
    return sorting + evaluations * (problem->steps ? problem->steps(in) : n);
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
        snprintf(pointer, sizeof pointer, "/%s", answer_field_names[array_of(problem->fields)]);
        return ctx_fail(ctx, STATUS_INVALID, pointer, "There %s %zu value%s, and the problem %s wants at least %zu.",
                        values->n == 1 ? "is" : "are", values->n, &"s"[values->n == 1], problem -> name,
                        problem -> min_values);
    }
    if (problem->floor.least && in->numbers[problem->floor.field - ANSWER_N_ARRAYS] < problem->floor.least) {
        char text[128];
        snprintf(text, sizeof text, "The problem %%s wants %%s to be at least %lld.", (long long)problem->floor.least);
        return fail_field(ctx, problem->floor.field, text, problem->name);
    }
    return STATUS_OK;
}

/* in_order gives the values of an array as the predicate wants them. */
static enum status in_order(struct ctx *ctx, const struct array *values, bool sorted, const int64_t **v, size_t *n) {
    *v = values->ints;
    *n = values->n;
    if (!sorted)
        return STATUS_OK;
    struct sort_in wanted = {.values = array_1d(KIND_INT, values->ints, values->n), .algorithm = SORT_AUTO};
    struct sort_out out;
    enum status status = sort_solve(ctx, &wanted, &out);
    if (status == STATUS_OK)
        *v = out.values.ints;
    return status;
}

static enum status prepare(struct ctx *ctx, const struct answer_in *in, struct answer_task *task) {
    const struct answer_problem *problem = &answer_problems[in->problem];
    enum answer_field first = array_of(problem->fields);
    if (first == ANSWER_N_FIELDS)
        return STATUS_OK;
    bool sorted = problem->wants & ANSWER_SORTED;
    enum status status = in_order(ctx, &in->arrays[first], sorted, &task->v, &task->n);
    enum answer_field second = array_of(problem->fields & ~(UINT64_C(1) << first));
    if (status == STATUS_OK && second != ANSWER_N_FIELDS)
        status = in_order(ctx, &in->arrays[second], sorted, &task->w, &task->n_w);
    if (status == STATUS_OK && problem->wants & ANSWER_NOTES)
        status = (task->notes = ctx_alloc(ctx, task->n, sizeof *task->notes)) ? STATUS_OK : STATUS_NO_MEMORY;
    return status;
}

static double real_of(int64_t bits) {
    double y;
    memcpy(&y, &bits, sizeof y);
    return y;
}

/* candidate is x as the caller sees it: of a real answer, x is the bits of a double, which order as doubles do. */
static struct value candidate(const struct answer_search *s, int64_t x) {
    return s->problem->goal == ANSWER_LEAST_REAL ? trace_real(real_of(x)) : trace_int(x);
}

/* evaluate tells the predicate at x, and the trace about it; the answer is known to be in lo .. hi. */
static bool evaluate(struct answer_search *s, int64_t x, int64_t lo, int64_t hi) {
    const struct answer_problem *p = s->problem;
    bool holds = p->goal == ANSWER_LEAST_REAL ? p->holds_real(&s->task, real_of(x)) : p->holds(&s->task, x);
    answer_tell(s, candidate(s, lo), candidate(s, hi), candidate(s, x), holds);
    return holds;
}

/* turns says whether x is on the upper side of the turn: there LEAST problems hold and GREATEST ones fail. */
static bool turns(struct answer_search *s, int64_t x, int64_t lo, int64_t hi) {
    return evaluate(s, x, lo, hi) != (s->problem->goal == ANSWER_GREATEST);
}

/* Where the turn is: in first .. last, or below or past what can be proved where it says so. */
struct interval {
    int64_t first, last;
    bool below, past;
};

/* real_interval takes the doubles from 0 to one that is not below the bound. */
static struct interval real_interval(wide high) {
    double top = (double)high;
    top = (wide)top < high ? nextafter(top, INFINITY) : top;
    struct interval interval = {0};
    memcpy(&interval.last, &top, sizeof top);
    return interval;
}

static int64_t within_64_bits(wide x) { return x < INT64_MIN ? INT64_MIN : x > INT64_MAX ? INT64_MAX : (int64_t)x; }

static struct interval interval_of(struct answer_search *s) {
    struct answer_bounds b = s->problem->bounds(&s->task);
    if (s->problem->goal == ANSWER_LEAST_REAL)
        return real_interval(b.high);
    wide high = b.high + (s->problem->goal == ANSWER_GREATEST);
    return (struct interval){within_64_bits(b.low), within_64_bits(high), b.low <= INT64_MIN, high > INT64_MAX};
}

static enum status no_turn(struct answer_search *s, const struct interval *of, struct answer_out *out) {
    if (of->past)
        return ctx_fail(s->ctx, STATUS_TOO_LARGE, "", "The answer is past 2^63 - 1.");
    if (s->problem->goal == ANSWER_GREATEST)
        return ctx_fail(s->ctx, STATUS_INTERNAL, "", "The predicate of %s holds above its bound.", s->problem->name);
    out->fails_at = candidate(s, of->last);
    return STATUS_OK;
}

/* before is the candidate below x. */
static int64_t before(const struct answer_search *s, int64_t x) {
    if (s->problem->goal != ANSWER_LEAST_REAL || x > 0)
        return x - 1;
    double tiny = -0x1p-1074;
    memcpy(&x, &tiny, sizeof x);
    return x;
}

/* conclude makes the answer from the turn, which has been seen at `turn`, and at the candidate before where that is
 * not below the first. */
static enum status conclude(struct answer_search *s, int64_t turn, const struct interval *of, struct answer_out *out) {
    bool greatest = s->problem->goal == ANSWER_GREATEST;
    out->fails_at = candidate(s, turn);
    if (greatest && turn == of->first) /* nothing below: no candidate is feasible */
        return STATUS_OK;
    if (turn == of->first && of->below)
        return ctx_fail(s->ctx, STATUS_TOO_LARGE, "", "The answer is below -2^63 + 1.");
    int64_t other = before(s, turn);
    if (turn == of->first && turns(s, other, other, turn))
        return ctx_fail(s->ctx, STATUS_INTERNAL, "", "The predicate of %s holds below its bound.", s->problem->name);
    out->found = true;
    out->answer = out->holds_at = candidate(s, greatest ? other : turn);
    out->fails_at = candidate(s, greatest ? turn : other);
    return STATUS_OK;
}

static enum status bisect(struct answer_search *s, struct answer_out *out) {
    struct interval of = interval_of(s);
    if (!turns(s, of.last, of.first, of.last))
        return no_turn(s, &of, out);
    int64_t lo = of.first, hi = of.last; /* the turn is in lo .. hi; hi has turned, lo - 1 has not where it is not below
                                            the first */
    while (lo < hi) {
        if (ctx_stop(s->ctx) != STOP_NONE)
            return ctx_stopped(s->ctx);
        int64_t mid = lo + (int64_t)(((uint64_t)hi - (uint64_t)lo) / 2);
        if (turns(s, mid, lo, hi))
            hi = mid;
        else
            lo = mid + 1;
    }
    return conclude(s, lo, &of, out);
}

enum status answer_solve(struct ctx *ctx, const struct answer_in *in, struct trace *trace, struct answer_out *out) {
    struct answer_search s = {.ctx = ctx, .problem = &answer_problems[in->problem], .task = {.in = in}, .trace = trace};
    *out = (struct answer_out){0};
    enum status status = check_fields(ctx, in);
    if (status == STATUS_OK)
        status = check_numbers(ctx, in);
    if (status == STATUS_OK && s.problem->check)
        status = s.problem->check(ctx, in, &s.task);
    if (status == STATUS_OK)
        status = prepare(ctx, in, &s.task);
    if (status == STATUS_OK)
        status = s.problem->goal == ANSWER_LEAST_FRACTION ? answer_fraction(&s, out) : bisect(&s, out);
    out->evaluations = s.evaluations;
    return status == STATUS_OK ? trace_end(trace) : status;
}
