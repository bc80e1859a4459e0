#include "tests/support/host.h"

#include "handlers/job_report.h"
#include "tests/support/coins.h"
#include "tests/support/test.h"

static uint64_t draw_seed(void *self) {
    (void)self;
    return 42;
}

/* A formula, a model of a table (coins.h), and one that is bad. */
static const char COIN[] = "{\"type\":\"points\",\"points\":[[-1],[1]]}";
#define STR(text) \
    { text, sizeof text - 1 }

static enum status find_model(struct model_store *self, struct ctx *ctx, struct str name, struct str digest,
                              enum model_need need, struct named_model *out) {
    (void)self, (void)ctx, (void)digest, (void)need;
    *out = (struct named_model){.name = STR("coin"), .json = STR(COIN), .digest = STR("c01n")};
    if (name.n == 4 && !memcmp(name.p, "coin", 4))
        out->entry = out;
    if (name.n == 5 && !memcmp(name.p, "coins", 5)) {
        *out = (struct named_model){.entry = out, .name = STR("coins"), .digest = STR("c01n5"), .loaded = true};
        out->outline = coins_model(&out->json);
    }
    return STATUS_OK;
}

static enum status load_model(struct model_store *self, struct ctx *ctx, const struct named_model *model,
                              enum graph_dtype dtype, bool holds, const struct loaded_model **out) {
    struct str json;
    (void)self, (void)dtype, (void)holds;
    if (!model->outline)
        return ctx_fail(ctx, STATUS_INTERNAL, "", "A formula has no weights.");
    *out = coins_model(&json);
    return STATUS_OK;
}

static void drop_model(struct model_store *self, const struct named_model *model, const struct loaded_model *network) {
    (void)self, (void)model, (void)network;
}

static struct model_name names[] = {{STR("broken"), STR("It is not JSON.")}, {.name = STR("coin")}};

static enum status list_models(struct model_store *self, struct ctx *ctx, struct list *out) {
    (void)self, (void)ctx;
    *out = (struct list){COUNT(names), names};
    return STATUS_OK;
}

static enum status rescan_models(struct model_store *self, struct ctx *ctx, struct model_changes *out) {
    (void)self, (void)ctx;
    *out = (struct model_changes){.models = 1, .bad = {1, names}};
    return STATUS_OK;
}

/* put_model lets any model be added, and forgets it. */
static enum status put_model(struct model_store *self, struct ctx *ctx, struct str name, const struct model_file *files,
                             size_t n, bool replace) {
    (void)self, (void)ctx, (void)name, (void)files, (void)n, (void)replace;
    return STATUS_OK;
}

/* remove_model has the coin removed, as often as one likes. */
static enum status remove_model(struct model_store *self, struct ctx *ctx, struct str name, bool *in_use) {
    (void)self, (void)ctx;
    *in_use = false;
    return name.n == 4 && !memcmp(name.p, "coin", 4) ? STATUS_OK : STATUS_NOT_FOUND;
}

static struct model_store store = {find_model,    load_model, drop_model,  list_models,
                                   rescan_models, put_model,  remove_model};

/* runtime is that of the endpoint's example. */
static enum status runtime(void *self, struct ctx *ctx, struct runtime *out) {
    static struct runtime_thread threads[] = {
        {.id = 4711, .cpu_ms = 10, .role = THREAD_MAIN, .state = STATE_SLEEPING, .name = {"solvent", 7}},
        {.id = 4712,
         .cpu_ms = 1250,
         .role = THREAD_WORKER,
         .name = {"worker-0", 8},
         .busy = true,
         .busy_ms = 310,
         .route = {"/v1/solve/knapsack", 18},
         .request_id = {"5f1b2c3d4e5f6071", 16}}};
    (void)self, (void)ctx;
    *out = (struct runtime){.process = 4711, .uptime_ms = 60000, .threads = {COUNT(threads), threads}};
    return STATUS_OK;
}

/* There is one job, that of the endpoints' examples. */
static const char JOB_ID[] = "5f1b2c3d4e5f6071";

static enum status find_job(void *self, struct call *call, const char *id, struct job_report *out) {
    (void)self;
    if (strcmp(id, JOB_ID) != 0)
        return call_fail(call, STATUS_NOT_FOUND, "", "There is no job \"%s\".", id);
    *out = (struct job_report){.texts = {.id = "5f1b2c3d4e5f6071",
                                         .path = "/v1/sample",
                                         .request_id = "42",
                                         .created = "2026-01-31T12:00:00.000Z",
                                         .started = "2026-01-31T12:00:01.500Z",
                                         .url = "/v1/jobs/5f1b2c3d4e5f6071",
                                         .events_url = "/v1/jobs/5f1b2c3d4e5f6071/events"},
                               .state = 1,
                               .attempts = 1,
                               .bytes = 120,
                               .progress = 0.25,
                               .eta_s = 90,
                               .has_progress = true,
                               .has_eta = true};
    job_report_settle(out);
    return STATUS_OK;
}

static enum status list_jobs(void *self, struct call *call, const struct job_filter *filter, struct list *out,
                             int64_t *next) {
    (void)filter;
    struct job_report *report = ctx_alloc(&call->ctx, 1, sizeof *report);
    if (!report)
        return STATUS_NO_MEMORY;
    *out = (struct list){1, report};
    *next = 7;
    return find_job(self, call, JOB_ID, report);
}

static enum status job_result(void *self, struct call *call, const char *id, struct buf *out) {
    struct job_report report;
    buf_text(out, "{\"values\":[1,2,3],\"algorithm\":\"quick\"}");
    call->kept_http = 200;
    return find_job(self, call, id, &report);
}

static enum status job_making(void *self, struct call *call, struct str name) {
    (void)self, (void)call, (void)name;
    return STATUS_OK;
}

static const struct host_jobs test_jobs = {
    .find = find_job, .cancel = find_job, .list = list_jobs, .result = job_result, .making = job_making};

const struct host test_host = {.jobs = &test_jobs, .runtime = runtime, .draw_seed = draw_seed, .models = &store};

static char *answer(const struct endpoint *endpoint, const struct request *request, int *http) {
    struct call call;
    struct buf out;
    buf_init(&out, SIZE_MAX / 2);
    call_init(&call, endpoint, &test_host);
    call.request = *request;
    if (call_decode(&call) != STATUS_OK || call_run(&call) != STATUS_OK ||
        call_encode(&call, MEDIA_JSON, &out) != STATUS_OK) {
        buf_clear(&out);
        call_problem(&call, "test", &out);
    }
    if (http)
        *http = call.http;
    call_release(&call);
    buf_byte(&out, '\0');
    return out.data;
}

char *test_call(const struct endpoint *endpoint, const char *media, const char *query, const void *body, size_t n,
                int *http) {
    return answer(endpoint, &(struct request){.media = media, .query = query, .body = body, .n = n}, http);
}

void test_target(struct request *request, char *target) {
    char *query = strchr(target, '?');
    if (query)
        *query++ = '\0';
    request->path = target;
    request->query = query ? query : "";
}

char *test_ask(const char *method, const char *target, int *http) {
    char *copy = strdup(target);
    struct request request = {.body = ""};
    test_target(&request, copy);
    char *text = answer(test_endpoint(method, copy), &request, http);
    free(copy);
    return text;
}

char *test_get(const char *target, int *http) { return test_ask("GET", target, http); }

const struct endpoint *test_endpoint(const char *method, const char *route) {
    char allow[64];
    const struct endpoint *endpoint = endpoint_find(method, route, allow);
    if (!endpoint)
        fail_msg("there is no endpoint %s %s", method, route);
    return endpoint;
}

char *test_post(const char *route, const char *body, int *http) {
    return test_call(test_endpoint("POST", route), NULL, NULL, body, strlen(body), http);
}

void test_answers(const char *route, const struct test_row *rows, size_t n) {
    for (size_t i = 0; i < n; i++) {
        int http;
        char *text = test_post(route, rows[i].request, &http);
        if (http != 200 || strcmp(text, rows[i].answer) != 0)
            fail_msg("%s: %d %s", rows[i].request, http, text);
        free(text);
    }
}

void test_refusals(const char *route, const struct test_row *rows, size_t n) {
    for (size_t i = 0; i < n; i++) {
        int http;
        char *text = test_post(route, rows[i].request, &http);
        if (http != 422 || !strstr(text, rows[i].answer))
            fail_msg("%s: %d %s", rows[i].request, http, text);
        free(text);
    }
}

void test_refusals_at(const char *route, const struct test_refusal *rows, size_t n) {
    for (size_t i = 0; i < n; i++) {
        int http;
        char *text = test_post(route, rows[i].request, &http);
        if (http != 422 || !strstr(text, rows[i].pointer) || !strstr(text, rows[i].words))
            fail_msg("%s: %d %s", rows[i].request, http, text);
        free(text);
    }
}
