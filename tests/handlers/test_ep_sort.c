#include "handlers/npy.h"
#include "tests/support/host.h"
#include "tests/support/test.h"

#include <jansson.h>

static const char ROUTE[] = "/v1/solve/sort";

static void answers(void **state) {
    (void)state;
    static const struct {
        const char *request, *answer; /* the answer, or how it begins */
    } rows[] = {
        {"{\"values\":[3,1,2]}",
         "{\"values\":[1,2,3],\"algorithm\":\"quick\",\"why\":\"There are few values for passes over their "
         "digits.\",\"stats\":{\"n\":3,\"comparisons\":3,\"moves\":4,\"passes\":0}}"},
        {"{\"values\":[3,1,2,9,8,7,1,5],\"top\":2,\"argsort\":true}",
         "{\"values\":[1,1],\"indices\":[1,6],\"algorithm\":\"merge\",\"why\":\"The values come in a few runs that are "
         "in order.\",\"stats\":{\"n\":8,"},
        {"{\"values\":[3,1,2],\"top\":9223372036854775807,\"order\":\"desc\"}", "{\"values\":[3,2,1],"},
        {"{\"values\":[3,1,1,2],\"top\":2,\"unique\":true}", "{\"values\":[1,2],"},
        {"{\"values\":[\"b\",\"a\",\"c\",\"d\"],\"top\":1,\"order\":\"desc\"}", "{\"values\":[\"d\"],"},
        {"{\"values\":[],\"top\":1}", "{\"values\":[],"},
        {"{\"values\":[2,1],\"algorithm\":\"heap\",\"trace\":{\"max_steps\":1}}",
         "{\"values\":[1,2],\"algorithm\":\"heap\",\"stats\":{\"n\":2,\"comparisons\":1,\"moves\":5,\"passes\":0},"
         "\"trace\":{\"steps\":[{\"i\":0,\"op\":\"compare\",\"at\":[0,1],\"values\":[2,1]}],\"total\":2}}"},
        {"{\"values\":[],\"trace\":{}}",
         "{\"values\":[],\"algorithm\":\"merge\",\"why\":\"The values come in a few runs that are in "
         "order.\",\"stats\":{\"n\":0,\"comparisons\":0,\"moves\":0,\"passes\":0},"
         "\"trace\":{\"steps\":[],\"total\":0}}"},
        {"{\"values\":[1,2,3]}",
         "{\"values\":[1,2,3],\"algorithm\":\"merge\",\"why\":\"The values come in a few runs that are in "
         "order.\",\"stats\":{\"n\":3,\"comparisons\":2,\"moves\":0,\"passes\":0}}"},
        {"{\"values\":[]}", "{\"values\":[],\"algorithm\":\"merge\",\"why\":\"The values come in a few runs that are "
                            "in order.\",\"stats\":{\"n\":0,\"comparisons\":0,\"moves\":0,\"passes\":0}}"},
        {"{\"values\":[],\"argsort\":true,\"algorithm\":\"heap\"}",
         "{\"values\":[],\"indices\":[],\"algorithm\":\"heap\",\"stats\":{\"n\":0,\"comparisons\":0,\"moves\":0,"
         "\"passes\":0}}"},
        {"{\"values\":[0.0,-0.0,1.5,0.0],\"argsort\":true,\"unique\":true,\"algorithm\":\"radix\"}",
         "{\"values\":[-0.0,1.5],\"indices\":[1,2],\"algorithm\":\"radix\",\"stats\":{\"n\":4,\"comparisons\":4,"},
        {"{\"values\":[9223372036854775807,-9223372036854775808,0],\"order\":\"desc\",\"algorithm\":\"quick\"}",
         "{\"values\":[9223372036854775807,0,-9223372036854775808],\"algorithm\":\"quick\",\"stats\":{\"n\":3,"
         "\"comparisons\":3,\"moves\":2,\"passes\":0}}"},
        {"{\"values\":[2,1,2,1],\"order\":\"desc\",\"argsort\":true,\"algorithm\":\"counting\"}",
         "{\"values\":[2,2,1,1],\"indices\":[0,2,1,3],\"algorithm\":\"counting\",\"stats\":{\"n\":4,\"comparisons\":0,"
         "\"moves\":4,\"passes\":1}}"},
        {"{\"values\":[\"pear\",\"\",\"\\u00e9\",\"apple\",\"pear\"],\"unique\":true,\"argsort\":true,\"algorithm\":"
         "\"heap\"}",
         "{\"values\":[\"\",\"apple\",\"pear\",\"\xc3\xa9\"],\"indices\":[1,3,0,2],\"algorithm\":\"heap\","},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int http;
        char *text = test_post(ROUTE, rows[i].request, &http);
        assert_int_equal(http, 200);
        if (strncmp(text, rows[i].answer, strlen(rows[i].answer)) != 0)
            assert_string_equal(text, rows[i].answer);
        free(text);
    }
}

static void refusals(void **state) {
    (void)state;
    static const struct test_refusal rows[] = {
        {"{\"values\":[1,1e18],\"algorithm\":\"counting\"}", "\"/algorithm\"", "counting sort"},
        {"{\"values\":[1,4194305],\"algorithm\":\"counting\"}", "\"/algorithm\"", "range from 1 to 4194305"},
        {"{\"values\":[\"a\"],\"algorithm\":\"counting\"}", "\"/algorithm\"", "strings"},
        {"{\"values\":[1,\"a\"]}", "\"/values/1\"", ""},
        {"{\"values\":[1],\"algorithm\":\"bogo\"}", "\"/algorithm\"", "radix"},
        {"{\"values\":[1],\"top\":0}", "\"/top\"", "at least 1"},
        {"{\"order\":\"asc\"}", "\"/values\"", "missing"},
    };
    test_refusals_at(ROUTE, rows, COUNT(rows));
}

/* npy_round_trip: an npy body, options in the query, an npy answer. */
static void npy_in_and_out(void **state) {
    (void)state;
    int64_t ints[] = {5, -3, 9, INT64_MIN};
    double reals[] = {0.5, -0.0, 0.0, -7};
    static const int64_t INTS[] = {9, 5, -3, INT64_MIN};
    static const double REALS[] = {0.5, 0.0, -0.0, -7};
    for (int real = 0; real < 2; real++) {
        struct array a = real ? array_1d(KIND_REAL, reals, 4) : array_1d(KIND_INT, ints, 4), back;
        struct buf body, out;
        buf_init(&body, 1 << 16);
        buf_init(&out, 1 << 16);
        npy_write(&body, &a);
        struct call call;
        call_init(&call, test_endpoint("POST", ROUTE), &test_host);
        call.request =
            (struct request){.query = "order=desc", .media = "application/x-npy", .body = body.data, .n = body.n};
        assert_int_equal(call_decode(&call), STATUS_OK);
        assert_int_equal(call_run(&call), STATUS_OK);
        assert_int_equal(call_encode(&call, MEDIA_NPY, &out), STATUS_OK);
        assert_int_equal(npy_read(&call.ctx, out.data, out.n, &back), STATUS_OK);
        assert_int_equal(back.kind, a.kind);
        assert_memory_equal(back.data, real ? (const void *)REALS : (const void *)INTS, 32);
        call_release(&call);
        buf_release(&body);
        buf_release(&out);
    }
}

/* sorted_values posts {"values": values, ...options} and gives the answer's member; both are new references. */
static json_t *sorted_values(json_t *values, const char *algorithm, const char *member) {
    json_t *request =
        json_pack("{s:O,s:s,s:b}", "values", values, "algorithm", algorithm, "argsort", strcmp(member, "indices") == 0);
    char *body = json_dumps(request, JSON_COMPACT);
    int http;
    char *text = test_post(ROUTE, body, &http);
    assert_int_equal(http, 200);
    json_t *answer = json_loads(text, 0, NULL), *result = json_incref(json_object_get(answer, member));
    json_decref(answer);
    json_decref(request);
    free(body);
    free(text);
    return result;
}

/* Public cases: "Sort Colors" as it is; "K Closest Points to Origin" by argsort of the squared distances. */
static void public_cases(void **state) {
    (void)state;
    const char *path = shared_path("cases/arrays/leetcode_examples.jsonl");
    if (!path)
        skip();
    size_t tried = 0;
    char *text = read_file(path, NULL);
    static const char *const algorithms[] = {"auto", "counting", "radix", "bucket", "heap", "merge", "quick"};
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *record = json_loads(line, 0, NULL), *input = json_object_get(record, "input");
        const char *problem = json_string_value(json_object_get(record, "problem"));
        json_t *expected = json_object_get(record, "expected");
        for (size_t k = 0; k < COUNT(algorithms); k++)
            if (strcmp(problem, "Sort Colors") == 0) {
                json_t *got = sorted_values(json_object_get(input, "nums"), algorithms[k], "values");
                assert_true(json_equal(got, expected));
                json_decref(got);
                tried++;
            } else if (strcmp(problem, "K Closest Points to Origin") == 0) {
                json_t *points = json_object_get(input, "points"), *point, *squares = json_array();
                size_t i;
                json_array_foreach(points, i, point) {
                    json_int_t x = json_integer_value(json_array_get(point, 0));
                    json_int_t y = json_integer_value(json_array_get(point, 1));
                    json_array_append_new(squares, json_integer(x * x + y * y));
                }
                json_t *indices = sorted_values(squares, algorithms[k], "indices");
                size_t count = json_array_size(expected), found = 0, j;
                for (i = 0; i < count; i++) {
                    json_t *one = json_array_get(points, (size_t)json_integer_value(json_array_get(indices, i)));
                    json_array_foreach(expected, j, point) found += json_equal(point, one);
                }
                assert_int_equal(found, count);
                json_decref(indices);
                json_decref(squares);
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
        "{\"values\":[1]}", "{\"values\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]}",
        "{\"values\":[\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\"],"
        "\"algorithm\":\"heap\"}"};
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
