#include <jansson.h>

#include "handlers/npy.h"
#include "tests/support/host.h"
#include "tests/support/test.h"

static const char ROUTE[] = "/v1/solve/sliding-window";

#define BY_BLOCKS                                                                                                    \
    ",\"algorithm\":\"blocks\",\"why\":\"Beginnings and ends of blocks take the same few steps whatever the length " \
    "of the window.\""
#define BY_DOUBLING \
    ",\"algorithm\":\"doubling\",\"why\":\"For so short a window few shifted copies have to be joined.\""
#define BY_FIXED_POINT                                                                                         \
    ",\"algorithm\":\"fixed_point\",\"why\":\"The values lie so near each other that 128 bits hold every sum " \
    "exactly.\""
#define BY_INTEGERS ",\"algorithm\":\"integers\",\"why\":\"128 bits hold every sum of integers.\""
#define BY_RANKS \
    ",\"algorithm\":\"ranks\",\"why\":\"With the ranks of the values, which a sort gives, the middle moves by bits.\""
#define BY_ORDER \
    ",\"algorithm\":\"ordered\",\"why\":\"So small a window is kept in order in a few steps for each value.\""

#define BY_DIGITS                                                                                                    \
    ",\"algorithm\":\"digits\",\"why\":\"The values lie too far apart for 128 bits, so that sums are kept digit by " \
    "digit.\""

static void answers(void **state) {
    (void)state;
    static const struct test_row rows[] = {
        {"{\"values\":[1,3,-1,-3,5,3,6,7],\"k\":3,\"operation\":\"min\"}",
         "{\"values\":[-1,-3,-3,-3,3,3],\"first\":2" BY_DOUBLING "}"},
        {"{\"values\":[1,3,-1,-3,5,3,6,7],\"k\":3,\"operation\":\"argmax\"}",
         "{\"values\":[1,1,4,4,6,7],\"first\":2" BY_BLOCKS "}"},
        {"{\"values\":[1,3,-1,-3,5,3,6,7],\"k\":3,\"operation\":\"range\"}",
         "{\"values\":[4,6,8,8,3,4],\"first\":2" BY_DOUBLING "}"},
        {"{\"values\":[1,3,-1,-3,5,3,6,7],\"k\":3,\"operation\":\"sum\",\"step\":2}",
         "{\"values\":[3,1,14],\"first\":2" BY_INTEGERS "}"},
        {"{\"values\":[1,2,4],\"k\":2,\"operation\":\"mean\",\"align\":\"leading\"}",
         "{\"values\":[1.5,3.0],\"first\":0" BY_INTEGERS "}"},
        {"{\"values\":[1,2,4,8],\"k\":3,\"operation\":\"sum\",\"min_count\":1}",
         "{\"values\":[1,3,7,14],\"first\":0" BY_INTEGERS "}"},
        {"{\"values\":[1,2,4,8],\"k\":3,\"operation\":\"sum\",\"min_count\":2,\"align\":\"centered\"}",
         "{\"values\":[3,7,14,12],\"first\":0" BY_INTEGERS "}"},
        {"{\"values\":[1,2,4,8],\"k\":4,\"operation\":\"sum\",\"align\":\"centered\"}",
         "{\"values\":[15],\"first\":2" BY_INTEGERS "}"},
        {"{\"values\":[1,2,4,8],\"k\":3,\"operation\":\"sum\",\"min_count\":2,\"align\":\"leading\"}",
         "{\"values\":[7,14,12],\"first\":0" BY_INTEGERS "}"},
        {"{\"values\":[9007199254740993,9007199254740995],\"k\":2,\"operation\":\"median_high\"}",
         "{\"values\":[9007199254740995],\"first\":1" BY_ORDER "}"},
        {"{\"values\":[5,1,4],\"k\":3,\"operation\":\"median\"}", "{\"values\":[4],\"first\":2" BY_ORDER "}"},
        {"{\"values\":[5,1,4],\"k\":2,\"operation\":\"median\"}", "{\"values\":[3.0,2.5],\"first\":1" BY_ORDER "}"},
        {"{\"values\":[5,1,4],\"k\":3,\"operation\":\"median\",\"min_count\":2}",
         "{\"values\":[3.0,4.0],\"first\":1" BY_ORDER "}"},
        {"{\"values\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1],\"k\":33,\"operation\":"
         "\"median\"}",
         "{\"values\":[0],\"first\":32" BY_RANKS "}"},
        {"{\"values\":[1e16,1.0,-1e16,0.5],\"k\":3,\"operation\":\"sum\"}",
         "{\"values\":[1.0,-9999999999999998.0],\"first\":2" BY_FIXED_POINT "}"},
        {"{\"values\":[1e300,1e-300,-1e300],\"k\":3,\"operation\":\"sum\"}",
         "{\"values\":[1e-300],\"first\":2" BY_DIGITS "}"},
        {"{\"values\":[3,1,2],\"k\":2,\"trace\":{}}",
         "{\"values\":[3,2],\"first\":1" BY_DOUBLING
         ",\"trace\":{\"steps\":[{\"i\":0,\"op\":\"push\",\"at\":[0],\"values\":[3]},{\"i\":1,\"op\":\"push\",\"at\":["
         "1],\"values\":[1]},{\"i\":2,\"op\":\"answer\",\"at\":[0],\"values\":[3],\"vars\":{\"position\":1,\"from\":0,"
         "\"to\":1,\"value\":3}},{\"i\":3,\"op\":\"pop\",\"at\":[1],\"values\":[1]},{\"i\":4,\"op\":\"push\",\"at\":[2]"
         ",\"values\":[2]},{\"i\":5,\"op\":\"expire\",\"at\":[0],\"values\":[3]},{\"i\":6,\"op\":\"answer\",\"at\":[2],"
         "\"values\":[2],\"vars\":{\"position\":2,\"from\":1,\"to\":2,\"value\":2}}],\"total\":7}}"},
    };
    test_answers(ROUTE, rows, COUNT(rows));
}

static void refusals(void **state) {
    (void)state;
    static const struct {
        const char *request, *pointer, *words;
    } rows[] = {
        {"{\"values\":[1,2],\"k\":3}", "\"/k\"", "k is 3, want 1 to 2"},
        {"{\"values\":[1,2],\"k\":4,\"min_count\":3}", "\"/k\"", "k is 4, want 1 to 2"},
        {"{\"values\":[1,2],\"k\":0}", "\"/k\"", "at least 1"},
        {"{\"values\":[],\"k\":1}", "\"/values\"", "at least 1"},
        {"{\"values\":[1,2]}", "\"/k\"", "missing"},
        {"{\"values\":[1,2],\"k\":2,\"min_count\":3}", "\"/min_count\"", "want 1 to k, which is 2"},
        {"{\"values\":[1,2],\"k\":2,\"step\":0}", "\"/step\"", "at least 1"},
        {"{\"values\":[1,2],\"k\":2,\"align\":\"left\"}", "\"/align\"", "trailing"},
        {"{\"values\":[1,2],\"k\":2,\"operation\":\"mode\"}", "\"/operation\"", "median_low"},
        {"{\"values\":[\"a\"],\"k\":1}", "\"/values", ""},
        {"{\"values\":[1,NaN],\"k\":1}", "", ""},
        {"{\"values\":[9223372036854775807,1],\"k\":2,\"operation\":\"sum\"}", "\"/values\"", "beyond 64 bits"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int http;
        char *text = test_post(ROUTE, rows[i].request, &http);
        if (http < 400 || http >= 500 || !strstr(text, rows[i].pointer) || !strstr(text, rows[i].words))
            fail_msg("%s: %s", rows[i].request, text);
        free(text);
    }
}

static void npy_in_and_out(void **state) {
    (void)state;
    double reals[] = {0.5, -1, 2, 0.25};
    struct array a = array_1d(KIND_REAL, reals, 4), back;
    struct buf body, out;
    buf_init(&body, 1 << 16);
    buf_init(&out, 1 << 16);
    npy_write(&body, &a);
    struct call call;
    call_init(&call, test_endpoint("POST", ROUTE), &test_host);
    call.request =
        (struct request){.query = "k=2&operation=sum", .media = "application/x-npy", .body = body.data, .n = body.n};
    assert_int_equal(call_decode(&call), STATUS_OK);
    assert_int_equal(call_run(&call), STATUS_OK);
    assert_int_equal(call_encode(&call, MEDIA_NPY, &out), STATUS_OK);
    assert_int_equal(npy_read(&call.ctx, out.data, out.n, &back), STATUS_OK);
    assert_int_equal(back.n, 3);
    assert_memory_equal(back.reals, ((double[]){-0.5, 1, 2.25}), 24);
    call_release(&call);
    buf_release(&body);
    buf_release(&out);
}

/* expect_numbers compares an answer's values with a case's. */
static void expect_numbers(const json_t *got, const json_t *want) {
    assert_int_equal(json_array_size(got), json_array_size(want));
    for (size_t i = 0; i < json_array_size(want); i++) {
        double difference = json_number_value(json_array_get(got, i)) - json_number_value(json_array_get(want, i));
        assert_true(difference < 1e-5 && difference > -1e-5);
    }
}

/* Public cases: maximum and median of sliding windows. */
static void public_cases(void **state) {
    (void)state;
    const char *path = shared_path("cases/arrays/leetcode_examples.jsonl");
    if (!path)
        skip();
    size_t tried = 0;
    char *text = read_file(path, NULL);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *record = json_loads(line, 0, NULL), *input = json_object_get(record, "input");
        const char *problem = json_string_value(json_object_get(record, "problem"));
        bool max = strcmp(problem, "Sliding Window Maximum") == 0,
             median = strcmp(problem, "Sliding Window Median") == 0;
        if (max || median) {
            json_t *request = json_pack("{s:O,s:O,s:s}", "values", json_object_get(input, "nums"), "k",
                                        json_object_get(input, "k"), "operation", max ? "max" : "median");
            char *body = json_dumps(request, JSON_COMPACT);
            int http;
            char *answer_text = test_post(ROUTE, body, &http);
            assert_int_equal(http, 200);
            json_t *answer = json_loads(answer_text, 0, NULL);
            expect_numbers(json_object_get(answer, "values"), json_object_get(record, "expected"));
            json_decref(answer);
            json_decref(request);
            free(answer_text);
            free(body);
            tried++;
        }
        json_decref(record);
    }
    free(text);
    assert_in_range(tried, 1, 1000);
}

static void cost_grows_with_the_work(void **state) {
    (void)state;
    uint64_t before = 0;
    static const char *const requests[] = {
        "{\"values\":[1,2],\"k\":1}", "{\"values\":[1,2],\"k\":1,\"operation\":\"mean\"}",
        "{\"values\":[1.5,2],\"k\":1,\"operation\":\"mean\"}", "{\"values\":[1.5,2],\"k\":1,\"trace\":{}}"};
    for (size_t i = 0; i < COUNT(requests); i++) {
        struct call call;
        call_init(&call, test_endpoint("POST", ROUTE), &test_host);
        call.request = (struct request){.body = requests[i], .n = strlen(requests[i])};
        assert_int_equal(call_decode(&call), STATUS_OK);
        uint64_t cost = call_cost(&call);
        assert_true(cost > before);
        before = cost;
        call_release(&call);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(refusals),
        cmocka_unit_test(npy_in_and_out),
        cmocka_unit_test(public_cases),
        cmocka_unit_test(cost_grows_with_the_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
