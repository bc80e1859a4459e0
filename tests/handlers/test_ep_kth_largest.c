#include "tests/support/host.h"
#include "tests/support/test.h"

#include <jansson.h>

static const char ROUTE[] = "/v1/solve/kth-largest";

#define SELECTED \
    ",\"algorithm\":\"select\",\"why\":\"For few ranks a reading of the values for each is less than a sort.\"}"
#define SORTED_DISTINCT ",\"algorithm\":\"sort\",\"why\":\"Which values are distinct shows in their order.\"}"
#define SORTED_MANY ",\"algorithm\":\"sort\",\"why\":\"So many ranks are asked for that sorting once is less work.\"}"

static void answers(void **state) {
    (void)state;
    static const struct test_row rows[] = {
        {"{\"values\":[3,2,1,5,6,4],\"k\":2}", "{\"value\":5" SELECTED},
        {"{\"values\":[3,2,1,5,6,4],\"k\":2,\"order\":\"smallest\"}", "{\"value\":2" SELECTED},
        {"{\"values\":[5,5,3],\"ks\":[2,3,1]}", "{\"values\":[5,3,5]" SELECTED},
        {"{\"values\":[5,5,3],\"k\":2,\"distinct\":true}", "{\"value\":3" SORTED_DISTINCT},
        {"{\"values\":[1,2.5],\"k\":1}", "{\"value\":2.5" SELECTED},
        {"{\"values\":[0.0,-0.0],\"ks\":[1,2]}", "{\"values\":[0.0,-0.0]" SELECTED},
        {"{\"values\":[\"b\",\"\xc3\xa9\",\"a\"],\"k\":1}", "{\"value\":\"\xc3\xa9\"" SELECTED},
        {"{\"values\":[\"b\",\"\",\"a\"],\"ks\":[1,2,3],\"order\":\"smallest\"}",
         "{\"values\":[\"\",\"a\",\"b\"]" SELECTED},
        {"{\"values\":[3,1,2,10],\"quantiles\":[0,0.25,0.5,1]}", "{\"quantiles\":[1.0,1.75,2.5,10.0]" SELECTED},
        {"{\"values\":[3,1,2,10],\"quantiles\":[0.5,0.1],\"method\":\"higher\"}", "{\"quantiles\":[3,2]" SELECTED},
        {"{\"values\":[1,1,1,9],\"quantiles\":[0.5],\"distinct\":true}", "{\"quantiles\":[5.0]" SORTED_DISTINCT},
        {"{\"values\":[\"b\",\"a\"],\"quantiles\":[0],\"method\":\"lower\"}", "{\"quantiles\":[\"a\"]" SELECTED},
        {"{\"values\":[7],\"ks\":[1]}", "{\"values\":[7]" SELECTED},
        {"{\"values\":[1,2,3,4,5,6,7],\"ks\":[7,6,5,4,3,2,1]}", "{\"values\":[1,2,3,4,5,6,7]" SORTED_MANY},
        {"{\"values\":[1,2,3],\"k\":2,\"algorithm\":\"sort\"}", "{\"value\":2,\"algorithm\":\"sort\"}"},
        {"{\"values\":[1,2,3,4,5,6,7],\"ks\":[7,6,5,4,3,2,1],\"algorithm\":\"select\"}",
         "{\"values\":[1,2,3,4,5,6,7],\"algorithm\":\"select\"}"},
        {"{\"values\":[2,5,5,1],\"k\":2,\"indices\":true}", "{\"value\":5,\"index\":1" SELECTED},
        {"{\"values\":[2,5,5,1],\"ks\":[1,2,4],\"indices\":true}", "{\"values\":[5,5,1],\"indices\":[1,1,3]" SELECTED},
        {"{\"values\":[0.0,-0.0,0.0],\"ks\":[1,3],\"indices\":true}",
         "{\"values\":[0.0,-0.0],\"indices\":[0,1]" SELECTED},
        {"{\"values\":[3,1,3,2],\"ks\":[1,2,3],\"distinct\":true,\"indices\":true}",
         "{\"values\":[3,2,1],\"indices\":[0,3,1]" SORTED_DISTINCT},
        /* LeetCode 378. */
        {"{\"values\":[[1,5,9],[10,11,13],[12,13,15]],\"k\":8,\"order\":\"smallest\",\"indices\":true}",
         "{\"value\":13,\"index\":5" SELECTED},
        {"{\"values\":[[1,2],[4,3]],\"quantiles\":[0.5],\"method\":\"hazen\"}", "{\"quantiles\":[2.5]" SELECTED},
        {"{\"values\":[4,2],\"quantiles\":[0.5],\"method\":\"inverted_cdf\",\"algorithm\":\"sort\"}",
         "{\"quantiles\":[2],\"algorithm\":\"sort\"}"},
    };
    test_answers(ROUTE, rows, COUNT(rows));
}

static void refusals(void **state) {
    (void)state;
    static const struct test_refusal rows[] = {
        {"{\"values\":[1,2],\"k\":3}", "\"/k\"", "k is 3, want 1 to 2"},
        {"{\"values\":[1,2],\"ks\":[1,2,3]}", "\"/ks/2\"", "ks[2] is 3, want 1 to 2"},
        {"{\"values\":[1,1],\"k\":2,\"distinct\":true}", "\"/k\"", "1 distinct value"},
        {"{\"values\":[1,2],\"k\":0}", "\"/k\"", ""},
        {"{\"values\":[1,2]}", "\"/k\"", "is missing; want exactly one of k, ks and quantiles"},
        {"{\"values\":[1,2],\"k\":1,\"ks\":[1]}", "\"/ks\"", "ks is given beside k; want exactly one"},
        {"{\"values\":[1,2],\"ks\":[1],\"quantiles\":[0.5]}", "\"/quantiles\"", "quantiles is given beside ks"},
        {"{\"values\":[1,2],\"quantiles\":[0.5,1.5]}", "\"/quantiles/1\"", "from 0 to 1"},
        {"{\"values\":[1,2],\"quantiles\":[0.5],\"order\":\"largest\"}", "\"/order\"",
         "at most one of quantiles and order"},
        {"{\"values\":[1,2],\"k\":1,\"method\":\"linear\"}", "\"/method\"", "beside quantiles only"},
        {"{\"values\":[\"a\"],\"quantiles\":[0.5]}", "\"/method\"", "strings"},
        {"{\"values\":[\"a\"],\"quantiles\":[0.5],\"method\":\"averaged_inverted_cdf\"}", "\"/method\"",
         "inverted_cdf"},
        {"{\"values\":[1,2],\"quantiles\":[0.5],\"indices\":true}", "\"/indices\"",
         "at most one of quantiles and indices"},
        {"{\"values\":[1,2],\"k\":1,\"distinct\":true,\"algorithm\":\"select\"}", "\"/algorithm\"", "distinct"},
        {"{\"values\":[1,2],\"quantiles\":[1],\"distinct\":true,\"algorithm\":\"select\"}", "\"/algorithm\"",
         "distinct"},
        {"{\"values\":[[1,2],[3]],\"k\":1}", "\"/values/1\"", ""},
        {"{\"values\":[[[1,2]]],\"k\":1}", "\"/values", ""},
        {"{\"values\":[],\"k\":1}", "\"/values\"", ""},
        {"{\"values\":[1,2],\"ks\":[]}", "\"/ks\"", ""},
    };
    test_refusals_at(ROUTE, rows, COUNT(rows));
}

/* kth gives the value as an integer. Steals values. */
static json_int_t kth(json_t *values, json_int_t k, const char *order) {
    json_t *request = json_pack("{s:o,s:I,s:s}", "values", values, "k", k, "order", order);
    char *body = json_dumps(request, JSON_COMPACT);
    int http;
    char *text = test_post(ROUTE, body, &http);
    assert_int_equal(http, 200);
    json_t *answer = json_loads(text, 0, NULL);
    json_int_t value = json_integer_value(json_object_get(answer, "value"));
    json_decref(answer);
    json_decref(request);
    free(body);
    free(text);
    return value;
}

static void try_integers(const json_t *input, const json_t *expected) {
    json_t *values = json_array(), *x;
    size_t i;
    json_array_foreach(json_object_get(input, "nums"), i, x) {
        json_int_t value = json_is_string(x) ? strtoll(json_string_value(x), NULL, 10) : json_integer_value(x);
        json_array_append_new(values, json_integer(value));
    }
    json_int_t want =
        json_is_string(expected) ? strtoll(json_string_value(expected), NULL, 10) : json_integer_value(expected);
    assert_int_equal(kth(values, json_integer_value(json_object_get(input, "k")), "largest"), want);
}

static json_int_t distance(const json_t *query) {
    json_int_t x = json_integer_value(json_array_get(query, 0)), y = json_integer_value(json_array_get(query, 1));
    return llabs(x) + llabs(y);
}

/* After each query: the k-th smallest distance so far, -1 while there are fewer. The last hundred are tried. */
static void try_obstacles(const json_t *input, const json_t *expected) {
    json_t *queries = json_object_get(input, "queries");
    json_int_t k = json_integer_value(json_object_get(input, "k"));
    size_t n = json_array_size(queries);
    for (size_t last = n > 100 ? n - 100 : 0; last < n; last++) {
        if ((json_int_t)last + 1 < k)
            continue;
        json_t *values = json_array();
        for (size_t i = 0; i <= last; i++)
            json_array_append_new(values, json_integer(distance(json_array_get(queries, i))));
        assert_int_equal(kth(values, k, "smallest"), json_integer_value(json_array_get(expected, last)));
    }
}

static size_t try_file(const char *path) {
    size_t tried = 0;
    char *text = read_file(path, NULL), *rest = text;
    for (char *line; (line = strsep(&rest, "\n"));) {
        json_t *record = json_loads(line, 0, NULL), *input = json_object_get(record, "input");
        const char *problem = json_string_value(json_object_get(record, "problem"));
        if (problem && (strcmp(problem, "Kth Largest Element in an Array") == 0 ||
                        strcmp(problem, "Find the Kth Largest Integer in the Array") == 0)) {
            try_integers(input, json_object_get(record, "expected"));
            tried++;
        } else if (problem && strcmp(problem, "k-th-nearest-obstacle-queries") == 0) {
            try_obstacles(input, json_object_get(record, "expected"));
            tried++;
        }
        json_decref(record);
    }
    free(text);
    return tried;
}

static void public_cases(void **state) {
    (void)state;
    static const char *const files[] = {"cases/arrays/leetcode_examples.jsonl",
                                        "cases/arrays/leetcodedataset_v031.jsonl"};
    for (size_t i = 0; i < COUNT(files); i++) {
        const char *path = shared_path(files[i]);
        if (!path)
            skip();
        assert_in_range(try_file(path), 1, 1000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(refusals),
        cmocka_unit_test(public_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
