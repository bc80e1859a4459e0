#include "tests/support/host.h"
#include "tests/support/test.h"

#include <jansson.h>
#include <math.h>

static const char ROUTE[] = "/v1/solve/segment-intersection";

static void answers(void **state) {
    (void)state;
    static const struct test_row ROWS[] = {
        {"{\"p\":[[0,0],[4,4]],\"q\":[[0,4],[4,0]]}",
         "{\"kind\":\"point\",\"detail\":\"proper\",\"points\":[[2.0,2.0]]}"},
        {"{\"p\":[[0,0],[4,0]],\"q\":[[1,0],[9,0]]}",
         "{\"kind\":\"overlap\",\"detail\":\"collinear\",\"points\":[[1.0,0.0],[4.0,0.0]]}"},
        {"{\"p\":[[0,0],[4,0]],\"q\":[[4,0],[9,1]]}",
         "{\"kind\":\"point\",\"detail\":\"endpoint\",\"points\":[[4.0,0.0]]}"},
        {"{\"p\":[[0,0],[4,0]],\"q\":[[2,0],[9,1]]}",
         "{\"kind\":\"point\",\"detail\":\"touch\",\"points\":[[2.0,0.0]]}"},
        {"{\"p\":[[0,0],[1,0]],\"q\":[[2,0],[3,0]]}",
         "{\"kind\":\"none\",\"detail\":\"collinear-apart\",\"points\":[]}"},
        {"{\"p\":[[0,0],[1,0]],\"q\":[[0,1],[3,2]]}", "{\"kind\":\"none\",\"detail\":\"apart\",\"points\":[]}"},
    };
    test_answers(ROUTE, ROWS, COUNT(ROWS));
}

static void refusals(void **state) {
    (void)state;
    static const struct test_row ROWS[] = {
        {"{\"p\":[[0,0],[4,4]]}", "\"/q\""},
        {"{\"p\":[[0,0,0,0]],\"q\":[[0,4],[4,0]]}", "p[0] has 4 elements, want 2."},
        {"{\"p\":[[0,0],[4,4]],\"q\":[[0],[4],[0],[1]]}", "\"/q/0\""},
        {"{\"p\":[[0,0],[4,4]],\"q\":[0,4,4,0]}", "\"/q\""},
    };
    test_refusals(ROUTE, ROWS, COUNT(ROWS));
}

static bool near_to(double got, double want) { return fabs(got - want) <= 1e-9 * (1 + fabs(want)); }

/* Public cases: segments that libraries of geometry once got wrong. */
static void public_cases(void **state) {
    (void)state;
    const char *path = shared_path("cases/geometry/segments.jsonl");
    if (!path)
        skip();
    size_t tried = 0;
    char *text = read_file(path, NULL);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *record = json_loads(line, 0, NULL), *want = json_object_get(record, "points");
        if (strcmp(json_string_value(json_object_get(record, "op")), "segment_segment") == 0) {
            json_t *request =
                json_pack("{s:O,s:O}", "p", json_object_get(record, "p"), "q", json_object_get(record, "q"));
            char *body = json_dumps(request, JSON_COMPACT | JSON_REAL_PRECISION(17)),
                 *answer = test_post(ROUTE, body, NULL);
            json_t *got = json_loads(answer, 0, NULL), *points = json_object_get(got, "points");
            assert_true(json_equal(json_object_get(got, "kind"), json_object_get(record, "kind")));
            assert_int_equal(json_array_size(points), json_array_size(want));
            for (size_t i = 0; i < 2 * json_array_size(want); i++)
                assert_true(near_to(json_number_value(json_array_get(json_array_get(points, i / 2), i % 2)),
                                    json_number_value(json_array_get(json_array_get(want, i / 2), i % 2))));
            json_decref(got);
            json_decref(request);
            free(body);
            free(answer);
            tried++;
        }
        json_decref(record);
    }
    free(text);
    assert_in_range(tried, 1, 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(refusals),
        cmocka_unit_test(public_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
