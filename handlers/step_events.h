/* step_events.h - what a text/event-stream tells of a sampler: an event `step` after each of its steps; of an adaptive
 * one, whose samples step apart, an event `share` after each hundredth of the way or more.
 *
 *     struct step_teller teller;
 *     step_teller_init(&teller, call, steps, preview, plot);
 *     step_teller_follow(&teller, &plan, count, d);   for each plan that is run, before it is
 *     in.watch = &teller.watch;
 *     ...                                             and afterwards teller.status says whether all pictures were drawn
 *
 * Events are written to call->events, whose reader may hold up the work: nothing piles up here. */
#ifndef SOLVENT_STEP_EVENTS_H
#define SOLVENT_STEP_EVENTS_H

#include "core/diffusion/adaptive.h"
#include "core/diffusion/sampler.h"
#include "handlers/plot_request.h"

extern const struct field step_event_fields[]; /* an endpoint's `progress` */

struct step_teller {
    struct sampler_watch watch;
    struct call *call;
    const struct plan *plan;
    size_t rows, d; /* of a preview; rows 0: there is none */
    size_t preview; /* rows that were asked for */
    const struct plot_params *plot;
    const struct coder *decoder; /* what makes samples of D, for previews; NULL: D is one. To be set after init */
    enum status status;
    size_t steps, before, ends; /* in all; those taken before this plan, and with it */
    size_t op;                  /* the next operation of this plan */
    int64_t calls;
};

/* step_teller_init prepares for `steps` steps in all, previews of so many samples (0: none), which are pictures where
 * plot, which is borrowed, says the shape of images. */
void step_teller_init(struct step_teller *teller, struct call *call, size_t steps, size_t preview,
                      const struct plot_params *plot);

/* step_teller_follow is for the next plan that sampler_run gets, of count samples of d numbers. It is borrowed until the
 * run has ended. */
void step_teller_follow(struct step_teller *teller, const struct plan *plan, size_t count, size_t d);

/* For adaptive_run, `ways` times (inversion: 2) with share_teller_next between: in.watch = &teller.watch. */
struct share_teller {
    struct adaptive_watch watch;
    struct call *call;
    int64_t events, before, calls; /* calls of earlier ways, and now */
    double ways, ended;
};

void share_teller_init(struct share_teller *teller, struct call *call, size_t ways);
void share_teller_next(struct share_teller *teller);

#endif
