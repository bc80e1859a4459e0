/* path.h - how data turns into noise: x_t = alpha(t) x0 + sigma(t) eps.
 * k = sigma / alpha is the noise level in data units, y = x / alpha = x0 + k eps. In y all paths obey one equation,
 * dy/dk = (y - E[x0|x]) / k (Karras, Aittala, Aila, Laine 2022, sec. 2), so that grids and solvers are written once.
 *
 * path                alpha, sigma                        t                          source
 * ddpm-linear         sqrt(abar_i), sqrt(1 - abar_i)      i = 0 .. 999               Ho, Jain, Abbeel 2020, sec. 4
 * ddpm-scaled-linear  the same, sqrt(beta) linear         i = 0 .. 999               Rombach et al. 2022 (their code)
 * ddpm-cosine         the same, abar by a squared cosine  i = 0 .. 999               Nichol, Dhariwal 2021, eq. 17
 * ddpm-sigmoid        the same, beta by a sigmoid         i = 0 .. 999               Xu et al. 2022 (GeoDiff, their code)
 * ddpm-exp            the same, abar = exp(-12 u)         i = 0 .. 999               diffusers' "exp"
 * vp                  alpha^2 + sigma^2 = 1, beta 0.1..20 0 .. 1, net from 1e-3      Song et al. 2021, eq. 32
 * sub-vp              alpha of vp, 1 - alpha^2            0 .. 1, net from 1e-3      Song et al. 2021, eq. 29
 * ve                  1, 0.01 (50 / 0.01)^t               0 .. 1                     Song et al. 2021, eq. 30
 * edm                 1, t                                t = k, 0.002 .. 80         Karras et al. 2022, table 1
 * flow                1 - t, t                            0 .. 1; k infinite at 1    Liu, Gong, Liu 2023
 * condot              the same, networks told 1 - t       0 .. 1; k infinite at 1    Lipman et al. 2023; SiT linear
 * gvp                 cos(pi t / 2), sin(pi t / 2)        0 .. 1; k infinite at 1    Ma et al. 2024 (SiT), GVP
 *
 * Discrete paths (ddpm-*): abar is the product in double of single-precision 1 - beta, rounded to single, since that is
 * what networks were trained with. Between the integers k(t) is linear in k, and t(k) is linear in ln k.
 * k = 0 (data) is a point of every path. Adding a path: one struct path_family and its line in path.c.
 * Threads: a made path is immutable. */
#ifndef SOLVENT_PATH_H
#define SOLVENT_PATH_H

#include "core/base/ctx.h"
#include "core/diffusion/path_options.h"

struct path_point {
    double t, k, alpha, sigma; /* k may be infinite (then alpha is 0) */
};

/* The derivatives of alpha and sigma by t. */
struct path_rates {
    double alpha, sigma;
};

struct path;

struct path_family {
    const char *name;
    bool variance_preserving; /* alpha^2 + sigma^2 = 1 */
    bool velocity;            /* second-order steps are taken in t on dx/dt, which stays finite where k does not */
    bool toward_data;         /* networks' velocity points from noise to data */
    bool scaled_input;        /* networks are told x at unit variance (prediction.h) */
    int grid;                 /* enum grid_id (grid.h) that a request gets when it names none */
    double t_min, t_max;      /* the ends that a grid uniform in t visits before data */
    double k_min, k_max;      /* the ends that a grid in k visits when a request names none */
    double k_low, k_high;     /* the noise levels that exist on this path (and k = 0) */
    uint64_t takes;           /* mask of PATH_OPT(...) */
    struct path_options defaults;
    /* make prepares the path from path->options, which it checks; NULL: nothing to do. */
    enum status (*make)(struct ctx *ctx, struct path *path);
    struct path_point (*at_t)(const struct path *path, double t);
    struct path_point (*at_k)(const struct path *path, double k);
    struct path_rates (*rates)(const struct path *path, const struct path_point *at); /* NULL: time is discrete */
    double (*time)(const struct path_point *at); /* what networks are told of a point; NULL: t */
};

struct path {
    const struct path_family *family;
    struct path_options options;                      /* resolved */
    double t_min, t_max, k_min, k_max, k_low, k_high; /* as in the family, or from the options */
    double told_by;                                   /* a factor of path_time; 1 but for schedulers */
    size_t steps;                                     /* trained steps of a discrete path, else 0 */
    const double *k, *ln_k;                           /* [steps], rising; the last may be infinite */
};

enum path_id {
    PATH_DDPM_LINEAR,
    PATH_DDPM_SCALED_LINEAR,
    PATH_DDPM_COSINE,
    PATH_DDPM_SIGMOID,
    PATH_DDPM_EXP,
    PATH_VP,
    PATH_SUB_VP,
    PATH_VE,
    PATH_EDM,
    PATH_FLOW,
    PATH_CONDOT,
    PATH_GVP,
    PATH_COUNT
};
extern const char *const path_names[]; /* in the order of path_id; ends with NULL */
extern const char *const path_docs[];  /* a sentence for each */

/* path_takes is the mask of the options (PATH_OPT) that mean something to a path. */
uint64_t path_takes(enum path_id id);

/* path_make prepares a path; options NULL: the family's own. Errors: INVALID ("/path_options/<name>"), NO_MEMORY. */
enum status path_make(struct ctx *ctx, enum path_id id, const struct path_options *options,
                      struct path *out) MUST_CHECK;

/* path_at_t and path_at_k give the point at a time, t_min .. t_max (0 on flow too), or a noise level, 0 .. infinity.
 * Levels above k_high keep t at its end. */
struct path_point path_at_t(const struct path *path, double t);
struct path_point path_at_k(const struct path *path, double k);

/* path_rates gives d alpha/dt and d sigma/dt at a point of the path, 0 < k; of paths whose family has them. */
struct path_rates path_rates(const struct path *path, const struct path_point *at);

/* path_time is what networks of the path are trained to be told of a point, times told_by: the trained step (ddpm-*), 999 t (vp, sub-vp),
 * sigma (ve), ln(k) / 4 (edm), 1000 t (flow), 1 - t (condot, gvp). */
double path_time(const struct path *path, const struct path_point *at);

/* path_prior_std is the standard deviation of the state that sampling starts from at a point: 1 where the variance is
 * preserved, else sigma. */
double path_prior_std(const struct path *path, const struct path_point *at);

#endif
