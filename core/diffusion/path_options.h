/* path_options.h - every number that some path can be given in place of its own, once (option.h). A family names those
 * that mean something to it. */
#ifndef SOLVENT_PATH_OPTIONS_H
#define SOLVENT_PATH_OPTIONS_H

#include "core/diffusion/option.h"

#define PATH_OPTIONS(X)                                                                                                \
    X(trained_steps, WHOLE, 2, 100000, NULL, "ddpm-*: how many steps were trained; default 1000.")                     \
    X(beta_start, REAL, 0, 1, NULL,                                                                                    \
      "ddpm-linear, -scaled-linear, -sigmoid: beta of the first trained step; default 0.0001, scaled-linear 0.00085.") \
    X(beta_end, REAL, 0, 1, NULL,                                                                                      \
      "ddpm-linear, -scaled-linear, -sigmoid: beta of the last trained step; default 0.02, scaled-linear 0.012.")      \
    X(zero_snr, FLAG, 0, 0, NULL,                                                                                      \
      "ddpm-*: the last trained step is rescaled to noise alone (Lin et al. 2024), so k is infinite there.")           \
    X(beta_min, REAL, 0, 1000, NULL, "vp, sub-vp: beta(t) at t = 0; default 0.1.")                                     \
    X(beta_max, REAL, 0, 1000, NULL, "vp, sub-vp: beta(t) at t = 1; default 20.")                                      \
    X(sigma_min, REAL, 0, 1e9, NULL, "ve: sigma at t = 0; default 0.01.")                                              \
    X(sigma_max, REAL, 0, 1e9, NULL, "ve: sigma at t = 1; default 50.")

enum path_option {
#define X(name, ...) PATH_OPTION_##name,
    PATH_OPTIONS(X)
#undef X
        PATH_OPTION_COUNT
};

/* PATH_OPT(name) is an option's bit in a mask. */
#define PATH_OPT(name) (UINT64_C(1) << PATH_OPTION_##name)

struct path_options {
    uint64_t given; /* mask of those that a request gave */
#define X(name, type, ...) option_##type name;
    PATH_OPTIONS(X)
#undef X
    /* Of schedulers alone (scheduler.h): each trained step's beta, [trained_steps], in place of the family's; and abar of
     * the last step where zero_snr takes it to 0. */
    const double *betas;
    double last_abar;
};

#endif
