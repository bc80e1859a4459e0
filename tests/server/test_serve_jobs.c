/* Jobs through the socket: from 202 to the result. */
#include "tests/server/job_client.h"

static void a_request_becomes_a_job_and_has_its_answer(void **state) {
    (void)state;
    struct test_server server;
    struct response r, same;
    char path[128];
    START(&server, "--workers", "2");
    assert_true(
        ask_once(server.port, "POST", "/test/spin", ASYNC "X-Request-Id: mine\r\n", "{\"ms\":3,\"tag\":7}", &r));
    assert_int_equal(r.status, 202);
    assert_true(header_is(&r, "Preference-Applied", "respond-async"));
    assert_true(header_is(&r, "Cache-Control", "no-store"));
    json_t *tree = json_loads(r.body, 0, NULL);
    job_id id;
    snprintf(id, sizeof id, "%s", text_of(tree, "id"));
    path_of(path, id, "");
    assert_true(header_is(&r, "Location", path));
    assert_string_equal(text_of(tree, "url"), path);
    assert_string_equal(text_of(tree, "request_id"), "mine");
    json_decref(tree);
    response_free(&r);
    tree = await_state(server.port, id, "done");
    json_t *result = json_object_get(tree, "result");
    assert_int_equal(json_integer_value(json_object_get(result, "tag")), 7);
    assert_int_equal(json_integer_value(json_object_get(tree, "status")), 200);
    assert_true(ask_once(server.port, "GET", text_of(tree, "result_url"), "", NULL, &r));
    assert_int_equal(r.status, 200);
    assert_true(header_is(&r, "Content-Type", "application/json"));
    assert_true(ask_once(server.port, "POST", "/test/spin", "", "{\"ms\":3,\"tag\":7}", &same));
    assert_string_equal(r.body, same.body); /* what a job has computed is remembered */
    assert_true(header_is(&same, "Cache-Status", "solvent; hit"));
    response_free(&r), response_free(&same);
    json_decref(tree);
    submit(server.port, "/test/spin", ASYNC, "{\"tag\": 7, \"ms\": 3}", id); /* and for other jobs, too */
    tree = await_state(server.port, id, "done");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(tree, "result"), "runs")), 1);
    json_decref(tree);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void the_preference_is_for_what_may_take_long(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    START(&server, "--workers", "2");
    assert_true(ask_once(server.port, "POST", "/test/size", ASYNC, "{\"values\":[1,2]}", &r));
    assert_int_equal(r.status, 200);
    assert_true(header_is(&r, "Preference-Applied", NULL));
    response_free(&r);
    assert_true(
        ask_once(server.port, "POST", "/test/count", ASYNC "Accept: text/event-stream\r\n", "{\"lines\":1}", &r));
    assert_int_equal(r.status, 200); /* who listens is told all the while */
    assert_non_null(strstr(r.body, "event: done"));
    response_free(&r);
    assert_true(ask_once(server.port, "POST", "/test/train", "", "{\"steps\":1}", &r));
    assert_int_equal(r.status, 202); /* always */
    assert_true(header_is(&r, "Preference-Applied", NULL));
    response_free(&r);
    assert_true(ask_once(server.port, "POST", "/test/spin", "Prefer: wait=5\r\nPrefer: respond-async\r\n", "{}", &r));
    assert_int_equal(r.status, 202); /* in one of several lines */
    response_free(&r);
    assert_int_equal(server_end(&server, SIGTERM), 0);
    START(&server, "--job-workers", "0");
    assert_true(ask_once(server.port, "POST", "/test/spin", ASYNC, "{}", &r));
    assert_int_equal(r.status, 200);
    response_free(&r);
    json_decref(get(server.port, "/v1/jobs", 503));
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void wrong_requests_are_refused_at_once(void **state) {
    (void)state;
    struct test_server server;
    START(&server, "--workers", "2");
    refuse(server.port, "/test/spin", ASYNC, "{\"ms\":\"x\"}", 422, "\"pointer\":\"/ms\"");
    refuse(server.port, "/test/spin", ASYNC, "{", 400, "not_json");
    refuse(server.port, "/test/spin", ASYNC "Accept: image/png\r\n", "{}", 406, "not_acceptable");
    refuse(server.port, "/test/spin", ASYNC "Idempotency-Key: a b\r\n", "{}", 422, "want 1 to 255 visible");
    json_t *tree = get(server.port, "/v1/jobs", 200);
    assert_int_equal(json_array_size(json_object_get(tree, "jobs")), 0);
    json_decref(tree);
    json_decref(get(server.port, "/v1/jobs/0123456789abcdef", 404));
    json_decref(get(server.port, "/v1/jobs/0123456789abcdef/result", 404));
    json_decref(get(server.port, "/v1/jobs/0123456789abcdef/events", 404));
    json_decref(get(server.port, "/v1/jobs?limit=0", 422));
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void a_failed_job_has_the_problem(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    job_id id;
    START(&server, "--workers", "2");
    submit(server.port, "/test/count", ASYNC, "{\"lines\":2,\"fail\":true}", id);
    json_t *tree = await_state(server.port, id, "failed");
    assert_int_equal(json_integer_value(json_object_get(tree, "status")), 422);
    assert_string_equal(text_of(json_object_get(tree, "problem"), "code"), "invalid");
    assert_true(ask_once(server.port, "GET", text_of(tree, "result_url"), "Accept: image/png\r\n", NULL, &r));
    assert_int_equal(r.status, 422); /* as it was kept, whatever Accept says now */
    assert_true(header_is(&r, "Content-Type", "application/problem+json"));
    response_free(&r);
    json_decref(tree);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void results_have_the_type_that_was_asked_for(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    job_id id;
    START(&server, "--workers", "2");
    submit(server.port, "/test/count", ASYNC "Accept: application/x-ndjson\r\n", "{\"lines\":3}", id);
    json_t *tree = await_state(server.port, id, "done");
    assert_null(json_object_get(tree, "result"));
    assert_string_equal(text_of(tree, "media"), "application/x-ndjson");
    assert_true(ask_once(server.port, "GET", text_of(tree, "result_url"), "", NULL, &r));
    assert_true(header_is(&r, "Content-Type", "application/x-ndjson"));
    assert_string_equal(r.body, "0\n1\n2\n{\"done\":true,\"runs\":1,\"n\":3,\"complete\":true}\n");
    response_free(&r);
    json_decref(tree);
    submit(server.port, "/test/spin", ASYNC, "{\"pad\":40000}", id); /* 80 kB are too much for a report */
    tree = await_state(server.port, id, "done");
    assert_null(json_object_get(tree, "result"));
    assert_true(ask_once(server.port, "GET", text_of(tree, "result_url"), "", NULL, &r));
    assert_in_range(r.n, 80000, 81000);
    response_free(&r);
    json_decref(tree);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void jobs_wait_are_cancelled_and_forgotten(void **state) {
    (void)state;
    struct test_server server;
    job_id running, first, second;
    char path[128];
    START(&server, "--workers", "2");
    submit(server.port, "/test/spin", ASYNC, FOREVER, running);
    expect_state(server.port, running, "running");
    submit(server.port, "/test/spin", ASYNC, "{\"ms\":1,\"tag\":1}", first);
    submit(server.port, "/test/spin", ASYNC, "{\"ms\":1,\"tag\":2}", second);
    json_t *tree = report(server.port, second);
    assert_int_equal(json_integer_value(json_object_get(tree, "position")), 1);
    assert_in_range(json_number_value(json_object_get(tree, "eta_s")), 500, 600); /* by the cost of the first */
    json_decref(tree);
    path_of(path, second, "/result");
    tree = get(server.port, path, 404);
    assert_non_null(strstr(text_of(tree, "detail"), "is queued and has no result yet"));
    json_decref(tree);
    tree = get(server.port, "/v1/runtime/threads", 200);
    char *threads = json_dumps(tree, JSON_COMPACT | JSON_SORT_KEYS);
    assert_non_null(strstr(threads, "\"name\":\"job-0\",\"request_id\":"));
    free(threads);
    json_decref(tree);
    assert_true(metric(server.port, "solvent_jobs{state=\"queued\"}") == 2);
    cancel_job(server.port, first, "cancelled");
    cancel_job(server.port, running, "cancelled"); /* which makes room for the second */
    expect_state(server.port, second, "done");
    path_of(path, running, "/result");
    json_decref(get(server.port, path, 404));
    cancel_job(server.port, first, "cancelled"); /* forgotten now */
    path_of(path, first, "");
    json_decref(get(server.port, path, 404));
    assert_true(metric(server.port, "solvent_jobs{state=\"cancelled\"}") == 1);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

/* Those who wait for their answers do not wait for jobs. */
static void jobs_leave_the_workers_alone(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    job_id jobs[3];
    START(&server, "--workers", "1", "--job-workers", "2");
    for (int i = 0; i < 3; i++) {
        char body[64];
        snprintf(body, sizeof body, "{\"ms\":600000,\"tag\":%d}", i);
        submit(server.port, "/test/spin", ASYNC, body, jobs[i]);
    }
    expect_state(server.port, jobs[1], "running");
    for (int i = 0; i < 20; i++) {
        char body[64];
        snprintf(body, sizeof body, "{\"ms\":1,\"tag\":%d}", i);
        assert_true(ask_once(server.port, "POST", "/test/spin", "", body, &r));
        assert_int_equal(r.status, 200);
        response_free(&r);
    }
    expect_state(server.port, jobs[2], "queued");
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void the_same_key_is_the_same_job(void **state) {
    (void)state;
    struct test_server server;
    job_id a, b, c;
    START(&server, "--workers", "2");
    submit(server.port, "/test/spin", ASYNC "Idempotency-Key: k1\r\n", "{\"ms\":1}", a);
    submit(server.port, "/test/spin", ASYNC "Idempotency-Key: k1\r\n", "{\"ms\":1}", b);
    submit(server.port, "/test/spin", ASYNC "Idempotency-Key: k2\r\n", "{\"ms\":1}", c);
    assert_string_equal(a, b);
    assert_string_not_equal(a, c);
    refuse(server.port, "/test/spin", ASYNC "Idempotency-Key: k1\r\n", "{\"ms\":2}", 422, "stands for another request");
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void past_the_limits_it_says_so(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    job_id id;
    START(&server, "--workers", "2", "--jobs-max", "2", "--jobs-bytes", "3000");
    submit(server.port, "/test/spin", ASYNC, "{\"ms\":1}", id);
    expect_state(server.port, id, "done");
    submit(server.port, "/test/spin", ASYNC, "{\"pad\":2000}", id);
    json_t *tree = await_state(server.port, id, "failed"); /* 4 kB do not fit */
    assert_int_equal(json_integer_value(json_object_get(tree, "status")), 413);
    assert_non_null(strstr(text_of(json_object_get(tree, "problem"), "detail"), "larger than 3000 bytes"));
    json_decref(tree);
    assert_true(ask_once(server.port, "POST", "/test/spin", ASYNC, "{\"ms\":1}", &r));
    assert_int_equal(r.status, 503);
    assert_non_null(strstr(r.body, "\"code\":\"full\""));
    assert_non_null(strstr(r.body, "There are 2 jobs"));
    assert_true(header_is(&r, "Retry-After", "1"));
    response_free(&r);
    cancel_job(server.port, id, "failed");
    submit(server.port, "/test/spin", ASYNC, "{\"ms\":1}", id);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void lists_have_pages(void **state) {
    (void)state;
    struct test_server server;
    job_id ids[3];
    char path[128];
    START(&server, "--workers", "2");
    for (int i = 0; i < 3; i++) {
        submit(server.port, "/test/spin", ASYNC, "{\"ms\":1}", ids[i]);
        expect_state(server.port, ids[i], "done");
    }
    json_t *tree = get(server.port, "/v1/jobs?limit=2", 200), *list = json_object_get(tree, "jobs");
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(text_of(json_array_get(list, 0), "id"), ids[2]);
    snprintf(path, sizeof path, "/v1/jobs?limit=2&state=done&before=%lld",
             (long long)json_integer_value(json_object_get(tree, "next")));
    json_decref(tree);
    tree = get(server.port, path, 200), list = json_object_get(tree, "jobs");
    assert_int_equal(json_array_size(list), 1);
    assert_string_equal(text_of(json_array_get(list, 0), "id"), ids[0]);
    assert_null(json_object_get(tree, "next"));
    json_decref(tree);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void results_expire(void **state) {
    (void)state;
    struct test_server server;
    job_id id;
    char path[128];
    START(&server, "--job-ttl", "1ms");
    submit(server.port, "/test/spin", ASYNC, "{}", id);
    path_of(path, id, "");
    struct response r = {.status = 200};
    for (long end = now_ms() + CLIENT_WAIT_MS; r.status == 200 && now_ms() < end;) {
        assert_true(ask_once(server.port, "GET", path, "", NULL, &r));
        response_free(&r);
    }
    assert_int_equal(r.status, 404);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

/* Who cancels does not wait for what does not listen. */
static void a_deaf_job_is_cancelled_all_the_same(void **state) {
    (void)state;
    struct test_server server;
    job_id deaf, next;
    START(&server, "--workers", "2");
    submit(server.port, "/test/deaf", ASYNC, "{\"ms\":60000}", deaf);
    submit(server.port, "/test/spin", ASYNC, "{\"ms\":1}", next);
    expect_state(server.port, deaf, "running");
    cancel_job(server.port, deaf, "cancelled");
    expect_state(server.port, next, "queued");  /* its thread is still busy */
    cancel_job(server.port, deaf, "cancelled"); /* forgotten, while it is computed */
    assert_int_equal(server_end(&server, SIGKILL), 128 + SIGKILL);
}

int main(int argc, char **argv) {
    int code;
    if (serve_if_asked(argc, argv, &code))
        return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_becomes_a_job_and_has_its_answer),
        cmocka_unit_test(the_preference_is_for_what_may_take_long),
        cmocka_unit_test(wrong_requests_are_refused_at_once),
        cmocka_unit_test(a_failed_job_has_the_problem),
        cmocka_unit_test(results_have_the_type_that_was_asked_for),
        cmocka_unit_test(jobs_wait_are_cancelled_and_forgotten),
        cmocka_unit_test(jobs_leave_the_workers_alone),
        cmocka_unit_test(the_same_key_is_the_same_job),
        cmocka_unit_test(past_the_limits_it_says_so),
        cmocka_unit_test(lists_have_pages),
        cmocka_unit_test(results_expire),
        cmocka_unit_test(a_deaf_job_is_cancelled_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
