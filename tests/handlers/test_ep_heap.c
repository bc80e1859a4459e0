#include "tests/support/host.h"
#include "tests/support/test.h"

#include <jansson.h>

static const char ROUTE[] = "/v1/solve/heap";

static void answers(void **state) {
    (void)state;
    static const struct test_row rows[] = {
        {"{\"values\":[],\"operations\":[]}", "{\"heap\":[],\"results\":[]}"},
        {"{\"values\":[3,1,2],\"operations\":[]}", "{\"heap\":[3,1,2],\"results\":[]}"},
        {"{\"values\":[],\"operations\":[{\"op\":\"push\",\"value\":\"b\"},{\"op\":\"push\",\"value\":\"a\"},"
         "{\"op\":\"pushpop\",\"value\":\"\"}]}",
         "{\"heap\":[\"a\",\"b\"],\"results\":[{\"op\":\"push\"},{\"op\":\"push\"},{\"op\":\"pushpop\",\"value\":\"\"}]"
         "}"},
        {"{\"values\":[3,1],\"operations\":[{\"op\":\"heapify\"},{\"op\":\"push\",\"value\":0.5}]}",
         "{\"heap\":[0.5,3.0,1.0],\"results\":[{\"op\":\"heapify\"},{\"op\":\"push\"}]}"},
        {"{\"values\":[0.0,-0.0,0.0],\"operations\":[{\"op\":\"nlargest\",\"n\":2},{\"op\":\"sort\"}]}",
         "{\"heap\":[0.0,-0.0,0.0],\"results\":[{\"op\":\"nlargest\",\"values\":[0.0,-0.0]},{\"op\":\"sort\"}]}"},
        {"{\"values\":[-9223372036854775808,9223372036854775807],\"order\":\"max\",\"operations\":[{\"op\":\"check\"},{"
         "\"op\":\"heapify\"},{\"op\":\"replace\",\"value\":0},{\"op\":\"pop\"}]}",
         "{\"heap\":[-9223372036854775808],\"results\":[{\"op\":\"check\",\"valid\":false,\"at\":1},{\"op\":"
         "\"heapify\"},{\"op\":\"replace\",\"value\":9223372036854775807},{\"op\":\"pop\",\"value\":0}]}"},
        {"{\"values\":[],\"operations\":[{\"op\":\"merge\",\"inputs\":[]},{\"op\":\"merge\",\"inputs\":[{\"values\":[]}"
         ",{\"values\":[1,2]},{\"values\":[1.5]}]},{\"op\":\"nsmallest\",\"n\":3},{\"op\":\"check\"}]}",
         "{\"heap\":[],\"results\":[{\"op\":\"merge\",\"values\":[]},{\"op\":\"merge\",\"values\":[1.0,1.5,2.0]},{"
         "\"op\":\"nsmallest\",\"values\":[]},{\"op\":\"check\",\"valid\":true}]}"},
        {"{\"values\":[],\"operations\":[{\"op\":\"merge\",\"inputs\":[ [1,4] , [],[2] "
         "]},{\"op\":\"merge\",\"inputs\":[[\"a\"],"
         "{\"values\":[\"b\"]},[\"a\",\"c\"]]},{\"op\":\"merge\",\"inputs\":[{\"values\":[1]},[0.5,2]]},{\"op\":"
         "\"merge\","
         "\"inputs\":[[]]}]}",
         "{\"heap\":[],\"results\":[{\"op\":\"merge\",\"values\":[1,2,4]},{\"op\":\"merge\",\"values\":[\"a\",\"a\","
         "\"b\",\"c\"]},"
         "{\"op\":\"merge\",\"values\":[0.5,1.0,2.0]},{\"op\":\"merge\",\"values\":[]}]}"},
        {"{\"values\":[2,1],\"operations\":[{\"op\":\"heapify\"}],\"trace\":{\"max_steps\":2}}",
         "{\"heap\":[1,2],\"results\":[{\"op\":\"heapify\"}],\"trace\":{\"steps\":[{\"i\":0,\"op\":\"operation\",\"at\""
         ":[],\"vars\":{\"index\":0,\"op\":\"heapify\"}},{\"i\":1,\"op\":\"swap\",\"at\":[0,1],\"values\":[1,2]}],"
         "\"total\":3}}"},
    };
    test_answers(ROUTE, rows, COUNT(rows));
}

static void refusals(void **state) {
    (void)state;
    static const struct {
        const char *operations, *pointer, *words; /* on the heap 1, 2 */
    } rows[] = {
        {"{\"op\":\"pop\"},{\"op\":\"pop\"},{\"op\":\"pop\"}", "/operations/2", "empty by then"},
        {"{\"op\":\"pop\"},{\"op\":\"pop\"},{\"op\":\"replace\",\"value\":1}", "/operations/2", "empty by then"},
        {"{\"op\":\"push\"}", "/operations/0/value", "missing"},
        {"{\"op\":\"pop\",\"value\":3}", "/operations/0/value", "means nothing"},
        {"{\"op\":\"pop\"},{\"op\":\"pushpop\",\"value\":\"a\"}", "/operations/1/value", "a string"},
        {"{\"op\":\"push\",\"value\":9007199254740993},{\"op\":\"push\",\"value\":0.5}", "/operations/0/value", "2^53"},
        {"{\"op\":\"nlargest\"}", "/operations/0/n", "missing"},
        {"{\"op\":\"nsmallest\",\"n\":-1}", "/operations/0/n", "-1"},
        {"{\"op\":\"sort\",\"n\":1}", "/operations/0/n", "means nothing"},
        {"{\"op\":\"merge\"}", "/operations/0/inputs", "missing"},
        {"{\"op\":\"check\",\"inputs\":[]}", "/operations/0/inputs", "means nothing"},
        {"{\"op\":\"merge\",\"inputs\":[[1],[1,3,2]]}", "/operations/0/inputs/1/2", "inputs[1][2] is less"},
        {"{\"op\":\"merge\",\"inputs\":[[\"b\",\"a\"],[]]}", "/operations/0/inputs/0/1", "is less"},
        {"{\"op\":\"merge\",\"inputs\":[[1],[\"a\"]]}", "/operations/0/inputs/1/0", "inputs[1][0] is a string"},
        {"{\"op\":\"merge\",\"inputs\":[[0.5],[1,9223372036854775807]]}", "/operations/0/inputs/1/1", "2^53"},
        {"{\"op\":\"merge\",\"inputs\":[[1],2]}", "/operations/0/inputs/1", "is 2, want an array or an object"},
        {"{\"op\":\"merge\",\"inputs\":[1,2]}", "/operations/0/inputs/0", "is 1, want an array or an object"},
        {"{\"op\":\"merge\",\"inputs\":[[1],[[2]]]}", "/operations/0/inputs/1/0", "is an array"},
        {"{\"op\":\"merge\",\"inputs\":[[1],{\"values\":[\"a\"]},null]}", "/operations/0/inputs/2", "an object"},
        {"{\"op\":\"merge\",\"inputs\":[{\"values\":[1,3,2]}]}", "/operations/0/inputs/0/values/2", "is less"},
        {"{\"op\":\"merge\",\"inputs\":[{\"values\":[1]},{\"values\":[\"a\"]}]}", "/operations/0/inputs/1/values/0",
         "a string"},
        {"{\"op\":\"merge\",\"inputs\":[{\"values\":[0.5]},{\"values\":[1,9223372036854775807]}]}",
         "/operations/0/inputs/1/values/1", "2^53"},
        {"{\"op\":\"fly\"}", "/operations/0/op", "heapify"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char body[400], pointer[80];
        int http;
        snprintf(body, sizeof body, "{\"values\":[1,2],\"operations\":[%s]}", rows[i].operations);
        snprintf(pointer, sizeof pointer, "\"%s\"", rows[i].pointer);
        char *text = test_post(ROUTE, body, &http);
        if (http != 422 || !strstr(text, pointer) || !strstr(text, rows[i].words))
            fail_msg("%s: %s", body, text);
        free(text);
    }
}

static void post_of_values(size_t n, int *http) {
    struct buf body;
    buf_init(&body, 1 << 20);
    buf_text(&body, "{\"trace\":{},\"operations\":[{\"op\":\"push\",\"value\":1}],\"values\":[");
    for (size_t i = 0; i < n; i++)
        buf_text(&body, i ? ",0" : "0");
    buf_text(&body, "]}");
    buf_byte(&body, '\0');
    free(test_post(ROUTE, body.data, http));
    buf_release(&body);
}

static void a_trace_is_made_of_two_thousand_values(void **state) {
    (void)state;
    int http;
    post_of_values(1999, &http);
    assert_int_equal(http, 200);
    post_of_values(2000, &http);
    assert_int_equal(http, 413);
}

/* solve posts and gives the answer; NULL: it was refused at operation `at`. */
static json_t *solve(json_t *values, json_t *operations, const char *order, size_t at) {
    json_t *request = json_pack("{s:O,s:O,s:s}", "values", values, "operations", operations, "order", order);
    char *body = json_dumps(request, JSON_COMPACT), pointer[40];
    int http;
    char *text = test_post(ROUTE, body, &http);
    json_t *answer = http == 200 ? json_loads(text, 0, NULL) : NULL;
    snprintf(pointer, sizeof pointer, "\"/operations/%zu\"", at);
    if (!answer && !strstr(text, pointer))
        fail_msg("%s: %s", body, text);
    free(text);
    free(body);
    json_decref(request);
    return answer;
}

static void expect_member(const json_t *answer, size_t i, const char *member, json_t *want) {
    json_t *got = json_object_get(json_array_get(json_object_get(answer, "results"), i), member);
    if ((got || want) && !json_equal(got, want))
        fail_msg("result %zu: %s", i, json_dumps(answer, JSON_COMPACT));
}

/* A recorded sequence goes on after an operation on an empty heap. */
static void check_sequence(json_t *record) {
    json_t *ops = json_object_get(record, "ops"), *expected = json_object_get(record, "expected_results");
    json_t *operations = json_array(), *op, *want;
    size_t i;
    json_array_foreach(ops, i, op) {
        json_t *o = json_pack("{s:O}", "op", json_array_get(op, 0));
        if (json_array_size(op) > 1)
            json_object_set(o, "value", json_array_get(op, 1));
        json_array_append_new(operations, o);
    }
    json_t *request = json_pack("{s:[],s:o,s:s}", "values", "operations", operations, "on_empty", "report");
    char *body = json_dumps(request, JSON_COMPACT), *text = test_post(ROUTE, body, NULL);
    json_t *answer = json_loads(text, 0, NULL), *empty = json_string("empty");
    assert_true(json_equal(json_object_get(answer, "heap"), json_object_get(record, "expected_array")));
    json_array_foreach(expected, i, want) {
        expect_member(answer, i, "error", json_is_string(want) ? empty : NULL);
        expect_member(answer, i, "value", json_is_string(want) || json_is_null(want) ? NULL : want);
    }
    json_decref(empty);
    json_decref(answer);
    json_decref(request);
    free(text);
    free(body);
}

static void check_heapify(json_t *record) {
    json_t *operations = json_pack("[{s:s}]", "op", "heapify");
    json_t *answer = solve(json_object_get(record, "input"), operations, "min", 0);
    assert_true(json_equal(json_object_get(answer, "heap"), json_object_get(record, "expected_array")));
    json_decref(answer);
    json_decref(operations);
}

static void check_extremes(json_t *record) {
    json_t *operations =
        json_pack("[{s:O,s:O}]", "op", json_object_get(record, "op"), "n", json_object_get(record, "k"));
    json_t *answer = solve(json_object_get(record, "input"), operations, "min", 0);
    expect_member(answer, 0, "values", json_object_get(record, "expected"));
    json_decref(answer);
    json_decref(operations);
}

static void check_merge(json_t *record) {
    json_t *lists = json_object_get(record, "lists"), *list, *inputs = json_array(), *values = json_array();
    size_t i;
    json_array_foreach(lists, i, list) json_array_append_new(inputs, json_pack("{s:O}", "values", list));
    json_t *operations = json_pack("[{s:s,s:o}]", "op", "merge", "inputs", inputs);
    json_t *answer = solve(values, operations, json_is_true(json_object_get(record, "reverse")) ? "max" : "min", 0);
    expect_member(answer, 0, "values", json_object_get(record, "expected"));
    json_decref(answer);
    json_decref(operations);
    json_decref(values);
}

static void layouts_are_those_of_heapq(void **state) {
    (void)state;
    const char *path = shared_path("cases/arrays/heapq_vectors.jsonl");
    if (!path)
        skip();
    size_t tried = 0;
    char *text = read_file(path, NULL);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), tried++) {
        json_t *record = json_loads(line, 0, NULL);
        const char *op = json_string_value(json_object_get(record, "op"));
        if (strcmp(op, "sequence") == 0)
            check_sequence(record);
        else if (strcmp(op, "heapify") == 0)
            check_heapify(record);
        else if (strcmp(op, "merge") == 0)
            check_merge(record);
        else
            check_extremes(record);
        json_decref(record);
    }
    free(text);
    assert_in_range(tried, 60, 10000);
}

/* Public case "Last Stone Weight": pop two, push their difference; each round is one request, with the heap of the
 * round before. */
static int64_t last_stone(json_t *stones) {
    json_t *heap = json_incref(stones),
           *ops = json_loads("[{\"op\":\"heapify\"},{\"op\":\"pop\"},{\"op\":\"pop\"}]", 0, NULL);
    while (json_array_size(heap) > 1) {
        json_t *answer = solve(heap, ops, "max", 0), *results = json_object_get(answer, "results");
        json_int_t y = json_integer_value(json_object_get(json_array_get(results, 1), "value"));
        json_int_t x = json_integer_value(json_object_get(json_array_get(results, 2), "value"));
        json_decref(heap);
        heap = json_incref(json_object_get(answer, "heap"));
        if (y > x)
            json_array_append_new(heap, json_integer(y - x));
        json_decref(answer);
    }
    int64_t last = json_integer_value(json_array_get(heap, 0));
    json_decref(heap);
    json_decref(ops);
    return last;
}

static void public_cases(void **state) {
    (void)state;
    const char *path = shared_path("cases/arrays/leetcode_examples.jsonl");
    if (!path)
        skip();
    size_t tried = 0;
    char *text = read_file(path, NULL);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *record = json_loads(line, 0, NULL);
        if (strcmp(json_string_value(json_object_get(record, "problem")), "Last Stone Weight") == 0) {
            json_t *stones = json_object_get(json_object_get(record, "input"), "stones");
            assert_int_equal(last_stone(stones), json_integer_value(json_object_get(record, "expected")));
            tried++;
        }
        json_decref(record);
    }
    free(text);
    assert_in_range(tried, 1, 100);
}

static void cost_grows_with_the_work(void **state) {
    (void)state;
    uint64_t before = 0;
    static const char *const requests[] = {
        "{\"values\":[1],\"operations\":[]}",
        "{\"values\":[1],\"operations\":[{\"op\":\"sort\"}]}",
        "{\"values\":[1],\"operations\":[{\"op\":\"push\",\"value\":1},{\"op\":\"push\",\"value\":1}]}",
        "{\"values\":[],\"operations\":[{\"op\":\"push\",\"value\":\"a\"},{\"op\":\"push\",\"value\":\"aa\"}]}",
        "{\"values\":[],\"operations\":[{\"op\":\"push\",\"value\":1}],\"trace\":{}}",
    };
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

/* Arrays of arrays are taken apart by hand, so their syntax is looked at by hand too. */
static void inputs_alone_are_json_too(void **state) {
    (void)state;
    static const char *const BAD[] = {"[[1],]", "[[1],,[2]]", "[,[1]]",  "[[1] [2]]",
                                      "[[1]2]", "[[1,],[2]]", "[[1][2]]"};
    for (size_t i = 0; i < COUNT(BAD); i++) {
        char body[160];
        snprintf(body, sizeof body, "{\"values\":[],\"operations\":[{\"op\":\"merge\",\"inputs\":%s}]}", BAD[i]);
        int http;
        char *text = test_post(ROUTE, body, &http);
        if (http != 400 || !strstr(text, "line 1, column"))
            fail_msg("%s: %d %s", BAD[i], http, text);
        free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(refusals),
        cmocka_unit_test(inputs_alone_are_json_too),
        cmocka_unit_test(a_trace_is_made_of_two_thousand_values),
        cmocka_unit_test(layouts_are_those_of_heapq),
        cmocka_unit_test(public_cases),
        cmocka_unit_test(cost_grows_with_the_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
