/* dopri5 and dpm_23 in /v1/sample. */
#include <jansson.h>
#include <math.h>

#include "core/diffusion/path.h"
#include "tests/support/host.h"
#include "tests/support/test.h"

#define MODEL "\"model\":{\"type\":\"mixture\",\"weights\":[1,3],\"means\":[[-1,0],[1,0.5]],\"stds\":[0.2]}"

static json_t *post(const char *body, int want) {
    int http;
    char *text = test_post("/v1/sample", body, &http);
    if (http != want)
        fail_msg("%s: want %d, got %d: %s", body, want, http, text);
    json_t *answer = json_loads(text, 0, NULL);
    assert_non_null(answer);
    free(text);
    return answer;
}

static double at(json_t *rows, size_t i, size_t j) {
    return json_number_value(json_array_get(json_array_get(rows, i), j));
}

/* The same latents, many small steps of Heun: the same samples. */
static void leads_where_small_steps_lead(void **state) {
    (void)state;
    for (size_t path = 0; path_names[path]; path++) {
        char body[512];
        snprintf(
            body, sizeof body,
            "{" MODEL
            ",\"count\":3,\"seed\":5,\"path\":\"%s\",\"sampler\":{\"solver\":\"dopri5\",\"rtol\":1e-9,\"atol\":1e-9,"
            "\"sigma_max\":10,\"sigma_min\":0.11}}",
            path_names[path]);
        json_t *adaptive = post(body, 200);
        snprintf(body, sizeof body,
                 "{" MODEL
                 ",\"count\":3,\"seed\":5,\"path\":\"%s\",\"sampler\":{\"solver\":\"heun\",\"steps\":1000,\"grid\":"
                 "\"karras\",\"sigma_max\":10,\"sigma_min\":0.11}}",
                 path_names[path]);
        json_t *heun = post(body, 200);
        for (size_t i = 0; i < 6; i++)
            assert_true(fabs(at(json_object_get(adaptive, "samples"), i / 2, i % 2) -
                             at(json_object_get(heun, "samples"), i / 2, i % 2)) < 2e-4);
        json_decref(adaptive);
        json_decref(heun);
    }
}

static void tells_what_each_sample_took(void **state) {
    (void)state;
    json_t *a =
        post("{" MODEL ",\"count\":5,\"seed\":5,\"path\":\"flow\",\"sampler\":{\"solver\":\"dpm_adaptive\"}}", 200);
    json_t *how = json_object_get(a, "adaptive"), *calls = json_object_get(how, "calls");
    json_int_t total = 0, most = 0;
    for (size_t i = 0; i < 5; i++) {
        json_int_t n = json_integer_value(json_array_get(calls, i));
        total += n;
        most = n > most ? n : most;
        double error = json_number_value(json_array_get(json_object_get(how, "error"), i));
        assert_true(error > 0 && error <= 1);
    }
    assert_int_equal(json_array_size(json_object_get(how, "rejects")), 5);
    assert_int_equal(json_array_size(json_object_get(how, "steps")), 5);
    assert_int_equal(json_integer_value(json_object_get(how, "total_calls")), total);
    assert_int_equal(json_integer_value(json_object_get(a, "network_calls")), most);
    assert_string_equal(json_string_value(json_object_get(a, "solver")), "dpm_23");
    assert_true(json_number_value(json_object_get(how, "rtol")) == 0.05); /* k-diffusion's */
    json_t *k = json_object_get(json_object_get(a, "grid"), "k");
    assert_int_equal(json_array_size(k), 3);
    assert_true(json_is_null(json_array_get(k, 0)) && json_number_value(json_array_get(k, 2)) == 0);
    json_decref(a);
}

/* Up to the latents and back: the data, as near as the tolerances; the latents are those of Gaussian data. */
static void inverts(void **state) {
    (void)state;
    static const char *const SOLVERS[] = {"dopri5", "dpm_23"};
    for (size_t s = 0; s < COUNT(SOLVERS); s++)
        for (size_t path = 0; path_names[path]; path++) {
            char body[512];
            snprintf(body, sizeof body,
                     "{" MODEL
                     ",\"count\":2,\"path\":\"%s\",\"invert\":[[-1.1,0.1],[1.2,0.4]],\"sampler\":{\"solver\":\"%s\","
                     "\"rtol\":1e-6,\"atol\":1e-6,\"final\":\"sigma_min\"}}",
                     path_names[path], SOLVERS[s]);
            json_t *a = post(body, 200), *error = json_object_get(a, "round_trip_error");
            for (size_t i = 0; i < 2; i++) /* k_min of ddpm-* is 0.01 to 0.11, and alpha x0 is not x0 */
                if (!(json_number_value(json_array_get(error, i)) < 1e-2))
                    fail_msg("%s: %g", path_names[path], json_number_value(json_array_get(error, i)));
            assert_int_equal(json_array_size(json_object_get(a, "latents")), 2);
            json_decref(a);
        }
}

static void starts_where_it_is_told(void **state) {
    (void)state;
    json_t *drawn =
        post("{" MODEL ",\"count\":2,\"latents\":[[0.5,-1],[-0.5,1]],\"sampler\":{\"solver\":\"dopri5\"}}", 200);
    json_t *between =
        post("{" MODEL ",\"count\":2,\"interpolate\":{\"from\":[0.5,-1],\"to\":[-0.5,1]},\"sampler\":{\"solver\":"
             "\"dopri5\"}}",
             200);
    assert_true(json_equal(json_object_get(drawn, "samples"), json_object_get(between, "samples")));
    json_decref(drawn);
    json_decref(between);
}

static void what_goes_without_is_refused(void **state) {
    (void)state;
#define WITH(more) "{" MODEL ",\"sampler\":{\"solver\":\"dopri5\"" more "}}"
    static const struct test_row ROWS[] = {
        {WITH(",\"steps\":5"), "\"pointer\":\"/sampler/steps\""},
        {WITH(",\"grid\":\"karras\""), "\"pointer\":\"/sampler/grid\""},
        {WITH(",\"rho\":3"), "\"pointer\":\"/sampler/rho\""},
        {WITH(",\"shift\":3"), "\"pointer\":\"/sampler/shift\""},
        {WITH(",\"sigmas\":[3,1]"), "\"pointer\":\"/sampler/sigmas\""},
        {WITH(",\"times\":[3,1]"), "\"pointer\":\"/sampler/times\""},
        {WITH(",\"eta\":1"), "\"pointer\":\"/sampler/eta\""},
        {WITH(",\"rtol\":-1"), "\"pointer\":\"/sampler/rtol\""},
        {WITH(",\"rtol\":2"), "\"pointer\":\"/sampler/rtol\""},
        {WITH(",\"rtol\":0,\"atol\":1e-14"), "\"pointer\":\"/sampler/atol\""},
        {WITH(",\"sigma_min\":3,\"sigma_max\":2"), "\"pointer\":\"/sampler/sigma_min\""},
        {WITH(",\"sigma_max\":1e9},\"path\":\"vp\",\"clip\":{\"range\":1"), "\"pointer\":\"/sampler/sigma_max\""},
        {WITH("},\"trajectory\":true,\"clip\":{\"range\":1"), "\"pointer\":\"/trajectory\""},
        {WITH("},\"init\":[[1,2]],\"clip\":{\"range\":1"), "\"pointer\":\"/init\""},
        {WITH("},\"mask\":[1,0],\"known\":[1,0],\"clip\":{\"range\":1"), "\"pointer\":\"/mask\""},
        {WITH("},\"latents\":[[1,2,3]],\"clip\":{\"range\":1"), "\"pointer\":\"/latents\""},
        {"{" MODEL ",\"sampler\":{\"solver\":\"heun\",\"rtol\":0.1}}", "\"pointer\":\"/sampler/rtol\""},
    };
    test_refusals("/v1/sample", ROWS, COUNT(ROWS));
    static const struct test_row SCHEDULE[] = {
        {"{\"sampler\":{\"solver\":\"dopri5\"}}", "\"pointer\":\"/sampler/solver\""},
        {"{\"sampler\":{\"solver\":\"dpm_adaptive\"}}", "POST /v1/sample runs it"},
    };
    test_refusals("/v1/schedule", SCHEDULE, COUNT(SCHEDULE));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leads_where_small_steps_lead),
        cmocka_unit_test(tells_what_each_sample_took),
        cmocka_unit_test(inverts),
        cmocka_unit_test(starts_where_it_is_told),
        cmocka_unit_test(what_goes_without_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
