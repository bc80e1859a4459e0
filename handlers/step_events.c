#include "handlers/step_events.h"

#include "handlers/png.h"

struct step_event {
    int64_t i, steps, calls, done, total_calls;
    double k, t, share;
    struct array preview;
    struct str picture;
    bool of_step, of_share, has_picture;
};

#define OF_STEP .present = offsetof(struct step_event, of_step)
#define OF_SHARE .present = offsetof(struct step_event, of_share)

const struct field step_event_fields[] = {
    FIELD(struct step_event, i, INT, "How many steps have been taken; of an adaptive solver, which event it is.",
          .required = true),
    FIELD(struct step_event, steps, INT, "Of how many; both passes of `invert` and all repeats of `repaint` count.",
          OF_STEP),
    FIELD(struct step_event, k, NUMBER, "The noise level sigma/alpha that was reached.", .nullable = true, OF_STEP),
    FIELD(struct step_event, t, NUMBER, "Its time.", OF_STEP),
    FIELD(struct step_event, calls, INT, "Network calls for one sample so far.", OF_STEP),
    FIELD(
        struct step_event, preview, ARRAY,
        "With `preview`: the denoised data E[x0 | x] of the first samples, [preview][d], as the step's first call saw "
        "them. Not of a step without a call.",
        .kinds = KIND_REAL, .min_dims = 2, .max_dims = 2),
    FIELD(struct step_event, picture, STRING,
          "With `preview` of images (plot.image_shape, or a network's), in place of `preview`: the same as a sheet of "
          "them, a PNG in base64.",
          .present = offsetof(struct step_event, has_picture)),
    FIELD(
        struct step_event, share, NUMBER,
        "Of an adaptive solver, in events `share` instead of `step`: how much of the way all samples have behind them "
        "together, 0 to 1. There is an event each time it is a hundredth greater, or more.",
        OF_SHARE),
    FIELD(struct step_event, done, INT, "How many samples are at their end; with `invert`, of the way they are on.",
          OF_SHARE),
    FIELD(struct step_event, total_calls, INT, "Network calls for all samples so far.", OF_SHARE),
    {0}};

/* draw makes the picture of a preview; the arena gets it back when the event is written. */
static void draw(struct step_teller *t, const double *D, size_t d, struct step_event *event) {
    const struct plot_job job = {.samples = D, .count = t->rows, .d = d};
    const struct canvas *canvas;
    enum status status = plot_draw(t->call, t->plot, &job, &canvas);
    if (status == STATUS_OK)
        status = png_base64(&t->call->ctx, canvas, &event->picture);
    event->has_picture = status == STATUS_OK;
    t->status = t->status == STATUS_OK ? status : t->status;
}

/* shown is what a preview shows of D: samples, decoded where D are latents; NULL: that failed. */
static const double *shown(struct step_teller *t, const double *D) {
    struct ctx *ctx = &t->call->ctx;
    if (!t->decoder)
        return D;
    double *samples = ctx_alloc(ctx, t->rows, coder_out(t->decoder) * sizeof *samples);
    enum status status = samples ? coder_run(ctx, t->decoder, t->rows, D, samples, true) : STATUS_NO_MEMORY;
    t->status = t->status == STATUS_OK ? status : t->status;
    return status == STATUS_OK ? samples : NULL;
}

static void tell(void *self, size_t step, const double *x, const double *D) {
    (void)x;
    struct step_teller *t = self;
    const struct plan_step *s = &t->plan->steps[step];
    for (; t->op < s->end; t->op++)
        t->calls += t->plan->ops[t->op].kind == PLAN_CALL;
    struct step_event event = {.i = (int64_t)(t->before + step + 1),
                               .steps = (int64_t)t->steps,
                               .calls = t->calls,
                               .of_step = true,
                               .k = s->to.k,
                               .t = s->to.t};
    const bool pictures = t->plot->image_shape.kind;
    const struct ctx_mark mark = ctx_mark(&t->call->ctx);
    const size_t d = t->decoder ? coder_out(t->decoder) : t->d;
    union {
        const double *read;
        double *write;
    } rows = {.read = D && t->rows ? shown(t, D) : NULL}; /* encoding only reads */
    if (rows.read && pictures)
        draw(t, rows.read, d, &event);
    if (rows.read && !pictures)
        event.preview = (struct array){KIND_REAL, 2, {t->rows, d}, t->rows * d, {.reals = rows.write}};
    call_share(t->call, t->steps ? (double)event.i / (double)t->steps : 1);
    call_progress(t->call, "step", &event);
    ctx_rewind(&t->call->ctx, mark);
}

void step_teller_init(struct step_teller *teller, struct call *call, size_t steps, size_t preview,
                      const struct plot_params *plot) {
    *teller = (struct step_teller){.call = call, .steps = steps, .preview = preview, .plot = plot};
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

static void tell_share(void *self, const struct adaptive_progress *progress) {
    struct share_teller *t = self;
    t->calls = t->before + progress->calls;
    const struct step_event event = {.i = ++t->events,
                                     .share = (t->ended + progress->share) / t->ways,
                                     .done = (int64_t)progress->done,
                                     .total_calls = t->calls,
                                     .of_share = true};
    call_share(t->call, event.share);
    call_progress(t->call, "share", &event);
}

void share_teller_next(struct share_teller *teller) {
    teller->before = teller->calls;
    teller->ended++;
}

void share_teller_init(struct share_teller *teller, struct call *call, size_t ways) {
    *teller = (struct share_teller){.call = call, .ways = (double)ways};
    teller->watch = (struct adaptive_watch){teller, tell_share};
}
