/* A folder as diffusers writes it, put under --models: sampled by its name, through the socket. Goldens: as of
 * tests/core/diffusion/test_network.c, diffusers' own pipeline test. */
#include "tests/server/model_fixture.h"

/* check_image compares the last pixels of the last channel. */
static void check_image(int port, const char *body, const double want[9]) {
    struct response r;
    ask(port, "", body, 200, &r);
    const char *p = strstr(r.body, "\"samples\":[[");
    assert_non_null(p);
    char *at = (char *)(uintptr_t)p + strlen("\"samples\":[[");
    double x[192];
    for (size_t i = 0; i < 192; i++, at++)
        x[i] = strtod(at, &at);
    for (size_t i = 0; i < 9; i++) {
        double v = fmin(1, fmax(0, x[2 * 64 + (5 + i / 3) * 8 + 5 + i % 3] / 2 + 0.5));
        if (!(fabs(v - want[i]) <= 1e-5))
            fail_msg("pixel %zu: %.9g, want %.9g", i, v, want[i]);
    }
    assert_non_null(strstr(r.body, "DDPMScheduler"));
    response_free(&r);
}

/* The second golden is from tests/core/diffusion/test_learned_variance.c. */
static void checkpoints_give_diffusers_images(void **state) {
    (void)state;
    static const double want[] = {0, .9996672, .00329116, 1, .9995991, 1, .0060907, .00115037, 0};
    static const double spread[] = {1, .484739185, .6922698, .9280709, .58695935, 1, 1, .1181478, 0};
    struct test_server server;
    START(&server, "--models", folder, "--workers", "2");
    check_image(server.port, TINY, want);
    check_image(server.port, "{\"model\":\"spread\",\"seed\":0,\"noise\":\"torch\",\"sampler\":{\"steps\":4}}", spread);
    assert_true(server_logged(&server, "broken is left out: ", 5000));
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void batches_threads_and_restarts_change_no_byte(void **state) {
    (void)state;
    static const char ONE[] = "{\"model\":\"tiny\",\"seed\":5,\"count\":1,\"sampler\":{\"steps\":3}}";
    static const char MANY[] = "{\"model\":\"tiny\",\"seed\":5,\"count\":20,\"sampler\":{\"steps\":3}}";
    struct test_server server;
    struct response one, many, again;
    START(&server, "--models", folder, "--workers", "1");
    ask(server.port, "", ONE, 200, &one);
    ask(server.port, "", MANY, 200, &many);
    assert_int_equal(server_end(&server, SIGTERM), 0);
    const char *a = strstr(one.body, "\"samples\":[["), *b = strstr(many.body, "\"samples\":[[");
    assert_true(a && b);
    assert_memory_equal(a, b, (size_t)(strchr(a, ']') - a)); /* the first sample of many */
    START(&server, "--models", folder, "--workers", "3");
    ask(server.port, "", MANY, 200, &again);
    assert_string_equal(again.body, many.body);
    assert_int_equal(server_end(&server, SIGTERM), 0);
    response_free(&one), response_free(&many), response_free(&again);
}

static void classes_and_guidance_reach_the_network(void **state) {
    (void)state;
    static const char *const bodies[] = {
        "{\"model\":\"classes\",\"seed\":1,\"class\":0,\"sampler\":{\"steps\":3}}",
        "{\"model\":\"classes\",\"seed\":1,\"class\":1,\"sampler\":{\"steps\":3}}",
        "{\"model\":\"classes\",\"seed\":1,\"sampler\":{\"steps\":3}}",
        "{\"model\":\"classes\",\"seed\":1,\"class\":1,\"guidance\":{\"scale\":3},\"sampler\":{\"steps\":3}}",
        "{\"model\":\"classes\",\"seed\":1,\"class\":1,\"scheduler_config\":{\"_class_name\":"
        "\"DPMSolverMultistepScheduler\"},"
        "\"sampler\":{\"steps\":3}}"};
    enum { N = COUNT(bodies) };
    struct test_server server;
    struct response r[N];
    START(&server, "--models", folder, "--workers", "1");
    for (size_t i = 0; i < N; i++) {
        ask(server.port, "", bodies[i], 200, &r[i]);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(strstr(r[i].body, "\"samples\""), strstr(r[k].body, "\"samples\""));
    }
    for (size_t i = 0; i < N; i++)
        response_free(&r[i]);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void what_a_network_cannot_do_is_said(void **state) {
    (void)state;
    static const struct {
        const char *body, *pointer, *words;
    } rows[] = {
        {"{\"model\":\"broken\"}", "\"/model\"", "a model that is left out: "},
        {"{\"model\":\"brocken\"}", "\"/model\"",
         "one of the models \\\"bell\\\", \\\"classes\\\", \\\"spread\\\", \\\"tiny\\\""},
        {"{\"model\":\"tiny\",\"class\":1}", "\"/class\"", "this network knows none"},
        {"{\"model\":\"classes\",\"class\":2}", "\"/class\"", "class is 2, want 0 to 1"},
        {"{\"model\":\"tiny\",\"path\":\"flow\"}", "\"/prediction\"", "want prediction, too"},
        {"{\"model\":\"tiny\",\"diagnostics\":true,\"count\":500}", "\"/diagnostics\"", "network"},
        {"{\"model\":\"tiny\",\"latents\":[[1,2]]}", "\"/latents\"", "192"},
        {"{\"model\":{\"type\":\"network\",\"name\":\"x\",\"digest\":\"\",\"shape\":[3,8,8],\"work\":1}}",
         "\"/model/name\"", "no network"},
        {"{\"model\":{\"type\":\"network\",\"name\":\"tiny\",\"digest\":\"0\",\"shape\":[3,8,8],\"work\":1}}",
         "\"/model/digest\"", "digest is "},
        {"{\"model\":{\"type\":\"network\",\"name\":\"tiny\",\"digest\":\"0\",\"shape\":[3,0,8],\"work\":1}}",
         "\"/model/shape", "want"},
    };
    struct test_server server;
    struct response r;
    START(&server, "--models", folder);
    for (size_t i = 0; i < COUNT(rows); i++) {
        ask(server.port, "", rows[i].body, 422, &r);
        if (!strstr(r.body, rows[i].pointer) || !strstr(r.body, rows[i].words))
            fail_msg("%s: %s, not %s %s", rows[i].body, r.body, rows[i].pointer, rows[i].words);
        response_free(&r);
    }
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void images_are_drawn_in_their_shape(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    START(&server, "--models", folder);
    ask(server.port, "Accept: image/png\r\n", "{\"model\":\"tiny\",\"seed\":1,\"count\":4,\"sampler\":{\"steps\":2}}",
        200, &r);
    assert_true(r.n > 100);
    assert_memory_equal(r.body, "\x89PNG", 4);
    response_free(&r);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

/* Previews of its images need not be told their shape. */
static void previews_are_drawn_in_their_shape(void **state) {
    (void)state;
    static const char *const PLOTS[] = {"", ",\"plot\":{\"image_shape\":[3,8,8]}", ",\"plot\":{\"scale\":1}"};
    struct test_server server;
    struct response r[COUNT(PLOTS)];
    START(&server, "--models", folder);
    for (size_t i = 0; i < COUNT(PLOTS); i++) {
        char body[200];
        snprintf(body, sizeof body,
                 "{\"model\":\"tiny\",\"seed\":1,\"count\":4,\"sampler\":{\"steps\":2},\"preview\":2%s}", PLOTS[i]);
        ask(server.port, "Accept: text/event-stream\r\n", body, 200, &r[i]);
        assert_non_null(strstr(r[i].body, "\"picture\":\"iVBORw0K"));
        assert_null(strstr(r[i].body, "\"preview\""));
    }
    assert_string_equal(r[0].body, r[1].body);
    assert_true(strcmp(r[0].body, r[2].body) != 0);
    for (size_t i = 0; i < COUNT(PLOTS); i++)
        response_free(&r[i]);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void models_are_listed(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    START(&server, "--models", folder);
    assert_true(ask_once(server.port, "GET", "/v1/models", "", NULL, &r));
    assert_int_equal(r.status, 200);
    assert_non_null(strstr(r.body, "{\"name\":\"bell\",\"kind\":\"formula\",\"digest\":"));
    const char *at = strstr(r.body, "{\"name\":\"classes\",\"kind\":\"network\",\"architecture\":\"UNet2DModel\","
                                    "\"shape\":[3,8,8],\"classes\":2,\"parameters\":11815,\"state\":\"unloaded\",");
    if (!at || !strstr(at, "\"scheduler\":{\"_class_name\":\"DDPMScheduler\"}"))
        fail_msg("%s", r.body);
    at = strstr(r.body, "\"bad\":[{\"name\":\"broken\",\"why\":\"There are no weights");
    if (!at || strstr(strstr(r.body, "\"classes\""), "\"digest\"")) /* no network was read yet */
        fail_msg("%s", r.body);
    response_free(&r);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

/* Beside those of the fixture: "spread", which says its variance. */
static int make_all(void **state) {
    int code = make_folder(state);
    put_network_of("spread", 0, 6, 0, 0);
    return code;
}

int main(int argc, char **argv) {
    int code;
    if (serve_if_asked(argc, argv, &code))
        return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checkpoints_give_diffusers_images),
        cmocka_unit_test(batches_threads_and_restarts_change_no_byte),
        cmocka_unit_test(classes_and_guidance_reach_the_network),
        cmocka_unit_test(what_a_network_cannot_do_is_said),
        cmocka_unit_test(previews_are_drawn_in_their_shape),
        cmocka_unit_test(images_are_drawn_in_their_shape),
        cmocka_unit_test(models_are_listed),
    };
    return cmocka_run_group_tests(tests, make_all, remove_folder);
}
