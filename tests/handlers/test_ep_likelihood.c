#include <jansson.h>
#include <math.h>

#include "core/diffusion/path.h"
#include "tests/support/host.h"
#include "tests/support/test.h"

#define MODEL                                                                                                     \
    "\"model\":{\"type\":\"mixture\",\"weights\":[1,3],\"means\":[[-1,0],[1,0.5]],\"stds\":[0.4],\"classes\":[7," \
    "8]},\"points\":[[-1,0.2],[0.8,0.1],[3,3]]"

static json_t *post(const char *body, int want) {
    int http;
    char *text = test_post("/v1/likelihood", body, &http);
    if (http != want)
        fail_msg("%s: want %d, got %d: %s", body, want, http, text);
    json_t *answer = json_loads(text, 0, NULL);
    assert_non_null(answer);
    free(text);
    return answer;
}

static double number(json_t *answer, const char *list, size_t i) {
    return json_number_value(json_array_get(json_object_get(answer, list), i));
}

static void agrees_with_the_formula_on_every_path(void **state) {
    (void)state;
    for (size_t path = 0; path_names[path]; path++) {
        char body[512];
        snprintf(body, sizeof body, "{" MODEL ",\"path\":\"%s\"}", path_names[path]);
        json_t *a = post(body, 200);
        for (size_t i = 0; i < 3; i++) {
            double ll = number(a, "log_likelihoods", i);
            assert_true(fabs(ll - number(a, "log_densities", i)) < 1e-5);
            assert_true(fabs(ll - number(a, "noised_log_densities", i)) < 1e-5);
            assert_true(fabs(number(a, "bits_per_dim", i) + ll / (2 * M_LN2)) < 1e-12);
        }
        assert_null(json_object_get(a, "standard_errors"));
        assert_string_equal(json_string_value(json_object_get(json_object_get(a, "prior"), "type")), "model");
        json_decref(a);
    }
}

/* A class is a model of its own: its only part here. */
static void classes_and_offsets(void **state) {
    (void)state;
    json_t *a = post("{" MODEL ",\"class\":7,\"offset_bits\":7}", 200);
    double want = -log(2 * M_PI * 0.16) - 0.04 / 0.32;
    assert_true(fabs(number(a, "log_likelihoods", 0) - want) < 1e-5);
    assert_true(fabs(number(a, "bits_per_dim", 0) - (7 - want / (2 * M_LN2))) < 1e-5);
    json_t *mean = json_object_get(a, "mean");
    double sum = 0;
    for (size_t i = 0; i < 3; i++)
        sum += number(a, "bits_per_dim", i);
    assert_true(fabs(json_number_value(json_object_get(mean, "bits_per_dim")) - sum / 3) < 1e-12);
    json_decref(a);
}

static void hutchinson_tells_its_error(void **state) {
    (void)state;
    json_t *a = post("{" MODEL ",\"method\":\"hutchinson\",\"seed\":3,\"path\":\"vp\"}", 200);
    json_t *same = post("{" MODEL ",\"method\":\"hutchinson\",\"seed\":3,\"path\":\"vp\",\"probes\":16,\"probe\":"
                        "\"rademacher\"}",
                        200);
    json_t *other = post("{" MODEL ",\"method\":\"hutchinson\",\"seed\":4,\"path\":\"vp\"}", 200);
    assert_true(json_equal(a, same));
    assert_false(json_equal(a, other));
    for (size_t i = 0; i < 3; i++)
        assert_true(fabs(number(a, "log_likelihoods", i) - number(a, "log_densities", i)) <
                    5 * number(a, "standard_errors", i) + 1e-5);
    json_decref(a);
    json_decref(same);
    json_decref(other);
    a = post("{" MODEL ",\"method\":\"hutchinson\",\"probes\":1}", 200);
    assert_null(json_object_get(a, "standard_errors"));
    json_decref(a);
}

/* What has no density of its own, or none at k = 0, is answered without. */
static void what_has_no_density(void **state) {
    (void)state;
    json_t *a = post(
        "{\"model\":{\"type\":\"points\",\"points\":[[0,0],[1,1]]},\"points\":[[0,0.01]],\"sigma_min\":0.01}", 200);
    assert_null(json_object_get(a, "log_densities"));
    assert_true(fabs(number(a, "log_likelihoods", 0) - number(a, "noised_log_densities", 0)) < 1e-5);
    json_decref(a);
    a = post("{" MODEL ",\"class\":7,\"guidance\":{\"scale\":2},\"path\":\"flow\"}", 200);
    assert_null(json_object_get(a, "log_densities"));
    assert_null(json_object_get(a, "noised_log_densities"));
    json_t *prior = json_object_get(a, "prior");
    assert_string_equal(json_string_value(json_object_get(prior, "type")), "normal");
    assert_true(json_number_value(json_object_get(prior, "std")) == 1);
    assert_true(json_is_null(json_object_get(a, "sigma_max")));
    json_decref(a);
    a = post("{" MODEL ",\"clip\":{\"range\":2},\"rtol\":1e-4,\"atol\":1e-4}", 200);
    json_decref(a);
}

static void bad_requests(void **state) {
    (void)state;
    static const struct test_row ROWS[] = {
        {"{" MODEL ",\"probes\":3}", "\"pointer\":\"/probes\""},
        {"{" MODEL ",\"probe\":\"normal\"}", "\"pointer\":\"/probe\""},
        {"{" MODEL ",\"method\":\"hutchinson\",\"probes\":0}", "\"pointer\":\"/probes\""},
        {"{" MODEL ",\"method\":\"skilling\"}", "\"pointer\":\"/method\""},
        {"{" MODEL ",\"rtol\":-1}", "\"pointer\":\"/rtol\""},
        {"{" MODEL ",\"atol\":0}", "\"pointer\":\"/atol\""},
        {"{" MODEL ",\"sigma_min\":0}", "\"pointer\":\"/sigma_min\""},
        {"{" MODEL ",\"sigma_min\":90}", "\"pointer\":\"/sigma_min\""},
        {"{" MODEL ",\"sigma_max\":90,\"path\":\"ve\"}", "\"pointer\":\"/sigma_max\""},
        {"{" MODEL ",\"sigma_min\":3,\"sigma_max\":2}", "\"pointer\":\"/sigma_max\""},
        {"{" MODEL ",\"class\":7,\"guidance\":{\"scale\":2},\"prior\":\"model\"}", "\"pointer\":\"/prior\""},
        {"{" MODEL ",\"class\":9}", "\"pointer\":\"/class\""},
        {"{" MODEL ",\"path_options\":{\"beta_min\":1}}", "\"pointer\":\"/path_options/beta_min\""},
        {"{\"model\":\"coin\",\"points\":[[1,2,3]]}", "\"pointer\":\"/points\""},
        {"{\"model\":\"coin\"}", "\"pointer\":\"/points\""},
        {"{\"points\":[1]}", "\"pointer\":\"/model\""},
    };
    test_refusals("/v1/likelihood", ROWS, COUNT(ROWS));
    /* Tolerances that no step meets end in a sentence. */
    json_decref(post("{\"model\":{\"type\":\"points\",\"points\":[0,1]},\"points\":[0.5],\"rtol\":0,\"atol\":1e-13,"
                     "\"sigma_min\":1e-9}",
                     422));
}

/* 161 points with 100000 probes are more than 16 million numbers. */
static void too_much(void **state) {
    (void)state;
    char body[2048] = "{\"model\":{\"type\":\"points\",\"points\":[0]},\"method\":\"hutchinson\",\"probes\":100000,"
                      "\"points\":[0";
    for (size_t i = 1; i < 161; i++)
        strcat(body, ",0");
    strcat(body, "]}");
    json_t *a = post(body, 413);
    json_t *error = json_array_get(json_object_get(a, "errors"), 0);
    assert_string_equal(json_string_value(json_object_get(error, "pointer")), "/probes");
    json_decref(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_formula_on_every_path),
        cmocka_unit_test(classes_and_offsets),
        cmocka_unit_test(hutchinson_tells_its_error),
        cmocka_unit_test(what_has_no_density),
        cmocka_unit_test(bad_requests),
        cmocka_unit_test(too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
