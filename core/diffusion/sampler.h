/* sampler.h - draws samples: a denoiser and a plan (plan.h), put together.
 *
 *     path_make -> grid_make -> solver_resolve -> plan_make -> sampler_run
 *
 * Sample i is a function of (denoiser, plan, seed or latents, i) alone: the first m of n samples are the m samples of a
 * smaller run, bit for bit, whatever the threads, watched or not. Cost: count * network calls * the denoiser's cost a
 * row. Memory: count * d, times the points where the trajectory is kept; and plan->n_slots vectors of a chunk of
 * samples a thread, or of all samples where the run is watched or has a time to keep (sampler_bytes). */
#ifndef SOLVENT_SAMPLER_H
#define SOLVENT_SAMPLER_H

#include "core/diffusion/plan_run.h"
#include "core/diffusion/solver.h"

#define SAMPLER_NUMERICS "6" /* raised when the bytes of a sample change */

/* Who watches is told after each step. All samples take a step before any takes the next one. */
struct sampler_watch {
    void *self;
    /* x and D are the state after step `step` and the step's first D, [count][d]; they may be read until it returns. D
     * is NULL where the step made no call. */
    void (*step)(void *self, size_t step, const double *x, const double *D);
};

struct sampler_in {
    const struct denoiser *denoiser;
    const double *given;    /* [count][d] numbers that are known, NaN elsewhere (denoiser.h); NULL: none. Borrowed */
    const int64_t *classes; /* [count] of each sample (denoiser.h); NULL: what the denoiser was made for. Borrowed */
    const struct plan *plan;
    const struct noise *noise;
    size_t count;          /* samples, below 2^32 */
    const double *latents; /* [count][d] standard normal numbers in place of drawn ones; NULL: draw. Borrowed */
    const double *init; /* data to start from, times plan->start_alpha; NULL: 0. [count][d], or [d] for all. Borrowed */
    size_t n_init;      /* count or 1 */
    const struct plan_known *known; /* where the plan has KNOWN */
    bool trajectory;
    bool anytime; /* out of time: answer the D of the last step that all took instead of failing (sampler_out.cut) */
    const struct time_limit *limit; /* with anytime: looked at between steps, from the thread that runs; NULL: none */
    size_t stop_after; /* answer the D of this step, counted from 1, as a cut after it would; 0: go to the end */
    const struct sampler_watch *watch; /* NULL: nobody */
};

struct sampler_out {
    double *samples;    /* [count][d] */
    double *trajectory; /* [n_steps + 1][count][d], the state x at every point; NULL unless asked for */
    bool cut;           /* the deadline came: samples are E[x0 | x] at the last whole step */
    size_t steps_done;  /* the trajectory is written so far */
};

/* sampler_bytes is about what a run in steps that all samples take together needs: watched, anytime or stop_after. */
double sampler_bytes(const struct plan *plan, size_t count, size_t d);

/* sampler_run draws.
 * Errors: INVALID ("/latents": a state that left the doubles), NO_MEMORY, CANCELLED, TIMED_OUT (with anytime: only
 * before the first step has ended). */
enum status sampler_run(struct ctx *ctx, const struct sampler_in *in, struct sampler_out *out) MUST_CHECK;

#endif
