#include "handlers/step_events.h"

struct step_event {
    int64_t i, steps, calls;
    double k, t;
    struct array preview;
};

const struct field step_event_fields[] = {
    FIELD(struct step_event, i, INT, "How many steps have been taken.", .required = true),
    FIELD(struct step_event, steps, INT, "Of how many; both passes of `invert` and all repeats of `repaint` count.",
          .required = true),
    FIELD(struct step_event, k, NUMBER, "The noise level sigma/alpha that was reached.", .nullable = true,
          .required = true),
    FIELD(struct step_event, t, NUMBER, "Its time.", .required = true),
    FIELD(struct step_event, calls, INT, "Network calls for one sample so far.", .required = true),
    FIELD(
        struct step_event, preview, ARRAY,
        "With `preview`: the denoised data E[x0 | x] of the first samples, [preview][d], as the step's first call saw "
        "them. Not of a step without a call.",
        .kinds = KIND_REAL, .min_dims = 2, .max_dims = 2),
    {0}};

static void tell(void *self, size_t step, const double *x, const double *D) {
    (void)x;
    struct step_teller *t = self;
    const struct plan_step *s = &t->plan->steps[step];
    for (; t->op < s->end; t->op++)
        t->calls += t->plan->ops[t->op].kind == PLAN_CALL;
    struct step_event event = {.i = (int64_t)(t->before + step + 1),
                               .steps = (int64_t)t->steps,
                               .calls = t->calls,
                               .k = s->to.k,
                               .t = s->to.t};
    union {
        const double *read;
        double *write;
    } rows = {.read = D}; /* encoding only reads */
    if (D && t->rows)
        event.preview = (struct array){KIND_REAL, 2, {t->rows, t->d}, t->rows * t->d, {.reals = rows.write}};
    call_progress(t->call, "step", &event);
}

void step_teller_init(struct step_teller *teller, struct call *call, size_t steps, size_t preview) {
    *teller = (struct step_teller){.call = call, .steps = steps, .preview = preview};
    teller->watch = (struct sampler_watch){teller, tell};
}

void step_teller_follow(struct step_teller *teller, const struct plan *plan, size_t count, size_t d) {
    teller->before = teller->ends;
    teller->ends += plan->n_steps;
    teller->plan = plan;
    teller->op = 0;
    teller->rows = teller->preview < count ? teller->preview : count;
    teller->d = d;
}
