#include "core/combine/combination_plan.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/combine/combination_reach.h"

struct candidate {
    int64_t value, index;
};

static int compare(const void *a, const void *b) {
    const struct candidate *x = a, *y = b;
    int values = (x->value > y->value) - (x->value < y->value);
    return values ? values : (x->index > y->index) - (x->index < y->index);
}

static enum status check(struct ctx *ctx, const struct combination_in *in) {
    char place[64];
    if (in->n > COMBINATION_MAX_CANDIDATES)
        return ctx_fail(ctx, STATUS_TOO_LARGE, "/candidates", "There are %zu candidates, want at most %d.", in->n,
                        COMBINATION_MAX_CANDIDATES);
    for (size_t i = 0; i < in->n; i++) {
        snprintf(place, sizeof place, "/candidates/%zu", i);
        if (in->candidates[i] < 1)
            return ctx_fail(ctx, STATUS_INVALID, place, "candidates[%zu] is %lld, want an integer of at least 1.", i,
                            (long long)in->candidates[i]);
    }
    if (in->target < 0)
        return ctx_fail(ctx, STATUS_INVALID, "/target", "target is %lld, want an integer of at least 0.",
                        (long long)in->target);
    if (in->min_length < 0)
        return ctx_fail(ctx, STATUS_INVALID, "/min_length", "min_length is %lld, want an integer of at least 0.",
                        (long long)in->min_length);
    if (in->max_length < in->min_length)
        return ctx_fail(ctx, STATUS_INVALID, "/max_length", "max_length is %lld, below min_length, which is %lld.",
                        (long long)in->max_length, (long long)in->min_length);
    if (in->ordered && !in->reuse)
        return ctx_fail(ctx, STATUS_INVALID, "/ordered",
                        "ordered is true and reuse is false, want reuse where sequences are ordered.");
    return STATUS_OK;
}

/* take_values keeps the candidates that the target has room for, in order. */
static enum status take_values(struct ctx *ctx, const struct combination_in *in, struct combination_plan *plan) {
    struct candidate *sorted = ctx_alloc(ctx, in->n, sizeof *sorted);
    plan->value = sorted ? ctx_alloc(ctx, in->n, sizeof *plan->value) : NULL;
    plan->index = plan->value ? ctx_alloc(ctx, in->n, sizeof *plan->index) : NULL;
    plan->part = plan->index ? ctx_alloc(ctx, in->n, sizeof *plan->part) : NULL;
    if (!plan->part)
        return STATUS_NO_MEMORY;
    size_t n = 0;
    for (size_t i = 0; i < in->n; i++)
        if (in->candidates[i] <= in->target)
            sorted[n++] = (struct candidate){in->candidates[i], (int64_t)i};
    if (n)
        qsort(sorted, n, sizeof *sorted, compare);
    for (size_t i = 0; i < n; i++)
        if (!in->reuse || in->distinct || i == 0 || sorted[i - 1].value != sorted[i].value) {
            plan->value[plan->n] = sorted[i].value;
            plan->index[plan->n++] = sorted[i].index;
        }
    return STATUS_OK;
}

static int64_t divisor_of(const struct combination_plan *plan) {
    int64_t divisor = 0;
    for (size_t i = 0; i < plan->n; i++)
        for (int64_t b = plan->value[i]; b != 0;) {
            int64_t rest = divisor % b;
            divisor = b, b = rest;
        }
    return divisor ? divisor : 1;
}

/* lengths_of bounds the parts of a sum: *least by the greatest values, *most by the least ones. False: without reuse,
 * all of them together do not reach the target. */
static bool lengths_of(const struct combination_plan *plan, int64_t target, int64_t *least, int64_t *most) {
    int64_t rest = target;
    *least = *most = 0;
    if (plan->n == 0)
        return target == 0;
    if (plan->reuse) {
        int64_t greatest = plan->value[plan->n - 1];
        *most = target / plan->value[0];
        *least = target / greatest + (target % greatest > 0);
        return true;
    }
    for (size_t i = 0; i < plan->n && plan->value[i] <= rest; i++, ++*most)
        rest -= plan->value[i];
    rest = target;
    for (size_t i = plan->n; i-- > 0 && rest > 0; ++*least)
        rest -= plan->value[i];
    return rest <= 0;
}

/* mark_of mixes all that decides which combinations there are (SplitMix64's finish for each word). */
static uint64_t mark_of(const struct combination_in *in, const struct combination_plan *plan) {
    uint64_t mark = 0x736f6c76656e74u;
    for (size_t i = 0; i < plan->n + 4; i++) {
        uint64_t word = i < plan->n        ? (uint64_t)plan->value[i]
                        : i == plan->n     ? (uint64_t)in->target
                        : i == plan->n + 1 ? (uint64_t)in->min_length
                        : i == plan->n + 2 ? (uint64_t)in->max_length
                                           : (uint64_t)in->order * 8 + in->distinct * 4u + in->reuse * 2u + in->ordered;
        mark = (mark ^ word) + 0x9e3779b97f4a7c15u;
        mark = (mark ^ mark >> 30) * 0xbf58476d1ce4e5b9u;
        mark = (mark ^ mark >> 27) * 0x94d049bb133111ebu;
        mark ^= mark >> 31;
    }
    return mark;
}

/* take_lengths makes the states; limits that every sum keeps anyway make none. By length, each one is a state. */
static void take_lengths(const struct combination_in *in, int64_t least, int64_t most, struct combination_plan *plan,
                         uint64_t *states) {
    if (in->order == COMBINATION_SHORT || in->order == COMBINATION_LONG) {
        plan->shortest = (size_t)(in->min_length > least ? in->min_length : least);
        plan->longest = (size_t)(in->max_length < most ? in->max_length : most);
    } else {
        int64_t min = in->min_length <= least ? 0 : in->min_length;
        plan->saturate = in->max_length >= most;
        plan->shortest = plan->longest = (size_t)(plan->saturate ? min : in->max_length);
        plan->accept = (size_t)(plan->saturate ? 0 : in->max_length - min);
    }
    *states = (uint64_t)plan->longest + 1;
}

enum status combination_plan_make(struct ctx *ctx, const struct combination_in *in, struct combination_plan *plan) {
    *plan = (struct combination_plan){.reuse = in->reuse,
                                      .ordered = in->ordered,
                                      .distinct = in->distinct,
                                      .indices = in->indices,
                                      .order = in->order,
                                      .max_steps = in->max_steps ? in->max_steps : COMBINATION_MAX_STEPS};
    enum status status = check(ctx, in);
    if (status == STATUS_OK)
        status = take_values(ctx, in, plan);
    if (status != STATUS_OK)
        return status;
    plan->mark = mark_of(in, plan);
    int64_t divisor = divisor_of(plan), target = in->target / divisor, least, most;
    plan->none = in->target % divisor != 0 || !lengths_of(plan, in->target, &least, &most) || in->min_length > most ||
                 in->max_length < least;
    if (plan->none)
        return STATUS_OK;
    uint64_t states;
    take_lengths(in, least, most, plan, &states);
    if (target >= COMBINATION_MAX_STATES || (uint64_t)(target + 1) > COMBINATION_MAX_STATES / states)
        return ctx_fail(ctx, STATUS_TOO_LARGE, "/target",
                        "The target over the common divisor of the candidates is %lld, and the states of the length "
                        "are %llu; want target + 1 times states of at most %d.",
                        (long long)target, (unsigned long long)states, COMBINATION_MAX_STATES);
    plan->target = (size_t)target;
    plan->states = (size_t)states;
    for (size_t i = 0; i < plan->n; i++)
        plan->part[i] = (size_t)(plan->value[i] / divisor);
    if (plan->n * (states * (uint64_t)(target + 1)) > (uint64_t)plan->max_steps)
        return STATUS_OK;
    status = combination_reach(ctx, plan, &plan->reach);
    plan->none = status == STATUS_OK && !combination_reaches(plan->reach, plan->target);
    return status;
}
