#include "core/combine/combination_reach.h"

/* shift_in is set |= set << distance over n words; downwards, so that each word is read before it is written. */
static void shift_in(uint64_t *set, size_t n, size_t distance) {
    size_t words = distance / 64, bits = distance % 64;
    if (bits == 0) {
        for (size_t i = n; i-- > words;)
            set[i] |= set[i - words];
        return;
    }
    for (size_t i = n; i-- > words + 1;)
        set[i] |= set[i - words] << bits | set[i - words - 1] >> (64 - bits);
    if (words < n)
        set[words] |= set[0] << bits;
}

enum status combination_reach(struct ctx *ctx, const struct combination_plan *plan, uint64_t **reach) {
    size_t n = plan->target / 64 + 1, steps = 0;
    *reach = ctx_zalloc(ctx, n, sizeof **reach);
    if (!*reach)
        return STATUS_NO_MEMORY;
    (*reach)[0] = 1;
    for (size_t p = 0; p < plan->n; p++)
        for (size_t part = plan->part[p]; part <= plan->target; part *= 2) { /* with reuse: 1, 2, 4, ... of it more */
            shift_in(*reach, n, part);
            steps += n;
            if (steps >> 20 && ctx_stop(ctx) != STOP_NONE)
                return ctx_stopped(ctx);
            steps &= (1 << 20) - 1;
            if (!plan->reuse)
                break;
        }
    return STATUS_OK;
}
