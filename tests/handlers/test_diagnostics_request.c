/* The diagnostics of /v1/sample. */
#include <jansson.h>
#include <math.h>

#include "tests/support/host.h"
#include "tests/support/test.h"

#define MODEL                                                                                                     \
    "\"model\":{\"type\":\"mixture\",\"weights\":[1,3],\"means\":[[-1,0],[1,0.5]],\"stds\":[0.2],\"classes\":[1," \
    "2]},\"seed\":3"

static json_t *post(const char *body) {
    int http;
    char *text = test_post("/v1/sample", body, &http);
    if (http != 200)
        fail_msg("%s: %s", body, text);
    json_t *answer = json_loads(text, 0, NULL);
    assert_non_null(answer);
    free(text);
    return answer;
}

static double number(json_t *object, const char *name) { return json_number_value(json_object_get(object, name)); }

static void good_samples_pass_and_coarse_ones_do_not(void **state) {
    (void)state;
    static const struct {
        const char *sampler;
        bool good;
    } CASES[] = {{"{\"solver\":\"dopri5\"}", true},
                 {"{\"solver\":\"dpmpp_3m\",\"steps\":40}", true},
                 {"{\"solver\":\"euler\",\"steps\":3}", false}};
    for (size_t c = 0; c < COUNT(CASES); c++) {
        char body[512];
        snprintf(body, sizeof body, "{" MODEL ",\"count\":4000,\"path\":\"gvp\",\"diagnostics\":true,\"sampler\":%s}",
                 CASES[c].sampler);
        json_t *a = post(body), *found = json_object_get(a, "diagnostics");
        json_t *energy = json_object_get(found, "energy_distance"),
               *sliced = json_object_get(found, "sliced_wasserstein");
        double z = number(energy, "value") / number(energy, "standard_error");
        double excess = (number(sliced, "value") - number(sliced, "baseline")) / number(sliced, "excess_error");
        assert_int_equal(json_integer_value(json_object_get(found, "used")), 4000);
        if (CASES[c].good ? !(fabs(z) < 4 && fabs(excess) < 4) : !(z > 10 && excess > 3))
            fail_msg("%s: %g and %g standard errors", CASES[c].sampler, z, excess);
        double share = json_number_value(json_array_get(json_object_get(found, "shares"), 0));
        double error = json_number_value(json_array_get(json_object_get(found, "share_errors"), 0));
        assert_true(!CASES[c].good || fabs(share - 0.25) < 4 * error);
        json_decref(a);
    }
}

/* The samples themselves are those of the request without. */
static void changes_no_sample(void **state) {
    (void)state;
    json_t *with = post("{" MODEL ",\"count\":20,\"class\":2,\"diagnostics\":true}");
    json_t *without = post("{" MODEL ",\"count\":20,\"class\":2}");
    assert_true(json_equal(json_object_get(with, "samples"), json_object_get(without, "samples")));
    assert_null(json_object_get(without, "diagnostics"));
    /* the class has a single part */
    assert_int_equal(json_array_size(json_object_get(json_object_get(with, "diagnostics"), "shares")), 1);
    json_decref(with);
    json_decref(without);
}

static void what_is_not_the_model_is_refused(void **state) {
    (void)state;
#define WITH(more) "{" MODEL ",\"diagnostics\":true,\"count\":20" more "}"
    static const struct test_row ROWS[] = {
        {"{" MODEL ",\"diagnostics\":true,\"count\":19}", "\"pointer\":\"/count\""},
        {WITH(",\"class\":1,\"guidance\":{\"scale\":2}"), "guidance changes what is sampled"},
        {WITH(",\"clip\":{\"range\":2}"), "clip changes what is sampled"},
        {WITH(",\"measurement\":{\"matrix\":[[1,0]],\"values\":[1]}"), "measurement changes what is sampled"},
        {WITH(",\"init\":[[1,2]]"), "\"pointer\":\"/diagnostics\""},
        {WITH(",\"mask\":[1,0],\"known\":[1,0]"), "\"pointer\":\"/diagnostics\""},
        {WITH(",\"interpolate\":{\"from\":[1,0],\"to\":[0,1]}"), "\"pointer\":\"/diagnostics\""},
        {"{" MODEL ",\"diagnostics\":1}", "\"pointer\":\"/diagnostics\""},
    };
    test_refusals("/v1/sample", ROWS, COUNT(ROWS));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_samples_pass_and_coarse_ones_do_not),
        cmocka_unit_test(changes_no_sample),
        cmocka_unit_test(what_is_not_the_model_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
