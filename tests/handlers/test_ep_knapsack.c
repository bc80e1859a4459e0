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
        {"{\"capacity\":5}", "", "The request has no items, want either items or weights and values."},
        {"{\"capacity\":5,\"weights\":[1]}", "/values", "The request has weights without values, want both."},
        {"{\"capacity\":5,\"values\":[1]}", "/weights", "The request has values without weights, want both."},
        {"{\"capacity\":5,\"weights\":[1,2],\"values\":[1,2,3]}", "/values",
         "There are 2 weights but 3 values, want as many of either."},
        {"{\"capacity\":5,\"items\":[],\"weights\":[1],\"values\":[1]}", "/items",
         "The request has both items and weights, want either items or weights and values."},
        {"{\"capacity\":5,\"items\":[],\"values\":[1]}", "/items",
         "The request has both items and values, want either items or weights and values."},
        {"{\"capacity\":5,\"weights\":[9223372036854775807,1],\"values\":[1,1]}", "/weights/1",
         "weights[1] is 1, which takes the sum of its kind past 9223372036854775807; want a sum of at most that."},
        {"{\"capacity\":5,\"items\":[{\"weight\":1,\"value\":9223372036854775807},{\"weight\":1,\"value\":2}]}",
         "/items/1/value",
         "items[1].value is 2, which takes the sum of its kind past 9223372036854775807; want a sum of at most that."},
        {"{\"capacity\":5,\"items\":[{\"weight\":-1,\"value\":1}]}", "/items/0/weight", NULL},
        {"{\"capacity\":5,\"weights\":[1,-2],\"values\":[1,1]}", "/weights", NULL},
        {"{\"capacity\":-1,\"items\":[]}", "/capacity", NULL},
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
        if (instance && json_is_integer(json_object_get(instance, "optimum"))) { /* one set has fractions */
            solve_public(entry->d_name, instance);
            solved++;
        }
        json_decref(instance);
    }
    closedir(dir);
    assert_true(solved > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_give_the_same_answer),     cmocka_unit_test(no_items_are_an_answer),
        cmocka_unit_test(wrong_requests_are_refused),          cmocka_unit_test(a_time_limit_gives_a_partial_answer),
        cmocka_unit_test(public_instances_have_their_optimum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
