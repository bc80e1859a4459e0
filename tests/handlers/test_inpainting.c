/* What /v1/sample says of mask, repaint and measurement: how far the rest follows what is known, of two numbers with the
 * correlation 0.9 of which one is known to be 1.5. Their conditional mean is 0.9 * 1.5. */
#include <jansson.h>
#include <math.h>

#include "tests/support/host.h"
#include "tests/support/test.h"

static double mean_of_the_other(const char *known) {
    char body[512];
    int http;
    snprintf(body, sizeof body,
             "{\"model\":{\"type\":\"mixture\",\"means\":[[0,0]],\"covariances\":[[[1,0.9],[0.9,1]]]},\"path\":\"edm\","
             "\"sampler\":{\"solver\":\"heun\",\"steps\":50},\"count\":2000,\"seed\":1,%s}",
             known);
    char *text = test_post("/v1/sample", body, &http);
    assert_int_equal(http, 200);
    json_t *answer = json_loads(text, 0, NULL), *samples = json_object_get(answer, "samples"), *row;
    double sum = 0;
    size_t i;
    json_array_foreach(samples, i, row) {
        assert_true(fabs(json_number_value(json_array_get(row, 0)) - 1.5) < 1e-9); /* it is kept in any case */
        sum += json_number_value(json_array_get(row, 1));
    }
    json_decref(answer);
    free(text);
    return sum / 2000;
}

#define KNOWN "\"mask\":[1,0],\"known\":[1.5,0]"
#define REPAINT(n) KNOWN ",\"repaint\":{\"length\":5,\"repeats\":" #n "}"

static void is_as_biased_as_it_says(void **state) {
    (void)state;
    assert_true(fabs(mean_of_the_other(KNOWN) - 0.66) < 0.03);
    assert_true(fabs(mean_of_the_other(REPAINT(10)) - 1.22) < 0.03);
    assert_true(fabs(mean_of_the_other(REPAINT(50)) - 1.33) < 0.03);
    assert_true(fabs(mean_of_the_other("\"measurement\":{\"matrix\":[[1,0]],\"values\":[1.5]}") - 0.68) < 0.03);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(is_as_biased_as_it_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
