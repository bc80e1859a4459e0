/* plan_run.h - executes a plan's operations on some samples. For sampler.c. */
#ifndef SOLVENT_PLAN_RUN_H
#define SOLVENT_PLAN_RUN_H

#include "core/diffusion/denoiser.h"
#include "core/diffusion/noise.h"

/* What is known of the samples (PLAN_KNOWN): mask and data, [d] each, the same for all samples. */
struct plan_known {
    const double *mask; /* 0 .. 1; 1: known */
    const double *data;
};

struct plan_run {
    const struct plan *plan;
    const struct denoiser *denoiser;
    struct told told;
    const struct noise *noise;
    const struct plan_known *known; /* NULL: the plan has no KNOWN */
    size_t first, rows;             /* the samples: their index, their number */
    double *slots;                  /* [plan->n_slots][rows][d]; slot 0 holds the first state */
    double *z;                      /* [rows][d], or [1 + NOISE_ROOM][rows][d] where the plan has bridges */
    double *scratch;                /* [denoiser_scratch(denoiser, rows)] */
};

/* plan_run_ops executes operations first .. end - 1. Where the plan has spreads, so has the denoiser. */
void plan_run_ops(const struct plan_run *run, size_t first, size_t end);

/* plan_vector is where a vector lies while it lives. */
static inline double *plan_vector(const struct plan_run *run, size_t vector) {
    return run->slots + plan_slot(run->plan, vector) * run->rows * run->denoiser->d;
}

#endif
