#include "core/search/answer_fraction.h"

#include <stdio.h>

struct fraction {
    int64_t p, q;
};

/* The answer is above `fails` and at most `holds`; q * p' - p * q' is 1 for the two. */
struct between {
    struct fraction fails, holds;
    int64_t most; /* denominator */
};

/* text writes p/q into the arena. */
static struct value text(struct answer_search *s, struct fraction f) {
    enum { SIZE = 2 * 20 + 2 };
    char *p = ctx_alloc(s->ctx, SIZE, 1);
    if (!p)
        return (struct value){.kind = KIND_NONE};
    size_t n = (size_t)snprintf(p, SIZE, "%lld/%lld", (long long)f.p, (long long)f.q);
    return (struct value){.kind = KIND_STRING, .s = {p, n}};
}

static bool evaluate(struct answer_search *s, const struct between *b, struct fraction f) {
    bool holds = s->problem->holds_fraction(&s->task, f.p, f.q);
    struct value lo = {0}, hi = {0}, at = {0};
    if (s->trace && s->trace->n < s->trace->max_steps) {
        lo = text(s, b->fails), hi = text(s, b->holds), at = text(s, f);
        s->trace->failed |= at.kind == KIND_NONE || hi.kind == KIND_NONE || lo.kind == KIND_NONE;
    }
    answer_tell(s, lo, hi, at, holds);
    return holds;
}

/* ahead is `from` after so many steps towards `to`. */
static struct fraction ahead(struct fraction from, struct fraction to, int64_t steps) {
    return (struct fraction){from.p + steps * to.p, from.q + steps * to.q};
}

/* advance takes one end as far towards the other as it stays on its side; false: it was to stop. */
static bool advance(struct answer_search *s, struct between *b, struct fraction *end, struct fraction to, bool holds) {
    struct fraction from = *end;
    int64_t good = 0, bad = (b->most - from.q) / to.q + 1; /* at bad the denominator is too great */
    for (int64_t step = 1; good + 1 < bad;) {
        if (ctx_stop(s->ctx) != STOP_NONE)
            return false;
        int64_t at = step < bad - good ? good + step : good + (bad - good) / 2;
        bool stays = evaluate(s, b, ahead(from, to, at)) == holds;
        if (stays) {
            good = at;
            *end = ahead(from, to, at);
            step = step > INT64_MAX / 2 ? step : 2 * step;
        } else {
            bad = at;
            step = INT64_MAX; /* halve from here on */
        }
    }
    return true;
}

enum status answer_fraction(struct answer_search *s, struct answer_out *out) {
    struct between b = {{0, 1}, {1, 1}, answer_greatest(&s->task)};
    out->found = evaluate(s, &b, b.holds);
    if (out->found && evaluate(s, &b, b.fails))
        return ctx_fail(s->ctx, STATUS_INTERNAL, "", "The predicate of %s holds at 0.", s->problem->name);
    while (out->found && b.fails.q <= b.most - b.holds.q)
        if (!advance(s, &b, &b.fails, b.holds, false) || !advance(s, &b, &b.holds, b.fails, true))
            return ctx_stopped(s->ctx);
    if (out->found)
        out->answer = out->holds_at = text(s, b.holds);
    out->fails_at = text(s, out->found ? b.fails : b.holds);
    return out->fails_at.kind == KIND_NONE || (out->found && out->answer.kind == KIND_NONE) ? STATUS_NO_MEMORY
                                                                                            : STATUS_OK;
}
