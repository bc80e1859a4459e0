/* sampler.h - draws samples: a denoiser, a path, the noise levels to visit and a solver, put together.
 *
 *     path_make -> grid_make -> solver_resolve -> sampler_run
 *
 * Sample i is a function of (denoiser, path, grid, solver, seed or latents, i) alone: the first m of n samples are the
 * m samples of a smaller run, bit for bit, whatever the threads. Cost: count * network calls * the denoiser's cost a
 * row. Memory: count * d, times the points where the trajectory is kept; and a few vectors a thread. Stops between
 * steps where ctx asks for it. */
#ifndef SOLVENT_SAMPLER_H
#define SOLVENT_SAMPLER_H

#include "core/diffusion/solver.h"

#define SAMPLER_NUMERICS "1" /* raised when the bytes of a sample change */

struct sampler_in {
    const struct denoiser *denoiser;
    const struct path *path;
    const struct path_point *points; /* [steps + 1], k falling strictly to 0 */
    size_t steps;                    /* >= 1 */
    const struct solver *solver;
    const struct solver_options *options; /* resolved */
    const struct noise *noise;
    size_t count;          /* samples, below 2^32 */
    const double *latents; /* [count][d] standard normal numbers in place of drawn ones; NULL: draw. Borrowed */
    bool trajectory;
};

struct sampler_out {
    double *samples;      /* [count][d] */
    double *trajectory;   /* [steps + 1][count][d], the state x at every point; NULL unless asked for */
    size_t network_calls; /* of one sample */
};

/* sampler_run draws. The first state is latent * path_prior_std(points[0]).
 * Errors: INVALID ("/latents": a state that left the doubles), NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status sampler_run(struct ctx *ctx, const struct sampler_in *in, struct sampler_out *out) MUST_CHECK;

/* sampler_calls counts the network calls of one sample. */
size_t sampler_calls(const struct solver *solver, const struct path_point *points, size_t steps);

#endif
