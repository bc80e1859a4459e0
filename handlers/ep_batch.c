/* Many requests in one. Each is a call of its own, with its own arena, decoded when the batch is: so the batch knows
 * its cost, whether a seed was drawn, and its canonical form before anything runs. */
#include <stdatomic.h>
#include <stdio.h>

#include "handlers/call.h"
#include "handlers/encode.h"

enum { MAX_REQUESTS = 1000, ITEM_NS = 3000 };
static const size_t ANSWERS_MAX = (size_t)1 << 30;

struct item {
    struct call call; /* while `live` */
    bool live;        /* decoded, and not answered yet */
    bool cut;         /* time, memory or the host decided over the answer: another time it may be another */
    int http;
    struct buf out; /* the answer or the problem */
};

struct request_item {
    struct str path, body;
};

struct params {
    struct list requests; /* of struct request_item */
    int64_t time_limit_ms;
    struct item *items; /* [n_items] */
    size_t n_items;
    uint64_t cost_ns;
};

struct answer_item {
    int64_t status;
    struct str body, problem;
};

struct result {
    struct list answers;
};

static const struct field REQUEST[] = {
    FIELD(struct request_item, path, STRING, "The path of a POST endpoint, such as `/v1/solve/sort`.", .required = true,
          .min_items = 1, .max_items = 255),
    FIELD(struct request_item, body, JSON, "Its request, but for `time_limit_ms`.", .required = true),
    {0},
};

static const struct field INPUT[] = {
    FIELD(struct params, requests, LIST, "The requests.", .required = true, .fields = REQUEST,
          .size = sizeof(struct request_item), .max_items = MAX_REQUESTS),
    FIELD(struct params, time_limit_ms, INT,
          "Milliseconds for all together. What is not done by then answers the best found so far where that endpoint "
          "does, else a problem.",
          .role = ROLE_TIME_LIMIT, FIELD_INTS(1, 3600 * 1000)),
    {0},
};

static const struct field ANSWER[] = {
    FIELD(struct answer_item, status, INT, "The HTTP status that the request alone would have had.", .required = true),
    FIELD(struct answer_item, body, JSON, "With status 200: the answer."),
    FIELD(
        struct answer_item, problem, JSON,
        "Else: the problem document; its pointers are into the item's body, its `request_id` is `item-` and the index "
        "of the item."),
    {0},
};

static const struct field OUTPUT[] = {
    FIELD(struct result, answers, LIST, "One for each request, in their order.", .required = true, .fields = ANSWER,
          .size = sizeof(struct answer_item)),
    {0},
};

static void item_id(char to[32], size_t i) { snprintf(to, 32, "item-%zu", i); }

/* refuse answers an item that has no call. */
static void refuse(struct item *item, size_t i, int http, const char *code, const char *format, const char *path) {
    char id[32], detail[448];
    item_id(id, i);
    snprintf(detail, sizeof detail, format, path);
    problem_write(&item->out, NULL, http, code, id, detail);
    item->http = http;
}

/* fail answers an item with what is wrong with its call, which it ends. */
static void fail(struct item *item, size_t i) {
    char id[32];
    item_id(id, i);
    buf_clear(&item->out);
    item->out.failed = false;
    call_problem(&item->call, id, &item->out);
    item->http = item->call.http;
    item->live = false;
    call_release(&item->call);
}

static enum status prepare(struct call *call, void *p);

static const struct endpoint *find(struct item *item, size_t i, const char *path) {
    char allow[64];
    const struct endpoint *endpoint = endpoint_find("POST", path, allow);
    if (!endpoint && *allow)
        refuse(item, i, 405, "method_not_allowed", "%.200s takes no POST, and a batch sends nothing else.", path);
    else if (!endpoint)
        refuse(item, i, 404, "not_found", "There is nothing at %.200s; GET /openapi.json lists what there is.", path);
    else if (endpoint->prepare == prepare || endpoint->cache == CACHE_NEVER)
        refuse(item, i, 422, "invalid",
               endpoint->prepare == prepare
                   ? "%.200s is a batch itself; want its requests here, one by one."
                   : "The answer of %.200s is no function of its request, and a batch takes no such.",
               path);
    else
        return endpoint;
    return NULL;
}

static void begin(struct call *batch, struct item *item, size_t i, const struct request_item *request) {
    buf_init(&item->out, ANSWERS_MAX);
    const struct endpoint *endpoint = find(item, i, request->path.p); /* decode_string ends it with a NUL */
    if (!endpoint)
        return;
    struct call *call = &item->call;
    call_init(call, endpoint, batch->host);
    call->ctx.stop = batch->ctx.stop;
    call->seeds = batch->seeds;
    call->hasty = batch->hasty;
    call->request = (struct request){.path = request->path.p,
                                     .query = "",
                                     .media = "application/json",
                                     .body = request->body.p,
                                     .n = request->body.n};
    item->live = true;
    if (call_decode(call) == STATUS_OK && call->time_limit_ms > 0)
        (void)call_fail(call, STATUS_INVALID, "/time_limit_ms",
                        "A request of a batch has no time limit of its own; give time_limit_ms beside requests.");
    batch->impure |= call->impure;
    batch->later |= call->later;
    if (call->status != STATUS_OK)
        fail(item, i);
}

static enum status prepare(struct call *call, void *p) {
    struct params *params = p;
    const struct request_item *requests = params->requests.items;
    size_t n = params->requests.n;
    params->items = ctx_alloc(&call->ctx, n ? n : 1, sizeof *params->items);
    if (!params->items)
        return STATUS_NO_MEMORY;
    for (; params->n_items < n && ctx_stop(&call->ctx) != STOP_CANCEL; params->n_items++) {
        size_t i = params->n_items;
        struct item *item = &params->items[i];
        item->live = item->cut = false;
        begin(call, item, i, &requests[i]);
        if (call->later)
            return params->n_items++, STATUS_UNREADY;
        params->cost_ns += ITEM_NS + 2 * requests[i].body.n + (item->live ? call_cost(&item->call) : 0);
    }
    return params->n_items == n ? STATUS_OK : ctx_stopped(&call->ctx);
}

static void release(void *p) {
    struct params *params = p;
    for (size_t i = 0; i < params->n_items; i++) {
        if (params->items[i].live)
            call_release(&params->items[i].call);
        buf_release(&params->items[i].out);
    }
    params->n_items = 0;
}

/* canonical writes the items as they were understood, with their seeds. */
static void canonical(const void *p, struct buf *out) {
    const struct params *params = p;
    const struct request_item *requests = params->requests.items;
    buf_text(out, "{\"requests\":[");
    for (size_t i = 0; i < params->n_items; i++) {
        struct item *item = &params->items[i];
        buf_text(out, i ? ",{\"path\":" : "{\"path\":");
        encode_string(out, requests[i].path.p, requests[i].path.n);
        buf_text(out, ",\"body\":");
        if (!item->live)
            buf_add(out, requests[i].body.p, requests[i].body.n);
        else if (item->call.endpoint->canonical)
            item->call.endpoint->canonical(item->call.params, out);
        else
            encode_fields(out, item->call.endpoint->input, item->call.params);
        buf_byte(out, '}');
    }
    buf_text(out, "]}");
}

static uint64_t cost(const void *params) { return ((const struct params *)params)->cost_ns; }

struct work {
    struct call *batch;
    struct item *items;
    size_t n;
    atomic_size_t bytes; /* of all answers so far */
    atomic_size_t done;
};

static enum status answer(struct call *call, struct buf *out) {
    if (ctx_stop(&call->ctx) != STOP_NONE)
        return call_fail(call, STATUS_TIMED_OUT, "", "The batch ran out of time before this request was begun.");
    if (call->host->answer)
        return call->host->answer(call->host->self, call, out);
    enum status status = call_run(call);
    return status == STATUS_OK ? call_encode(call, MEDIA_JSON, out) : status;
}

static bool chance(enum status status) {
    return status == STATUS_TIMED_OUT || status == STATUS_CANCELLED || status == STATUS_NO_MEMORY ||
           status == STATUS_INTERNAL;
}

static void answer_one(void *arg, size_t i) {
    struct work *work = arg;
    struct item *item = &work->items[i];
    if (!item->live || atomic_load_explicit(&work->bytes, memory_order_relaxed) > ANSWERS_MAX)
        return;
    struct call *call = &item->call;
    call->ctx.parallel = work->batch->ctx.parallel;
    call->ctx.stop = work->batch->ctx.stop;
    enum status status = answer(call, &item->out);
    item->cut = call->partial || chance(status);
    if (status == STATUS_OK) {
        item->http = 200;
        item->live = false;
        call_release(call);
    } else {
        fail(item, i);
    }
    atomic_fetch_add_explicit(&work->bytes, item->out.n, memory_order_relaxed);
    size_t done = atomic_fetch_add_explicit(&work->done, 1, memory_order_relaxed) + 1;
    call_share(work->batch, (double)done / (double)work->n);
}

static enum status run(struct call *call, const void *p, void *r) {
    const struct params *params = p;
    struct result *result = r;
    struct work work = {.batch = call, .items = params->items, .n = params->n_items};
    struct answer_item *answers = ctx_zalloc(&call->ctx, params->n_items ? params->n_items : 1, sizeof *answers);
    if (!answers)
        return STATUS_NO_MEMORY;
    result->answers = (struct list){params->n_items, answers};
    parallel_for(&call->ctx, params->n_items, answer_one, &work);
    if (ctx_stop(&call->ctx) == STOP_CANCEL)
        return ctx_stopped(&call->ctx);
    if (work.bytes > ANSWERS_MAX)
        return ctx_fail(&call->ctx, STATUS_TOO_LARGE, "/requests", "The answers together are larger than %zu bytes.",
                        ANSWERS_MAX);
    for (size_t i = 0; i < params->n_items; i++) {
        struct item *item = &params->items[i];
        if (item->out.failed)
            return ctx_fail(&call->ctx, STATUS_NO_MEMORY, "", "There is no memory left for the answers.");
        call->partial |= item->cut;
        answers[i].status = item->http;
        *(item->http == 200 ? &answers[i].body : &answers[i].problem) = (struct str){item->out.data, item->out.n};
    }
    return STATUS_OK;
}

const struct endpoint ep_batch = {
    .method = "POST",
    .route = "/v1/batch",
    .version = 2,
    .title = "Many requests in one",
    .doc = "Answers a list of requests, in their order, as each would be answered alone: the same bytes, the same "
           "limits, the same remembered answers. One that is wrong has its problem document, and the others go on. "
           "They are computed side by side where there are idle workers.\n\n"
           "All items share one time limit, so `time_limit_ms` stands beside `requests` and in none of them. A batch "
           "in a batch, and what is no POST, is refused. Where no item draws a seed, the batch as a whole is a pure "
           "function of its request too.",
    .input = INPUT,
    .params_size = sizeof(struct params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .ndjson_output = "answers",
    .example = "{\"requests\":[{\"path\":\"/v1/solve/kth-largest\",\"body\":{\"values\":[3,1,2],\"k\":2}},"
               "{\"path\":\"/v1/solve/kth-largest\",\"body\":{\"values\":[7,5],\"k\":1}}]}",
    .answer = "{\"answers\":[{\"status\":200,\"body\":{\"value\":2,\"algorithm\":\"select\",\"why\":\"For few ranks a "
              "reading of the values for each is less than a "
              "sort.\"}},{\"status\":200,\"body\":{\"value\":7,\"algorithm\":\"select\",\"why\":\"For few ranks a "
              "reading of the values for each is less than a sort.\"}}]}",
    .prepare = prepare,
    .release = release,
    .canonical = canonical,
    .cost = cost,
    .run = run,
};
