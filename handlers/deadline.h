/* deadline.h - a time limit of which a part is kept for what comes after sampling: judging, drawing, writing the answer.
 * Millions of samples take longer to write than to make, so how long they take is measured, on numbers that look like
 * samples, before there are any. Where that matters, sampling is stopped so much earlier than the host would stop it.
 *
 *     struct deadline d;
 *     status = deadline_begin(call, &after, &d);
 *     in.limit = deadline_limit(&d);
 *
 * Without a clock, a time limit, or much to do afterwards, the host's own deadline does: then no clock is read. */
#ifndef SOLVENT_DEADLINE_H
#define SOLVENT_DEADLINE_H

#include "handlers/call.h"

struct deadline {
    struct time_limit limit, step_limit;
    struct call *call;
    double numbers;
    bool early;         /* sampling is stopped by this */
    double reserve_ns;  /* what comes after sampling takes */
    double optional_ns; /* what may come after it, and need not */
    int64_t end_ns;     /* of the clock: when sampling must have ended */
    int64_t last_ns;    /* when step_limit was looked at before */
};

/* What comes after sampling: so many numbers are written, something else is done, and something where there is time. */
struct deadline_after {
    double numbers, other_ns, optional_ns;
};

enum status deadline_begin(struct call *call, const struct deadline_after *after,
                           struct deadline *out) MUST_CHECK; /* Errors: NO_MEMORY */

/* deadline_limit is over when the time for sampling is; NULL: the host sees to it. deadline_step_limit is looked at by
 * one thread, between steps: it is over, too, where another step as long as the last one would not end in time. */
const struct time_limit *deadline_limit(struct deadline *deadline);
const struct time_limit *deadline_step_limit(struct deadline *deadline);

/* deadline_fits refuses what cannot be kept: where sampling takes least_ns at least, and that and what comes after it are
 * more than the limit and a tenth. Errors: TIMED_OUT. */
enum status deadline_fits(const struct deadline *deadline, double least_ns) MUST_CHECK;

#endif
