/* solver_options.h - every option that some solver takes, once: the struct, the request's fields and the documentation
 * come from this list. A solver names those that mean something to it (`takes`), with their defaults and ranges. */
#ifndef SOLVENT_SOLVER_OPTIONS_H
#define SOLVENT_SOLVER_OPTIONS_H

#include "core/diffusion/option.h"

enum solver_variance { VARIANCE_SMALL, VARIANCE_LARGE };
enum solver_form { FORM_MIDPOINT, FORM_HEUN };
enum solver_bh { BH_1, BH_2 };
enum solver_diffusion {
    DIFFUSION_SBDM,
    DIFFUSION_CONSTANT,
    DIFFUSION_SIGMA,
    DIFFUSION_LINEAR,
    DIFFUSION_DECREASING,
    DIFFUSION_BUMP
};
extern const char *const solver_variance_names[], *const solver_form_names[], *const solver_bh_names[],
                                                                                  *const solver_diffusion_names[];

/* As option.h says; the range is the widest that any solver allows. */
#define SOLVER_OPTIONS(X)                                                                                             \
    X(eta, REAL, 0, 10, NULL,                                                                                         \
      "The share of fresh noise: 0 none, 1 as the reverse equation has it; above 1 where the solver goes down first " \
      "and then up.")                                                                                                 \
    X(variance, CHOICE, 0, 0, solver_variance_names,                                                                  \
      "ddpm: the variance of the noise, that of the posterior (small) or of the forward step (large; on paths that "  \
      "preserve the variance).")                                                                                      \
    X(s_churn, REAL, 0, 1e9, NULL, "heun: how much noise is put back, S_churn of Karras et al. 2022.")                \
    X(s_tmin, REAL, 0, 1e9, NULL, "heun: noise is put back only from this level k up.")                               \
    X(s_tmax, REAL, 0, 1e9, NULL, "heun: noise is put back only up to this level k; default: at any.")                \
    X(s_noise, REAL, 0, 1000, NULL, "The standard deviation of the noise that is put back or added.")                 \
    X(order, WHOLE, 1, 4, NULL, "The greatest order of a method that uses earlier steps.")                            \
    X(form, CHOICE, 0, 0, solver_form_names,                                                                          \
      "How the second-order term of dpmpp_2m and dpmpp_2m_sde is weighted: midpoint as DPM-Solver++, heun as the "    \
      "exponential integrator has it (RES).")                                                                         \
    X(bh, CHOICE, 0, 0, solver_bh_names, "unipc: which B(h) of the paper.")                                           \
    X(corrector, FLAG, 0, 0, NULL, "unipc: whether each state is corrected by the call that follows it.")             \
    X(brownian, FLAG, 0, 0, NULL,                                                                                     \
      "Noise comes from one Brownian path, so that runs with more steps follow the same one.")                        \
    X(gamma, REAL, 0, 10, NULL,                                                                                       \
      "tcd: how far below the next level it goes before noise is added, 0 to 1. gradient_estimation: the weight of "  \
      "the new slope.")                                                                                               \
    X(diffusion, CHOICE, 0, 0, solver_diffusion_names,                                                                \
      "sde, sde_heun: the form of w^2/2 (Ma et al. 2024, SiT): sbdm g^2/2, constant 1, sigma, linear s, decreasing "  \
      "(1 + cos pi (1 - s))^2/4, bump sin^2 pi s, where s = sigma / (alpha + sigma).")                                \
    X(diffusion_scale, REAL, 0, 1000, NULL, "sde, sde_heun: a factor of w^2.")                                        \
    X(corrector_steps, WHOLE, 0, 100, NULL, "pc, annealed_langevin: Langevin steps at each noise level.")             \
    X(snr, REAL, 0, 10, NULL, "pc, annealed_langevin: the signal-to-noise ratio of a Langevin step.")                 \
    X(timestep_scaling, REAL, 0, 1000, NULL,                                                                          \
      "lcm: s = timestep_scaling * t of the boundary condition D <- c_skip(s) x + c_out(s) D that consistency "       \
      "networks were trained with; 0 for a model that needs none.")                                                   \
    X(rtol, REAL, 0, 1, NULL, "dopri5, dpm_23: the error of a step relative to the state's numbers.")                 \
    X(atol, REAL, 0, 1e9, NULL, "dopri5, dpm_23: the error of a step that is allowed beside that of rtol.")

enum solver_option {
#define X(name, ...) OPTION_##name,
    SOLVER_OPTIONS(X)
#undef X
        OPTION_COUNT
};
_Static_assert(OPTION_COUNT <= 64, "options fit a mask");

/* OPT(name) is an option's bit in a mask. */
#define OPT(name) (UINT64_C(1) << OPTION_##name)

struct scheduler;

struct solver_options {
    uint64_t given;                    /* mask of those that a request gave */
    const struct scheduler *scheduler; /* the scheduler of diffusers whose rules hold (scheduler.h), or NULL */
#define X(name, type, ...) option_##type name;
    SOLVER_OPTIONS(X)
#undef X
};

#endif
