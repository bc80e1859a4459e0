/* The endpoint's two forms, its errors, its time limit, and public instances whose optima others published. */
#include <dirent.h>
#include <jansson.h>

#include "handlers/call.h"
#include "tests/support/host.h"
#include "tests/support/test.h"

#define ROUTE "/v1/solve/knapsack"

static void both_forms_give_the_same_answer(void **state) {
    (void)state;
    static const char *const bodies[] = {
        "{\"capacity\":5,\"items\":[{\"weight\":4,\"value\":5},{\"value\":3,\"weight\":2},{\"weight\":3,\"value\":4}]}",
        "{\"capacity\":5,\"weights\":[4,2,3],\"values\":[5,3,4]}"};
    for (size_t i = 0; i < COUNT(bodies); i++) {
        int http;
        char *text = test_post(ROUTE, bodies[i], &http);
        assert_int_equal(http, 200);
        assert_non_null(strstr(text, "{\"value\":7,\"weight\":5,\"chosen\":[1,2],\"optimal\":true,\"bound\":7,"));
        free(text);
    }
}

static void no_items_are_an_answer(void **state) {
    (void)state;
    static const char *const bodies[] = {"{\"capacity\":5,\"items\":[]}",
                                         "{\"capacity\":0,\"weights\":[],\"values\":[]}"};
    for (size_t i = 0; i < COUNT(bodies); i++) {
        int http;
        char *text = test_post(ROUTE, bodies[i], &http);
        assert_int_equal(http, 200);
        assert_non_null(strstr(text, "{\"value\":0,\"weight\":0,\"chosen\":[],\"optimal\":true,\"bound\":0,"));
        free(text);
    }
}

static void wrong_requests_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *body, *pointer, *detail;
    } rows[] = {
        {"{\"capacity\":5}", "", "items is missing; want exactly one of items and weights."},
        {"{\"capacity\":5,\"weights\":[1]}", "/values", "The request has weights without values, want both."},
        {"{\"capacity\":5,\"values\":[1]}", "/items", "items is missing; want exactly one of items and weights."},
        {"{\"capacity\":5,\"weights\":[1,2],\"values\":[1,2,3]}", "/values",
         "There are 2 weights but 3 values, want as many of either."},
        {"{\"capacity\":5,\"items\":[],\"weights\":[1],\"values\":[1]}", "/weights",
         "weights is given beside items; want exactly one of items and weights."},
        {"{\"capacity\":5,\"items\":[],\"values\":[1]}", "/values",
         "values is given without weights; want it beside weights only."},
        {"{\"capacity\":5,\"weights\":[9223372036854775807,1],\"values\":[1,1]}", "/weights/1",
         "weights[1] is 1, which takes the sum of its kind past 9223372036854775807; want a sum of at most that."},
        {"{\"capacity\":5,\"items\":[{\"weight\":1,\"value\":9223372036854775807},{\"weight\":1,\"value\":2}]}",
         "/items/1/value",
         "items[1].value is 2, which takes the sum of its kind past 9223372036854775807; want a sum of at most that."},
        {"{\"capacity\":5,\"items\":[{\"weight\":-1,\"value\":1}]}", "/items/0/weight", NULL},
        {"{\"capacity\":5,\"weights\":[1,-2],\"values\":[1,1]}", "/weights", NULL},
        {"{\"capacity\":-1,\"items\":[]}", "/capacity", NULL},
        {"{\"capacity\":1,\"items\":[{\"weight\":1}]}", "/items/0/value", "items[0].value is missing; it is required."},
        {"{\"capacity\":1,\"items\":[{\"value\":1}]}", "/items/0/weight",
         "items[0].weight is missing; it is required."},
        {"{\"items\":[]}", "/capacity", "capacity is missing; want exactly one of capacity and capacities."},
        {"{\"items\":[],\"capacity\":1,\"capacities\":[1]}", "/capacities", NULL},
        {"{\"items\":[],\"ids\":[1],\"capacity\":1}", "/ids",
         "ids is given without weights; want it beside weights only."},
        {"{\"weights\":[1],\"values\":[1],\"ids\":[1,2],\"capacity\":1}", "/ids",
         "There are 1 weights but 2 ids, want as many of either."},
        {"{\"weights\":[1],\"values\":[1],\"counts\":[1],\"capacity\":1}", "/counts", NULL},
        {"{\"weights\":[1],\"values\":[1],\"variant\":\"bounded\",\"capacity\":1}", "/counts", NULL},
        {"{\"items\":[{\"weight\":1,\"value\":1,\"count\":1}],\"capacity\":1}", "/items/0/count", NULL},
        {"{\"items\":[{\"weight\":1,\"value\":1,\"id\":1},{\"weight\":1,\"value\":1}],\"capacity\":1}", "/items/1/id",
         "items[1] and items[0] differ in their ids, want all strings, all integers or none."},
        {"{\"variant\":\"subset-sum\",\"weights\":[1],\"values\":[1],\"capacity\":1}", "/values", NULL},
        {"{\"variant\":\"subset-sum\",\"items\":[{\"weight\":1,\"value\":1}],\"capacity\":1}", "/items/0/value", NULL},
        {"{\"variant\":\"subset-sum\",\"weights\":[[9223372036854775807,1]],\"capacities\":[1,1]}", "/weights/0", NULL},
        {"{\"variant\":\"subset-sum\",\"items\":[{\"weights\":[9223372036854775807,1]}],\"capacities\":[1,1]}",
         "/items/0/weights", NULL},
        {"{\"variant\":\"unbounded\",\"weights\":[0],\"values\":[1],\"capacity\":1}", "/values/0", NULL},
        {"{\"weights\":[[1,2]],\"values\":[1],\"capacities\":[1]}", "/weights", NULL},
        {"{\"weights\":[1],\"values\":[1],\"capacities\":[1]}", "/weights", NULL},
        {"{\"weights\":[[1]],\"values\":[1],\"capacity\":1}", "/weights", NULL},
        {"{\"items\":[{\"weight\":1,\"value\":1}],\"capacities\":[1]}", "/items/0/weights", NULL},
        {"{\"items\":[{\"weights\":[1],\"value\":1}],\"capacity\":1}", "/items/0/weight", NULL},
        {"{\"items\":[{\"weights\":[1,2],\"value\":1}],\"capacities\":[1]}", "/items/0/weights", NULL},
        {"{\"items\":[],\"capacity\":1,\"trace\":null}", "/trace", "trace is null, want an object."},
        {"{\"items\":[],\"capacities\":[1],\"trace\":{}}", "/trace", NULL},
        {"{\"items\":[],\"capacities\":[1],\"algorithm\":\"core\"}", "/algorithm", NULL},
        {"{\"items\":[],\"capacity\":1,\"algorithm\":\"core\",\"at_most\":1}", "/algorithm",
         "core knows no at_most; want auto, branch-and-bound or a table."},
        {"{\"items\":[],\"capacity\":1,\"limit\":3}", "/limit", NULL},
        {"{\"weights\":[0.5],\"values\":[1],\"capacity\":1,\"trace\":{}}", "/trace", NULL},
        {"{\"items\":[{\"weight\":-0.5,\"value\":1}],\"capacity\":1}", "/items/0/weight", NULL},
        {"{\"weights\":[1e300,1e-300],\"values\":[1,1],\"capacity\":1}", "/capacity", NULL},
        {"{\"weights\":[0.5],\"values\":[1],\"capacity\":9007199254740993}", "/capacity", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int http;
        char *text = test_post(ROUTE, rows[i].body, &http);
        json_t *problem = json_loads(text, 0, NULL), *error = json_array_get(json_object_get(problem, "errors"), 0);
        assert_int_equal(http, 422);
        const char *pointer = json_string_value(json_object_get(error, "pointer"));
        assert_non_null(pointer);
        assert_int_equal(strncmp(pointer, rows[i].pointer, strlen(rows[i].pointer)), 0);
        if (rows[i].detail)
            assert_string_equal(json_string_value(json_object_get(error, "detail")), rows[i].detail);
        json_decref(problem);
        free(text);
    }
}

static void a_time_limit_gives_a_partial_answer(void **state) {
    (void)state;
    static const char body[] = "{\"capacity\":50,\"time_limit_ms\":7,\"weights\":[31,10,20,19,4,3,6],"
                               "\"values\":[70,20,39,37,7,5,10]}";
    atomic_int stop = STOP_DEADLINE;
    struct call call;
    struct buf out;
    buf_init(&out, 1 << 20);
    call_init(&call, test_endpoint("POST", ROUTE), &test_host);
    call.ctx.stop = &stop;
    call.request = (struct request){.body = body, .n = strlen(body), .query = ""};
    assert_int_equal(call_decode(&call), STATUS_OK);
    assert_int_equal(call.time_limit_ms, 7);
    assert_int_equal(call_run(&call), STATUS_OK);
    assert_true(call.partial);
    assert_int_equal(call_encode(&call, MEDIA_JSON, &out), STATUS_OK);
    buf_byte(&out, '\0');
    assert_non_null(strstr(out.data, "\"optimal\":false"));
    assert_non_null(strstr(out.data, "\"ended\":\"time_limit\""));
    buf_release(&out);
    call_release(&call);
}

/* -- Variants, limits, forms -- */

/* What an answer begins with, or holds. */
static void answers_hold(void **state) {
    (void)state;
    static const struct {
        const char *body, *holds;
    } rows[] = {
        {"{\"variant\":\"unbounded\",\"capacity\":15,\"items\":[{\"id\":\"a\",\"weight\":12,\"value\":4},{\"id\":\"b\","
         "\"weight\":1,\"value\":2},{\"id\":\"c\",\"weight\":4,\"value\":10}]}",
         "{\"value\":36,\"weight\":15,\"chosen\":[1,2],\"counts\":[3,3],\"chosen_ids\":[\"b\",\"c\"],\"optimal\":"
         "true,"},
        {"{\"variant\":\"bounded\",\"weights\":[3,5,7],\"values\":[4,6,9],\"counts\":[3,2,1000000000000],\"ids\":[7,8,"
         "9],"
         "\"capacity\":1000000000}",
         "{\"value\":1285714286,\"weight\":1000000000,\"chosen\":[0,2],\"counts\":[2,142857142],\"chosen_ids\":[7,9],"},
        {"{\"variant\":\"bounded\",\"capacity\":9,\"items\":[{\"weight\":2,\"value\":3,\"count\":3},{\"weight\":1,"
         "\"value\":1}]}",
         "{\"value\":10,\"weight\":7,\"chosen\":[0,1],\"counts\":[3,1],"},
        {"{\"variant\":\"subset-sum\",\"items\":[{\"weight\":4},{\"weight\":6}],\"capacity\":9}",
         "{\"value\":6,\"weight\":6,\"chosen\":[1],\"optimal\":true,\"bound\":6,\"algorithm\":\"core\","},
        {"{\"variant\":\"subset-sum\",\"weights\":[2,5,11,5],\"capacity\":9,\"exact_fill\":true}",
         "{\"value\":0,\"weight\":0,\"chosen\":[],\"optimal\":true,\"found\":false,\"bound\":0,"},
        {"{\"variant\":\"subset-sum\",\"weights\":[1,5,11,5],\"capacity\":11,\"exact_fill\":true,\"all\":true}",
         "\"found\":true,\"bound\":11,\"sets\":[{\"chosen\":[0,1,3]},{\"chosen\":[2]}],\"more\":false,"},
        {"{\"weights\":[1,1,1],\"values\":[1,1,1],\"capacity\":1,\"all\":true,\"limit\":2}",
         "\"sets\":[{\"chosen\":[0]},{\"chosen\":[1]}],\"more\":true,"},
        {"{\"weights\":[1,2,3],\"values\":[3,4,6],\"capacity\":6,\"at_most\":2}",
         "{\"value\":10,\"weight\":5,\"chosen\":[1,2],"},
        {"{\"weights\":[[1,2],[3,4],[2,2]],\"values\":[3,4,5],\"capacities\":[4,5]}",
         "{\"value\":8,\"weights\":[3,4],\"chosen\":[0,2],\"optimal\":true,\"bound\":8,\"algorithm\":"
         "\"branch-and-bound\","},
        {"{\"weights\":[[1,2],[3,1],[2,2],[2,1]],\"values\":[1,5,4,2],\"capacities\":[4,3],\"exact_fill\":true,"
         "\"all\":true}",
         "{\"value\":6,\"weights\":[4,3],\"chosen\":[2,3],\"optimal\":true,\"found\":true,\"bound\":6,\"sets\":[{"
         "\"chosen\":"
         "[2,3]},{\"chosen\":[0,1]}],\"more\":false,"},
        {"{\"weights\":[[2,3],[4,1]],\"values\":[1,5],\"capacities\":[5,4],\"exact_fill\":true}",
         "{\"value\":0,\"weights\":[0,0],\"chosen\":[],\"optimal\":true,\"found\":false,\"bound\":0,\"algorithm\":"
         "\"branch-and-bound\","},
        {"{\"variant\":\"subset-sum\",\"weights\":[[1,0.5],[2,3],[1,2.5]],\"capacities\":[3,3.5]}",
         "{\"value\":6.5,\"weights\":[3.0,3.5],\"chosen\":[0,1],"},
        {"{\"capacities\":[4,5.5],\"items\":[{\"weights\":[1,2],\"value\":3},{\"weights\":[3,3.5],\"value\":4}]}",
         "{\"value\":7,\"weights\":[4.0,5.5],\"chosen\":[0,1],"},
        {"{\"variant\":\"subset-sum\",\"weights\":[0.1,0.2,0.7],\"capacity\":0.3}",
         "{\"value\":0.3,\"weight\":0.3,\"chosen\":[0,1],"},
        {"{\"weights\":[0.30000000000000004,1],\"values\":[1,0.5],\"capacity\":0.3}",
         "{\"value\":0.0,\"weight\":0.0,\"chosen\":[],"},
        {"{\"weights\":[3,4],\"values\":[3,4],\"capacity\":4,\"algorithm\":\"table-1d\"}",
         "\"chosen\":[1],\"optimal\":true,\"bound\":4,\"algorithm\":\"table-1d\","},
        {"{\"weights\":[3,4],\"values\":[3,4],\"capacity\":4,\"algorithm\":\"meet-in-the-middle\"}",
         "\"algorithm\":\"meet-in-the-middle\","},
        {"{\"weights\":[1],\"values\":[2],\"capacity\":1,\"trace\":{}}",
         "\"trace\":{\"steps\":[{\"i\":0,\"op\":\"set\",\"at\":[2],\"values\":[0]}"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int http;
        char *text = test_post(ROUTE, rows[i].body, &http);
        const char *at = strstr(text, rows[i].holds);
        if (http != 200 || !at || (rows[i].holds[0] == '{' && at != text))
            fail_msg("row %zu: want %s, got %s", i, rows[i].holds, text);
        free(text);
    }
}

/* -- Public instances -- */

static char *request_of(const json_t *instance) {
    json_t *request =
        json_pack("{s:O, s:O, s:O}", "weights", json_object_get(instance, "weights"), "values",
                  json_object_get(instance, "profits"), "capacity", json_object_get(instance, "capacity"));
    char *body = json_dumps(request, JSON_COMPACT);
    json_decref(request);
    return body;
}

static json_int_t sum_of(const json_t *column, const json_t *chosen) {
    json_int_t sum = 0;
    size_t k;
    json_t *i;
    json_array_foreach(chosen, k, i) sum += json_integer_value(json_array_get(column, (size_t)json_integer_value(i)));
    return sum;
}

static void solve_public(const char *name, const json_t *instance) {
    char *body = request_of(instance);
    int http;
    char *text = test_post(ROUTE, body, &http);
    json_t *answer = json_loads(text, 0, NULL);
    json_int_t value = json_integer_value(json_object_get(answer, "value")),
               optimum = json_integer_value(json_object_get(instance, "optimum"));
    if (http != 200 || value != optimum || !json_is_true(json_object_get(answer, "optimal")))
        fail_msg("%s: want %lld, got %.200s", name, (long long)optimum, text);
    const json_t *chosen = json_object_get(answer, "chosen");
    assert_true(sum_of(json_object_get(instance, "profits"), chosen) == value);
    assert_true(sum_of(json_object_get(instance, "weights"), chosen) <=
                json_integer_value(json_object_get(instance, "capacity")));
    json_decref(answer);
    free(text);
    free(body);
}

static void solve_fractions(const json_t *instance) {
    char *body = request_of(instance);
    int http;
    char *text = test_post(ROUTE, body, &http);
    json_t *answer = json_loads(text, 0, NULL);
    double value = json_real_value(json_object_get(answer, "value")),
           optimum = json_real_value(json_object_get(instance, "optimum"));
    assert_int_equal(http, 200);
    assert_true(value - optimum < 1e-3 && optimum - value < 1e-3);
    assert_true(json_is_true(json_object_get(answer, "optimal")));
    json_decref(answer);
    free(text);
    free(body);
}

/* The optima are those published with the sets (kplib, Pisinger, Jooken et al.: see "optimum_from" in each file). */
static void public_instances_have_their_optimum(void **state) {
    (void)state;
    char folder[400], path[800];
    const char *shared = shared_path("cases/knapsack/instances");
    if (!shared) {
        skip();
        return;
    }
    snprintf(folder, sizeof folder, "%s", shared);
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    int solved = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        json_t *instance = strstr(entry->d_name, ".json") ? json_load_file(path, 0, NULL) : NULL;
        if (instance && json_is_integer(json_object_get(instance, "optimum"))) {
            solve_public(entry->d_name, instance);
            solved++;
        } else if (instance) {
            solve_fractions(instance);
        }
        json_decref(instance);
    }
    closedir(dir);
    assert_true(solved > 0);
}

static json_t *post_json(json_t *request) {
    int http;
    char *body = json_dumps(request, JSON_COMPACT), *text = test_post(ROUTE, body, &http);
    json_t *answer = json_loads(text, 0, NULL);
    if (http != 200)
        fail_msg("%s: %s", body, text);
    json_decref(request);
    free(body);
    free(text);
    return answer;
}

static json_int_t int_of(json_t *answer, const char *name) { return json_integer_value(json_object_get(answer, name)); }

/* each_line calls solve for each case of a JSONL file; false: it is not present. */
static bool each_line(const char *name, void (*solve)(const json_t *)) {
    const char *path = shared_path(name);
    char *text = path ? read_file(path, NULL) : NULL, *rest = text;
    for (char *line; rest && (line = strsep(&rest, "\n"));) {
        json_t *one = json_loads(line, 0, NULL);
        if (one)
            solve(one);
        json_decref(one);
    }
    free(text);
    return text;
}

static int solved;

static void solve_table_case(const json_t *one) {
    const json_t *weights = json_object_get(one, "weights");
    json_t *rows = json_array();
    for (size_t i = 0; i < json_array_size(json_array_get(weights, 0)); i++) {
        json_t *row = json_array();
        for (size_t d = 0; d < json_array_size(weights); d++)
            json_array_append(row, json_array_get(json_array_get(weights, d), i));
        json_array_append_new(rows, row);
    }
    json_t *answer = post_json(json_pack("{s:o, s:O, s:O}", "weights", rows, "values", json_object_get(one, "profits"),
                                         "capacities", json_object_get(one, "capacities")));
    assert_true(int_of(answer, "value") == json_integer_value(json_object_get(one, "optimum")));
    assert_true(json_is_true(json_object_get(answer, "optimal")));
    json_decref(answer);
    solved++;
}

static void solve_exercism(const json_t *one) {
    const char *exercise = json_string_value(json_object_get(one, "exercise"));
    json_t *input = json_object_get(one, "input");
    if (!exercise || strcmp(exercise, "knapsack") != 0)
        return;
    json_t *answer = post_json(json_pack("{s:O, s:O}", "items", json_object_get(input, "items"), "capacity",
                                         json_object_get(input, "maximumWeight")));
    assert_true(int_of(answer, "value") == json_integer_value(json_object_get(one, "expected")));
    json_decref(answer);
    solved++;
}

/* Partition Equal Subset Sum (416): half of the sum is filled exactly. Target Sum (494): so many choices fill the half
 * that gets a plus. Perfect Squares (279): of squares of value w - 1 an exact fill of n is worth n less their number. */
static void solve_leetcode(const json_t *one) {
    json_t *input = json_object_get(one, "input"), *nums = json_object_get(input, "nums"), *answer = NULL;
    json_t *expected = json_object_get(one, "expected");
    json_int_t id = json_integer_value(json_object_get(one, "leetcode_id")), sum = 0, n = int_of(input, "n");
    for (size_t k = 0; k < json_array_size(nums); k++)
        sum += json_integer_value(json_array_get(nums, k));
    if (id == 416 && sum % 2 == 0) {
        answer = post_json(json_pack("{s:s, s:O, s:I, s:b}", "variant", "subset-sum", "weights", nums, "capacity",
                                     sum / 2, "exact_fill", 1));
        assert_true(json_is_true(json_object_get(answer, "found")) == json_is_true(expected));
    } else if (id == 494 && (sum + int_of(input, "target")) % 2 == 0) {
        answer = post_json(json_pack("{s:s, s:O, s:I, s:b, s:b}", "variant", "subset-sum", "weights", nums, "capacity",
                                     (sum + int_of(input, "target")) / 2, "exact_fill", 1, "all", 1));
        assert_int_equal(json_array_size(json_object_get(answer, "sets")), json_integer_value(expected));
    } else if (id == 279) {
        json_t *w = json_array(), *p = json_array();
        for (json_int_t k = 1; k * k <= n; k++) {
            json_array_append_new(w, json_integer(k * k));
            json_array_append_new(p, json_integer(k * k - 1));
        }
        answer = post_json(json_pack("{s:s, s:o, s:o, s:I, s:b}", "variant", "unbounded", "weights", w, "values", p,
                                     "capacity", n, "exact_fill", 1));
        assert_true(n - int_of(answer, "value") == json_integer_value(expected));
    }
    solved += answer != NULL;
    json_decref(answer);
}

static void public_cases_have_their_answers(void **state) {
    (void)state;
    solved = 0;
    if (!each_line("cases/knapsack/small_tables.jsonl", solve_table_case) ||
        !each_line("cases/arrays/exercism_cases.jsonl", solve_exercism) ||
        !each_line("cases/arrays/leetcode_examples.jsonl", solve_leetcode)) {
        skip();
        return;
    }
    assert_true(solved >= 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_give_the_same_answer),     cmocka_unit_test(no_items_are_an_answer),
        cmocka_unit_test(wrong_requests_are_refused),          cmocka_unit_test(a_time_limit_gives_a_partial_answer),
        cmocka_unit_test(public_instances_have_their_optimum), cmocka_unit_test(answers_hold),
        cmocka_unit_test(public_cases_have_their_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
