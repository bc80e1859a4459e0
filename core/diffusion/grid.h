/* grid.h - which noise levels a sampler visits.
 * N steps visit N noise levels and then data, k = 0. Adding a grid: one function and its line in grid.c.
 *
 * grid            levels                                                            paths
 * linspace        N times from T-1 to 0 at equal distance, both ends included       ddpm-* (T trained steps)
 * leading         times i floor(T/N) for i = N-1 .. 0 (Ho et al. code, DDIM)        ddpm-*; N <= T
 * trailing        times round(T - i T/N) - 1 for i = 0 .. N-1 (Lin et al. 2024)     ddpm-*; N <= T
 * simple          times T - 1 - floor(i T/N) (ComfyUI, stable-diffusion.cpp)        ddpm-*; N <= T
 * sgm-uniform     times (T-1)(1 - i/N), not rounded (Stability's generative-models) ddpm-*
 * smoothstep      times round((T-1)(3 u^2 - 2 u^3)), u = 1 - i/N                    ddpm-* (stable-diffusion.cpp)
 * lcm             of every T/50-th trained step, those from N equal shares          ddpm-*; N <= 50 (Luo et al. 2023)
 * karras          k = (k_max^(1/rho) + u (k_min^(1/rho) - k_max^(1/rho)))^rho       all (Karras et al. 2022, eq. 5)
 * uniform         times at equal distance from t_max to t_min; on a path that has   all
 *                 data at t_min = 0 (flow) N + 1 of them, the last being data;
 *                 with shift s, t <- s t / (1 + (s - 1) t) (Esser et al. 2024)      shift: paths with t in 0 .. 1
 * exponential     ln k at equal distances (also known as lu: Lu et al. 2022b)       all
 * polyexponential ln k at distances that u^rho cuts                                 all
 * beta            k_min + (k_max - k_min) times the quantiles of Beta(0.6, 0.6)     all (Lee et al. 2024)
 * vp              times of the path vp at equal distance (k-diffusion)              all (Karras et al. 2022, table 1)
 * bong-tangent    two arcs of atan from k_max over the middle to k_min, which is    all (RES4LYF)
 *                 the next to follow
 * kl-optimal      k = tan((1 - u) atan k_max + u atan k_min)                        all (Sabour et al. 2024)
 * ays-sd15,       the optimised levels of Align Your Steps, between them            all (Sabour et al. 2024)
 * -sdxl, -svd     log-linear; k_min and k_max do not apply
 * custom          the levels that the request lists                                 all
 *
 * u = i / (N - 1) where not said otherwise. linspace times are not rounded (k is interpolated, see path.h). With N = 1 the one level is the
 * greatest. With `to_k_min` a grid in k takes its N steps between k_max and k_min, and data are not reached. */
#ifndef SOLVENT_GRID_H
#define SOLVENT_GRID_H

#include "core/diffusion/path.h"

enum grid_id {
    GRID_LINSPACE,
    GRID_LEADING,
    GRID_TRAILING,
    GRID_SIMPLE,
    GRID_SGM_UNIFORM,
    GRID_SMOOTHSTEP,
    GRID_LCM,
    GRID_KARRAS,
    GRID_UNIFORM,
    GRID_EXPONENTIAL,
    GRID_POLYEXPONENTIAL,
    GRID_BETA,
    GRID_KL_OPTIMAL,
    GRID_VP,
    GRID_BONG_TANGENT,
    GRID_AYS_SD15,
    GRID_AYS_SDXL,
    GRID_AYS_SVD,
    GRID_CUSTOM,
    GRID_COUNT
};
extern const char *const grid_names[]; /* in the order of grid_id; ends with NULL */
extern const char *const grid_docs[];  /* a sentence for each */

enum { GRID_MAX_STEPS = 10000 };

struct grid_in {
    enum grid_id id;
    size_t steps;         /* 1 .. GRID_MAX_STEPS; custom: as many as the list makes, or 0 */
    double rho;           /* karras, polyexponential: 0.1 .. 100; 0: 7 and 1 */
    double k_min, k_max;  /* grids in k, and uniform: the least and the greatest level; 0: the path's */
    double shift;         /* uniform: 0.01 .. 100; 0: 1 */
    bool to_k_min;        /* grids in k: the last point is k_min, not data */
    const double *levels; /* custom: [n_levels] noise levels k or, with `times`, times; falling. A last 0 is data */
    size_t n_levels;
    bool times;
};

/* grid_check_level refuses a noise level k that the path does not have; 0 stands for none. `name` is that of a member of
 * sampler. Errors: INVALID ("/sampler/<name>"). */
enum status grid_check_level(struct ctx *ctx, const struct path *path, const char *name, double k) MUST_CHECK;

/* grid_make allocates and fills points[0 .. *steps], k falling strictly, the last one data (but see to_k_min).
 * Errors: INVALID (pointers "/sampler/grid", "/sampler/steps", "/sampler/rho", "/sampler/sigma_min",
 * "/sampler/sigma_max", "/sampler/shift", "/sampler/sigmas/3", "/sampler/times/3", "/sampler/final"), NO_MEMORY. */
enum status grid_make(struct ctx *ctx, const struct path *path, const struct grid_in *in, struct path_point **points,
                      size_t *steps) MUST_CHECK;

#endif
