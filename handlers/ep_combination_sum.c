#include <string.h>

#include "core/combine/combination.h"
#include "handlers/call.h"
#include "handlers/encode.h"
#include "handlers/number.h"
#include "handlers/time_limit_field.h"
#include "handlers/trace_fields.h"

enum { LINE_MAX = 1 << 30 }; /* bytes of one combination */

struct params {
    struct array candidates;
    int64_t target, min_length, max_length, limit;
    bool reuse, ordered, distinct, indices, count, count_only;
    int order;
    bool has_max_length, has_limit, has_count, has_trace;
    struct str cursor;
    struct value offset;
    struct trace_params trace;
    int64_t time_limit_ms;
};

struct result {
    struct rows combinations;
    struct value count;
    struct str next_cursor;
    struct trace trace;
};

static const char *const ORDERS[] = {[COMBINATION_ASCENDING] = "ascending",
                                     [COMBINATION_DESCENDING] = "descending",
                                     [COMBINATION_SHORT] = "short-first",
                                     [COMBINATION_LONG] = "long-first",
                                     NULL};

static const struct field INPUT[] = {
    FIELD(struct params, candidates, ARRAY,
          "The integers to add up, in any order. With `reuse`, equal ones are one; without, they are so many copies; "
          "with `distinct` they are different items.",
          .required = true, .kinds = KIND_INT, FIELD_INTS(1, INT64_MAX), .max_items = COMBINATION_MAX_CANDIDATES),
    FIELD(struct params, target, INT, "The sum.", .required = true, FIELD_INTS(0, INT64_MAX)),
    FIELD(struct params, reuse, BOOL,
          "Whether a candidate may be used any number of times; else each listed one at most once.", .def = "true"),
    FIELD(struct params, ordered, BOOL,
          "Whether the same numbers in another order are another combination. Wants `reuse`.", .def = "false"),
    FIELD(struct params, distinct, BOOL,
          "Whether equal candidates are different items, so that the same numbers are another combination where they "
          "are other ones of the candidates. Without `reuse` the count is that of the subsets by index.",
          .def = "false"),
    FIELD(
        struct params, indices, BOOL,
        "Give the indices of the numbers in `candidates`, from 0, in place of the numbers; of equal ones that are not "
        "`distinct` the first that serve.",
        .def = "false"),
    FIELD(
        struct params, order, ENUM,
        "How combinations follow each other. `ascending`: in lexicographic order of their numbers; `descending`: that "
        "list from its end; `short-first` and `long-first`: by length, and in lexicographic order where it is equal. "
        "Distinct items of equal size go by index. By length, the tables have an entry for each length up to the "
        "longest; `max_length` keeps them small.",
        .names = ORDERS, .def = "ascending"),
    FIELD(struct params, min_length, INT, "Numbers in a combination, at least.", .def = "0", FIELD_INTS(0, INT64_MAX)),
    FIELD(struct params, max_length, INT, "Numbers in a combination, at most. Absent: any.", FIELD_INTS(0, INT64_MAX),
          .present = offsetof(struct params, has_max_length)),
    FIELD(struct params, count, BOOL,
          "Also count all combinations. `false` spares the table of counts, for pages after the first, say.",
          .def = "true", .present = offsetof(struct params, has_count)),
    FIELD(struct params, count_only, BOOL, "Give the count alone.", .def = "false"),
    FIELD(struct params, limit, INT,
          "Combinations in the answer, at most; up to 1000000, and as many as you like where they come as "
          "application/x-ndjson. Not with `count_only`.",
          .def = "1000", FIELD_INTS(1, INT64_MAX), .present = offsetof(struct params, has_limit)),
    FIELD(struct params, cursor, STRING,
          "The `next_cursor` of an answer to the same candidates, target, reuse, ordered, distinct, lengths and order: "
          "goes on behind it.",
          .max_items = COMBINATION_MAX_CURSOR),
    FIELD(struct params, offset, VALUE,
          "Combinations to pass before the first that is given: an integer, or its decimal digits as a string, of any "
          "length. "
          "Nothing that is passed is made. Not beside a cursor.",
          .kinds = KIND_INT | KIND_STRING),
    TRACE_INPUT(struct params),
    TIME_LIMIT_INPUT(struct params),
    {0},
};

static const struct rule RULES[] = {AT_MOST_ONE("cursor", "offset"), {0}};

static const struct field OUTPUT[] = {
    FIELD(
        struct result, combinations, ROWS,
        "The combinations in their `order`, each nondecreasing unless `ordered`; with `indices`, the indices of these "
        "numbers. Absent with `count_only`."),
    FIELD(struct result, count, VALUE,
          "How many there are in all: an integer up to 2^53, beyond that a string of decimal digits.",
          .kinds = KIND_INT | KIND_STRING),
    FIELD(struct result, next_cursor, STRING, "Where the next page begins; absent where there are no more."),
    TRACE_OUTPUT(struct result,
                 "The backtracking tree: `choose` and `unchoose` of a candidate, with the `depth` and the `rest` of "
                 "the target then, and `emit` of a `row` of the answer; `at` counts in the candidates sorted, without "
                 "those above `target` and, with `reuse`, without equal ones. No choice is ever in vain."),
    {0},
};

/* most_rows bounds the combinations of a page: by the product of the uses of all candidates but one. */
static double most_rows(const struct params *p, double longest) {
    double rows = 1, limit = (double)p->limit, n = (double)p->candidates.n;
    for (size_t i = 1; i < p->candidates.n && rows < limit && !p->ordered; i++)
        rows *= 1 + (p->reuse ? (double)p->target / (double)p->candidates.ints[i] : 1);
    for (double i = 0; i < longest && rows < limit && p->ordered && n > 1; i++)
        rows *= n;
    return rows < limit ? rows : limit;
}

/* cost: filling the tables, with a limb for each 64 bits that target^n can have, and making and writing the page; the
 * nanoseconds were measured with bench/combine.c, and are rather too many. */
static uint64_t cost(const void *params) {
    const struct params *p = params;
    double n = (double)p->candidates.n, target = (double)p->target, least = target;
    for (size_t i = 0; i < p->candidates.n; i++)
        least = (double)p->candidates.ints[i] < least ? (double)p->candidates.ints[i] : least;
    double longest = least > 0 ? target / least : 0, states = 1 + (double)p->min_length;
    if (!p->reuse && longest > n)
        longest = n;
    if (p->has_max_length && (double)p->max_length < longest)
        states = 1 + (double)p->max_length, longest = (double)p->max_length;
    if (p->order == COMBINATION_SHORT || p->order == COMBINATION_LONG)
        states = 1 + longest;
    double table = (target + 1) * states;
    table = table < COMBINATION_MAX_STATES ? table : COMBINATION_MAX_STATES;
    double bits = 64 - __builtin_clzll((uint64_t)p->target | 1), limbs = 1 + (p->ordered ? longest : n) * bits / 64;
    double listing =
        p->count_only ? 0
                      : 3 * (n + 2) * table + most_rows(p, longest) * (100 + (p->has_trace ? 300 : 15) * (longest + 1));
    double counts = p->count || p->count_only ? 1 : 0, ranks = p->offset.kind != KIND_NONE ? 2 : 0;
    double total = 3000 + 200 * n + listing + 2 * (ranks > counts ? ranks : counts) * (n + 3) * table * limbs;
    return total < 1e15 ? (uint64_t)total : (uint64_t)1e15;
}

/* check_together refuses fields that mean nothing beside others. */
static enum status check_together(struct call *call, const struct params *p) {
    static const char ALONE[] = "count_only is true and %s is given, want count_only without it.";
    const char *beside = p->has_limit                  ? "limit"
                         : p->cursor.p                 ? "cursor"
                         : p->offset.kind != KIND_NONE ? "offset"
                         : p->has_trace                ? "trace"
                         : p->has_count && !p->count   ? "count false"
                                                       : NULL;
    if (p->count_only && beside)
        return ctx_fail(&call->ctx, STATUS_INVALID, "/count_only", ALONE, beside);
    return STATUS_OK;
}

static enum status check_limit(struct call *call, const struct params *p) {
    if (p->limit <= COMBINATION_MAX_LIMIT)
        return STATUS_OK;
    return ctx_fail(&call->ctx, STATUS_INVALID, "/limit",
                    "limit is %lld, want at most %d, or a stream: Accept: application/x-ndjson without a trace.",
                    (long long)p->limit, COMBINATION_MAX_LIMIT);
}

/* -- Lines -- */

/* The text of the last line, with the end of each value in it: what the next combination keeps is not written again. */
struct line {
    struct ctx *ctx;
    struct sink *sink;
    struct buf text;
    size_t depth, room;
    size_t *end; /* [depth] in the arena */
};

static bool reserve_ends(struct line *line, size_t n) {
    if (n <= line->room)
        return true;
    size_t room = n < 64 ? 64 : 2 * n, *end = ctx_alloc(line->ctx, room, sizeof *end);
    if (end && line->depth)
        memcpy(end, line->end, line->depth * sizeof *end);
    line->end = end;
    line->room = end ? room : 0;
    return end;
}

/* write_line is combination_page.row. */
static enum status write_line(void *self, const int64_t *values, size_t n, size_t kept) {
    struct line *line = self;
    struct buf *text = &line->text;
    line->depth = kept < line->depth ? kept : line->depth; /* the first call: there is none before */
    if (!reserve_ends(line, n))
        return STATUS_NO_MEMORY;
    text->n = line->depth ? line->end[line->depth - 1] : 0;
    for (size_t i = line->depth; i < n; i++) {
        buf_byte(text, i ? ',' : '[');
        number_write_int(text, values[i]);
        line->end[i] = text->n;
    }
    line->depth = n;
    buf_text(text, n ? "]\n" : "[]\n");
    buf_add(&line->sink->out, text->data, text->n);
    line->sink->out.failed |= text->failed;
    return sink_line(line->sink) ? STATUS_OK : sink_closed(line->ctx);
}

/* solve fills the result; with a line, combinations are lines. */
static enum status solve(struct call *call, const struct params *p, struct result *r, struct line *line) {
    const struct combination_in in = {.candidates = p->candidates.ints,
                                      .n = p->candidates.n,
                                      .target = p->target,
                                      .reuse = p->reuse,
                                      .ordered = p->ordered,
                                      .distinct = p->distinct,
                                      .indices = p->indices,
                                      .order = (enum combination_order)p->order,
                                      .min_length = p->min_length,
                                      .max_length = p->has_max_length ? p->max_length : INT64_MAX};
    const struct combination_page page = {.list = !p->count_only,
                                          .count = p->count || p->count_only,
                                          .limit = p->limit,
                                          .cursor = p->cursor,
                                          .offset = p->offset,
                                          .trace = p->has_trace ? &r->trace : NULL,
                                          .max_steps = (size_t)p->trace.max_steps,
                                          .row = line ? write_line : NULL,
                                          .row_self = line};
    struct combination_out out;
    enum status status = combination_solve(&call->ctx, &in, &page, &out);
    if (!line)
        r->combinations = out.rows;
    r->count = out.count;
    r->next_cursor = out.next_cursor;
    call->partial = out.cut;
    return status;
}

static enum status run(struct call *call, const void *params, void *result) {
    enum status status = check_together(call, params);
    if (status == STATUS_OK)
        status = check_limit(call, params);
    return status == STATUS_OK ? solve(call, params, result, NULL) : status;
}

static enum status stream(struct call *call, const void *params, void *result, struct sink *sink) {
    struct line line = {.ctx = &call->ctx, .sink = sink};
    enum status status = check_together(call, params);
    if (status != STATUS_OK)
        return status;
    buf_init(&line.text, LINE_MAX);
    status = solve(call, params, result, &line);
    buf_release(&line.text);
    return status;
}

const struct endpoint ep_combination_sum = {
    .method = "POST",
    .route = "/v1/solve/combination-sum",
    .version = 3,
    .title = "Combination sums: listed, paged, counted",
    .doc =
        "Finds all combinations of the candidates with the sum `target`: with `reuse` any number of each (combination "
        "sum I), without it each listed candidate once (II), with `ordered` all sequences (IV). Fixed sizes, as in "
        "killer sudoku, are `min_length` and `max_length`. With `distinct` equal candidates are different items: the "
        "subsets by index, as a target sum of signs wants them (the signs of numbers with the sum S that make t are "
        "the "
        "subsets of sum (S + t) / 2).\n\n"
        "The count is exact however large, and made from generating functions: 200 candidates and a target of 100000 "
        "take a fraction of a second. Nothing is listed for it.\n\n"
        "Combinations come in lexicographic order, its reverse, or by length (`order`), a page at a time. "
        "`next_cursor` goes on behind a page and costs no "
        "more for the millionth page than for the first; `offset` begins anywhere, at combination number 10^50 as "
        "well, "
        "by the count's table. An `offset` past the end gives an empty page. A page ends at `limit`, or with the "
        "combination that reaches 8388608 values. A time limit ends it too, with a cursor to go on from.\n\n"
        "As `application/x-ndjson` a page has any length, and is sent as it is found (the count is made first; `count` "
        "`false` spares that): millions of combinations a second, no faster than they are read, in no more memory than "
        "one takes.\n\n"
        "Tables have an entry for each rest below `target` (over the common divisor of the candidates) and each "
        "number of parts that `min_length`, `max_length` or an order by length make count; at most 16777216 entries, "
        "and 268435456 bytes "
        "of counts. A target of 0 has one combination, the empty one.",
    .source =
        "D. E. Knuth, The Art of Computer Programming 4A, 7.2.1.4, and 4B, 7.2.2; G. Polya and G. Szego, Problems "
        "and Theorems in Analysis I, part 1",
    .input = INPUT,
    .rules = RULES,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"candidates\":[2,3,6,7],\"target\":12,\"limit\":3}",
    .answer = "{\"combinations\":[[2,2,2,2,2,2],[2,2,2,3,3],[2,2,2,6]],\"count\":7,\"next_cursor\":"
              "\"65702b06daeb3508.2x3_6\"}",
    .ndjson_output = "combinations",
    .max_memory = (size_t)768 << 20,
    .cost = cost,
    .run = run,
    .stream = stream,
};
