#include "core/search/answer.h"
#include "handlers/call.h"
#include "handlers/time_limit_field.h"
#include "handlers/trace_fields.h"

struct params {
    struct answer_in in;
    struct trace_params trace;
    bool has_trace;
    int64_t time_limit_ms;
};

struct proof {
    struct value holds_at, fails_at;
};

struct result {
    bool found;
    struct value answer;
    int64_t evaluations;
    struct proof proof;
    struct trace trace;
};

enum { MAX_VALUES = 10 * 1000 * 1000, MAX_HOURS = 1000 * 1000 * 1000 };

static const struct field INPUT[] = {
    {.name = "problem",
     .doc = "Which problem; it says which of the other fields are wanted. A field that the problem has not is refused.",
     .type = FIELD_ENUM,
     .offset = offsetof(struct params, in.problem),
     .required = true,
     .names = answer_problem_names},
#define X(array, low, high, dimensions, text)     \
    {.name = #array,                              \
     .doc = text,                                 \
     .type = FIELD_ARRAY,                         \
     .offset = offsetof(struct params, in.array), \
     .kinds = KIND_INT,                           \
     .min_dims = (dimensions),                    \
     .max_dims = (dimensions),                    \
     .min_items = 1,                              \
     .max_items = MAX_VALUES,                     \
     FIELD_INTS(low, high)},
    ANSWER_ARRAYS(X)
#undef X
#define X(number, low, high, text)                                  \
    {.name = #number,                                               \
     .doc = text,                                                   \
     .type = FIELD_INT,                                             \
     .offset = offsetof(struct params, in.number),                  \
     .present = offsetof(struct params, in.given[ANSWER_##number]), \
     FIELD_INTS(low, high)},
        ANSWER_NUMBERS(X)
#undef X
            {.name = "hour",
             .doc = "Hours until the last ride has to end, a decimal of at most nine places; it is taken as that "
                    "decimal, not as the double next to it.",
             .type = FIELD_NUMBER,
             .offset = offsetof(struct params, in.hour),
             .present = offsetof(struct params, in.given[ANSWER_hour]),
             FIELD_REALS(0, MAX_HOURS)},
    TRACE_INPUT(struct params),
    TIME_LIMIT_INPUT(struct params),
    {0},
};

static const struct field PROOF[] = {
    FIELD(struct proof, holds_at, VALUE, "The predicate was evaluated here and holds: the answer.",
          .kinds = KIND_INT | KIND_REAL | KIND_STRING),
    FIELD(struct proof, fails_at, VALUE,
          "And here it fails: at the candidate beside the answer, on the better side. Without an answer: at the "
          "candidate where it would hold first.",
          .required = true, .kinds = KIND_INT | KIND_REAL | KIND_STRING),
    {0},
};

static const struct field OUTPUT[] = {
    FIELD(struct result, found, BOOL, "Whether there is an answer; false: no candidate is feasible.", .required = true),
    FIELD(struct result, answer, VALUE,
          "The least (or greatest) candidate that is feasible. A real for `separate-squares` and `gas-stations`: the "
          "least "
          "double. A string \"p/q\" in lowest terms for `kth-fraction`.",
          .kinds = KIND_INT | KIND_REAL | KIND_STRING),
    FIELD(struct result, evaluations, INT, "Evaluations of the predicate, those of the proof among them.",
          .required = true),
    FIELD(struct result, proof, OBJECT, "Both sides of the answer.", .required = true, .fields = PROOF),
    TRACE_OUTPUT(struct result,
                 "`evaluate` for each evaluation: `candidate`, whether it `holds` (0 or 1), and `lo` .. `hi`, where "
                 "the first candidate is that differs from those below: the answer, or the one above it where the "
                 "greatest is wanted."),
    {0},
};

/* Nanoseconds: 9 a value and evaluation (a division); roots are dearer. */
static uint64_t cost(const void *p) {
    const struct params *params = p;
    return (uint64_t)(2000 + 12 * answer_cost(&params->in)) +
           trace_cost(params->has_trace, &params->trace, ANSWER_MAX_EVALUATIONS);
}

static enum status run(struct call *call, const void *p, void *r) {
    const struct params *params = p;
    struct result *result = r;
    enum status status =
        trace_open(&call->ctx, params->has_trace, &params->trace, answer_values(&params->in), &result->trace);
    if (status != STATUS_OK)
        return status;
    struct answer_out out;
    status = answer_solve(&call->ctx, &params->in, params->has_trace ? &result->trace : NULL, &out);
    result->found = out.found;
    result->answer = out.answer;
    result->evaluations = out.evaluations;
    result->proof = (struct proof){out.holds_at, out.fails_at};
    return status;
}

const struct endpoint ep_answer_search = {
    .method = "POST",
    .route = "/v1/solve/answer-search",
    .version = 3,
    .title = "Binary search on the answer",
    .doc =
        "Problems whose answer is the least (or greatest) candidate that passes a test, where every greater (or "
        "lesser) "
        "one passes too: the candidates are bisected, and `proof` names the two evaluations that settle it.\n\n"
        "- `ship-capacity` {weights, days}: the least capacity that ships all, in order, in that many days.\n"
        "- `eating-speed` {piles, hours}: the least speed that eats all; an hour is for one pile.\n"
        "- `split-array` {nums, k}: the least greatest sum of at most k runs.\n"
        "- `magnetic-force` {position, m}: the greatest least distance of m balls; m is at least 2.\n"
        "- `multiplication-table` {m, n, k}: the k-th least entry; m or n is at most 10^7.\n"
        "- `integer-root` {n, degree}: the greatest x with x to that degree at most n.\n"
        "- `h-index` {citations}: the greatest h with h papers of h citations or more.\n"
        "- `bouquets` {bloom_day, m, k}: the first day with m bouquets of k flowers side by side.\n"
        "- `smallest-divisor` {nums, threshold}: the least divisor whose quotients, rounded up, sum to no more.\n"
        "- `arrival-speed` {dist, hour}: the least whole speed; every ride but the last starts on a full hour.\n"
        "- `minimized-maximum-products` {quantities, n}: the least greatest share of n stores of one type each.\n"
        "- `score-of-ranges` {start, d}: the greatest least distance of one integer from each [start, start + d].\n"
        "- `mountain-height` {mountain_height, worker_times}: the least seconds; the u-th unit of a worker takes u "
        "times their time.\n"
        "- `game-score` {points, m}: the greatest least score after m steps, the first one onto place 0.\n"
        "- `trips` {time, total_trips}, `repair-cars` {ranks, cars}: the least time.\n"
        "- `candies` {candies, k}: the most each of k children gets, from one pile each.\n"
        "- `bag-limit` {nums, max_operations}: the least greatest bag after that many splits.\n"
        "- `pair-distance` {nums, k}: the k-th least difference of two of them.\n"
        "- `computers` {batteries, n}: the most minutes that n computers run together.\n"
        "- `first-bad-version` {n, bad}: the first of n versions that is bad.\n"
        "- `separate-squares` {squares}: the least y with at least half of the area below it (overlaps count twice); a "
        "real, exact to the last bit.\n"
        "- `gas-stations` {stations, k}: the least greatest distance of neighbours after k more, at any places; a "
        "real, "
        "exact to the last bit.\n"
        "- `power-stations` {stations, r, k}: the greatest least number of stations that serve a city, after k more.\n"
        "- `sweetness` {sweetness, k}: the greatest least sum of k + 1 pieces of a bar, after k cuts.\n"
        "- `tastiness` {price, k}: the greatest least difference of the prices of k candies; k is at least 2.\n"
        "- `house-robber` {nums, k}: the least greatest number of k, no two of them neighbours.\n"
        "- `disjoint-pairs` {nums, p}: the least greatest difference of p pairs, no number in two of them.\n"
        "- `array-maximum` {nums}: the least maximum, when any number may lose one to the number before it, any number "
        "of times.\n"
        "- `value-at-index` {n, index, max_sum}: the greatest value there, in an array of n positive integers whose "
        "neighbours differ by at most 1, and which sum to at most max_sum.\n"
        "- `ugly-number` {n, divisors}: the n-th positive integer that one of the divisors divides.\n"
        "- `kth-missing` {arr, k}: the k-th positive integer that is not among them.\n"
        "- `kth-product` {nums1, nums2, k}: the k-th least product of one of each.\n"
        "- `kth-fraction` {arr, k}: the k-th least fraction of two of them, the lesser above the greater.\n"
        "- `kth-in-matrix` {matrix, k}: the k-th least element. For any matrix there is `/v1/solve/kth-largest`.\n\n"
        "Where no candidate is feasible, `found` is false and there is no `answer`; a search of the least one then "
        "says in `proof` at which candidate everything that could help was of no help. Nothing overflows: an answer "
        "past 2^63 - 1, or below -2^63 + 1, is refused.",
    .source = "D. E. Knuth, The Art of Computer Programming 3, 6.2.1",
    .input = INPUT,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example =
        "{\"problem\":\"ship-capacity\",\"weights\":[1,2,3,4,5,6,7,8,9,10],\"days\":5,\"trace\":{\"max_steps\":2}}",
    .answer =
        "{\"found\":true,\"answer\":15,\"evaluations\":6,\"proof\":{\"holds_at\":15,\"fails_at\":14},\"trace\":{\"steps"
        "\":[{\"i\":0,\"op\":\"evaluate\",\"at\":[],\"vars\":{\"lo\":10,\"hi\":55,\"candidate\":55,\"holds\":1}},{"
        "\"i\":1,\"op"
        "\":\"evaluate\",\"at\":[],\"vars\":{\"lo\":10,\"hi\":55,\"candidate\":32,\"holds\":1}}],\"total\":6}}",
    .cost = cost,
    .run = run,
};
