/* sampler_request.h - path, noise levels and solver of a request: as fields, and made ready. Shared by the endpoints
 * that sample and the one that explains. */
#ifndef SOLVENT_SAMPLER_REQUEST_H
#define SOLVENT_SAMPLER_REQUEST_H

#include "core/diffusion/grid.h"
#include "core/diffusion/sampler.h"
#include "handlers/call.h"
#include "handlers/sampler_names.h"
#include "handlers/scheduler_request.h"

enum { SAMPLER_STEPS = 32 }; /* where a request does not say */

/* Options lie beside whether they were given. */
struct path_params {
#define X(name, type, ...) \
    option_##type name;    \
    bool has_##name;
    PATH_OPTIONS(X)
#undef X
};

enum { SAMPLER_TO_DATA, SAMPLER_TO_SIGMA_MIN }; /* sampler_params.final */

struct sampler_params {
    int64_t steps;
    int solver, grid, final;
    double rho, sigma_min, sigma_max, shift;
    struct array sigmas, times;
    bool has_solver, has_steps, has_grid, has_rho, has_sigma_min, has_sigma_max, has_shift;
#define X(name, type, ...) \
    option_##type name;    \
    bool has_##name;
    SOLVER_OPTIONS(X)
#undef X
};

struct sampler_request {
    int path;
    struct path_params path_options;
    struct sampler_params sampler;
    struct str scheduler_config; /* p NULL: none */
    bool has_path;
    const struct scheduler
        *training; /* no field: whose path is meant where the request names none; NULL: the default */
};

extern const struct field path_option_fields[], sampler_fields[];
extern const char sampler_path_doc[];

/* SAMPLER_REQUEST_FIELDS are the fields of a struct sampler_request that is member M of S. */
#define SAMPLER_REQUEST_FIELDS(S, M)                                                                  \
    {.name = "path",                                                                                  \
     .doc = sampler_path_doc,                                                                         \
     .type = FIELD_ENUM,                                                                              \
     .offset = offsetof(S, M.path),                                                                   \
     .present = offsetof(S, M.has_path),                                                              \
     .names = path_names,                                                                             \
     .aliases = path_aliases,                                                                         \
     .def = "edm"},                                                                                   \
        {.name = "path_options",                                                                      \
         .doc = "Numbers of the path in place of its own.",                                           \
         .type = FIELD_OBJECT,                                                                        \
         .offset = offsetof(S, M.path_options),                                                       \
         .fields = path_option_fields},                                                               \
        {.name = "scheduler_config",                                                                  \
         .doc = scheduler_config_doc,                                                                 \
         .type = FIELD_JSON,                                                                          \
         .offset = offsetof(S, M.scheduler_config)},                                                  \
    {                                                                                                 \
        .name = "sampler", .doc = "The solver and the noise levels it visits.", .type = FIELD_OBJECT, \
        .offset = offsetof(S, M.sampler), .fields = sampler_fields                                    \
    }

/* What a request comes to. Everything lives in the call's arena. */
struct sampler_setup {
    struct path path;
    enum grid_id grid;
    struct path_point *points; /* [steps + 1] */
    size_t steps;
    const struct solver *solver;
    struct solver_options options;     /* resolved */
    struct scheduler_answer scheduler; /* made NULL: there is none */
};

/* sampler_steps predicts how many steps a request takes, for limits and costs. */
int64_t sampler_steps(const struct sampler_params *params);

/* sampler_open says whether a request leaves the number of steps open, for a time limit to choose (deadline_request.h);
 * sampler_solver_open, whether it leaves the solver open too, and names no option of one. */
bool sampler_open(const struct sampler_request *request);
bool sampler_solver_open(const struct sampler_request *request);

/* sampler_own: the request says more of the sampler than its steps; sampler_options_of_path: it has path_options. */
bool sampler_own(const struct sampler_request *request);
bool sampler_options_of_path(const struct sampler_request *request);

/* sampler_path_id names the path of a made one. */
enum path_id sampler_path_id(const struct path *path);

/* sampler_path and sampler_solver are the parts of sampler_setup that need no grid. */
enum status sampler_path(struct ctx *ctx, const struct sampler_request *request, struct path *out) MUST_CHECK;
enum status sampler_solver(struct ctx *ctx, const struct sampler_params *params, const struct path *path,
                           const struct solver **solver, struct solver_options *options) MUST_CHECK;

/* sampler_setup checks and prepares a solver with fixed steps. Errors: INVALID, NO_MEMORY. */
enum status sampler_setup(struct call *call, const struct sampler_request *request,
                          struct sampler_setup *out) MUST_CHECK;

/* sampler_first is the index of the noise level where sampling from data starts, and sampler_start begins its plan;
 * strength NULL: from noise alone. */
size_t sampler_first(const struct sampler_setup *setup, const double *strength);
void sampler_start(struct plan_build *b, struct ctx *ctx, const struct sampler_setup *setup, const double *strength);

/* sampler_plan is the whole of a plain sampler. Errors: NO_MEMORY, INTERNAL. */
enum status sampler_plan(struct ctx *ctx, const struct sampler_setup *setup, const double *strength,
                         struct plan *out) MUST_CHECK;

/* The noise levels of an answer. */
struct grid_result {
    int type;
    struct array t, alpha, sigma, k;
};

/* How an answer names what was used: path and solver, or the scheduler. */
struct used_result {
    int path, solver;
    bool has_path;
    struct str scheduler;
    struct array ignored;
};
struct used_result sampler_used(const struct sampler_request *request, const struct sampler_setup *setup);
#define USED_FIELDS(S, M)                                                                                              \
    {.name = "path",                                                                                                   \
     .doc = "The path that was used.",                                                                                 \
     .type = FIELD_ENUM,                                                                                               \
     .offset = offsetof(S, M.path),                                                                                    \
     .present = offsetof(S, M.has_path),                                                                               \
     .names = path_names},                                                                                             \
        {.name = "solver",                                                                                             \
         .doc = "The solver that was used.",                                                                           \
         .type = FIELD_ENUM,                                                                                           \
         .offset = offsetof(S, M.solver),                                                                              \
         .present = offsetof(S, M.has_path),                                                                           \
         .names = solver_names},                                                                                       \
        {.name = "scheduler",                                                                                          \
         .doc = "With scheduler_config, in place of path and solver: the class.",                                      \
         .type = FIELD_STRING,                                                                                         \
         .offset = offsetof(S, M.scheduler)},                                                                          \
    {                                                                                                                  \
        .name = "ignored", .doc = "The keys of scheduler_config that mean nothing to its class.", .type = FIELD_ARRAY, \
        .offset = offsetof(S, M.ignored), .kinds = KIND_STRING                                                         \
    }
extern const struct field grid_result_fields[];
enum status sampler_report_grid(struct ctx *ctx, const struct sampler_setup *setup, struct grid_result *out) MUST_CHECK;

#endif
