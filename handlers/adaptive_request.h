/* adaptive_request.h - solvers that choose their steps as they run (dopri5, dpm_23), for /v1/sample. */
#ifndef SOLVENT_ADAPTIVE_REQUEST_H
#define SOLVENT_ADAPTIVE_REQUEST_H

#include "core/diffusion/adaptive.h"
#include "handlers/sampler_request.h"

/* What a request comes to: the way from noise down to the least level, and on to data. */
struct adaptive_setup {
    struct path path;
    struct path_point ends[3]; /* the greatest and the least level, data */
    const struct solver *solver;
    struct solver_options options;
    bool to_data;
};

/* adaptive_asked tells whether the request names such a solver. */
bool adaptive_asked(const struct sampler_request *request);

/* adaptive_setup checks and prepares. Errors: INVALID, NO_MEMORY. */
enum status adaptive_setup(struct call *call, const struct sampler_request *request,
                           struct adaptive_setup *out) MUST_CHECK;

struct adaptive_job {
    const struct denoiser *denoiser;
    const int64_t *classes; /* [count] as of eval, or NULL */
    const struct noise *noise;
    size_t count;
    const double *latents;          /* [count][d]; NULL: drawn */
    const double *invert;           /* [count][d]: data to find the latents of first; NULL: none */
    bool anytime;                   /* as of adaptive_in; latents must be found in time nevertheless */
    const struct time_limit *limit; /* as of adaptive_in */
    bool tells;                     /* call_progress as step_events.h says */
};

/* How it went, a number for each sample. */
struct adaptive_result {
    struct array calls, steps, rejects, error, cut;
    int64_t total_calls, total_rejects;
    double rtol, atol;
};
extern const struct field adaptive_result_fields[];

struct adaptive_drawn {
    double *samples, *latents;      /* [count][d]; latents with invert only */
    int64_t most_steps, most_calls; /* of any sample */
    bool cut;                       /* some were */
    struct adaptive_result how;
};

/* adaptive_sample draws. With invert, the way up counts, too. Errors: as of adaptive_run. */
enum status adaptive_sample(struct call *call, const struct adaptive_setup *setup, const struct adaptive_job *job,
                            struct adaptive_drawn *out) MUST_CHECK;

/* adaptive_report_grid gives the two levels, and data where they are reached, as the grid of an answer. */
enum status adaptive_report_grid(struct ctx *ctx, const struct adaptive_setup *setup,
                                 struct grid_result *out) MUST_CHECK;

#endif
