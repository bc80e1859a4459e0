#include "tests/support/host.h"
#include "tests/support/test.h"

#include <jansson.h>

static const char ROUTE[] = "/v1/solve/binary-search";

#define BY_GROUPS                                                                                                \
    ",\"algorithm\":\"groups\",\"why\":\"Searches of a group go down in step, so that their readings of memory " \
    "overlap.\""
#define BY_HALVING \
    ",\"algorithm\":\"halving\",\"why\":\"There is one search to make, and nothing that could go on beside it.\""

static void answers(void **state) {
    (void)state;
    static const struct {
        const char *request, *answer;
    } rows[] = {
        {"{\"values\":[1,3,3,5],\"target\":3}", "{\"index\":1,\"found\":true" BY_HALVING "}"},
        {"{\"values\":[1,3,3,5],\"target\":3.0,\"mode\":\"upper_bound\"}",
         "{\"index\":3,\"found\":true" BY_HALVING "}"},
        {"{\"values\":[1,3,3,5],\"target\":4,\"mode\":\"exact\"}", "{\"index\":-1,\"found\":false" BY_HALVING "}"},
        {"{\"values\":[1,3,3,5],\"target\":4,\"mode\":\"nearest\"}", "{\"index\":1,\"found\":false" BY_HALVING "}"},
        {"{\"values\":[1,3,3,5],\"target\":4,\"mode\":\"range\"}", "{\"found\":false,\"range\":[3,3]" BY_HALVING "}"},
        {"{\"values\":[1,3,3,5],\"targets\":[3,9],\"mode\":\"range\"}",
         "{\"matches\":[1,0],\"ranges\":[[1,3],[4,4]]" BY_GROUPS "}"},
        {"{\"values\":[1,3,3,5],\"targets\":[3,9]}", "{\"indices\":[1,4],\"matches\":[1,0]" BY_GROUPS "}"},
        {"{\"values\":[1,3,3,5],\"targets\":[0.5,3]}", "{\"indices\":[0,1],\"matches\":[0,1]" BY_GROUPS "}"},
        {"{\"values\":[9,1,3,0],\"target\":2,\"lo\":1,\"hi\":3}", "{\"index\":2,\"found\":false" BY_HALVING "}"},
        {"{\"values\":[9,1],\"target\":2,\"lo\":2}", "{\"index\":2,\"found\":false" BY_HALVING "}"},
        {"{\"values\":[],\"target\":\"a\"}", "{\"index\":0,\"found\":false" BY_HALVING "}"},
        {"{\"values\":[],\"target\":0.5,\"mode\":\"nearest\"}", "{\"index\":-1,\"found\":false" BY_HALVING "}"},
        {"{\"values\":[],\"mode\":\"peak\"}", "{\"index\":-1,\"found\":false" BY_HALVING "}"},
        {"{\"values\":[],\"mode\":\"rotated\"}", "{\"index\":-1,\"found\":false,\"pivot\":-1" BY_HALVING "}"},
        {"{\"values\":[2,2,0,1,2],\"mode\":\"rotated\"}", "{\"index\":2,\"found\":true,\"pivot\":2" BY_HALVING "}"},
        {"{\"values\":[2,2,0,1,2],\"mode\":\"rotated\",\"targets\":[2,1,7]}",
         "{\"indices\":[0,3,-1],\"matches\":[1,1,0],\"pivot\":2" BY_GROUPS "}"},
        {"{\"values\":[1,2,1],\"mode\":\"peak\"}", "{\"index\":1,\"found\":true" BY_HALVING "}"},
        {"{\"values\":[\"a\",\"b\",\"\\u00e9\"],\"target\":\"c\"}", "{\"index\":2,\"found\":false" BY_HALVING "}"},
        {"{\"values\":[[1,2],[3,4]],\"target\":3}", "{\"index\":2,\"found\":true" BY_HALVING "}"},
        {"{\"values\":[3,1],\"target\":1,\"check\":false}", "{\"index\":0,\"found\":false" BY_HALVING "}"},
        {"{\"values\":[-9223372036854775808,9223372036854775807],\"target\":9223372036854775807,\"mode\":\"upper_"
         "bound\"}",
         "{\"index\":2,\"found\":true" BY_HALVING "}"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int http;
        char *text = test_post(ROUTE, rows[i].request, &http);
        if (strcmp(text, rows[i].answer) != 0)
            fail_msg("%s: %s", rows[i].request, text);
        assert_int_equal(http, 200);
        free(text);
    }
}

static void refusals(void **state) {
    (void)state;
    static const struct test_refusal rows[] = {
        {"{\"values\":[1]}", "\"/target\"", "neither"},
        {"{\"values\":[1],\"target\":1,\"targets\":[1]}", "\"/targets\"", "at most one of target and targets"},
        {"{\"values\":[1],\"target\":1,\"mode\":\"peak\"}", "\"/target\"", "peak"},
        {"{\"values\":[1],\"targets\":[1],\"mode\":\"peak\"}", "\"/targets\"", "peak"},
        {"{\"values\":[1],\"target\":\"a\"}", "\"/target\"", "numbers"},
        {"{\"values\":[\"a\"],\"targets\":[1]}", "\"/target", "strings"},
        {"{\"values\":[\"a\"],\"target\":\"a\",\"mode\":\"nearest\"}", "\"/mode\"", "distance"},
        {"{\"values\":[1],\"target\":1,\"lo\":-1}", "\"/lo\"", ""},
        {"{\"values\":[1],\"target\":1,\"lo\":2}", "\"/lo\"", "at most hi"},
        {"{\"values\":[1],\"target\":1,\"lo\":1,\"hi\":0}", "\"/lo\"", "at most hi"},
        {"{\"values\":[1],\"target\":1,\"hi\":2}", "\"/hi\"", "at most 1"},
        {"{\"values\":[2,1],\"target\":1}", "\"/values/1\"", "ascending"},
        {"{\"values\":[[1,2],[0,3]],\"target\":1}", "\"/values/1/0\"", "ascending"},
        {"{\"values\":[2,1,2,1],\"target\":1,\"mode\":\"rotated\"}", "\"/values/3\"", "second descent"},
        {"{\"values\":[2,1,3],\"target\":1,\"mode\":\"rotated\"}", "\"/values/2\"", "rotated"},
        {"{\"values\":[1],\"targets\":[1],\"trace\":{}}", "\"/trace\"", "beside targets"},
        {"{\"values\":[1],\"targets\":[]}", "\"/targets\"", ""},
    };
    test_refusals_at(ROUTE, rows, COUNT(rows));
}

/* ask posts a request (stolen) and gives the answer as a new reference; NULL where it is refused. */
static json_t *ask(json_t *request) {
    char *body = json_dumps(request, JSON_COMPACT);
    int http;
    char *text = test_post(ROUTE, body, &http);
    json_t *answer = http == 200 ? json_loads(text, 0, NULL) : NULL;
    free(text);
    free(body);
    json_decref(request);
    return answer;
}

static json_int_t integer_at(json_t *answer, const char *member) {
    return json_integer_value(json_object_get(answer, member));
}

/* Python's table for bisect, each with `target` and with `targets`. */
static void python_agrees(void **state) {
    (void)state;
    const char *path = shared_path("cases/arrays/bisect_cases.jsonl");
    if (!path)
        skip();
    char *text = read_file(path, NULL);
    size_t tried = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), tried++) {
        json_t *record = json_loads(line, 0, NULL), *x = json_object_get(record, "x"),
               *expected = json_object_get(record, "expected");
        bool right = strcmp(json_string_value(json_object_get(record, "function")), "bisect_right") == 0;
        for (int many = 0; many < 2; many++) {
            json_t *request = json_pack("{s:O,s:s}", "values", json_object_get(record, "a"), "mode",
                                        right ? "upper_bound" : "lower_bound");
            if (many)
                json_object_set_new(request, "targets", json_pack("[O,O]", x, x));
            else
                json_object_set(request, "target", x);
            static const char *const BOUNDS[] = {"lo", "hi"};
            for (size_t k = 0; k < 2; k++)
                if (json_is_integer(json_object_get(record, BOUNDS[k])))
                    json_object_set(request, BOUNDS[k], json_object_get(record, BOUNDS[k]));
            json_t *answer = ask(request);
            json_t *index =
                many ? json_array_get(json_object_get(answer, "indices"), 1) : json_object_get(answer, "index");
            if (json_is_integer(expected) ? !json_equal(index, expected) : answer != NULL)
                fail_msg("%s", json_string_value(json_object_get(record, "id")));
            json_decref(answer);
        }
        json_decref(record);
    }
    free(text);
    assert_in_range(tried, 200, 100000);
}

static json_t *search(json_t *values, json_t *target, const char *mode) {
    json_t *request = json_pack("{s:O,s:s}", "values", values, "mode", mode);
    if (target)
        json_object_set(request, "target", target);
    json_t *answer = ask(request);
    assert_non_null(answer);
    return answer;
}

/* agrees says whether our answer to a LeetCode example is the expected one; -1: not of this endpoint. */
static int agrees(const char *problem, json_t *input, json_t *expected) {
    json_t *nums = json_object_get(input, "nums"), *target = json_object_get(input, "target"), *answer = NULL;
    int good = -1;
    if (strcmp(problem, "Binary Search") == 0) {
        answer = search(nums, target, "exact");
        good = json_equal(json_object_get(answer, "index"), expected);
    } else if (strcmp(problem, "Search Insert Position") == 0) {
        answer = search(nums, target, "lower_bound");
        good = json_equal(json_object_get(answer, "index"), expected);
    } else if (strncmp(problem, "Find First and Last", 19) == 0) {
        answer = search(nums, target, "range");
        json_int_t end = json_integer_value(json_array_get(json_object_get(answer, "range"), 1));
        good = json_is_true(json_object_get(answer, "found")) &&
               json_equal(json_array_get(json_object_get(answer, "range"), 0), json_array_get(expected, 0)) &&
               end - 1 == json_integer_value(json_array_get(expected, 1));
    } else if (strncmp(problem, "Search in Rotated", 17) == 0) {
        answer = search(nums, target, "rotated");
        good = json_equal(json_object_get(answer, "index"), expected);
    } else if (strncmp(problem, "Find Minimum in Rotated", 23) == 0) {
        answer = search(nums, NULL, "rotated");
        good = json_equal(json_array_get(nums, (size_t)integer_at(answer, "index")), expected);
    } else if (strcmp(problem, "Search a 2D Matrix") == 0) {
        answer = search(json_object_get(input, "matrix"), target, "exact");
        good = json_equal(json_object_get(answer, "found"), expected);
    } else if (strncmp(problem, "Find Smallest Letter", 20) == 0) {
        json_t *letters = json_object_get(input, "letters");
        answer = search(letters, target, "upper_bound");
        good = json_equal(json_array_get(letters, (size_t)integer_at(answer, "index") % json_array_size(letters)),
                          expected);
    }
    json_decref(answer);
    return good;
}

static void public_cases(void **state) {
    (void)state;
    const char *path = shared_path("cases/arrays/leetcode_examples.jsonl");
    if (!path)
        skip();
    char *text = read_file(path, NULL);
    size_t tried = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *record = json_loads(line, 0, NULL);
        int good = agrees(json_string_value(json_object_get(record, "problem")), json_object_get(record, "input"),
                          json_object_get(record, "expected"));
        if (good == 0)
            fail_msg("%s", json_string_value(json_object_get(record, "id")));
        tried += good == 1;
        json_decref(record);
    }
    free(text);
    assert_in_range(tried, 10, 1000);
}

static void exercism_agrees(void **state) {
    (void)state;
    const char *path = shared_path("cases/arrays/exercism_cases.jsonl");
    if (!path)
        skip();
    char *text = read_file(path, NULL);
    size_t tried = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *record = json_loads(line, 0, NULL), *input = json_object_get(record, "input");
        if (strcmp(json_string_value(json_object_get(record, "exercise")), "binary-search") == 0) {
            json_t *answer = search(json_object_get(input, "array"), json_object_get(input, "value"), "exact");
            json_t *expected = json_object_get(record, "expected");
            if (json_is_integer(expected))
                assert_true(json_equal(json_object_get(answer, "index"), expected));
            else
                assert_true(json_is_false(json_object_get(answer, "found")));
            json_decref(answer);
            tried++;
        }
        json_decref(record);
    }
    free(text);
    assert_in_range(tried, 1, 1000);
}

static void a_trace_is_of_2000_values_at_most(void **state) {
    (void)state;
    for (int n = 2000; n <= 2001; n++) {
        json_t *values = json_array();
        for (int i = 0; i < n; i++)
            json_array_append_new(values, json_integer(i));
        json_t *request = json_pack("{s:o,s:i,s:{s:i}}", "values", values, "target", 7, "trace", "max_steps", 3);
        json_t *answer = ask(request);
        assert_int_equal(answer != NULL, n == 2000);
        if (answer) {
            json_t *trace = json_object_get(answer, "trace");
            assert_int_equal(json_array_size(json_object_get(trace, "steps")), 3);
            assert_in_range(integer_at(trace, "total"), 12, 14);
            assert_int_equal(integer_at(answer, "index"), 7);
        }
        json_decref(answer);
    }
}

static uint64_t cost_of(const char *body) {
    struct call call;
    call_init(&call, test_endpoint("POST", ROUTE), &test_host);
    call.request = (struct request){.body = body, .n = strlen(body)};
    assert_int_equal(call_decode(&call), STATUS_OK);
    uint64_t cost = call_cost(&call);
    call_release(&call);
    return cost;
}

static void cost_grows_with_the_work(void **state) {
    (void)state;
    uint64_t one = cost_of("{\"values\":[1],\"target\":1}"), words = cost_of("{\"values\":[\"a\"],\"target\":\"a\"}");
    assert_true(cost_of("{\"values\":[1],\"targets\":[1,2,3]}") > one);
    assert_true(cost_of("{\"values\":[1],\"target\":1,\"trace\":{}}") > one);
    assert_true(words > one);
    assert_true(cost_of("{\"values\":[\"aaaaaaaaaa\"],\"target\":\"a\"}") > words);
    assert_true(cost_of("{\"values\":[\"a\"],\"target\":\"aaaaaaaaaa\"}") > words);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(refusals),
        cmocka_unit_test(python_agrees),
        cmocka_unit_test(public_cases),
        cmocka_unit_test(exercism_agrees),
        cmocka_unit_test(a_trace_is_of_2000_values_at_most),
        cmocka_unit_test(cost_grows_with_the_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
