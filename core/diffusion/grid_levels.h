/* grid_levels.h - the functions behind the grids in k. For grid*.c only. */
#ifndef SOLVENT_GRID_LEVELS_H
#define SOLVENT_GRID_LEVELS_H

#include <stddef.h>

/* A grid in k: levels k[n], n >= 1, falling from `high` to `low`, both ends exact; n = 1 gives `high`. */
typedef void grid_levels(size_t n, double high, double low, double rho, double *k);

grid_levels grid_karras, grid_polyexponential, grid_beta, grid_kl_optimal, grid_vp;

/* grid_bong_tangent stops above `low`, which would be number n. */
grid_levels grid_bong_tangent;

/* grid_beta_quantile is the quantile of Beta(0.6, 0.6), 0 <= p <= 1. */
double grid_beta_quantile(double p);

/* grid_ays fills k[n] with the levels of a table of Align Your Steps, model 0 .. 2: SD 1.5, SDXL, SVD. */
void grid_ays(int model, size_t n, double *k);

#endif
