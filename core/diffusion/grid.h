/* grid.h - which noise levels a sampler visits.
 * N steps visit N noise levels and then data, k = 0. Adding a grid: one function and its line in grid.c.
 *
 * grid      levels                                                            paths
 * linspace  N times from T-1 to 0 at equal distance, both ends included       ddpm-* (T = 1000 trained steps)
 * leading   times i floor(T/N) for i = N-1 .. 0 (Ho et al. code, DDIM)        ddpm-*; N <= T
 * trailing  times round(T - i T/N) - 1 for i = 0 .. N-1 (Lin et al. 2024)     ddpm-*; N <= T
 * karras    k = (k_max^(1/rho) + i/(N-1) (k_min^(1/rho) - k_max^(1/rho)))^rho all (Karras et al. 2022, eq. 5)
 * uniform   times at equal distance from t_max to t_min; on a path that has   all
 *           data at t_min = 0 (flow) N + 1 of them, the last being data
 *
 * linspace times are not rounded (k is interpolated, see path.h). With N = 1 the one level is the greatest. */
#ifndef SOLVENT_GRID_H
#define SOLVENT_GRID_H

#include "core/diffusion/path.h"

enum grid_id { GRID_LINSPACE, GRID_LEADING, GRID_TRAILING, GRID_KARRAS, GRID_UNIFORM, GRID_COUNT };
extern const char *const grid_names[]; /* in the order of grid_id; ends with NULL */

enum { GRID_MAX_STEPS = 10000 };

struct grid_in {
    enum grid_id id;
    size_t steps;        /* 1 .. GRID_MAX_STEPS */
    double rho;          /* karras: 0.1 .. 100; 0: 7 */
    double k_min, k_max; /* karras and uniform: the least and the greatest level; 0: the path's */
};

/* grid_make allocates and fills points[0 .. steps], k falling strictly, the last one data.
 * Errors: INVALID (pointers "/sampler/grid", "/sampler/steps", "/sampler/rho", "/sampler/sigma_min",
 * "/sampler/sigma_max"), NO_MEMORY. */
enum status grid_make(struct ctx *ctx, const struct path *path, const struct grid_in *in,
                      struct path_point **points) MUST_CHECK;

#endif
