/* solver.h - how the state gets from one noise level to the next.
 * A solver writes each of its steps into a plan (plan_build.h); nothing else of it runs. State is kept as x, so that
 * steps from infinite k (flow, t = 1) stay finite. Adding a solver: a struct solver in a solver_*.c and its line in
 * SOLVER_LIST. Threads: solvers have no state. */
#ifndef SOLVENT_SOLVER_H
#define SOLVENT_SOLVER_H

#include "core/diffusion/plan_build.h"
#include "core/diffusion/solver_options.h"

/* X(ID, name): enum SOLVER_ID, struct solver_<name> and the request's name. */
#define SOLVER_LIST(X)                  \
    X(EULER, euler)                     \
    X(DDPM, ddpm)                       \
    X(EULER_ANCESTRAL, euler_ancestral) \
    X(HEUN, heun)

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

/* solver_range checks low <= value <= high (false for NaN). */
enum status solver_range(struct ctx *ctx, const char *name, double value, double low, double high) MUST_CHECK;

#endif
