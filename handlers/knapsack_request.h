/* knapsack_request.h - the request of /v1/solve/knapsack as the core's task: which fields go together, items or
 * columns, reals as integers of a common unit. */
#ifndef SOLVENT_KNAPSACK_REQUEST_H
#define SOLVENT_KNAPSACK_REQUEST_H

#include "core/combine/knapsack_task.h"
#include "core/combine/knapsack_unit.h"
#include "handlers/trace_fields.h"

struct knapsack_item_params {
    struct value id, weight, value;
    struct array weights;
    int64_t count;
    bool has_count;
};

struct knapsack_params {
    struct list items;
    struct array ids, weights, values, counts, capacities;
    struct value capacity;
    int variant, algorithm;
    bool exact_fill, all;
    int64_t at_most, limit, time_limit_ms;
    bool has_at_most, has_limit, has_trace;
    struct trace_params trace;
};

struct knapsack_request {
    struct knapsack_task task;
    struct array ids; /* KIND_NONE: there are none */
    bool real_weights, real_values;
    struct knapsack_unit weight_unit, value_unit; /* where they are real */
};

/* knapsack_request_read makes the task; it borrows from params and the arena. Errors: INVALID, TOO_LARGE, NO_MEMORY. */
enum status knapsack_request_read(struct ctx *ctx, const struct knapsack_params *p,
                                  struct knapsack_request *out) MUST_CHECK;

#endif
