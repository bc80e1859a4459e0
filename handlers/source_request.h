/* source_request.h - requests to /v1/sample for a model whose flow starts from points of its own, not from normal numbers
 * (model_load.h): a sample is what a point of the source turns into, or what `init` does, where the request gives some.
 *
 * Refused is what takes the start, or the state on its way, for normal numbers: strength, mask, interpolate, noise
 * "torch", measurement, diagnostics, paths other than `flow`, and solvers that draw noise. */
#ifndef SOLVENT_SOURCE_REQUEST_H
#define SOLVENT_SOURCE_REQUEST_H

#include "handlers/sample_request.h"

/* source_take checks a request for a model with a source, makes *start what its samples are drawn from, and turns its
 * init into its latents. Errors: INVALID, NO_MEMORY; those of latent_encode. */
enum status source_take(struct call *call, const struct loaded_model *model, struct sample_params *p,
                        struct noise_source *start) MUST_CHECK;

/* source_check_plan wants steps of a flow that draw nothing: draws is how many there are. Errors: INVALID. */
enum status source_check_plan(struct ctx *ctx, const struct path *path, size_t draws) MUST_CHECK;

#endif
