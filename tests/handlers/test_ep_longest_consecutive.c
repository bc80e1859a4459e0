#include "tests/support/host.h"
#include "tests/support/test.h"

static const char ROUTE[] = "/v1/solve/longest-consecutive";

#define BY_STRETCHES \
    ",\"algorithm\":\"stretches\",\"why\":\"With a step of 1 a run is a stretch of the values in order.\""
#define BY_TWO_POINTERS                                                                                             \
    ",\"algorithm\":\"two_pointers\",\"why\":\"Runs of such a step are woven into each other, so a second pointer " \
    "follows a step behind.\""

static void answers(void **state) {
    (void)state;
    static const struct test_row rows[] = {
        {"{\"values\":[100,4,200,1,3,2]}", "{\"length\":4,\"start\":1,\"end\":4" BY_STRETCHES "}"},
        {"{\"values\":[0,3,7,2,5,8,4,6,0,1]}", "{\"length\":9,\"start\":0,\"end\":8" BY_STRETCHES "}"},
        {"{\"values\":[]}", "{\"length\":0" BY_STRETCHES "}"},
        {"{\"values\":[],\"runs\":true,\"trace\":{}}",
         "{\"length\":0,\"runs\":[]" BY_STRETCHES ",\"trace\":{\"steps\":[],\"total\":0}}"},
        {"{\"values\":[5,6,1,2]}", "{\"length\":2,\"start\":1,\"end\":2" BY_STRETCHES "}"},
        {"{\"values\":[9223372036854775807,-9223372036854775808],\"runs\":true}",
         "{\"length\":1,\"start\":-9223372036854775808,\"end\":-9223372036854775808,\"runs\":[{\"length\":1,\"start\":-"
         "9223372036854775808,\"end\":-9223372036854775808},{\"length\":1,\"start\":9223372036854775807,\"end\":"
         "9223372036854775807}]" BY_STRETCHES "}"},
        {"{\"values\":[3,1,5,2],\"step\":2,\"trace\":{\"max_steps\":1}}",
         "{\"length\":3,\"start\":1,\"end\":5" BY_TWO_POINTERS
         ",\"trace\":{\"steps\":[{\"i\":0,\"op\":\"start\",\"at\":[1],\"values\":[1],\"vars\":{\"length\":1,\"start\":"
         "1}}],\"total\":7}}"},
    };
    test_answers(ROUTE, rows, COUNT(rows));
}

static void refusals(void **state) {
    (void)state;
    static const struct test_refusal rows[] = {
        {"{\"values\":[1,2.5]}", "\"/values/1\"", "2.5"},
        {"{\"values\":[1],\"step\":0}", "\"/step\"", "0"},
        {"{\"values\":[1],\"step\":-9223372036854775808}", "\"/step\"", "at least 1"},
        {"{\"values\":[9223372036854775808]}", "\"/values/0\"", "9223372036854775808"},
        {"{}", "\"/values\"", "missing"},
    };
    test_refusals_at(ROUTE, rows, COUNT(rows));
}

static int status_of_trace(size_t n) {
    struct buf body;
    buf_init(&body, 1 << 20);
    buf_text(&body, "{\"trace\":{},\"values\":[");
    for (size_t i = 0; i < n; i++)
        buf_printf(&body, "%s%zu", i ? "," : "", i * i);
    buf_text(&body, "]}");
    buf_byte(&body, '\0');
    int http;
    free(test_post(ROUTE, body.data, &http));
    buf_release(&body);
    return http;
}

static void a_trace_is_made_of_two_thousand_values(void **state) {
    (void)state;
    assert_int_equal(status_of_trace(2000), 200);
    assert_int_equal(status_of_trace(2001), 413);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(refusals),
        cmocka_unit_test(a_trace_is_made_of_two_thousand_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
