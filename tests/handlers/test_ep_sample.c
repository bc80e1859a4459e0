#include <jansson.h>
#include <math.h>

#include "handlers/npy.h"
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

static double number(json_t *array, size_t i) { return json_number_value(json_array_get(array, i)); }

static void shapes_and_echoes(void **state) {
    (void)state;
    json_t *a = post("{" MODEL
                     ",\"count\":3,\"path\":\"vp\",\"sampler\":{\"solver\":\"ddpm\",\"steps\":5},\"trajectory\":true}",
                     200);
    assert_int_equal(json_array_size(json_object_get(a, "samples")), 3);
    assert_int_equal(json_array_size(json_array_get(json_object_get(a, "samples"), 0)), 2);
    assert_int_equal(number(json_object_get(a, "shape"), 0), 3);
    assert_int_equal(number(json_object_get(a, "shape"), 1), 2);
    assert_int_equal(json_integer_value(json_object_get(a, "seed")), 42); /* drawn by the test's host */
    assert_string_equal(json_string_value(json_object_get(a, "path")), "vp");
    assert_string_equal(json_string_value(json_object_get(a, "solver")), "ddpm");
    json_t *grid = json_object_get(a, "grid"), *trajectory = json_object_get(a, "trajectory");
    assert_string_equal(json_string_value(json_object_get(grid, "type")), "uniform");
    assert_int_equal(json_array_size(json_object_get(grid, "k")), 6);
    assert_true(number(json_object_get(grid, "k"), 5) == 0);
    assert_int_equal(json_array_size(trajectory), 6);
    assert_true(json_equal(json_array_get(trajectory, 5), json_object_get(a, "samples")));
    assert_int_equal(json_integer_value(json_object_get(a, "network_calls")), 5);
    json_decref(a);
}

/* On flow the first k is infinite, which is null in JSON as in JavaScript. */
static void flow_begins_at_infinite_k(void **state) {
    (void)state;
    json_t *a = post("{" MODEL ",\"path\":\"flow\",\"sampler\":{\"steps\":4}}", 200);
    json_t *grid = json_object_get(a, "grid");
    assert_true(json_is_null(json_array_get(json_object_get(grid, "k"), 0)));
    assert_true(number(json_object_get(grid, "t"), 0) == 1 && number(json_object_get(grid, "alpha"), 0) == 0);
    json_decref(a);
    a = post("{" MODEL ",\"path\":\"flow\",\"sampler\":{\"steps\":4,\"grid\":\"karras\"}}", 200);
    assert_true(number(json_object_get(json_object_get(a, "grid"), "k"), 0) == 80);
    json_decref(a);
}

/* Means in one dimension may be flat; a set of points is sampled to its points. */
static void one_dimension_and_points(void **state) {
    (void)state;
    json_t *flat =
        post("{\"model\":{\"type\":\"mixture\",\"means\":[-1,1],\"stds\":[0.1,0.2]},\"count\":4,\"seed\":1}", 200);
    json_t *nested = post(
        "{\"model\":{\"type\":\"mixture\",\"means\":[[-1],[1]],\"stds\":[[0.1],[0.2]]},\"count\":4,\"seed\":1}", 200);
    for (size_t i = 0; i < 4; i++) {
        double x = number(json_array_get(json_object_get(flat, "samples"), i), 0);
        assert_true(fabs(x - number(json_array_get(json_object_get(nested, "samples"), i), 0)) < 1e-12);
    }
    json_decref(flat);
    json_decref(nested);
    json_t *points =
        post("{\"model\":{\"type\":\"points\",\"points\":[[1,2],[3,4],[-5,6]]},\"count\":20,\"seed\":3}", 200);
    for (size_t i = 0; i < 20; i++) {
        double x = number(json_array_get(json_object_get(points, "samples"), i), 0);
        assert_true(fabs(x - 1) < 1e-9 || fabs(x - 3) < 1e-9 || fabs(x + 5) < 1e-9);
    }
    json_decref(points);
    json_decref(post("{\"model\":\"coin\",\"count\":2,\"seed\":3}", 200));
}

static void covariances_are_those_of_the_samples(void **state) {
    (void)state;
    json_t *a = post("{\"model\":{\"type\":\"mixture\",\"means\":[[0,0]],\"covariances\":[[[1,0.8],[0.8,1]]]},"
                     "\"count\":20000,\"seed\":5,\"sampler\":{\"steps\":24}}",
                     200);
    double xx = 0, xy = 0, yy = 0;
    for (size_t i = 0; i < 20000; i++) {
        json_t *row = json_array_get(json_object_get(a, "samples"), i);
        double x = number(row, 0), y = number(row, 1);
        xx += x * x, xy += x * y, yy += y * y;
    }
    json_decref(a);
    /* Heun with 24 steps overshoots the variance by 2.5 %; five standard errors are 5 %. */
    assert_true(fabs(xx / 20000 - 1) < 0.08 && fabs(yy / 20000 - 1) < 0.08 && fabs(xy / 20000 - 0.8) < 0.08);
}

static void latents_take_the_place_of_drawn_ones(void **state) {
    (void)state;
    json_t *a =
        post("{" MODEL
             ",\"count\":2,\"seed\":1,\"latents\":[[0.5,-0.5],[1,2]],\"trajectory\":true,\"sampler\":{\"steps\":3}}",
             200);
    json_t *first = json_array_get(json_object_get(a, "trajectory"), 0);
    assert_true(number(json_array_get(first, 0), 0) == 40 && number(json_array_get(first, 1), 1) == 160);
    json_decref(a);
}

static void latents_come_as_npy_too(void **state) {
    (void)state;
    double z[4] = {0.5, -0.5, 1, 2};
    struct array array = {KIND_REAL, 2, {2, 2}, 4, {.reals = z}};
    struct buf npy;
    buf_init(&npy, 1 << 16);
    npy_write(&npy, &array);
    int http;
    char *text = test_call(
        test_endpoint("POST", "/v1/sample"), "application/x-npy",
        "count=2&seed=1&sampler=%7B%22steps%22:3%7D&model=%7B%22type%22:%22mixture%22,%22weights%22:%5B1,3%5D,"
        "%22means%22:%5B%5B-1,0%5D,%5B1,0.5%5D%5D,%22stds%22:%5B0.2%5D%7D",
        npy.data, npy.n, &http);
    assert_int_equal(http, 200);
    json_t *by_npy = json_loads(text, 0, NULL);
    json_t *by_json =
        post("{" MODEL ",\"count\":2,\"seed\":1,\"latents\":[[0.5,-0.5],[1,2]],\"sampler\":{\"steps\":3}}", 200);
    assert_true(json_equal(by_npy, by_json));
    json_decref(by_npy);
    json_decref(by_json);
    free(text);
    buf_release(&npy);
}

static void wrong_requests_are_refused_with_a_place(void **state) {
    (void)state;
    static const struct {
        const char *body;
        int http;
        const char *pointer;
    } CASES[] = {
        {"{\"model\":{\"type\":\"mixture\",\"means\":[0,1]}}", 422, "/model/stds"},
        {"{\"model\":{\"type\":\"mixture\",\"means\":[0],\"stds\":[1],\"covariances\":[[[1]]]}}", 422,
         "/model/covariances"},
        {"{\"model\":{\"type\":\"mixture\",\"means\":[0,1],\"stds\":[1,1,1]}}", 422, "/model/stds"},
        {"{\"model\":{\"type\":\"mixture\",\"means\":[0,1],\"stds\":[[1,1]]}}", 422, "/model/stds"},
        {"{\"model\":{\"type\":\"mixture\",\"means\":[0,1],\"stds\":[-1]}}", 422, "/model/stds/0"},
        {"{\"model\":{\"type\":\"mixture\",\"means\":[0,1],\"stds\":[1],\"weights\":[1]}}", 422, "/model/weights"},
        {"{\"model\":{\"type\":\"mixture\",\"means\":[0,1],\"stds\":[1],\"weights\":[0,0]}}", 422, "/model/weights"},
        {"{\"model\":{\"type\":\"mixture\",\"means\":[[0,1]],\"covariances\":[[[1]]]}}", 422, "/model/covariances"},
        {"{\"model\":{\"type\":\"mixture\",\"means\":[[0,1]],\"covariances\":[[[1,2],[2,1]]]}}", 422,
         "/model/covariances/0"},
        {"{\"model\":{\"type\":\"mixture\",\"means\":[1e10],\"stds\":[1]}}", 422, "/model/means/0"},
        {"{\"model\":{\"type\":\"points\",\"points\":[]}}", 422, "/model/points"},
        {"{\"model\":{\"type\":\"points\",\"points\":[[]]}}", 422, "/model/points"},
        {"{\"model\":{\"type\":\"points\",\"points\":[[1],[1,2]]}}", 422, "/model/points/1"},
        {"{\"model\":\"no-such-model\"}", 422, "/model"},
        {"{" MODEL ",\"seed\":9007199254740992}", 422, "/seed"},
        {"{" MODEL ",\"count\":0}", 422, "/count"},
        {"{" MODEL ",\"count\":2,\"latents\":[[1,2]]}", 422, "/latents"},
        {"{" MODEL ",\"count\":2,\"latents\":[1,2]}", 422, "/latents"},
        {"{" MODEL ",\"path\":\"vp\",\"sampler\":{\"grid\":\"trailing\"}}", 422, "/sampler/grid"},
        {"{" MODEL ",\"sampler\":{\"eta\":1}}", 422, "/sampler/eta"},
        {"{" MODEL ",\"sampler\":{\"solver\":\"euler\",\"eta\":1.5}}", 422, "/sampler/eta"},
        {"{" MODEL ",\"sampler\":{\"sigma_min\":0}}", 422, "/sampler/sigma_min"},
        {"{" MODEL ",\"sampler\":{\"sigma_min\":90}}", 422, "/sampler/sigma_min"},
        {"{" MODEL ",\"count\":10000000,\"sampler\":{\"steps\":10000}}", 413, "/count"},
        {"{" MODEL ",\"count\":1000000,\"trajectory\":true}", 413, "/count"},
        {"{" MODEL ",\"count\":5000000,\"sampler\":{\"steps\":10000}}", 413, "/count"},
    };
    for (size_t c = 0; c < COUNT(CASES); c++) {
        json_t *a = post(CASES[c].body, CASES[c].http);
        const char *pointer =
            json_string_value(json_object_get(json_array_get(json_object_get(a, "errors"), 0), "pointer"));
        if (!pointer || strcmp(pointer, CASES[c].pointer) != 0)
            fail_msg("%s: %s", CASES[c].body, json_dumps(a, 0));
        json_decref(a);
    }
}

static void equal_requests_have_equal_bytes(void **state) {
    (void)state;
    const char *body = "{" MODEL ",\"count\":50,\"seed\":8,\"sampler\":{\"solver\":\"euler_ancestral\"}}";
    char *one = test_post("/v1/sample", body, NULL), *other = test_post("/v1/sample", body, NULL);
    assert_string_equal(one, other);
    free(one);
    free(other);
}

static void allocations_fail_in_turn(void **state) {
    (void)state;
    const char *body = "{" MODEL ",\"count\":5,\"seed\":8,\"trajectory\":true,\"path\":\"ddpm-cosine\"}";
    enum status status = STATUS_NO_MEMORY;
    size_t n;
    for (n = 0; status == STATUS_NO_MEMORY; n++) {
        struct call call;
        call_init(&call, test_endpoint("POST", "/v1/sample"), &test_host);
        call.request = (struct request){.query = "", .body = body, .n = strlen(body)};
        call.ctx.fail_after = n;
        status = call_decode(&call);
        if (status == STATUS_OK)
            status = call_run(&call);
        call_release(&call);
    }
    assert_int_equal(status, STATUS_OK);
    assert_true(n > 10);
}

/* The prediction grows with every part of the work and is never zero. */
static void cost_is_monotone(void **state) {
    (void)state;
    static const char *const BODIES[] = {
        "{" MODEL "}",
        "{" MODEL ",\"count\":1000}",
        "{" MODEL ",\"count\":1000,\"sampler\":{\"steps\":100}}",
        "{" MODEL ",\"count\":10000,\"sampler\":{\"steps\":100}}",
    };
    uint64_t before = 0;
    for (size_t i = 0; i < COUNT(BODIES); i++) {
        struct call call;
        call_init(&call, test_endpoint("POST", "/v1/sample"), &test_host);
        call.request = (struct request){.query = "", .body = BODIES[i], .n = strlen(BODIES[i])};
        assert_int_equal(call_decode(&call), STATUS_OK);
        assert_true(call_cost(&call) > before);
        before = call_cost(&call);
        call_release(&call);
    }
}

static void models_are_checked_before_they_are_named(void **state) {
    (void)state;
    static const struct {
        const char *text, *why; /* NULL: it is good */
    } rows[] = {
        {"{\"type\":\"points\",\"points\":[[1,2]]}", NULL},
        {" {\"type\":\"mixture\",\"means\":[0],\"stds\":1}\n", NULL},
        {"", "The body is not JSON: it ends too early, at line 1, column 1."},
        {"[]", "model is an array, want an object."},
        {"{\"type\":\"points\"}", "model.points is missing; it is required."},
        {"{\"type\":\"points\",\"points\":[[1]],\"seed\":1}",
         "model.seed is not a field of this request; the fields are "
         "\"points\", \"bandwidth\" or \"classes\"."},
        {"{\"type\":\"cube\"}", "model.type is \"cube\", want \"mixture\", \"points\" or \"network\"."},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error why = {"", ""};
        bool good = model_check(rows[i].text, strlen(rows[i].text), &why);
        assert_int_equal(good, rows[i].why == NULL);
        if (rows[i].why)
            assert_string_equal(why.detail, rows[i].why);
    }
}

/* Inversion draws nothing: the latents are those of the data whatever the seed, and lead back to them. (Going up, euler
 * once took the root of a negative number for a share of noise.) */
static void inversion_is_not_chance(void **state) {
    (void)state;
    static const char *const PATHS[] = {"ddpm-linear", "vp", "ve", "edm", "flow", "condot", "gvp"};
    static const char *const SOLVERS[] = {"euler", "heun",   "dpmpp_2m",           "ipndm",        "unipc",
                                          "deis",  "dpm2",   "dpmpp_2s",           "dpm_solver_3", "lms",
                                          "plms",  "res_2s", "gradient_estimation"};
    for (size_t p = 0; p < COUNT(PATHS); p++)
        for (size_t s = 0; s < COUNT(SOLVERS); s++) {
            json_t *a[2];
            for (int seed = 0; seed < 2; seed++) {
                char body[400];
                snprintf(body, sizeof body,
                         "{" MODEL ",\"seed\":%d,\"count\":2,\"invert\":[[-1.1,0.2],[0.9,0.4]],\"path\":\"%s\","
                         "\"sampler\":{\"solver\":\"%s\",\"steps\":120}}",
                         seed, PATHS[p], SOLVERS[s]);
                a[seed] = post(body, 200);
            }
            assert_true(json_equal(json_object_get(a[0], "latents"), json_object_get(a[1], "latents")));
            for (size_t i = 0; i < 2; i++)
                if (number(json_object_get(a[0], "round_trip_error"), i) > 0.1)
                    fail_msg("%s %s: %g", PATHS[p], SOLVERS[s], number(json_object_get(a[0], "round_trip_error"), i));
            json_decref(a[0]), json_decref(a[1]);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_are_checked_before_they_are_named),
        cmocka_unit_test(shapes_and_echoes),
        cmocka_unit_test(flow_begins_at_infinite_k),
        cmocka_unit_test(one_dimension_and_points),
        cmocka_unit_test(covariances_are_those_of_the_samples),
        cmocka_unit_test(latents_take_the_place_of_drawn_ones),
        cmocka_unit_test(latents_come_as_npy_too),
        cmocka_unit_test(wrong_requests_are_refused_with_a_place),
        cmocka_unit_test(equal_requests_have_equal_bytes),
        cmocka_unit_test(allocations_fail_in_turn),
        cmocka_unit_test(cost_is_monotone),
        cmocka_unit_test(inversion_is_not_chance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
