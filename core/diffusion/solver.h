/* solver.h - one step of a sampler, from a noise level to a lower one.
 *
 * With q = k'/k and eps = (x - alpha D) / sigma:
 * euler            x' = alpha' D + sigma' (v eps + u z), u = eta sqrt(1 - q^2), v = sqrt(1 - u^2). eta = 0: DDIM, Euler
 *                  in k, flow's Euler in t; eta = 1: DDPM. Song, Meng, Ermon 2021 (DDIM), eq. 12
 * ddpm             the posterior mean of x' given x and D, and its variance: "small" is that of the posterior (euler
 *                  with eta = 1), "large" that of the forward step. Ho, Jain, Abbeel 2020, sec. 3.2
 * euler_ancestral  as euler, u = min(1, eta sqrt(1 - q^2)), so that eta may pass 1. Karras et al. 2022 and followers
 * heun             the trapezoid of eps in k, or (flow) of dx/dt in t; the step to data is Euler's. Churn raises k to
 *                  k (1 + gamma) first, gamma = min(s_churn / N, sqrt 2 - 1) where s_tmin <= k <= s_tmax.
 *                  Karras et al. 2022, alg. 1 and 2
 *
 * State is kept as x, so that steps from infinite k (flow, t = 1) stay finite. Adding a solver: one struct solver and
 * its line in solver.c. Multi-step solvers keep their history in work[]. Threads: solvers have no state of their own. */
#ifndef SOLVENT_SOLVER_H
#define SOLVENT_SOLVER_H

#include "core/diffusion/denoiser.h"
#include "core/diffusion/noise.h"

enum solver_id { SOLVER_EULER, SOLVER_DDPM, SOLVER_EULER_ANCESTRAL, SOLVER_HEUN, SOLVER_COUNT };
extern const char *const solver_names[]; /* in the order of solver_id; ends with NULL */

enum solver_variance { VARIANCE_SMALL, VARIANCE_LARGE };
extern const char *const solver_variance_names[];

/* Options, and which of them a request gave: a solver refuses those that mean nothing to it. */
enum { OPTION_ETA = 1, OPTION_VARIANCE = 2, OPTION_CHURN = 4, OPTION_TMIN = 8, OPTION_TMAX = 16, OPTION_NOISE = 32 };
struct solver_options {
    unsigned given;
    double eta;                    /* euler 0 .. 1, euler_ancestral 0 .. 10 */
    enum solver_variance variance; /* ddpm */
    double s_churn;                /* heun: >= 0 */
    double s_tmin, s_tmax;         /* heun: in k */
    double s_noise;                /* heun: > 0 */
};

struct step {
    const struct path *path;
    const struct denoiser *denoiser;
    const struct noise *noise;
    const struct solver_options *options;
    size_t index, steps; /* which step of how many */
    struct path_point from, to;
    size_t first, rows; /* the samples: their index, their number */
    double *x;          /* [rows][d], the state; in and out */
    double *work;       /* [solver->vectors][rows][d], kept from step to step */
    double *scratch;    /* [denoiser->scratch] */
};

struct solver {
    const char *name;
    unsigned takes; /* mask of options */
    size_t vectors;
    struct solver_options defaults;
    /* check says what is wrong with the options (in their full form) on this path; NULL: nothing can be. */
    enum status (*check)(struct ctx *ctx, const struct path *path, const struct solver_options *options);
    size_t (*calls)(const struct path_point *from, const struct path_point *to); /* network calls of a step */
    void (*step)(struct step *step);
};

const struct solver *solver_find(enum solver_id id);

/* solver_resolve fills in the defaults of what was not given and refuses what cannot be.
 * Errors: INVALID (pointer "/sampler/<option>"). */
enum status solver_resolve(struct ctx *ctx, const struct solver *solver, const struct path *path,
                           const struct solver_options *given, struct solver_options *out) MUST_CHECK;

#endif
