#include "core/diffusion/solver.h"

#include <float.h>

#include "core/diffusion/solvers.h"

static const struct solver *const SOLVERS[SOLVER_COUNT] = {
    [SOLVER_EULER] = &solver_euler,
    [SOLVER_DDPM] = &solver_ddpm,
    [SOLVER_EULER_ANCESTRAL] = &solver_euler_ancestral,
    [SOLVER_HEUN] = &solver_heun,
};

const char *const solver_names[] = {"euler", "ddpm", "euler_ancestral", "heun", NULL};
const char *const solver_variance_names[] = {"small", "large", NULL};

static const struct {
    unsigned option;
    const char *name, *pointer;
} OPTIONS[] = {
    {OPTION_ETA, "eta", "/sampler/eta"},           {OPTION_VARIANCE, "variance", "/sampler/variance"},
    {OPTION_CHURN, "s_churn", "/sampler/s_churn"}, {OPTION_TMIN, "s_tmin", "/sampler/s_tmin"},
    {OPTION_TMAX, "s_tmax", "/sampler/s_tmax"},    {OPTION_NOISE, "s_noise", "/sampler/s_noise"},
};

const struct solver *solver_find(enum solver_id id) { return SOLVERS[id]; }

static enum status refuse_foreign(struct ctx *ctx, const struct solver *solver, unsigned given) {
    for (size_t i = 0; i < sizeof OPTIONS / sizeof OPTIONS[0]; i++)
        if (given & OPTIONS[i].option & ~solver->takes)
            return ctx_fail(ctx, STATUS_INVALID, OPTIONS[i].pointer,
                            "sampler.%s means nothing to solver \"%s\"; leave it out or choose another solver.",
                            OPTIONS[i].name, solver->name);
    return STATUS_OK;
}

enum status solver_range(struct ctx *ctx, const char *name, double value, double low, double high) {
    if (value >= low && value <= high)
        return STATUS_OK;
    char pointer[32] = "/sampler/";
    for (size_t i = 0; name[i] && i < sizeof pointer - 10; i++)
        pointer[9 + i] = name[i];
    return ctx_fail(ctx, STATUS_INVALID, pointer, "sampler.%s is %.9g, want %.9g to %.9g.", name, value, low, high);
}

enum status solver_resolve(struct ctx *ctx, const struct solver *solver, const struct path *path,
                           const struct solver_options *given, struct solver_options *out) {
    enum status status = refuse_foreign(ctx, solver, given->given);
    if (status != STATUS_OK)
        return status;
    *out = solver->defaults;
    out->given = given->given;
    if (given->given & OPTION_ETA)
        out->eta = given->eta;
    if (given->given & OPTION_VARIANCE)
        out->variance = given->variance;
    if (given->given & OPTION_CHURN)
        out->s_churn = given->s_churn;
    if (given->given & OPTION_TMIN)
        out->s_tmin = given->s_tmin;
    if (given->given & OPTION_TMAX)
        out->s_tmax = given->s_tmax;
    if (given->given & OPTION_NOISE)
        out->s_noise = given->s_noise;
    return solver->check ? solver->check(ctx, path, out) : STATUS_OK;
}
