#include "core/heap/heap.h"
#include "handlers/call.h"
#include "handlers/time_limit_field.h"
#include "handlers/trace_fields.h"

struct operation {
    int op;
    struct value value;
    bool has_n;
    int64_t n;
    struct list inputs; /* of struct heap_input */
};

struct params {
    struct array values;
    int order, on_empty;
    struct list operations;
    struct trace_params trace;
    bool has_trace;
    int64_t time_limit_ms;
};

struct result {
    struct array heap;
    struct list results;
    struct trace trace;
};

enum { MAX_OPERATIONS = 300 * 1000 };
static const char *const ORDERS[] = {"min", "max", NULL};
static const char *const ON_EMPTY[] = {"error", "report", NULL};
static const char *const ERRORS[] = {"empty", NULL};

static const struct field MERGED[] = {
    FIELD(struct heap_input, values, ARRAY, "Sorted: least first, or with `order` `max` greatest first.",
          .required = true, .kinds = KIND_INT | KIND_REAL | KIND_STRING),
    {0},
};

static const struct field OPERATION[] = {
    FIELD(struct operation, op, ENUM, "What to do.", .required = true, .names = heap_op_names),
    FIELD(struct operation, value, VALUE, "What `push`, `replace` and `pushpop` put into the heap.",
          .kinds = KIND_INT | KIND_REAL | KIND_STRING),
    FIELD(struct operation, n, INT, "How many values `nlargest` and `nsmallest` give; all where there are fewer.",
          .present = offsetof(struct operation, has_n), FIELD_INTS(0, INT64_MAX)),
    FIELD(struct operation, inputs, LIST, "What `merge` merges; of any lengths.", .fields = MERGED,
          .size = sizeof(struct heap_input), .max_items = MAX_OPERATIONS, .bare = offsetof(struct heap_input, bare)),
    {0},
};

static const struct field INPUT[] = {
    FIELD(struct params, values, ARRAY,
          "The array to begin with, all numbers or all strings. It is taken as it is: begin with `heapify` unless it "
          "is a heap. With the values that are pushed, numbers are integers where every one of them is written as an "
          "integer, else reals.",
          .required = true, .kinds = KIND_INT | KIND_REAL | KIND_STRING),
    FIELD(struct params, order, ENUM, "Which value is at the root: the least or the greatest.", .names = ORDERS,
          .def = "min"),
    FIELD(
        struct params, on_empty, ENUM,
        "What a `pop` or `replace` of an empty heap is: an `error` of the request, or an operation that does nothing, "
        "`report`ed in its result.",
        .names = ON_EMPTY, .def = "error"),
    FIELD(struct params, operations, LIST, "What to do, one after the other.", .required = true, .fields = OPERATION,
          .size = sizeof(struct operation), .max_items = MAX_OPERATIONS),
    TRACE_INPUT(struct params),
    TIME_LIMIT_INPUT(struct params),
    {0},
};

static const struct field RESULT[] = {
    FIELD(struct heap_result, op, ENUM, "The operation.", .required = true, .names = heap_op_names),
    FIELD(struct heap_result, value, VALUE, "What `pop`, `replace` and `pushpop` gave.",
          .kinds = KIND_INT | KIND_REAL | KIND_STRING),
    FIELD(struct heap_result, values, ARRAY, "What `nlargest`, `nsmallest` and `merge` gave.",
          .kinds = KIND_INT | KIND_REAL | KIND_STRING),
    FIELD(struct heap_result, valid, BOOL, "Of `check`: whether the array is a heap.",
          .present = offsetof(struct heap_result, has_valid)),
    FIELD(struct heap_result, at, INT,
          "Of `check`: the first index, from 0, whose value belongs before that of its parent `(at - 1) / 2`. Left out "
          "where there is none.",
          .present = offsetof(struct heap_result, has_at)),
    {.name = "error",
     .doc = "With `on_empty` `report`: the heap was empty, and nothing was done.",
     .type = FIELD_ENUM,
     .offset = offsetof(struct heap_result, error),
     .present = offsetof(struct heap_result, empty),
     .names = ERRORS},
    {0},
};

static const struct field OUTPUT[] = {
    FIELD(struct result, heap, ARRAY, "The array after the last operation.", .required = true,
          .kinds = KIND_INT | KIND_REAL | KIND_STRING),
    FIELD(struct result, results, LIST, "One for each operation, in their order.", .required = true, .fields = RESULT,
          .size = sizeof(struct heap_result)),
    TRACE_OUTPUT(struct result,
                 "`operation` opens each one, with its `index` and `op`; `compare` and `swap` of two places; `set` (a "
                 "new value at the root); `push` (a new last value); `pop` (the last value goes); `take` (the next "
                 "value of `nlargest` or `nsmallest`, at its place; of `merge` the `value` with its `input` and "
                 "`index`). What `sort` does to the array is there as swaps."),
    {0},
};

/* log2_above is at least log2(n). */
static uint64_t log2_above(uint64_t n) { return 64 - (uint64_t)__builtin_clzll(n | 1); }

/* What one operation takes on a heap of n values; merge apart. */
static uint64_t operation_cost(const struct operation *o, uint64_t n) {
    uint64_t given = (uint64_t)o->n < n ? (uint64_t)o->n : n;
    switch ((enum heap_op)o->op) {
    case HEAP_HEAPIFY: return 20 * n;
    case HEAP_CHECK: return 3 * n;
    case HEAP_SORT: return 40 * n;
    case HEAP_NLARGEST:
    case HEAP_NSMALLEST: return 10 * n + 80 * given;
    default: return 60 + 8 * log2_above(n);
    }
}

static uint64_t merge_cost(const struct operation *o) {
    const struct heap_input *inputs = o->inputs.items;
    uint64_t n = 0;
    for (size_t j = 0; j < o->inputs.n; j++)
        n += inputs[j].values.n;
    return 100 * o->inputs.n + n * (40 + 6 * log2_above(o->inputs.n));
}

/* longest is the length of the longest string, where there are strings; 0 else. */
static size_t longest(const struct array *a) {
    size_t most = 0;
    for (size_t i = 0; a->kind == KIND_STRING && i < a->n; i++)
        most = a->strings[i].n > most ? a->strings[i].n : most;
    return most;
}

static size_t longest_of(const struct operation *o) {
    const struct heap_input *inputs = o->inputs.items;
    size_t most = o->value.kind == KIND_STRING ? o->value.s.n : 0;
    for (size_t j = 0; j < o->inputs.n; j++) {
        size_t n = longest(&inputs[j].values);
        most = n > most ? n : most;
    }
    return most;
}

/* Nanoseconds with those of writing the answer. The heap is taken to be as large as it can become, and its strings to
 * differ in their last bytes only. */
static uint64_t cost(const void *p) {
    const struct params *params = p;
    const struct operation *o = params->operations.items;
    uint64_t n = params->values.n + params->operations.n, sum = 2000 + 25 * n;
    size_t bytes = longest(&params->values);
    for (size_t i = 0; i < params->operations.n; i++) {
        sum += operation_cost(&o[i], n) + merge_cost(&o[i]) + 60;
        size_t m = longest_of(&o[i]);
        bytes = m > bytes ? m : bytes;
    }
    sum += trace_cost(params->has_trace, &params->trace, (double)sum);
    double all = (double)sum * (bytes ? 4 + (double)bytes / 32 : 1);
    return all < 1e18 ? (uint64_t)all : (uint64_t)1e18;
}

static struct heap_operation *operations_of(struct call *call, const struct list *list) {
    struct heap_operation *to = ctx_alloc(&call->ctx, list->n, sizeof *to);
    const struct operation *o = list->items;
    for (size_t i = 0; to && i < list->n; i++)
        to[i] = (struct heap_operation){(enum heap_op)o[i].op, o[i].value,   o[i].has_n, o[i].n,
                                        o[i].inputs.items,     o[i].inputs.n};
    return to;
}

static enum status run(struct call *call, const void *p, void *r) {
    const struct params *params = p;
    struct result *result = r;
    struct heap_in in = {
        .values = params->values,
        .max = params->order == 1,
        .operations = operations_of(call, &params->operations),
        .n_operations = params->operations.n,
        .report_empty = params->on_empty == 1,
        .trace_steps = params->has_trace ? (size_t)params->trace.max_steps : 0,
    };
    if (!in.operations)
        return STATUS_NO_MEMORY;
    struct heap_out out;
    enum status status = heap_solve(&call->ctx, &in, &out);
    *result = (struct result){out.heap, {in.n_operations, out.results}, out.trace};
    return status;
}

const struct endpoint ep_heap = {
    .method = "POST",
    .route = "/v1/solve/heap",
    .version = 2,
    .title = "Operations on a binary heap",
    .doc =
        "Runs heap operations on an array and gives what each returned and the array at the end. The array is laid out "
        "exactly as by Python's `heapq`, for `order` `max` as by the `_max` functions of Python 3.14, so that the two "
        "can be compared element by element.\n\n"
        "`heapify` makes the array a heap; `push` adds a value; `pop` gives the root; `replace` is a `pop` and then a "
        "`push`, `pushpop` a `push` and then a `pop`, each in one go; `nlargest` and `nsmallest` give `n` values in "
        "order, whatever `order` is, and leave the heap alone; `merge` makes one sorted array of its sorted `inputs`, "
        "of equal values those of the earlier input first, and has nothing to do with the heap; `sort` puts the array "
        "in order, which is a heap too; `check` says whether the array is a heap, and if not where it first is "
        "none.\n\n"
        "As in Python nothing but `check` looks whether the array is a heap, and -0.0 and 0.0 are equal: here they "
        "keep "
        "the order in which they stand. Strings are ordered by Unicode code point. A `pop` or `replace` of an empty "
        "heap is an error (or, with `on_empty`, told in its result), and so is an input of `merge` that is not sorted.",
    .source = "J. W. J. Williams, Algorithm 232: Heapsort, CACM 7(6), 1964; R. W. Floyd, Algorithm 245: Treesort 3, "
              "CACM 7(12), 1964; D. E. Knuth, The Art of Computer Programming 3, 5.2.3 and 5.4.1",
    .input = INPUT,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"values\":[5,3,8,1],\"operations\":[{\"op\":\"heapify\"},{\"op\":\"push\",\"value\":2},{\"op\":"
               "\"pop\"},{\"op\":\"nlargest\",\"n\":2},{\"op\":\"merge\",\"inputs\":[{\"values\":[1,4]},{\"values\":"
               "[2]}]},{\"op\":\"check\"}]}",
    .answer =
        "{\"heap\":[2,3,8,5],\"results\":[{\"op\":\"heapify\"},{\"op\":\"push\"},{\"op\":\"pop\",\"value\":1},{\"op\":"
        "\"nlargest\",\"values\":[8,5]},{\"op\":\"merge\",\"values\":[1,2,4]},{\"op\":\"check\",\"valid\":true}]}",
    .npy_output = "heap",
    .cost = cost,
    .run = run,
};
