/* Jobs over the end of the process, orderly or not. */
#include "tests/server/job_client.h"

static void jobs_survive_a_kill(void **state) {
    (void)state;
    struct test_server server;
    struct folder folder;
    job_id done, running, queued;
    folder_make(&folder);
    START(&server, "--db", folder.db);
    submit(server.port, "/test/spin", ASYNC, "{\"ms\":1,\"tag\":5}", done);
    expect_state(server.port, done, "done");
    submit(server.port, "/test/spin", ASYNC, FOREVER, running);
    submit(server.port, "/test/spin", ASYNC, "{\"ms\":1,\"tag\":6}", queued);
    expect_state(server.port, running, "running");
    assert_int_equal(server_end(&server, SIGKILL), 128 + SIGKILL);
    START(&server, "--db", folder.db);
    json_t *tree = await_state(server.port, running, "running"); /* again, and first */
    assert_int_equal(json_integer_value(json_object_get(tree, "attempts")), 2);
    json_decref(tree);
    tree = await_state(server.port, done, "done");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(tree, "result"), "tag")), 5);
    json_decref(tree);
    expect_state(server.port, queued, "queued");
    cancel_job(server.port, running, "cancelled");
    tree = await_state(server.port, queued, "done");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(tree, "result"), "tag")), 6);
    json_decref(tree);
    assert_int_equal(server_end(&server, SIGTERM), 0);
    folder_remove(&folder);
}

static void a_service_that_ends_leaves_its_jobs_to_the_next(void **state) {
    (void)state;
    struct test_server server;
    struct folder folder;
    job_id id;
    folder_make(&folder);
    for (int round = 1; round <= 2; round++) {
        START(&server, "--jobs-db", folder.db);
        if (round == 1)
            submit(server.port, "/test/spin", ASYNC, FOREVER, id);
        json_t *tree = await_state(server.port, id, "running");
        assert_int_equal(json_integer_value(json_object_get(tree, "attempts")), 1); /* an orderly end is none */
        json_decref(tree);
        assert_int_equal(server_end(&server, SIGTERM), 0);
    }
    folder_remove(&folder);
}

/* The checkpoint, the seed that was drawn and the numbers of events outlive the process. */
static void a_killed_job_goes_on_from_its_checkpoint(void **state) {
    (void)state;
    struct test_server server;
    struct folder folder;
    struct response r;
    job_id before, id;
    char path[128];
    folder_make(&folder);
    START(&server, "--db", folder.db, "--job-workers", "1");
    submit(server.port, "/test/spin", ASYNC, FOREVER, before);
    submit(server.port, "/test/train", "", "{\"steps\":10,\"die\":7}", id);
    path_of(path, before, "");
    if (ask_once(server.port, "DELETE", path, "", NULL, &r)) /* it may die before it answers */
        response_free(&r);
    assert_int_equal(server_end(&server, 0), 128 + SIGKILL);
    START(&server, "--db", folder.db);
    json_t *tree = await_state(server.port, id, "done"), *result = json_object_get(tree, "result");
    assert_int_equal(json_integer_value(json_object_get(result, "began")), 6);
    assert_int_equal(json_integer_value(json_object_get(result, "seed")),
                     json_integer_value(json_object_get(result, "seed_before")));
    assert_int_equal(json_integer_value(json_object_get(tree, "attempts")), 1); /* since its last checkpoint */
    json_decref(tree);
    char *events = events_after(server.port, id, "65");
    expect_start(events, "id: 66\nevent: share\ndata: {\"share\":0.66}\n\nid: 67\n");
    assert_non_null(
        strstr(events, "id: 100\nevent: share\ndata: {\"share\":1.00}\n\nid: end\nevent: done\ndata: {\"id\":"));
    free(events);
    assert_int_equal(server_end(&server, SIGTERM), 0);
    folder_remove(&folder);
}

/* Who has the file has the jobs; the other one serves without them until it is let in. */
static void two_services_do_not_share_jobs(void **state) {
    (void)state;
    struct test_server first, second;
    struct folder folder;
    struct response r;
    job_id id;
    folder_make(&folder);
    START(&first, "--jobs-db", folder.db);
    START(&second, "--jobs-db", folder.db);
    refuse(second.port, "/test/spin", ASYNC, "{\"ms\":1}", 503, "database is locked");
    assert_true(ask_once(second.port, "POST", "/test/spin", "", "{\"ms\":1}", &r));
    assert_int_equal(r.status, 200);
    response_free(&r);
    submit(first.port, "/test/spin", ASYNC, FOREVER, id);
    assert_int_equal(server_end(&first, SIGTERM), 0);
    struct response ready = {0};
    for (long end = now_ms() + CLIENT_WAIT_MS; ready.status != 202 && now_ms() < end; wait_ms(5)) {
        assert_true(ask_once(second.port, "POST", "/test/spin", ASYNC, "{\"ms\":1}", &ready));
        response_free(&ready);
    }
    assert_int_equal(ready.status, 202);
    expect_state(second.port, id, "running");
    assert_int_equal(server_end(&second, SIGTERM), 0);
    folder_remove(&folder);
}

int main(int argc, char **argv) {
    int code;
    if (serve_if_asked(argc, argv, &code))
        return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_survive_a_kill),
        cmocka_unit_test(a_service_that_ends_leaves_its_jobs_to_the_next),
        cmocka_unit_test(a_killed_job_goes_on_from_its_checkpoint),
        cmocka_unit_test(two_services_do_not_share_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
