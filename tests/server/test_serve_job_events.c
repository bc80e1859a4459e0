/* The events of jobs through the socket. */
#include "tests/server/job_client.h"

static void send_get(struct client *client, int port, const char *path, const char *headers, struct response *r) {
    char text[512];
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: t\r\n%s\r\n", path, headers);
    assert_true(client_open(client, port));
    assert_true(client_send(client, text));
    assert_true(client_head(client, r));
    assert_int_equal(r->status, 200);
}

/* read_until reads chunks until the text is among them; false: the stream ended before. */
static bool read_until(struct client *client, struct response *r, const char *text) {
    while (!r->body || !strstr(r->body, text))
        if (!client_chunk(client, r))
            return r->body && strstr(r->body, text);
    return true;
}

static void events_come_as_they_happen_and_again(void **state) {
    (void)state;
    struct test_server server;
    struct client client;
    struct response r, over;
    job_id first, id;
    char path[128];
    START(&server, "--workers", "2");
    submit(server.port, "/test/spin", ASYNC, FOREVER, first);
    submit(server.port, "/test/count", ASYNC, "{\"lines\":3,\"every\":1}", id);
    path_of(path, id, "/events");
    send_get(&client, server.port, path, "", &r);
    assert_true(read_until(&client, &r, "\"position\":0"));
    expect_start(r.body, "event: state\ndata: {\"id\":\""); /* without a number */
    cancel_job(server.port, first, "cancelled");
    assert_true(read_until(&client, &r, "event: done"));
    assert_non_null(strstr(r.body, "id: 1\nevent: line\ndata: {\"line\":0}\n\nid: 2\nevent: line\n"));
    assert_non_null(strstr(r.body, "\n\nid: end\nevent: done\ndata: {\"id\":\""));
    assert_non_null(strstr(r.body, "\"result\":{\"runs\":1,\"n\":3,"));
    while (client_chunk(&client, &r))
        ;
    assert_true(r.whole);
    response_free(&r);
    client_close(&client);
    char *all = events_after(server.port, id, ""), *some = events_after(server.port, id, "2");
    expect_start(all, "id: 1\nevent: line\n");
    expect_start(some, "id: 3\nevent: line\ndata: {\"line\":2}\n\nid: end\nevent: done\n");
    free(all), free(some);
    assert_true(ask_once(server.port, "GET", path, "Last-Event-ID: end\r\n", NULL, &over));
    assert_int_equal(over.status, 204); /* an EventSource then comes no more */
    response_free(&over);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void listeners_are_told_of_the_end(void **state) {
    (void)state;
    struct test_server server;
    struct client listener, gone, last;
    struct response r, s, t;
    job_id id, other;
    char path[128], other_path[128];
    START(&server, "--heartbeat", "20ms", "--threads", "2");
    submit(server.port, "/test/spin", ASYNC, FOREVER, id);
    submit(server.port, "/test/spin", ASYNC, "{\"ms\":600000,\"tag\":2}", other);
    path_of(path, id, "/events");
    path_of(other_path, other, "/events");
    send_get(&listener, server.port, path, "", &r);
    send_get(&gone, server.port, path, "", &s);
    send_get(&last, server.port, other_path, "", &t);
    assert_true(read_until(&listener, &r, ":\n\n:\n\n")); /* silence is filled */
    client_close(&gone);
    response_free(&s);
    cancel_job(server.port, id, "cancelled");
    assert_true(read_until(&listener, &r, "id: end\nevent: cancelled\n"));
    while (client_chunk(&listener, &r))
        ;
    assert_true(r.whole);
    assert_true(read_until(&last, &t, "\"state\":\"running\""));
    kill(server.pid, SIGTERM); /* the stream ends, and goes on with the next process */
    while (client_chunk(&last, &t))
        ;
    assert_true(t.whole);
    assert_null(strstr(t.body, "id: end"));
    assert_int_equal(server_end(&server, 0), 0);
    response_free(&r), response_free(&t);
    client_close(&listener), client_close(&last);
}

/* Of endpoints without events of their own there is one for each hundredth. */
static void a_batch_tells_how_far_it_is(void **state) {
    (void)state;
    struct test_server server;
    job_id id;
    START(&server, "--workers", "3");
    submit(
        server.port, "/v1/batch", ASYNC,
        "{\"requests\":[{\"path\":\"/test/spin\",\"body\":{\"tag\":1}},{\"path\":\"/test/spin\",\"body\":{\"ms\":5}},"
        "{\"path\":\"/test/spin\",\"body\":{\"tag\":2}},{\"path\":\"/test/nothing\",\"body\":{}},"
        "{\"path\":\"/test/spin\",\"body\":{\"tag\":3}}]}",
        id);
    expect_state(server.port, id, "done");
    char *events = events_after(server.port, id, "");
    for (int i = 1; i <= 80; i++) { /* one of the five is refused before anything runs */
        char event[64];
        snprintf(event, sizeof event, "id: %d\nevent: share\ndata: {\"share\":0.%02d}\n\n", i, i);
        if (!strstr(events, event))
            fail_msg("there is no %s", event);
    }
    free(events);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

/* A preview is for those who follow the events; a request for the answer alone is refused as ever, though a job had
 * the same one. */
static void a_preview_is_no_part_of_the_answer(void **state) {
    (void)state;
    static const char BODY[] = "{\"model\":{\"type\":\"points\",\"points\":[[-1,0],[1,0]]},\"count\":40000,\"seed\":1,"
                               "\"sampler\":{\"solver\":\"euler\",\"steps\":3},\"preview\":2}";
    struct test_server server;
    job_id id;
    START(&server, "--workers", "2");
    submit(server.port, "/v1/sample", ASYNC, BODY, id);
    expect_state(server.port, id, "done");
    char *events = events_after(server.port, id, "2");
    expect_start(events, "id: 3\nevent: step\ndata: {\"i\":3,\"steps\":3,");
    assert_non_null(strstr(events, "\"preview\":[["));
    free(events);
    refuse(server.port, "/v1/sample", "", BODY, 422, "\"pointer\":\"/preview\"");
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void head_of_events_is_a_head(void **state) {
    (void)state;
    struct test_server server;
    struct client client;
    struct response r;
    job_id id;
    char text[256];
    START(&server, "--workers", "2");
    submit(server.port, "/test/spin", ASYNC, FOREVER, id);
    snprintf(text, sizeof text, "HEAD /v1/jobs/%s/events HTTP/1.1\r\nHost: t\r\n\r\n", id);
    assert_true(client_open(&client, server.port));
    for (int i = 0; i < 2; i++) {
        assert_true(client_send(&client, text));
        assert_true(client_read(&client, &r, true));
        assert_int_equal(r.status, 200);
        assert_true(header_is(&r, "Content-Type", "text/event-stream"));
        response_free(&r);
    }
    client_close(&client);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

/* Many listeners come and go while their jobs are made, run, cancelled and forgotten. */
static void many_jobs_with_many_listeners(void **state) {
    (void)state;
    enum { MANY = 12 };
    struct test_server server;
    struct client clients[MANY];
    job_id ids[MANY];
    char path[128];
    START(&server, "--threads", "2", "--workers", "2", "--job-workers", "2", "--heartbeat", "10ms");
    for (int i = 0; i < MANY; i++) {
        char body[64];
        snprintf(body, sizeof body, "{\"lines\":%d,\"every\":%d}", 20 + i, i % 2);
        submit(server.port, "/test/count", ASYNC, body, ids[i]);
        struct response r;
        path_of(path, ids[i], "/events");
        send_get(&clients[i], server.port, path, "", &r);
        response_free(&r);
    }
    for (int i = 0; i < MANY; i += 3)
        client_close(&clients[i]);
    for (int i = 1; i < MANY; i += 3) {
        struct response r;
        path_of(path, ids[i], "");
        assert_true(ask_once(server.port, "DELETE", path, "", NULL, &r));
        response_free(&r);
    }
    for (int i = 0; i < MANY; i++) {
        struct response r = {0};
        if (i % 3 == 0)
            continue;
        assert_true(read_until(&clients[i], &r, "id: end\n"));
        response_free(&r);
        client_close(&clients[i]);
    }
    for (int i = 2; i < MANY; i += 3)
        expect_state(server.port, ids[i], "done");
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

int main(int argc, char **argv) {
    int code;
    if (serve_if_asked(argc, argv, &code))
        return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_as_they_happen_and_again),
        cmocka_unit_test(listeners_are_told_of_the_end),
        cmocka_unit_test(a_batch_tells_how_far_it_is),
        cmocka_unit_test(a_preview_is_no_part_of_the_answer),
        cmocka_unit_test(head_of_events_is_a_head),
        cmocka_unit_test(many_jobs_with_many_listeners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
