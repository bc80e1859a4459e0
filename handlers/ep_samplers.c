#include <string.h>

#include "core/diffusion/prediction.h"
#include "handlers/sampler_request.h"

struct named {
    struct str name, doc, source;
    double order, calls;
    bool stochastic, has_order, has_calls;
    struct array options, aliases;
};

struct result {
    struct list paths, predictions, grids, solvers;
};

static const struct field PLAIN[] = {
    FIELD(struct named, name, STRING, "Its name in requests and answers.", .required = true),
    FIELD(struct named, doc, STRING, "What it is."),
    FIELD(struct named, options, ARRAY, "Members of path_options that mean something to it.", .kinds = KIND_STRING),
    FIELD(struct named, aliases, ARRAY, "Other names that are taken for it.", .kinds = KIND_STRING),
    {0}};

static const struct field SOLVER[] = {
    FIELD(struct named, name, STRING, "Its name in requests and answers.", .required = true),
    FIELD(struct named, doc, STRING, "What a step does.", .required = true),
    FIELD(struct named, order, NUMBER, "The order of convergence. Absent: none is claimed.",
          .present = offsetof(struct named, has_order)),
    FIELD(struct named, calls, NUMBER, "Network calls a step, about.", .required = true),
    FIELD(struct named, stochastic, BOOL, "Whether it draws noise with its default options.", .required = true),
    FIELD(struct named, options, ARRAY, "Members of sampler that mean something to it.", .kinds = KIND_STRING),
    FIELD(struct named, source, STRING, "Paper, equation or algorithm.", .required = true),
    FIELD(struct named, aliases, ARRAY, "Other names that are taken for it.", .kinds = KIND_STRING),
    {0}};

#define ALL(member, of, text) \
    FIELD(struct result, member, LIST, text, .fields = of, .size = sizeof(struct named), .required = true)
static const struct field OUTPUT[] = {ALL(paths, PLAIN, "How data turn into noise."),
                                      ALL(predictions, PLAIN, "What a network can say."),
                                      ALL(grids, PLAIN, "Which noise levels are visited."),
                                      ALL(solvers, SOLVER, "How a step is taken."),
                                      {0}};

static const char *const PATH_OPTION_NAMES[] = {
#define X(name, ...) #name,
    PATH_OPTIONS(X)
#undef X
};

static const char *const SOLVER_OPTION_NAMES[] = {
#define X(name, ...) #name,
    SOLVER_OPTIONS(X)
#undef X
};

static struct str text(const char *s) { return (struct str){s, s ? strlen(s) : 0}; }

/* options_of lists the names whose bit is set; none: no list. */
static enum status options_of(struct ctx *ctx, uint64_t mask, const char *const *names, size_t n, struct array *out) {
    struct str *list = ctx_alloc(ctx, n, sizeof *list);
    size_t found = 0;
    if (!list)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        if (mask & UINT64_C(1) << i)
            list[found++] = text(names[i]);
    if (found)
        *out = array_1d(KIND_STRING, list, found);
    return STATUS_OK;
}

static enum status aliases_of(struct ctx *ctx, const struct alias *aliases, const char *name, struct array *out) {
    size_t n = 0, found = 0;
    while (aliases[n].alias)
        n++;
    struct str *list = ctx_alloc(ctx, n, sizeof *list);
    if (!list)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        if (!strcmp(aliases[i].name, name))
            list[found++] = text(aliases[i].alias);
    if (found)
        *out = array_1d(KIND_STRING, list, found);
    return STATUS_OK;
}

static enum status list_plain(struct ctx *ctx, const char *const *names, const char *const *docs,
                              const struct alias *aliases, struct list *out) {
    size_t n = 0;
    while (names[n])
        n++;
    struct named *all = ctx_zalloc(ctx, n, sizeof *all);
    enum status status = all ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t i = 0; i < n && status == STATUS_OK; i++) {
        all[i].name = text(names[i]);
        if (docs)
            all[i].doc = text(docs[i]);
        status = aliases_of(ctx, aliases, names[i], &all[i].aliases);
    }
    *out = (struct list){n, all};
    return status;
}

static enum status list_paths(struct ctx *ctx, struct list *out) {
    enum status status = list_plain(ctx, path_names, path_docs, path_aliases, out);
    struct named *all = out->items;
    for (size_t i = 0; i < out->n && status == STATUS_OK; i++)
        status = options_of(ctx, path_takes((enum path_id)i), PATH_OPTION_NAMES, COUNT_OF(PATH_OPTION_NAMES),
                            &all[i].options);
    return status;
}

static enum status list_solvers(struct ctx *ctx, struct list *out) {
    enum status status = list_plain(ctx, solver_names, NULL, solver_aliases, out);
    struct named *all = out->items;
    for (size_t i = 0; i < out->n && status == STATUS_OK; i++) {
        const struct solver *solver = solver_find((enum solver_id)i);
        all[i].doc = text(solver->doc);
        all[i].source = text(solver->source);
        all[i].order = solver->order;
        all[i].has_order = solver->order > 0;
        all[i].calls = solver->calls;
        all[i].stochastic = solver->stochastic;
        status = options_of(ctx, solver->takes, SOLVER_OPTION_NAMES, COUNT_OF(SOLVER_OPTION_NAMES), &all[i].options);
    }
    return status;
}

static enum status run(struct call *call, const void *params, void *result) {
    (void)params;
    struct ctx *ctx = &call->ctx;
    struct result *out = result;
    enum status status = list_paths(ctx, &out->paths);
    if (status == STATUS_OK)
        status = list_plain(ctx, prediction_names, prediction_docs, prediction_aliases, &out->predictions);
    if (status == STATUS_OK)
        status = list_plain(ctx, grid_names, grid_docs, grid_aliases, &out->grids);
    return status == STATUS_OK ? list_solvers(ctx, &out->solvers) : status;
}

const struct endpoint ep_samplers = {
    .method = "GET",
    .route = "/v1/samplers",
    .version = 4,
    .title = "The samplers that there are",
    .doc = "Paths, predictions, grids and solvers with what each is, its options and its source. Any path, grid and "
           "solver "
           "go together; the few that cannot are refused with the reason. Names of diffusers, k-diffusion and "
           "stable-diffusion.cpp are taken, too, and answered with the name here.",
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .cache = CACHE_NEVER, /* made from tables: sooner written than looked up */
    .answer =
        "{\"paths\":[{\"name\":\"edm\",\"doc\":\"alpha = 1, sigma = t (Karras et al. 2022).\"}],\"predictions\":["
        "{\"name\":\"eps\",\"doc\":\"The noise.\",\"aliases\":[\"epsilon\"]}],\"grids\":[{\"name\":\"exponential\","
        "\"doc\":\"Evenly in ln k; also known as lu.\",\"aliases\":[\"lu\"]}],\"solvers\":[{\"name\":\"dpm_solver_3\","
        "\"doc\":\"Third order, three calls a step, by the exponential integrator of "
        "eps.\",\"order\":3.0,\"calls\":3.0,"
        "\"stochastic\":false,\"source\":\"Lu et al. 2022a (DPM-Solver), alg. 2\",\"aliases\":[\"dpm_fast\"]}]}",
    .run = run,
};
