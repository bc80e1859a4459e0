/* likelihood.h - log densities of given data under a model, by the probability-flow equation.
 *
 * Along the flow (adaptive.h) d log p(u) / da = -div(du/da), so that in y = x / alpha, which is the data's own scale,
 *     log p(y at k_min) = log p_prior(u at k_max) + integral of div over a, k_min .. k_max, - d ln sqrt(1 + k_min^2).
 * (Chen et al. 2018, instantaneous change of variables; Song et al. 2021, sec. 4.3.) The data are taken as states at
 * k_min: what is found is the density of data with that much noise on them, which is all that a denoiser knows.
 *
 * The divergence is exact, or v' J v for a probe v (Hutchinson 1990; Grathwohl et al. 2019): unbiased, with each probe
 * drawn once and held for the whole way, so that the solver follows a smooth function.
 *
 * The prior at k_max is N(0, prior std^2), as published, which ignores what is left of the data there and so is off by
 * about |mean| / k_max; or the model's own density at k_max, where it has one.
 *
 * Cost: as of adaptive_run for n (times probes) samples, and the divergence with every call. */
#ifndef SOLVENT_LIKELIHOOD_H
#define SOLVENT_LIKELIHOOD_H

#include "core/diffusion/adaptive.h"

enum likelihood_method { LIKELIHOOD_EXACT, LIKELIHOOD_HUTCHINSON };
enum likelihood_probe { PROBE_RADEMACHER, PROBE_NORMAL }; /* numbers -1 and 1, or standard normal ones */
enum likelihood_prior { PRIOR_MODEL, PRIOR_NORMAL };

struct likelihood_in {
    const struct denoiser *denoiser; /* PRIOR_MODEL: gives EACH_DENSITY */
    const struct path *path;
    struct path_point from, to; /* k_min > 0 and k_max, which may be infinite */
    double rtol, atol;
    size_t n;
    const double *points; /* [n][d], finite */
    enum likelihood_method method;
    enum likelihood_probe probe;
    size_t probes; /* HUTCHINSON: >= 1 */
    uint64_t seed; /* of the probes: number p of point i is step p, sample i of the stream NORMAL_PROBE */
    enum likelihood_prior prior;
};

struct likelihood_out {
    double *log_likelihood;             /* [n]; HUTCHINSON: the mean over probes */
    double *standard_error;             /* [n] of that mean; NULL: exact, or a single probe */
    int64_t calls, rejects, most_calls; /* of all solves, and the most of a single one */
};

/* likelihood_run finds log p(points). Errors: INVALID ("/rtol": the tolerances cannot be met for a point, which is
 * named), NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status likelihood_run(struct ctx *ctx, const struct likelihood_in *in, struct likelihood_out *out) MUST_CHECK;

/* likelihood_density writes the log density in y of points[n][d], data scale, at a level of noise: closed form. k = 0
 * where the denoiser is smooth. Errors: NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status likelihood_density(struct ctx *ctx, const struct denoiser *denoiser, const struct path_point *at,
                               const double *points, size_t n, double *out) MUST_CHECK;

#endif
