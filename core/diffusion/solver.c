#include "core/diffusion/solver.h"

#include <stddef.h>
#include <string.h>

#define X(ID, name) extern const struct solver solver_##name;
SOLVER_LIST(X)
#undef X

static const struct solver *const SOLVERS[] = {
#define X(ID, name) &solver_##name,
    SOLVER_LIST(X)
#undef X
};

const char *const solver_names[] = {
#define X(ID, name) #name,
    SOLVER_LIST(X)
#undef X
        NULL};

const char *const solver_variance_names[] = {"small", "large", NULL};
const char *const solver_form_names[] = {"midpoint", "heun", NULL};
const char *const solver_bh_names[] = {"bh1", "bh2", NULL};
const char *const solver_diffusion_names[] = {"sbdm", "constant", "sigma", "linear", "decreasing", "bump", NULL};

static const struct option_entry OPTIONS[] = {
#define X(name, type, ...) {#name, "/sampler/" #name, offsetof(struct solver_options, name), sizeof(option_##type)},
    SOLVER_OPTIONS(X)
#undef X
};

const struct solver *solver_find(enum solver_id id) { return SOLVERS[id]; }

enum status solver_range(struct ctx *ctx, const char *name, double value, double low, double high) {
    if (value >= low && value <= high)
        return STATUS_OK;
    char pointer[48] = "/sampler/";
    strncat(pointer, name, sizeof pointer - 10);
    return ctx_fail(ctx, STATUS_INVALID, pointer, "sampler.%s is %.9g, want %.9g to %.9g.", name, value, low, high);
}

enum status solver_continuous(struct ctx *ctx, const struct path *path, const struct solver_options *options) {
    (void)options;
    if (path->family->rates)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, "/sampler/solver",
                    "This solver follows an equation in continuous time, and time is discrete on path \"%s\"; want "
                    "another path, such as \"vp\", or solver \"reverse_diffusion\".",
                    path->family->name);
}

enum status solver_take(struct ctx *ctx, const struct option_owner *owner, const struct solver_options *given,
                        struct solver_options *out) {
    return options_take(ctx, OPTIONS, OPTION_COUNT, owner, given->given, given, out);
}

enum status solver_resolve(struct ctx *ctx, const struct solver *solver, const struct path *path,
                           const struct solver_options *given, struct solver_options *out) {
    *out = solver->defaults;
    out->given = given->given;
    const struct option_owner owner = {"sampler", "solver", solver->name, solver->takes};
    enum status status = solver_take(ctx, &owner, given, out);
    return status == STATUS_OK && solver->check ? solver->check(ctx, path, out) : status;
}
