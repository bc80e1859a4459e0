#include "handlers/trace_fields.h"

static const char *const FORMATS[] = {"steps", "commands", NULL};

const struct field trace_fields[] = {FIELD(struct trace_params, max_steps, INT,
                                           "Steps to keep; further ones are only counted.", .def = "1000",
                                           FIELD_INTS(1, TRACE_MAX_STEPS)),
                                     FIELD(struct trace_params, format, ENUM,
                                           "`steps`: objects of `i`, `op`, `at`, `values` and `vars`. `commands`: the "
                                           "same steps as `key`, `method`, `args` "
                                           "objects, which the player of algorithm-visualizer shows: an Array1DTracer "
                                           "(`set`, `select`, `patch`, ...) where "
                                           "there is an array, a LogTracer with a line a step, a `delay` after each.",
                                           .names = FORMATS, .def = "steps"),
                                     {0}};

enum status trace_open(struct ctx *ctx, bool wanted, const struct trace_params *params, const struct array *initial,
                       struct trace *trace) {
    return wanted ? trace_begin(ctx, trace, (size_t)params->max_steps, initial) : STATUS_OK;
}

uint64_t trace_cost(bool wanted, const struct trace_params *params, double steps) {
    double kept = steps < (double)params->max_steps ? steps : (double)params->max_steps;
    bool refused = steps > 1e8; /* more than TRACE_MAX_VALUES can make */
    return wanted && !refused ? (uint64_t)(20 * steps + 600 * kept) : 0;
}
