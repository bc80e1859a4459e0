#include "handlers/sampler_request.h"

#include <string.h>

/* A field of each option's type, made from the lists of core/diffusion. */
#define OPTION_REAL_FIELD(S, member, low, high, list, text)                                \
    {                                                                                      \
        .name = #member, .doc = text, .type = FIELD_NUMBER, .offset = offsetof(S, member), \
        .present = offsetof(S, has_##member), FIELD_REALS(low, high)                       \
    }
#define OPTION_WHOLE_FIELD(S, member, low, high, list, text)                            \
    {                                                                                   \
        .name = #member, .doc = text, .type = FIELD_INT, .offset = offsetof(S, member), \
        .present = offsetof(S, has_##member), FIELD_INTS(low, high)                     \
    }
#define OPTION_CHOICE_FIELD(S, member, low, high, list, text)                            \
    {                                                                                    \
        .name = #member, .doc = text, .type = FIELD_ENUM, .offset = offsetof(S, member), \
        .present = offsetof(S, has_##member), .names = list                              \
    }
#define OPTION_FLAG_FIELD(S, member, low, high, list, text)                              \
    {                                                                                    \
        .name = #member, .doc = text, .type = FIELD_BOOL, .offset = offsetof(S, member), \
        .present = offsetof(S, has_##member)                                             \
    }

const char sampler_path_doc[] =
    "How data turn into noise, x = alpha(t) x0 + sigma(t) eps. ddpm-*: 1000 trained steps, t = 0 to 999. vp, sub-vp, "
    "ve: "
    "the stochastic equations of Song et al. 2021, t from 0 to 1. edm: alpha = 1, sigma = t. flow: alpha = 1 - t, "
    "sigma = "
    "t. condot: the same for networks that count time from noise to data. gvp: a quarter of a circle.";

const struct field path_option_fields[] = {
#define X(name, type, low, high, list, text) OPTION_##type##_FIELD(struct path_params, name, low, high, list, text),
    PATH_OPTIONS(X)
#undef X
        {0}};

#define SAMPLER_FIELD(member, type, doc, ...)                                                                 \
    FIELD(struct sampler_params, member, type, doc, .present = offsetof(struct sampler_params, has_##member), \
          __VA_ARGS__)

static const char *const FINALS[] = {"zero", "sigma_min", NULL}; /* SAMPLER_TO_... */

const struct field sampler_fields[] = {
    FIELD(struct sampler_params, solver, ENUM,
          "How one step is taken; GET /v1/samplers lists the solvers with their orders, network calls, options and "
          "sources.",
          .names = solver_names, .aliases = solver_aliases, .def = "heun",
          .present = offsetof(struct sampler_params, has_solver)),
    SAMPLER_FIELD(steps, INT, "How many steps; default 32, or as many as sigmas or times make.",
                  FIELD_INTS(1, GRID_MAX_STEPS)),
    SAMPLER_FIELD(
        grid, ENUM,
        "Which noise levels are visited before data (k = 0); GET /v1/samplers says what each is. Absent: custom "
        "where sigmas or times are listed, else trailing on ddpm-*, karras on edm, uniform on the others.",
        .names = grid_names, .aliases = grid_aliases),
    SAMPLER_FIELD(rho, NUMBER, "karras, polyexponential: the exponent; default 7 and 1.", FIELD_REALS(0.1, 100)),
    SAMPLER_FIELD(sigma_min, NUMBER,
                  "Grids in k, uniform: the least noise level k = sigma/alpha before data. Absent: the path's own.",
                  FIELD_REALS(0, 1e9), .above_min = true),
    SAMPLER_FIELD(sigma_max, NUMBER, "Grids in k, uniform: the greatest noise level k. Absent: the path's own.",
                  FIELD_REALS(0, 1e9), .above_min = true),
    SAMPLER_FIELD(shift, NUMBER, "uniform where time is 0 to 1: t <- shift t / (1 + (shift - 1) t); default 1.",
                  FIELD_REALS(0.01, 100)),
    FIELD(struct sampler_params, final, ENUM,
          "Grids in k: whether the last step leads to data (zero) or stops at the least level (sigma_min).",
          .names = FINALS, .def = "zero"),
    FIELD(struct sampler_params, sigmas, ARRAY, "custom: the noise levels k, falling; a 0 at the end may be left out.",
          .kinds = KIND_REAL, .min_items = 1, .max_items = GRID_MAX_STEPS + 1, FIELD_REALS(0, 1e9)),
    FIELD(struct sampler_params, times, ARRAY, "custom: the times, falling; instead of sigmas.", .kinds = KIND_REAL,
          .min_items = 1, .max_items = GRID_MAX_STEPS + 1, FIELD_REALS(0, 1e9)),
#define X(name, type, low, high, list, text) OPTION_##type##_FIELD(struct sampler_params, name, low, high, list, text),
    SOLVER_OPTIONS(X)
#undef X
        {0}};

const struct field grid_result_fields[] = {
    FIELD(struct grid_result, type, ENUM, "The grid that was used.", .names = grid_names, .required = true),
    FIELD(struct grid_result, t, ARRAY, "The times, [steps + 1]; the last is data.", .kinds = KIND_REAL,
          .required = true),
    FIELD(struct grid_result, alpha, ARRAY, "alpha at each.", .kinds = KIND_REAL, .required = true),
    FIELD(struct grid_result, sigma, ARRAY, "sigma at each.", .kinds = KIND_REAL, .required = true),
    FIELD(struct grid_result, k, ARRAY,
          "The noise level sigma/alpha at each. Infinite, and so null, where alpha is 0: flow at t = 1.",
          .kinds = KIND_REAL, .nullable = true, .required = true),
    {0}};

static struct path_options path_options_of(const struct path_params *p) {
    struct path_options o = {0};
#define X(name, ...)   \
    o.name = p->name;  \
    if (p->has_##name) \
        o.given |= PATH_OPT(name);
    PATH_OPTIONS(X)
#undef X
    return o;
}

static struct solver_options solver_options_of(const struct sampler_params *s) {
    struct solver_options o = {0};
#define X(name, ...)   \
    o.name = s->name;  \
    if (s->has_##name) \
        o.given |= OPT(name);
    SOLVER_OPTIONS(X)
#undef X
    return o;
}

int64_t sampler_steps(const struct sampler_params *s) {
    size_t listed = s->times.kind ? s->times.n : s->sigmas.n;
    return s->has_steps ? s->steps : listed ? (int64_t)listed : SAMPLER_STEPS;
}

bool sampler_open(const struct sampler_request *r) {
    const struct sampler_params *s = &r->sampler;
    bool listed = s->sigmas.kind || s->times.kind;
    return !r->scheduler_config.p && !s->has_steps && !listed && !solver_find((enum solver_id)s->solver)->adaptive;
}

bool sampler_solver_open(const struct sampler_request *r) {
    return sampler_open(r) && !r->sampler.has_solver && !solver_options_of(&r->sampler).given;
}

/* A list says how many steps there are; `steps` then need not. */
static struct grid_in grid_of(const struct sampler_params *s, enum grid_id id) {
    const struct array *levels = s->times.kind ? &s->times : &s->sigmas;
    return (struct grid_in){
        .id = id,
        .steps = s->has_steps   ? (size_t)s->steps
                 : levels->kind ? 0
                                : SAMPLER_STEPS,
        .rho = s->rho,
        .k_min = s->sigma_min,
        .k_max = s->sigma_max,
        .shift = s->shift,
        .to_k_min = s->final == SAMPLER_TO_SIGMA_MIN,
        .levels = levels->reals,
        .n_levels = levels->n,
        .times = s->times.kind,
    };
}

enum status sampler_path(struct ctx *ctx, const struct sampler_request *request, struct path *out) {
    const struct path_options options = path_options_of(&request->path_options);
    if (request->training) {
        *out = request->training->path;
        return STATUS_OK;
    }
    return path_make(ctx, (enum path_id)request->path, &options, out);
}

enum status sampler_solver(struct ctx *ctx, const struct sampler_params *s, const struct path *path,
                           const struct solver **solver, struct solver_options *options) {
    const struct solver_options given = solver_options_of(s);
    *solver = solver_find((enum solver_id)s->solver);
    return solver_resolve(ctx, *solver, path, &given, options);
}

/* refuse_adaptive: what plans and shows steps cannot know those that a sample will choose. */
static enum status refuse_adaptive(struct ctx *ctx, const char *solver) {
    return ctx_fail(ctx, STATUS_INVALID, "/sampler/solver",
                    "Solver \"%s\" chooses its steps for each sample as it runs, so there is no schedule to show or to "
                    "follow; POST /v1/sample runs it and tells the calls, steps and errors of each sample. For a "
                    "schedule want a solver with fixed steps, such as \"heun\".",
                    solver);
}

/* names_grid: the request says more of the solver and the levels than lists and options. */
static bool names_grid(const struct sampler_params *s) {
    return s->has_solver || s->has_grid || s->final || s->has_rho || s->has_sigma_min || s->has_sigma_max ||
           s->has_shift;
}

bool sampler_own(const struct sampler_request *r) {
    const struct sampler_params *s = &r->sampler;
    return names_grid(s) || s->sigmas.kind || s->times.kind || solver_options_of(s).given;
}

bool sampler_options_of_path(const struct sampler_request *r) { return path_options_of(&r->path_options).given != 0; }

/* refuse_twice refuses what says the same as scheduler_config. */
static enum status refuse_twice(struct ctx *ctx, const struct sampler_request *r) {
    const char *pointer = r->has_path                  ? "/path"
                          : sampler_options_of_path(r) ? "/path_options"
                          : names_grid(&r->sampler)    ? "/sampler"
                                                       : NULL;
    if (!pointer)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, pointer,
                    "scheduler_config says all of the path and the sampler but its steps, times or sigmas and what its "
                    "class takes at each step; want no %s beside it.",
                    pointer[1] == 's' ? "other member of sampler" : pointer + 1);
}

static enum status one_list(struct ctx *ctx, const struct sampler_params *s) {
    if (!s->sigmas.kind || !s->times.kind)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, "/sampler/times",
                    "sampler.sigmas and sampler.times both list the noise levels, want one of the two.");
}

static enum status setup_scheduler(struct call *call, const struct sampler_request *request,
                                   struct sampler_setup *out) {
    const struct sampler_params *s = &request->sampler;
    const struct solver_options options = solver_options_of(s);
    const struct scheduler_run run = {.steps = s->has_steps ? (size_t)s->steps : 0,
                                      .times = {s->times.reals, s->times.kind ? s->times.n : 0},
                                      .sigmas = {s->sigmas.reals, s->sigmas.kind ? s->sigmas.n : 0},
                                      .options = &options};
    enum status status = refuse_twice(&call->ctx, request);
    if (status == STATUS_OK)
        status = one_list(&call->ctx, s);
    if (status == STATUS_OK)
        status = scheduler_request(call, request->scheduler_config, &run, &out->scheduler);
    if (status != STATUS_OK)
        return status;
    const struct scheduler *made = out->scheduler.made;
    out->path = made->path;
    out->grid = GRID_CUSTOM;
    out->points = made->points;
    out->steps = made->steps;
    out->solver = made->solver;
    out->options = made->options;
    return STATUS_OK;
}

enum path_id sampler_path_id(const struct path *path) {
    int id = 0;
    while (path_names[id + 1] && strcmp(path_names[id], path->family->name) != 0)
        id++;
    return (enum path_id)id;
}

struct used_result sampler_used(const struct sampler_request *request, const struct sampler_setup *setup) {
    return (struct used_result){.path = (int)(setup->scheduler.made ? 0 : sampler_path_id(&setup->path)),
                                .solver = request->sampler.solver,
                                .has_path = !setup->scheduler.made,
                                .scheduler = setup->scheduler.name,
                                .ignored = setup->scheduler.ignored};
}

enum status sampler_setup(struct call *call, const struct sampler_request *request, struct sampler_setup *out) {
    struct ctx *ctx = &call->ctx;
    const struct sampler_params *s = &request->sampler;
    *out = (struct sampler_setup){0};
    if (request->scheduler_config.p)
        return setup_scheduler(call, request, out);
    enum status status = sampler_path(ctx, request, &out->path);
    if (status == STATUS_OK)
        status = sampler_solver(ctx, s, &out->path, &out->solver, &out->options);
    if (status == STATUS_OK && out->solver->adaptive)
        status = refuse_adaptive(ctx, out->solver->name);
    if (status != STATUS_OK)
        return status;
    bool listed = s->sigmas.kind || s->times.kind;
    out->grid = (enum grid_id)(s->has_grid ? s->grid : listed ? GRID_CUSTOM : out->path.family->grid);
    const struct grid_in grid = grid_of(s, out->grid);
    status = one_list(ctx, s);
    return status == STATUS_OK ? grid_make(ctx, &out->path, &grid, &out->points, &out->steps) : status;
}

size_t sampler_first(const struct sampler_setup *setup, const double *strength) {
    return strength ? setup->steps - (size_t)(*strength * (double)setup->steps) : 0;
}

static double first_std(const struct sampler_setup *setup, const struct path_point *start, const double *strength) {
    if (setup->scheduler.made && (!strength || setup->scheduler.made->inverse))
        return setup->scheduler.made->start_sigma;
    return strength ? start->sigma : path_prior_std(&setup->path, start);
}

void sampler_start(struct plan_build *b, struct ctx *ctx, const struct sampler_setup *setup, const double *strength) {
    const struct path_point *start = &setup->points[sampler_first(setup, strength)];
    const struct scheduler *scheduler = setup->scheduler.made;
    plan_begin(b, ctx, &setup->path, &setup->options, scheduler && scheduler->inverse ? 1 : start->alpha,
               first_std(setup, start, strength));
    if (scheduler) {
        b->targets = scheduler->targets;
        b->clip = scheduler->clip;
    }
}

enum status sampler_plan(struct ctx *ctx, const struct sampler_setup *setup, const double *strength, struct plan *out) {
    struct plan_build b;
    sampler_start(&b, ctx, setup, strength);
    plan_walk(&b, setup->solver, setup->points, setup->steps, sampler_first(setup, strength), setup->steps);
    return plan_end(&b, out);
}

enum status sampler_report_grid(struct ctx *ctx, const struct sampler_setup *setup, struct grid_result *out) {
    const struct path_point *points = setup->points;
    size_t n = setup->steps + 1;
    double *all = ctx_alloc(ctx, n, 4 * sizeof *all);
    if (!all)
        return STATUS_NO_MEMORY;
    double *t = all, *alpha = t + n, *sigma = alpha + n, *k = sigma + n;
    for (size_t i = 0; i < n; i++) {
        t[i] = points[i].t;
        alpha[i] = points[i].alpha;
        sigma[i] = points[i].sigma;
        k[i] = points[i].k;
    }
    if (!memcmp(sigma, t, n * sizeof *t)) /* one array is written faster than two (encode.c) */
        sigma = t;
    if (!memcmp(k, sigma, n * sizeof *k))
        k = sigma;
    out->type = setup->grid;
    out->t = array_1d(KIND_REAL, t, n);
    out->alpha = array_1d(KIND_REAL, alpha, n);
    out->sigma = array_1d(KIND_REAL, sigma, n);
    out->k = array_1d(KIND_REAL, k, n);
    return STATUS_OK;
}
