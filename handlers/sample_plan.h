/* sample_plan.h - the plans of a request to /v1/sample: its steps, with the jumps of repaint, and those from data to
 * noise. */
#ifndef SOLVENT_SAMPLE_PLAN_H
#define SOLVENT_SAMPLE_PLAN_H

#include "handlers/sample_request.h"

/* sample_plan_make plans the steps from noise, or from init, to data. Errors: NO_MEMORY, INTERNAL. */
enum status sample_plan_make(struct ctx *ctx, const struct sample_params *p, const struct sampler_setup *setup,
                             struct plan *out) MUST_CHECK;

/* sample_plan_inversion takes the steps from data to noise. The first level is the lowest of the grid, where data are
 * taken to be free of noise. Where the last one is all noise (flow, t = 1: k is infinite), methods of ln k or k have no
 * step of finite length to it; there the slope is followed, as euler does. Errors: NO_MEMORY, INTERNAL. */
enum status sample_plan_inversion(struct ctx *ctx, const struct sampler_setup *setup, struct plan *out) MUST_CHECK;

#endif
