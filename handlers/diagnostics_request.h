/* diagnostics_request.h - the `diagnostics` of /v1/sample: samples against the data of a closed-form model. */
#ifndef SOLVENT_DIAGNOSTICS_REQUEST_H
#define SOLVENT_DIAGNOSTICS_REQUEST_H

#include "core/diffusion/diagnostics.h"
#include "handlers/call.h"

struct sliced_result {
    double value, standard_error, baseline, excess_error;
};

struct energy_result {
    double value, standard_error;
};

struct diagnostics_result {
    int64_t used;
    struct sliced_result sliced_wasserstein;
    struct energy_result energy_distance;
    struct array shares, share_errors, weights;
};
extern const struct field diagnostics_fields[];
extern const char diagnostics_doc[];

/* diagnostics_answer judges samples[count][d], count >= DIAGNOSTICS_LEAST, of a model whose denoiser is its closed form
 * alone. Errors: NO_MEMORY, CANCELLED, TIMED_OUT. */
enum status diagnostics_answer(struct ctx *ctx, const struct denoiser *model, uint64_t seed, const double *samples,
                               size_t count, struct diagnostics_result *out) MUST_CHECK;

/* diagnostics_cost predicts its nanoseconds for a model of k parts. */
double diagnostics_cost(size_t count, size_t k, size_t d);

#endif
