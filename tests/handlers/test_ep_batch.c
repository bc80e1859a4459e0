#include "handlers/call.h"
#include "tests/support/host.h"
#include "tests/support/test.h"

#include <jansson.h>

static const char ROUTE[] = "/v1/batch";

/* What each item answers alone, the batch answers: status, and the bytes of the body. */
static void items_answer_as_they_would_alone(void **state) {
    (void)state;
    static const struct {
        const char *path, *body;
        int status;
        const char *code; /* of the problem */
    } rows[] = {
        {"/v1/solve/sort", "{\"values\":[3,1,2]}", 200, NULL},
        {"/v1/solve/sort", "{\"values\":[9223372036854775807,-9223372036854775808,-0]}", 200, NULL},
        {"/v1/solve/sort", "{\"values\":[1.50,1e2,0.1,12345678901234567e-3]}", 200, NULL},
        {"/v1/solve/sort", "{\"values\":[\"\\u00e9\\n\\\"\",\"\"]}", 200, NULL},
        {"/v1/solve/sort", "{\"values\":[ 5 ,\t4 ]}", 200, NULL},
        {"/v1/solve/kth-largest", "{\"values\":[3,1,2],\"k\":2}", 200, NULL},
        {"/v1/solve/kth-largest", "{\"values\":[3,1,2],\"k\":9}", 422, "invalid"},
        {"/v1/solve/knapsack", "{\"items\":[{\"weight\":1,\"value\":2}],\"capacity\":3}", 200, NULL},
        {"/v1/sample", "{\"model\":\"coin\",\"count\":2,\"seed\":3}", 200, NULL},
        {"/v1/solve/sort", "{}", 422, "invalid"},
        {"/v1/solve/sort", "{\"values\":[01]}", 400, "not_json"},
        {"/v1/solve/sort", "{\"values\":[1],\"nothing\":{\"deep\":[true,false,null,[[]],{}]}}", 422, "invalid"},
        {"/v1/batch", "{\"requests\":[]}", 422, "invalid"},
        {"/v1/solve/none", "{}", 404, "not_found"},
        {"/healthz", "{}", 405, "method_not_allowed"},
        {"x", "{}", 404, "not_found"},
    };
    struct buf body;
    buf_init(&body, 1 << 20);
    buf_text(&body, " { \"requests\" : [");
    for (size_t i = 0; i < COUNT(rows); i++)
        buf_printf(&body, "%s{ \"body\" : %s, \"path\" : \"%s\" }", i ? ",\n" : "", rows[i].body, rows[i].path);
    buf_text(&body, "] }");
    buf_byte(&body, '\0');
    int http;
    char *text = test_post(ROUTE, body.data, &http), *at = text;
    assert_int_equal(http, 200);
    assert_memory_equal(at, "{\"answers\":[", 12);
    at += 12;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char head[64];
        int alone_http = 0;
        snprintf(head, sizeof head, "%s{\"status\":%d,\"%s\":", i ? "," : "", rows[i].status,
                 rows[i].code ? "problem" : "body");
        if (strncmp(at, head, strlen(head)) != 0)
            fail_msg("item %zu: %.300s", i, at);
        at += strlen(head);
        if (rows[i].code) {
            json_t *problem = json_loads(at, JSON_DISABLE_EOF_CHECK, NULL);
            char id[32];
            snprintf(id, sizeof id, "item-%zu", i);
            assert_string_equal(json_string_value(json_object_get(problem, "code")), rows[i].code);
            assert_string_equal(json_string_value(json_object_get(problem, "request_id")), id);
            assert_int_equal(json_integer_value(json_object_get(problem, "status")), rows[i].status);
            json_decref(problem);
            at = strstr(at, "]}}") + 3;
            continue;
        }
        char *alone = test_post(rows[i].path, rows[i].body, &alone_http);
        assert_int_equal(alone_http, 200);
        if (strncmp(at, alone, strlen(alone)) != 0)
            fail_msg("item %zu: want %s, got %.300s", i, alone, at);
        at += strlen(alone) + 1;
        free(alone);
    }
    assert_string_equal(at, "]}");
    free(text);
    buf_release(&body);
}

static void refusals_of_the_whole(void **state) {
    (void)state;
    static const struct {
        const char *body, *pointer;
        int http;
    } rows[] = {
        {"{}", "\"/requests\"", 422},
        {"{\"requests\":[1]}", "\"/requests\"", 422},
        {"{\"requests\":[{}]}", "\"/requests/0/path\"", 422},
        {"{\"requests\":[{\"path\":\"/v1/solve/sort\"}]}", "\"/requests/0/body\"", 422},
        {"{\"requests\":[{\"path\":\"/v1/solve/sort\",\"body\":\"{}\"}]}", "\"/requests/0/body\"", 422},
        {"{\"requests\":[{\"path\":\"/v1/solve/sort\",\"body\":[1]}]}", "\"/requests/0/body\"", 422},
        {"{\"requests\":[{\"path\":\"\",\"body\":{}}]}", "\"/requests/0/path\"", 422},
        {"{\"requests\":[{\"path\":\"/v1/solve/sort\",\"body\":{}}],\"time_limit_ms\":0}", "\"/time_limit_ms\"", 422},
        {"{\"requests\":[{\"path\":\"/v1/solve/sort\",\"body\":{]}", "", 400},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int http;
        char *text = test_post(ROUTE, rows[i].body, &http);
        if (http != rows[i].http || !strstr(text, rows[i].pointer))
            fail_msg("%s: %d %s", rows[i].body, http, text);
        free(text);
    }
}

static char *many(size_t n) {
    struct buf body;
    buf_init(&body, 1 << 24);
    buf_text(&body, "{\"requests\":[");
    for (size_t i = 0; i < n; i++)
        buf_printf(&body, "%s{\"path\":\"/v1/solve/kth-largest\",\"body\":{\"values\":[%zu,7],\"k\":1}}", i ? "," : "",
                   i);
    buf_text(&body, "]}");
    buf_byte(&body, '\0');
    return body.data;
}

static void a_thousand_and_no_more(void **state) {
    (void)state;
    int http;
    for (size_t n = 0; n <= 1001; n += n ? 1000 : 1) {
        char *body = many(n), *text = test_post(ROUTE, body, &http);
        assert_int_equal(http, n <= 1000 ? 200 : 422);
        if (n == 0)
            assert_string_equal(text, "{\"answers\":[]}");
        free(text), free(body);
    }
    char *body = many(1000), *text = test_post(ROUTE, body, &http);
    json_t *tree = json_loads(text, 0, NULL), *answers = json_object_get(tree, "answers");
    assert_int_equal(json_array_size(answers), 1000);
    for (size_t i = 0; i < 1000; i++) {
        json_t *answer = json_object_get(json_array_get(answers, i), "body");
        assert_int_equal(json_integer_value(json_object_get(answer, "value")), i > 7 ? (int)i : 7);
    }
    json_decref(tree);
    free(text), free(body);
}

static bool decoded(struct call *call, const char *body) {
    call_init(call, test_endpoint("POST", ROUTE), &test_host);
    call->request = (struct request){.body = body, .n = strlen(body)};
    return call_decode(call) == STATUS_OK;
}

static void purity_is_that_of_the_items(void **state) {
    (void)state;
#define SORT "{\"path\":\"/v1/solve/sort\",\"body\":{\"values\":[2,1]}}"
    static const struct {
        const char *body;
        bool impure;
    } rows[] = {
        {"{\"requests\":[" SORT "]}", false},
        {"{\"requests\":[" SORT ",{\"path\":\"/none\",\"body\":{}}]}", false},
        {"{\"requests\":[" SORT
         ",{\"path\":\"/v1/sample\",\"body\":{\"model\":{\"type\":\"points\",\"points\":[[1.0]]},"
         "\"seed\":5}}]}",
         false},
        {"{\"requests\":[" SORT
         ",{\"path\":\"/v1/sample\",\"body\":{\"model\":{\"type\":\"points\",\"points\":[[1.0]]}}}]}",
         true},
        {"{\"requests\":[{\"path\":\"/v1/sample\",\"body\":{\"model\":\"coin\",\"seed\":5}}]}", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct call call;
        struct buf text;
        buf_init(&text, 1 << 16);
        assert_true(decoded(&call, rows[i].body));
        assert_int_equal(call.impure, rows[i].impure);
        assert_true(call_canonical(&call, &text));
        buf_byte(&text, '\0');
        if (rows[i].impure) /* the seed that was drawn, or given, is in it */
            assert_non_null(strstr(text.data, i == 3 ? "\"seed\":42" : "\"points\":[[-1.0],[1.0]]"));
        buf_release(&text);
        call_release(&call);
    }
}

static void time_and_cancellation(void **state) {
    (void)state;
    static const char own[] = "{\"requests\":[{\"path\":\"/v1/solve/knapsack\",\"body\":{\"items\":[{\"weight\":1,"
                              "\"value\":1}],\"capacity\":2,\"time_limit_ms\":5}}],\"time_limit_ms\":77}";
    static const char plain[] = "{\"requests\":[" SORT "," SORT "]}";
    int http;
    char *text = test_post(ROUTE, own, &http);
    assert_int_equal(http, 200);
    assert_non_null(strstr(text, "\"status\":422"));
    assert_non_null(strstr(text, "give time_limit_ms beside requests"));
    free(text);
    struct call call;
    assert_true(decoded(&call, own));
    assert_int_equal(call.time_limit_ms, 77);
    call_release(&call);
    atomic_int stop = STOP_DEADLINE; /* out of time: each item says so, and the whole is not to be kept */
    struct buf out;
    buf_init(&out, 1 << 16);
    assert_true(decoded(&call, plain));
    call.ctx.stop = &stop;
    assert_int_equal(call_run(&call), STATUS_OK);
    assert_true(call.partial);
    assert_int_equal(call_encode(&call, MEDIA_JSON, &out), STATUS_OK);
    buf_byte(&out, '\0');
    assert_non_null(strstr(out.data, "{\"answers\":[{\"status\":503,\"problem\":"));
    call_release(&call);
    buf_release(&out);
    stop = STOP_CANCEL;
    assert_true(decoded(&call, plain));
    call.ctx.stop = &stop;
    assert_int_equal(call_run(&call), STATUS_CANCELLED);
    call_release(&call);
}

/* Threads that take every index in turn: the last first. */
static void run_backwards(struct parallel *self, size_t n, void (*body)(void *arg, size_t i), void *arg) {
    (void)self;
    while (n--)
        body(arg, n);
}

static void the_order_of_work_does_not_matter(void **state) {
    (void)state;
    struct parallel backwards = {.threads = 2, .run = run_backwards};
    char *body = many(50), *text = test_post(ROUTE, body, NULL);
    struct call call;
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_true(decoded(&call, body));
    call.ctx.parallel = &backwards;
    assert_int_equal(call_run(&call), STATUS_OK);
    assert_int_equal(call_encode(&call, MEDIA_JSON, &out), STATUS_OK);
    buf_byte(&out, '\0');
    assert_string_equal(out.data, text);
    call_release(&call);
    buf_release(&out);
    free(text), free(body);
}

/* An item that does not fit the memory it would have alone fails alone. */
static void an_item_has_the_memory_it_would_have_alone(void **state) {
    (void)state;
    struct host host = test_host;
    host.max_memory = 1500 * 1000; /* the item needs 1.6 million */
    struct buf body, out;
    buf_init(&body, 1 << 24);
    buf_init(&out, 1 << 24);
    buf_text(&body, "{\"requests\":[" SORT ",{\"path\":\"/v1/solve/sort\",\"body\":{\"values\":[1");
    for (int i = 0; i < 200000; i++)
        buf_text(&body, ",2");
    buf_text(&body, "]}}," SORT "]}");
    struct call call;
    call_init(&call, test_endpoint("POST", ROUTE), &host);
    call.request = (struct request){.body = body.data, .n = body.n};
    assert_int_equal(call_decode(&call), STATUS_OK);
    assert_int_equal(call_run(&call), STATUS_OK);
    assert_int_equal(call_encode(&call, MEDIA_JSON, &out), STATUS_OK);
    buf_byte(&out, '\0');
    assert_non_null(strstr(out.data, "},{\"status\":413,\"problem\":"));
    assert_non_null(strstr(out.data, "memory_limit"));
    assert_memory_equal(out.data, "{\"answers\":[{\"status\":200,", 25);
    call_release(&call);
    call_release(&call); /* twice does no harm */
    buf_release(&body), buf_release(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_answer_as_they_would_alone),
        cmocka_unit_test(refusals_of_the_whole),
        cmocka_unit_test(a_thousand_and_no_more),
        cmocka_unit_test(purity_is_that_of_the_items),
        cmocka_unit_test(time_and_cancellation),
        cmocka_unit_test(the_order_of_work_does_not_matter),
        cmocka_unit_test(an_item_has_the_memory_it_would_have_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
