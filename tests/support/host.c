#include "tests/support/host.h"

#include "tests/support/test.h"

static uint64_t draw_seed(void *self) {
    (void)self;
    return 42;
}

/* One model that is good, and one that is not. */
static const char COIN[] = "{\"type\":\"points\",\"points\":[[-1],[1]]}";
#define STR(text) \
    { text, sizeof text - 1 }

static enum status find_model(struct model_store *self, struct ctx *ctx, struct str name, struct str digest,
                              enum model_need need, struct named_model *out) {
    (void)self, (void)ctx, (void)digest, (void)need;
    *out = (struct named_model){.name = STR("coin"), .json = STR(COIN), .digest = STR("c01n")};
    if (name.n == 4 && !memcmp(name.p, "coin", 4))
        out->entry = out;
    return STATUS_OK;
}

static enum status load_model(struct model_store *self, struct ctx *ctx, const struct named_model *model, bool holds,
                              const struct loaded_model **out) {
    (void)self, (void)model, (void)holds, (void)out;
    return ctx_fail(ctx, STATUS_INTERNAL, "", "A formula has no weights.");
}

static void drop_model(struct model_store *self, const struct named_model *model, bool loaded) {
    (void)self, (void)model, (void)loaded;
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

static struct model_store store = {find_model, load_model, drop_model, list_models, rescan_models};

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

const struct host test_host = {.runtime = runtime, .draw_seed = draw_seed, .models = &store};

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

char *test_get(const char *target, int *http) {
    char *copy = strdup(target);
    struct request request = {.body = ""};
    test_target(&request, copy);
    char *text = answer(test_endpoint("GET", copy), &request, http);
    free(copy);
    return text;
}

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
