/* prediction.h - what a network says, as a denoiser: D = x_by * x + out_by * F(input * x, time).
 *
 * prediction  F is                                                       on
 * x0          the data themselves                                        all paths
 * eps         the noise: D = (x - sigma F) / alpha                       where alpha > 0
 * v           alpha eps - sigma x0 of the normalised state               all but flow, condot (Salimans, Ho 2022, sec. 4)
 * score       the gradient of the log density: D = (x + sigma^2 F) / alpha   where alpha > 0
 * velocity    dx/dt: D = (sigma_dot x - sigma F) / (alpha sigma_dot - alpha_dot sigma)   continuous time
 *             (condot, gvp: -dx/dt, from noise to data)
 * edm         EDM's raw network: D = c_skip y + c_out F(c_in y)          all paths (Karras et al. 2022, table 1)
 *
 * Networks of the path edm that predict x0, eps or v are told the state at unit variance, x / sqrt(1 + k^2), as those
 * trained on ddpm or vp are. */
#ifndef SOLVENT_PREDICTION_H
#define SOLVENT_PREDICTION_H

#include "core/diffusion/path.h"

enum prediction_id {
    PREDICTION_X0,
    PREDICTION_EPS,
    PREDICTION_V,
    PREDICTION_SCORE,
    PREDICTION_VELOCITY,
    PREDICTION_EDM,
    PREDICTION_COUNT
};
extern const char *const prediction_names[]; /* in the order of prediction_id; ends with NULL */
extern const char *const prediction_docs[];  /* a sentence for each */

struct prediction {
    double input, x_by, out_by;
};

/* prediction_check says whether a path's networks can predict so. Errors: INVALID ("/prediction"). */
enum status prediction_check(struct ctx *ctx, const struct path *path, enum prediction_id id) MUST_CHECK;

/* prediction_at gives the coefficients at a point; sigma_data is EDM's, the standard deviation of the data. x_by and
 * out_by are infinite where F does not determine D: eps and score at alpha = 0. */
struct prediction prediction_at(const struct path *path, const struct path_point *at, enum prediction_id id,
                                double sigma_data);

/* prediction_target gives what F should be, x0_by * x0 + eps_by * eps, where x = alpha x0 + sigma eps: the network that
 * says so has D = x0. sigma > 0; score is -eps / sigma. */
struct prediction_target {
    double x0_by, eps_by;
};
struct prediction_target prediction_target(const struct path *path, const struct path_point *at, enum prediction_id id,
                                           double sigma_data);

#endif
