/* solver.h - how the state gets from one noise level to the next.
 * A solver writes each of its steps into a plan (plan_build.h); nothing else of it runs. State is kept as x, so that
 * steps from infinite k (flow, t = 1) stay finite. Adding a solver: a struct solver in a solver_*.c and its line in
 * SOLVER_LIST. Threads: solvers have no state. */
#ifndef SOLVENT_SOLVER_H
#define SOLVENT_SOLVER_H

#include "core/diffusion/plan_build.h"
#include "core/diffusion/solver_options.h"

/* Those that are adaptive come last. X(ID, name): enum SOLVER_ID, struct solver_<name> and the request's name. */
#define SOLVER_LIST(X)                              \
    X(EULER, euler)                                 \
    X(DDPM, ddpm)                                   \
    X(EULER_ANCESTRAL, euler_ancestral)             \
    X(HEUN, heun)                                   \
    X(DPM2, dpm2)                                   \
    X(DPM2_ANCESTRAL, dpm2_ancestral)               \
    X(DPM_SOLVER_3, dpm_solver_3)                   \
    X(LMS, lms)                                     \
    X(IPNDM, ipndm)                                 \
    X(PLMS, plms)                                   \
    X(PNDM, pndm)                                   \
    X(DEIS, deis)                                   \
    X(DPMPP_2S, dpmpp_2s)                           \
    X(DPMPP_2S_ANCESTRAL, dpmpp_2s_ancestral)       \
    X(DPMPP_2M, dpmpp_2m)                           \
    X(DPMPP_3M, dpmpp_3m)                           \
    X(DPMPP_SDE, dpmpp_sde)                         \
    X(DPMPP_2M_SDE, dpmpp_2m_sde)                   \
    X(DPMPP_3M_SDE, dpmpp_3m_sde)                   \
    X(RES_MULTISTEP, res_multistep)                 \
    X(RES_2S, res_2s)                               \
    X(UNIPC, unipc)                                 \
    X(SA_SOLVER, sa_solver)                         \
    X(GRADIENT_ESTIMATION, gradient_estimation)     \
    X(ER_SDE, er_sde)                               \
    X(EULER_CFGPP, euler_cfgpp)                     \
    X(EULER_ANCESTRAL_CFGPP, euler_ancestral_cfgpp) \
    X(SDE, sde)                                     \
    X(SDE_HEUN, sde_heun)                           \
    X(REVERSE_DIFFUSION, reverse_diffusion)         \
    X(PC, pc)                                       \
    X(ANNEALED_LANGEVIN, annealed_langevin)         \
    X(LCM, lcm)                                     \
    X(TCD, tcd)                                     \
    X(DOPRI5, dopri5)                               \
    X(DPM_23, dpm_23)

enum solver_id {
#define X(ID, name) SOLVER_##ID,
    SOLVER_LIST(X)
#undef X
        SOLVER_COUNT
};
extern const char *const solver_names[]; /* in the order of solver_id; ends with NULL */

struct solver {
    const char *name;
    const char *doc;    /* what it does, a sentence or two */
    const char *source; /* paper, equation or algorithm */
    double order;       /* of convergence, as the steps get smaller; 0: none is claimed (stochastic, few-step) */
    double calls;       /* network calls a step, about: for predicting costs; a plan knows its own exactly */
    bool adaptive;      /* chooses its steps as it runs (adaptive.h): it makes no plan, and step is NULL */
    bool stochastic;    /* draws noise with its default options */
    uint64_t takes;     /* mask of OPT(...) */
    struct solver_options defaults;
    /* check says what is wrong with the options (in their full form) on this path; NULL: nothing can be. */
    enum status (*check)(struct ctx *ctx, const struct path *path, const struct solver_options *options);
    void (*step)(struct plan_build *b);
};

const struct solver *solver_find(enum solver_id id);

/* solver_resolve fills in the defaults of what was not given and refuses what cannot be.
 * Errors: INVALID (pointer "/sampler/<option>"). */
enum status solver_resolve(struct ctx *ctx, const struct solver *solver, const struct path *path,
                           const struct solver_options *given, struct solver_options *out) MUST_CHECK;

/* solver_take copies what was given, refusing what means nothing to the owner (option.h). Errors: INVALID. */
enum status solver_take(struct ctx *ctx, const struct option_owner *owner, const struct solver_options *given,
                        struct solver_options *out) MUST_CHECK;

/* solver_continuous refuses paths whose time is discrete, for solvers that need derivatives by time. */
enum status solver_continuous(struct ctx *ctx, const struct path *path,
                              const struct solver_options *options) MUST_CHECK;

/* solver_range checks low <= value <= high (false for NaN). */
enum status solver_range(struct ctx *ctx, const char *name, double value, double low, double high) MUST_CHECK;

#endif
