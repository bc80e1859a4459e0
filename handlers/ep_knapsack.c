#include "core/combine/knapsack_trace.h"
#include "handlers/call.h"
#include "handlers/knapsack_request.h"
#include "handlers/why_field.h"

typedef struct knapsack_params params;

struct stats {
    int64_t items, core, states, max_states, given_up;
    int ended;
};

struct result {
    bool found;
    struct value value, weight, bound;
    struct array weights, chosen, counts, chosen_ids;
    bool optimal, exact_fill, all, more;
    struct list sets;
    int algorithm;
    struct str why;
    struct stats stats;
    struct trace trace;
};

struct progress {
    struct value value, bound;
};

static const struct field ITEM[] = {
    FIELD(struct knapsack_item_params, id, VALUE, "A name, for `chosen_ids`. All items have one, of one kind, or none.",
          .kinds = KIND_INT | KIND_STRING),
    FIELD(struct knapsack_item_params, weight, VALUE, "What a copy takes of the capacity, at least 0.",
          .kinds = KIND_INT | KIND_REAL),
    FIELD(struct knapsack_item_params, weights, ARRAY, "With `capacities`: what a copy takes of each.",
          .kinds = KIND_INT | KIND_REAL, .min_items = 1, .max_items = KNAPSACK_MAX_DIMS, FIELD_INTS(0, INT64_MAX),
          .min = 0, .max = 1e300),
    FIELD(struct knapsack_item_params, value, VALUE, "What a copy is worth, at least 0. Not in a subset sum.",
          .kinds = KIND_INT | KIND_REAL),
    FIELD(struct knapsack_item_params, count, INT, "How many copies there are (bounded). Absent: 1.",
          .present = offsetof(struct knapsack_item_params, has_count), FIELD_INTS(0, INT64_MAX)),
    {0},
};

static const char *const VARIANTS[] = {[KNAPSACK_01] = "01",
                                       [KNAPSACK_BOUNDED] = "bounded",
                                       [KNAPSACK_UNBOUNDED] = "unbounded",
                                       [KNAPSACK_SUBSET_SUM] = "subset-sum",
                                       NULL};

static const struct field INPUT[] = {
    FIELD(params, variant, ENUM,
          "`01`: each item once or not at all; `bounded`: up to `count` copies; `unbounded`: any number of copies; "
          "`subset-sum`: once or not at all, and the weight is the value; with `capacities`, the sum of the weights.",
          .names = VARIANTS, .def = "01"),
    FIELD(params, items, LIST, "The items, each an object.", .fields = ITEM,
          .size = sizeof(struct knapsack_item_params), .max_items = 300 * 1000),
    FIELD(params, ids, ARRAY, "Names of the items, as a column.", .kinds = KIND_INT | KIND_STRING,
          .max_items = KNAPSACK_MAX_ITEMS),
    FIELD(params, weights, ARRAY,
          "The weights of the items, as a column; it is read much faster than `items`. The sum must be below 2^63. "
          "With `capacities`: a row for each item.",
          .kinds = KIND_INT | KIND_REAL, .max_dims = 2, FIELD_INTS(0, INT64_MAX), .min = 0, .max = 1e300,
          .max_items = KNAPSACK_MAX_ITEMS),
    FIELD(params, values, ARRAY, "The values of the items, as long as `weights`. The sum must be below 2^63.",
          .kinds = KIND_INT | KIND_REAL, FIELD_INTS(0, INT64_MAX), .min = 0, .max = 1e300,
          .max_items = KNAPSACK_MAX_ITEMS),
    FIELD(params, counts, ARRAY, "How many copies there are of each (bounded).", .kinds = KIND_INT,
          FIELD_INTS(0, INT64_MAX), .max_items = KNAPSACK_MAX_ITEMS),
    FIELD(params, capacity, VALUE, "What the chosen items may weigh together, at least 0. Its size costs no time.",
          .kinds = KIND_INT | KIND_REAL),
    FIELD(params, capacities, ARRAY, "Several capacities in place of one; items have as many `weights`.",
          .kinds = KIND_INT | KIND_REAL, .min_items = 1, .max_items = KNAPSACK_MAX_DIMS, FIELD_INTS(0, INT64_MAX),
          .min = 0, .max = 1e300),
    FIELD(params, exact_fill, BOOL,
          "The weight is to equal the capacity, each of several. Where no choice does, `found` is false, and `optimal` "
          "says that this "
          "is proven.",
          .def = "false"),
    FIELD(params, at_most, INT, "How many items may be chosen, copies counted.",
          .present = offsetof(params, has_at_most), FIELD_INTS(0, INT64_MAX)),
    FIELD(params, algorithm, ENUM,
          "How. `auto` is the fastest for the problem. The tables have (items + 1) * (capacity + 1) cells "
          "(`table-2d`, at most 40 million) or items * (capacity + 1) (`table-1d`, at most 100 million, a row 40 "
          "million), times "
          "`at_most` + 1 with that; `meet-in-the-middle` takes 40 items. Copies count by powers of two.",
          .names = knapsack_algorithm_names, .def = "auto"),
    FIELD(params, all, BOOL, "Also list the other choices that are as good, as `sets`.", .def = "false"),
    FIELD(params, limit, INT, "With `all`: list so many at most.", .def = "100", .present = offsetof(params, has_limit),
          FIELD_INTS(1, KNAPSACK_MAX_SETS)),
    FIELD(params, time_limit_ms, INT,
          "Milliseconds after which the best subset found so far is answered, with a bound on all others.",
          .role = ROLE_TIME_LIMIT, FIELD_INTS(1, 3600 * 1000)),
    TRACE_INPUT_OF(params, "tables of at most 10000 cells; core and branch-and-bound with at most 1000 items, 10000 "
                           "states at a time or 100000 branches"),
    {0},
};

/* Items, or columns of which weights is the first. */
static const struct rule RULES[] = {
    EXACTLY_ONE("items", "weights"), REQUIRES("values", "weights"),         REQUIRES("ids", "weights"),
    REQUIRES("counts", "weights"),   EXACTLY_ONE("capacity", "capacities"), {0},
};

static const char *const ENDED[] = {
    [KNAPSACK_COMPLETE] = "complete", [KNAPSACK_DEADLINE] = "time_limit", [KNAPSACK_MEMORY] = "memory_limit", NULL};

static const struct field STATS[] = {
    FIELD(struct stats, ended, ENUM,
          "What ended the search: every subset is accounted for, or the limit of time or of memory.", .required = true,
          .names = ENDED),
    FIELD(struct stats, items, INT,
          "Items that leave a choice: they fit alone, have a value and a weight, and do not all fit together. Copies "
          "count by powers of two.",
          .required = true),
    FIELD(struct stats, core, INT, "Items that the algorithm decided; where it is `core`, bounds settle all others.",
          .required = true),
    FIELD(struct stats, states, INT, "States that were made: cells of a table, sums of halves, nodes of a tree.",
          .required = true),
    FIELD(struct stats, max_states, INT, "States that were alive at once, at most.", .required = true),
    FIELD(struct stats, given_up, INT, "States given up for want of memory.", .required = true),
    {0},
};

static const struct field SET[] = {
    FIELD(struct knapsack_set, chosen, ARRAY, "Indices, ascending.", .required = true, .kinds = KIND_INT),
    FIELD(struct knapsack_set, counts, ARRAY, "Copies of each, where there can be several.", .kinds = KIND_INT),
    {0},
};

static const struct field PROGRESS[] = {
    FIELD(struct progress, value, VALUE, "What the best choice so far is worth.", .required = true,
          .kinds = KIND_INT | KIND_REAL),
    FIELD(struct progress, bound, VALUE, "No choice that fits is worth more than this.", .required = true,
          .kinds = KIND_INT | KIND_REAL),
    {0},
};

static const struct field OUTPUT[] = {
    FIELD(struct result, value, VALUE, "What the chosen items are worth together.", .required = true,
          .kinds = KIND_INT | KIND_REAL),
    FIELD(struct result, weight, VALUE, "What they weigh together; with `capacities` see `weights`.",
          .kinds = KIND_INT | KIND_REAL),
    FIELD(struct result, weights, ARRAY, "What they take of each of the `capacities`.", .kinds = KIND_INT | KIND_REAL),
    FIELD(struct result, chosen, ARRAY, "Their indices in the request, from 0, ascending.", .required = true,
          .kinds = KIND_INT),
    FIELD(struct result, counts, ARRAY, "Copies of each chosen item (bounded, unbounded).", .kinds = KIND_INT),
    FIELD(struct result, chosen_ids, ARRAY, "Their ids, where items have them.", .kinds = KIND_INT | KIND_STRING),
    FIELD(struct result, optimal, BOOL,
          "Whether no choice that fits is worth more; where none was `found`, whether it is proven that there is "
          "none.",
          .required = true),
    FIELD(struct result, found, BOOL,
          "With `exact_fill`: false where no choice fills the capacity exactly, or none was found in time.",
          .present = offsetof(struct result, exact_fill)),
    FIELD(struct result, bound, VALUE, "No choice that fits is worth more than this; `value` where `optimal`.",
          .required = true, .kinds = KIND_INT | KIND_REAL),
    FIELD(struct result, sets, LIST,
          "With `all`, where it is `optimal`: the choices of that value, `chosen` among "
          "them.",
          .fields = SET, .size = sizeof(struct knapsack_set), .present = offsetof(struct result, all)),
    FIELD(struct result, more, BOOL, "With `all`: whether there are (or, at a time limit, may be) further ones.",
          .present = offsetof(struct result, all)),
    FIELD(struct result, algorithm, ENUM, "What was used.", .required = true, .names = knapsack_algorithm_names),
    WHY_OUTPUT(struct result),
    FIELD(struct result, stats, OBJECT, "How it was found.", .required = true, .fields = STATS),
    TRACE_OUTPUT(
        struct result,
        "Tables: `set` writes a cell: cells start at 0 (-1 where an exact fill has no choice), and cell c of row i of "
        "`table-2d` stands at i * (capacity + 1) + c. Then `take` or `leave` tells of the choice, from the last item "
        "to the first, with `item` and `copies`. Core and branch-and-bound, of plain 0/1 problems: `taken` at the "
        "items without weight, which are taken at once; `order` at those that are left, by value per weight; `best` "
        "with `weight` and `value` of the best choice so far; `answer` at the items of the answer. Core: `break` at "
        "the first item of the order that does not fit any more, with `weight` and `value` of all before it, the only "
        "state at first; `add` (an item from there on) and `remove` (one before): each state there is comes once more "
        "with the item changed; `dominated` and `bounded` take a state away, because another has no more weight and no "
        "less value, or because its `bound`, by the next items on either side, is not above the best value. In the end "
        "no state is left. Branch and bound: `take` and `leave` an item, with `weight` and `value` then; that undoes "
        "what was decided of it and of those behind it in the order; `bound` at the next item: what goes on from here "
        "is worth no more than `bound`, and that is not above the best value."),
    {0},
};

/* cost: the states of small problems are bounded by the number of subsets; large ones end on their bounds long before,
 * unless they are hard, which their sizes do not tell. What is not plain 0/1 has tables, lists or trees beside. */
static uint64_t cost(const void *p) {
    const params *in = p;
    uint64_t n = in->items.items ? in->items.n : in->weights.n;
    bool copies = in->variant == KNAPSACK_BOUNDED || in->variant == KNAPSACK_UNBOUNDED;
    bool extra = copies || in->exact_fill || in->has_at_most || in->capacities.kind != KIND_NONE || in->has_trace ||
                 in->all || in->algorithm > KNAPSACK_CORE;
    uint64_t states = n < 20 && !extra ? (uint64_t)2 << n : UINT64_C(1) << 20;
    return 2000 + 60 * n * (copies ? 20 : 1) + 8 * states;
}

/* -- The answer -- */

static struct value number(int64_t units, bool real, const struct knapsack_unit *unit) {
    return real ? (struct value){.kind = KIND_REAL, .r = knapsack_unit_real(unit, units)}
                : (struct value){.kind = KIND_INT, .i = units};
}

static enum status write_ids(struct ctx *ctx, const struct array *ids, struct result *out) {
    if (ids->kind == KIND_NONE)
        return STATUS_OK;
    size_t size = ids->kind == KIND_INT ? sizeof(int64_t) : sizeof(struct str);
    out->chosen_ids = array_1d(ids->kind, ctx_alloc(ctx, out->chosen.n, size), out->chosen.n);
    if (!out->chosen_ids.data)
        return STATUS_NO_MEMORY;
    for (size_t k = 0; k < out->chosen.n; k++) {
        if (ids->kind == KIND_INT)
            out->chosen_ids.ints[k] = ids->ints[out->chosen.ints[k]];
        else
            out->chosen_ids.strings[k] = ids->strings[out->chosen.ints[k]];
    }
    return STATUS_OK;
}

static enum status write_weights(struct ctx *ctx, const struct knapsack_request *in, const struct array *weights,
                                 struct result *out) {
    out->weights = *weights;
    if (!in->real_weights || weights->kind == KIND_NONE)
        return STATUS_OK;
    double *real = ctx_alloc(ctx, weights->n, sizeof *real);
    if (!real)
        return STATUS_NO_MEMORY;
    for (size_t d = 0; d < weights->n; d++)
        real[d] = knapsack_unit_real(&in->weight_unit, weights->ints[d]);
    out->weights = array_1d(KIND_REAL, real, weights->n);
    return STATUS_OK;
}

static void write_sets(const struct knapsack_answer *a, bool copies, struct result *out) {
    out->sets = (struct list){a->sets.n, a->sets.set};
    for (size_t k = 0; !copies && k < a->sets.n; k++)
        a->sets.set[k].counts = (struct array){0};
    out->more = a->sets.more || a->sets.stopped || (!a->optimal && a->found);
}

static enum status write_result(struct ctx *ctx, const params *p, const struct knapsack_request *in,
                                const struct knapsack_answer *a, struct result *out) {
    bool copies = p->variant == KNAPSACK_BOUNDED || p->variant == KNAPSACK_UNBOUNDED;
    *out = (struct result){
        .found = a->found,
        .exact_fill = p->exact_fill,
        .value = number(a->value, in->real_values, &in->value_unit),
        .bound = number(a->bound, in->real_values, &in->value_unit),
        .chosen = a->chosen,
        .counts = copies ? a->counts : (struct array){0},
        .optimal = a->optimal,
        .all = p->all,
        .algorithm = (int)a->algorithm,
        .why = why_text(a->why),
        .stats = {a->stats.items, a->stats.core, a->stats.states, a->stats.max_states, a->stats.given_up, (int)a->end},
    };
    if (!in->task.dims)
        out->weight = number(a->weight, in->real_weights, &in->weight_unit);
    write_sets(a, copies, out);
    enum status status = write_weights(ctx, in, &a->weights, out);
    return status == STATUS_OK ? write_ids(ctx, &in->ids, out) : status;
}

/* -- Progress -- */

struct teller {
    struct knapsack_watch watch;
    struct call *call;
    const struct knapsack_request *request;
};

static void tell(struct knapsack_watch *self, int64_t value, int64_t bound) {
    struct teller *teller = (struct teller *)self;
    const struct knapsack_request *in = teller->request;
    const struct progress progress = {number(value, in->real_values, &in->value_unit),
                                      number(bound, in->real_values, &in->value_unit)};
    call_progress(teller->call, "progress", &progress);
}

static enum status run(struct call *call, const void *p, void *r) {
    const params *in = p;
    struct knapsack_request request;
    struct knapsack_answer answer;
    struct trace trace = {0};
    enum status status = knapsack_request_read(&call->ctx, in, &request);
    if (status != STATUS_OK)
        return status;
    struct teller teller = {{tell}, call, &request};
    request.task.in.watch = call->events ? &teller.watch : NULL;
    bool twin = in->has_trace && (in->algorithm == KNAPSACK_CORE || in->algorithm == KNAPSACK_BRANCH);
    request.task.trace = in->has_trace && !twin ? &trace : NULL; /* tables show themselves */
    request.task.max_steps = (size_t)in->trace.max_steps;
    if (twin)
        status = trace_check(&call->ctx, 2 * request.task.in.n);
    if (status == STATUS_OK)
        status = trace_open(&call->ctx, twin, &in->trace, NULL, &trace);
    if (status == STATUS_OK)
        status = knapsack_task_solve(&call->ctx, &request.task, &answer);
    if (status == STATUS_OK && twin)
        status = knapsack_trace(&call->ctx, &request.task.in, in->algorithm == KNAPSACK_BRANCH, &answer.chosen, &trace);
    if (status == STATUS_OK)
        status = write_result(&call->ctx, in, &request, &answer, r);
    if (status != STATUS_OK)
        return status;
    call->partial = answer.end == KNAPSACK_DEADLINE || answer.sets.stopped;
    ((struct result *)r)->trace = trace;
    return STATUS_OK;
}

const struct endpoint ep_knapsack = {
    .method = "POST",
    .route = "/v1/solve/knapsack",
    .version = 4,
    .title = "Knapsack, exact: 0/1, bounded, unbounded, subset sum, several capacities",
    .doc =
        "Finds the items of greatest value that fit the capacity together; each is taken once or not at all, or in "
        "several copies (`variant`).\n\n"
        "The answer is exact for all integers of 64 bits, whatever the capacity: the method looks at the items around "
        "the one where the greedy solution breaks, not at a table of the size of the capacity. Ten thousand items "
        "take milliseconds to a second, depending on how their values follow their weights. Some instances are truly "
        "hard; set `time_limit_ms`, and you get the best subset found with a `bound` on all others and "
        "`optimal: false`. As `text/event-stream` a long search tells of each better choice and bound.\n\n"
        "`optimal: false` is no error: `value` is reached by `chosen`, nothing is worth more than `bound`, and the "
        "best "
        "lies between the two. `stats.ended` tells why: `time_limit`, or `memory_limit` where the states of `core` "
        "outgrew the 512 MiB that a request has. Then the least promising states are given up (`stats.given_up`), and "
        "the search goes on; `bound` covers what they could have led to, so that the answer can still be `optimal`. "
        "Memory is the same for every run, and so is such an answer; at a time limit it may differ. Branch and bound, "
        "tables and meet-in-the-middle need no more memory as they go on.\n\n"
        "Copies are split into powers of two, so their number costs its logarithm. `exact_fill` wants the capacity "
        "used up: where no choice does, `found` is false and `optimal` true. (Of more than 40 items with a table of "
        "more "
        "than 16 million cells it wants the sum of the weights, over their common divisor, times the sum of the values "
        "below 2^63; a subset sum has no such limit.) `at_most` limits the number of items. "
        "`capacities` gives several at once, solved by branch and bound; `exact_fill` wants every one used up, and the "
        "value of a subset sum is what all of them hold together. `all` lists every choice of the greatest "
        "value, by a table (of at most 16 million cells, a single capacity), else by the bounds. The textbook's tables "
        "can be asked for by name.\n\n"
        "Fractions are exact too: those of at most 15 digits are taken as the decimals that they are written as, else "
        "all as the binary fractions that they are, and what would have to be rounded is refused.\n\n"
        "Items without weight are taken, items without value are not (but for an exact fill); an item of that kind of "
        "which there is no end of copies is an error. Among choices of equal value one is answered, for the same "
        "request always the same.",
    .source = "D. Pisinger, \"A minimal algorithm for the 0-1 knapsack problem\", Operations Research 45(5), 1997; "
              "S. Martello, D. Pisinger, P. Toth, \"Dynamic programming and strong bounds for the 0-1 knapsack "
              "problem\", Management Science 45(3), 1999; H. Kellerer, U. Pferschy, D. Pisinger, Knapsack Problems, "
              "2004; E. Horowitz, S. Sahni, Journal of the ACM 21(2), 1974",
    .input = INPUT,
    .rules = RULES,
    .params_size = sizeof(params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"items\":[{\"weight\":12,\"value\":4},{\"weight\":2,\"value\":2},{\"weight\":1,\"value\":1},"
               "{\"weight\":1,\"value\":2},{\"weight\":4,\"value\":10}],\"capacity\":15}",
    .answer = "{\"value\":15,\"weight\":8,\"chosen\":[1,2,3,4],\"optimal\":true,\"bound\":15,"
              "\"algorithm\":\"core\",\"why\":\"Bounds settle most items, so that a core of them is "
              "left.\",\"stats\":{\"ended\":\"complete\",\"items\":5,\"core\":1,\"states\":1,"
              "\"max_states\":1,\"given_up\":0}}",
    .ndjson_output = "sets",
    .progress = PROGRESS,
    .max_memory = (size_t)512 << 20,
    .cache = CACHE_BY_COST,
    .cost = cost,
    .run = run,
};
