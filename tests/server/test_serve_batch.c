/* Many requests in one, as a client sees them. */
#include "tests/server/slow_endpoints.h"

static void ask(int port, const char *path, const char *body, struct response *r) {
    assert_true(ask_once(port, "POST", path, "", body, r));
    if (r->status != 200)
        fail_msg("%s %s: %d %s", path, body, r->status, r->body);
}

static const char *status_of(const struct response *r, char value[96]) {
    return response_header(r, "Cache-Status", value, 96) ? value : "";
}

#define SPIN(ms, tag) "{\"path\":\"/test/spin\",\"body\":{\"ms\":" #ms ",\"tag\":" #tag "}}"

static void items_share_the_cache_with_requests_alone(void **state) {
    (void)state;
    struct test_server server;
    struct response alone, batch, again;
    char value[96];
    START(&server, "--workers", "2");
    ask(server.port, "/test/spin", "{\"ms\":5,\"tag\":1}", &alone); /* run 1 */
    ask(server.port, "/v1/batch", "{\"requests\":[" SPIN(5, 2) "," SPIN(5, 1) "]}", &batch);
    assert_non_null(strstr(batch.body, "\"tag\":2"));
    assert_non_null(strstr(batch.body, alone.body)); /* "runs" is in it: it was not run again */
    response_free(&alone);
    ask(server.port, "/test/spin", "{\"tag\":2,\"ms\":5}", &alone); /* and the other way round */
    assert_string_equal(status_of(&alone, value), "solvent; hit");
    assert_non_null(strstr(batch.body, alone.body));
    ask(server.port, "/v1/batch", "{\"requests\":[" SPIN(5, 2) ", " SPIN(5, 1) " ]}", &again);
    assert_string_equal(status_of(&again, value), "solvent; hit"); /* the whole, written differently */
    assert_string_equal(again.body, batch.body);
    response_free(&alone), response_free(&batch), response_free(&again);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void drawn_seeds_are_drawn_again(void **state) {
    (void)state;
    static const char body[] =
        "{\"requests\":[{\"path\":\"/test/draw\",\"body\":{}},{\"path\":\"/test/draw\",\"body\":{}}]}";
    struct test_server server;
    struct response a, b;
    char value[96];
    START(&server, "--workers", "2");
    ask(server.port, "/v1/batch", body, &a);
    ask(server.port, "/v1/batch", body, &b);
    assert_string_not_equal(a.body, b.body);
    assert_false(response_header(&a, "ETag", value, sizeof value));
    response_free(&a), response_free(&b);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void items_run_side_by_side_until_the_deadline(void **state) {
    (void)state;
    struct test_server server;
    struct response r;
    START(&server, "--workers", "4");
    ask(server.port, "/v1/batch",
        "{\"requests\":[" SPIN(60000, 1) "," SPIN(60001, 2) "," SPIN(0, 3) "],\"time_limit_ms\":300}", &r);
    assert_non_null(strstr(r.body, "\"tag\":1,\"done\":false")); /* the best found so far */
    assert_non_null(strstr(r.body, "\"tag\":2,\"done\":false"));
    assert_null(strstr(r.body, "problem"));
    response_free(&r);
    assert_true(await_metric(server.port, "solvent_memory_reserved_bytes", 0, 5000));
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

static void a_client_that_leaves_cancels_all_items(void **state) {
    (void)state;
    static const char body[] = "{\"requests\":[" SPIN(60000, 1) "," SPIN(60000, 2) "," SPIN(60000, 3) "]}";
    struct test_server server;
    struct client client;
    char head[128];
    START(&server, "--workers", "2");
    snprintf(head, sizeof head, "POST /v1/batch HTTP/1.1\r\nHost: t\r\nContent-Length: %zu\r\n\r\n", strlen(body));
    assert_true(client_open(&client, server.port) && client_send(&client, head) && client_send(&client, body));
    assert_true(await_metric(server.port, "solvent_workers_busy", 1, 5000));
    client_close(&client);
    assert_true(await_metric(server.port, "solvent_cancelled_total", 1, 5000));
    long end = now_ms() + 10000;
    while (metric(server.port, "solvent_workers_busy") > 0 && now_ms() < end)
        wait_ms(5);
    assert_true(metric(server.port, "solvent_workers_busy") == 0);
    assert_int_equal(server_end(&server, SIGTERM), 0);
}

int main(int argc, char **argv) {
    int code;
    if (serve_if_asked(argc, argv, &code))
        return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_share_the_cache_with_requests_alone),
        cmocka_unit_test(drawn_seeds_are_drawn_again),
        cmocka_unit_test(items_run_side_by_side_until_the_deadline),
        cmocka_unit_test(a_client_that_leaves_cancels_all_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
