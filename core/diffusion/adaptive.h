/* adaptive.h - the probability-flow equation with steps that each sample chooses for itself.
 *
 * With r = sqrt(alpha^2 + sigma^2), u = x / r and the angle a = atan k, the equation of all paths is
 *     du/da = (cos a u - D) / sin a,    cos a = alpha / r, sin a = sigma / r,
 * regular from k = 0 (a = 0) to k infinite (a = pi/2), and nearly straight at both ends.
 *
 * pair     what                                                                      error per step
 * dopri5   Dormand, Prince 1980, 5(4), seven stages of which the last is the next    h^6, in u
 *          step's first; in a
 * dpm_23   Lu et al. 2022a, DPM-Solver-2 (r = 1/3) inside -3 (r = 1/3, 2/3), as      h^4, in y = x / alpha
 *          k-diffusion's dpm_adaptive; in ln k. From infinite k the first step is dopri5's
 *
 * A step is taken where err = RMS over the sample's numbers of e / (atol + rtol max(|before|, |after|)) is at most 1;
 * the next is min(m, max(0.2, 0.9 err^(-1/q))) times as long, q = 5 and 3, m = 10 and 2.5, no longer after a refusal, and never more
 * than a sixth of the way (a step across all of it may miss what lies within: with three steps for the whole way the
 * estimate was ten times too small). Each sample
 * has its own err and its own steps: neighbours, chunks and threads change no bit. Where an integral is carried along,
 * its error counts like u's: err is the greater of the two.
 *
 * dpm_23's estimate passes through zero on its way; a sample of a single number then takes a step or two on trust, and
 * may end some tolerances off.
 *
 * Cost: six calls (dopri5) or three a step tried; a step that was refused keeps its first. Memory: 12 d numbers for each
 * of the samples in work at once, at most 64 a thread; 1024 in all where someone watches. */
#ifndef SOLVENT_ADAPTIVE_H
#define SOLVENT_ADAPTIVE_H

#include "core/diffusion/denoiser.h"

enum { ADAPTIVE_MAX_TRIES = 10000 }; /* steps tried for one sample */

enum adaptive_pair { ADAPTIVE_DOPRI5, ADAPTIVE_DPM_23 };

/* What is integrated beside x: the divergence of du/da, exactly or in the direction of a probe. dopri5 only. */
enum adaptive_divergence { DIVERGENCE_NONE, DIVERGENCE_EXACT, DIVERGENCE_PROBED };

/* How far all samples have come together. */
struct adaptive_progress {
    size_t done;   /* samples at their end */
    double share;  /* of the ways of all samples, by the angle a: 0 .. 1 */
    int64_t calls; /* for all samples */
};

/* tell is called from the thread that runs: once share is 0.01 greater than at the last call, and when all are at
 * their end (1). What it is told depends on the input alone. */
struct adaptive_watch {
    void *self;
    void (*tell)(void *self, const struct adaptive_progress *progress);
};

struct adaptive_in {
    const struct denoiser *denoiser;
    const int64_t *classes; /* [count] of each sample (denoiser.h); NULL: what the denoiser was made for */
    const struct path *path;
    struct path_point from, to; /* 0 < k; one of the two may be infinite (dpm_23: from). Up or down */
    enum adaptive_pair pair;
    double rtol, atol; /* >= 0, not both 0 */
    bool to_data;      /* at the end x becomes D: the step to k = 0 */
    bool anytime;      /* at the deadline x of each sample on its way becomes D of where it is (adaptive_out.cut),
                        * instead of a failure; not with a divergence. One more call for each of them */
    const struct time_limit *limit; /* with anytime: looked at often, from any thread; NULL: none */
    size_t count;
    double *x; /* [count][d]: the states at `from`, and then those at `to` */
    enum adaptive_divergence divergence;
    const double *probes;               /* PROBED: [count][d] */
    const struct adaptive_watch *watch; /* NULL: nobody is told */
};

struct adaptive_out {
    int64_t *calls, *steps, *rejects; /* [count] */
    double *error;                    /* [count] the greatest err of a step that was taken, 0 .. 1 */
    bool *cut;        /* [count] the deadline or the limit came first: x is E[x0 | x] where the sample then was */
    double *integral; /* [count] of the divergence from `from` to `to`; NULL without one */
    size_t failed;    /* with INVALID: the first sample for which the tolerances cannot be met */
};

/* adaptive_run integrates all samples.
 * Errors: INVALID ("/sampler/rtol": a sample for which the tolerances cannot be met, see out->failed),
 * NO_MEMORY, CANCELLED, TIMED_OUT (not with anytime). */
enum status adaptive_run(struct ctx *ctx, const struct adaptive_in *in, struct adaptive_out *out) MUST_CHECK;

#endif
