/* solver_options.h - every option that some solver takes, once: the struct, the request's fields and the documentation
 * come from this list. A solver names those that mean something to it (`takes`), with their defaults and ranges. */
#ifndef SOLVENT_SOLVER_OPTIONS_H
#define SOLVENT_SOLVER_OPTIONS_H

#include "core/diffusion/option.h"

enum solver_variance { VARIANCE_SMALL, VARIANCE_LARGE };
extern const char *const solver_variance_names[];

/* As option.h says; the range is the widest that any solver allows. */
#define SOLVER_OPTIONS(X)                                                                                          \
    X(eta, REAL, 0, 10, NULL,                                                                                      \
      "The share of fresh noise. euler: 0 to 1 (0: none, 1: as ddpm; default 0); "                                 \
      "euler_ancestral: 0 to 10 (default 1).")                                                                     \
    X(variance, CHOICE, 0, 0, solver_variance_names,                                                               \
      "ddpm: the variance of the noise, that of the posterior (small, default) or of the forward step (large; on " \
      "paths that preserve the variance).")                                                                        \
    X(s_churn, REAL, 0, 1e9, NULL,                                                                                 \
      "heun: how much noise is put back, S_churn of Karras et al. 2022; default 0, which is deterministic.")       \
    X(s_tmin, REAL, 0, 1e9, NULL, "heun: noise is put back only from this level k up; default 0.")                 \
    X(s_tmax, REAL, 0, 1e9, NULL, "heun: noise is put back only up to this level k; default: at any.")             \
    X(s_noise, REAL, 0, 1000, NULL, "heun: the standard deviation of the noise that is put back; default 1.")

enum solver_option {
#define X(name, ...) OPTION_##name,
    SOLVER_OPTIONS(X)
#undef X
        OPTION_COUNT
};
_Static_assert(OPTION_COUNT <= 64, "options fit a mask");

/* OPT(name) is an option's bit in a mask. */
#define OPT(name) (UINT64_C(1) << OPTION_##name)

struct solver_options {
    uint64_t given; /* mask of those that a request gave */
#define X(name, type, ...) option_##type name;
    SOLVER_OPTIONS(X)
#undef X
};

#endif
