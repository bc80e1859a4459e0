/* solvers.h - what the solvers share. For solver*.c only. */
#ifndef SOLVENT_SOLVERS_H
#define SOLVENT_SOLVERS_H

#include "core/diffusion/solver.h"

extern const struct solver solver_euler, solver_ddpm, solver_euler_ancestral, solver_heun;

/* solver_range checks low <= value <= high (false for NaN). */
enum status solver_range(struct ctx *ctx, const char *name, double value, double low, double high) MUST_CHECK;

/* solver_ratio is k'/k, also from infinite k. */
double solver_ratio(const struct path_point *from, const struct path_point *to);

/* solver_denoise writes D of x at a point. */
void solver_denoise(const struct step *step, const struct path_point *at, const double *x, double *out);

/* solver_one_call: calls() of a solver that asks the network once a step. */
size_t solver_one_call(const struct path_point *from, const struct path_point *to);

/* solver_first_order is x' = alpha' D + sigma' v eps + noise z, the first-order step of every path. work[0] holds D,
 * work[1] z (untouched where noise is 0). */
void solver_first_order(struct step *step, double v, double noise);

#endif
