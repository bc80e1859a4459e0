/* Solvers that choose their steps as they run; adaptive.c runs them. Tolerances are those of the codes that made them
 * known: score_sde's for dopri5, k-diffusion's for dpm_23. */
#include "core/diffusion/solver.h"

/* Below this rounding is all that an error estimate sees. */
#define LEAST_TOLERANCE 1e-13

static enum status check(struct ctx *ctx, const struct path *path, const struct solver_options *o) {
    (void)path;
    if (o->rtol + o->atol >= LEAST_TOLERANCE)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, o->given & OPT(atol) ? "/sampler/atol" : "/sampler/rtol",
                    "sampler.rtol + sampler.atol is %.9g, want at least %g: smaller errors drown in rounding.",
                    o->rtol + o->atol, LEAST_TOLERANCE);
}

const struct solver solver_dopri5 = {
    .name = "dopri5",
    .doc = "Adaptive: every sample takes steps of its own, as long as the tolerances rtol and atol allow, in the angle "
           "atan k. The error of a step is the difference of a fourth- and a fifth-order method.",
    .source = "Dormand, Prince 1980, table 2; Hairer, Norsett, Wanner, Solving Ordinary Differential Equations I, II.4",
    .order = 5,
    .calls = 6,
    .adaptive = true,
    .takes = OPT(rtol) | OPT(atol),
    .defaults = {.rtol = 1e-5, .atol = 1e-5},
    .check = check,
};

const struct solver solver_dpm_23 = {
    .name = "dpm_23",
    .doc = "Adaptive: every sample takes steps of its own, as long as the tolerances rtol and atol allow, in ln k. The "
           "error of a step is the difference of DPM-Solver-2 and -3.",
    .source = "Lu et al. 2022a (DPM-Solver), alg. 2 and app. C; k-diffusion's dpm_adaptive",
    .order = 3,
    .calls = 3,
    .adaptive = true,
    .takes = OPT(rtol) | OPT(atol),
    .defaults = {.rtol = 0.05, .atol = 0.0078},
    .check = check,
};
