#include "tests/support/host.h"
#include "tests/support/test.h"

static const char ROUTE[] = "/v1/solve/maximum-gap";

static void answers(void **state) {
    (void)state;
    static const struct test_row rows[] = {
        {"{\"values\":[3,6,9,1]}", "{\"gap\":3,\"low\":3,\"high\":6,\"algorithm\":\"buckets\",\"why\":\"The greatest "
                                   "gap alone is found without sorting.\"}"},
        {"{\"values\":[]}",
         "{\"gap\":0,\"algorithm\":\"buckets\",\"why\":\"The greatest gap alone is found without sorting.\"}"},
        {"{\"values\":[10],\"top\":2,\"trace\":{}}",
         "{\"gap\":0,\"gaps\":[],\"algorithm\":\"sort\",\"why\":\"Buckets find no gap but the greatest, and more are "
         "asked for.\",\"trace\":{\"steps\":[],\"total\":0}}"},
        {"{\"values\":[1.5]}",
         "{\"gap\":0.0,\"algorithm\":\"buckets\",\"why\":\"The greatest gap alone is found without sorting.\"}"},
        {"{\"values\":[7,7,7]}", "{\"gap\":0,\"low\":7,\"high\":7,\"algorithm\":\"buckets\",\"why\":\"The greatest gap "
                                 "alone is found without sorting.\"}"},
        {"{\"values\":[9223372036854775807,-9223372036854775808]}",
         "{\"gap\":\"18446744073709551615\",\"low\":-9223372036854775808,\"high\":9223372036854775807,\"algorithm\":"
         "\"buckets\",\"why\":\"The greatest gap alone is found without sorting.\"}"},
        {"{\"values\":[-1,9223372036854775807,-2]}",
         "{\"gap\":\"9223372036854775808\",\"low\":-1,\"high\":9223372036854775807,\"algorithm\":\"buckets\",\"why\":"
         "\"The greatest gap alone is found without sorting.\"}"},
        {"{\"values\":[0,9223372036854775807]}",
         "{\"gap\":9223372036854775807,\"low\":0,\"high\":9223372036854775807,\"algorithm\":\"buckets\",\"why\":\"The "
         "greatest gap alone is found without sorting.\"}"},
        {"{\"values\":[0.1,0.3,-0.5],\"algorithm\":\"sort\"}",
         "{\"gap\":0.6,\"low\":-0.5,\"high\":0.1,\"algorithm\":\"sort\"}"},
        {"{\"values\":[1,5,3],\"top\":1,\"trace\":{\"max_steps\":1},\"algorithm\":\"sort\"}",
         "{\"gap\":2,\"low\":1,\"high\":3,\"gaps\":[{\"gap\":2,\"low\":1,\"high\":3}],\"algorithm\":\"sort\",\"trace\":"
         "{\"steps\":[{\"i\":0,\"op\":\"compare\",\"at\":[0,2],\"values\":[1,3],\"vars\":{\"low\":1,\"high\":3,\"gap\":"
         "2}}],\"total\":3}}"},
    };
    test_answers(ROUTE, rows, COUNT(rows));
}

static void refusals(void **state) {
    (void)state;
    static const struct test_refusal rows[] = {
        {"{\"values\":[1,2,3],\"top\":2,\"algorithm\":\"buckets\"}", "\"/algorithm\"", "top is 2"},
        {"{\"values\":[1,2,3],\"top\":0}", "\"/top\"", "0"},
        {"{\"values\":[1,2,3],\"top\":1000001}", "\"/top\"", "1000000"},
        {"{\"values\":[1.7e308,-1.7e308]}", "\"/values\"", "more than a double holds"},
        {"{\"values\":[\"a\"]}", "\"/values", ""},
        {"{\"values\":[[1,2]]}", "\"/values", ""},
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
