/* sample_answer.h - an answer of /v1/sample: its fields, and how it is filled from what was drawn. */
#ifndef SOLVENT_SAMPLE_ANSWER_H
#define SOLVENT_SAMPLE_ANSWER_H

#include "handlers/adaptive_request.h"
#include "handlers/deadline_request.h"
#include "handlers/diagnostics_request.h"
#include "handlers/sample_request.h"

/* What to put into the request for the same samples again, whatever the time. */
struct resolved_sampler {
    int solver;
    int64_t steps;
    bool has_solver, has_steps;
};
struct resolved_result {
    int64_t seed, stop_after;
    struct resolved_sampler sampler;
    bool has_stop_after;
};

struct sample_result {
    struct array samples, shape, trajectory, latents, round_trip_error;
    int64_t seed, steps, network_calls;
    struct used_result used;
    struct grid_result grid;
    struct str numerics, columns;
    struct adaptive_result adaptive;
    struct diagnostics_result diagnostics;
    int dtype;
    bool has_adaptive, has_diagnostics, has_resolved, has_steps_done, has_dtype, has_columns, cut;
    int64_t steps_done;
    struct deadline_choice chosen;
    struct resolved_result resolved;
    const struct canvas *picture;
};

extern const struct field sample_answer_fields[];

/* sample_report fills the answer of a run with fixed steps; what was chosen, and the latents of an inversion, are there
 * already. It judges and draws where that is asked for. Errors: NO_MEMORY; those of diagnostics and pictures. */
enum status sample_report(struct call *call, const struct sample_params *p, const struct sampler_setup *setup,
                          const struct sampler_in *in, const struct sampler_out *drawn,
                          struct sample_result *out) MUST_CHECK;

/* sample_report_rows fills what every answer holds, of rows of the denoiser's d numbers. */
enum status sample_report_rows(struct call *call, const struct sample_params *p, double *samples,
                               const struct denoiser *denoiser, struct sample_result *out) MUST_CHECK;

#endif
