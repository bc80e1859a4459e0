/* step_events.h - what a text/event-stream tells of a sampler: an event `step` after each of its steps.
 *
 *     struct step_teller teller;
 *     step_teller_init(&teller, call, preview);
 *     step_teller_follow(&teller, &plan, count, d);   for each plan that is run, before it is
 *     in.watch = &teller.watch;
 *
 * Events are written to call->events, whose reader may hold up the work: nothing piles up here. */
#ifndef SOLVENT_STEP_EVENTS_H
#define SOLVENT_STEP_EVENTS_H

#include "core/diffusion/sampler.h"
#include "handlers/call.h"

extern const struct field step_event_fields[]; /* an endpoint's `progress` */

struct step_teller {
    struct sampler_watch watch;
    struct call *call;
    const struct plan *plan;
    size_t rows, d;             /* of a preview; rows 0: there is none */
    size_t preview;             /* rows that were asked for */
    size_t steps, before, ends; /* in all; those taken before this plan, and with it */
    size_t op;                  /* the next operation of this plan */
    int64_t calls;
};

/* step_teller_init prepares for `steps` steps in all, previews of so many samples (0: none). */
void step_teller_init(struct step_teller *teller, struct call *call, size_t steps, size_t preview);

/* step_teller_follow is for the next plan that sampler_run gets, of count samples of d numbers. It is borrowed until the
 * run has ended. */
void step_teller_follow(struct step_teller *teller, const struct plan *plan, size_t count, size_t d);

#endif
