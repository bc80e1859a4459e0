#include "core/window/minimum_window.h"
#include "handlers/call.h"
#include "handlers/time_limit_field.h"
#include "handlers/trace_fields.h"
#include "handlers/why_field.h"

struct params {
    struct str s, t;
    bool has_s, has_t, has_unit, has_trace, all;
    int unit;
    struct array tokens, wanted;
    struct trace_params trace;
    int64_t time_limit_ms;
};

struct result {
    bool found;
    struct str window;
    struct array tokens, starts;
    int64_t start, length;
    bool has_place;
    int algorithm;
    struct str why;
    struct trace trace;
};

static const char *const UNITS[] = {"codepoint", "byte", NULL};

static const struct field INPUT[] = {
    FIELD(struct params, s, STRING, "The text to search.", .present = offsetof(struct params, has_s)),
    FIELD(struct params, t, STRING, "The characters that the window must hold, each as often as it stands here.",
          .present = offsetof(struct params, has_t)),
    FIELD(struct params, unit, ENUM,
          "With `s`: what `start` and `length` count, and so what the shortest window is: code points, or bytes of "
          "UTF-8.",
          .names = UNITS, .def = "codepoint", .present = offsetof(struct params, has_unit)),
    FIELD(struct params, tokens, ARRAY, "The tokens to search, instead of a text.", .kinds = KIND_INT | KIND_STRING),
    FIELD(struct params, wanted, ARRAY, "The tokens that the window must hold, each as often as it stands here.",
          .kinds = KIND_INT | KIND_STRING),
    FIELD(struct params, all, BOOL, "Also give where each of the shortest windows starts.", .def = "false"),
    TRACE_INPUT(struct params),
    TIME_LIMIT_INPUT(struct params),
    {0},
};

/* A text or tokens; tokens are counted as they are, without a unit. */
static const struct rule RULES[] = {
    TOGETHER("s", "t"), TOGETHER("tokens", "wanted"), EXACTLY_ONE("s", "tokens"), REQUIRES("unit", "s"), {0},
};

static const struct field OUTPUT[] = {
    FIELD(struct result, found, BOOL, "Whether there is such a window. If not, the place and the window are left out.",
          .required = true),
    FIELD(struct result, window, STRING, "With `s`: the first of the shortest windows."),
    FIELD(struct result, tokens, ARRAY, "With `tokens`: the first of the shortest windows.",
          .kinds = KIND_INT | KIND_STRING),
    FIELD(struct result, start, INT, "Where it starts, from 0, in units or tokens.",
          .present = offsetof(struct result, has_place)),
    FIELD(struct result, length, INT, "Its length, in units or tokens.", .present = offsetof(struct result, has_place)),
    FIELD(struct result, starts, ARRAY, "With `all`: where each of the windows of that length starts, ascending.",
          .kinds = KIND_INT),
    FIELD(struct result, algorithm, ENUM,
          "How `s` was read: its `bytes`, `symbols` for its code points, or `tokens` for the tokens.", .required = true,
          .names = minimum_window_algorithm_names),
    WHY_OUTPUT(struct result),
    TRACE_OUTPUT(struct result,
                 "The two ends of the plain search: `expand` (a place joins at the right; how many are `missing`), "
                 "`best` (a shorter window, from its first to its last place, with `start` and `length`) and `shrink` "
                 "(a place leaves at the left)."),
    {0},
};

/* Nanoseconds, measured with bench/window.c. */
static uint64_t cost(const void *p) {
    const struct params *params = p;
    double text = 10 * (double)(params->s.n + params->t.n), strings = params->tokens.kind == KIND_STRING ? 4 : 1;
    double log = 64 - __builtin_clzll(params->wanted.n | 1);
    double tokens = strings * (double)(params->tokens.n + params->wanted.n) * (20 + 8 * log);
    return (uint64_t)(5000 + text + tokens) +
           trace_cost(params->has_trace, &params->trace, 3.0 * (double)(params->s.n + params->tokens.n));
}

static enum status run(struct call *call, const void *p, void *r) {
    const struct params *params = p;
    struct result *result = r;
    struct minimum_window_in in = {.s = params->s,
                                   .t = params->t,
                                   .unit = (enum minimum_window_unit)params->unit,
                                   .tokens = params->tokens,
                                   .wanted = params->wanted,
                                   .all = params->all};
    struct minimum_window_out out;
    result->trace.max_steps = (size_t)params->trace.max_steps;
    enum status status = minimum_window_solve(&call->ctx, &in, params->has_trace ? &result->trace : NULL, &out);
    if (status != STATUS_OK)
        return status;
    result->found = result->has_place = out.found;
    result->window = out.text;
    result->tokens = out.tokens;
    result->starts = out.starts;
    result->algorithm = (int)out.algorithm;
    result->why = why_text(out.why);
    result->start = (int64_t)out.start;
    result->length = (int64_t)out.length;
    return STATUS_OK;
}

const struct endpoint ep_minimum_window = {
    .method = "POST",
    .route = "/v1/solve/minimum-window",
    .version = 2,
    .title = "Minimum window that holds all of a set",
    .doc =
        "Finds the shortest stretch of `s` that holds every character of `t`, each as often as `t` has it; or the same "
        "for arrays of tokens, integers or strings. Of windows of equal length the first is answered; `all` lists "
        "where "
        "every one of them starts.\n\n"
        "Characters are code points: no case folding, no normalisation, so \"e\" with a combining accent is two. "
        "`unit` "
        "tells what is counted. With `byte` the shortest window is that of fewest bytes, and `start` and `length` are "
        "bytes of UTF-8; a window never cuts a character.",
    .input = INPUT,
    .rules = RULES,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"s\":\"ADOBECODEBANC\",\"t\":\"ABC\"}",
    .answer = "{\"found\":true,\"window\":\"BANC\",\"start\":9,\"length\":4,\"algorithm\":\"bytes\",\"why\":\"What is "
              "wanted is ASCII, and so is what is counted: a place of s is a byte.\"}",
    .npy_output = "starts tokens",
    .cost = cost,
    .run = run,
};
