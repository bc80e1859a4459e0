#include "core/combine/knapsack.h"
#include "handlers/call.h"

struct item {
    int64_t weight, value;
};

struct params {
    struct list items;
    struct array weights, values;
    int64_t capacity, time_limit_ms;
};

struct stats {
    int64_t items, core, states, max_states, given_up;
    int ended;
};

struct result {
    int64_t value, weight, bound;
    struct array chosen;
    bool optimal;
    struct stats stats;
};

static const struct field ITEM[] = {
    FIELD(struct item, weight, INT, "What it takes of the capacity.", .required = true, FIELD_INTS(0, INT64_MAX)),
    FIELD(struct item, value, INT, "What it is worth.", .required = true, FIELD_INTS(0, INT64_MAX)),
    {0},
};

static const struct field INPUT[] = {
    FIELD(struct params, items, LIST, "The items, each an object. Either this or `weights` and `values`.",
          .fields = ITEM, .size = sizeof(struct item), .max_items = 300 * 1000),
    FIELD(struct params, weights, ARRAY,
          "The weights of the items, as a column; it is read much faster than `items`. The sum must be below 2^63.",
          .kinds = KIND_INT, FIELD_INTS(0, INT64_MAX), .max_items = KNAPSACK_MAX_ITEMS),
    FIELD(struct params, values, ARRAY, "The values of the items, as long as `weights`. The sum must be below 2^63.",
          .kinds = KIND_INT, FIELD_INTS(0, INT64_MAX), .max_items = KNAPSACK_MAX_ITEMS),
    FIELD(struct params, capacity, INT, "What the chosen items may weigh together. Its size costs no time.",
          .required = true, FIELD_INTS(0, INT64_MAX)),
    FIELD(struct params, time_limit_ms, INT,
          "Milliseconds after which the best subset found so far is answered, with a bound on all others.",
          .role = ROLE_TIME_LIMIT, FIELD_INTS(1, 3600 * 1000)),
    {0},
};

static const char *const ENDED[] = {
    [KNAPSACK_COMPLETE] = "complete", [KNAPSACK_DEADLINE] = "time_limit", [KNAPSACK_MEMORY] = "memory_limit", NULL};

static const struct field STATS[] = {
    FIELD(struct stats, ended, ENUM,
          "What ended the search: every subset is accounted for, or the limit of time or of memory.", .required = true,
          .names = ENDED),
    FIELD(struct stats, items, INT,
          "Items that leave a choice: they fit alone, have a value and a weight, and do not all fit together.",
          .required = true),
    FIELD(struct stats, core, INT, "Items that the dynamic program decided; bounds settle all others.",
          .required = true),
    FIELD(struct stats, states, INT, "States that the dynamic program made.", .required = true),
    FIELD(struct stats, max_states, INT, "States that were alive at once, at most.", .required = true),
    FIELD(struct stats, given_up, INT, "States given up for want of memory.", .required = true),
    {0},
};

static const struct field OUTPUT[] = {
    FIELD(struct result, value, INT, "What the chosen items are worth together.", .required = true),
    FIELD(struct result, weight, INT, "What they weigh together.", .required = true),
    FIELD(struct result, chosen, ARRAY, "Their indices in the request, from 0, ascending.", .required = true,
          .kinds = KIND_INT),
    FIELD(struct result, optimal, BOOL, "Whether no subset that fits is worth more.", .required = true),
    FIELD(struct result, bound, INT, "No subset that fits is worth more than this; `value` where `optimal`.",
          .required = true),
    FIELD(struct result, stats, OBJECT, "How it was found.", .required = true, .fields = STATS),
    {0},
};

/* cost: the states of small problems are bounded by the number of subsets; large ones end on their bounds long before,
 * unless they are hard, which their sizes do not tell. */
static uint64_t cost(const void *params) {
    const struct params *p = params;
    uint64_t n = p->items.items ? p->items.n : p->weights.n;
    uint64_t states = n < 20 ? (uint64_t)2 << n : UINT64_C(1) << 20;
    return 2000 + 60 * n + 8 * states;
}

static enum status two_forms(struct call *call, const struct params *p) {
    bool items = p->items.items, weights = p->weights.kind != KIND_NONE, values = p->values.kind != KIND_NONE;
    if (items && (weights || values))
        return ctx_fail(&call->ctx, STATUS_INVALID, "/items",
                        "The request has both items and %s, want either items or weights and values.",
                        weights ? "weights" : "values");
    if (!items && !weights && !values)
        return ctx_fail(&call->ctx, STATUS_INVALID, "",
                        "The request has no items, want either items or weights and values.");
    if (!items && !(weights && values))
        return ctx_fail(&call->ctx, STATUS_INVALID, weights ? "/values" : "/weights",
                        "The request has %s without %s, want both.", weights ? "weights" : "values",
                        weights ? "values" : "weights");
    if (!items && p->weights.n != p->values.n)
        return ctx_fail(&call->ctx, STATUS_INVALID, "/values",
                        "There are %zu weights but %zu values, want as many of either.", p->weights.n, p->values.n);
    return STATUS_OK;
}

static struct knapsack_in knapsack_of(const struct params *p) {
    const struct item *item = p->items.items;
    if (item)
        return (struct knapsack_in){p->items.n, &item->weight, &item->value, 2, p->capacity, KNAPSACK_ITEMS};
    return (struct knapsack_in){p->weights.n, p->weights.ints, p->values.ints, 1, p->capacity, KNAPSACK_COLUMNS};
}

static enum status run(struct call *call, const void *params, void *result) {
    enum status status = two_forms(call, params);
    if (status != STATUS_OK)
        return status;
    const struct knapsack_in in = knapsack_of(params);
    struct knapsack_out out;
    status = knapsack_solve(&call->ctx, &in, &out);
    if (status != STATUS_OK)
        return status;
    call->partial = out.end == KNAPSACK_DEADLINE;
    *(struct result *)result = (struct result){
        .value = out.value,
        .weight = out.weight,
        .bound = out.bound,
        .chosen = out.chosen,
        .optimal = out.optimal,
        .stats = {out.stats.items, out.stats.core, out.stats.states, out.stats.max_states, out.stats.given_up,
                  (int)out.end},
    };
    return STATUS_OK;
}

const struct endpoint ep_knapsack = {
    .method = "POST",
    .route = "/v1/solve/knapsack",
    .version = 1,
    .title = "0/1 knapsack, exact",
    .doc =
        "Finds the items of greatest value that fit the capacity together; each is taken once or not at all.\n\n"
        "The answer is exact for all integers of 64 bits, whatever the capacity: the method looks at the items around "
        "the one where the greedy solution breaks, not at a table of the size of the capacity. Ten thousand items "
        "take milliseconds to a second, depending on how their values follow their weights. Some instances are truly "
        "hard; set `time_limit_ms`, and you get the best subset found with a `bound` on all others and "
        "`optimal: false`.\n\n"
        "Items without weight are taken, items without value are not. Among subsets of equal value one is answered, "
        "for the same request always the same.",
    .source = "D. Pisinger, \"A minimal algorithm for the 0-1 knapsack problem\", Operations Research 45(5), 1997; "
              "S. Martello, D. Pisinger, P. Toth, \"Dynamic programming and strong bounds for the 0-1 knapsack "
              "problem\", Management Science 45(3), 1999",
    .input = INPUT,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"items\":[{\"weight\":12,\"value\":4},{\"weight\":2,\"value\":2},{\"weight\":1,\"value\":1},"
               "{\"weight\":1,\"value\":2},{\"weight\":4,\"value\":10}],\"capacity\":15}",
    .answer = "{\"value\":15,\"weight\":8,\"chosen\":[1,2,3,4],\"optimal\":true,\"bound\":15,\"stats\":{\"ended\":"
              "\"complete\",\"items\":5,\"core\":1,\"states\":1,\"max_states\":1,\"given_up\":0}}",
    .max_memory = (size_t)512 << 20,
    .cache = CACHE_BY_COST,
    .cost = cost,
    .run = run,
};
